//go:build !race

package engine

import "testing"

// pairsWanted is how many pairs of a record and a condition the differential
// test compares.
const pairsWanted = 10_000_000

// TestFewAllocations holds questions to the memory of their answers: sets and
// tables are kept between questions. The race detector makes pools forget.
func TestFewAllocations(t *testing.T) {
	r := newRandom(5)
	p := newPair(t, r, segmentRows, 5000)
	p.apply(t, 6000)
	v := p.real.View()
	doc := r.doc(&p.conds)
	q := Question{Doc: doc, Cond: Cond{Op: Any}}
	v.Match(q)
	if n := testing.AllocsPerRun(50, func() { v.Match(q) }); n > 0 {
		t.Errorf("Match that finds nothing allocates %v times", n)
	}
	q.Cond = Cond{}
	if found := v.Match(q); len(found) == 0 {
		t.Fatal("nothing found")
	}
	if n := testing.AllocsPerRun(50, func() { v.Match(q) }); n > float64(len(v.parts)) {
		t.Errorf("Match allocates %v times in %d parts", n, len(v.parts))
	}
}
