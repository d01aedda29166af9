package engine

import "math"

// column holds a number, or none, for each row: as 16-bit distances from base
// where the numbers lie close enough, else as they are.
type column struct {
	base   int32
	near   []uint16 // distance+1; 0: none
	wide   []int32  // missing: none
	filled bool     // some row has a number
}

// missing stands for no number among stored ones; documents cannot hold it.
const missing = math.MaxInt32

func newColumn(values []int32) column {
	lo, hi := int32(missing), int32(math.MinInt32)
	for _, v := range values {
		if v != missing {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > hi {
		return column{}
	}
	// 65535 distances fit beside the 0 that says none.
	if int64(hi)-int64(lo) > math.MaxUint16-1 {
		return column{wide: values, filled: true}
	}
	c := column{base: lo, near: make([]uint16, len(values)), filled: true}
	for i, v := range values {
		if v != missing {
			c.near[i] = uint16(int64(v)-int64(lo)) + 1
		}
	}
	return c
}

// at gives the number of a row, or missing.
func (c *column) at(row int) int32 {
	switch {
	case c.near != nil:
		if d := c.near[row]; d != 0 {
			return int32(int64(c.base) + int64(d) - 1)
		}
		return missing
	case c.wide != nil:
		return c.wide[row]
	default:
		return missing
	}
}

// within sets in out the rows of mask whose number lies from lo to hi.
func (c *column) within(lo, hi int32, mask, out []uint64) {
	clear(out)
	hi = min(hi, missing-1)
	if !c.filled || lo > hi {
		return
	}
	if c.wide != nil {
		for w, m := range mask {
			if m != 0 {
				out[w] = between(c.wide[w*64:min(w*64+64, len(c.wide))], m, lo, hi)
			}
		}
		return
	}
	from := max(int64(lo)-int64(c.base), 0) + 1
	to := min(int64(hi)-int64(c.base)+1, math.MaxUint16)
	if from > to {
		return
	}
	for w, m := range mask {
		if m != 0 {
			out[w] = between(c.near[w*64:min(w*64+64, len(c.near))], m, uint16(from), uint16(to))
		}
	}
}
