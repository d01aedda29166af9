package engine

import (
	"math"
	"slices"
	"sort"
)

// decodeRows reads the rows of a segment and checks that they are what a
// rowWriter of these layouts writes.
func decodeRows(b []byte, docs, conds *layout, limit int) (rows, error) {
	d := decoder{b: b}
	n := int(d.word())
	if !d.holds(n >= 1 && n <= limit, "the number of rows") {
		return rows{}, unsound(d.bad)
	}
	r := rows{ids: list64[int64](&d, n), versions: make([]int64, min(n, len(b)))}
	for i := 1; i < len(r.ids); i++ {
		d.holds(r.ids[i-1] < r.ids[i], "ids that do not rise")
	}
	r.fields = make([]tagField, len(docs.schema.Fields))
	for i := range r.fields {
		if docs.first[i] < docs.first[i+1] {
			r.fields[i] = d.tagField(docs, i, n)
		}
	}
	r.open = d.open(docs, n)
	r.conds = d.conds(&conds.schema, n)
	for range docs.numbers {
		r.columns = append(r.columns, d.column(n))
	}
	if d.bad == "" {
		d.holds(len(d.b) == 0, "more than the rows")
	}
	if d.bad != "" {
		return rows{}, unsound(d.bad)
	}
	return r, nil
}

func (d *decoder) tagField(l *layout, field, n int) tagField {
	f := tagField{shift: l.shift(field)}
	total := n
	if !d.flag() {
		if f.at = d.starts(n); d.bad != "" {
			return f
		}
		total = int(f.at[n])
	}
	if l.isWide(field) {
		f.wide = list32[uint32](d, total)
	} else {
		f.near = d.list16(total)
	}
	if d.bad != "" {
		return f
	}
	single := f.at != nil
	for row := range n {
		from, to := f.run(row)
		single = single && to == uint32(row)+1
		if !f.sound(&l.schema.Fields[field], from, to) {
			d.fail("tags that no document has")
			return f
		}
	}
	d.holds(!single, "a table of runs that all have one tag")
	return f
}

// sound reports whether a run of tags rises, follows the field, and holds what
// stands above each tag at no lower a level.
func (f *tagField) sound(field *Field, from, to uint32) bool {
	for i := from; i < to; i++ {
		value, level := f.tag(i)
		if int(value) >= len(field.Parents) || level < 1 || level > uint32(field.Levels) {
			return false
		}
		if i > from {
			if before, _ := f.tag(i - 1); before >= value {
				return false
			}
		}
		above := field.Parents[value]
		if above == -1 {
			continue
		}
		at := from + uint32(sort.Search(int(to-from), func(k int) bool {
			v, _ := f.tag(from + uint32(k))
			return v >= uint32(above)
		}))
		if at == to {
			return false
		}
		if v, held := f.tag(at); v != uint32(above) || held < level {
			return false
		}
	}
	return true
}

func (d *decoder) open(l *layout, n int) list[uint64] {
	if !d.flag() {
		return list[uint64]{}
	}
	o := list[uint64]{at: d.starts(n)}
	if d.bad != "" {
		return o
	}
	o.words = list64[uint64](d, int(o.at[n]))
	d.holds(len(o.words) > 0, "a list of no words")
	for row := 0; row < n && d.bad == ""; row++ {
		words := o.row(row)
		for i, w := range words {
			f := (*Field)(nil)
			if w>>40 <= math.MaxUint16 {
				f = l.schema.tagField(uint16(w >> 40))
			}
			d.holds(f != nil && f.Parents == nil && w>>8&0xFFFFFFFF <= math.MaxInt32 &&
				uint8(w) >= 1 && uint8(w) <= f.Levels &&
				(i == 0 || words[i-1]>>8 < w>>8), "values that no document has")
		}
	}
	return o
}

func (d *decoder) conds(s *Schema, n int) list[uint32] {
	if !d.flag() {
		return list[uint32]{}
	}
	c := list[uint32]{at: d.starts(n)}
	if d.bad != "" {
		return c
	}
	c.words = list32[uint32](d, int(c.at[n]))
	d.holds(len(c.words) > 0, "a list of no conditions")
	for row := 0; row < n && d.bad == ""; row++ {
		d.holds(s.wrote(c.row(row)), "a condition that nobody can write")
	}
	return c
}

// wrote reports whether p is the program of a condition that follows the
// schema.
func (s *Schema) wrote(p []uint32) bool {
	return len(p) == 0 || s.nodeEnd(p, 0, 1) == len(p) && (opAt(p, 0) != All || p[1] > 2)
}

// nodeEnd gives the place behind the node at, or -1 if it is none.
func (s *Schema) nodeEnd(p []uint32, at, depth int) int {
	if depth > maxDepth || at+2 > len(p) || levelAt(p, at) < 1 {
		return -1
	}
	end := at + 3
	if op := opAt(p, at); op == In {
		end = at + 2 + int(p[at+1])
	} else if op != Range {
		end = at + int(p[at+1])
	}
	if end > len(p) {
		return -1
	}
	ok := false
	switch opAt(p, at) {
	case All, Any, Not:
		kids, kid := 0, at+2
		for kid >= 0 && kid < end {
			kid = s.nodeEnd(p[:end], kid, depth+1)
			kids++
		}
		ok = kid == end && (opAt(p, at) != Not || kids == 1)
	case In:
		ok = s.namesTags(p, at)
	case Range:
		ok = s.isNumber(fieldAt(p, at))
	}
	if !ok {
		return -1
	}
	return end
}

// namesTags reports whether an In names a field of tags, a level of it, and
// values of it that rise.
func (s *Schema) namesTags(p []uint32, at int) bool {
	f, values := s.tagField(fieldAt(p, at)), valuesAt(p, at)
	if f == nil || levelAt(p, at) > f.Levels {
		return false
	}
	for i, v := range values {
		if v > math.MaxInt32 || !f.knows(int32(v)) || i > 0 && values[i-1] >= v {
			return false
		}
	}
	return true
}

func (d *decoder) column(n int) column {
	var c column
	switch kind := d.byte(); kind {
	case columnEmpty:
		return c
	case columnNear:
		c = column{base: int32(d.word()), near: d.list16(n), filled: true}
		d.holds(d.bad != "" || c.soundNear(), "distances that no numbers have")
	case columnWide:
		c = column{wide: list32[int32](d, n), filled: true}
		d.holds(d.bad != "" || c.soundWide(), "numbers that no documents have")
	default:
		d.fail("a column of unknown kind")
	}
	return c
}

// soundNear reports whether base is the least of the numbers, and the greatest
// is one that a document may hold.
func (c *column) soundNear() bool {
	most := slices.Max(c.near)
	return slices.Contains(c.near, 1) && c.base != math.MinInt32 && int64(c.base)+int64(most)-1 < missing
}

// soundWide reports whether the numbers are such that a document may hold, and
// too far apart for distances.
func (c *column) soundWide() bool {
	lo, hi := int32(missing), int32(math.MinInt32)
	for _, v := range c.wide {
		if v != missing {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo > math.MinInt32 && int64(hi)-int64(lo) > math.MaxUint16-1
}
