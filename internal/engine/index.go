package engine

import "slices"

// index finds rows by what their documents hold.
type index struct {
	spaces []space // by base
	space  []int   // by field: its place in spaces, or -1
	posts  postings
}

// openSpaces appends a space for each open field with words; words must be
// grouped by row and sorted in it.
func openSpaces(l *layout, spaces []space, base uint32, words []uint64) []space {
	for _, field := range l.opens {
		var dict []int32
		for _, w := range words {
			if uint16(w>>40) == field {
				dict = append(dict, int32(w>>8&0xFFFFFFFF))
			}
		}
		if len(dict) == 0 {
			continue
		}
		slices.Sort(dict)
		dict = fitted(slices.Compact(dict))
		s := space{field: field, levels: uint32(l.schema.Fields[field].Levels), base: base, values: uint32(len(dict)), dict: dict}
		base += s.values * s.levels
		spaces = append(spaces, s)
	}
	return spaces
}

func (b *builder) index(l *layout, r *rows) index {
	x := index{space: make([]int, len(l.schema.Fields))}
	for i := range l.schema.Fields {
		if n := l.first[i+1] - l.first[i]; n > 0 {
			levels := uint32(l.schema.Fields[i].Levels)
			x.spaces = append(x.spaces, space{field: uint16(i), levels: levels, base: l.code[l.first[i]], values: n})
		}
		x.space[i] = -1
	}
	x.spaces = openSpaces(l, x.spaces, l.codes, r.open.words)
	for i := range x.spaces {
		x.space[x.spaces[i].field] = i
	}
	total := len(r.open.words)
	for i := range r.fields {
		total += r.fields[i].size()
	}
	all := func(yield func(uint32, uint16) bool) {
		x.closed(r, yield)
		for row := range r.ids {
			for _, w := range r.open.row(row) {
				code, _ := x.spaces[x.space[w>>40]].find(int32(w >> 8 & 0xFFFFFFFF))
				yield(code+uint32(w)&0xFF-1, uint16(row))
			}
		}
	}
	x.posts = b.build(x.spaces, all, len(r.ids), total, true)
	if x.posts.keys == nil {
		for i := range x.spaces {
			x.posts.measure(&x.spaces[i])
		}
	}
	return x
}

// closed yields the code of every tag in a closed field with its row.
func (x *index) closed(r *rows, yield func(uint32, uint16) bool) {
	for field := range r.fields {
		f := &r.fields[field]
		if f.size() == 0 {
			continue
		}
		s := &x.spaces[x.space[field]]
		for row := range r.ids {
			for from, to := f.run(row); from < to; from++ {
				value, level := f.tag(from)
				yield(s.base+value*s.levels+level-1, uint16(row))
			}
		}
	}
}

// measure notes how the rows of a space are kept.
func (p *postings) measure(s *space) {
	for first := s.base; first < s.base+s.values*s.levels; first += s.levels {
		if set, list := p.above(first, 1, s.levels); set != nil {
			s.sets++
		} else {
			s.listed += len(list)
		}
	}
}

// scratch is what answering one question needs besides the result; it is used
// by one goroutine at a time and kept for the next question.
type scratch struct {
	free   [][]uint64
	asked  *subject // over the schema of the conditions
	stored *subject // over the schema of the documents
	tally  []uint32 // by value number
}

// set gives a set of n words, its contents left over from
// earlier use; n is at most that of the largest block.
func (s *scratch) set(n int) []uint64 {
	if last := len(s.free) - 1; last >= 0 {
		set := s.free[last]
		s.free = s.free[:last]
		return set[:n]
	}
	return make([]uint64, wordsFor(maxLanes))[:n]
}

func (s *scratch) release(sets ...[]uint64) { s.free = append(s.free, sets...) }

// evaluator finds the rows of one segment on which a condition holds.
type evaluator struct {
	*scratch
	docs *layout
	seg  *segment
	byID bool // Among is known: a query is answered
}

// eval sets in out the rows of mask on which c holds; out is not mask.
func (e *evaluator) eval(c *Cond, mask, out []uint64) {
	switch c.Op {
	case All:
		e.all(c, mask, out)
	case Any:
		rest, hits := e.set(len(mask)), e.set(len(mask))
		copy(rest, mask)
		clear(out)
		for _, ranges := range []bool{false, true} {
			for i := range c.Kids {
				if kid := &c.Kids[i]; hasRange(kid) == ranges {
					e.eval(kid, rest, hits)
					or(out, hits)
					andNot(rest, hits)
				}
			}
		}
		e.release(rest, hits)
	case Not:
		hits := e.set(len(mask))
		e.all(c, mask, hits)
		copy(out, mask)
		andNot(out, hits)
		e.release(hits)
	case In:
		e.in(c, out)
		and(out, mask)
	case Range:
		if !e.docs.schema.isNumber(c.Field) {
			clear(out)
			return
		}
		e.seg.rows.columns[e.docs.column[c.Field]].within(c.Lo, c.Hi, mask, out)
	case Among:
		clear(out)
		if e.byID {
			e.seg.rows.among(c.IDs, out)
			and(out, mask)
		}
	default:
		clear(out)
	}
}

// all sets in out the rows of mask on which every kid of c holds. Kids without
// numbers go first: numbers are compared only where rows are left.
func (e *evaluator) all(c *Cond, mask, out []uint64) {
	copy(out, mask)
	hits := e.set(len(mask))
	for _, ranges := range []bool{false, true} {
		for i := range c.Kids {
			if kid := &c.Kids[i]; hasRange(kid) == ranges {
				e.eval(kid, out, hits)
				copy(out, hits)
			}
		}
	}
	e.release(hits)
}

func hasRange(c *Cond) bool {
	for i := range c.Kids {
		if hasRange(&c.Kids[i]) {
			return true
		}
	}
	return c.Op == Range
}

func (e *evaluator) in(c *Cond, out []uint64) {
	clear(out)
	x := &e.seg.index
	if f := e.docs.schema.tagField(c.Field); f == nil || c.Level > f.Levels || x.space[c.Field] < 0 {
		return
	}
	s := &x.spaces[x.space[c.Field]]
	for _, v := range c.Values {
		if code, ok := s.find(v); ok {
			set, list := x.posts.above(code, uint32(max(c.Level, 1)), s.levels)
			add(out, set, list)
		}
	}
}
