package engine

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// pair is a population and its measure, fed the same changes.
type pair struct {
	*random
	docs, conds Schema
	real        *Population
	naive       *Naive
	ids         int64 // ids are below it
	version     int64
}

func newPair(t testing.TB, r *random, limit int, ids int64) *pair {
	p := &pair{random: r, docs: r.schema(), conds: r.schema(), ids: ids}
	var err error
	if p.real, err = newPopulation(p.docs, p.conds, limit); err != nil {
		t.Fatal(err)
	}
	if p.naive, err = NewNaive(p.docs, p.conds); err != nil {
		t.Fatal(err)
	}
	return p
}

// apply gives both the same n random changes.
func (p *pair) apply(t testing.TB, n int) {
	t.Helper()
	changes := make([]Change, n)
	for i := range changes {
		p.version++
		ch := Change{Entry: Entry{ID: p.Int64N(p.ids)}, Version: p.version}
		if p.chance(.1) {
			p.note("stale version")
			ch.Version = p.Int64N(p.version)
		}
		switch _, known := p.naive.entries[ch.Entry.ID]; {
		case p.chance(.2):
			ch.Delete = true
			p.note("delete")
		case known:
			p.note("update")
		}
		if !ch.Delete {
			ch.Entry.Doc, ch.Entry.Cond = p.doc(&p.docs), p.cond(&p.conds)
		}
		changes[i] = ch
	}
	if err := p.real.Apply(changes); err != nil {
		t.Fatalf("Apply: %v", err)
	}
	if err := p.naive.Apply(changes); err != nil {
		t.Fatalf("naive Apply: %v", err)
	}
}

var equate = cmp.Options{cmpopts.EquateEmpty()}

// ask compares the answers to one random question of each kind, and gives the
// number of pairs of a record and a condition behind them.
func (p *pair) ask(t testing.TB, v *View) int {
	t.Helper()
	if v.Len() != p.naive.Len() {
		t.Fatalf("Len() = %d, want %d", v.Len(), p.naive.Len())
	}
	q := p.question(&p.docs, &p.conds)
	got, want := v.Match(q), p.naive.Match(q)
	if d := cmp.Diff(want, got, equate); d != "" {
		t.Fatalf("Match(%+v) (-want +got):\n%s", q, d)
	}
	if len(want) > 0 {
		p.note("match found")
	}
	if p.chance(.05) {
		p.askNear(t, v, q)
	}
	if p.chance(.2) {
		p.askSearch(t, v)
	}
	id := p.Int64N(p.ids)
	doc, ok := v.Find(id)
	wantDoc, wantOK := p.naive.Find(id)
	if d := cmp.Diff(wantDoc, doc, equate); ok != wantOK || d != "" {
		t.Fatalf("Find(%d) = %v, want %v (-want +got):\n%s", id, ok, wantOK, d)
	}
	return 2 * v.Len()
}

func (p *pair) askNear(t testing.TB, v *View, q Question) {
	t.Helper()
	got, want := v.NearMisses(q), p.naive.NearMisses(q)
	if d := cmp.Diff(want, got, equate); d != "" {
		t.Fatalf("NearMisses(%+v) (-want +got):\n%s", q, d)
	}
	for _, m := range want {
		if m.Asked {
			p.note("near miss of the question")
		} else {
			p.note("near miss of an entry")
		}
	}
}

func (p *pair) askSearch(t testing.TB, v *View) {
	t.Helper()
	q := p.query(&p.docs, p.ids)
	for page := range 3 {
		got, err := v.Search(q)
		if err != nil {
			t.Fatalf("Search(%+v): %v", q, err)
		}
		want, err := p.naive.Search(q)
		if err != nil {
			t.Fatalf("naive Search(%+v): %v", q, err)
		}
		if d := cmp.Diff(want, got, equate); d != "" {
			t.Fatalf("Search(%+v) (-want +got):\n%s", q, d)
		}
		for _, i := range want.Impact {
			if i.Gain > 0 {
				p.note("impact")
			}
		}
		if page > 0 {
			p.note("next page")
		}
		if len(want.Top) == 0 || p.chance(.5) {
			return
		}
		q.After = &want.Top[len(want.Top)-1]
	}
}

