package environ

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

// restore makes the cluster beside, has its rows read, lets them take the place of those in force, and removes it. Each
// part finds again what an earlier run has done of it.
func (w *work) restore(ctx context.Context, r *restoring) error {
	err := w.inParts(ctx, r)
	if err != nil {
		err = fmt.Errorf("%w. The cluster %s, as far as there is one, stays, and costs, until the same has come to its end (%s), or %s", err, w.account.beside(), r.again, w.dropping())
	}
	return err
}

func (w *work) inParts(ctx context.Context, r *restoring) error {
	var from []string
	w.restoring = r.again
	if r.far.Copied.IsZero() && (!r.read || !r.Rehearse) {
		if err := w.timed("cluster", func() (err error) {
			from, err = w.restored(ctx, r)
			return err
		}); err != nil {
			return err
		}
	}
	if r.far.Copied.IsZero() && !r.read {
		if err := w.task(ctx, 0, append(slices.Clone(from), "--look"), r.Printed); err != nil {
			return err
		}
		if err := w.markRead(ctx); err != nil {
			return err
		}
	}
	if !r.Rehearse {
		if err := w.quietly(ctx, func(ctx context.Context) error { return w.replaced(ctx, r, r.replacing(from)) }); err != nil {
			return err
		}
	}
	return w.timed("remove", func() error { return w.drop(ctx) })
}

// replacing is what the task is told that replaces the rows.
func (r *restoring) replacing(from []string) []string {
	// A job that was killed leaves its lease for a quarter of an hour, and others begin by their schedules meanwhile.
	out := append(slices.Clone(from), "--replace", "--await", "20m")
	if r.WithErased {
		out = append(out, "--with-erased")
	}
	return out
}

// quietly does something that services may stand still for, while nobody else changes the environment, deploys to it or runs a
// task. From the first service that is stopped until all are started, only a further run of this, or giving up, goes on.
func (w *work) quietly(ctx context.Context, do func(context.Context) error) error {
	w.alone = true
	if err := w.hold(ctx); err != nil {
		return err
	}
	defer func() { w.held = nil }() // what comes then holds nobody up
	err := do(ctx)
	ending := context.WithoutCancel(ctx)
	switch {
	case errors.Is(err, deploy.ErrTaken):
		return err
	case err == nil && len(w.held.Stopped()) == 0:
		return w.held.Release(ending)
	case err != nil && len(w.held.Stopped()) > 0:
		err = fmt.Errorf("the services of %s stand still: %w", w.o.Environment, err)
	}
	return errors.Join(err, w.held.Abandon(ending, errors.As(err, new(goesOn))))
}

// replaced stops the services, has a task replace the rows, and starts the services.
func (w *work) replaced(ctx context.Context, r *restoring, command []string) error {
	if r.far.Copied.IsZero() {
		r.far.Goal, r.far.Stands = r.goal, true
		if err := w.reach(ctx, r); err != nil {
			return err
		}
		if err := w.timed("stop", func() error { return w.stopServices(ctx) }); err != nil {
			return err
		}
		if r.far.Since.IsZero() {
			r.far.Since = time.Now().UTC().Truncate(time.Second)
			if err := w.reach(ctx, r); err != nil {
				return err
			}
		}
		w.tell("stop", r.far.also()+" on: to that moment the database can be restored to take this back", -1)
		if err := w.task(ctx, 0, command, r.Printed); err != nil {
			return err
		}
		// No further run replaces what is written from now on.
		r.far.Copied = time.Now().UTC().Truncate(time.Second)
		if err := w.reach(ctx, r); err != nil {
			return err
		}
	}
	if err := w.timed("start", func() error { return w.startServices(ctx) }); err != nil {
		return err
	}
	return w.accepted(ctx)
}

// reach keeps how far the restore has come.
func (w *work) reach(ctx context.Context, r *restoring) error {
	far, err := json.Marshal(r.far)
	if err == nil {
		err = w.making.Reach(ctx, string(far), r.far.also())
	}
	if err != nil {
		return fmt.Errorf("keep how far it has come: %w", err)
	}
	return nil
}

// markRead says on the cluster beside that its rows were read.
func (w *work) markRead(ctx context.Context) error {
	c, err := w.clusterOf(ctx, w.account.beside())
	if err == nil && c == nil {
		err = errs.New(errs.Conflict, "the cluster "+w.account.beside()+" is gone")
	}
	if err != nil {
		return err
	}
	if err := w.mayChange(ctx); err != nil {
		return err
	}
	_, err = w.account.rds.AddTagsToResource(ctx, &rds.AddTagsToResourceInput{ResourceName: c.DBClusterArn, Tags: tagsOf(map[string]string{readTag: time.Now().UTC().Format(time.RFC3339)})})
	if err != nil {
		return fmt.Errorf("note on %s that it was read: %w", w.account.beside(), err)
	}
	return nil
}

// LookDrop finds out what a restore has left: a cluster beside the database, services that stand still. It changes nothing.
// NotFound: nothing.
func LookDrop(ctx context.Context, o *Options) (*Step, error) {
	var far reached
	w, s, _, err := beginRestore(ctx, o, &far)
	if err != nil {
		return nil, err
	}
	c, err := w.clusterOf(ctx, w.account.beside())
	if err != nil {
		return nil, err
	}
	stopped, err := deploy.Stopped(ctx, &deploy.Options{Environment: o.Environment, AWS: o.AWS, By: s.Identity, Why: "a look"})
	if err != nil {
		return nil, err
	}
	s.From, s.To = "what one has left", "given up"
	if c == nil && len(stopped) == 0 {
		if _, untold := s.again(s.To); untold {
			return s.tellOnly(), nil
		}
		return nil, errs.New(errs.NotFound, "there is no cluster "+w.account.beside()+", and no service stands still for a restore: none has left anything")
	}
	s.Undo = "the restore makes another cluster, as long as its moment or copy is kept."
	if !far.Copied.IsZero() {
		s.Then = "The rows of then are in force since " + far.Copied.Format(time.RFC3339) + ", and stay. "
	}
	if c != nil {
		s.Then += fmt.Sprintf("The cluster %s, restored to %q, is removed. ", w.account.beside(), tagged(c, restoresTag))
	}
	if len(stopped) > 0 {
		s.Then += "The services that stand still start again, if a task sees that the rows in force are whole. Where some were replaced and others not, they stay as they are until another restore, of the same moment or a later one."
	}
	s.do = func(ctx context.Context, w *work) error { return w.giveUp(ctx, s, len(stopped) > 0) }
	return s, nil
}

// giveUp starts the services that stand still, and removes the cluster beside. Rows that were replaced in part are served
// by nobody: only a restore ends that.
func (w *work) giveUp(ctx context.Context, s *Step, stand bool) error {
	if stand {
		w.restoring = s.command("restore", "--to", "MOMENT")
		if err := w.quietly(ctx, func(ctx context.Context) error {
			if err := w.task(ctx, 0, []string{"migrate", "--plan"}, func(string) {}); err != nil {
				if errors.As(err, new(goesOn)) || ctx.Err() != nil {
					return err
				}
				w.tell("start", "the services stay as they are: the rows in force are not whole, or cannot be read ("+err.Error()+")", -1)
				return nil
			}
			if err := w.timed("start", func() error { return w.startServices(ctx) }); err != nil {
				return err
			}
			return w.accepted(ctx)
		}); err != nil {
			return err
		}
	}
	return w.timed("remove", func() error { return w.drop(ctx) })
}
