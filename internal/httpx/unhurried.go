package httpx

import (
	"context"
	"time"
)

// refusalStep is the grain of the time that a refused sign-in takes: all the
// comparisons of a password that one makes, fifteen of some 20 ms, fit into it.
const refusalStep = 500 * time.Millisecond

// Unhurried waits for the end of a step of time, so that how many accounts an
// address has, each a comparison of a password, does not show in how long a
// refusal takes. It keeps nobody from a place meanwhile.
func Unhurried(ctx context.Context, start time.Time) {
	Leave(ctx)
	timer := time.NewTimer(refusalStep - time.Since(start)%refusalStep)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
