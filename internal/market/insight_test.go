package market_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// questions is how many questions an attacker asks.
const questions = 10_000

// offering makes a market of companies whose rules ask this and that, with budgets
// that a few people use up.
func (w *world) offering(firms int) {
	w.Helper()
	for i := range firms {
		f := w.firm(i, numbered(i))
		terms := publishable()
		terms.Occupation, terms.Prefecture = occupations()[i%4], []string{prefectures()[i%3]}
		terms.PayMin, terms.PayMax = ptr(300+20*i), ptr(400+30*i)
		rule := plain()
		rule.TotalBudget = 3 + i%12
		rule.DailyBudget = rule.TotalBudget
		switch i % 4 {
		case 1:
			rule.Must = all(inAt("skill", 1+i%5, skills()[i%3]))
		case 2:
			rule.Must = all(in("willing_prefecture", prefectures()[i%3]))
		case 3:
			rule.Must = all(is("remote_ok", true))
		}
		w.order(f, w.post(f, terms), rule)
	}
	w.drain()
}

// probing is an attacker in process: every question follows from all the answers
// before it, so two that hear the same ask the same.
type probing struct {
	w     *world
	m     *market.Market
	heard uint64
}

// ask asks many questions and gives every answer.
func (p *probing) ask(n int) []string {
	p.w.Helper()
	out := make([]string, n)
	for i := range n {
		rng := rand.New(rand.NewPCG(p.heard, uint64(i)))
		v := market.Visitor{Profile: probe(rng), Wishes: probedWishes(rng)}
		found, err := p.m.Insight(p.w.Context(), v)
		if err != nil {
			p.w.Fatalf("insight of %+v: %v", v, err)
		}
		text, err := json.Marshal(found)
		if err != nil {
			p.w.Fatal(err)
		}
		h := fnv.New64a()
		fmt.Fprintf(h, "%d %s", p.heard, text)
		out[i], p.heard = string(text), h.Sum64()
	}
	return out
}

func probe(rng *rand.Rand) candidate.Profile {
	p := candidate.Profile{Residence: prefectures()[rng.IntN(3)], Pay: ptr(300 + rng.IntN(400)), RemoteOK: ptr(rng.IntN(2) == 0)}
	for i := range rng.IntN(3) {
		p.Occupation = append(p.Occupation, candidate.Coded{Code: occupations()[(i+rng.IntN(2))%4], Min: []int{0, 1, 3, 5}[rng.IntN(4)]})
	}
	slices.SortFunc(p.Occupation, func(a, b candidate.Coded) int { return len(a.Code) - len(b.Code) })
	p.Occupation = slices.CompactFunc(p.Occupation, func(a, b candidate.Coded) bool { return a.Code == b.Code })
	for _, code := range skills() {
		if rng.IntN(2) == 0 {
			p.Skill = append(p.Skill, candidate.Coded{Code: code, Min: 1 + rng.IntN(5)})
		}
	}
	for _, code := range prefectures() {
		if rng.IntN(2) == 0 {
			p.WillingPrefecture = append(p.WillingPrefecture, code)
		}
	}
	return p
}

func probedWishes(rng *rand.Rand) condition.Condition {
	c := all()
	if rng.IntN(2) == 0 {
		c.Kids = append(c.Kids, atLeast("pay_max", 300+rng.IntN(600)))
	}
	if rng.IntN(3) == 0 {
		c.Kids = append(c.Kids, in("prefecture", prefectures()[rng.IntN(3)]))
	}
	if rng.IntN(4) == 0 {
		c.Kids = append(c.Kids, in("company", numbered(rng.IntN(16)).String()))
	}
	return c
}

