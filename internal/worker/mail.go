package worker

import (
	"context"
	"log/slog"
	"time"

	"enishi/internal/market"
)

// Outbox sends the mails that the market has written, until it is stopped. Any
// number of processes may have one: each mail is tried by one of them.
type Outbox struct {
	log    *slog.Logger
	market *market.Market
}

// NewOutbox gives the outbox of a market.
func NewOutbox(log *slog.Logger, m *market.Market) *Outbox { return &Outbox{log, m} }

// mailEvery is how often an outbox looks for what other processes have written,
// and for what is to be tried again.
const mailEvery = 2 * time.Second

// Run sends mails until ctx is done. While the database does not answer, they
// wait there.
func (o *Outbox) Run(ctx context.Context) error {
	tick := time.NewTicker(mailEvery)
	defer tick.Stop()
	for failing := false; ; {
		err := o.drain(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			o.log.ErrorContext(ctx, "mails wait", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-o.market.Posted():
		case <-tick.C:
		}
	}
}

// drain sends until nothing is due; during maintenance nothing is written, so
// nothing is claimed.
func (o *Outbox) drain(ctx context.Context) error {
	if m := o.market.Maintenance(); m.Standing == market.ReadOnly || m.Standing == market.Stopped {
		return nil
	}
	for {
		n, err := o.market.Deliver(ctx)
		if n == 0 || err != nil {
			return err
		}
	}
}
