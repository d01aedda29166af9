package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/store/sqlite"
)

// TestStats expects each figure of a store to move when what it counts happens.
func TestStats(t *testing.T) {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "stats.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	nothing := func(market.Tx) error { return nil }
	before := s.Stats()
	if before.Writers.Most != 1 || before.Readers.Most < 4 {
		t.Errorf("a fresh store has %+v", before)
	}
	within, leave := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- s.Write(t.Context(), func(market.Tx) error { close(within); <-leave; return nil })
	}()
	<-within
	if w := s.Stats().Writers; w.InUse != 1 || w.Idle != 0 || w.Waiting != 0 {
		t.Errorf("while one writes: %+v", w)
	}
	second := make(chan error, 1)
	go func() { second <- s.Write(t.Context(), nothing) }()
	for s.Stats().Writers.Waiting == 0 {
		if t.Context().Err() != nil {
			t.Fatal("nobody waits")
		}
	}
	close(leave)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if err := <-second; err != nil {
		t.Error(err)
	}
	if err := s.Read(t.Context(), nothing); err != nil {
		t.Error(err)
	}
	failed := errs.New(errs.Conflict, "no")
	if err := s.Write(t.Context(), func(market.Tx) error { return failed }); !errs.Is(err, errs.Conflict) {
		t.Errorf("a failing transaction gives %v", err)
	}
	gone, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if err := s.Write(gone, nothing); err == nil {
		t.Error("a write after its time succeeds")
	}
	w, r := s.Stats().Writers, s.Stats().Readers
	if w.InUse != 0 || w.Waiting != 0 || w.Waits != 1 || w.Waited <= 0 || w.Lasted <= 0 || w.Idle != 1 {
		t.Errorf("at rest: %+v", w)
	}
	if n := w.Transactions - before.Writers.Transactions; n != 3 || w.Committed-before.Writers.Committed != 2 {
		t.Errorf("%d transactions, %d committed; want 3 and 2", n, w.Committed-before.Writers.Committed)
	}
	if r.Transactions-before.Readers.Transactions != 1 || r.InUse != 0 {
		t.Errorf("readers: %+v", r)
	}
}