// TestInsightTellsNothingOfPeople: 10,000 questions, each after the answers before
// it, have the same answers before and after somebody has signed up, has taken offers
// and with them the last of budgets, has answered, blocked, edited, and left, on the
// same day; also in a process that has only started since.
func TestInsightTellsNothingOfPeople(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	onStores(t, demo(), func(w *world) {
		w.offering(16)
		for i := range 12 {
			w.someone(i, probed(i))
		}
		w.drain()
		w.nextDay(1)
		w.job("past")
		w.nextDay(1)
		before := (&probing{w: w, m: w.Market}).ask(questions)
		usedUp := w.usedUp()
		added := w.someone(100, probed(100))
		for i := range 3 {
			w.someone(101+i, probed(101+i))
		}
		if n := w.usedUp(); n == usedUp {
			w.Fatalf("%d budgets are used up as before: nothing could have moved", n)
		}
		w.stir(added)
		w.job("past")
		again := w.open()
		for name, m := range map[string]*market.Market{"the same process": w.Market, "another process": again} {
			after := (&probing{w: w, m: m}).ask(questions)
			for i := range before {
				if before[i] != after[i] {
					w.Fatalf("question %d of %s: %s, and after a person was added: %s", i, name, before[i], after[i])
				}
			}
		}
		distinct := slices.Compact(slices.Sorted(slices.Values(before)))
		if told := slices.ContainsFunc(before, func(a string) bool { return strings.Contains(a, `"Past":{`) }); len(distinct) < 50 || !told {
			w.Errorf("only %d different answers, of the past %v: this shows little", len(distinct), told)
		}
	})
}

// usedUp counts the rules whose whole budget is used up.
func (w *world) usedUp() int {
	w.Helper()
	return loaded(w, func(tx market.Tx) (int, error) {
		rules, err := tx.Rules(0, 1000)
		n := 0
		for _, r := range rules {
			_, total, err := tx.Spent(r.Key, 0)
			if err != nil {
				return 0, err
			}
			if total >= r.TotalBudget {
				n++
			}
		}
		return n, err
	})
}

// probed gives the profile of a person in these tests.
func probed(i int) func(*market.SignUp) {
	return func(in *market.SignUp) {
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		in.Profile = probe(rng)
		in.Profile.Occupation = []candidate.Coded{{Code: occupations()[i%4], Min: 3}}
	}
}

// stir does what a person can do on a day.
func (w *world) stir(p person) {
	w.Helper()
	ctx, actor := w.Context(), w.actor(p.token)
	list, _, err := w.OffersTo(ctx, actor, 0, 10)
	if err != nil || len(list) == 0 {
		w.Fatalf("offers: %d, %v", len(list), err)
	}
	if _, err := w.Answer(ctx, actor, list[0].ID, offer.Accept); err != nil {
		w.Fatalf("accept: %v", err)
	}
	w.drain()
	if err := w.Erase(ctx, actor); err != nil {
		w.Fatalf("erase: %v", err)
	}
	w.drain()
}

// TestReturnedBudgetShowsOnTheNextDay: what a reservation took the day before comes
// back in the middle of a day, and is counted from the next one on, in every process
// alike.
func TestReturnedBudgetShowsOnTheNextDay(t *testing.T) {
	onStores(t, market.Options{Mode: market.Auto}, func(w *world) {
		for i := range 6 {
			f := w.firm(i, numbered(i))
			rule := plain()
			rule.TotalBudget, rule.DailyBudget = 1, 1
			w.order(f, w.post(f, publishable()), rule)
		}
		w.drain()
		visitor := market.Visitor{Wishes: all()}
		reach := func(want market.Reach) {
			w.Helper()
			for name, m := range map[string]*market.Market{"this": w.Market, "another": w.open()} {
				found, err := m.Insight(w.Context(), visitor)
				if err != nil || found.Reach != want {
					w.Fatalf("reach in %s process = %+v, %v, want %+v", name, found.Reach, err, want)
				}
			}
		}
		reach(market.Reach{AtLeast: 5})
		w.pass(2 * time.Hour)
		w.someone(1) // reserves the budget of all six
		w.drain()
		reach(market.Reach{AtLeast: 5})
		w.nextDay(1)
		reach(market.Reach{})
		w.pass(6 * time.Hour) // 24 hours after signing up
		w.drain()
		for _, o := range readRows(w, w.records.Store).offers {
			if o.State != offer.Lapsed {
				w.Fatalf("a reservation of the day before is %s", o.State)
			}
		}
		reach(market.Reach{})
		w.nextDay(1)
		reach(market.Reach{AtLeast: 5})
	})
}

