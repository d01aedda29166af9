package lifecycle_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"enishi/internal/lifecycle"
)

// TestTurns lets several take the turn at once: never do two have it.
func TestTurns(t *testing.T) {
	turn := lifecycle.Turn{Folder: t.TempDir(), Patience: time.Minute}
	var having, most atomic.Int32
	over := make(chan error)
	const all = 6
	for range all {
		go func() {
			done, got, err := turn.Take(t.Context())
			if !got {
				t.Error("no turn was had")
			}
			most.Store(max(most.Load(), having.Add(1)))
			having.Add(-1)
			done()
			done()
			over <- err
		}()
	}
	for range all {
		if err := <-over; err != nil {
			t.Error(err)
		}
	}
	if most.Load() != 1 {
		t.Errorf("%d had the turn at once", most.Load())
	}
}

// TestTurnIsNotWaitedForTooLong goes on without a turn that another keeps, and
// without a folder.
func TestTurnIsNotWaitedForTooLong(t *testing.T) {
	turn := lifecycle.Turn{Folder: t.TempDir(), Patience: time.Minute}
	keep, got, err := turn.Take(t.Context())
	defer keep()
	if !got || err != nil {
		t.Fatalf("Take = %v, %v", got, err)
	}
	patient := turn
	patient.Patience = time.Millisecond
	done, got, err := patient.Take(t.Context())
	done()
	if got || err != nil {
		t.Errorf("Take of a turn that another has = %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done, got, err = turn.Take(ctx)
	done()
	if got || err != nil {
		t.Errorf("Take by one who has gone = %v, %v", got, err)
	}
	done, got, err = lifecycle.Turn{Folder: turn.Folder + "/away"}.Take(t.Context())
	done()
	if got || err == nil {
		t.Errorf("Take without a folder = %v, %v", got, err)
	}
}
