package engine

import (
	"slices"
)

// space is a run of codes in postings: those of the values of one field, each
// value at its levels.
type space struct {
	field  uint16
	levels uint32
	base   uint32
	values uint32
	dict   []int32 // of an open domain: the values met, sorted; nil: a closed one
	sets   int     // values with a set at their first level
	listed int     // rows in the lists of the others
}

// find gives the code of a value at level 1, if the space has it.
func (s *space) find(v int32) (uint32, bool) {
	i := int(v)
	if s.dict != nil {
		var ok bool
		if i, ok = slices.BinarySearch(s.dict, v); !ok {
			return 0, false
		}
	}
	if uint32(i) >= s.values {
		return 0, false
	}
	return s.base + uint32(i)*s.levels, true
}

// postings give for a code the rows that have it. A value's codes stand in the
// order of levels, so a range of levels is one span. Where rows at a level and
// those beyond it (above it if rising, else below) are many, they are kept as
// a set under that code, and are not in the spans.
type postings struct {
	words  int      // 64-bit words of a set
	keys   []uint32 // codes that have rows; nil: starts has every code
	starts []uint32 // where the rows of a code, or of the code at that key, begin
	rows   []uint16
	sets   []uint32 // codes that have a set, sorted
	bits   []uint64 // the sets, one after the other
}

// pairs is a sequence of (code, row), the rows of a code rising; it can be run
// through twice, and always to its end.
type pairs = func(yield func(uint32, uint16) bool)

const (
	// setShare: from one row in this many on, rows are kept as a set. It is up
	// to twice the size of a list then and six times as quick to add.
	setShare = 32
	// setRows: with fewer rows in all, a set gains nothing.
	setRows = 1024
	// denseShare: when this share of the codes has rows, look-ups by index
	// are worth an entry for every code.
	denseShare = 8
)

// span gives the rows of the codes from lo to before hi, less those in sets.
func (p *postings) span(lo, hi uint32) []uint16 {
	if p.keys == nil {
		if len(p.starts) == 0 {
			return nil
		}
		return p.rows[p.starts[lo]:p.starts[hi]]
	}
	i, _ := slices.BinarySearch(p.keys, lo)
	j := i
	for j < len(p.keys) && p.keys[j] < hi {
		j++
	}
	return p.rows[p.starts[i]:p.starts[j]]
}

// set gives the set kept under a code, or nil.
func (p *postings) set(code uint32) []uint64 {
	if i, ok := slices.BinarySearch(p.sets, code); ok {
		return p.bits[i*p.words : (i+1)*p.words]
	}
	return nil
}

// above gives the rows that have a value, whose codes begin at first, at level
// or higher: a set, if not nil, or a list. The postings must be rising.
func (p *postings) above(first, level, levels uint32) ([]uint64, []uint16) {
	if set := p.set(first + level - 1); set != nil {
		return set, nil
	}
	return nil, p.span(first+level-1, first+levels)
}

// upTo gives the rows that have a value at level or lower, as above does; the
// postings must be falling.
func (p *postings) upTo(first, level uint32) ([]uint64, []uint16) {
	if set := p.set(first + level - 1); set != nil {
		return set, nil
	}
	return nil, p.span(first, first+level)
}

// builder makes postings; it keeps its tables between builds.
type builder struct {
	markStep int // the least distance of marks

	next []uint32 // by code: rows, then where the next row goes
	set  []uint32 // by code: 1 + the number of its set
	list []uint64 // code<<16 | row, for few pairs
}

// build makes postings of rows below n; about says roughly how many pairs
// there are.
func (b *builder) build(spaces []space, all pairs, n, about int, rising bool) postings {
	codes := uint32(0)
	for i := range spaces {
		codes = max(codes, spaces[i].base+spaces[i].values*spaces[i].levels)
	}
	if n < setRows && about < int(codes)/denseShare {
		return b.buildFew(all)
	}
	b.next = zeroed(b.next, int(codes)+1)
	b.set = zeroed(b.set, int(codes)+1)
	all(func(code uint32, _ uint16) bool {
		b.next[code]++
		return true
	})
	p := postings{words: wordsFor(n)}
	if n >= setRows {
		for i := range spaces {
			b.chooseSets(&p, &spaces[i], uint32(n/setShare), rising)
		}
	}
	p.bits = make([]uint64, len(p.sets)*p.words)
	b.place(&p, codes)
	b.fill(&p, spaces, all, rising)
	return p
}

