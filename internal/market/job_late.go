package market

import (
	"context"
	"time"
)

// lateTail is how many runs are looked at of a job that fails: two hours, where it is tried again after five minutes.
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
	last, err := shownRun(tx, j.Name)
	if err != nil {
		return time.Time{}, err
	}
	if last == nil {
		if due := j.first(since); due.After(since) {
			since = due
		}
		return past(since, now), nil
	}
	switch last.Outcome {
	case Done:
		return past(j.Next(last, now), now), nil
	case Halted: // it goes on with its next run
		return past(last.Ended, now), nil
	}
	return failingSince(tx, last)
}

// failingSince gives when the first of those runs began that have not ended well, one after another up to the last; the
// zero time if the last is the first of them and may end well yet.
func failingSince(tx Tx, last *Run) (first time.Time, err error) {
	runs, err := tx.Runs(last.Job, lateTail)
	if err != nil {
		return time.Time{}, err
	}
	for i := range runs {
		r := &runs[i]
		if i == 0 {
			r = last
		}
		switch r.Outcome {
		case Running:
		case Failed, Interrupted:
			first = r.Started
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
