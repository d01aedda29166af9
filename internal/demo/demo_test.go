package demo

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
)

var today = day.Date(2026, time.November, 24)

// alone leaves a test to the run without the race detector, which slows it most
// and finds nothing where one goroutine does everything.
func alone(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("one goroutine does everything here")
	}
}

func small(t *testing.T, candidates, companies, rules int) *world {
	t.Helper()
	alone(t)
	w, err := newWorld(Options{Candidates: candidates, Companies: companies, Rules: rules, Seed: 1, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestEverythingDrawnIsAllowed(t *testing.T) {
	w := small(t, 3000, 100, 400)
	for i, p := range w.persons {
		if err := p.profile.Validate(p.joins); err != nil {
			t.Fatalf("profile %d: %v", i, err)
		}
		if err := p.wish.condition(p).Validate(condition.Positions, false); err != nil {
			t.Fatalf("wishes %d: %v", i, err)
		}
	}
	for i, f := range w.firms {
		f.Key = int64(i)
		if err := f.Company.Validate(); err != nil {
			t.Fatalf("company %q: %v", f.Name, err)
		}
		if _, err := corpnum.Parse(f.Number.String()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range w.orders {
		terms := &w.orders[i].job.terms
		if err := terms.Validate(); err != nil {
			t.Fatalf("position %q: %v", terms.Title, err)
		}
		if err := terms.Publishable(); err != nil {
			t.Fatalf("position %q: %v", terms.Title, err)
		}
		if marked := terms.Wordings(); len(marked) > 0 {
			t.Errorf("position %q: %q in %s is about %s", terms.Title, marked[0].Found, marked[0].Pointer, marked[0].About)
		}
		r := &w.orders[i]
		if err := r.Validate(); err != nil {
			t.Fatalf("rule %d: %v", i, err)
		}
		if err := r.Must.Validate(condition.Profiles, false); err != nil {
			t.Fatalf("rule %d: %v", i, err)
		}
	}
}

// The check figure of the wage survey: annual pay at the median is scheduled
// pay times 12 and the ratio of contract to scheduled pay, plus the bonus.
func TestMedianPayIsThatOfTheCensus(t *testing.T) {
	w := crowded(t)
	by := map[*occupation][]int{}
	for _, p := range w.persons {
		by[p.occupation] = append(by[p.occupation], p.pay)
	}
	checked := 0
	for o, pay := range by {
		if len(pay) < 200 {
			continue
		}
		checked++
		slices.Sort(pay)
		got := float64(pay[len(pay)/2])
		c := o.census
		want := (c.Quantiles[2]*12*c.Contract/c.Scheduled + c.Bonus) / 10
		if math.Abs(got-want)/want > 0.05 {
			t.Errorf("%s: median pay %.0f, want %.0f within 5 %%", o.name, got, want)
		}
	}
	if checked < 30 {
		t.Errorf("only %d occupations have 200 people", checked)
	}
}

func TestPeopleLiveAndWorkAsTheFiguresSay(t *testing.T) {
	w := small(t, 20000, 50, 50)
	homes := make([]float64, len(w.prefectures))
	groups := map[string]int{}
	for _, p := range w.persons {
		homes[p.home]++
		groups[p.occupation.group]++
	}
	all := 0.0
	for _, p := range w.prefectures {
		all += p.population
	}
	for i, p := range w.prefectures {
		if want := 20000 * p.population / all; math.Abs(homes[i]-want) > 1 {
			t.Errorf("%s: %.0f people, want %.1f", p.name, homes[i], want)
		}
	}
	if len(groups) != 16 {
		t.Errorf("%d occupation groups have people, want 16: %v", len(groups), groups)
	}
}

func TestTheSameSeedGivesTheSameMarket(t *testing.T) {
	one, two := small(t, 300, 20, 40), small(t, 300, 20, 40)
	for i := range one.persons {
		if diff := cmp.Diff(one.persons[i].profile, two.persons[i].profile); diff != "" {
			t.Fatalf("profile %d (-first +second):\n%s", i, diff)
		}
	}
	for i := range one.orders {
		if diff := cmp.Diff(one.orders[i].job.terms, two.orders[i].job.terms); diff != "" {
			t.Fatalf("position %d (-first +second):\n%s", i, diff)
		}
		if diff := cmp.Diff(one.orders[i].Rule, two.orders[i].Rule); diff != "" {
			t.Fatalf("rule %d (-first +second):\n%s", i, diff)
		}
	}
}
