package engine

import (
	"math/bits"
	"slices"
)

// Search answers a query. It fails with Invalid if the query does not follow
// the schema of the documents.
func (v *View) Search(q Query) (Result, error) {
	if err := v.p.docs.schema.checkQuery(&q); err != nil {
		return Result{}, err
	}
	sc := v.p.pool.Get().(*scratch)
	defer v.p.pool.Put(sc)
	s := newSearch(v, &q, sc)
	for i := range v.parts {
		s.part(&v.parts[i])
	}
	r := Result{Count: s.count, Top: s.top.hits()}
	for _, f := range q.Facets {
		r.Facets = append(r.Facets, s.facet(f))
	}
	if q.Impact {
		for i, gain := range s.gains {
			r.Impact = append(r.Impact, Impact{Clause: i, Gain: gain})
		}
	}
	return r, nil
}

// search adds up the answer to a query over the parts of a view.
//
// Impact needs the rows that fail one clause alone, and the facet of a field
// those that fail its own group alone. So clauses go in units, a field's group
// together, and two sets are carried through them: the rows that fail no unit
// and those that fail one. Rows that fail two are never looked at again.
type search struct {
	evaluator
	q       *Query
	clauses []Cond
	units   []unit
	once    bool // rows that fail one unit are asked for
	fields  []facetField
	count   int
	gains   []int
	top     top
}

// unit is one clause, or those of the group of a facet field.
type unit struct {
	clauses []int
	ranges  bool
	passed  []uint64 // of the rows looked at
}

// facetField is a field to count, and its group if it has one.
type facetField struct {
	field uint16
	unit  int // -1: none
}

func newSearch(v *View, q *Query, sc *scratch) *search {
	s := &search{evaluator: evaluator{scratch: sc, docs: v.p.docs, byID: true}, q: q, clauses: clausesOf(&q.Cond)}
	s.gains = make([]int, len(s.clauses))
	s.top = newTop(q, v.p.docs)
	taken := make([]bool, len(s.clauses))
	add := func(u unit, i int) unit {
		taken[i] = true
		return unit{clauses: append(u.clauses, i), ranges: u.ranges || hasRange(&s.clauses[i])}
	}
	for _, f := range q.Facets {
		if slices.ContainsFunc(s.fields, func(known facetField) bool { return known.field == f }) {
			continue
		}
		var group unit
		for i := range s.clauses {
			if inGroup(&s.clauses[i], f) {
				group = add(group, i)
			}
		}
		at := facetField{field: f, unit: -1}
		if len(group.clauses) > 0 {
			at.unit = len(s.units)
			s.units = append(s.units, group)
			s.once = true
		}
		s.fields = append(s.fields, at)
	}
	for i := range s.clauses {
		if !taken[i] {
			s.units = append(s.units, add(unit{}, i))
		}
	}
	s.once = s.once || q.Impact
	if len(s.fields) > 0 {
		s.tally = zeroed(s.tally, len(v.p.docs.code))
	}
	return s
}

// part adds the rows of one part.
func (s *search) part(p *part) {
	s.seg = p.segment
	words := len(p.live)
	hits, once, mask := s.set(words), s.set(words), s.set(words)
	s.within(p, hits)
	clear(once)
	passed := make([][]uint64, len(s.clauses))
	for _, ranges := range []bool{false, true} {
		for i := range s.units {
			if u := &s.units[i]; u.ranges == ranges {
				s.unit(u, hits, once, mask, passed)
			}
		}
	}
	s.count += count(hits)
	s.impact(once, passed)
	s.facets(hits, once, mask)
	if s.q.Limit > 0 {
		s.top.part(&s.evaluator, hits)
	}
	s.release(hits, once, mask)
	s.release(passed...)
	for i := range s.units {
		if len(s.units[i].clauses) > 1 {
			s.release(s.units[i].passed)
		}
	}
}

// within sets in out the rows that may be found at all.
func (s *search) within(p *part, out []uint64) {
	if s.q.IDs == nil {
		s.eval(&s.q.Within, p.live, out)
		return
	}
	named := s.set(len(out))
	clear(named)
	for _, id := range s.q.IDs {
		if row, ok := p.find(id); ok {
			setBit(named, row)
		}
	}
	s.eval(&s.q.Within, named, out)
	s.release(named)
}

// unit carries hits and once through a unit. It leaves the rows that each
// clause passed in passed and those that the unit passed in u.
func (s *search) unit(u *unit, hits, once, mask []uint64, passed [][]uint64) {
	copy(mask, hits)
	or(mask, once)
	for _, i := range u.clauses {
		passed[i] = s.set(len(mask))
		s.eval(&s.clauses[i], mask, passed[i])
	}
	u.passed = passed[u.clauses[0]]
	if len(u.clauses) > 1 {
		u.passed = s.set(len(mask))
		copy(u.passed, passed[u.clauses[0]])
		for _, i := range u.clauses[1:] {
			and(u.passed, passed[i])
		}
	}
	if s.once {
		carry(hits, once, u.passed)
	} else {
		and(hits, u.passed)
	}
}

// carry takes the rows that fail another time, all those not in passed, from
// hits to once and out of once.
func carry(hits, once, passed []uint64) {
	once, passed = once[:len(hits)], passed[:len(hits)]
	for w, pass := range passed {
		once[w] = once[w]&pass | hits[w]&^pass
		hits[w] &= pass
	}
}

// atMostOne sets in hits the rows of mask on which all conditions hold, and in
// once those on which all but one do.
func (e *evaluator) atMostOne(conds []Cond, mask, hits, once []uint64) {
	copy(hits, mask)
	clear(once)
	rest, passed := e.set(len(mask)), e.set(len(mask))
	for _, ranges := range []bool{false, true} {
		for i := range conds {
			if hasRange(&conds[i]) != ranges {
				continue
			}
			copy(rest, hits)
			or(rest, once)
			e.eval(&conds[i], rest, passed)
			carry(hits, once, passed)
		}
	}
	e.release(rest, passed)
}

// impact adds, for each clause, the rows that fail it alone.
func (s *search) impact(once []uint64, passed [][]uint64) {
	if !s.q.Impact {
		return
	}
	for i := range s.units {
		for _, clause := range s.units[i].clauses {
			n := 0
			for w, row := range once {
				row &^= passed[clause][w]
				for _, other := range s.units[i].clauses {
					if row != 0 && other != clause {
						row &= passed[other][w]
					}
				}
				n += bits.OnesCount64(row)
			}
			s.gains[clause] += n
		}
	}
}