// TestBestEditIsExact compares the best edit with what asking again gives.
func TestBestEditIsExact(t *testing.T) {
	w := newWorld(t, market.NewMemory(), demo())
	for i := range 30 {
		f := w.firm(i, numbered(i))
		rule := plain()
		terms := publishable()
		terms.PayMax, terms.Prefecture = ptr(500), []string{"13"}
		switch {
		case i < 12:
			rule.Must = all(inAt("skill", 2, "excel"))
		case i < 18:
			rule.Must = all(is("remote_ok", true))
		case i < 25:
			terms.Prefecture = []string{"08"}
		}
		w.order(f, w.post(f, terms), rule)
	}
	w.drain()
	ask := func(v market.Visitor) market.Insight {
		found, err := w.Insight(w.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	v := market.Visitor{Wishes: all(in("prefecture", "13"))}
	found := ask(v)
	want := &market.Edit{To: condition.Condition{Op: condition.In, Field: "skill", In: []string{"excel"}, Min: ptr(2)}, Gain: market.Reach{AtLeast: 10}}
	if diff := cmp.Diff(want, found.Edit); diff != "" {
		t.Errorf("the best edit (-want +got):\n%s", diff)
	}
	v.Profile.Skill = []candidate.Coded{{Code: "excel", Min: 3}}
	found = ask(v)
	want = &market.Edit{
		Wish: true, From: in("prefecture", "13"), To: in("prefecture", "13", "08"), Gain: market.Reach{AtLeast: 5},
	}
	if diff := cmp.Diff(want, found.Edit); diff != "" {
		t.Errorf("the next best edit (-want +got):\n%s", diff)
	}
	v.Wishes = want.To
	v.Profile.RemoteOK = ptr(true)
	if found = ask(v); found.Edit != nil || found.Reach.AtLeast != 30 {
		t.Errorf("with all edits: %+v, %+v", found.Edit, found.Reach)
	}
}

// TestExamplesNameNobody: three offers of different companies, the same all day, from
// five companies on.
func TestExamplesNameNobody(t *testing.T) {
	w := newWorld(t, market.NewMemory(), demo())
	ask := func() market.Insight {
		w.drain()
		found, err := w.Insight(w.Context(), market.Visitor{Wishes: all()})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for i := range 8 {
		f := w.firm(i, numbered(i))
		for range 2 {
			terms := publishable()
			terms.PayMin, terms.PayMax, terms.Prefecture = ptr(433+i*10), ptr(555+i*10), []string{"08", "09", "13", "14"}
			w.order(f, w.post(f, terms), plain())
		}
		if found := ask(); i < 4 && (found.Examples != nil || found.Pay != nil) {
			t.Fatalf("examples of %d companies: %+v", i+1, found)
		}
	}
	found := ask()
	if len(found.Examples) != 3 {
		t.Fatalf("%d examples, want 3", len(found.Examples))
	}
	seen := map[int]bool{}
	for _, e := range found.Examples {
		seen[*e.PayMin] = true
		if *e.PayMin%10 != 0 || *e.PayMax%10 != 0 || len(e.Prefecture) != 3 || e.Kind != "interview" || e.CompanySize != 2 {
			t.Errorf("example %+v", e)
		}
	}
	if len(seen) != 3 {
		t.Errorf("examples of %d companies, want 3: %+v", len(seen), found.Examples)
	}
	if diff := cmp.Diff(found, ask()); diff != "" {
		t.Errorf("asked again on the same day:\n%s", diff)
	}
	days := map[string]bool{}
	for range 10 {
		w.nextDay(1)
		text, err := json.Marshal(ask().Examples)
		if err != nil {
			t.Fatal(err)
		}
		days[string(text)] = true
	}
	if len(days) < 3 {
		t.Errorf("%d different draws on ten days", len(days))
	}
}
