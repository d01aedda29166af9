package market_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/taxonomy"
)

// tallied is what the oracle finds about one person in the rows.
type tallied struct {
	cells []string // the narrowest first
	market.Recipient
}

// naivePast counts, from the rows alone, what everybody received in the 180 days up to
// one.
func (w *world) naivePast(until day.Day) map[int64]tallied {
	w.Helper()
	all := readRows(w, w.records.Store)
	out := map[int64]tallied{}
	for key, c := range all.candidates {
		p := tallied{cells: naiveCellsOf(c.Profile), Recipient: market.Recipient{Candidate: key}}
		companies, occupations := map[int64]bool{}, map[string]bool{}
		for _, o := range all.offers {
			if o.Candidate != key || o.SentDay > until || o.SentDay <= until-180 || !c.Confirmed ||
				o.State == offer.Proposed || o.State == offer.Reserved || o.State == offer.Lapsed {
				continue
			}
			terms := loaded(w, func(tx market.Tx) (int, error) {
				t, err := tx.Terms(o.Position, o.PositionVersion)
				occupations[t.Occupation] = true
				return *t.PayMax, err
			})
			companies[o.Company], p.Pay = true, max(p.Pay, terms)
		}
		for k := range companies {
			p.Companies = append(p.Companies, k)
		}
		for code := range occupations {
			p.Occupations = append(p.Occupations, code)
		}
		slices.Sort(p.Companies)
		slices.Sort(p.Occupations)
		if p.Pay > 0 {
			out[key] = p
		}
	}
	return out
}

func naiveCellsOf(p candidate.Profile) []string {
	best := -1
	for i, o := range p.Occupation {
		if best < 0 || o.Min > p.Occupation[best].Min {
			best = i
		}
	}
	if best < 0 {
		return []string{""}
	}
	years := p.Occupation[best].Min
	if p.ExperienceYears != nil {
		years = *p.ExperienceYears
	}
	band := 0
	if years >= 3 {
		band = 1
	}
	if years >= 7 {
		band = 2
	}
	if years >= 15 {
		band = 3
	}
	group := p.Occupation[best].Code[:2]
	cells := []string{fmt.Sprintf("%s/%d", group, band), group, ""}
	if home, ok := taxonomy.Of(taxonomy.Prefecture).Find(p.Residence); ok {
		cells = append([]string{cells[0] + "/" + home.Parent}, cells...)
	}
	return cells
}

