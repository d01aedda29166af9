package engine

import "slices"

// reverse finds the rows whose conditions hold on a document. A condition is
// one lane, or one for each kid of a root Any; a lane is a conjunction of
// clauses. Each clause that is a set of tags, a set of tags that must be
// absent, or the bounds of a number is looked up; a lane with any other is
// marked and its condition evaluated if the rest holds.
type reverse struct {
	blocks []block
}

// block is a run of at most maxLanes lanes.
type block struct {
	lanes  int
	row    []uint16 // by lane
	others []uint64 // lanes with a clause that is not looked up
	slots  []slot
	spaces []space // one for each slot
	posts  postings
	bounds []bound
}

// slot is a place for one clause of each lane: tags of a field of which one
// must be held. In a forbidding slot none must be; it takes all such clauses.
type slot struct {
	field  uint16
	forbid bool
	has    []uint64 // lanes with a clause here
}

// bound holds the clauses on one number.
type bound struct {
	field uint16
	has   []uint64 // lanes with a clause here
	lo    edge
	hi    edge // of the complements, so that it is a lower bound too
}

// edge holds lanes by a lower bound: those that fail for a number are at the
// end of the order.
type edge struct {
	values []int32  // the distinct bounds, ascending
	starts []uint32 // where the lanes with a bound begin
	lanes  []uint16
	markAt []uint32 // places in lanes, ascending
	marks  []uint64 // sets of the lanes from each such place on
}

const (
	maxLanes = 1 << 16
	// maxSlots is how many clauses on the same field a lane has looked up.
	maxSlots = 4
	// maxSplit is how many kids of a root Any become lanes of their own.
	maxSplit = 16
	// markShare is how many marks a full segment's lanes may have: it balances
	// the lanes visited one by one against the size of the marks, at most
	// eight bytes a lane.
	markShare = 64
	// fewRows: with fewer in a segment, a reverse side gains nothing.
	fewRows = 64
	// fewShare: if fewer than one row in this many is asked about, running
	// their conditions is quicker than looking all lanes up.
	fewShare = 128
)

// failing gives the lanes whose bound is above x: a set, if not nil, and a
// list.
func (e *edge) failing(x int32, words int) (set []uint64, list []uint16) {
	i, found := slices.BinarySearch(e.values, x)
	if found {
		i++
	}
	if i >= len(e.values) {
		return nil, nil
	}
	from := e.starts[i]
	mark, _ := slices.BinarySearch(e.markAt, from)
	if mark == len(e.markAt) {
		return nil, e.lanes[from:]
	}
	return e.marks[mark*words : (mark+1)*words], e.lanes[from:e.markAt[mark]]
}

// fails sets in out the lanes whose bounds the document does not meet.
func (b *bound) fails(a *subject, out []uint64) {
	i := a.l.column[b.field]
	if !a.has[i] {
		copy(out, b.has)
		return
	}
	clear(out)
	set, list := b.lo.failing(a.nums[i], len(out))
	add(out, set, list)
	set, list = b.hi.failing(^a.nums[i], len(out))
	add(out, set, list)
}

// strike takes the lanes that fail out of open.
func (b *bound) strike(a *subject, open []uint64) {
	i := a.l.column[b.field]
	if !a.has[i] {
		andNot(open, b.has)
		return
	}
	set, list := b.lo.failing(a.nums[i], len(open))
	remove(open, set, list)
	set, list = b.hi.failing(^a.nums[i], len(open))
	remove(open, set, list)
}

// holders calls found with the lanes of the i-th slot that name a tag of the
// document: for each tag a set, if not nil, or a list.
func (b *block) holders(i int, a *subject, found func(set []uint64, list []uint16)) {
	s, sp := &b.slots[i], &b.spaces[i]
	if sp.dict != nil {
		for _, w := range a.openIn(s.field) {
			if code, ok := sp.find(int32(w >> 8 & 0xFFFFFFFF)); ok {
				found(b.posts.upTo(code, uint32(w)&0xFF))
			}
		}
		return
	}
	for _, w := range a.closedIn(s.field) {
		found(b.posts.upTo(sp.base+(w>>8-a.l.first[s.field])*sp.levels, w&0xFF))
	}
}

// fails sets in out the lanes whose clause in the i-th slot the document does
// not meet.
func (b *block) fails(i int, a *subject, out []uint64) {
	clear(out)
	b.holders(i, a, func(set []uint64, list []uint16) { add(out, set, list) })
	if s := &b.slots[i]; !s.forbid {
		for w, has := range s.has {
			out[w] = has &^ out[w]
		}
	}
}

// strike takes the lanes that fail the i-th slot out of open.
func (b *block) strike(i int, a *subject, open, spare []uint64) {
	s := &b.slots[i]
	if s.forbid {
		b.holders(i, a, func(set []uint64, list []uint16) { remove(open, set, list) })
		return
	}
	clear(spare)
	b.holders(i, a, func(set []uint64, list []uint16) { add(spare, set, list) })
	has, spare := s.has[:len(open)], spare[:len(open)]
	for w := range open {
		open[w] &= spare[w] | ^has[w]
	}
}

// match adds to out the rows of mask whose condition holds on a.
func (v *reverse) match(sc *scratch, r *rows, a *subject, mask, out []uint64) {
	for i := range v.blocks {
		b := &v.blocks[i]
		open, spare := sc.set(wordsFor(b.lanes)), sc.set(wordsFor(b.lanes))
		fill(open, b.lanes)
		for s := range b.slots {
			b.strike(s, a, open, spare)
		}
		for n := range b.bounds {
			b.bounds[n].strike(a, open)
		}
		b.survivors(open, func(row, lane int) {
			if !hasBit(mask, row) || hasBit(out, row) {
				return
			}
			if b.others == nil || !hasBit(b.others, lane) || a.satisfies(r.conds.row(row)) {
				setBit(out, row)
			}
		})
		sc.release(open, spare)
	}
}

// near adds to out the rows of which some lane fails by at most one clause
// that is looked up; no other can be turned by a leaf.
func (v *reverse) near(sc *scratch, a *subject, out []uint64) {
	for i := range v.blocks {
		b := &v.blocks[i]
		words := wordsFor(b.lanes)
		open, once, failed := sc.set(words), sc.set(words), sc.set(words)
		fill(open, b.lanes)
		clear(once)
		tally := func() {
			for w, f := range failed {
				open[w] &^= once[w] & f
				once[w] |= f
			}
		}
		for s := range b.slots {
			b.fails(s, a, failed)
			tally()
		}
		for n := range b.bounds {
			b.bounds[n].fails(a, failed)
			tally()
		}
		b.survivors(open, func(row, _ int) { setBit(out, row) })
		sc.release(open, once, failed)
	}
}

func (b *block) survivors(open []uint64, found func(row, lane int)) {
	each(open, func(lane int) { found(int(b.row[lane]), lane) })
}
