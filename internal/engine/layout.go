package engine

import (
	"slices"
	"sort"
)

// layout is a schema made ready: the values of all closed fields are numbered
// through, and each value at each level has a code.
type layout struct {
	schema  Schema
	first   []uint32 // by field: the number of its first closed value
	code    []uint32 // by value number: its code at level 1; the next levels follow
	opens   []uint16 // fields of tags with an open domain
	numbers []uint16 // fields of numbers
	column  []int    // by field: its position in numbers
	codes   uint32   // how many codes there are
}

func newLayout(s Schema) *layout {
	l := &layout{
		schema: Schema{Fields: slices.Clone(s.Fields)},
		first:  make([]uint32, len(s.Fields)+1),
		column: make([]int, len(s.Fields)),
	}
	for i := range s.Fields {
		f := &s.Fields[i]
		l.first[i+1] = l.first[i]
		switch {
		case f.Kind == Number:
			l.column[i] = len(l.numbers)
			l.numbers = append(l.numbers, uint16(i))
		case f.Parents == nil:
			l.opens = append(l.opens, uint16(i))
		default:
			for range f.Parents {
				l.code = append(l.code, l.codes)
				l.codes += uint32(f.Levels)
			}
			l.first[i+1] += uint32(len(f.Parents))
		}
	}
	return l
}

// fieldOf gives the field of a value number.
func (l *layout) fieldOf(value uint32) uint16 {
	return uint16(sort.Search(len(l.schema.Fields), func(i int) bool { return l.first[i+1] > value }))
}

// A word is a value number and a level, value<<8 | level; an open word holds
// the field too, field<<40 | value<<8 | level.

func openWord(field uint16, value int32, level uint8) uint64 {
	return uint64(field)<<40 | uint64(uint32(value))<<8 | uint64(level)
}

// words appends the words of a document to closed and open: sorted, values
// above included, each value once at its highest level. What the schema does
// not know is left out.
func (l *layout) words(d *Doc, closed []uint32, open []uint64) ([]uint32, []uint64) {
	c, o := len(closed), len(open)
	for _, t := range d.Tags {
		f, level := l.schema.tagField(t.Field), max(t.Level, 1)
		if f == nil || level > f.Levels || !f.knows(t.Value) {
			continue
		}
		if f.Parents == nil {
			open = append(open, openWord(t.Field, t.Value, level))
			continue
		}
		for v := t.Value; v != -1; v = f.Parents[v] {
			closed = append(closed, (l.first[t.Field]+uint32(v))<<8|uint32(level))
		}
	}
	return closed[:c+highest(closed[c:])], open[:o+highest(open[o:])]
}

// highest sorts words and keeps the last, that is the highest, of each value;
// it gives how many are left.
func highest[W uint32 | uint64](words []W) int {
	slices.Sort(words)
	n := 0
	for i, w := range words {
		if i+1 < len(words) && words[i+1]>>8 == w>>8 {
			continue
		}
		words[n] = w
		n++
	}
	return n
}

// tags gives the tags of a document from its words, without those that another
// implies.
func (l *layout) tags(closed []uint32, open []uint64) []Tag {
	var tags []Tag
	for _, w := range closed {
		value, level := w>>8, uint8(w)
		field := l.fieldOf(value)
		if v := int32(value - l.first[field]); !l.implied(field, v, level, closed) {
			tags = append(tags, Tag{Field: field, Level: level, Value: v})
		}
	}
	for _, w := range open {
		tags = append(tags, Tag{Field: uint16(w >> 40), Level: uint8(w), Value: int32(w >> 8 & 0xFFFFFFFF)})
	}
	slices.SortFunc(tags, func(a, b Tag) int {
		if a.Field != b.Field {
			return int(a.Field) - int(b.Field)
		}
		return int(a.Value) - int(b.Value)
	})
	return tags
}

// implied reports whether words holds a kid of v at level or higher.
func (l *layout) implied(field uint16, v int32, level uint8, words []uint32) bool {
	parents := l.schema.Fields[field].Parents
	for _, w := range words {
		kid := w >> 8
		if kid < l.first[field] || kid >= l.first[field+1] || uint8(w) < level {
			continue
		}
		if parents[kid-l.first[field]] == v {
			return true
		}
	}
	return false
}
