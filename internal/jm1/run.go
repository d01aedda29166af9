package jm1

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"enishi/internal/engine"
)

// Options say how large a run is.
type Options struct {
	Candidates, Rules int
	Seed              uint64
	Export            string                              // a folder to write data, questions and answers to; "": none
	Progress          func(stage string, done, total int) // nil: none
	Now               func() time.Time
}

const (
	profiles      = 2000    // asked of the rules
	randomRules   = 1000    // used as searches
	checkedOf     = 300     // questions of each kind of match checked
	checkAllBelow = 170_000 // candidates up to which every search is checked
	sampled       = 64      // searches checked above that
)

// run carries the state of one run.
type run struct {
	bench
	profile    schema
	job        schema
	ids        []int64
	candidates []Record
	searches   []Rule // Q1 to Q3 and the random rules
	export     *exporter
}

func newRun(ctx context.Context, o Options) *run {
	return &run{bench: newBench(ctx, o), profile: profileFields(), job: positionFields()}
}

// Run draws the market, measures the engine on it and checks the answers. It
// ends early only with an error: of ctx, of the engine or of the export.
func Run(ctx context.Context, o Options) (report Report, err error) {
	r := newRun(ctx, o)
	if r.export, err = newExporter(o.Export); err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, r.export.close()) }()
	if err := r.inOrder(r.draw, r.search, r.reverse, r.mutual); err != nil {
		return Report{}, err
	}
	return r.report, nil
}

func (r *run) draw() error {
	m := newMarket(r.o.Seed + 1000)
	r.candidates = make([]Record, r.o.Candidates)
	r.ids = make([]int64, r.o.Candidates)
	for i := range r.candidates {
		r.candidates[i], r.ids[i] = m.candidate(), int64(i)
		if i%10_000 == 0 {
			r.o.Progress("drawing candidates", i, r.o.Candidates)
		}
	}
	r.searches = append(fixed()[1:], newMarket(r.o.Seed).rules(randomRules, Mixed)...)
	return r.ctx.Err()
}

// fixed gives the questions Q0 to Q3.
func fixed() []Rule {
	below := func(field int, hi int32) Clause { return Clause{Field: field, Lo: math.MinInt32, Hi: hi} }
	between := func(field int, lo, hi int32) Clause { return Clause{Field: field, Lo: lo, Hi: hi} }
	in := func(field int, level uint8, values ...int32) Clause {
		return Clause{Field: field, Values: values, Level: level}
	}
	q3 := []Clause{
		between(pay, 400, 900), between(years, 5, 20), below(jobChanges, 2), below(lastLogin, 90),
		in(willing, 1, 0, 1, 2, 3), in(occupation, 3, 0, 1, 2, 3, 4), in(skill, 3, 0, 1, 2), in(language, 2, english),
		{Field: company, Not: true, Values: []int32{1, 2, 3}, Level: 1},
	}
	return []Rule{
		{{}},
		{{in(willing, 1, 0)}},
		{{
			between(pay, 400, 800), below(jobChanges, 2), below(lastLogin, 90),
			in(willing, 1, 0, 1, 2), in(occupation, 3, 0, 1, 2, 3, 4),
		}},
		{q3},
	}
}

// reverse measures the rules, one regime after the other.
func (r *run) reverse() error {
	var err error
	if r.report.Mixed, r.report.Memory.Rule, err = r.regime(Mixed, "mixed"); err != nil {
		return err
	}
	r.report.Selective, r.report.Memory.SelectiveRule, err = r.regime(Selective, "selective")
	return err
}

func (r *run) regime(regime Regime, name string) (Timing, float64, error) {
	r.o.Progress("loading "+name+" rules", 0, r.o.Rules)
	rules := newMarket(r.o.Seed).rules(r.o.Rules, regime)
	var p *engine.Population
	bytes, err := weighed(len(rules), func() error {
		var err error
		p, _, err = r.load(engine.Schema{}, lowered(r.profile), len(rules), func(i int) engine.Entry {
			return engine.Entry{Cond: r.profile.rule(rules[i])}
		})
		return err
	})
	if err != nil {
		return Timing{}, 0, fmt.Errorf("load %s rules: %w", name, err)
	}
	asked := r.profiles()
	answers, timing := r.ask(p.View(), len(asked), "matching profiles to "+name+" rules", func(i int) engine.Question {
		return engine.Question{Doc: r.profile.doc(&asked[i])}
	})
	for i := range asked[:checkedOf] {
		want := matching(rules, &asked[i])
		r.check(slices.Equal(answers[i], want))
		if regime == Mixed {
			if err := r.export.match(r.profile, &asked[i], want); err != nil {
				return Timing{}, 0, err
			}
		}
	}
	if err := r.ctx.Err(); err != nil {
		return Timing{}, 0, err
	}
	r.report.Shares[name] = timing.Mean / float64(max(len(rules), 1))
	if regime == Mixed {
		err = r.busy(p, rules, asked)
	}
	return timing, bytes, err
}

// profiles gives the candidates that are asked about: the first, and more
// drawn if they are too few.
func (r *run) profiles() []Record {
	list := r.candidates[:min(len(r.candidates), profiles)]
	m := newMarket(r.o.Seed + 2000)
	for len(list) < profiles {
		list = append(list[:len(list):len(list)], m.candidate())
	}
	return list
}

func matching(rules []Rule, c *Record) []int64 {
	var ids []int64
	for i := range rules {
		if rules[i].holds(c) {
			ids = append(ids, int64(i))
		}
	}
	return ids
}

// busy measures matching while a rule is put and another deleted before every
// question, and checks that what was put is found.
func (r *run) busy(p *engine.Population, rules []Rule, asked []Record) error {
	m := newMarket(r.o.Seed + 3000)
	var t times
	next := slices.Clone(rules)
	gone := map[int64]bool{}
	for i := range asked[:min(len(asked), 1000)] {
		rule := m.rule()
		old := int64(m.IntN(len(next)))
		err := p.Apply([]engine.Change{
			{Entry: engine.Entry{ID: int64(len(next)), Cond: r.profile.rule(rule)}, Version: 1},
			{Entry: engine.Entry{ID: old}, Delete: true, Version: 2},
		})
		if err != nil {
			return err
		}
		next = append(next, rule)
		gone[old] = true
		doc := r.profile.doc(&asked[i])
		var got []int64
		r.timed(&t, func() int {
			got = p.View().Match(engine.Question{Doc: doc})
			return len(got)
		})
		if i%20 == 0 {
			want := slices.DeleteFunc(matching(next, &asked[i]), func(id int64) bool { return gone[id] })
			r.check(slices.Equal(got, want))
		}
	}
	r.report.Busy = t.timing()
	return nil
}
