package market

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// Figures of a company and a day. Offers count under the day on which they
// were sent, once as sent and once under where they stand now, so that what
// stands adds up to what was sent. What stands is what the company may know.
const (
	FigureSent      = "sent"
	FigureUnseen    = "unseen"
	FigureSeen      = "seen"
	FigureAccepted  = "accepted" // whatever came of it
	FigureDeclined  = "declined"
	FigureExpired   = "expired"   // though it was opened
	FigureMissed    = "missed"    // expired unopened
	FigureWithdrawn = "withdrawn" // after it was accepted
	// FigureSignUps is of the installation alone, under the day of the
	// sign-up; who is erased stays counted.
	FigureSignUps = "sign_ups"
	// FigureRefused counts the sign-ins that were refused, of the installation.
	FigureRefused = "refused_sign_ins"
	// FigureRules counts the rules that are active now, under no day.
	FigureRules = "active_rules"
)

// Figures gives the figures of the actor's company, or of the installation to
// an operator, from one day to another, both inclusive, as of the last run of
// the job statistics. Those of no day are under day 0.
func (m *Market) Figures(ctx context.Context, actor Actor, from, until day.Day) (out []Figure, err error) {
	switch actor.Kind {
	case account.Candidate:
		return nil, errs.New(errs.Denied, "only companies and operators have figures")
	case account.Member:
		if err := actor.Role.May(account.ReadOffers); err != nil {
			return nil, err
		}
	case account.Operator:
	}
	err = m.readRecent(ctx, func(tx Tx) error {
		out, err = tx.Figures(actor.Company, from, until)
		return err
	})
	return out, err
}

// countMark is how far the job has come. At first it goes through the tables,
// since not all that is in them need be in the log; then it follows the log.
type countMark struct {
	Part    string `json:"part"`
	After   int64  `json:"after"` // key, or position of the log
	Version int    `json:"version"`
}

// countVersion is that of what rows count as. Where it is another, all of them are
// counted anew.
const countVersion = 2

// The parts, in their order.
const (
	countCandidates = "candidates"
	countRules      = "rules"
	countOffers     = "offers"
	countLog        = "log"
)

func countMarkOf(checkpoint string) (countMark, error) {
	first := countMark{Part: countCandidates, Version: countVersion}
	if checkpoint == "" {
		return first, nil
	}
	var at countMark
	if err := json.Unmarshal([]byte(checkpoint), &at); err != nil {
		return at, fmt.Errorf("checkpoint %q of %s: %w", checkpoint, jobStatistics, err)
	}
	if at.Version != countVersion {
		return first, nil
	}
	return at, nil
}

// countPage counts a page of rows. What a row of the market counts as follows
// from the row alone, and is noted: what it counted as before is taken back.
// So each is counted once, however often its change is read, and the figures
// are what counting everything would give.
func (m *Market) countPage(tx Tx, p *page) (more bool, err error) {
	at, err := countMarkOf(p.checkpoint)
	if err != nil {
		return false, err
	}
	c := &counting{tx: tx, done: map[countedRow]bool{}, sums: map[Figure]int64{}, trials: map[int64]bool{}}
	var n int
	var next string // part that follows
	switch at.Part {
	case countCandidates:
		n, next, at.After, err = c.candidates(at.After)
	case countRules:
		n, next, at.After, err = c.rules(at.After)
	case countOffers:
		n, next, at.After, err = c.offers(at.After)
	default:
		n, next, at.After, err = c.log(at.After)
	}
	if err == nil {
		err = c.save()
	}
	if err != nil {
		return false, fmt.Errorf("count %s after %d: %w", at.Part, at.After, err)
	}
	p.changed += int64(len(c.sums))
	more = n == jobRows || at.Part != countLog
	if n < jobRows && next != at.Part {
		at = countMark{Part: next, Version: countVersion}
	}
	text, err := json.Marshal(at)
	p.checkpoint = string(text)
	return more, err
}

// counting is one page of the fold.
type counting struct {
	tx     Tx
	done   map[countedRow]bool
	sums   map[Figure]int64 // N is 0 in the keys
	trials map[int64]bool   // whether a company is of one
}

type countedRow struct {
	kind   Change
	entity int64
}

func (c *counting) candidates(after int64) (n int, next string, last int64, err error) {
	list, err := c.tx.Candidates(after, jobRows)
	for i := range list {
		after = list[i].Key
		if list[i].Trial != 0 {
			continue
		}
		if err := c.signedUp(after, day.Of(list[i].CreatedAt)); err != nil {
			return 0, "", after, err
		}
	}
	return len(list), countRules, after, err
}

func (c *counting) rules(after int64) (n int, next string, last int64, err error) {
	list, err := c.tx.Rules(after, jobRows)
	for i := range list {
		after = list[i].Key
		if err := c.count(RuleChanged, after, countedRule(&list[i]), list[i].Company); err != nil {
			return 0, "", after, err
		}
	}
	return len(list), countOffers, after, err
}

