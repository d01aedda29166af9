package worker

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"enishi/internal/market"
)

// pollEvery is how often a process looks for what others have written: four
// times in the second within which it is to see it.
const pollEvery = 250 * time.Millisecond

// Follower keeps the populations of a process in step with what other
// processes write, until it is stopped.
type Follower struct {
	log    *slog.Logger
	market *market.Market
	seen   atomic.Int64 // when it last came back from looking, nanoseconds since 1970
}

// NewFollower gives the follower of a market.
func NewFollower(log *slog.Logger, m *market.Market) *Follower {
	f := &Follower{log: log, market: m}
	f.seen.Store(time.Now().UnixNano())
	return f
}

// lastSeen gives when it last came back from looking, whatever it found.
func (f *Follower) lastSeen() time.Time { return time.Unix(0, f.seen.Load()) }

// Run follows the log until ctx is done. While the database does not answer,
// the populations stay as they are.
func (f *Follower) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	failing := false
	for {
		err := f.market.Follow(ctx)
		f.seen.Store(time.Now().UnixNano())
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !failing:
			f.log.ErrorContext(ctx, "the log cannot be followed; searches answer with what is known", "error", err)
		case err == nil && failing:
			f.log.InfoContext(ctx, "the log is followed again")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Leader takes the lead among the workers when nobody has it, and keeps it,
// until it is stopped.
type Leader struct {
	log    *slog.Logger
	market *market.Market
}

// NewLeader gives the leader of a market.
func NewLeader(log *slog.Logger, m *market.Market) *Leader { return &Leader{log, m} }

// renewEvery leaves several tries within a lease's life.
const renewEvery = market.LeaseLife / 5

// yieldTime bounds how long giving the lead up may take.
const yieldTime = 2 * time.Second

// Run asks for the lead again and again until ctx is done, then gives it up.
func (l *Leader) Run(ctx context.Context) error {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	led, failing := false, false
	for {
		leads, err := l.market.Lead(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil && !failing:
			l.log.ErrorContext(ctx, "the lead cannot be asked for", "error", err)
		case err == nil && leads != led:
			led = leads
			l.log.InfoContext(ctx, "the lead has changed hands", "leads", leads)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			done, cancel := context.WithTimeout(context.WithoutCancel(ctx), yieldTime)
			defer cancel()
			if err := l.market.Yield(done); err != nil {
				l.log.WarnContext(done, "the lead was not given up; another takes it when it ends", "error", err)
			}
			return nil
		case <-tick.C:
		}
	}
}

// Hush ends, before anything else stops, what pages listen to: they go on listening to
// another process.
type Hush struct{ market *market.Market }

// NewHush gives the hush of a market.
func NewHush(m *market.Market) *Hush { return &Hush{m} }

// Run waits until ctx is done, and lets go whoever listens.
func (h *Hush) Run(ctx context.Context) error {
	<-ctx.Done()
	h.market.StopListening()
	return nil
}
