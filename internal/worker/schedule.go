package worker

import (
	"context"
	"log/slog"
	"time"
)

// Schedule runs a job again and again until it is stopped.
type Schedule struct {
	log   *slog.Logger
	name  string
	every time.Duration
	run   func(context.Context) error
}

// NewSchedule gives the schedule of a job, which must be harmless to repeat.
func NewSchedule(log *slog.Logger, name string, every time.Duration, run func(context.Context) error) *Schedule {
	return &Schedule{log, name, every, run}
}

// Run runs the job each time that the interval has passed, until ctx is done. A
// run that fails is logged and does not keep the next from being tried.
func (s *Schedule) Run(ctx context.Context) error {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.run(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "a job failed and is tried again", "job", s.name, "error", err)
		}
	}
}
