package engine

import (
	"cmp"
	"math"
	"slices"
)

// laneWriter takes conditions apart into the clauses of lanes.
type laneWriter struct {
	l      *layout
	row    []uint16
	others []uint16 // lanes
	slots  []slot
	slotOf map[slotKey]int
	tags   []laneTag
	bounds map[uint16][]laneBound
	marked bool           // the present lane is in others
	used   map[uint16]int // slots that the present lane has taken, by field
}

type slotKey struct {
	field  uint16
	nth    int
	forbid bool
}

// laneTag is a tag that a slot's clause of a lane names.
type laneTag struct {
	slot  uint16
	lane  uint16
	level uint8
	value int32
}

type laneBound struct {
	lane   uint16
	lo, hi int32
}

func newLaneWriter(l *layout) *laneWriter {
	return &laneWriter{l: l, slotOf: map[slotKey]int{}, bounds: map[uint16][]laneBound{}, used: map[uint16]int{}}
}

// lanes gives how many lanes the condition of a program takes, and where its
// root is once single kids are unwrapped.
func lanes(p []uint32) (n, root int) {
	if len(p) == 0 {
		return 1, 0
	}
	for opAt(p, root) == All && root+2 < after(p, root) && after(p, root+2) == after(p, root) {
		root += 2
	}
	if opAt(p, root) != Any || unionOf(p, root) >= 0 {
		return 1, root
	}
	for kid := root + 2; kid < after(p, root); kid = after(p, kid) {
		n++
	}
	if n == 0 || n > maxSplit {
		return 1, root
	}
	return n, root
}

// add writes the lanes of a row's condition.
func (w *laneWriter) add(row uint16, p []uint32) {
	n, root := lanes(p)
	if n == 1 {
		w.begin(row)
		if len(p) > 0 {
			w.clause(p, root)
		}
		return
	}
	for kid := root + 2; kid < after(p, root); kid = after(p, kid) {
		w.begin(row)
		w.clause(p, kid)
	}
}

func (w *laneWriter) begin(row uint16) {
	w.row = append(w.row, row)
	w.marked = false
	clear(w.used)
}

func (w *laneWriter) lane() uint16 { return uint16(len(w.row) - 1) }

// other marks the present lane as one whose condition must be evaluated.
func (w *laneWriter) other() {
	if !w.marked {
		w.marked = true
		w.others = append(w.others, w.lane())
	}
}

// clause adds a node that must hold to the present lane.
func (w *laneWriter) clause(p []uint32, at int) {
	switch opAt(p, at) {
	case All:
		for kid := at + 2; kid < after(p, at); kid = after(p, kid) {
			w.clause(p, kid)
		}
	case Not:
		w.forbidden(p, at+2)
	case Range:
		lo, hi := boundsAt(p, at)
		w.bound(fieldAt(p, at), lo, hi)
	default:
		if field := unionOf(p, at); field >= 0 {
			w.required(uint16(field), p, at)
		} else {
			w.other()
		}
	}
}

// forbidden adds a node that must not hold to the present lane.
func (w *laneWriter) forbidden(p []uint32, at int) {
	switch opAt(p, at) {
	case Any:
		for kid := at + 2; kid < after(p, at); kid = after(p, kid) {
			w.forbidden(p, kid)
		}
	case Not:
		w.clause(p, at+2)
	case In:
		w.tag(w.slot(slotKey{field: fieldAt(p, at), forbid: true}), p, at)
	default:
		w.other()
	}
}

// unionOf gives the field that all leaves of a node are on, if it is an In or
// an Any of such, with a leaf; else -1.
func unionOf(p []uint32, at int) int {
	switch opAt(p, at) {
	case In:
		return int(fieldAt(p, at))
	case Any:
		field := -1
		for kid := at + 2; kid < after(p, at); kid = after(p, kid) {
			f := unionOf(p, kid)
			if f < 0 || field >= 0 && f != field {
				return -1
			}
			field = f
		}
		return field
	default:
		return -1
	}
}

func (w *laneWriter) required(field uint16, p []uint32, at int) {
	nth := w.used[field]
	if nth == maxSlots {
		w.other()
		return
	}
	w.used[field]++
	slot := w.slot(slotKey{field: field, nth: nth})
	w.tag(slot, p, at)
}

// tag adds the tags of a union to the present lane's clause in a slot.
func (w *laneWriter) tag(slot int, p []uint32, at int) {
	lane := w.lane()
	w.slots[slot].has = grow(w.slots[slot].has, int(lane))
	setBit(w.slots[slot].has, int(lane))
	if opAt(p, at) == Any {
		for kid := at + 2; kid < after(p, at); kid = after(p, kid) {
			w.tag(slot, p, kid)
		}
		return
	}
	for _, v := range valuesAt(p, at) {
		w.tags = append(w.tags, laneTag{slot: uint16(slot), lane: lane, level: levelAt(p, at), value: int32(v)})
	}
}

func (w *laneWriter) slot(key slotKey) int {
	i, ok := w.slotOf[key]
	if !ok {
		i = len(w.slots)
		w.slotOf[key] = i
		w.slots = append(w.slots, slot{field: key.field, forbid: key.forbid})
	}
	return i
}

