package market

import (
	"context"
	"fmt"
	"slices"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/engine"
	"enishi/internal/errs"
)

// Visitor is what somebody who has not registered says of themselves. Nothing
// of it is stored.
type Visitor struct {
	Profile candidate.Profile
	Wishes  condition.Condition
}

// Insight is what a visitor would be offered.
type Insight struct {
	Reach Reach
	Pay   *Spread // nil: fewer than leastCompanies say what they pay
}

// Reach is a number of active rules, made so coarse that nobody can find out by
// it what others do: 0, under Under, or at least AtLeast, a multiple of 5.
type Reach struct {
	Under   int
	AtLeast int
}

// Spread is how the upper ends of annual pay are spread, in 10,000 JPY, rounded
// down to steps of 10: the quartiles, over one figure for each company, its
// highest.
type Spread struct{ Low, Median, High int }

// What an insight may show.
const (
	leastCompanies = 5
	stepReach      = 5
	stepPay        = 10
)

// Insight gives what a visitor would be offered by the rules that are active now.
// Whatever is wrong with what they say is Invalid, by JSON pointer.
func (m *Market) Insight(ctx context.Context, v Visitor) (Insight, error) {
	today := m.Today()
	err := errs.Join(
		errs.Below("/profile", v.Profile.Validate(today)),
		errs.Below("/wishes", v.Wishes.Validate(condition.Positions, false)),
	)
	if err != nil {
		return Insight{}, err
	}
	m.catchUpWithOthers(ctx)
	c := candidate.Candidate{Open: true, LastActive: today, Profile: v.Profile.Derived(today, nil), Wishes: v.Wishes}
	doc, err := m.people.profiles.person(&c, &today)
	if err != nil {
		return Insight{}, fmt.Errorf("lower a visitor: %w", err)
	}
	wishes, err := m.people.positions.condition(c.Wishes, nil)
	if err != nil {
		return Insight{}, fmt.Errorf("lower a visitor's wishes: %w", err)
	}
	view := m.people.rules.View()
	done := m.engine(MatchWork)
	rules := view.Match(engine.Question{Doc: doc, Cond: wishes})
	done(Outcome{})
	return Insight{Reach: reachOf(len(rules)), Pay: m.paid(view, rules)}, nil
}

// reachOf makes a number of rules coarse.
func reachOf(n int) Reach {
	if n > 0 && n < stepReach {
		return Reach{Under: stepReach}
	}
	return Reach{AtLeast: n - n%stepReach}
}

// paid gives the spread of what the companies of rules pay at most.
func (m *Market) paid(view *engine.View, rules []int64) *Spread {
	field := m.people.positions.fields["pay_max"].field
	highest := map[int64]int{} // by company
	m.people.mu.RLock()
	for _, key := range rules {
		doc, ok := view.Find(key)
		if !ok {
			continue
		}
		company := m.people.order[key].company
		for _, n := range doc.Nums {
			if n.Field == field {
				highest[company] = max(highest[company], int(n.Value))
			}
		}
	}
	m.people.mu.RUnlock()
	if len(highest) < leastCompanies {
		return nil
	}
	var all []int
	for _, pay := range highest {
		all = append(all, pay)
	}
	slices.Sort(all)
	at := func(quarter int) int {
		pay := all[(len(all)-1)*quarter/4]
		return pay - pay%stepPay
	}
	return &Spread{Low: at(1), Median: at(2), High: at(3)}
}
