package jm1

import (
	"testing"
	"time"

	"enishi/internal/engine"
)

// Sizes of the benchmarks: large enough for several segments, small enough to
// be ready in a second.
const (
	benchCandidates = 170_000
	benchRules      = 100_000
)

func benchRun(b *testing.B) *run {
	b.Helper()
	r := newRun(b.Context(), Options{Candidates: benchCandidates, Rules: benchRules, Seed: 1, Now: time.Now})
	if err := r.draw(); err != nil {
		b.Fatal(err)
	}
	return r
}

func BenchmarkSearch(b *testing.B) {
	r := benchRun(b)
	p, _, err := r.load(lowered(r.profile), engine.Schema{}, len(r.candidates), r.candidateEntry)
	if err != nil {
		b.Fatal(err)
	}
	view := p.View()
	for _, s := range steps() {
		b.Run(s.name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				if _, err := view.Search(s.ask(r.profile.rule(r.searches[i%len(r.searches)]))); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	r := benchRun(b)
	for _, regime := range []struct {
		name string
		Regime
	}{{"mixed", Mixed}, {"selective", Selective}} {
		rules := newMarket(r.o.Seed).rules(benchRules, regime.Regime)
		p, _, err := r.load(engine.Schema{}, lowered(r.profile), len(rules), func(i int) engine.Entry {
			return engine.Entry{Cond: r.profile.rule(rules[i])}
		})
		if err != nil {
			b.Fatal(err)
		}
		asked := r.profiles()
		b.Run(regime.name, func(b *testing.B) {
			view, i := p.View(), 0
			for b.Loop() {
				view.Match(engine.Question{Doc: r.profile.doc(&asked[i%len(asked)])})
				i++
			}
		})
		b.Run(regime.name+"/near", func(b *testing.B) {
			view, i := p.View(), 0
			for b.Loop() {
				view.NearMisses(engine.Question{Doc: r.profile.doc(&asked[i%len(asked)])})
				i++
			}
		})
	}
}
