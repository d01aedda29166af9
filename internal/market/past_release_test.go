package market

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/candidate"
)

// crowd draws people in cells of very different sizes, as they are on a day: most
// are as on the day before.
func crowd(rng *rand.Rand, before []situated, most int) []situated {
	var out []situated
	for i := range most {
		key := int64(i + 1)
		if at := slices.IndexFunc(before, func(p situated) bool { return p.Candidate == key }); at >= 0 && rng.IntN(100) < 90 {
			out = append(out, before[at])
			continue
		}
		if rng.IntN(10) == 0 {
			continue // left, or not there yet
		}
		group := []string{"01", "01", "01", "01", "02", "03"}[rng.IntN(6)]
		cell := fmt.Sprintf("%s/%d/r-%d", group, rng.IntN(2)*rng.IntN(2), rng.IntN(3)*rng.IntN(3))
		switch rng.IntN(12) {
		case 0:
			cell = cell[:strings.LastIndexByte(cell, '/')]
		case 1:
			cell = ""
		}
		p := situated{cellsAround(cell), Recipient{Candidate: key, Pay: 300 + 10*rng.IntN(50)}}
		for range 1 + rng.IntN(3) {
			p.Companies = append(p.Companies, int64(rng.IntN(6)))
			p.Occupations = append(p.Occupations, fmt.Sprint("010", rng.IntN(4)))
		}
		p.Companies = distinct(p.Companies)
		slices.Sort(p.Occupations)
		p.Occupations = slices.Compact(p.Occupations)
		out = append(out, p)
	}
	return out
}

// naiveCells recomputes, person by person, who is counted in which cell.
func naiveCells(people map[int64]placed) map[string]map[int64]placed {
	out := map[string]map[int64]placed{}
	for key, p := range people {
		cell := strings.TrimSuffix(p.atom, "*")
		for {
			if out[cell] == nil {
				out[cell] = map[int64]placed{}
			}
			out[cell][key] = p
			if cell == "" {
				break
			}
			cell = cell[:max(0, strings.LastIndexByte(cell, '/'))]
		}
	}
	return out
}

// changedIn counts the people by whom what is told of a cell differs.
func changedIn(a, b map[int64]placed) int {
	n := 0
	for key, p := range a {
		if o, ok := b[key]; !ok || !cmp.Equal(p.Recipient, o.Recipient) {
			n++
		}
	}
	for key := range b {
		if _, ok := a[key]; !ok {
			n++
		}
	}
	return n
}

// unsafe says what of two consecutive days' people could tell of fewer than five.
func unsafe(before, after map[int64]placed) []string {
	var out []string
	few := func(n int, what string) {
		if n > 0 && n < 5 {
			out = append(out, fmt.Sprintf("%d people %s", n, what))
		}
	}
	was, is := naiveCells(before), naiveCells(after)
	for cell, people := range is {
		few(len(people), "are in "+cell)
		if cell != "" {
			wider := cell[:max(0, strings.LastIndexByte(cell, '/'))]
			few(len(is[wider])-len(people), "are in "+wider+" and not in "+cell)
		}
		// What the cell does not share with those within it, all told apart.
		rest := maps.Clone(people)
		for inner, list := range is {
			if inner != cell && (cell == "" || strings.HasPrefix(inner, cell+"/")) {
				for key := range list {
					delete(rest, key)
				}
			}
		}
		few(len(rest), "are in "+cell+" and in no cell within it")
	}
	for _, cell := range slices.Sorted(maps.Keys(is)) {
		few(changedIn(was[cell], is[cell]), "changed in "+cell)
	}
	return out
}

// TestNothingIsToldOfFew draws histories of 40 days: each day's cells, and what
// differs from the day before, are of nobody or of five people or more, in every cell
// and in what is left of it without those within it. And what is told catches up.
func TestNothingIsToldOfFew(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	t.Parallel()
	cells, moved, late := 0, 0, 0
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var people []situated
		counted := map[int64]placed{}
		for d := range 40 {
			people = crowd(rng, people, 40+int(seed)*8)
			target := settle(people)
			next := release(counted, target)
			if faults := unsafe(counted, next); len(faults) > 0 {
				t.Fatalf("seed %d, day %d: %s", seed, d, strings.Join(faults, "; "))
			}
			again := release(next, target)
			if diff := changedIn(again, next); diff > 0 {
				t.Fatalf("seed %d, day %d: the same again moves %d people", seed, d, diff)
			}
			moved += changedIn(counted, next)
			late += changedIn(next, target)
			counted = next
			checkTold(t, counted)
			cells += len(tell(counted))
		}
	}
	if cells < 1000 || moved < 1000 {
		t.Errorf("%d cells were told, %d people moved: this shows little", cells, moved)
	}
	if late > moved*5 {
		t.Errorf("%d people moved, and %d days of people were waited: what is told never catches up", moved, late)
	}
}