func zeroed(table []uint32, n int) []uint32 {
	if cap(table) < n {
		return make([]uint32, n)
	}
	table = table[:n]
	clear(table)
	return table
}

func (b *builder) buildFew(all pairs) postings {
	b.list = b.list[:0]
	for code, row := range all {
		b.list = append(b.list, uint64(code)<<16|uint64(row))
	}
	slices.Sort(b.list)
	p := postings{keys: []uint32{}, rows: make([]uint16, len(b.list))}
	for i, pair := range b.list {
		if code := uint32(pair >> 16); i == 0 || code != p.keys[len(p.keys)-1] {
			p.keys = append(p.keys, code)
			p.starts = append(p.starts, uint32(i))
		}
		p.rows[i] = uint16(pair)
	}
	p.starts = append(p.starts, uint32(len(b.list)))
	return p
}

// chooseSets gives a set to every code of s that has, with the levels beyond
// it, at least least rows.
func (b *builder) chooseSets(p *postings, s *space, least uint32, rising bool) {
	for first := s.base; first < s.base+s.values*s.levels; first += s.levels {
		sum := uint32(0)
		for i := range s.levels {
			sum += b.next[first+b.beyond(i, s.levels, rising)]
		}
		for i := range s.levels {
			// From the level that reaches most rows to the one that reaches fewest.
			code := first + b.beyond(s.levels-1-i, s.levels, rising)
			if sum < max(least, 1) {
				break
			}
			p.sets = append(p.sets, code)
			sum -= b.next[code]
		}
	}
	slices.Sort(p.sets)
	for i, code := range p.sets {
		b.set[code] = uint32(i) + 1
	}
}

// beyond gives the i-th level counted from the far end.
func (*builder) beyond(i, levels uint32, rising bool) uint32 {
	if rising {
		return levels - 1 - i
	}
	return i
}

// place turns the counts in b.next into positions and lays out p's tables.
func (b *builder) place(p *postings, codes uint32) {
	total, used := uint32(0), 0
	for code := range codes {
		n := b.next[code]
		if b.set[code] != 0 {
			n = 0
		}
		b.next[code] = total
		total += n
		if n > 0 {
			used++
		}
	}
	b.next[codes] = total
	p.rows = make([]uint16, total)
	if used >= int(codes)/denseShare {
		p.starts = slices.Clone(b.next)
		return
	}
	p.keys, p.starts = make([]uint32, 0, used), make([]uint32, 0, used+1)
	for code := range codes {
		if b.next[code] < b.next[code+1] {
			p.keys = append(p.keys, code)
			p.starts = append(p.starts, b.next[code])
		}
	}
	p.starts = append(p.starts, total)
}

// fill writes the rows to the places laid out.
func (b *builder) fill(p *postings, spaces []space, all pairs, rising bool) {
	at := 0
	for code, row := range all {
		if b.set[code] == 0 {
			p.rows[b.next[code]] = row
			b.next[code]++
		}
		if len(p.sets) == 0 {
			continue
		}
		if s := &spaces[at]; code < s.base || code >= s.base+s.values*s.levels {
			at = spaceOf(spaces, code)
		}
		s := &spaces[at]
		first := code - (code-s.base)%s.levels
		from, to := code, first+s.levels
		if rising {
			from, to = first, code+1
		}
		for c := from; c < to; c++ {
			if i := b.set[c]; i != 0 {
				setBit(p.bits[int(i-1)*p.words:], int(row))
			}
		}
	}
}

// spaceOf gives the space of a code; spaces stand in the order of their bases.
func spaceOf(spaces []space, code uint32) int {
	i, _ := slices.BinarySearchFunc(spaces, code, func(s space, code uint32) int {
		if s.base+s.values*s.levels <= code {
			return -1
		}
		return 1
	})
	return i
}
