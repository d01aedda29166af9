package engine

import "slices"

// segment is an unchanging run of rows with all that finds them. Which of them
// still count is the view's to say.
type segment struct {
	rows    rows
	index   index
	reverse *reverse
}

// part is a segment as a view sees it.
type part struct {
	*segment
	live  []uint64 // rows that still count
	count int
}

// newPart makes a segment of rows, all live.
func (b *builder) newPart(docs, conds *layout, r rows) part {
	s := &segment{rows: r}
	s.index = b.index(docs, &s.rows)
	s.reverse = b.reverse(conds, &s.rows)
	p := part{segment: s, live: make([]uint64, wordsFor(len(r.ids))), count: len(r.ids)}
	fill(p.live, p.count)
	return p
}

// find gives the row of a live entry.
func (p *part) find(id int64) (int, bool) {
	ids := p.rows.ids
	if len(ids) == 0 || id < ids[0] || id > ids[len(ids)-1] {
		return 0, false
	}
	row, ok := p.rows.find(id)
	return row, ok && hasBit(p.live, row)
}

// without gives the part less some live rows.
func (p *part) without(dead []int) part {
	next := part{segment: p.segment, live: slices.Clone(p.live), count: p.count - len(dead)}
	for _, row := range dead {
		clearBit(next.live, row)
	}
	return next
}
