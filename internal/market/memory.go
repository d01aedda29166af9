package market

import (
	"context"
	"fmt"
	"sync"
	"time"

	"enishi/internal/day"
	"enishi/internal/errs"
)

// Memory is a Store that keeps everything in memory and nothing on disk. One
// transaction writes at a time and shuts readers out, so a transaction inside
// another of the same store would wait for ever. What hangs on a row by a
// slice or a pointer is shared with the caller, who must not modify it.
type Memory struct {
	turn sync.RWMutex
	memoryLog
	memoryAccounts
	memoryCandidates
	memoryCompanies
	memoryPositions
	memoryRules
	memoryOffers
	memoryDealings
	memoryPauses
	memoryJobs
	memoryAccess
	memoryPast
	memorySaved
	memoryTrials
}

var _ Store = (*Memory)(nil)

// NewMemory gives an empty store.
func NewMemory() *Memory {
	return &Memory{
		memoryLog:        newMemoryLog(),
		memoryAccounts:   newMemoryAccounts(),
		memoryCandidates: newMemoryCandidates(),
		memoryCompanies:  newMemoryCompanies(),
		memoryPositions:  newMemoryPositions(),
		memoryRules:      newMemoryRules(),
		memoryOffers:     newMemoryOffers(),
		memoryDealings:   newMemoryDealings(),
		memoryJobs:       newMemoryJobs(),
		memoryAccess:     newMemoryAccess(),
		memoryPast:       memoryPast{cells: map[day.Day][]PastCell{}},
		memorySaved:      newMemorySaved(),
		memoryTrials:     memoryTrials{trialOf: map[int64]int64{}},
	}
}

// Write runs fn alone; see Store.
func (m *Memory) Write(ctx context.Context, fn func(Tx) error) error {
	m.turn.Lock()
	defer m.turn.Unlock()
	return m.run(&memoryTx{Memory: m, ctx: ctx, write: true}, fn)
}

// Read runs fn while nobody writes; see Store.
func (m *Memory) Read(ctx context.Context, fn func(Tx) error) error {
	m.turn.RLock()
	defer m.turn.RUnlock()
	return m.run(&memoryTx{Memory: m, ctx: ctx}, fn)
}

func (m *Memory) run(t *memoryTx, fn func(Tx) error) error {
	kept := false
	defer func() {
		t.ended = true
		if !kept { // fn failed or panicked
			t.rollback()
		}
	}()
	if err := t.ready(); err != nil {
		return err
	}
	if err := fn(t); err != nil {
		return err
	}
	if err := t.ready(); err != nil {
		return err
	}
	kept = true
	return nil
}

// memoryTx is one transaction: the store and how to undo what it did.
type memoryTx struct {
	*Memory
	ctx   context.Context
	write bool
	ended bool
	undos []func()

	examined int64
}

var _ Tx = (*memoryTx)(nil)

func (t *memoryTx) ready() error {
	if t.ended {
		return errs.New(errs.Internal, "the transaction has ended")
	}
	if t.ctx.Err() != nil {
		return fmt.Errorf("use the store: %w", context.Cause(t.ctx))
	}
	return nil
}

// writing is asked before anything is written or locked.
func (t *memoryTx) writing() error {
	if !t.write {
		return errs.New(errs.Internal, "the transaction may only read")
	}
	return t.ready()
}

func (t *memoryTx) undo(f func()) { t.undos = append(t.undos, f) }

func (t *memoryTx) rollback() {
	for i := len(t.undos) - 1; i >= 0; i-- {
		t.undos[i]()
	}
}

func missing(what string) error { return errs.New(errs.NotFound, "no such "+what) }

func twice(what string) error { return errs.New(errs.Conflict, "there is one already: "+what) }

func stale(what string) error {
	return errs.New(errs.Stale, "the "+what+" has changed since it was read")
}

// stored gives a moment as a database keeps it: to the microsecond, in UTC.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