func (c *counting) offers(after int64) (n int, next string, last int64, err error) {
	list, err := c.tx.Offers(after, jobRows)
	for i := range list {
		after = list[i].Key
		if err := c.count(OfferChanged, after, countedOffer(&list[i]), list[i].Company); err != nil {
			return 0, "", after, err
		}
	}
	return len(list), countLog, after, err
}

func (c *counting) log(after int64) (n int, next string, last int64, err error) {
	rows, err := c.tx.Rows(after, jobRows)
	for _, row := range rows {
		after = row.Pos
		if err := c.follow(row); err != nil {
			return 0, "", after, err
		}
	}
	return len(rows), countLog, after, err
}

// follow counts what a row of the log names.
func (c *counting) follow(row Row) error {
	kind := row.Change
	if kind == RuleLess {
		kind = RuleChanged
	}
	at := countedRow{kind, row.Entity}
	if kind != OfferChanged && kind != RuleChanged && kind != CandidateChanged || c.done[at] {
		return nil
	}
	c.done[at] = true
	switch kind {
	case OfferChanged:
		o, err := c.tx.Offer(row.Entity)
		if notFoundIsNil(err) != nil {
			return err
		}
		return c.count(kind, row.Entity, countedOffer(&o), o.Company)
	case RuleChanged:
		r, err := c.tx.Rule(row.Entity)
		if notFoundIsNil(err) != nil {
			return err
		}
		return c.count(kind, row.Entity, countedRule(&r), r.Company)
	}
	return c.signedUp(row.Entity, day.Of(row.At)) // the first row of a candidate is their sign-up
}

// signedUp counts a candidate, once and for ever.
func (c *counting) signedUp(key int64, on day.Day) error {
	was, err := c.tx.Counted(CandidateChanged, key)
	if err != nil || was.N != 0 {
		return err
	}
	is := Figure{0, on, FigureSignUps, 1}
	c.sum(is, 1)
	return c.tx.SetCounted(CandidateChanged, key, is)
}

// ofTrial says whether a company is of a trial: what it does counts as nothing.
func (c *counting) ofTrial(key int64) (bool, error) {
	is, known := c.trials[key]
	if known || key == 0 { // of a row that is gone
		return is, nil
	}
	k, err := c.tx.Company(key)
	c.trials[key] = k.Trial != 0
	return k.Trial != 0, notFoundIsNil(err)
}

// count counts a row of a company as a figure, in place of what it counted as.
func (c *counting) count(kind Change, key int64, is Figure, company int64) error {
	if trial, err := c.ofTrial(company); err != nil || trial {
		return err
	}
	was, err := c.tx.Counted(kind, key)
	if err != nil || is == was {
		return err
	}
	c.sum(was, -1)
	c.sum(is, 1)
	return c.tx.SetCounted(kind, key, is)
}

// countedOffer gives what an offer counts as: nothing before it is sent, or if
// there is none.
func countedOffer(o *offer.Offer) Figure {
	f := Figure{Company: o.Company, Day: o.SentDay, N: 1}
	switch shownState(o, o.ExpiresOn) {
	case offer.Sent:
		f.Name = FigureUnseen
	case offer.Seen:
		f.Name = FigureSeen
	case offer.Accepted, offer.Scheduled, offer.Held, offer.Hired, offer.Rejected:
		f.Name = FigureAccepted
	case offer.Declined:
		f.Name = FigureDeclined
	case offer.Expired:
		f.Name = FigureExpired
		if o.SeenAt.IsZero() {
			f.Name = FigureMissed
		}
	case offer.Withdrawn:
		f.Name = FigureWithdrawn
	default:
		return Figure{}
	}
	return f
}

func countedRule(r *rule.Rule) Figure {
	if r.State != rule.Active {
		return Figure{}
	}
	return Figure{r.Company, 0, FigureRules, 1}
}

// sum notes that a row counts as a figure once more, or (-1) no more.
func (c *counting) sum(f Figure, n int64) {
	if f.N == 0 {
		return
	}
	f.N = 0
	names := []string{f.Name}
	if f.Name != FigureRules && f.Name != FigureSignUps {
		names = append(names, FigureSent)
	}
	for _, name := range names {
		f.Name = name
		for _, company := range distinct([]int64{0, f.Company}) {
			c.sums[Figure{company, f.Day, name, 0}] += n
		}
	}
}

// save adds the sums, in one order, to the figures.
func (c *counting) save() error {
	list := make([]Figure, 0, len(c.sums))
	for f, n := range c.sums {
		if f.N = n; n != 0 {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b Figure) int {
		return cmp.Or(cmp.Compare(a.Company, b.Company), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Name, b.Name))
	})
	for _, f := range list {
		if err := c.tx.AddFigure(f); err != nil {
			return err
		}
	}
	return nil
}
