package market

import (
	"context"
	"errors"
	"fmt"
	"time"

	"enishi/internal/errs"
)

// jobRun is a run that goes on.
type jobRun struct {
	market *Market
	job    *Job
	fence  int64
	run    Run
}

func (r *jobRun) lease() (name string, life time.Duration) {
	if r.job.file != nil || r.job.gather != nil {
		return leaseJob + r.job.Name, fileLease
	}
	return leaseJob + r.job.Name, jobLease
}

// hold keeps the job in this process's hands for another while; Stale if
// another process has taken it.
func (r *jobRun) hold(tx Tx) error {
	name, life := r.lease()
	fence, err := tx.TakeLease(name, r.market.self, life, false)
	if err == nil && fence != r.fence {
		err = errs.New(errs.Stale, "another process has taken the job over")
	}
	return err
}

// begin takes the job and notes that it runs. A scheduled one that is not due,
// or that another process runs, is left alone.
func (r *jobRun) begin(ctx context.Context, o RunOptions) error {
	scheduled := o.Scheduled
	err := r.market.store.Write(ctx, func(tx Tx) error {
		r.run = Run{}
		now := r.market.Now()
		due := func() (last *Run, is bool, err error) {
			if last, err = lastRun(tx, r.job.Name); err != nil || !scheduled {
				return last, true, err
			}
			next, err := r.market.next(tx, r.job, last, now)
			return last, !next.After(now), err
		}
		_, is, err := due()
		if err != nil || !is {
			return err
		}
		name, life := r.lease()
		if r.fence, err = tx.TakeLease(name, r.market.self, life, !r.market.options.Shared); err != nil {
			return err
		}
		if r.fence == 0 {
			if scheduled {
				return nil
			}
			return errs.Wrap(errs.Busy, fmt.Sprintf(
				"the job %s is running in another process; one that was killed gives it up after %.0f min", r.job.Name, life.Minutes()), ErrJobHeld)
		}
		// Once more, now that nobody else can begin it.
		last, is, err := due()
		if err != nil {
			return err
		}
		if !is {
			return tx.DropLease(name, r.fence)
		}
		if last != nil && last.Outcome == Running { // its process was killed
			last.Outcome = Interrupted
			if err := tx.SaveRun(last); err != nil {
				return err
			}
		}
		begun := Run{Job: r.job.Name, Started: now, Outcome: Running}
		if err := tx.AddRun(&begun); err != nil {
			return err
		}
		r.run = begun
		if o.Order == nil {
			return nil
		}
		return r.market.audit(tx, Actor{}, AuditJob, SubjectRun, begun.Key, ordered(*o.Order, r.job.Name+" is run"))
	})
	if err != nil {
		return fmt.Errorf("begin the job %s: %w", r.job.Name, err)
	}
	return nil
}

// pages does one page after another to the end.
func (r *jobRun) pages(ctx context.Context, progress func(Run)) error {
	for more := true; more; {
		var next Run
		err := r.market.store.Write(ctx, func(tx Tx) error {
			next = r.run
			if err := r.hold(tx); err != nil {
				return err
			}
			at, err := tx.Checkpoint(r.job.Name)
			if err != nil {
				return err
			}
			p := page{checkpoint: at, now: r.market.Now()}
			if more, err = r.job.page(tx, &p); err != nil {
				return err
			}
			if p.checkpoint != at {
				if err := tx.SetCheckpoint(r.job.Name, p.checkpoint); err != nil {
					return err
				}
			}
			next.Changed += p.changed
			return r.note(tx, &next, more)
		})
		if err != nil {
			return err
		}
		if r.run = next; progress != nil {
			progress(next)
		}
	}
	return nil
}

// note writes what the run has done so far, and its end.
func (r *jobRun) note(tx Tx, run *Run, more bool) error {
	run.Examined += tx.Examined()
	if more {
		return tx.SaveRun(run)
	}
	run.Ended, run.Outcome = r.market.Now(), Done
	if err := tx.SaveRun(run); err != nil {
		return err
	}
	name, _ := r.lease()
	return tx.DropLease(name, r.fence)
}

// gather does the work, then writes what came of it.
func (r *jobRun) gather(ctx context.Context, _ func(Run)) error {
	g, err := r.job.gather(ctx)
	if err != nil {
		return err
	}
	next := r.run
	err = r.market.store.Write(ctx, func(tx Tx) error {
		next = r.run
		if err := r.hold(tx); err != nil {
			return err
		}
		if g.write != nil {
			if err := g.write(tx); err != nil {
				return err
			}
		}
		next.Examined, next.Changed = next.Examined+g.examined, next.Changed+g.changed
		return r.note(tx, &next, false)
	})
	if err == nil {
		r.run = next
	}
	return err
}

// write writes a file.
func (r *jobRun) write(ctx context.Context, _ func(Run)) error {
	bytes, err := r.job.file(ctx)
	if err != nil {
		return err
	}
	next := r.run
	err = r.market.store.Write(ctx, func(tx Tx) error {
		next = r.run
		next.Bytes = bytes
		if err := r.hold(tx); err != nil {
			return err
		}
		return r.note(tx, &next, false)
	})
	if err == nil {
		r.run = next
	}
	return err
}

// fail notes how the run ended, as far as the store can be written, and gives
// its error.
func (r *jobRun) fail(ctx context.Context, cause error) error {
	ended := r.run
	ended.Ended, ended.Outcome, ended.Error = r.market.Now(), Failed, shortly(cause)
	if ctx.Err() != nil {
		ended.Outcome, ended.Error = Halted, ""
	}
	err := r.market.store.Write(context.WithoutCancel(ctx), func(tx Tx) error {
		if err := r.hold(tx); err != nil {
			return err
		}
		if err := tx.SaveRun(&ended); err != nil {
			return err
		}
		name, _ := r.lease()
		return tx.DropLease(name, r.fence)
	})
	if err == nil {
		r.run = ended
	} else {
		cause = errors.Join(cause, fmt.Errorf("note how it ended: %w", err))
	}
	return fmt.Errorf("job %s: %w", r.job.Name, cause)
}

// shortly gives of an error what users are told: the rest may hold what a
// driver quotes.
func shortly(err error) string {
	var known *errs.Error
	if !errors.As(err, &known) {
		return "internal error: the log has it"
	}
	return known.Message[:min(len(known.Message), jobErrorBytes)]
}
