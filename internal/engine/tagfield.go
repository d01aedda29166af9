package engine

import (
	"math"
	"math/bits"
)

// tagField holds the tags of one closed field by row: value<<shift | level, or
// the value alone where the field has one level.
type tagField struct {
	shift uint8
	at    []uint32 // where the tags of a row begin; nil: each row has one
	near  []uint16 // the tags, if they all fit,
	wide  []uint32 // else
}

// newTagField takes the words of one field out of those of all rows, which are
// sorted in each row.
func newTagField(l *layout, field int, all *list[uint32]) tagField {
	first, end := l.first[field], l.first[field+1]
	f := tagField{shift: l.shift(field)}
	rows := len(all.at) - 1
	f.at = make([]uint32, 1, rows+1)
	single := true
	for row := range rows {
		for _, w := range all.row(row) {
			if v := w >> 8; v >= first && v < end {
				f.wide = append(f.wide, f.pack(v-first, w&0xFF))
			}
		}
		f.at = append(f.at, uint32(len(f.wide)))
		single = single && len(f.wide) == row+1
	}
	if single {
		f.at = nil
	}
	if l.isWide(field) {
		f.wide = fitted(f.wide)
		return f
	}
	f.near = make([]uint16, len(f.wide))
	for i, w := range f.wide {
		f.near[i] = uint16(w)
	}
	f.wide = nil
	return f
}

// shift gives how many bits the level of a field's tags takes.
func (l *layout) shift(field int) uint8 {
	if levels := l.schema.Fields[field].Levels; levels > 1 {
		return uint8(bits.Len8(levels))
	}
	return 0
}

// isWide reports whether a field's tags do not fit 16 bits.
func (l *layout) isWide(field int) bool {
	return uint64(l.first[field+1]-l.first[field])<<l.shift(field) > math.MaxUint16
}

func (f *tagField) pack(value, level uint32) uint32 {
	if f.shift == 0 {
		return value
	}
	return value<<f.shift | level
}

// run gives where the tags of a row begin and end.
func (f *tagField) run(row int) (from, to uint32) {
	if f.at == nil {
		return uint32(row), uint32(row) + 1
	}
	return f.at[row], f.at[row+1]
}

// tag gives a value and its level.
func (f *tagField) tag(i uint32) (value, level uint32) {
	var w uint32
	if f.wide != nil {
		w = f.wide[i]
	} else {
		w = uint32(f.near[i])
	}
	if f.shift == 0 {
		return w, 1
	}
	return w >> f.shift, w & (1<<f.shift - 1)
}

// size gives the number of tags.
func (f *tagField) size() int { return len(f.near) + len(f.wide) }

// tally adds 1 for each value that each row in set has at a level or higher.
func (f *tagField) tally(set []uint64, level uint32, tally []uint32) {
	if level > 1 {
		each(set, func(row int) {
			for i, end := f.run(row); i < end; i++ {
				if value, held := f.tag(i); held >= level {
					tally[value]++
				}
			}
		})
		return
	}
	if f.wide != nil {
		tallyRows(f, f.wide, set, tally)
	} else {
		tallyRows(f, f.near, set, tally)
	}
}

// ahead is how many rows are read ahead: a loop whose end depends on a word
// that is not in the cache yet waits for it, loops that do not run on and have
// their words fetched side by side.
const ahead = 128

func tallyRows[W uint16 | uint32](f *tagField, tags []W, set []uint64, tally []uint32) {
	var rows [ahead]uint32
	n := 0
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			rows[n&(ahead-1)] = uint32(i<<6 | bits.TrailingZeros64(word))
			if n++; n == ahead {
				tallySome(f, tags, rows[:], tally)
				n = 0
			}
		}
	}
	tallySome(f, tags, rows[:n], tally)
}

func tallySome[W uint16 | uint32](f *tagField, tags []W, rows, tally []uint32) {
	if f.at == nil {
		for _, row := range rows {
			tally[tags[row]>>f.shift]++
		}
		return
	}
	var runs [ahead]struct{ from, to uint32 }
	var first [ahead]W
	for i, row := range rows {
		runs[i].from, runs[i].to = f.at[row], f.at[row+1]
	}
	last := uint32(len(tags) - 1)
	for i := range rows {
		first[i] = tags[min(runs[i].from, last)]
	}
	for i := range rows {
		from, to := runs[i].from, runs[i].to
		if from == to {
			continue
		}
		tally[first[i]>>f.shift]++
		for _, w := range tags[from+1 : to] {
			tally[w>>f.shift]++
		}
	}
}
