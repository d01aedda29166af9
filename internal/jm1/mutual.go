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
		p, _, err = r.load(lowered(r.job), lowered(r.profile), len(rules), func(i int) engine.Entry {
			return engine.Entry{Doc: r.job.doc(&positions[i]), Cond: r.profile.rule(rules[i])}
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("load rules with positions: %w", err)
	}
	r.report.Memory.MutualRule = bytes
	asked, first := r.profiles(), r.job.firstNumber()
	var answers [][]int64
	answers, r.report.Mutual = r.ask(p.View(), len(asked), "matching both ways", func(i int) engine.Question {
		return engine.Question{Doc: r.profile.doc(&asked[i]), Cond: r.job.conjunction(wishes[i])}
	})
	for i := range asked[:checkedOf] {
		want := slices.DeleteFunc(matching(rules, &asked[i]), func(id int64) bool { return !all(wishes[i], &positions[id], first) })
		r.check(slices.Equal(answers[i], want))
		if err := r.export.mutual(r, &asked[i], wishes[i], want); err != nil {
			return err
		}
	}
	return r.ctx.Err()
}

func (r *run) mutualCandidates(rules []Rule, positions []Record, wishes [][]Clause) error {
	var p *engine.Population
	bytes, err := weighed(len(r.candidates), func() error {
		loaded, took, err := r.load(lowered(r.profile), lowered(r.job), len(r.candidates), func(i int) engine.Entry {
			return engine.Entry{Doc: r.profile.doc(&r.candidates[i]), Cond: r.job.conjunction(wishes[i])}
		})
		p, r.report.Start.MutualBuild = loaded, took.Seconds()
		return err
	})
	if err == nil {
		p, err = r.reloadMutual(p, lowered(r.profile), lowered(r.job))
	}
	if err != nil {
		return fmt.Errorf("load candidates with wishes: %w", err)
	}
	r.report.Memory.MutualCandidate = bytes
	var answers [][]int64
	n, first := min(len(rules), randomRules), r.job.firstNumber()
	answers, r.report.Preview = r.ask(p.View(), n, "matching new rules", func(i int) engine.Question {
		return engine.Question{Doc: r.job.doc(&positions[i]), Cond: r.profile.rule(rules[i])}
	})
	for i := range rules[:min(n, checkedOf)] {
		var want []int64
		for id := range r.candidates {
			if rules[i].holds(&r.candidates[id]) && all(wishes[id], &positions[i], first) {
				want = append(want, int64(id))
			}
		}
		r.check(slices.Equal(answers[i], want))
	}
	return r.ctx.Err()
}
