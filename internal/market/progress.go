package market

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// Progress is how many of a company's offers have come how far, as it may know it.
type Progress struct {
	Rule     int64 // 0: scouts
	Position int64
	State    offer.State
	Stage    offer.Stage
	Offers   int
}

// SentDay is what a company sent on a day, and what of it was accepted since.
type SentDay struct {
	Day            day.Day
	Sent, Accepted int
}

// median gives the middle one of ascending durations, the lower of two; 0 if there is
// none.
func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	return list[(len(list)-1)/2]
}

// Funnel counts how far offers came: each figure holds those that went further too.
type Funnel struct {
	Sent, Seen, Accepted, Scheduled, Held, Hired int
	Replied                                      int // accepted or declined
}

func (f *Funnel) add(p Progress) {
	f.Sent += p.Offers
	for _, s := range []struct {
		stage offer.Stage
		n     *int
	}{{offer.Opening, &f.Seen}, {offer.Accepting, &f.Accepted}, {offer.Scheduling, &f.Scheduled}, {offer.Holding, &f.Held}, {offer.Hiring, &f.Hired}} {
		if p.Stage >= s.stage {
			*s.n += p.Offers
		}
	}
	if p.Stage >= offer.Accepting || p.State == offer.Declined {
		f.Replied += p.Offers
	}
}

// RuleFunnel is what one rule brought, or what scouts for one position did.
type RuleFunnel struct {
	Rule     Ruled // its ID is zero for scouts
	Position position.Position
	Funnel   Funnel
}

// Dashboard is how a company's offers have done since a day.
type Dashboard struct {
	Since, Today day.Day
	All          Funnel
	Rules        []RuleFunnel // by offers sent, most first; rules without any too
	Days         []SentDay    // every day
	Course       time.Duration
	Interviews   int // that Course is the median of
	Answers      rule.Answers
	Board        map[Column]int // now, of all time
	Owed         []BoardCard    // accepted, whoever waits longest first, up to MostOwed
	Overdue      []BoardCard    // scheduled, of the first MostOwed, whose promised interview is overdue
}

// MostOwed bounds how many cards that wait for a date a dashboard holds.
const MostOwed = 100

// mostRules bounds how many rules and positions of one company a page looks at.
const mostRules = 1000

// Dashboard gives the figures of the actor's company's offers of the last days, as the
// company may know them.
func (m *Market) Dashboard(ctx context.Context, actor Actor, days int) (Dashboard, error) {
	var out Dashboard
	if err := actor.Role.May(account.ReadOffers); err != nil {
		return out, err
	}
	err := m.readRecent(ctx, func(tx Tx) error {
		today := m.running()
		out = Dashboard{Since: today - day.Day(days) + 1, Today: today, Answers: m.answersOf(actor.Company)}
		sent, err := tx.SentByDay(actor.Company, out.Since)
		if err != nil {
			return err
		}
		out.Days = everyDay(sent, out.Since, today)
		courses, err := tx.Courses(actor.Company, out.Since)
		if err != nil {
			return err
		}
		out.Course, out.Interviews = median(courses), len(courses)
		board := BoardPage{Company: actor.Company, On: today, Column: ColumnAccepted, Limit: MostOwed}
		if out.Board, err = tx.Columns(board); err != nil {
			return err
		}
		owed, err := tx.InColumn(board)
		if err != nil {
			return err
		}
		if out.Owed, err = m.boardCards(tx, actor, owed); err != nil {
			return err
		}
		if out.Overdue, err = m.overdue(tx, actor, board); err != nil {
			return err
		}
		return m.funnels(tx, actor, &out)
	})
	return out, err
}

// overdue gives the cards of those who have a date and whose promised interview is
// overdue.
func (m *Market) overdue(tx Tx, actor Actor, board BoardPage) ([]BoardCard, error) {
	board.Column = ColumnScheduled
	list, err := tx.InColumn(board)
	if err != nil {
		return nil, err
	}
	cards, err := m.boardCards(tx, actor, list)
	return slices.DeleteFunc(cards, func(c BoardCard) bool { return c.OverdueSince() == 0 }), err
}

