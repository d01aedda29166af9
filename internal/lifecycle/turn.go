package lifecycle

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// Turn is how processes that share a folder do something heavy one after
// another.
type Turn struct {
	// Folder is whose lock is the turn. It need not be writable.
	Folder string
	// Patience bounds the wait: whoever holds the turn may be paused.
	Patience time.Duration
}

// turnEvery is how often a turn that another holds is asked for again.
const turnEvery = 50 * time.Millisecond

// Take waits for the turn. Whoever has it calls done when the heavy part is
// over. A turn that cannot be had within Patience, or before ctx ends, is not
// waited for: it says so by got, and why by err if the folder cannot be locked
// at all.
func (t Turn) Take(ctx context.Context) (done func(), got bool, err error) {
	folder, err := os.Open(t.Folder)
	if err != nil {
		return func() {}, false, fmt.Errorf("open the folder whose lock is the turn: %w", err)
	}
	release := sync.OnceFunc(func() { _ = folder.Close() }) // which lets the lock go; nothing was written
	if got, err = t.lock(ctx, folder); !got {
		release()
	}
	return release, got, err
}

func (t Turn) lock(ctx context.Context, folder *os.File) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, t.Patience)
	defer cancel()
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return true, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			return false, fmt.Errorf("lock the folder %s: %w", t.Folder, err)
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-tick.C:
		}
	}
}
