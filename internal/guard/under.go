package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"
)

// ErrGone ends what runs under a guard that is gone.
var ErrGone = errors.New("the guard of this process has ended")

const (
	beats = 3 // the descriptor on which a guard's program hears it
	quiet = 3 // beats that are missed before the guard counts as stopped
)

// Under gives a context that ends with ErrGone when the guard that started this
// process has ended. While the guard is only stopped, it is woken: by a signal that
// also reaches the first process of a container. every is the time between its beats;
// stop ends it all.
func Under(ctx context.Context, log *slog.Logger, every time.Duration) (_ context.Context, stop func(), err error) {
	syscall.CloseOnExec(beats)
	if err := syscall.SetNonblock(beats, true); err != nil {
		return nil, nil, fmt.Errorf("hear the guard: %w", err)
	}
	pipe := os.NewFile(beats, "guard")
	if err := pipe.SetReadDeadline(time.Now()); err != nil {
		return nil, nil, fmt.Errorf("hear the guard: %w", errors.Join(err, pipe.Close()))
	}
	ctx, end := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	running.Go(func() { hear(ctx, log, pipe, every, end) })
	return ctx, func() {
		end(nil)
		_ = pipe.Close() // which ends the reading
		running.Wait()
	}, nil
}

// hear reads the beats until there can be no more.
func hear(ctx context.Context, log *slog.Logger, pipe *os.File, every time.Duration, end context.CancelCauseFunc) {
	guard, stopped := os.Getppid(), false
	some := make([]byte, 64)
	for {
		begun := time.Now()
		_ = pipe.SetReadDeadline(begun.Add(quiet * every))
		n, err := pipe.Read(some)
		switch {
		case n > 0:
			if stopped {
				log.InfoContext(ctx, "the guard runs again")
			}
			stopped = false
		case !errors.Is(err, os.ErrDeadlineExceeded) || os.Getppid() != guard:
			end(ErrGone)
			return
		case time.Since(begun) > (quiet+1)*every: // this process did not run either
		default:
			if !stopped {
				log.WarnContext(ctx, "the guard is stopped, and is woken", "quiet", time.Since(begun).Round(time.Millisecond))
			}
			stopped = true
			_ = syscall.Kill(guard, syscall.SIGCONT)
		}
	}
}
