package jm1

import (
	"fmt"
	"slices"

	"enishi/internal/engine"
)

// search measures the candidates' side: searches, then changes.
func (r *run) search() error {
	r.o.Progress("loading candidates", 0, len(r.candidates))
	var p *engine.Population
	var err error
	r.report.Memory.Candidate, err = weighed(len(r.candidates), func() error {
		loaded, took, err := r.load(lowered(r.profile), engine.Schema{}, len(r.candidates), r.candidateEntry)
		p, r.report.Start.Build = loaded, took.Seconds()
		return err
	})
	if err != nil {
		return fmt.Errorf("load candidates: %w", err)
	}
	if p, err = r.reloadCandidates(p, lowered(r.profile)); err != nil {
		return err
	}
	if err := r.fixedSearches(p); err != nil {
		return err
	}
	if err := r.randomSearches(p); err != nil {
		return err
	}
	return r.apply(p)
}

// candidateEntry gives a candidate without wishes.
func (r *run) candidateEntry(i int) engine.Entry {
	return engine.Entry{Doc: r.profile.doc(&r.candidates[i])}
}

// step is a search with more asked for than in the step before.
type step struct {
	name string
	ask  func(c engine.Cond) engine.Query
}

func steps() []step {
	order := []engine.Key{{Field: lastLogin}, {Field: pay, Descending: true}}
	facets := []uint16{residence, willing, occupation, industry, skill, language, certification, education, flag}
	return []step{
		{"count", func(c engine.Cond) engine.Query { return engine.Query{Cond: c} }},
		{"facets", func(c engine.Cond) engine.Query {
			return engine.Query{Cond: c, Facets: facets, FacetTop: facetTop}
		}},
		{"top", func(c engine.Cond) engine.Query {
			return engine.Query{Cond: c, Facets: facets, FacetTop: facetTop, Order: order, Limit: topHits}
		}},
		{"impact", func(c engine.Cond) engine.Query {
			return engine.Query{Cond: c, Facets: facets, FacetTop: facetTop, Order: order, Limit: topHits, Impact: true}
		}},
	}
}

// whole is the step that asks for everything.
func whole() step { return steps()[3] }

func (r *run) fixedSearches(p *engine.Population) error {
	const repeats = 20
	view := p.View()
	for i, rule := range fixed() {
		q := QuestionTimings{Name: fmt.Sprint("Q", i), Steps: map[string]Timing{}}
		cond := r.profile.rule(rule)
		for _, s := range steps() {
			var t times
			var err error
			for range repeats {
				r.timed(&t, func() int {
					var result engine.Result
					result, err = view.Search(s.ask(cond))
					q.Count = result.Count
					return result.Count
				})
			}
			if err != nil {
				return err
			}
			q.Steps[s.name] = t.timing()
		}
		r.report.Questions = append(r.report.Questions, q)
		if err := r.checkSearch(view, rule, r.ids, r.candidates); err != nil {
			return err
		}
	}
	return nil
}

// checkSearch compares one answer with the oracle's.
func (r *run) checkSearch(view *engine.View, rule Rule, ids []int64, candidates []Record) error {
	got, err := view.Search(whole().ask(r.profile.rule(rule)))
	if err != nil {
		return err
	}
	want := search(ids, candidates, rule)
	r.check(want.equals(&got))
	return r.export.search(r.profile, rule, &want)
}

// equals compares everything that a search gives.
func (a *answer) equals(got *engine.Result) bool {
	if got.Count != a.count || len(got.Facets) != len(a.facets) || len(got.Impact) != len(a.gains) {
		return false
	}
	for i, impact := range got.Impact {
		if impact.Gain != a.gains[i] || impact.Clause != i {
			return false
		}
	}
	for f := range got.Facets {
		if !slices.Equal(got.Facets[f].Values, ranked(a.facets[f])) {
			return false
		}
	}
	ids := make([]int64, len(got.Top))
	for i := range got.Top {
		ids[i] = got.Top[i].ID
	}
	return slices.Equal(ids, a.top)
}

// ranked gives the highest counts, ties by value.
func ranked(counts []int) []engine.ValueCount {
	var list []engine.ValueCount
	for v, n := range counts {
		if n > 0 {
			list = append(list, engine.ValueCount{Value: int32(v), Count: n})
		}
	}
	slices.SortStableFunc(list, func(a, b engine.ValueCount) int { return b.Count - a.Count })
	return list[:min(len(list), facetTop)]
}

