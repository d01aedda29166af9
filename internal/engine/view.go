package engine

import "slices"

// View is the state of a population at one moment. It never changes.
type View struct {
	p     *Population
	parts []part
	n     int
}

// Len gives the number of entries.
func (v *View) Len() int { return v.n }

// find gives the part and row of an entry.
func (v *View) find(id int64) (at, row int, ok bool) {
	for i := range v.parts {
		if row, ok := v.parts[i].find(id); ok {
			return i, row, true
		}
	}
	return 0, 0, false
}

// Find gives the document of an entry, sorted, without the tags that others
// imply: a repeated value, or one above another at no higher a level.
func (v *View) Find(id int64) (Doc, bool) {
	at, row, ok := v.find(id)
	if !ok {
		return Doc{}, false
	}
	return v.parts[at].rows.doc(v.p.docs, row), true
}

// Match gives the ids, ascending, of the entries that match the question in
// both directions.
func (v *View) Match(q Question) []int64 {
	sc := v.p.pool.Get().(*scratch)
	defer v.p.pool.Put(sc)
	sc.asked.take(&q.Doc)
	var found []int64
	for i := range v.parts {
		at := &v.parts[i]
		mask, hits := sc.set(len(at.live)), sc.set(len(at.live))
		e := evaluator{scratch: sc, docs: v.p.docs, seg: at.segment}
		e.eval(&q.Cond, at.live, mask)
		at.satisfied(sc, mask, hits)
		found = slices.Grow(found, count(hits))
		each(hits, func(row int) {
			if id := at.rows.ids[row]; q.Except == nil || !q.Except(id) {
				found = append(found, id)
			}
		})
		sc.release(mask, hits)
	}
	if !slices.IsSorted(found) {
		slices.Sort(found)
	}
	return found
}

// satisfied sets in out the rows of mask whose condition holds on what is
// asked.
func (p *part) satisfied(sc *scratch, mask, out []uint64) {
	switch {
	case p.rows.conds.at == nil:
		copy(out, mask)
	case p.reverse != nil && count(mask) > len(p.rows.ids)/fewShare:
		clear(out)
		p.reverse.match(sc, &p.rows, sc.asked, mask, out)
	default:
		clear(out)
		each(mask, func(row int) {
			if sc.asked.satisfies(p.rows.conds.row(row)) {
				setBit(out, row)
			}
		})
	}
}

// NearMisses counts the pairs of the question with an entry that fail and
// would hold if the value of one leaf alone were turned, once under each such
// leaf, by falling count and then in a fixed order.
func (v *View) NearMisses(q Question) []Miss {
	sc := v.p.pool.Get().(*scratch)
	defer v.p.pool.Put(sc)
	sc.asked.take(&q.Doc)
	n := nearer{scratch: sc, v: v, q: &q, program: encode(&q.Cond, nil), counts: newMisses()}
	if len(n.program) > 0 {
		n.paths = pathsOf(n.program, 0, nil, map[int][]int{})
	}
	for i := range v.parts {
		n.part(&v.parts[i])
	}
	return n.counts.sorted()
}

// nearer counts the near misses of one question.
type nearer struct {
	*scratch
	v       *View
	q       *Question
	program []uint32      // of the question's condition
	paths   map[int][]int // to its leaves, by their place in program
	counts  *misses
	leaves  []int
}

// pathsOf adds the paths to the leaves under a node.
func pathsOf(p []uint32, at int, path []int, paths map[int][]int) map[int][]int {
	if op := opAt(p, at); op == In || op == Range {
		paths[at] = slices.Clone(path)
		return paths
	}
	i := 0
	for kid := at + 2; kid < after(p, at); kid = after(p, kid) {
		pathsOf(p, kid, append(path[:len(path):len(path)], i), paths)
		i++
	}
	return paths
}

func (n *nearer) part(p *part) {
	words := len(p.live)
	hits, once, own := n.set(words), n.set(words), n.set(words)
	e := evaluator{scratch: n.scratch, docs: n.v.p.docs, seg: p.segment}
	e.atMostOne(clausesOf(&n.q.Cond), p.live, hits, once)
	p.satisfied(n.scratch, p.live, own)
	// Failing the question alone: the entry's condition must hold.
	and(once, own)
	each(once, func(row int) { n.failsAsked(p, row) })
	// Failing the entry's condition alone.
	andNot(hits, own)
	if p.reverse != nil {
		clear(own)
		p.reverse.near(n.scratch, n.asked, own)
		and(hits, own)
	}
	each(hits, func(row int) { n.failsOwn(p, row) })
	n.release(hits, once, own)
}

func (n *nearer) excepted(id int64) bool { return n.q.Except != nil && n.q.Except(id) }

func (n *nearer) failsAsked(p *part, row int) {
	n.stored.takeRow(&p.rows, row)
	_, n.leaves = n.stored.turns(n.program, 0, n.leaves[:0])
	if len(n.leaves) == 0 || n.excepted(p.rows.ids[row]) {
		return
	}
	for _, at := range n.leaves {
		n.counts.asked(n.q.Cond, n.paths[at])
	}
}

func (n *nearer) failsOwn(p *part, row int) {
	program := p.rows.conds.row(row)
	_, n.leaves = n.asked.turns(program, 0, n.leaves[:0])
	if len(n.leaves) == 0 || n.excepted(p.rows.ids[row]) {
		return
	}
	for i, at := range n.leaves {
		same := func(other int) bool {
			return slices.Equal(program[at:after(program, at)], program[other:after(program, other)])
		}
		if !slices.ContainsFunc(n.leaves[:i], same) {
			n.counts.ownAt(program, at)
		}
	}
}
