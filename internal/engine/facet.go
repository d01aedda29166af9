package engine

import (
	"math"
	"math/bits"
	"slices"
)

// What counting costs, in nanoseconds, as measured on one core: it decides only
// which of two ways to the same counts is taken.
const (
	costRow   = 8    // to reach a row
	costTag   = 1    // to read one of its tags
	costEntry = 1    // to test a row of a list
	costValue = 4    // to look a value up
	costSet   = 0.35 // to intersect a word of a set
)

// facets adds to the tally, for each field, its values of the rows in hits
// and, if it has a group, of those that fail this group alone.
func (s *search) facets(hits, once, spare []uint64) {
	for _, f := range s.fields {
		set := hits
		if f.unit >= 0 {
			set = spare
			passed := s.units[f.unit].passed[:len(set)]
			for w := range set {
				set[w] = hits[w] | once[w]&^passed[w]
			}
		}
		s.countField(f.field, set)
	}
}

// countField adds one field's values of the rows in set, row by row or value
// by value.
func (s *search) countField(field uint16, set []uint64) {
	f, n := &s.seg.rows.fields[field], float64(count(set))
	if f.size() == 0 {
		return
	}
	level := max(s.q.FacetLevel, 1)
	if level > s.docs.schema.Fields[field].Levels {
		return
	}
	tally := s.tally[s.docs.first[field]:s.docs.first[field+1]]
	tags := float64(f.size()) / float64(len(s.seg.rows.ids))
	if n*(costRow+tags*costTag) > s.listCost(field) {
		s.countLists(field, uint32(level), set, tally)
	} else {
		f.tally(set, uint32(level), tally)
	}
}

// listCost estimates what countLists takes; too much where few values have
// rows.
func (s *search) listCost(field uint16) float64 {
	x := &s.seg.index
	if x.posts.keys != nil {
		return math.Inf(1)
	}
	sp := &x.spaces[x.space[field]]
	return float64(sp.values)*costValue + float64(sp.listed)*costEntry + float64(sp.sets*x.posts.words)*costSet
}

// countLists adds a field's values of the rows in set that have them at a level or
// higher, value by value.
func (s *search) countLists(field uint16, level uint32, set []uint64, tally []uint32) {
	x := &s.seg.index
	sp := &x.spaces[x.space[field]]
	all := (*[fullWords]uint64)(set[:fullWords])
	whole := count(set) == len(s.seg.rows.ids)
	for v := range tally {
		has, list := x.posts.above(sp.base+uint32(v)*sp.levels, level, sp.levels)
		n := uint64(len(list))
		if !whole {
			n = 0
			for _, row := range list {
				n += all[row>>6] >> (row & 63) & 1
			}
		}
		for w, word := range has {
			n += uint64(bits.OnesCount64(word & all[w]))
		}
		tally[v] += uint32(n)
	}
}

// facet gives the counts of a field.
func (s *search) facet(field uint16) Facet {
	f := Facet{Field: field}
	limit := s.q.FacetTop
	for v, n := range s.tally[s.docs.first[field]:s.docs.first[field+1]] {
		if n == 0 || limit > 0 && len(f.Values) == limit && f.Values[limit-1].Count >= int(n) {
			continue
		}
		f.Values = append(f.Values, ValueCount{Value: int32(v), Count: int(n)})
		if limit > 0 {
			f.Values = sink(f.Values, limit)
		}
	}
	if limit == 0 {
		slices.SortStableFunc(f.Values, func(a, b ValueCount) int { return b.Count - a.Count })
	}
	return f
}

// sink moves the last of values, of which the rest are in order, to its place
// behind those of equal count, and drops what is beyond limit.
func sink(values []ValueCount, limit int) []ValueCount {
	last := values[len(values)-1]
	at, _ := slices.BinarySearchFunc(values[:len(values)-1], last.Count, func(v ValueCount, n int) int {
		if v.Count >= n {
			return -1
		}
		return 1
	})
	copy(values[at+1:], values[at:])
	values[at] = last
	return values[:min(len(values), limit)]
}
