package engine

import "slices"

// A program is a condition written as words, each node before its kids:
//
//	All, Any, Not   head, length in words with all kids, kids
//	In              head, number of values, values: sorted, without repeats
//	Range           head, lo, hi
//
// where head is op | level<<8 | field<<16. All of nothing at the root is the
// empty program.

func headOf(c *Cond) uint32 {
	return uint32(c.Op) | uint32(max(c.Level, 1))<<8 | uint32(c.Field)<<16
}

func opAt(p []uint32, at int) Op        { return Op(p[at]) }
func levelAt(p []uint32, at int) uint8  { return uint8(p[at] >> 8) }
func fieldAt(p []uint32, at int) uint16 { return uint16(p[at] >> 16) }

// valuesAt gives the values of an In.
func valuesAt(p []uint32, at int) []uint32 { return p[at+2 : at+2+int(p[at+1])] }

// boundsAt gives the ends of a Range.
func boundsAt(p []uint32, at int) (lo, hi int32) { return int32(p[at+1]), int32(p[at+2]) }

// after gives the place behind a node.
func after(p []uint32, at int) int {
	switch opAt(p, at) {
	case In:
		return at + 2 + int(p[at+1])
	case Range:
		return at + 3
	default:
		return at + int(p[at+1])
	}
}

// encode appends the program of c. A node of unknown kind becomes an In
// without values, which is as false.
func encode(c *Cond, p []uint32) []uint32 {
	if c.Op == All && len(c.Kids) == 0 {
		return p
	}
	return encodeNode(c, p)
}

func encodeNode(c *Cond, p []uint32) []uint32 {
	at := len(p)
	switch c.Op {
	case Range:
		return append(p, headOf(c), uint32(c.Lo), uint32(c.Hi))
	case All, Any, Not:
		p = append(p, headOf(c), 0)
		for i := range c.Kids {
			p = encodeNode(&c.Kids[i], p)
		}
		p[at+1] = uint32(len(p) - at)
		return p
	case In:
		p = append(p, headOf(c), 0)
		for _, v := range c.Values {
			p = append(p, uint32(v))
		}
		slices.Sort(p[at+2:])
		p = p[:at+2+len(slices.Compact(p[at+2:]))]
		p[at+1] = uint32(len(p) - at - 2)
		return p
	default:
		return append(p, uint32(In), 0)
	}
}

// leafAt gives a leaf of a program.
func leafAt(p []uint32, at int) Cond {
	if opAt(p, at) == Range {
		lo, hi := boundsAt(p, at)
		return Cond{Op: Range, Field: fieldAt(p, at), Lo: lo, Hi: hi}
	}
	c := Cond{Op: In, Field: fieldAt(p, at), Level: levelAt(p, at)}
	for _, v := range valuesAt(p, at) {
		c.Values = append(c.Values, int32(v))
	}
	return c
}

// subject is a document made ready to run programs on.
type subject struct {
	l      *layout
	closed []uint32
	open   []uint64
	nums   []int32 // by column
	has    []bool
	level  []uint8 // by value number: the highest level held, 0: none
}

func newSubject(l *layout) *subject {
	return &subject{
		l: l, nums: make([]int32, len(l.numbers)), has: make([]bool, len(l.numbers)), level: make([]uint8, len(l.code)),
	}
}

// take makes d the document; what the schema does not know is left out.
func (s *subject) take(d *Doc) {
	s.clear()
	s.closed, s.open = s.l.words(d, s.closed[:0], s.open[:0])
	for _, n := range d.Nums {
		if s.l.schema.isNumber(n.Field) {
			if i := s.l.column[n.Field]; !s.has[i] {
				s.nums[i], s.has[i] = n.Value, true
			}
		}
	}
	s.setLevels()
}

// takeRow makes a stored row the document.
func (s *subject) takeRow(r *rows, row int) {
	s.clear()
	s.closed = r.closed(s.l, row, s.closed[:0])
	s.open = append(s.open[:0], r.open.row(row)...)
	for i := range r.columns {
		s.nums[i] = r.columns[i].at(row)
		s.has[i] = s.nums[i] != missing
	}
	s.setLevels()
}

func (s *subject) clear() {
	for _, w := range s.closed {
		s.level[w>>8] = 0
	}
	clear(s.has)
}

func (s *subject) setLevels() {
	for _, w := range s.closed {
		s.level[w>>8] = uint8(w)
	}
}

// closedIn gives the words of a closed field.
func (s *subject) closedIn(field uint16) []uint32 {
	from, _ := slices.BinarySearch(s.closed, s.l.first[field]<<8)
	to, _ := slices.BinarySearch(s.closed, s.l.first[field+1]<<8)
	return s.closed[from:to]
}

// openIn gives the words of an open field.
func (s *subject) openIn(field uint16) []uint64 {
	from, _ := slices.BinarySearch(s.open, uint64(field)<<40)
	to, _ := slices.BinarySearch(s.open, (uint64(field)+1)<<40)
	return s.open[from:to]
}

// satisfies reports whether the condition of a program holds on the document.
func (s *subject) satisfies(p []uint32) bool { return len(p) == 0 || s.eval(p, 0) }

func (s *subject) eval(p []uint32, at int) bool {
	switch op := opAt(p, at); op {
	case All, Not:
		end := after(p, at)
		for kid := at + 2; kid < end; kid = after(p, kid) {
			if !s.eval(p, kid) {
				return op == Not
			}
		}
		return op == All
	case Any:
		end := after(p, at)
		for kid := at + 2; kid < end; kid = after(p, kid) {
			if s.eval(p, kid) {
				return true
			}
		}
		return false
	default:
		return s.leaf(p, at)
	}
}

func (s *subject) leaf(p []uint32, at int) bool {
	field := fieldAt(p, at)
	if opAt(p, at) == Range {
		if !s.l.schema.isNumber(field) {
			return false
		}
		i := s.l.column[field]
		lo, hi := boundsAt(p, at)
		return s.has[i] && lo <= s.nums[i] && s.nums[i] <= hi
	}
	f := s.l.schema.tagField(field)
	if f == nil {
		return false
	}
	level := levelAt(p, at)
	if f.Parents == nil {
		for _, w := range s.openIn(field) {
			if _, ok := slices.BinarySearch(valuesAt(p, at), uint32(w>>8)); ok && uint8(w) >= level {
				return true
			}
		}
		return false
	}
	held := s.level[s.l.first[field]:s.l.first[field+1]]
	for _, v := range valuesAt(p, at) {
		if v < uint32(len(held)) && held[v] >= level {
			return true
		}
	}
	return false
}

// turns gives whether the node at holds and appends to leaves those that would
// turn it if their value alone were turned.
func (s *subject) turns(p []uint32, at int, leaves []int) (bool, []int) {
	op := opAt(p, at)
	if op == In || op == Range {
		return s.leaf(p, at), append(leaves, at)
	}
	// A kid with the value that decides the node stands alone, or no leaf turns it.
	decisive, decided, start, end := op == Any, 0, len(leaves), after(p, at)
	for kid := at + 2; kid < end; kid = after(p, kid) {
		before := len(leaves)
		var holds bool
		holds, leaves = s.turns(p, kid, leaves)
		switch {
		case holds != decisive && decided > 0:
			leaves = leaves[:before]
		case holds == decisive:
			if decided++; decided > 1 {
				leaves = leaves[:start]
				continue
			}
			leaves = append(leaves[:start], leaves[before:]...)
		}
	}
	return (decisive == (decided > 0)) != (op == Not), leaves
}
