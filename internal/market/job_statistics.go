package market

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

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
	FigureExpired   = "expired"
	FigureWithdrawn = "withdrawn" // after it was accepted
	// FigureSignUps is of the installation alone, under the day of the
	// sign-up; who is erased stays counted.
	FigureSignUps = "sign_ups"
	// FigureRules counts the rules that are active now, under no day.
	FigureRules = "active_rules"
)

// Figures gives the figures of the actor's company, or of the installation to
// an operator, from one day to another, both inclusive, as of the last run of
// the job statistics. Those of no day are under day 0.
func (m *Market) Figures(ctx context.Context, actor Actor, from, until day.Day) (out []Figure, err error) {
	switch {
	case actor.Kind == account.Candidate:
		return nil, errs.New(errs.Denied, "only companies and operators have figures")
	case actor.Kind == account.Member:
		if err := actor.Role.May(account.ReadOffers); err != nil {
			return nil, err
		}
	}
	err = m.read(ctx, func(tx Tx) error {
		out, err = tx.Figures(actor.Company, from, until)
		return err
	})
	return out, err
}

// countPage folds a page of the log into the figures. What a row of the market
// counts as follows from the row alone, and is noted: what it counted as
// before is taken back. So each is counted once, however often its change is
// read, and the figures are what counting everything would give.
func (m *Market) countPage(tx Tx, p *page) (more bool, err error) {
	at, err := position64(p.checkpoint)
	if err != nil {
		return false, err
	}
	rows, err := tx.Rows(at, jobRows)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	c := &counting{tx: tx, done: map[countedRow]bool{}, sums: map[Figure]int64{}}
	for _, row := range rows {
		if err := c.add(row); err != nil {
			return false, fmt.Errorf("count row %d (%s %d): %w", row.Pos, row.Change, row.Entity, err)
		}
	}
	if err := c.save(); err != nil {
		return false, err
	}
	p.changed += int64(len(c.sums))
	p.checkpoint = strconv.FormatInt(rows[len(rows)-1].Pos, 10)
	return len(rows) == jobRows, nil
}

// position64 reads a checkpoint that is a position of the log; "" is 0.
func position64(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("checkpoint %q: %w", text, err)
	}
	return at, nil
}

// counting is one page of the fold.
type counting struct {
	tx   Tx
	done map[countedRow]bool
	sums map[Figure]int64 // N is 0 in the keys
}

type countedRow struct {
	kind   Change
	entity int64
}

// add counts what a row of the log names.
func (c *counting) add(row Row) error {
	kind := row.Change
	if kind == RuleLess {
		kind = RuleChanged
	}
	if kind != OfferChanged && kind != RuleChanged && kind != CandidateChanged || c.done[countedRow{kind, row.Entity}] {
		return nil
	}
	c.done[countedRow{kind, row.Entity}] = true
	was, err := c.tx.Counted(kind, row.Entity)
	if err != nil {
		return err
	}
	var is Figure
	switch kind {
	case CandidateChanged:
		if is = was; was.N == 0 { // the first row of a candidate is their sign-up
			is = Figure{0, day.Of(row.At), FigureSignUps, 1}
		}
	case OfferChanged:
		o, err := c.tx.Offer(row.Entity)
		if notFoundIsNil(err) != nil {
			return err
		}
		is = countedOffer(&o)
	case RuleChanged:
		r, err := c.tx.Rule(row.Entity)
		if notFoundIsNil(err) != nil {
			return err
		}
		is = countedRule(&r)
	}
	if is == was {
		return nil
	}
	c.sum(was, -1)
	c.sum(is, 1)
	return c.tx.SetCounted(kind, row.Entity, is)
}

// countedOffer gives what an offer counts as: nothing before it is sent.
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
