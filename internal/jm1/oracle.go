package jm1

import (
	"cmp"
	"math/bits"
	"slices"
)

// schema tells tags from numbers in a record.
type schema []field

// firstNumber gives the number of the first field of numbers.
func (s schema) firstNumber() int {
	return slices.IndexFunc(s, func(f field) bool { return f.values == 0 })
}

// holds reports whether a clause holds on a record whose numbers begin at
// field first.
func (c *Clause) holds(r *Record, first int) bool {
	if c.Field >= first {
		n := r.Nums[c.Field-first]
		return c.Lo <= n && n <= c.Hi
	}
	for _, t := range r.Tags[c.Field] {
		if t.Level >= c.Level && slices.Contains(c.Values, t.Value) {
			return !c.Not
		}
	}
	return c.Not
}

func all(clauses []Clause, r *Record, first int) bool {
	for i := range clauses {
		if !clauses[i].holds(r, first) {
			return false
		}
	}
	return true
}

func (r Rule) holds(c *Record) bool {
	for _, clauses := range r {
		if all(clauses, c, pay) {
			return true
		}
	}
	return false
}

// answer is what a search must give.
type answer struct {
	count  int
	facets [facetFields][]int // by value
	gains  []int
	top    []int64
}

// facetFields are the first fields of a profile, all with facets.
const facetFields = 9

// topHits is how many hits a search asks for, facetTop how many values a facet.
const (
	topHits  = 20
	facetTop = 50
)

// search answers by looking at every candidate; ids ascend.
func search(ids []int64, candidates []Record, r Rule) answer {
	var a answer
	for f, field := range profileFields()[:facetFields] {
		a.facets[f] = make([]int, field.values)
	}
	groups := r.groups()
	a.gains = make([]int, 1)
	if len(r) == 1 {
		a.gains = make([]int, len(r[0]))
	}
	var hits []int
	for i := range candidates {
		c := &candidates[i]
		failed := r.failed(c)
		switch bits.OnesCount64(failed) {
		case 0:
			hits = append(hits, i)
		case 1:
			a.gains[bits.TrailingZeros64(failed)]++
		}
		for f := range a.facets {
			if failed&^groups[f] == 0 {
				for _, t := range c.Tags[f] {
					a.facets[f][t.Value]++
				}
			}
		}
	}
	a.count = len(hits)
	slices.SortFunc(hits, func(i, j int) int {
		a, b := &candidates[i], &candidates[j]
		return cmp.Or(
			cmp.Compare(a.Nums[lastLogin-pay], b.Nums[lastLogin-pay]), cmp.Compare(b.Nums[0], a.Nums[0]), cmp.Compare(i, j))
	})
	for _, i := range hits[:min(len(hits), topHits)] {
		a.top = append(a.top, ids[i])
	}
	return a
}

// failed gives the clauses of the search that a candidate fails, as a set; a
// rule of several conjunctions is one clause. Three failures are enough to
// belong to no count: only the two clauses on skills share a field.
func (r Rule) failed(c *Record) uint64 {
	if len(r) != 1 {
		if r.holds(c) {
			return 0
		}
		return 1
	}
	failed, n := uint64(0), 0
	for i := range r[0] {
		if !r[0][i].holds(c, pay) {
			failed |= 1 << i
			if n++; n == 3 {
				break
			}
		}
	}
	return failed
}

// groups gives, for each facet field, the clauses that are its own group.
func (r Rule) groups() [facetFields]uint64 {
	var groups [facetFields]uint64
	if len(r) != 1 {
		return groups
	}
	for i, c := range r[0] {
		if c.Field < facetFields && !c.Not {
			groups[c.Field] |= 1 << i
		}
	}
	return groups
}
