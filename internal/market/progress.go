package market

import (
	"cmp"
	"context"
	"slices"
	"time"

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
	Kind     string
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
}

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
		if out.Board, err = m.counts(tx, BoardPage{Company: actor.Company, On: today}); err != nil {
			return err
		}
		return m.funnels(tx, actor, &out)
	})
	return out, err
}

func (m *Market) funnels(tx Tx, actor Actor, out *Dashboard) error {
	list, err := tx.Progress(actor.Company, out.Since, out.Today)
	if err != nil {
		return err
	}
	rules, err := tx.RulesOf(actor.Company, 0, mostRules)
	if err != nil {
		return err
	}
	by := map[[2]int64]*Funnel{} // rule, and the position of scouts
	for _, r := range rules {
		by[[2]int64{r.Key}] = &Funnel{}
	}
	for _, p := range list {
		at := [2]int64{p.Rule}
		if p.Rule == 0 {
			at[1] = p.Position
		}
		if by[at] == nil {
			by[at] = &Funnel{}
		}
		by[at].add(p)
		out.All.add(p)
	}
	for at, f := range by {
		one := RuleFunnel{Funnel: *f}
		if at[0] != 0 {
			r, err := tx.Rule(at[0])
			if err != nil {
				return err
			}
			if one.Rule, err = ruled(tx, r, m.Today()); err != nil {
				return err
			}
			at[1] = r.Position
		}
		if one.Position, err = tx.Position(at[1]); err != nil {
			return err
		}
		out.Rules = append(out.Rules, one)
	}
	slices.SortFunc(out.Rules, func(a, b RuleFunnel) int {
		return cmp.Or(cmp.Compare(b.Funnel.Sent, a.Funnel.Sent), cmp.Compare(b.Rule.Key, a.Rule.Key), cmp.Compare(b.Position.Key, a.Position.Key))
	})
	return nil
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
