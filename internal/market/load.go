package market

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"enishi/internal/rule"
)

// load fills the populations from the store at the start.
func (m *Market) load(ctx context.Context, progress func(what string, done int)) error {
	return m.fill(ctx, loadTurn, progress)
}

// fill loads the populations from the store, in place of what they hold: until
// all is read they answer as before, then they hold it. The head of the log is
// read first: a row that is read later may be newer than it, and is then loaded
// again when the log is followed from there. turn must be above all before.
func (m *Market) fill(ctx context.Context, turn int64, progress func(what string, done int)) error {
	var head int64
	err := m.read(ctx, func(tx Tx) error {
		var err error
		head, err = tx.Head()
		return err
	})
	if err != nil {
		return err
	}
	if err := m.loadAnswers(ctx); err != nil {
		return err
	}
	l := &loader{market: m, turn: turn, all: newBatch(), progress: progress}
	if err := l.inBlocks(ctx, "candidates", l.candidates); err != nil {
		return err
	}
	if err := l.inBlocks(ctx, "rules", l.rules); err != nil {
		return err
	}
	for _, key := range m.people.without(l.all) {
		l.all.erase(key, turn)
	}
	m.trials.without(l.all, turn)
	if err := m.loadSearches(ctx, turn); err != nil {
		return err
	}
	if err := m.apply(l.all); err != nil {
		return err
	}
	m.turn = turn
	m.people.applied.Store(head)
	return nil
}

// loadTurn is the turn of what is loaded at the start: every change that
// follows replaces it.
const loadTurn = 1

// loader reads a whole store on every core: decoding rows is the slow part.
type loader struct {
	market   *Market
	turn     int64
	mu       sync.Mutex
	all      *batch
	done     int
	progress func(what string, done int)
}

// inBlocks lets a worker per core read blocks of keys until one lies behind
// the last row.
func (l *loader) inBlocks(ctx context.Context, what string, read func(tx Tx, after int64) (rows int, part *batch, err error)) error {
	var next atomic.Int64
	var over atomic.Bool
	var workers sync.WaitGroup
	l.done = 0
	failures := make(chan error, runtime.GOMAXPROCS(0))
	for range cap(failures) {
		workers.Go(func() {
			for !over.Load() {
				after := (next.Add(1) - 1) * loadPage
				err := l.market.read(ctx, func(tx Tx) error {
					rows, part, err := read(tx, after)
					if err != nil {
						return err
					}
					if rows == 0 {
						over.Store(true)
					}
					l.add(what, part)
					return nil
				})
				if err != nil {
					failures <- err
					over.Store(true)
				}
			}
		})
	}
	workers.Wait()
	close(failures)
	var all []error
	for err := range failures {
		all = append(all, err)
	}
	return errors.Join(all...)
}

func (l *loader) add(what string, part *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.add(part)
	l.done += len(part.candidates) + len(part.rules)
	l.progress(what, l.done)
}

// candidates reads the block of keys behind one. rows counts what the store
// has behind it at all, also beyond the block.
func (l *loader) candidates(tx Tx, after int64) (rows int, part *batch, err error) {
	part = newBatch()
	page, err := tx.Candidates(after, loadPage)
	for i := range page {
		if page[i].Key > after+loadPage {
			break
		}
		if err := recallMask(tx, &page[i]); err != nil {
			return 0, nil, err
		}
		if err := l.market.people.putCandidate(part, &page[i], l.turn); err != nil {
			return 0, nil, err
		}
	}
	return len(page), part, err
}

func (l *loader) rules(tx Tx, after int64) (rows int, part *batch, err error) {
	part = newBatch()
	var page []rule.Rule
	if page, err = tx.Rules(after, loadPage); err != nil {
		return 0, nil, err
	}
	kin := kinship{}
	for _, r := range page {
		if r.Key > after+loadPage {
			break
		}
		o, err := loadOffering(tx, r, kin)
		if err != nil {
			return 0, nil, err
		}
		if err := l.market.people.putRule(part, o, l.turn); err != nil {
			return 0, nil, err
		}
	}
	return len(page), part, nil
}
