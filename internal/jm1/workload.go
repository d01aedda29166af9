package jm1

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"enishi/internal/engine"
)

// Workload is any other market, in the engine's own terms, to be measured as
// JM-1 is. Entries and questions are numbered from 0; an entry's id is its
// number.
type Workload struct {
	Profiles, Positions engine.Schema
	Candidates, Rules   []engine.Entry                 // with document and condition
	Search              func(i int) engine.Cond        // rule i as a search among the candidates
	Asker               func(i int) engine.Question    // what candidate i asks of the rules
	Order               func(i int) engine.Question    // what rule i asks of the candidates
	Selective           []int                          // rules that are matched apart from the rest
	Facets              []uint16                       // over profiles
	Sort                []engine.Key                   // over profiles
	Found               func(rule, candidate int) bool // the search alone, without the engine
	Holds               func(rule, candidate int) bool // the rule's side alone, without the engine
	Wishes              func(rule, candidate int) bool // the candidate's side
}

// How much of a workload is asked and checked.
const (
	workloadAsked   = 2000
	workloadChecked = 100 // of each kind of question
	workloadBatches = 300
	workloadBatch   = 100
	workloadAlone   = 1000
)

// Measure measures the engine on a workload and checks the answers against the
// workload's own evaluators. The report is that of Run without the questions
// that only JM-1 has. Options say the figures of the report's head; nothing is
// exported.
func Measure(ctx context.Context, w Workload, o Options) (Report, error) {
	m := &measurement{bench: newBench(ctx, o), Workload: w}
	m.report.Candidates, m.report.Rules = len(w.Candidates), len(w.Rules)
	if err := m.inOrder(m.search, m.reverse, m.mutual); err != nil {
		return Report{}, err
	}
	return m.report, nil
}

type measurement struct {
	bench
	Workload
}

func (m *measurement) search() error {
	m.o.Progress("loading candidates", 0, len(m.Candidates))
	var p *engine.Population
	var err error
	m.report.Memory.Candidate, err = weighed(len(m.Candidates), func() error {
		loaded, took, err := m.load(m.Profiles, engine.Schema{}, len(m.Candidates), func(i int) engine.Entry {
			return engine.Entry{Doc: m.Candidates[i].Doc}
		})
		p, m.report.Start.Build = loaded, took.Seconds()
		return err
	})
	if err != nil {
		return fmt.Errorf("load candidates: %w", err)
	}
	if p, err = m.reloadCandidates(p, m.Profiles); err != nil {
		return err
	}
	n := min(len(m.Rules), randomRules)
	for _, s := range m.steps() {
		m.o.Progress("searching: "+s.name, 0, n)
		if m.report.Steps[s.name], err = m.searches(p, n, s); err != nil {
			return err
		}
	}
	m.report.Search = m.report.Steps[whole().name]
	if err := m.checkSearches(p.View(), n, m.Candidates, false); err != nil {
		return err
	}
	return m.apply(p, n)
}

// steps are JM-1's with the workload's own facets and order.
func (m *measurement) steps() []step {
	list := steps()
	for i := range list {
		ask := list[i].ask
		list[i].ask = func(c engine.Cond) engine.Query {
			q := ask(c)
			if q.Facets != nil {
				q.Facets = m.Facets
			}
			if q.Order != nil {
				q.Order = m.Sort
			}
			return q
		}
	}
	return list
}

func (m *measurement) searches(p *engine.Population, n int, s step) (Timing, error) {
	var t times
	var err error
	for i := range n {
		cond := m.Search(i)
		m.timed(&t, func() int {
			var r engine.Result
			r, err = p.View().Search(s.ask(cond))
			return r.Count
		})
		if err != nil {
			return Timing{}, fmt.Errorf("search by rule %d: %w", i, err)
		}
	}
	return t.timing(), nil
}

// found counts the candidates whom search i finds.
func (m *measurement) found(i int) int {
	n := 0
	for c := range m.Candidates {
		if m.Found(i, c) {
			n++
		}
	}
	return n
}

