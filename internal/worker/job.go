package worker

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// Scheduler runs the batch jobs that are due, a few beside each other, until it
// is stopped. Any number of processes may have one: each job runs in one of
// them.
type Scheduler struct {
	log     *slog.Logger
	jobs    *market.Jobs
	look    time.Duration
	running atomic.Int32
}

// jobsBeside is how many jobs run at once: a long one, such as the first count
// of a large market, leaves room for two others, and all of them together hold
// no more connections to the database than that.
const jobsBeside = 3

// SchedulerEvery is how often a scheduler looks for what is due.
const SchedulerEvery = 10 * time.Second

// NewScheduler gives the scheduler of some jobs, which looks as often as told.
func NewScheduler(log *slog.Logger, jobs *market.Jobs, look time.Duration) *Scheduler {
	return &Scheduler{log: log, jobs: jobs, look: look}
}

// Run looks for what is due until ctx is done, and returns once no job runs. A
// job that fails is logged, and tried again some minutes later.
func (s *Scheduler) Run(ctx context.Context) error {
	tick := time.NewTicker(s.look)
	defer tick.Stop()
	var queue []string // due, in the order in which they were found
	known := map[string]bool{}
	ended := make(chan string)
	failing := s.due(ctx, false, &queue, known)
	for {
		for len(queue) > 0 && s.running.Load() < jobsBeside && ctx.Err() == nil {
			name := queue[0]
			queue = queue[1:]
			s.running.Add(1)
			go func() {
				s.run(ctx, name)
				ended <- name
			}()
		}
		select {
		case <-ctx.Done():
			for s.running.Load() > 0 {
				<-ended
				s.running.Add(-1)
			}
			return nil
		case name := <-ended:
			s.running.Add(-1)
			delete(known, name)
		case <-tick.C:
			failing = s.due(ctx, failing, &queue, known)
		}
	}
}

// due adds to a queue what is due and not known to be, and says whether that
// failed, which is logged if it did not before.
func (s *Scheduler) due(ctx context.Context, failed bool, queue *[]string, known map[string]bool) (failing bool) {
	list, err := s.jobs.Due(ctx)
	if err != nil && ctx.Err() == nil && !failed {
		s.log.ErrorContext(ctx, "it is not known which jobs are due", "error", err)
	}
	for _, name := range list {
		if !known[name] {
			known[name] = true
			*queue = append(*queue, name)
		}
	}
	return err != nil
}

func (s *Scheduler) run(ctx context.Context, name string) {
	r, err := s.jobs.Run(ctx, name, market.RunOptions{Scheduled: true, Progress: func(market.Run) { s.rest(ctx) }})
	switch {
	case err == nil && (r.Changed > 0 || r.Bytes > 0):
		s.log.InfoContext(ctx, "a job is done", "job", name, "changed", r.Changed, "examined", r.Examined, "bytes", r.Bytes,
			"took", r.Ended.Sub(r.Started))
	case err == nil, ctx.Err() != nil, errs.Is(err, errs.Busy) && r.Key == 0: // nothing to do, stopped, or it goes on elsewhere
	default:
		s.log.ErrorContext(ctx, "a job failed and is tried again", "job", name, "error", err)
	}
}

// breath is what a job rests between two pages, some ten milliseconds each: so
// that of a store with one writer those who wait for an answer get most. Jobs
// beside each other rest longer, so that together they take no more.
const breath = 20 * time.Millisecond

func (s *Scheduler) rest(ctx context.Context) {
	timer := time.NewTimer(breath * time.Duration(s.running.Load()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