// wanted are the features that the differential test must reach.
var wanted = []string{
	"field of numbers", "wide number", "open field", "greatest open value", "hierarchy", "flat closed field",
	"empty document", "missing value", "condition without clauses", "any tree", "disjunction of conjunctions",
	"wide disjunction", "leaf at the root", "conjunction", "not of a leaf", "union on one field", "same clause twice",
	"many clauses on one field", "all of nothing", "any of nothing", "inner node under all", "inner node under any",
	"inner node under not", "leaf with a level", "leaf without values", "range open at both ends",
	"range open at one end", "empty range", "ids excepted", "within", "ids", "leaf on ids", "order by weights",
	"facet with a group of its own", "facets of a level", "stale version", "delete", "update", "match found", "near miss of the question",
	"near miss of an entry", "impact", "next page", "old view", "set of rows", "set of lanes", "mark", "several segments",
	"several blocks", "many values", "dense table", "sparse table",
}

func TestAgainstNaive(t *testing.T) {
	most := pairsWanted
	if testing.Short() {
		most = 200_000
	}
	pairs, reached := 0, map[string]int{}
	// The widest population, seed 19, is among the first.
	for seed := uint64(15); pairs < most; seed++ {
		r := newRandom(seed)
		limit := []int{100, 128, 500, 3000, segmentRows}[seed%5]
		n := []int{60, 700, 2500, 6000}[seed%4]
		if seed%20 == 19 {
			r.wide, n = true, 12_000
		}
		p := newPair(t, r, limit, int64(n+n/4))
		for p.naive.Len() < n/2 {
			p.apply(t, 1+r.IntN(n))
		}
		for round := range 6 {
			p.apply(t, 1+r.IntN(20+round*n/20))
			v := p.real.View()
			for range 12 {
				pairs += p.ask(t, v)
			}
		}
		pairs += p.askOld(t)
		p.noteShapes()
		for feature, times := range r.reached {
			reached[feature] += times
		}
	}
	t.Logf("%d pairs compared", pairs)
	for _, feature := range slices.Sorted(maps.Keys(reached)) {
		t.Logf("%9d  %s", reached[feature], feature)
	}
	for _, feature := range wanted {
		if reached[feature] == 0 && !testing.Short() {
			t.Errorf("never reached: %s", feature)
		}
	}
}

// askOld checks that a view does not move when changes follow.
func (p *pair) askOld(t testing.TB) int {
	old, entries := p.real.View(), maps.Clone(p.naive.entries)
	p.apply(t, 300)
	p.apply(t, 5)
	p.naive.entries = entries
	p.note("old view")
	return p.ask(t, old)
}

// noteShapes notes which ways of keeping rows the population has come to use.
func (p *pair) noteShapes() {
	parts := p.real.View().parts
	if len(parts) > 1 {
		p.note("several segments")
	}
	for i := range parts {
		p.noteTables(&parts[i].index.posts, "set of rows")
		v := parts[i].reverse
		if v == nil {
			continue
		}
		if len(v.blocks) > 1 {
			p.note("several blocks")
		}
		for b := range v.blocks {
			p.noteTables(&v.blocks[b].posts, "set of lanes")
			for _, bound := range v.blocks[b].bounds {
				if len(bound.lo.marks) > 0 {
					p.note("mark")
				}
			}
		}
	}
}

func (p *pair) noteTables(posts *postings, set string) {
	if len(posts.sets) > 0 {
		p.note(set)
	}
	if posts.keys == nil {
		p.note("dense table")
	} else {
		p.note("sparse table")
	}
}

// FuzzAgainstNaive lets the fuzzer choose the seed and the sizes.
func FuzzAgainstNaive(f *testing.F) {
	f.Add(uint64(1), uint16(40), uint16(3))
	f.Add(uint64(7), uint16(300), uint16(100))
	f.Fuzz(func(t *testing.T, seed uint64, n, more uint16) {
		p := newPair(t, newRandom(seed), 128, int64(n%400)+1)
		p.apply(t, int(n%400)+1)
		p.apply(t, int(more%400))
		for range 5 {
			p.ask(t, p.real.View())
		}
	})
}
