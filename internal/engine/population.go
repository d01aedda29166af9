package engine

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Population is a set of entries that answers questions about its present
// state through views.
//
// Entries lie in segments that never change. A batch of changes becomes a small
// new segment, and the rows it replaces are taken out of a copy of the old
// segments' live sets; segments of about one size are merged as they add up.
type Population struct {
	docs, conds *layout
	limit       int // rows of a full segment
	pool        sync.Pool

	view atomic.Pointer[View]

	mu      sync.Mutex
	builder builder
	deleted map[int64]int64 // the versions of deletions
}

const (
	// segmentRows is what 16 bits can tell apart.
	segmentRows = 1 << 16
	// smallRows: segments below it are merged at once.
	smallRows = 64
	// mergeWidth is how many segments of about one size may stand side by
	// side, and the ratio from one size to the next. A row is rewritten once a
	// size, and each segment costs every question a little.
	mergeWidth = 4
)

// New gives an empty population of entries whose documents follow docs and
// whose conditions speak about documents that follow conds. It fails with
// Invalid for a schema with a field without levels or parents that are no tree.
func New(docs, conds Schema) (*Population, error) { return newPopulation(docs, conds, segmentRows) }

func newPopulation(docs, conds Schema, limit int) (*Population, error) {
	if err := docs.check(); err != nil {
		return nil, err
	}
	if err := conds.check(); err != nil {
		return nil, err
	}
	p := &Population{docs: newLayout(docs), conds: newLayout(conds), limit: limit, deleted: map[int64]int64{}}
	p.builder.markStep = max(limit/markShare, 1)
	p.pool.New = func() any {
		return &scratch{asked: newSubject(p.conds), stored: newSubject(p.docs)}
	}
	p.view.Store(&View{p: p})
	return p, nil
}

// View gives the present state.
func (p *Population) View() *View { return p.view.Load() }

// Apply publishes changes as one new view. It fails with Invalid, changing
// nothing, if any of them does not follow the schemas.
func (p *Population) Apply(changes []Change) error {
	if err := checkChanges(&p.docs.schema, &p.conds.schema, changes); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.view.Load()
	puts, dead := p.resolve(old, changes)
	var parts []part
	for i := range old.parts {
		at := old.parts[i]
		if len(dead[i]) > 0 {
			at = at.without(dead[i])
		}
		parts = append(parts, at)
	}
	parts = append(parts, p.build(len(puts), func(w *rowWriter, i int) { w.put(puts[i]) })...)
	parts = p.compact(parts)
	next := &View{p: p, parts: parts}
	for i := range parts {
		next.n += parts[i].count
	}
	p.view.Store(next)
	return nil
}

// resolve finds the changes that take effect: puts, by ascending id, and the
// rows of each part of old that are gone.
func (p *Population) resolve(old *View, changes []Change) (puts []*Change, dead [][]int) {
	order := make([]*Change, len(changes))
	for i := range changes {
		order[i] = &changes[i]
	}
	slices.SortStableFunc(order, func(a, b *Change) int { return cmp.Compare(a.Entry.ID, b.Entry.ID) })
	dead = make([][]int, len(old.parts))
	for len(order) > 0 {
		id := order[0].Entry.ID
		at, row, stored := old.find(id)
		version, known := p.deleted[id]
		if stored {
			version, known = old.parts[at].rows.versions[row], true
		}
		var last *Change
		for len(order) > 0 && order[0].Entry.ID == id {
			if !known || order[0].Version > version {
				last = order[0]
				version, known = last.Version, true
			}
			order = order[1:]
		}
		if last == nil {
			continue
		}
		if stored {
			dead[at] = append(dead[at], row)
		}
		delete(p.deleted, id)
		if last.Delete {
			p.deleted[id] = last.Version
		} else {
			puts = append(puts, last)
		}
	}
	return puts, dead
}

// build makes segments of n rows, given by ascending id, on all processors if
// there is more than one segment.
func (p *Population) build(n int, put func(w *rowWriter, i int)) []part {
	if n == 0 {
		return nil
	}
	one := func(b *builder, from, to int) part {
		w := newRowWriter(p.docs, to-from)
		for i := from; i < to; i++ {
			put(w, i)
		}
		return b.newPart(p.docs, p.conds, w.done())
	}
	if n <= p.limit {
		return []part{one(&p.builder, 0, n)}
	}
	parts := make([]part, (n+p.limit-1)/p.limit)
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		group.Go(func() {
			b := builder{markStep: p.builder.markStep}
			for i := int(next.Add(1)) - 1; i < len(parts); i = int(next.Add(1)) - 1 {
				parts[i] = one(&b, i*p.limit, min((i+1)*p.limit, n))
			}
		})
	}
	group.Wait()
	return parts
}

// size gives the class of size of a part that may be merged, -1 for a full one.
func (p *Population) size(count int) int {
	if count >= p.limit*3/4 {
		return -1
	}
	class := 0
	for n := smallRows; n <= count; n *= mergeWidth {
		class++
	}
	return class
}

// compact drops empty parts, rewrites those that are mostly dead, and merges
// parts of one size class until no class has too many.
func (p *Population) compact(parts []part) []part {
	var classes [32][]part
	var kept []part
	for _, at := range parts {
		if at.count == 0 {
			continue
		}
		if at.count*2 < len(at.rows.ids) {
			at = p.merge([]part{at})[0]
		}
		if class := p.size(at.count); class >= 0 {
			classes[class] = append(classes[class], at)
		} else {
			kept = append(kept, at)
		}
	}
	for class := range classes {
		for len(classes[class]) >= mergeWidth || class == 0 && len(classes[0]) > 1 {
			merged := p.merge(classes[class])
			classes[class] = nil
			for _, at := range merged {
				if to := p.size(at.count); to >= 0 {
					classes[to] = append(classes[to], at)
				} else {
					kept = append(kept, at)
				}
			}
		}
	}
	for class := range classes {
		kept = append(kept, classes[class]...)
	}
	return kept
}

// merge rewrites the live rows of parts.
func (p *Population) merge(parts []part) []part {
	type place struct {
		id   int64
		part *part
		row  int
	}
	var places []place
	for i := range parts {
		each(parts[i].live, func(row int) {
			places = append(places, place{parts[i].rows.ids[row], &parts[i], row})
		})
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.id, b.id) })
	return p.build(len(places), func(w *rowWriter, i int) { w.copy(&places[i].part.rows, places[i].row) })
}
