package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
)

type maintenanceCmd struct {
	Plan   planCmd  `cmd:"" help:"Announce a time: by banner, API header, and mail to companies and operators."`
	On     onCmd    `cmd:"" help:"Let people read alone, or with --stop nothing at all."`
	Off    offCmd   `cmd:"" help:"Extend every deadline by as long as it took, open the service again, and withdraw the plan."`
	Status standCmd `cmd:"" help:"Show whether there is maintenance, or one is planned."`
}

// upkeep does something about maintenance, also beside running servers.
func (c *change) upkeep(ctx context.Context, w World, about intent, do func(*market.Upkeep) error) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	order, err := c.agreedOn(ctx, w, resolved, about)
	if err != nil {
		return err
	}
	in, err := openExisting(ctx, resolved, beside)
	if err != nil {
		return err
	}
	return in.close(flagged(do(market.NewUpkeep(in.store, w.Now, order))))
}

// standing is maintenance as it is printed.
type standing struct {
	Mode  string     `json:"mode"` // none, planned, read-only, stop
	From  *time.Time `json:"from,omitempty"`
	Until *time.Time `json:"until,omitempty"`
	JA    string     `json:"message_ja,omitempty"`
	EN    string     `json:"message_en,omitempty"`
}

func standingOf(m market.Maintenance) standing {
	out := standing{Mode: string(m.Standing), JA: m.JA, EN: m.EN}
	if m.Standing == "" {
		return standing{Mode: "none"}
	}
	from, until := m.From.In(day.Tokyo), m.Until.In(day.Tokyo)
	out.From = &from
	if !m.Until.IsZero() {
		out.Until = &until
	}
	return out
}

