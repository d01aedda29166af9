package worker

import (
	"context"
	"log/slog"
	"time"

	"enishi/internal/market"
)

// Watch learns of maintenance in every process, until it is stopped.
type Watch struct {
	log    *slog.Logger
	market *market.Market
}

// NewWatch gives the watch of a market.
func NewWatch(log *slog.Logger, m *market.Market) *Watch { return &Watch{log, m} }

// glance is how often it looks: often enough that one look may fail within
// market.Lead.
const glance = market.Lead / 4

// Run looks until ctx is done. While the database does not answer, what was
// last known holds.
func (w *Watch) Run(ctx context.Context) error {
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for failing := false; ; {
		err := w.market.Watch(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			w.log.WarnContext(ctx, "it is not known whether there is maintenance", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
