package engine

import (
	"math"
	"math/bits"
	"slices"
)

// What counting costs, in nanoseconds, as measured on one core: it decides only
// which of two ways to the same counts is taken.
const (
	costRow   = 12   // to reach a row
	costWord  = 1    // to read one of its words
	costEntry = 1    // to test a row of a list
	costValue = 4    // to look a value up
	costSet   = 0.35 // to intersect a word of a set
)

// facets adds to the tally the values of the rows in hits and, for each field
// with a group, of those that fail this group alone.
func (s *search) facets(hits, once, spare []uint64) {
	if len(s.fields) == 0 {
		return
	}
	n, lists := float64(count(hits)), 0.0
	for _, f := range s.fields {
		lists += s.listCost(f.field)
	}
	if r := &s.seg.rows; n*costRow+n*float64(len(r.closed.words)/len(r.ids))*costWord <= lists {
		each(hits, func(row int) {
			for _, w := range r.closed.row(row) {
				s.tally[w>>8]++
			}
		})
	} else {
		for _, f := range s.fields {
			s.countLists(f.field, hits)
		}
	}
	for _, f := range s.fields {
		if f.unit < 0 {
			continue
		}
		copy(spare, once)
		andNot(spare, s.units[f.unit].passed)
		s.countField(f.field, spare)
	}
}

// countField adds one field's values of the rows in set.
func (s *search) countField(field uint16, set []uint64) {
	r := &s.seg.rows
	from, to := s.docs.first[field], s.docs.first[field+1]
	// The field's words stand in the middle of a row, on average.
	words := float64(len(r.closed.words) / len(r.ids) / 2)
	if float64(count(set))*(costRow+words*costWord) > s.listCost(field) {
		s.countLists(field, set)
		return
	}
	each(set, func(row int) {
		for _, w := range r.closed.row(row) {
			v := w >> 8
			if v >= to {
				return
			}
			if v >= from {
				s.tally[v]++
			}
		}
	})
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

// countLists adds one field's values of the rows in set, value by value.
func (s *search) countLists(field uint16, set []uint64) {
	x := &s.seg.index
	sp := &x.spaces[x.space[field]]
	all := (*[fullWords]uint64)(set[:fullWords])
	whole := count(set) == len(s.seg.rows.ids)
	tally := s.tally[s.docs.first[field]:s.docs.first[field+1]]
	for v := range tally {
		has, list := x.posts.above(sp.base+uint32(v)*sp.levels, 1, sp.levels)
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
