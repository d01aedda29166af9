package engine

import (
	"cmp"
	"slices"
	"strconv"

	"enishi/internal/errs"
)

// Holds reports whether c holds on d, by the definition and nothing else; every
// other answer of this package is tested against it. A leaf on a field or a
// value that s does not know is false.
func Holds(s *Schema, c Cond, d Doc) bool {
	switch c.Op {
	case All, Not:
		all := true
		for _, kid := range c.Kids {
			all = all && Holds(s, kid, d)
		}
		return all == (c.Op == All)
	case Any:
		for _, kid := range c.Kids {
			if Holds(s, kid, d) {
				return true
			}
		}
		return false
	default:
		return leafHolds(s, c, d)
	}
}

// holds is Holds, and knows the entry's id.
func (n *Naive) holds(c Cond, e Entry) bool { return Holds(&n.docs, withIDs(c, e.ID), e.Doc) }

// withIDs gives c with All of nothing in place of each Among that names the id,
// and Any of nothing in place of the others.
func withIDs(c Cond, id int64) Cond {
	if c.Op == Among {
		if slices.Contains(c.IDs, id) {
			return Cond{Op: All}
		}
		return Cond{Op: Any}
	}
	c.Kids = slices.Clone(c.Kids)
	for i := range c.Kids {
		c.Kids[i] = withIDs(c.Kids[i], id)
	}
	return c
}

func leafHolds(s *Schema, c Cond, d Doc) bool {
	if c.Op == Range {
		for _, n := range d.Nums {
			if n.Field == c.Field && s.isNumber(n.Field) {
				return c.Lo <= n.Value && n.Value <= c.Hi
			}
		}
		return false
	}
	f := s.tagField(c.Field)
	if f == nil || c.Op != In {
		return false
	}
	for _, t := range d.Tags {
		if t.Field != c.Field || max(t.Level, 1) < c.Level || t.Level > f.Levels || !f.knows(t.Value) {
			continue
		}
		for v := t.Value; v != -1; v = f.parent(v) {
			if slices.Contains(c.Values, v) {
				return true
			}
		}
	}
	return false
}

// parent gives the value above v, or -1.
func (f *Field) parent(v int32) int32 {
	if f.Parents == nil {
		return -1
	}
	return f.Parents[v]
}

// Naive is a population that answers by looking at every entry with Holds. It
// is the measure of Population in tests and benches; it is not safe for
// concurrent use.
type Naive struct {
	docs, conds Schema
	entries     map[int64]Entry
	versions    map[int64]int64
}

// NewNaive gives an empty population, as New does.
func NewNaive(docs, conds Schema) (*Naive, error) {
	if err := docs.check(); err != nil {
		return nil, err
	}
	if err := conds.check(); err != nil {
		return nil, err
	}
	return &Naive{docs: docs, conds: conds, entries: map[int64]Entry{}, versions: map[int64]int64{}}, nil
}

// Apply does what Population.Apply does.
func (n *Naive) Apply(changes []Change) error {
	if err := checkChanges(&n.docs, &n.conds, changes); err != nil {
		return err
	}
	for _, ch := range changes {
		id := ch.Entry.ID
		if seen, ok := n.versions[id]; ok && seen >= ch.Version {
			continue
		}
		n.versions[id] = ch.Version
		if ch.Delete {
			delete(n.entries, id)
		} else {
			n.entries[id] = Entry{ID: id, Doc: ch.Entry.Doc, Cond: ch.Entry.Cond}
		}
	}
	return nil
}

func checkChanges(docs, conds *Schema, changes []Change) error {
	for i := range changes {
		e := &changes[i].Entry
		if changes[i].Delete {
			continue
		}
		if err := docs.checkDoc(&e.Doc); err != nil {
			return errs.Below("/"+strconv.Itoa(i)+"/doc", err)
		}
		if err := conds.checkStored(&e.Cond); err != nil {
			return errs.Below("/"+strconv.Itoa(i)+"/cond", err)
		}
	}
	return nil
}

// ids gives the entries' ids in ascending order.
func (n *Naive) ids() []int64 {
	ids := make([]int64, 0, len(n.entries))
	for id := range n.entries {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Len gives the number of entries.
func (n *Naive) Len() int { return len(n.entries) }

// Find does what View.Find does.
func (n *Naive) Find(id int64) (Doc, bool) {
	e, ok := n.entries[id]
	if !ok {
		return Doc{}, false
	}
	return normalDoc(&n.docs, e.Doc), true
}

// normalDoc sorts the tags and numbers of a valid document and drops the tags
// that another implies: the same value, or one below it, at no lower a level.
func normalDoc(s *Schema, d Doc) Doc {
	var tags []Tag
	for i, t := range d.Tags {
		t.Level = max(t.Level, 1)
		implied := slices.Contains(tags, t)
		for j, o := range d.Tags {
			if i == j || o.Field != t.Field {
				continue
			}
			f := &s.Fields[t.Field]
			higher := max(o.Level, 1) >= t.Level
			for v := f.parent(o.Value); v != -1; v = f.parent(v) {
				implied = implied || higher && v == t.Value
			}
			implied = implied || o.Value == t.Value && max(o.Level, 1) > t.Level
		}
		if !implied {
			tags = append(tags, t)
		}
	}
	slices.SortFunc(tags, func(a, b Tag) int { return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Value, b.Value)) })
	nums := slices.Clone(d.Nums)
	slices.SortFunc(nums, func(a, b Num) int { return cmp.Compare(a.Field, b.Field) })
	return Doc{Tags: tags, Nums: nums}
}

