package engine

import (
	"cmp"
	"slices"
)

// top collects the first hits of an order. Keys are turned so that the lowest
// comes first: of a falling key the complement is kept, and what is missing is
// the highest either way.
type top struct {
	order []Key
	limit int
	after *ranked
	docs  *layout
	heap  []ranked // the last in the order at the root
	next  ranked   // room for the hit at hand
}

type ranked struct {
	id   int64
	keys []int32
}

func newTop(q *Query, docs *layout) top {
	t := top{order: q.Order, limit: q.Limit, docs: docs, next: ranked{keys: make([]int32, len(q.Order))}}
	if q.After != nil {
		t.after = &ranked{id: q.After.ID}
		for i, k := range q.After.Keys {
			t.after.keys = append(t.after.keys, turned(&q.Order[i], k))
		}
	}
	return t
}

// turned gives a key as it is kept, or as it was given.
func turned(k *Key, v int32) int32 {
	if k.falls() {
		return ^v
	}
	return v
}

func compareRanked(a, b *ranked) int {
	if d := slices.Compare(a.keys, b.keys); d != 0 {
		return d
	}
	return cmp.Compare(a.id, b.id)
}

// part offers the rows in hits of the evaluator's segment.
func (t *top) part(e *evaluator, hits []uint64) {
	keys, sets := t.sources(e, hits)
	ids := e.seg.rows.ids
	each(hits, func(row int) {
		for i := range keys {
			t.next.keys[i] = keys[i].at(row)
			if len(t.heap) == t.limit && i == 0 && t.next.keys[0] > t.heap[0].keys[0] {
				return
			}
		}
		t.next.id = ids[row]
		t.offer()
	})
	e.release(sets...)
}

// source gives one key of the rows of a segment.
type source struct {
	column  *column
	falls   bool
	weights []Weighted
	holds   [][]uint64 // for each weight
}

func (s *source) at(row int) int32 {
	if s.column != nil {
		if v := s.column.at(row); s.falls && v != missing {
			return ^v
		} else {
			return v
		}
	}
	sum := int32(0)
	for i := range s.weights {
		if hasBit(s.holds[i], row) {
			sum += s.weights[i].Weight
		}
	}
	return ^sum
}

// sources gives the keys of the order, and the sets that they hold.
func (t *top) sources(e *evaluator, hits []uint64) (keys []source, sets [][]uint64) {
	for i := range t.order {
		k := &t.order[i]
		if k.Weights == nil {
			keys = append(keys, source{column: &e.seg.rows.columns[t.docs.column[k.Field]], falls: k.Descending})
			continue
		}
		s := source{weights: k.Weights}
		for w := range k.Weights {
			set := e.set(len(hits))
			e.eval(&k.Weights[w].Cond, hits, set)
			s.holds, sets = append(s.holds, set), append(sets, set)
		}
		keys = append(keys, s)
	}
	return keys, sets
}

// offer takes the hit at hand if it belongs to the first so far.
func (t *top) offer() {
	if t.after != nil && compareRanked(&t.next, t.after) <= 0 {
		return
	}
	if len(t.heap) < t.limit {
		t.heap = append(t.heap, ranked{id: t.next.id, keys: slices.Clone(t.next.keys)})
		t.up(len(t.heap) - 1)
		return
	}
	if compareRanked(&t.next, &t.heap[0]) < 0 {
		t.heap[0], t.next = t.next, t.heap[0]
		t.down()
	}
}

func (t *top) up(i int) {
	for i > 0 {
		above := (i - 1) / 2
		if compareRanked(&t.heap[i], &t.heap[above]) <= 0 {
			return
		}
		t.heap[i], t.heap[above] = t.heap[above], t.heap[i]
		i = above
	}
}

func (t *top) down() {
	for i := 0; ; {
		last := i
		for kid := 2*i + 1; kid <= 2*i+2 && kid < len(t.heap); kid++ {
			if compareRanked(&t.heap[kid], &t.heap[last]) > 0 {
				last = kid
			}
		}
		if last == i {
			return
		}
		t.heap[i], t.heap[last] = t.heap[last], t.heap[i]
		i = last
	}
}

// hits gives the hits collected, in order.
func (t *top) hits() []Hit {
	slices.SortFunc(t.heap, func(a, b ranked) int { return compareRanked(&a, &b) })
	var hits []Hit
	for _, r := range t.heap {
		h := Hit{ID: r.id, Keys: r.keys}
		for i := range h.Keys {
			h.Keys[i] = turned(&t.order[i], h.Keys[i])
		}
		hits = append(hits, h)
	}
	return hits
}