func (s standing) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, s)
	}
	text := "Maintenance: " + s.Mode
	if s.From != nil {
		text += ", from " + s.From.Format(shownTime)
	}
	switch {
	case s.Until != nil:
		text += " until " + s.Until.Format(shownTime)
	case s.From != nil:
		text += ", until an operator ends it"
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// shownTime is a time as it is printed; timeForms are those that are read.
const shownTime = "2006-01-02 15:04:05 -07:00"

func timeForms() []string { return []string{"2006-01-02 15:04", "2006-01-02T15:04", time.DateTime} }

// parseTime reads a time, of Tokyo unless it says otherwise.
func parseTime(flag, text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, form := range timeForms() {
		if t, err := time.ParseInLocation(form, text, day.Tokyo); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errs.AtPointer("/"+flag, strconv.Quote(text), `a time such as "2026-12-01 02:00", in Tokyo, or 2026-12-01T02:00:00+09:00`)
}

type planCmd struct {
	change
	From      string `required:"" placeholder:"TIME" help:"When it begins, such as \"2026-12-01 02:00\" (Tokyo)."`
	Until     string `required:"" placeholder:"TIME" help:"When it ends."`
	MessageJA string `name:"message-ja" placeholder:"TEXT" help:"What to tell people, in Japanese."`
	MessageEN string `name:"message-en" placeholder:"TEXT" help:"What to tell people, in English."`
}

// Help shows how it is called.
func (c *planCmd) Help() string {
	return `It only announces: begin it by enishi maintenance on. A second plan takes the place of the first.

Example:
  enishi maintenance plan --from "2026-12-01 02:00" --until "2026-12-01 04:00" --message-ja "データベースを更新します。" --message-en "The database is being updated."`
}

// Run announces a time.
func (c *planCmd) Run(ctx context.Context, w World) error {
	from, err := parseTime("from", c.From)
	if err != nil {
		return flagged(err)
	}
	until, err := parseTime("until", c.Until)
	if err != nil {
		return flagged(err)
	}
	p := market.Maintenance{Standing: market.Planned, From: from, Until: until, JA: c.MessageJA, EN: c.MessageEN}
	about := intent{does: "maintenance from " + from.Format(shownTime) + " until " + until.Format(shownTime) + " is announced", undo: "enishi maintenance off"}
	err = c.upkeep(ctx, w, about, func(u *market.Upkeep) error { return u.Plan(ctx, p, c.DryRun) })
	if err != nil {
		return err
	}
	if c.DryRun && !c.JSON {
		fmt.Fprintln(w.Out, "Nothing was announced. It would be:")
	}
	return standingOf(p).print(w.Out, c.JSON)
}

type onCmd struct {
	change
	Until string `placeholder:"TIME" help:"When it is planned to end, which people are told (default: the end of the plan, if its time has come or will within an hour)."`
	Stop  bool   `help:"Stop reading too: a page says so, and only the probes and the status are answered."`
}

// Help shows how it is called.
func (c *onCmd) Help() string {
	return `It begins two seconds after the order: by then every process knows. It goes on until enishi maintenance off, whatever --until says.

Examples:
  enishi maintenance on --until "2026-12-01 04:00"
  enishi maintenance on --stop --yes --json`
}

// Run begins maintenance and returns when no write begins any more.
func (c *onCmd) Run(ctx context.Context, w World) error {
	var until time.Time
	if c.Until != "" {
		var err error
		if until, err = parseTime("until", c.Until); err != nil {
			return flagged(err)
		}
	}
	mode, effect := market.ReadOnly, "nobody can sign up, sign in, answer or change anything, no offers are made, and people can read"
	if c.Stop {
		mode, effect = market.Stopped, "everybody sees a page that says so, and no offers are made"
	}
	about := intent{does: "from now until `enishi maintenance off`, " + effect, undo: "enishi maintenance off", asks: "From now until `enishi maintenance off`, " + effect + "."}
	return c.upkeep(ctx, w, about, func(u *market.Upkeep) error {
		begun, err := u.Begin(ctx, mode, until, c.DryRun)
		if err != nil {
			return err
		}
		if c.DryRun {
			if !c.JSON {
				fmt.Fprintf(w.Out, "Nothing was changed. After it, %s.\n", effect)
			}
			return standingOf(begun).print(w.Out, c.JSON)
		}
		if err := known(ctx); err != nil {
			return err
		}
		switch now, err := u.Find(ctx); {
		case err != nil:
			return err
		case now.Standing != mode:
			return errs.New(errs.Conflict, "somebody has just ended or changed this maintenance: look at enishi maintenance status")
		}
		return standingOf(begun).print(w.Out, c.JSON)
	})
}

// known waits until every process knows what was ordered.
func known(ctx context.Context) error {
	timer := time.NewTimer(market.Lead)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait until every process knows: %w", ctx.Err())
	}
}

type offCmd struct{ change }

// Help shows how it is called.
func (c *offCmd) Help() string {
	return `Deadlines are extended first, while nobody writes yet. If it is interrupted, repeat it: it goes on where it stopped.
It returns when every process knows. A plan of another time stays; without maintenance, the plan is withdrawn.

Examples:
  enishi maintenance off
  enishi maintenance off --json`
}

// Run ends maintenance.
func (c *offCmd) Run(ctx context.Context, w World) error {
	about := intent{does: "the service is opened again, and deadlines are extended by as long as it was closed; without maintenance, its plan is withdrawn", undo: "enishi maintenance on, or plan: the deadlines stay extended"}
	return c.upkeep(ctx, w, about, func(u *market.Upkeep) error {
		if c.DryRun {
			found, err := u.Find(ctx)
			if err != nil {
				return err
			}
			if !c.JSON {
				fmt.Fprintln(w.Out, "Nothing was changed. There is now:")
			}
			return standingOf(found).print(w.Out, c.JSON)
		}
		shown := progress{world: w}
		ended, err := u.End(ctx, func(done int) { shown.step("extending deadlines", done, 0) })
		shown.end()
		if err == nil && ended.Was {
			err = known(ctx)
		}
		if err != nil {
			return err
		}
		switch {
		case c.JSON:
			return printJSON(w.Out, map[string]any{"was_on": ended.Was, "plan_withdrawn": ended.Planned, "offers_extended": ended.Extended})
		case ended.Was:
			fmt.Fprintf(w.Out, "The service is open again. %d offers have later deadlines.\n", ended.Extended)
		case ended.Planned:
			fmt.Fprintln(w.Out, "The plan is withdrawn.")
		default:
			fmt.Fprintln(w.Out, "There was no maintenance, and none was planned.")
		}
		return nil
	})
}

type standCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

// Help shows how it is called.
func (c *standCmd) Help() string {
	return "Examples:\n  enishi maintenance status\n  enishi maintenance status --json"
}

// Run shows whether there is maintenance.
func (c *standCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	in, err := openExisting(ctx, resolved, looking)
	if err != nil {
		return err
	}
	found, err := market.NewUpkeep(in.store, w.Now, market.Order{}).Find(ctx)
	if err := in.close(err); err != nil {
		return err
	}
	return standingOf(found).print(w.Out, c.JSON)
}
