package demo

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"enishi/internal/census"
)

// grown is a market of many people, drawn once for the tests that only read it.
var grown = sync.OnceValues(func() (*world, error) {
	return newWorld(Options{Candidates: 80_000, Companies: 50, Rules: 50, Seed: 1, Today: today})
})

func crowded(t *testing.T) *world {
	t.Helper()
	alone(t)
	w, err := grown()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// How many people there are in an occupation of the census is its share of all
// workers: to within one person for each code that is drawn from it. Those that
// share a code count together.
func TestOccupationsHaveTheCensusShare(t *testing.T) {
	w := crowded(t)
	parent := map[string]string{} // of each occupation of the census, one that it shares a code with
	var root func(string) string
	root = func(name string) string {
		if up, ok := parent[name]; ok && up != name {
			return root(up)
		}
		return name
	}
	codes, people, workers, all := map[string]int{}, map[string]int{}, map[string]float64{}, 0.0
	for _, o := range w.occupations {
		for _, c := range o.drawn[1:] {
			parent[root(c.Name)] = root(o.drawn[0].Name)
		}
	}
	for _, o := range w.occupations {
		codes[root(o.drawn[0].Name)]++
	}
	for _, p := range w.persons {
		people[root(p.occupation.drawn[0].Name)]++
	}
	for _, c := range census.Survey() {
		workers[root(c.Name)] += c.All()
		all += c.All()
	}
	if len(codes) < 120 || len(codes) != len(workers) {
		t.Fatalf("%d groups of occupations with codes, %d with workers, want as many and 120 or more", len(codes), len(workers))
	}
	for name, n := range workers {
		want := float64(len(w.persons)) * n / all
		if math.Abs(float64(people[name])-want) > float64(codes[name]) {
			t.Errorf("%s: %d people, want %.1f within %d", name, people[name], want, codes[name])
		}
	}
}

// cells are the pays of people by a key.
type cells map[string][]float64

func (c cells) add(key string, pay float64) { c[key] = append(c[key], pay) }

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// Within an occupation, the median of an age band stands to the median of all
// as the census's mean of the band stands to its mean of all.
//
// The pay of n people, whose logarithms spread by about 0.35 within a band, has
// a median that is off by 1.25 x 0.35 / sqrt(n): 3 % at 200, and 9 % are three
// of these. Means stand for medians in the census, and the bonus of the young is
// smaller than their share of pay: eight more are left for that.
func TestPayFollowsAgeAsInTheCensus(t *testing.T) {
	w := crowded(t)
	const least, tolerance = 200, 0.17
	byOccupation, byAge := cells{}, cells{}
	expected := map[string]float64{}
	for _, p := range w.persons {
		c := p.occupation.census
		byOccupation.add(c.Name, float64(p.pay))
		key := fmt.Sprintf("%s at %d and more", c.Name, 15+5*band(p.age))
		byAge.add(key, float64(p.pay))
		mean, n := 0.0, 0.0
		for b := range bands {
			mean += c.Annual[b] * c.Workers[b]
			n += c.Workers[b]
		}
		expected[key] = c.Annual[band(p.age)] / (mean / n)
	}
	checked := 0
	for key, pay := range byAge {
		if len(pay) < least {
			continue
		}
		checked++
		name, _, _ := strings.Cut(key, " at ")
		got, want := median(pay)/median(byOccupation[name]), expected[key]
		if d := math.Log(got / want); math.Abs(d) > tolerance {
			t.Errorf("%s: pay is %.2f of the occupation's, want %.2f (%+.0f %%, %d people)", key, got, want, 100*d, len(pay))
		}
	}
	if checked < 80 {
		t.Errorf("only %d age bands of occupations have %d people", checked, least)
	}
}

// Within a major group of the census, the median of a prefecture stands to the
// median of all as the census says. A prefecture's people differ in occupation
// and age as well: 400 are asked for, of whom the median, with logarithms that
// spread by about 0.45, is off by 2.8 %; 10 % are nearly four of these.
func TestPayFollowsThePrefectureAsInTheCensus(t *testing.T) {
	w := crowded(t)
	const least, tolerance = 400, 0.10
	nation, here := cells{}, cells{}
	figures := map[string]float64{} // sum of the census's means over the people of a group
	for _, p := range w.persons {
		major := census.Majors()[p.occupation.census.Major]
		nation.add(major, float64(p.pay))
		here.add(major+" "+w.prefectures[p.home].code, float64(p.pay))
		figures[major] += w.prefectures[p.home].pay[p.occupation.census.Major]
	}
	checked, prefectures := 0, map[string]bool{}
	for key, pay := range here {
		if len(pay) < least {
			continue
		}
		checked++
		major, code, _ := strings.Cut(key, " ")
		prefectures[code] = true
		at := slices.IndexFunc(w.prefectures, func(p prefecture) bool { return p.code == code })
		i := slices.Index(census.Majors(), major)
		got, want := median(pay)/median(nation[major]), w.prefectures[at].pay[i]*float64(len(nation[major]))/figures[major]
		if d := math.Log(got / want); math.Abs(d) > tolerance {
			t.Errorf("%s in %s: pay is %.2f of the nation's, want %.2f (%+.0f %%, %d people)", major, w.prefectures[at].name, got, want, 100*d, len(pay))
		}
	}
	if checked < 25 || len(prefectures) < 9 {
		t.Errorf("only %d cells of %d prefectures have %d people", checked, len(prefectures), least)
	}
}

// How old people are in an occupation is what the census says, to within one
// person for each age band; where a licence or a post takes an age, the bands
// below it are empty and the rest keep their proportions.
func TestAgesAreThoseOfTheCensus(t *testing.T) {
	w := crowded(t)
	people, byAge := map[*occupation]int{}, map[*occupation]*[bands]int{}
	for _, p := range w.persons {
		o := p.occupation
		if people[o]++; byAge[o] == nil {
			byAge[o] = &[bands]int{}
		}
		byAge[o][band(p.age)]++
	}
	for o, got := range byAge {
		weights, all := o.census.Workers, 0.0
		for b := range weights {
			if 19+5*b < o.licence.age+1 {
				weights[b] = 0
			}
			all += weights[b]
		}
		for b, n := range got {
			if want := float64(people[o]) * weights[b] / all; math.Abs(float64(n)-want) > 1 {
				t.Errorf("%s: %d people of %d to %d years, want %.1f", o.name, n, 15+5*b, 19+5*b, want)
			}
		}
	}
	if len(byAge) < 300 {
		t.Errorf("only %d occupations have people", len(byAge))
	}
}