// OverdueSince is the last day on which a promised interview that is still to be held
// was due, once that has passed; 0: none is overdue.
func (d *Delivered) OverdueSince() day.Day {
	if d.Dealing.Gone || d.State != offer.Accepted && d.State != offer.Scheduled {
		return 0
	}
	for _, u := range d.Duties {
		if u.Promise == offer.PromiseHold && u.Standing == offer.Broken {
			return u.Due
		}
	}
	return 0
}

func (m *Market) funnels(tx Tx, actor Actor, out *Dashboard) error {
	list, err := tx.Progress(actor.Company, 0, out.Since, out.Today)
	if err != nil {
		return err
	}
	rules, err := tx.RulesOf(actor.Company, 0, mostRules)
	if err != nil {
		return err
	}
	byRule, byScouts := map[int64]*Funnel{}, map[int64]*Funnel{} // by rule, and by position
	for _, r := range rules {
		byRule[r.Key] = &Funnel{}
	}
	for _, p := range list {
		by, key := byRule, p.Rule
		if p.Rule == 0 {
			by, key = byScouts, p.Position
		}
		if by[key] == nil {
			by[key] = &Funnel{}
		}
		by[key].add(p)
		out.All.add(p)
	}
	if rules, err = withRules(tx, rules, byRule); err != nil {
		return err
	}
	known, positions, err := allRuled(tx, actor.Company, rules, m.Today())
	if err != nil {
		return err
	}
	for _, r := range known {
		out.Rules = append(out.Rules, RuleFunnel{Rule: r, Position: positions[r.Position], Funnel: *byRule[r.Key]})
	}
	if positions, err = positionsOf(tx, slices.Collect(maps.Keys(byScouts))); err != nil {
		return err
	}
	for key, f := range byScouts {
		out.Rules = append(out.Rules, RuleFunnel{Position: positions[key], Funnel: *f})
	}
	slices.SortFunc(out.Rules, func(a, b RuleFunnel) int {
		return cmp.Or(cmp.Compare(b.Funnel.Sent, a.Funnel.Sent), cmp.Compare(b.Rule.Key, a.Rule.Key), cmp.Compare(b.Position.Key, a.Position.Key))
	})
	return nil
}

// withRules adds those rules of which there are offers and that are not among the first
// mostRules.
func withRules(tx Tx, list []rule.Rule, by map[int64]*Funnel) ([]rule.Rule, error) {
	left := maps.Clone(by)
	for _, r := range list {
		delete(left, r.Key)
	}
	for key := range left {
		r, err := tx.Rule(key)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// RuleFunnel gives how far the offers of one of the actor's company's rules have come,
// of those sent in the last days, as the company may know it.
func (m *Market) RuleFunnel(ctx context.Context, actor Actor, id uuid.UUID, days int) (Funnel, error) {
	var out Funnel
	if err := actor.Role.May(account.ReadOffers); err != nil {
		return out, err
	}
	err := m.readRecent(ctx, func(tx Tx) error {
		out = Funnel{}
		r, err := ownRule(tx, actor, id)
		if err != nil {
			return err
		}
		today := m.running()
		list, err := tx.Progress(actor.Company, r.Key, today-day.Day(days)+1, today)
		for _, p := range list {
			out.add(p)
		}
		return err
	})
	return out, err
}

// everyDay puts in the days on which nothing was sent.
func everyDay(sent []SentDay, since, today day.Day) []SentDay {
	var out []SentDay
	for d := since; d <= today; d++ {
		one := SentDay{Day: d}
		if len(sent) > 0 && sent[0].Day == d {
			one, sent = sent[0], sent[1:]
		}
		out = append(out, one)
	}
	return out
}
