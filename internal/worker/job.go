package worker

import (
	"context"
	"log/slog"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// Scheduler runs the batch jobs that are due, one after another, until it is
// stopped. Any number of processes may have one: each job runs in one of them.
type Scheduler struct {
	log  *slog.Logger
	jobs *market.Jobs
	look time.Duration
}

// SchedulerEvery is how often a scheduler looks for what is due.
const SchedulerEvery = 10 * time.Second

// NewScheduler gives the scheduler of some jobs, which looks as often as told.
func NewScheduler(log *slog.Logger, jobs *market.Jobs, look time.Duration) *Scheduler {
	return &Scheduler{log, jobs, look}
}

// Run looks for what is due until ctx is done. A job that fails is logged, and
// tried again some minutes later.
func (s *Scheduler) Run(ctx context.Context) error {
	tick := time.NewTicker(s.look)
	defer tick.Stop()
	for failing := false; ; {
		due, err := s.jobs.Due(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			s.log.ErrorContext(ctx, "it is not known which jobs are due", "error", err)
		}
		failing = err != nil
		for _, name := range due {
			if ctx.Err() == nil {
				s.run(ctx, name)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (s *Scheduler) run(ctx context.Context, name string) {
	r, err := s.jobs.Run(ctx, name, market.RunOptions{Scheduled: true, Progress: func(market.Run) { rest(ctx) }})
	switch {
	case ctx.Err() != nil, errs.Is(err, errs.Busy) && r.Key == 0: // it is stopped, or goes on elsewhere
	case err != nil:
		s.log.ErrorContext(ctx, "a job failed and is tried again", "job", name, "error", err)
	case r.Changed > 0 || r.Bytes > 0:
		s.log.InfoContext(ctx, "a job is done", "job", name, "changed", r.Changed, "examined", r.Examined, "bytes", r.Bytes,
			"took", r.Ended.Sub(r.Started))
	}
}

// breath is what a job rests between two pages, some ten milliseconds each: so
// that of a store with one writer those who wait for an answer get most.
const breath = 20 * time.Millisecond

func rest(ctx context.Context) {
	timer := time.NewTimer(breath)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
