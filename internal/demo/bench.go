package demo

import (
	"context"
	"fmt"
	"time"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/engine"
	"enishi/internal/jm1"
	"enishi/internal/market"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// facetFields are what the bench counts, as a company's search page does.
func facetFields() []string {
	return []string{
		"residence", "willing_prefecture", "occupation", "industry", "skill", "language", "certification", "education", "remote_ok",
	}
}

// Bench measures the engine on a demo's market as it is drawn, in market's own
// schema, and checks the answers with the condition language's evaluator.
func Bench(ctx context.Context, o Options, now func() time.Time) (jm1.Report, error) {
	w, err := newWorld(o)
	if err != nil {
		return jm1.Report{}, err
	}
	b, err := w.lowered()
	if err != nil {
		return jm1.Report{}, err
	}
	return jm1.Measure(ctx, b.workload(), jm1.Options{Seed: o.Seed, Progress: o.Progress, Now: now})
}

// lowered is a market as the engine holds it, and as conditions see it.
type lowered struct {
	today             day.Day
	lowering          *market.Lowering
	candidates, rules []engine.Entry
	asks              []engine.Question // of the candidates
	orders            []engine.Question // of the rules
	searches          []engine.Cond
	profiles, terms   []condition.Record
	people            []candidate.Candidate
	sends             []market.Offering
	selective         []int
}

func (w *world) lowered() (*lowered, error) {
	l, err := market.NewLowering()
	if err != nil {
		return nil, err
	}
	today := w.options.Today
	out := &lowered{today: today, lowering: l}
	for i, x := range w.persons {
		c := candidate.Candidate{
			Key: int64(i), Open: true, Profile: x.profile, Wishes: x.wish.condition(x), LastActive: min(x.joins, today), Employers: x.employers,
		}
		entry, question, err := l.Candidate(&c, today)
		if err != nil {
			return nil, fmt.Errorf("candidate %d: %w", i, err)
		}
		out.people, out.profiles = append(out.people, c), append(out.profiles, c.Record(today))
		out.candidates, out.asks = append(out.candidates, entry), append(out.asks, question)
	}
	for i := range w.orders {
		if w.orders[i].Expires < today {
			continue
		}
		o := market.Offering{
			Rule: w.orders[i].Rule, Company: w.orders[i].job.firm.Company,
			Position: position.Position{State: position.Published, Version: 1, PublishedVersion: 1, Terms: w.orders[i].job.terms},
		}
		o.Rule.Key, o.Rule.State, o.Company.Status = int64(len(out.rules)), rule.Active, company.Verified
		entry, question, search, err := l.Rule(o, today)
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", i, err)
		}
		out.sends, out.terms = append(out.sends, o), append(out.terms, o.Position.Terms.Record(w.orders[i].job.offered()))
		out.rules, out.orders, out.searches = append(out.rules, entry), append(out.orders, question), append(out.searches, search)
		if narrow(o.Rule.Must) {
			out.selective = append(out.selective, len(out.rules)-1)
		}
	}
	return out, nil
}

// narrow says whether a rule asks for an occupation, a place and two things
// more.
func narrow(must condition.Condition) bool {
	asked := map[string]bool{}
	for _, k := range must.Kids {
		asked[k.Field] = true
	}
	return len(must.Kids) >= 4 && asked["occupation"] && (asked["residence"] || asked["willing_prefecture"])
}

func (l *lowered) workload() jm1.Workload {
	w := jm1.Workload{
		Profiles: l.lowering.Profiles(), Positions: l.lowering.Positions(),
		Candidates: l.candidates, Rules: l.rules, Selective: l.selective,
		Search: func(i int) engine.Cond { return l.searches[i] },
		Asker:  func(i int) engine.Question { return l.asks[i] },
		Order:  func(i int) engine.Question { return l.orders[i] },
		Sort: []engine.Key{
			{Field: l.lowering.ProfileField("last_active_days"), Descending: true},
			{Field: l.lowering.ProfileField("pay"), Descending: true},
		},
		Found: func(r, c int) bool { return l.sends[r].Rule.Must.Holds(l.profiles[c]) },
		Holds: func(r, c int) bool {
			o := &l.sends[r]
			return o.Rule.Must.Holds(l.profiles[c]) && o.Rule.Age.Admits(l.people[c].Profile.BirthMonth, l.today) &&
				!l.people[c].Blocked(o.Company.Number, []corpnum.Number{o.Company.Number})
		},
		Wishes: func(r, c int) bool { return l.people[c].Wishes.Holds(l.terms[r]) },
	}
	for _, name := range facetFields() {
		w.Facets = append(w.Facets, l.lowering.ProfileField(name))
	}
	return w
}
