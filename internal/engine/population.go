package engine

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Population is a set of entries that answers questions about its present
// state through views.
type Population struct {
	mu   sync.Mutex
	view atomic.Pointer[View]
}

// View is the state of a population at one moment.
type View struct{ naive *Naive }

// New gives an empty population of entries whose documents follow docs and
// whose conditions speak about documents that follow conds. It fails with
// Invalid for a schema with a field without levels or parents that are no tree.
func New(docs, conds Schema) (*Population, error) {
	n, err := NewNaive(docs, conds)
	if err != nil {
		return nil, err
	}
	p := &Population{}
	p.view.Store(&View{naive: n})
	return p, nil
}

// Apply publishes changes as one new view. It fails with Invalid, changing
// nothing, if any of them does not follow the schemas.
func (p *Population) Apply(changes []Change) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.view.Load().naive
	next := &Naive{docs: old.docs, conds: old.conds, entries: maps.Clone(old.entries), versions: maps.Clone(old.versions)}
	if err := next.Apply(changes); err != nil {
		return err
	}
	p.view.Store(&View{naive: next})
	return nil
}

// View gives the present state.
func (p *Population) View() *View { return p.view.Load() }

// Len gives the number of entries.
func (v *View) Len() int { return v.naive.Len() }

// Find gives the document of an entry, sorted, without the tags that others
// imply: a repeated value, or one above another at no higher a level.
func (v *View) Find(id int64) (Doc, bool) { return v.naive.Find(id) }

// Match gives the ids, ascending, of the entries that match the question in
// both directions.
func (v *View) Match(q Question) []int64 { return v.naive.Match(q) }

// NearMisses counts the pairs of the question with an entry that fail and
// would hold if the value of one leaf alone were turned, once under each such
// leaf, by falling count and then in a fixed order.
func (v *View) NearMisses(q Question) []Miss { return v.naive.NearMisses(q) }

// Search answers a query. It fails with Invalid if the query does not follow
// the schema of the documents.
func (v *View) Search(q Query) (Result, error) { return v.naive.Search(q) }