// bound narrows the present lane's bounds of a number.
func (w *laneWriter) bound(field uint16, lo, hi int32) {
	list, lane := w.bounds[field], w.lane()
	if last := len(list) - 1; last >= 0 && list[last].lane == lane {
		list[last].lo, list[last].hi = max(list[last].lo, lo), min(list[last].hi, hi)
		return
	}
	w.bounds[field] = append(list, laneBound{lane: lane, lo: lo, hi: hi})
}

// grow gives set with room for bit i.
func grow(set []uint64, i int) []uint64 {
	for len(set) < wordsFor(i+1) {
		set = append(set, 0)
	}
	return set
}

func sized(set []uint64, words int) []uint64 { return fitted(grow(set, words*64-1)) }

// reverse builds the reverse side of rows; nil if they are too few to gain by
// it or have no conditions.
func (b *builder) reverse(l *layout, r *rows) *reverse {
	if len(r.ids) < fewRows || r.conds.at == nil {
		return nil
	}
	total := 0
	for row := range r.ids {
		n, _ := lanes(r.conds.row(row))
		total += n
	}
	parts := (total + maxLanes - maxSplit - 1) / (maxLanes - maxSplit)
	v, w := &reverse{}, newLaneWriter(l)
	for row := range r.ids {
		w.add(uint16(row), r.conds.row(row))
		if len(w.row) >= (total+parts-1)/parts || row == len(r.ids)-1 {
			v.blocks = append(v.blocks, b.block(w))
			w = newLaneWriter(l)
		}
	}
	return v
}

func (b *builder) block(w *laneWriter) block {
	k := block{lanes: len(w.row), row: fitted(w.row), slots: w.slots}
	words := wordsFor(k.lanes)
	if len(w.others) > 0 {
		k.others = make([]uint64, words)
		for _, lane := range w.others {
			setBit(k.others, int(lane))
		}
	}
	for i := range k.slots {
		k.slots[i].has = sized(k.slots[i].has, words)
		if k.slots[i].forbid {
			k.slots[i].has = nil
		}
	}
	k.spaces = w.slotSpaces()
	all := func(yield func(uint32, uint16) bool) {
		for _, t := range w.tags {
			code, _ := k.spaces[t.slot].find(t.value)
			if !yield(code+uint32(t.level)-1, t.lane) {
				return
			}
		}
	}
	k.posts = b.build(k.spaces, all, k.lanes, len(w.tags), false)
	for field, list := range w.bounds {
		k.bounds = append(k.bounds, newBound(field, list, words, b.markStep))
	}
	slices.SortFunc(k.bounds, func(a, b bound) int { return cmp.Compare(a.field, b.field) })
	return k
}

func (w *laneWriter) slotSpaces() []space {
	dicts := make([][]int32, len(w.slots))
	for _, t := range w.tags {
		if w.l.schema.Fields[w.slots[t.slot].field].Parents == nil {
			dicts[t.slot] = append(dicts[t.slot], t.value)
		}
	}
	spaces, base := make([]space, len(w.slots)), uint32(0)
	for i := range w.slots {
		field := w.slots[i].field
		s := space{field: field, levels: uint32(w.l.schema.Fields[field].Levels), base: base}
		if w.l.schema.Fields[field].Parents == nil {
			slices.Sort(dicts[i])
			s.dict = append([]int32{}, slices.Compact(dicts[i])...)
			s.values = uint32(len(s.dict))
		} else {
			s.values = w.l.first[field+1] - w.l.first[field]
		}
		base += s.values * s.levels
		spaces[i] = s
	}
	return spaces
}

func newBound(field uint16, list []laneBound, words, step int) bound {
	b := bound{field: field, has: make([]uint64, words)}
	lo, hi := make([]laneBound, 0, len(list)), make([]laneBound, 0, len(list))
	for _, n := range list {
		setBit(b.has, int(n.lane))
		if n.lo > math.MinInt32 {
			lo = append(lo, n)
		}
		if n.hi < math.MaxInt32 {
			hi = append(hi, laneBound{lane: n.lane, lo: ^n.hi})
		}
	}
	b.lo, b.hi = newEdge(lo, words, step), newEdge(hi, words, step)
	return b
}

func newEdge(list []laneBound, words, step int) edge {
	slices.SortStableFunc(list, func(a, b laneBound) int { return cmp.Compare(a.lo, b.lo) })
	e := edge{lanes: make([]uint16, len(list))}
	for i, n := range list {
		e.lanes[i] = n.lane
		if i > 0 && n.lo == e.values[len(e.values)-1] {
			continue
		}
		e.values, e.starts = append(e.values, n.lo), append(e.starts, uint32(i))
		if last := len(e.markAt) - 1; len(list)-i >= step && (last < 0 || i-int(e.markAt[last]) >= step) {
			e.markAt = append(e.markAt, uint32(i))
		}
	}
	e.values, e.starts, e.markAt = fitted(e.values), fitted(e.starts), fitted(e.markAt)
	e.marks = make([]uint64, len(e.markAt)*words)
	to := len(e.lanes)
	for mark := len(e.markAt) - 1; mark >= 0; mark-- {
		set := e.marks[mark*words : (mark+1)*words]
		if mark+1 < len(e.markAt) {
			copy(set, e.marks[(mark+1)*words:])
		}
		from := int(e.markAt[mark])
		add(set, nil, e.lanes[from:to])
		to = from
	}
	return e
}
