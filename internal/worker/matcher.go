// Package worker runs what goes on without a request: the matcher that walks
// the change log and makes the offers that are due, and the keeping of the day.
// Its parts are lifecycle services; each belongs to one goroutine.
package worker

import (
	"context"
	"log/slog"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// Matcher follows the change log and makes offers until it is stopped.
type Matcher struct {
	log    *slog.Logger
	market *market.Market
}

// NewMatcher gives the matcher of a market.
func NewMatcher(log *slog.Logger, m *market.Market) *Matcher { return &Matcher{log, m} }

// round is how often the matcher looks at the clock: what is due within the
// minute is never late by more.
const round = time.Second

// Run walks the log until ctx is done. A row that fails is tried again after a
// round, since what broke it (a full disk, a lost connection) may be mended.
func (w *Matcher) Run(ctx context.Context) error {
	every := round
	if w.market.Shared() { // nobody tells of what other processes write
		every = pollEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := w.market.Tend(ctx)
		if err == nil {
			err = w.market.Drain(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		kicked := w.market.Kicked()
		if errs.Is(err, errs.Stale) && w.market.Shared() {
			w.log.InfoContext(ctx, "another process has taken the lead", "error", err)
		} else if err != nil {
			w.log.ErrorContext(ctx, "the matcher cannot go on, and tries again", "error", err)
			kicked = nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-kicked:
		case <-tick.C:
		}
	}
}
