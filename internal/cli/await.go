package cli

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"enishi/internal/errs"
	"enishi/internal/httpx"
)

// How long a start rests between its tries, and how often it says that it waits.
const (
	awaitRest = time.Second
	awaitSaid = 30 * time.Second
)

// awaited does what needs a database server, again while that is away: to end, and to
// be started again after ever longer pauses, would only delay the start. What waiting
// does not mend, as a wrong password, comes back at once.
func awaited(ctx context.Context, log *slog.Logger, gate *httpx.Gate, do func() error) error {
	var begun, said time.Time
	for {
		err := do()
		var known *errs.Error
		if !errs.Is(err, errs.Busy) || !errors.As(err, &known) || ctx.Err() != nil {
			if err == nil && !begun.IsZero() {
				log.InfoContext(ctx, "the database answers", "waited", time.Since(begun).Round(time.Millisecond))
			}
			return err
		}
		now := time.Now()
		if begun.IsZero() {
			begun = now
		}
		if now.Sub(said) >= awaitSaid {
			said = now
			log.WarnContext(ctx, "waiting for the database", "error", err)
		}
		gate.Say("waiting for the database: " + known.Message)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(awaitRest):
		}
	}
}
