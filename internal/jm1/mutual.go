package jm1

import (
	"fmt"
	"slices"

	"enishi/internal/engine"
)

// mutual measures both sides together: rules with a position, asked about
// candidates with wishes, and the other way round.
func (r *run) mutual() error {
	r.o.Progress("loading both sides", 0, r.o.Candidates+r.o.Rules)
	rules := newMarket(r.o.Seed).rules(r.o.Rules, Mixed)
	m := newMarket(r.o.Seed + 5000)
	positions := make([]Record, len(rules))
	for i := range positions {
		positions[i] = m.position()
	}
	wishes := make([][]Clause, max(len(r.candidates), profiles))
	for i := range wishes {
		wishes[i] = m.wishes()
	}
	if err := r.export.data(r, rules, positions, wishes); err != nil {
		return err
	}
	if err := r.mutualRules(rules, positions, wishes); err != nil {
		return err
	}
	return r.mutualCandidates(rules, positions, wishes)
}

func (r *run) mutualRules(rules []Rule, positions []Record, wishes [][]Clause) error {
	var p *engine.Population
	bytes, err := weighed(len(rules), func() error {
		var err error
		p, _, err = r.load(r.job, r.profile, len(rules), func(i int) engine.Entry {
			return engine.Entry{Doc: r.job.doc(&positions[i]), Cond: r.profile.rule(rules[i])}
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("load rules with positions: %w", err)
	}
	r.report.Memory.MutualRule = bytes
	view := p.View()
	first := r.job.firstNumber()
	var t times
	for i, c := range r.profiles() {
		q := engine.Question{Doc: r.profile.doc(&c), Cond: r.job.conjunction(wishes[i])}
		var got []int64
		r.timed(&t, func() int {
			got = view.Match(q)
			return len(got)
		})
		if i < checkedOf {
			want := slices.DeleteFunc(matching(rules, &c), func(id int64) bool { return !all(wishes[i], &positions[id], first) })
			r.check(slices.Equal(got, want))
			if err := r.export.mutual(r, &c, wishes[i], want, i); err != nil {
				return err
			}
		}
		if i%100 == 0 {
			r.o.Progress("matching both ways", i, profiles)
		}
	}
	r.report.Mutual = t.timing()
	return r.ctx.Err()
}

func (r *run) mutualCandidates(rules []Rule, positions []Record, wishes [][]Clause) error {
	var p *engine.Population
	bytes, err := weighed(len(r.candidates), func() error {
		var err error
		p, _, err = r.load(r.profile, r.job, len(r.candidates), func(i int) engine.Entry {
			return engine.Entry{Doc: r.profile.doc(&r.candidates[i]), Cond: r.job.conjunction(wishes[i])}
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("load candidates with wishes: %w", err)
	}
	r.report.Memory.MutualCandidate = bytes
	view := p.View()
	first := r.job.firstNumber()
	var t times
	for i := range rules[:min(len(rules), randomRules)] {
		q := engine.Question{Doc: r.job.doc(&positions[i]), Cond: r.profile.rule(rules[i])}
		var got []int64
		r.timed(&t, func() int {
			got = view.Match(q)
			return len(got)
		})
		if i%10 == 0 && i < 10*checkedOf {
			var want []int64
			for id := range r.candidates {
				if rules[i].holds(&r.candidates[id]) && all(wishes[id], &positions[i], first) {
					want = append(want, int64(id))
				}
			}
			r.check(slices.Equal(got, want))
		}
		if i%100 == 0 {
			r.o.Progress("matching new rules", i, randomRules)
		}
	}
	r.report.Preview = t.timing()
	return r.ctx.Err()
}
