package jm1

import (
	"context"
	"runtime"
	"time"

	"enishi/internal/engine"
)

// bench carries what every measurement needs: the options, and the report that
// it fills.
type bench struct {
	ctx    context.Context
	o      Options
	report Report
}

func newBench(ctx context.Context, o Options) bench {
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	return bench{ctx: ctx, o: o, report: Report{
		Candidates: o.Candidates, Rules: o.Rules, Seed: o.Seed,
		Questions: []QuestionTimings{}, Steps: map[string]Timing{}, Shares: map[string]float64{},
	}}
}

// inOrder takes the steps until one fails or ctx ends.
func (b *bench) inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
		if err := b.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// load gives a population of n entries, the i-th with id i, and how long its
// one change took.
func (b *bench) load(docs, conds engine.Schema, n int, entry func(i int) engine.Entry) (*engine.Population, time.Duration, error) {
	p, err := engine.New(docs, conds)
	if err != nil {
		return nil, 0, err
	}
	changes := make([]engine.Change, n)
	for i := range changes {
		changes[i] = engine.Change{Entry: entry(i), Version: 1}
		changes[i].Entry.ID = int64(i)
	}
	start := b.o.Now()
	err = p.Apply(changes)
	return p, b.o.Now().Sub(start), err
}

// weighed calls load and gives the bytes of heap that it left behind, by item.
func weighed(n int, load func() error) (float64, error) {
	heap := func() uint64 {
		var m runtime.MemStats
		// Twice: what pools hold is dropped by the second collection.
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	err := load()
	return (float64(heap()) - float64(before)) / float64(max(n, 1)), err
}

// ask times n questions and gives the answers; nothing else runs in between,
// so that the next question finds the caches as the last one left them.
func (b *bench) ask(view *engine.View, n int, stage string, question func(i int) engine.Question) ([][]int64, Timing) {
	questions, answers := make([]engine.Question, n), make([][]int64, n)
	for i := range questions {
		questions[i] = question(i)
	}
	b.o.Progress(stage, 0, n)
	var t times
	for i := range questions {
		b.timed(&t, func() int {
			answers[i] = view.Match(questions[i])
			return len(answers[i])
		})
	}
	return answers, t.timing()
}

// timed times f, which gives how many entries it found.
func (b *bench) timed(t *times, f func() int) {
	start := b.o.Now()
	found := f()
	t.add(b.o.Now().Sub(start), found)
}

// check counts an answer as checked, and as a mismatch if it is not equal.
func (b *bench) check(equal bool) {
	b.report.Checked++
	if !equal {
		b.report.Mismatches++
	}
}