// TestEditionsPassTheRules makes editions of the past on ten consecutive days in which
// people come, edit, and leave. Each cell that is shown has five people or more, from
// three companies or more; what is left of the next wider one is nobody or five or more;
// and so is who changed in it since the day before. What is tallied of each person is
// what the rows said of them on one of the days.
func TestEditionsPassTheRules(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	onStores(t, demo(), func(w *world) {
		rng := rand.New(rand.NewPCG(3, 4))
		for i := range 6 {
			f := w.firm(i, numbered(i))
			terms := publishable()
			terms.PayMax, terms.Occupation = ptr(500+25*i), occupations()[i%4]
			w.order(f, w.post(f, terms), plain())
		}
		w.drain()
		var people []person
		said := map[int64][]tallied{} // by person, on each day
		var last map[int64]tallied    // as the edition before counts them
		days := 10
		if far(w.Name()) {
			days = 4
		}
		for d := range days {
			for i := range 8 + 30*boolInt(d == 0) {
				people = append(people, w.someone(1000*d+i, aimed(rng)))
			}
			for range 6 * boolInt(d > 0) {
				i := rng.IntN(len(people))
				w.editOrLeave(rng, &people, i)
			}
			w.drain()
			w.nextDay(1)
			naive := w.naivePast(day.Of(w.Now()) - 1)
			for key, p := range naive {
				said[key] = append(said[key], p)
			}
			w.job("past")
			is := w.countedNow(said)
			w.checkCells(last, is)
			if d == 0 {
				w.checkFirst(naive)
			}
			last = is
		}
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// aimed gives a person in one of a few cells.
func aimed(rng *rand.Rand) func(*market.SignUp) {
	return func(in *market.SignUp) {
		in.Profile = candidate.Profile{
			Occupation: []candidate.Coded{{Code: []string{"0101", "0101", "0201"}[rng.IntN(3)], Min: []int{0, 3}[rng.IntN(2)]}},
			Residence:  []string{"13", "13", "27"}[rng.IntN(3)],
		}
	}
}

func (w *world) editOrLeave(rng *rand.Rand, people *[]person, i int) {
	w.Helper()
	ctx, actor := w.Context(), w.actor((*people)[i].token)
	if rng.IntN(2) == 0 {
		if err := w.Erase(ctx, actor); err != nil {
			w.Fatal(err)
		}
		*people = slices.Delete(*people, i, i+1)
		return
	}
	var in market.SignUp
	aimed(rng)(&in)
	c, err := w.Candidate(ctx, actor)
	if err == nil {
		_, err = w.SetProfile(ctx, actor, c.Version, in.Profile)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// countedNow gives whom the newest edition counts, each as the rows said on some day.
func (w *world) countedNow(said map[int64][]tallied) map[int64]tallied {
	w.Helper()
	out := map[int64]tallied{}
	for _, a := range loaded(w, market.Tx.PastAtoms) {
		for _, p := range a.People {
			cell := strings.TrimSuffix(a.Name, "*")
			i := slices.IndexFunc(said[p.Candidate], func(c tallied) bool {
				return slices.Contains(c.cells, cell) && cmp.Equal(c.Recipient, p)
			})
			if i < 0 {
				w.Fatalf("%q counts %+v, whom the rows never said so: %+v", a.Name, p, said[p.Candidate])
			}
			at := slices.Index(said[p.Candidate][i].cells, cell)
			out[p.Candidate] = tallied{said[p.Candidate][i].cells[at:], p}
		}
	}
	return out
}

// checkCells recounts every cell that the newest edition shows.
func (w *world) checkCells(last, is map[int64]tallied) {
	w.Helper()
	members := func(of map[int64]tallied, cell string) map[int64]market.Recipient {
		out := map[int64]market.Recipient{}
		for key, p := range of {
			if slices.Contains(p.cells, cell) {
				out[key] = p.Recipient
			}
		}
		return out
	}
	newest := loaded(w, market.Tx.Editions)[0]
	cells := loaded(w, func(tx market.Tx) ([]market.PastCell, error) { return tx.PastCells(newest.From) })
	if len(cells) == 0 {
		w.Fatal("nothing is shown")
	}
	for _, c := range cells {
		people, companies := members(is, c.Name), map[int64]bool{}
		for _, p := range people {
			for _, k := range p.Companies {
				companies[k] = true
			}
		}
		if c.People != len(people) || c.Companies != len(companies) || c.People < 5 || c.Companies < 3 {
			w.Errorf("cell %q says %d people and %d companies, and has %d and %d", c.Name, c.People, c.Companies, len(people), len(companies))
		}
		if c.Name != "" {
			wider := c.Name[:max(0, strings.LastIndexByte(c.Name, '/'))]
			if rest := len(members(is, wider)) - len(people); rest > 0 && rest < 5 {
				w.Errorf("%d people are in %q and not in %q", rest, wider, c.Name)
			}
		}
		changed := 0
		before := members(last, c.Name)
		for key, p := range people {
			if was, ok := before[key]; !ok || !cmp.Equal(p, was) {
				changed++
			}
		}
		for key := range before {
			if _, ok := people[key]; !ok {
				changed++
			}
		}
		if changed > 0 && changed < 5 {
			w.Errorf("%d people changed in %q since the day before", changed, c.Name)
		}
	}
}

// checkFirst compares the first edition with the rows: nobody has to wait in it for
// others but those who are too few everywhere.
func (w *world) checkFirst(naive map[int64]tallied) {
	w.Helper()
	n := map[string]int{}
	for _, p := range naive {
		n[p.cells[0]]++
	}
	newest := loaded(w, market.Tx.Editions)[0]
	for _, c := range loaded(w, func(tx market.Tx) ([]market.PastCell, error) { return tx.PastCells(newest.From) }) {
		if strings.Count(c.Name, "/") == 2 && c.People != n[c.Name] {
			w.Errorf("the first edition counts %d people in %q, the rows %d", c.People, c.Name, n[c.Name])
		}
	}
}

// TestThePastChangesOnceADay: the first edition is shown at once, each later one from
// the day after it was made, and a second run makes none.
func TestThePastChangesOnceADay(t *testing.T) {
	w := newWorld(t, market.NewMemory(), demo())
	for i := range 4 {
		f := w.firm(i, numbered(i))
		w.order(f, w.post(f, publishable()), plain())
	}
	past := func() *market.Past {
		t.Helper()
		found, err := w.Insight(w.Context(), market.Visitor{Wishes: all()})
		if err != nil {
			t.Fatal(err)
		}
		return found.Past
	}
	add := func(from, n int) {
		for i := range n {
			w.someone(from + i)
		}
		w.drain()
	}
	add(0, 6)
	w.job("past")
	if p := past(); p != nil {
		t.Fatalf("the past on the first day: %+v", p)
	}
	w.nextDay(1)
	add(100, 5)
	w.job("past") // of the day before
	w.nextDay(1)
	first := past()
	if first == nil || first.People != 6 || first.Until != day.Of(w.Now())-2 {
		t.Fatalf("the past after two days: %+v", first)
	}
	w.job("past")
	w.job("past")
	if diff := cmp.Diff(first, past()); diff != "" {
		t.Errorf("the past changed within a day:\n%s", diff)
	}
	w.nextDay(1)
	if p := past(); p == nil || p.People != 11 || p.Until != day.Of(w.Now())-2 {
		t.Errorf("the past a day later: %+v, want 11 people", p)
	}
}
