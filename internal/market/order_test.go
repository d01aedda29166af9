package market_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// TestBestFirst changes one thing at a time in a market of scarce budgets and
// room, and compares the offers that follow with those that the model picks.
func TestBestFirst(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seeds, steps := uint64(12), 60
			if testing.Short() || name == "sqlite" || far(name) {
				seeds, steps = 1, 40
			}
			made := 0
			for seed := range seeds {
				w := newWorld(t, open(t), demo())
				made += w.playQuietly(newDraw(seed, 0), seed, steps)
			}
			if made < 10*int(seeds) {
				t.Errorf("the order of %d offers says little", made)
			}
		})
	}
}

// quiet is one change: what it does, and whom its row of the log concerns.
type quiet struct {
	name  string
	do    func()
	scope func(r rule.Rule, c candidate.Candidate) bool
}

func (w *world) playQuietly(d draw, seed uint64, steps int) (made int) {
	w.Helper()
	var firms []firm
	var people []person
	var rules []market.Ruled
	owner := map[string]firm{}
	for i := range 3 {
		firms = append(firms, w.firm(i, 0))
	}
	w.drain()
	for i := range steps {
		var c quiet
		switch n := d.IntN(12); {
		case n < 4:
			who := d.person(w.Today(), i)
			c.name = "sign up"
			c.do = func() { people = append(people, w.signUp(who)) }
			c.scope = func(_ rule.Rule, c candidate.Candidate) bool { return c.ID == people[len(people)-1].id }
		case n < 6:
			f := firms[d.IntN(len(firms))]
			p := w.post(f, d.terms())
			in := d.ruleInput(w.Today())
			in.DailyBudget, in.TotalBudget = 1+d.IntN(3), 2+d.IntN(6)
			w.drain()
			c.name = "activate"
			c.do = func() {
				r := w.order(f, p, in)
				rules, owner[r.ID.String()] = append(rules, r), f
			}
			c.scope = func(r rule.Rule, _ candidate.Candidate) bool { return r.ID == rules[len(rules)-1].ID }
		case n < 8 && len(rules) > 0:
			r := rules[d.IntN(len(rules))]
			c.name = "raise"
			c.do = func() {
				w.setRule(owner[r.ID.String()], r, func(in *market.RuleInput) {
					in.DailyBudget, in.TotalBudget = 1+d.IntN(5), 2+d.IntN(12)
					in.Expires = w.Today() + 90
				})
			}
			c.scope = func(x rule.Rule, _ candidate.Candidate) bool { return x.ID == r.ID }
		case n < 10 && len(people) > 0:
			p := people[d.IntN(len(people))]
			limit := d.IntN(4)
			c.name = "visit and set the limit"
			w.visit(p)
			c.do = func() { w.setLimit(p, limit) }
			c.scope = func(_ rule.Rule, c candidate.Candidate) bool { return c.ID == p.id }
		default:
			c.name = "a new day"
			c.do = func() { w.nextDay(1) }
			c.scope = func(rule.Rule, candidate.Candidate) bool { return true }
		}
		made += w.compare(fmt.Sprintf("seed %d, step %d: %s", seed, i, c.name), c)
	}
	return made
}

// visit lets a person's activity of the day be written before a comparison.
func (w *world) visit(p person) {
	w.Helper()
	w.actor(p.token)
	w.drain()
}

func (w *world) compare(what string, c quiet) int {
	w.Helper()
	before := readRows(w, w.records.Store)
	c.do()
	w.drain()
	after := readRows(w, w.records.Store)
	got := map[picked]bool{}
	for key, o := range after.offers {
		if _, old := before.offers[key]; !old {
			got[picked{pair{o.Rule, o.Candidate}, o.Score}] = true
		}
	}
	want := map[picked]bool{}
	after.offers = before.offers
	for _, p := range after.picks(nil, c.scope) {
		want[p] = true
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(picked{}, pair{})); d != "" {
		w.Fatalf("%s: offers (-want +got):\n%s", what, d)
	}
	return len(got)
}

// TestAnswersRank lets a company that answers rank above one that does not,
// from the next day on.
func TestAnswersRank(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		const accepted, answered = 10, 6
		for i := range accepted {
			p := w.someone(i)
			o := w.first(p)
			w.answer(p, o, offer.Accept, nil)
			if i < answered {
				if _, err := w.Proceed(w.Context(), w.actor(f.token), o.ID, offer.Schedule); err != nil {
					w.Fatalf("schedule: %v", err)
				}
			}
		}
		w.drain()
		late := w.someone(20)
		if got := w.first(late).Score; got != 600+250+75 {
			w.Errorf("on the same day the score is %d, want %d", got, 600+250+75)
		}
		w.nextDay(1)
		next := w.someone(21)
		if got := w.first(next).Score; got != 600+250+90 {
			w.Errorf("on the next day the score is %d, want %d", got, 600+250+90)
		}
		w.nextDay(8)
		// Answered too late: it stays as it was.
		list, _, err := w.OffersBy(w.Context(), w.actor(f.token), nil, 0, 50)
		if err != nil {
			w.Fatalf("offers: %v", err)
		}
		for _, o := range list {
			if o.State == offer.Accepted {
				if _, err := w.Proceed(w.Context(), w.actor(f.token), o.ID, offer.Hold); err != nil {
					w.Fatalf("hold: %v", err)
				}
			}
		}
		w.nextDay(1)
		if got := w.first(w.someone(22)).Score; got != 600+250+90 {
			w.Errorf("after late answers the score is %d, want %d", got, 600+250+90)
		}
		w.nextDay(180)
		w.pass(time.Hour)
		if got := w.first(w.someone(23)).Score; got != 600+250+75 {
			w.Errorf("half a year later the score is %d, want %d", got, 600+250+75)
		}
	})
}

// TestDaysPlayedAtOnce moves the clock over several days: the offers are those
// of the same days played one by one.
func TestDaysPlayedAtOnce(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		in := plain()
		in.DailyBudget = 1
		w.order(f, w.post(f, publishable()), in)
		for i := range 8 {
			w.someone(i)
		}
		w.drain()
		begun := w.Today()
		w.nextDay(5)
		days := map[string]int{}
		for _, o := range readRows(w, w.records.Store).offers {
			days[o.SentDay.String()+" at "+o.SentAt.In(beginning.Location()).Format("15:04")]++
		}
		want := map[string]int{begun.String() + " at 10:00": 1}
		for i := range day.Day(5) {
			want[(begun+1+i).String()+" at 09:00"] = 1
		}
		if d := cmp.Diff(want, days); d != "" {
			w.Errorf("offers by day (-want +got):\n%s", d)
		}
	})
}