// Match does what View.Match does.
func (n *Naive) Match(q Question) []int64 {
	var found []int64
	for _, id := range n.ids() {
		e := n.entries[id]
		if q.Except != nil && q.Except(id) {
			continue
		}
		if Holds(&n.docs, q.Cond, e.Doc) && Holds(&n.conds, e.Cond, q.Doc) {
			found = append(found, id)
		}
	}
	return found
}

// NearMisses does what View.NearMisses does.
func (n *Naive) NearMisses(q Question) []Miss {
	counts := newMisses()
	for _, id := range n.ids() {
		e := n.entries[id]
		if q.Except != nil && q.Except(id) {
			continue
		}
		asked, own := Holds(&n.docs, q.Cond, e.Doc), Holds(&n.conds, e.Cond, q.Doc)
		if asked == own && asked {
			continue
		}
		if own {
			turns(&n.docs, q.Cond, e.Doc, func(_ Cond, path []int) { counts.asked(q.Cond, path) })
		}
		if asked {
			seen := map[string]bool{}
			turns(&n.conds, e.Cond, q.Doc, func(leaf Cond, _ []int) {
				if key := leafKey(leaf); !seen[key] {
					seen[key] = true
					counts.own(leaf)
				}
			})
		}
	}
	return counts.sorted()
}

// turns calls found with each leaf of c, a condition that fails on d, that
// would make it hold if its value alone were turned.
func turns(s *Schema, c Cond, d Doc, found func(leaf Cond, path []int)) {
	leaves(c, nil, func(leaf Cond, path []int) {
		if Holds(s, turn(c, path), d) {
			found(leaf, path)
		}
	})
}

// leaves calls found with each leaf of c and its path below the given one.
func leaves(c Cond, path []int, found func(leaf Cond, path []int)) {
	if c.Op != All && c.Op != Any && c.Op != Not {
		found(c, path)
		return
	}
	for i, kid := range c.Kids {
		leaves(kid, append(slices.Clone(path), i), found)
	}
}

// turn gives c with Not put before the leaf at path.
func turn(c Cond, path []int) Cond {
	if len(path) == 0 {
		return Cond{Op: Not, Kids: []Cond{c}}
	}
	kids := slices.Clone(c.Kids)
	kids[path[0]] = turn(kids[path[0]], path[1:])
	c.Kids = kids
	return c
}

// Search does what View.Search does.
func (n *Naive) Search(q Query) (Result, error) {
	if err := n.docs.checkQuery(&q); err != nil {
		return Result{}, err
	}
	var pool []Entry
	for _, id := range n.ids() {
		if e := n.entries[id]; (q.IDs == nil || slices.Contains(q.IDs, id)) && n.holds(q.Within, e) {
			pool = append(pool, e)
		}
	}
	clauses := clausesOf(&q.Cond)
	without := func(drop func(i int) bool) []Entry {
		var hits []Entry
		for _, e := range pool {
			ok := true
			for i := range clauses {
				ok = ok && (drop(i) || n.holds(clauses[i], e))
			}
			if ok {
				hits = append(hits, e)
			}
		}
		return hits
	}
	hits := without(func(int) bool { return false })
	r := Result{Count: len(hits), Top: n.top(&q, hits)}
	for _, f := range q.Facets {
		base := without(func(i int) bool { return inGroup(&clauses[i], f) })
		r.Facets = append(r.Facets, n.facet(f, base, &q))
	}
	for i := range clauses {
		if q.Impact {
			gain := len(without(func(j int) bool { return i == j })) - len(hits)
			r.Impact = append(r.Impact, Impact{Clause: i, Gain: gain})
		}
	}
	return r, nil
}

func (n *Naive) facet(field uint16, base []Entry, q *Query) Facet {
	f, top := Facet{Field: field}, q.FacetTop
	if q.FacetLevel > n.docs.Fields[field].Levels {
		return f
	}
	for v := range n.docs.Fields[field].Parents {
		held := Cond{Op: In, Field: field, Values: []int32{int32(v)}, Level: q.FacetLevel}
		count := 0
		for _, e := range base {
			if Holds(&n.docs, held, e.Doc) {
				count++
			}
		}
		if count > 0 {
			f.Values = append(f.Values, ValueCount{Value: int32(v), Count: count})
		}
	}
	slices.SortStableFunc(f.Values, func(a, b ValueCount) int { return b.Count - a.Count })
	if top > 0 && len(f.Values) > top {
		f.Values = f.Values[:top]
	}
	return f
}

func (n *Naive) top(q *Query, entries []Entry) []Hit {
	var hits []Hit
	for _, e := range entries {
		h := Hit{ID: e.ID, Keys: make([]int32, len(q.Order))}
		for i, k := range q.Order {
			h.Keys[i] = n.key(k, e)
		}
		if q.After == nil || compareHits(q.Order, &h, q.After) > 0 {
			hits = append(hits, h)
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int { return compareHits(q.Order, &a, &b) })
	return hits[:min(len(hits), q.Limit)]
}

func (n *Naive) key(k Key, e Entry) int32 {
	if k.Weights != nil {
		sum := int32(0)
		for _, w := range k.Weights {
			if n.holds(w.Cond, e) {
				sum += w.Weight
			}
		}
		return sum
	}
	for _, num := range e.Doc.Nums {
		if num.Field == k.Field {
			return num.Value
		}
	}
	if k.Descending {
		return MissingDescending
	}
	return MissingAscending
}
