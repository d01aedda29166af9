package market

import (
	"context"
	"time"
)

// lateTail is how many runs of a job are looked at: two hours of one that fails and is tried again.
const lateTail = 24

// JobsLate gives for how long the job that is late most has been late: since it was due and has not begun, or since it
// fails or is killed, run after run. A job that never ran is due since a moment that the caller knows. It is 0 if
// all are on time, and during maintenance, when none runs.
func (m *Market) JobsLate(ctx context.Context, since time.Time) (late time.Duration, err error) {
	if _, ok := m.paused(); ok {
		return 0, nil
	}
	jobs := m.Jobs(nil).list // an image for processes that start is no promise to anybody
	err = m.read(ctx, func(tx Tx) error {
		late = 0
		now := m.Now()
		for i := range jobs {
			due, err := lateSince(tx, &jobs[i], since, now)
			if err != nil {
				return err
			}
			if !due.IsZero() {
				late = max(late, now.Sub(due))
			}
		}
		return nil
	})
	return late, err
}

// lateSince gives since when a job is late; the zero time if it is not.
func lateSince(tx Tx, j *Job, since, now time.Time) (time.Time, error) {
	runs, err := tx.Runs(j.Name, lateTail)
	if err != nil {
		return time.Time{}, err
	}
	if len(runs) == 0 {
		if due := j.first(now); due.After(since) {
			since = due
		}
		return past(since, now), nil
	}
	if err := markInterrupted(tx, &runs[0]); err != nil {
		return time.Time{}, err
	}
	switch runs[0].Outcome {
	case Done:
		return past(j.Next(&runs[0], now), now), nil
	case Halted: // it goes on at once
		return past(runs[0].Ended, now), nil
	}
	var first time.Time
	for i := range runs {
		switch runs[i].Outcome {
		case Running: // which may end well
		case Failed, Interrupted:
			first = runs[i].Started
		default:
			return first, nil
		}
	}
	return first, nil
}

// past gives a moment if it is over, else none.
func past(due, now time.Time) time.Time {
	if due.After(now) {
		return time.Time{}
	}
	return due
}