// checkTold compares what is told with a recount of every cell.
func checkTold(t *testing.T, counted map[int64]placed) {
	t.Helper()
	naive := naiveCells(counted)
	shown := map[string]bool{}
	for _, c := range tell(counted) {
		shown[c.Name] = true
		companies, pay := map[int64]bool{}, []int{}
		for _, p := range naive[c.Name] {
			pay = append(pay, p.Pay)
			for _, k := range p.Companies {
				companies[k] = true
			}
		}
		slices.Sort(pay)
		n := len(pay)
		want := PastCell{Name: c.Name, People: n, Companies: len(companies), Occupations: c.Occupations, Pay: Spread{
			Low: pay[(n-1)/4] / 10 * 10, Median: pay[(n-1)/2] / 10 * 10, High: pay[(n-1)*3/4] / 10 * 10,
		}}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Fatalf("cell %q (-want +got):\n%s", c.Name, diff)
		}
		if n < 5 || len(companies) < 3 {
			t.Fatalf("cell %q is shown with %d people and %d companies", c.Name, n, len(companies))
		}
		for _, code := range c.Occupations {
			with := 0
			for _, p := range naive[c.Name] {
				if slices.Contains(p.Occupations, code) {
					with++
				}
			}
			if with < 5 || n-with > 0 && n-with < 5 {
				t.Fatalf("cell %q names %s, which %d of %d received", c.Name, code, with, n)
			}
		}
	}
}

// TestWhatIsToldCatchesUp: where everybody changes at once, everything is new.
func TestWhatIsToldCatchesUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	first := settle(crowd(rng, nil, 300))
	counted := release(nil, first)
	if diff := cmp.Diff(first, counted, cmp.AllowUnexported(placed{})); diff != "" {
		t.Errorf("the first edition (-want +got):\n%s", diff)
	}
	for key, p := range first {
		p.Pay += 100
		first[key] = p
	}
	if n := changedIn(release(counted, first), first); n != 0 {
		t.Errorf("%d people wait although everybody changed", n)
	}
}

func TestCellsOfAProfile(t *testing.T) {
	years := 8
	held := []candidate.Coded{{Code: "0101", Min: 3}, {Code: "0312", Min: 5}}
	for _, c := range []struct {
		profile candidate.Profile
		want    []string
	}{
		{candidate.Profile{}, []string{""}},
		{candidate.Profile{Residence: "13"}, []string{""}},
		{candidate.Profile{Occupation: held}, []string{"03/1", "03", ""}},
		{candidate.Profile{Occupation: held, Residence: "13", ExperienceYears: &years}, []string{"03/2/r-kanto", "03/2", "03", ""}},
	} {
		if got := cellsOf(&c.profile); !slices.Equal(got, c.want) {
			t.Errorf("cellsOf(%+v) = %q, want %q", c.profile, got, c.want)
		}
	}
}

func TestThePastIsWidened(t *testing.T) {
	cell := func(name string, n int) PastCell { return PastCell{Name: name, People: n, Companies: 9} }
	p := candidate.Profile{Occupation: []candidate.Coded{{Code: "0312", Min: 5}}, Residence: "13"}
	for _, c := range []struct {
		cells   []PastCell
		people  int
		widened []string
	}{
		{nil, 0, nil},
		{[]PastCell{cell("03/1/r-kanto", 30), cell("03/1", 90)}, 30, nil},
		{[]PastCell{cell("03/1/r-kanto", 29), cell("03/1", 90)}, 90, []string{"region"}},
		{[]PastCell{cell("03/1", 12), cell("03", 20)}, 20, []string{"region", "experience"}},
		{[]PastCell{cell("03/1", 12), cell("", 2000)}, 2000, []string{"region", "experience", "occupation"}},
		{[]PastCell{cell("02/1", 99), cell("03/1/r-kinki", 99)}, 0, nil},
	} {
		cells := map[string]PastCell{}
		for _, k := range c.cells {
			cells[k.Name] = k
		}
		got := pastOf(&p, cells, 1)
		if c.people == 0 && got == nil {
			continue
		}
		if got == nil || got.People != c.people || !slices.Equal(got.Widened, c.widened) {
			t.Errorf("pastOf(%v) = %+v, want %d people, widened by %q", c.cells, got, c.people, c.widened)
		}
	}
}