// checkSearches compares answers with what is found entry by entry; changed
// entries are not the candidates any more.
func (m *measurement) checkSearches(view *engine.View, n int, entries []engine.Entry, changed bool) error {
	all := m.steps()
	for i := 0; i < n; i += max(1, n/workloadChecked) {
		m.o.Progress("checking searches", i, n)
		q := all[len(all)-1].ask(m.Search(i))
		got, err := view.Search(q)
		if err != nil {
			return err
		}
		m.check(m.equals(&q, &got, entries) && (changed || got.Count == m.found(i)))
		if err := m.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// equals compares an answer with one that looks at every entry.
func (m *measurement) equals(q *engine.Query, got *engine.Result, entries []engine.Entry) bool {
	clauses := []engine.Cond{q.Cond}
	if q.Cond.Op == engine.All {
		clauses = q.Cond.Kids
	}
	gains := make([]int, len(clauses))
	var hits []int
	facets := make([]map[int32]int, len(q.Facets))
	for f := range facets {
		facets[f] = map[int32]int{}
	}
	for i := range entries {
		var failed []int
		for c := range clauses {
			if !engine.Holds(&m.Profiles, clauses[c], entries[i].Doc) {
				failed = append(failed, c)
			}
		}
		switch len(failed) {
		case 0:
			hits = append(hits, i)
		case 1:
			gains[failed[0]]++
		}
		for f, field := range q.Facets {
			if !slices.ContainsFunc(failed, func(c int) bool { return !solelyOn(clauses[c], field) }) {
				for v := range m.held(entries[i].Doc, field) {
					facets[f][v]++
				}
			}
		}
	}
	if got.Count != len(hits) || len(got.Impact) != len(gains) || !m.sameTop(q, got, entries, hits) {
		return false
	}
	for i := range got.Impact {
		if got.Impact[i] != (engine.Impact{Clause: i, Gain: gains[i]}) {
			return false
		}
	}
	for f := range facets {
		if !sameFacet(got.Facets[f].Values, facets[f], q.FacetTop) {
			return false
		}
	}
	return true
}

// solelyOn says whether every leaf of a clause without Not is on the field.
func solelyOn(c engine.Cond, field uint16) bool {
	switch c.Op {
	case engine.Not:
		return false
	case engine.All, engine.Any:
		if len(c.Kids) == 0 {
			return false
		}
		return !slices.ContainsFunc(c.Kids, func(k engine.Cond) bool { return !solelyOn(k, field) })
	}
	return c.Field == field
}

// held gives the values that a document holds in a field, those above included.
func (m *measurement) held(d engine.Doc, field uint16) map[int32]bool {
	out := map[int32]bool{}
	for _, t := range d.Tags {
		for v := t.Value; t.Field == field && v >= 0; v = m.Profiles.Fields[field].Parents[v] {
			out[v] = true
		}
	}
	return out
}

func sameFacet(got []engine.ValueCount, counts map[int32]int, top int) bool {
	want := make([]engine.ValueCount, 0, len(counts))
	for v, n := range counts {
		want = append(want, engine.ValueCount{Value: v, Count: n})
	}
	slices.SortFunc(want, func(a, b engine.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return slices.Equal(got, want[:min(len(want), top)])
}

// sameTop orders all hits by the workload's keys, which fall; whoever lacks a
// number comes last.
func (m *measurement) sameTop(q *engine.Query, got *engine.Result, entries []engine.Entry, hits []int) bool {
	number := func(i int, field uint16) int32 {
		for _, n := range entries[i].Doc.Nums {
			if n.Field == field {
				return n.Value
			}
		}
		return engine.MissingDescending
	}
	slices.SortFunc(hits, func(i, j int) int {
		for _, k := range q.Order {
			if d := cmp.Compare(number(j, k.Field), number(i, k.Field)); d != 0 {
				return d
			}
		}
		return cmp.Compare(entries[i].ID, entries[j].ID)
	})
	hits = hits[:min(len(hits), q.Limit)]
	return slices.EqualFunc(got.Top, hits, func(h engine.Hit, i int) bool { return h.ID == entries[i].ID })
}

// apply measures changes: documents of other candidates, new entries and
// deletions, in batches and alone; it checks searches on what they leave.
func (m *measurement) apply(p *engine.Population, n int) error {
	d := rand.New(rand.NewPCG(m.o.Seed, 6000))
	now := make(map[int64]engine.Entry, len(m.Candidates))
	for i := range m.Candidates {
		now[int64(i)] = engine.Entry{ID: int64(i), Doc: m.Candidates[i].Doc}
	}
	version, next := int64(1), int64(len(m.Candidates))
	draw := func(n int) []engine.Change {
		list := make([]engine.Change, n)
		for i := range list {
			version++
			ch := engine.Change{Version: version, Entry: engine.Entry{ID: d.Int64N(next)}}
			switch share := d.Float64(); {
			case share < .1:
				ch.Delete = true
				delete(now, ch.Entry.ID)
			case share < .4:
				ch.Entry.ID, next = next, next+1
			}
			if !ch.Delete {
				ch.Entry.Doc = m.Candidates[d.IntN(len(m.Candidates))].Doc
				now[ch.Entry.ID] = ch.Entry
			}
			list[i] = ch
		}
		return list
	}
	var batched, single times
	m.o.Progress("applying changes", 0, workloadBatches+workloadAlone)
	for i := range workloadBatches + workloadAlone {
		size, into := workloadBatch, &batched
		if i >= workloadBatches {
			size, into = 1, &single
		}
		changes := draw(size)
		start := m.o.Now()
		if err := p.Apply(changes); err != nil {
			return fmt.Errorf("apply changes: %w", err)
		}
		into.add(m.o.Now().Sub(start)/time.Duration(size), 0)
	}
	m.report.Apply, m.report.Alone = batched.timing(), single.timing()
	left := make([]engine.Entry, 0, len(now))
	for _, e := range now {
		left = append(left, e)
	}
	slices.SortFunc(left, func(a, b engine.Entry) int { return cmp.Compare(a.ID, b.ID) })
	return m.checkSearches(p.View(), min(n, workloadChecked/5), left, true)
}

func (m *measurement) reverse() error {
	every := make([]int, len(m.Rules))
	for i := range every {
		every[i] = i
	}
	var err error
	if m.report.Mixed, m.report.Memory.Rule, err = m.regime("mixed", every); err != nil {
		return err
	}
	m.report.Selective, m.report.Memory.SelectiveRule, err = m.regime("selective", m.Selective)
	return err
}

// regime measures which of some rules hold on a profile.
func (m *measurement) regime(name string, rules []int) (Timing, float64, error) {
	m.o.Progress("loading "+name+" rules", 0, len(rules))
	var p *engine.Population
	bytes, err := weighed(len(rules), func() error {
		var err error
		p, _, err = m.load(engine.Schema{}, m.Profiles, len(rules), func(i int) engine.Entry {
			return engine.Entry{Cond: m.Rules[rules[i]].Cond}
		})
		return err
	})
	if err != nil {
		return Timing{}, 0, fmt.Errorf("load %s rules: %w", name, err)
	}
	n := min(len(m.Candidates), workloadAsked)
	answers, timing := m.ask(p.View(), n, "matching profiles to "+name+" rules", func(i int) engine.Question {
		return engine.Question{Doc: m.Asker(i).Doc}
	})
	for i := range min(n, workloadChecked) {
		var want []int64
		for at, r := range rules {
			if m.Holds(r, i) {
				want = append(want, int64(at))
			}
		}
		m.check(slices.Equal(answers[i], want))
	}
	m.report.Shares[name] = timing.Mean / float64(max(len(rules), 1))
	return timing, bytes, m.ctx.Err()
}

func (m *measurement) mutual() error {
	m.o.Progress("loading both sides", 0, len(m.Candidates)+len(m.Rules))
	var rules, candidates *engine.Population
	var err error
	m.report.Memory.MutualRule, err = weighed(len(m.Rules), func() (err error) {
		rules, _, err = m.load(m.Positions, m.Profiles, len(m.Rules), func(i int) engine.Entry { return m.Rules[i] })
		return err
	})
	if err != nil {
		return fmt.Errorf("load rules with terms: %w", err)
	}
	m.report.Memory.MutualCandidate, err = weighed(len(m.Candidates), func() (err error) {
		var took time.Duration
		candidates, took, err = m.load(m.Profiles, m.Positions, len(m.Candidates), func(i int) engine.Entry { return m.Candidates[i] })
		m.report.Start.MutualBuild = took.Seconds()
		return err
	})
	if err == nil {
		candidates, err = m.reloadMutual(candidates, m.Profiles, m.Positions)
	}
	if err != nil {
		return fmt.Errorf("load candidates with wishes: %w", err)
	}
	n := min(len(m.Candidates), workloadAsked)
	var answers [][]int64
	answers, m.report.Mutual = m.ask(rules.View(), n, "matching both ways", m.Asker)
	for i := range min(n, workloadChecked) {
		m.check(slices.Equal(answers[i], m.both(len(m.Rules), func(r int) (int, int) { return r, i })))
	}
	n = min(len(m.Rules), randomRules)
	answers, m.report.Preview = m.ask(candidates.View(), n, "matching new rules", m.Order)
	for i := range min(n, workloadChecked) {
		m.check(slices.Equal(answers[i], m.both(len(m.Candidates), func(c int) (int, int) { return i, c })))
	}
	return nil
}

// both gives the numbers below n whose pair of a rule and a candidate holds.
func (m *measurement) both(n int, pair func(i int) (rule, candidate int)) []int64 {
	var out []int64
	for i := range n {
		if r, c := pair(i); m.Holds(r, c) && m.Wishes(r, c) {
			out = append(out, int64(i))
		}
	}
	return out
}