func (r *run) randomSearches(p *engine.Population) error {
	view := p.View()
	for _, s := range steps() {
		var t times
		for i, rule := range r.searches {
			cond := r.profile.rule(rule)
			var err error
			r.timed(&t, func() int {
				var result engine.Result
				result, err = view.Search(s.ask(cond))
				return result.Count
			})
			if err != nil {
				return err
			}
			if i%100 == 0 {
				r.o.Progress("searching: "+s.name, i, len(r.searches))
			}
		}
		r.report.Steps[s.name] = t.timing()
	}
	r.report.Search = r.report.Steps[whole().name]
	every := 1
	if len(r.candidates) > checkAllBelow {
		every = len(r.searches) / sampled
	}
	for i := 0; i < len(r.searches); i += every {
		if err := r.checkSearch(view, r.searches[i], r.ids, r.candidates); err != nil {
			return err
		}
		if i%10 == 0 {
			r.o.Progress("checking searches", i, len(r.searches))
			if err := r.ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// apply measures changes: updates, new entries and deletions, in batches and
// alone, and checks some searches on what they leave.
func (r *run) apply(p *engine.Population) error {
	const batches, size, alone, checks = 300, 100, 1000, 20
	c := &changer{market: newMarket(r.o.Seed + 4000), profile: r.profile, records: slices.Clone(r.candidates)}
	c.gone = make([]bool, len(c.records))
	var batched, single times
	var err error
	for i := range batches + alone {
		if i < batches {
			changes := c.changes(size)
			start := r.o.Now()
			err = p.Apply(changes)
			batched.add(r.o.Now().Sub(start)/size, 0)
		} else {
			changes := c.changes(1)
			r.timed(&single, func() int {
				err = p.Apply(changes)
				return 0
			})
		}
		if err != nil {
			return err
		}
		if i%50 == 0 {
			r.o.Progress("applying changes", i, batches+alone)
		}
	}
	r.report.Apply, r.report.Alone = batched.timing(), single.timing()
	if err := r.searchWhileChanging(p, c); err != nil {
		return err
	}
	ids, records := c.left()
	exported := r.export
	r.export = nil // what is left is not what was exported
	for _, rule := range r.searches[:checks] {
		if err := r.checkSearch(p.View(), rule, ids, records); err != nil {
			return err
		}
	}
	r.export = exported
	return nil
}

// searchWhileChanging measures searches with two changes before each.
func (r *run) searchWhileChanging(p *engine.Population, c *changer) error {
	const searches = 300
	var t times
	for _, rule := range r.searches[:searches] {
		if err := p.Apply(c.changes(2)); err != nil {
			return err
		}
		cond := r.profile.rule(rule)
		var err error
		r.timed(&t, func() int {
			var result engine.Result
			result, err = p.View().Search(whole().ask(cond))
			return result.Count
		})
		if err != nil {
			return err
		}
	}
	r.report.SearchBusy = t.timing()
	return nil
}

// changer draws changes and keeps what they lead to.
type changer struct {
	*market
	profile schema
	records []Record // by id
	gone    []bool
	version int64
}

func (c *changer) changes(n int) []engine.Change {
	list := make([]engine.Change, n)
	for i := range list {
		c.version++
		ch := engine.Change{Version: c.version + 1}
		id := c.IntN(len(c.records) + 1)
		switch p := c.Float64(); {
		case p < .3 || id == len(c.records):
			id = len(c.records)
			c.records, c.gone = append(c.records, c.candidate()), append(c.gone, false)
		case p < .4:
			ch.Delete, c.gone[id] = true, true
		default:
			c.records[id], c.gone[id] = c.candidate(), false
		}
		ch.Entry.ID = int64(id)
		if !ch.Delete {
			ch.Entry.Doc = c.profile.doc(&c.records[id])
		}
		list[i] = ch
	}
	return list
}

// left gives the entries that are not deleted.
func (c *changer) left() (ids []int64, records []Record) {
	for id := range c.records {
		if !c.gone[id] {
			ids, records = append(ids, int64(id)), append(records, c.records[id])
		}
	}
	return ids, records
}
