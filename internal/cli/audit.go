package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/market"
)

type auditCmd struct {
	List auditListCmd `cmd:"" default:"withargs" help:"Show a page of it, the newest first."`
	Note auditNoteCmd `cmd:"" help:"Add what was done to the environment beside the program: deployments do so themselves."`
}

type auditNoteCmd struct {
	change
	What string `arg:"" enum:"deploy.back,environment.change" help:"Of which kind it is: deploy.back, environment.change."`
	Diff string `arg:"" help:"What was changed, from -> to."`
}

// Help shows how it is called.
func (c *auditNoteCmd) Help() string {
	return `Nothing that is in the audit log can be changed or taken out again.

Example:
  enishi audit note environment.change "two web tasks -> four, by hand"`
}

// Run adds it.
func (c *auditNoteCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	order, err := c.agreedOn(ctx, w, resolved, intent{does: "the audit log is told of " + c.What + ": " + c.Diff, undo: "there is no way: it is only added to"})
	if err != nil || c.DryRun {
		return err
	}
	in, err := openExisting(ctx, resolved, beside)
	if err != nil {
		return err
	}
	if err := in.close(market.Note(ctx, in.store, w.Now, market.Audited(c.What), order, c.Diff)); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, map[string]any{"noted": c.What})
	}
	_, err = fmt.Fprintln(w.Out, "It is noted.")
	return err
}

type auditListCmd struct {
	folder
	What    string `placeholder:"KIND" help:"Only entries of this kind, such as sign-in or company.verify."`
	Company string `placeholder:"ID" help:"Only the part of the company of this id."`
	Since   string `placeholder:"DAY" help:"Only from this day on (YYYY-MM-DD, in Tokyo)."`
	Until   string `placeholder:"DAY" help:"Only up to this day, inclusive."`
	Before  int64  `placeholder:"N" help:"Only entries before this number: the last one of the page before."`
	Limit   int    `default:"100" placeholder:"N" help:"The most entries to show."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Help shows how it is called.
func (c *auditListCmd) Help() string {
	return `The audit log says who did what to whom and when, the newest first: ids and kinds, never values, and of what was done by a command who gave it, why, and what it changed. It works beside running servers.

Examples:
  enishi audit
  enishi audit --what company.verify --since 2026-11-01 --json
  enishi audit --before 1200 --limit 500`
}

// Run shows a page of the audit log.
func (c *auditListCmd) Run(ctx context.Context, w World) error {
	filter, company, err := c.filter()
	if err != nil {
		return err
	}
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	in, err := openExisting(ctx, resolved, looking)
	if err != nil {
		return err
	}
	list, next, err := market.ReadAudit(ctx, in.store, in.vault, options(resolved, quietLog(), outbox{}, w), company, filter, c.Before, c.Limit)
	if err := in.close(err); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, auditPage{entriesOf(list), next})
	}
	table := tabwriter.NewWriter(w.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NUMBER\tAT\tWHAT\tWHO\tABOUT\tN\tCOMPANY\tWHY\tDIFF")
	for _, e := range entriesOf(list) {
		n := ""
		if e.N != 0 {
			n = strconv.FormatInt(e.N, 10)
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Number, e.At.Format(time.DateTime), e.What, e.by(), e.about(), n, e.Company, oneLine(e.Why), oneLine(e.Diff))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if next != 0 {
		fmt.Fprintf(w.Out, "More: --before %d\n", next)
	}
	return nil
}

// filter reads what narrows the list.
func (c *auditListCmd) filter() (f market.EntryFilter, company *uuid.UUID, err error) {
	f.What = market.Audited(c.What)
	var kinds []string
	for _, k := range market.AuditedKinds() {
		kinds = append(kinds, string(k))
	}
	if c.What != "" && !slices.Contains(kinds, c.What) {
		return f, nil, usageError{fmt.Sprintf("--what: found %q; accepted: %s", c.What, strings.Join(kinds, ", "))}
	}
	if c.Limit < 1 || c.Limit > mostEntries || c.Before < 0 {
		return f, nil, usageError{fmt.Sprintf("--limit: found %d; accepted: 1 to %d; --before: 0 or more", c.Limit, mostEntries)}
	}
	if c.Since != "" {
		d, err := day.Parse(c.Since)
		if err != nil {
			return f, nil, usageError{"--since: " + err.Error()}
		}
		f.Since = d.At(0)
	}
	if c.Until != "" {
		d, err := day.Parse(c.Until)
		if err != nil {
			return f, nil, usageError{"--until: " + err.Error()}
		}
		f.Until = (d + 1).At(0)
	}
	if c.Company == "" {
		return f, nil, nil
	}
	id, err := uuid.Parse(c.Company)
	if err != nil {
		return f, nil, usageError{fmt.Sprintf("--company: found %q; accepted: the id of a company", c.Company)}
	}
	return f, &id, nil
}

// mostEntries bounds a page.
const mostEntries = 10_000

// auditPage is a page as JSON has it.
type auditPage struct {
	Items []auditLine `json:"items"`
	Next  int64       `json:"next"` // for --before; 0: there is no more
}

type auditLine struct {
	Number  int64     `json:"number"`
	At      time.Time `json:"at"`
	What    string    `json:"what"`
	Who     string    `json:"who,omitempty"`
	WhoKind string    `json:"who_kind,omitempty"`
	Machine string    `json:"machine,omitempty"`
	Kind    string    `json:"kind,omitempty"`
	About   string    `json:"about,omitempty"`
	N       int64     `json:"n,omitempty"`
	Company string    `json:"company,omitempty"`
	Digest  string    `json:"digest,omitempty"`
	By      string    `json:"by,omitempty"` // who gave the command
	Why     string    `json:"why,omitempty"`
	Diff    string    `json:"diff,omitempty"`
}

func (l *auditLine) by() string {
	if l.Who == "" {
		return cmp.Or(oneLine(l.By), "-")
	}
	return l.WhoKind + " " + l.Who
}

// oneLine keeps a text in its cell of a table.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func (l *auditLine) about() string {
	if l.About == "" {
		return l.Kind
	}
	return l.Kind + " " + l.About
}

func entriesOf(list []market.Noted) []auditLine {
	out := []auditLine{}
	for i := range list {
		e := &list[i]
		line := auditLine{
			Number: e.Key, At: e.At.In(day.Tokyo), What: string(e.What), WhoKind: string(e.WhoKind), Machine: e.Machine, Kind: string(e.Kind),
			About: e.About, N: e.N, By: e.By, Why: e.Why, Diff: e.Diff,
		}
		if e.Who != uuid.Nil {
			line.Who = e.Who.String()
		}
		if e.Firm != uuid.Nil {
			line.Company = e.Firm.String()
		}
		if e.Digest != nil {
			line.Digest = fmt.Sprintf("%x", e.Digest)
		}
		out = append(out, line)
	}
	return out
}
