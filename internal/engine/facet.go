package engine

import "slices"

// facets adds to the tally the values of the rows in hits and, for each field
// with a group, of those that fail this group alone.
func (s *search) facets(hits, once, spare []uint64) {
	if len(s.fields) == 0 {
		return
	}
	r := &s.seg.rows
	each(hits, func(row int) {
		for _, w := range r.closed.row(row) {
			s.tally[w>>8]++
		}
	})
	for _, f := range s.fields {
		if f.unit < 0 {
			continue
		}
		copy(spare, once)
		andNot(spare, s.units[f.unit].passed)
		from, to := s.docs.first[f.field], s.docs.first[f.field+1]
		each(spare, func(row int) {
			for _, w := range r.closed.row(row) {
				if v := w >> 8; v >= from && v < to {
					s.tally[v]++
				}
			}
		})
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
