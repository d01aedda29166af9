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
	marks  []uint64 // sets of the lanes from each multiple of markStep on
}

const (
	maxLanes = 1 << 16
	// maxSlots is how many clauses on the same field a lane has looked up.
	maxSlots = 4
	// maxSplit is how many kids of a root Any become lanes of their own.
	maxSplit = 16
	// markStep balances the lanes visited one by one against the size of the
	// marks, half a byte a lane.
	markStep = 2048
	// fewRows: below it, running each condition is as quick as looking up.
	fewRows = 64
)

// failing adds to out the lanes whose bound is above x.
func (e *edge) failing(x int32, words int, out []uint64) {
	i, found := slices.BinarySearch(e.values, x)
	if found {
		i++
	}
	if i >= len(e.values) {
		return
	}
	from := int(e.starts[i])
	to, mark := len(e.lanes), (from+markStep-1)/markStep
	if at := mark * words; at < len(e.marks) {
		or(out, e.marks[at:at+words])
		to = mark * markStep
	}
	for _, lane := range e.lanes[from:to] {
		setBit(out, int(lane))
	}
}

// fails sets in out the lanes whose bounds the document does not meet.
func (b *bound) fails(a *subject, out []uint64) {
	i := a.l.column[b.field]
	if !a.has[i] {
		copy(out, b.has)
		return
	}
	clear(out)
	b.lo.failing(a.nums[i], len(out), out)
	b.hi.failing(^a.nums[i], len(out), out)
}

// fails sets in out the lanes whose clause in the i-th slot the document does
// not meet.
func (b *block) fails(i int, a *subject, out []uint64) {
	clear(out)
	s, sp := &b.slots[i], &b.spaces[i]
	if sp.dict != nil {
		for _, w := range a.openIn(s.field) {
			if code, ok := sp.find(int32(w >> 8 & 0xFFFFFFFF)); ok {
				b.posts.upTo(code, uint32(w)&0xFF, out)
			}
		}
	} else {
		for _, w := range a.closedIn(s.field) {
			b.posts.upTo(sp.base+(w>>8-a.l.first[s.field])*sp.levels, w&0xFF, out)
		}
	}
	if !s.forbid {
		for w, has := range s.has {
			out[w] = has &^ out[w]
		}
	}
}

// match adds to out the rows of mask whose condition holds on a.
func (v *reverse) match(sc *scratch, r *rows, a *subject, mask, out []uint64) {
	for i := range v.blocks {
		b := &v.blocks[i]
		open, failed := sc.set(wordsFor(b.lanes)), sc.set(wordsFor(b.lanes))
		fill(open, b.lanes)
		for s := range b.slots {
			b.fails(s, a, failed)
			andNot(open, failed)
		}
		for n := range b.bounds {
			b.bounds[n].fails(a, failed)
			andNot(open, failed)
		}
		b.survivors(open, func(row, lane int) {
			if !hasBit(mask, row) || hasBit(out, row) {
				return
			}
			if b.others == nil || !hasBit(b.others, lane) || a.satisfies(r.conds.row(row)) {
				setBit(out, row)
			}
		})
		sc.release(open, failed)
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
		add := func() {
			for w, f := range failed {
				open[w] &^= once[w] & f
				once[w] |= f
			}
		}
		for s := range b.slots {
			b.fails(s, a, failed)
			add()
		}
		for n := range b.bounds {
			b.bounds[n].fails(a, failed)
			add()
		}
		b.survivors(open, func(row, _ int) { setBit(out, row) })
		sc.release(open, once, failed)
	}
}

func (b *block) survivors(open []uint64, found func(row, lane int)) {
	each(open, func(lane int) { found(int(b.row[lane]), lane) })
}
