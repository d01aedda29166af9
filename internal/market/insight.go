package market

import (
	"context"
	"fmt"
	"slices"

	"enishi/internal/candidate"
	"enishi/internal/census"
	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/engine"
	"enishi/internal/errs"
)

// Visitor is what somebody who has not registered says of themselves. Nothing
// of it is stored.
type Visitor struct {
	Profile candidate.Profile
	Wishes  condition.Condition
}

// Insight is what a visitor would get. Nothing in it changes by anybody's signing
// up: what is live follows from the companies' rules, from what was left of their
// budgets when the day began, and from what the visitor says; the past is told from
// a table that is made once a day.
type Insight struct {
	Reach       Reach
	WeeklyLimit int       // how many automatic offers somebody gets at most in seven days
	Pay         *Spread   // nil: fewer than leastCompanies say what they pay
	Examples    []Example // none: fewer than leastCompanies reach the visitor
	Edit        *Edit     // nil: no single edit adds anything
	Past        *Past     // nil: not enough data
	Census      *Census   // nil: no occupation was named
}

// Reach is a number of active rules, made so coarse that nobody can find out by
// it what others do: 0, under Under, or at least AtLeast, a multiple of 5.
type Reach struct {
	Under   int
	AtLeast int
}

// Spread is how annual pay is spread, in 10,000 JPY, rounded down to steps of 10:
// the quartiles.
type Spread struct {
	Low    int `json:"low"`
	Median int `json:"median"`
	High   int `json:"high"`
}

// Census is what an occupation earns by the official wage statistics.
type Census struct {
	Occupation string
	census.Spread
}

// What an insight may show.
const (
	leastCompanies = 5
	stepReach      = 5
	stepPay        = 10
)

// Insight gives what a visitor would get. Whatever is wrong with what they say is
// Invalid, by JSON pointer.
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
	facts, err := m.factsOfDay(ctx)
	if err != nil {
		return Insight{}, err
	}
	v.Profile = v.Profile.Derived(facts.on, nil)
	look := looking{market: m, people: m.people, facts: facts, view: m.people.rules.View()}
	question, err := look.question(v)
	if err != nil {
		return Insight{}, err
	}
	rules := look.reached(question)
	out := Insight{Reach: reachOf(len(rules)), WeeklyLimit: candidate.DefaultWeeklyLimit, Past: pastOf(&v.Profile, facts.past, facts.until)}
	offers := look.offers(rules)
	out.Pay, out.Examples = paid(offers), look.examples(offers, &v.Profile)
	if out.Edit, err = look.bestEdit(v, question, len(rules)); err != nil {
		return Insight{}, err
	}
	out.Census = censusOf(&v.Profile)
	return out, nil
}

// factsOfDay are what an insight needs of the store: the same all day.
type factsOfDay struct {
	on    day.Day
	spent map[int64]int // in all, when the day began, by rule
	past  map[string]PastCell
	until day.Day // of the past
}

// factsOfDay reads them once for each of the log's days. As long as there is no
// edition of the past, it looks for one.
func (m *Market) factsOfDay(ctx context.Context) (*factsOfDay, error) {
	today := m.Today()
	if f := m.facts.Load(); f != nil && f.on >= today && f.past != nil {
		return f, nil
	}
	m.knowing.Lock()
	defer m.knowing.Unlock()
	if f := m.facts.Load(); f != nil && f.on >= today && f.past != nil {
		return f, nil
	}
	var f factsOfDay
	err := m.read(ctx, func(tx Tx) (err error) {
		f = factsOfDay{}
		if f.on, err = logDay(tx); err != nil {
			return err
		}
		if f.spent, err = tx.SpentBefore(f.on); err != nil {
			return err
		}
		editions, err := tx.Editions()
		i := slices.IndexFunc(editions, func(e Edition) bool { return e.From <= f.on })
		if err != nil || i < 0 {
			return err
		}
		cells, err := tx.PastCells(editions[i].From)
		f.past, f.until = make(map[string]PastCell, len(cells)), editions[i].Until
		for _, c := range cells {
			f.past[c.Name] = c
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what holds for the day: %w", err)
	}
	m.facts.Store(&f)
	return &f, nil
}

// looking is one visitor's look at the rules, as they are at one moment.
type looking struct {
	market *Market
	people *populations
	facts  *factsOfDay
	view   *engine.View
}

// question lowers a visitor.
func (l *looking) question(v Visitor) (engine.Question, error) {
	c := candidate.Candidate{Open: true, LastActive: l.facts.on, Profile: v.Profile, Wishes: v.Wishes}
	doc, err := l.market.people.profiles.person(&c, &l.facts.on)
	if err != nil {
		return engine.Question{}, fmt.Errorf("lower a visitor: %w", err)
	}
	wishes, err := l.market.people.positions.condition(c.Wishes, nil)
	if err != nil {
		return engine.Question{}, fmt.Errorf("lower a visitor's wishes: %w", err)
	}
	return engine.Question{Doc: doc, Cond: wishes}, nil
}

// reached gives the rules that match and had budget left when the day began.
func (l *looking) reached(q engine.Question) []int64 {
	done := l.market.engine(MatchWork)
	found := l.view.Match(q)
	done(Outcome{})
	p := l.people
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.DeleteFunc(found, func(key int64) bool {
		o, ok := p.order[key]
		return !ok || !o.rule.Sends(l.facts.on) || l.facts.spent[key] >= o.rule.TotalBudget
	})
}

// reachOf makes a number of rules coarse.
func reachOf(n int) Reach {
	if n > 0 && n < stepReach {
		return Reach{Under: stepReach}
	}
	return Reach{AtLeast: n - n%stepReach}
}

// paid gives the spread of what companies pay, over one figure for each: its
// highest upper end.
func paid(offers []reaching) *Spread {
	highest := map[int64]int{}
	for _, o := range offers {
		if pay := o.number("pay_max"); pay != nil {
			highest[o.company] = max(highest[o.company], *pay)
		}
	}
	if len(highest) < leastCompanies {
		return nil
	}
	var all []int
	for _, pay := range highest {
		all = append(all, pay)
	}
	slices.Sort(all)
	s := spreadOf(all)
	return &s
}

// spreadOf gives the quartiles of some figures in ascending order.
func spreadOf(all []int) Spread {
	at := func(quarter int) int {
		pay := all[(len(all)-1)*quarter/4]
		return pay - pay%stepPay
	}
	return Spread{Low: at(1), Median: at(2), High: at(3)}
}

// censusOf gives the yardstick of the occupation with the most years.
func censusOf(p *candidate.Profile) *Census {
	var best *candidate.Coded
	for i := range p.Occupation {
		if held := &p.Occupation[i]; best == nil || held.Min > best.Min {
			best = held
		}
	}
	if best == nil {
		return nil
	}
	s, ok := census.Of(best.Code)
	if !ok {
		return nil
	}
	return &Census{best.Code, s}
}

// Offering gives how many rules are active now, and of how many companies.
func (m *Market) Offering() (rules, companies Reach) {
	view, today := m.people.rules.View(), m.Today()
	n, of := 0, map[int64]bool{}
	p := m.people
	p.mu.RLock()
	defer p.mu.RUnlock()
	for key, o := range p.order {
		if !o.rule.Sends(today) {
			continue
		}
		if _, running := view.Find(key); running {
			n++
			of[o.company] = true
		}
	}
	return reachOf(n), reachOf(len(of))
}
