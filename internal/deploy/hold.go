package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"enishi/internal/errs"
)

// Hold says that the environment itself is being changed, and by whom. It stands in the
// record of what was deployed last, whose conditional writes keep two from working at once.
type Hold struct {
	ID    string    `json:"id"`
	By    string    `json:"by"`
	Why   string    `json:"why"`
	Begun time.Time `json:"begun_at"`
	// Alone keeps tasks off too that somebody else would run: rows are brought from elsewhere.
	Alone bool `json:"alone,omitempty"`
	// Task is one that was begun under it and has not been seen to end.
	Task string `json:"task,omitempty"`
	// Drifted says that services ran what nobody had left to them, before anything was changed.
	Drifted bool `json:"drifted,omitempty"`
	// Stopped is how many tasks each service had that a restore of the database has stopped, and has not started again.
	Stopped map[string]int32 `json:"stopped,omitempty"`
	// Restoring says that it is a restore's, and how that is given again; "": it is not.
	Restoring string `json:"restoring,omitempty"`
}

// free fails while the environment is being changed, also if whoever did so was killed:
// what CloudFormation does goes on without them.
func (r *Record) free() error {
	if r.Hold == nil {
		return nil
	}
	goes := "enishi env up " + r.Environment + " goes on with it"
	switch {
	case len(r.Hold.Stopped) > 0:
		return r.stands()
	case r.Hold.Alone:
		goes = "whatever it was (enishi env move, enishi env restore) begins it anew when it is given again"
	}
	return errs.New(errs.Conflict, fmt.Sprintf("%s is changing the environment %s (%s, since %s): wait until that has ended. If it was killed, %s",
		r.Hold.By, r.Environment, r.Hold.Why, r.Hold.Begun.Format(time.RFC3339), goes))
}

// stands is the error of whatever else than the restore itself would be done while a restore has stopped the services.
func (r *Record) stands() error {
	return errs.New(errs.Conflict, fmt.Sprintf("the services of %s stand still, for a restore of its database that has not ended (%s, since %s: %s): wait until it has. If it was killed, the same goes on with it (%s), and enishi env restore %[1]s --drop gives it up",
		r.Environment, r.Hold.By, r.Hold.Begun.Format(time.RFC3339), r.Hold.Why, r.Hold.Restoring))
}

// aside is the error of a task beside rows that are brought from elsewhere, as long as somebody is alive who does, or
// a task of theirs.
func (d *deployment) aside(ctx context.Context) error {
	r, _, err := d.ledger.last(ctx)
	if err != nil || r == nil || r.Hold == nil {
		return err
	}
	if len(r.Hold.Stopped) > 0 && d.o.Restoring == "" {
		return r.stands()
	}
	if !r.Hold.Alone {
		return nil
	}
	if time.Since(r.Heard) < lease {
		return r.free()
	}
	if r.Hold.Task == "" {
		return nil
	}
	if over, err := d.over(ctx, r.Hold.Task); err != nil || over {
		return err
	}
	return r.free()
}

// over says whether a task has ended. ECS forgets those that have, and a cluster that is gone has none.
func (d *deployment) over(ctx context.Context, arn string) (bool, error) {
	out, err := d.account.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(d.account.cluster()), Tasks: []string{arn}})
	if errors.As(err, new(*types.ClusterNotFoundException)) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the task %s: %w", arn, err)
	}
	return len(out.Tasks) == 0 || aws.ToString(out.Tasks[0].LastStatus) == "STOPPED", nil
}

// Held is an environment in which nobody deploys, and which nobody else changes. One
// goroutine at a time.
type Held struct{ d *deployment }

// Take keeps deployments off an environment, and other changes of it. It refuses while
// there is a deployment that has not ended; what another has left for longer than
// a lease becomes this one's.
func Take(ctx context.Context, o *Options) (*Held, error) {
	d, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	if d.record, d.mark, err = d.ledger.last(ctx); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	id := holdID(now, d.ledger)
	r := d.record
	switch {
	case r == nil:
		r = &Record{ID: id, Environment: o.Environment, By: o.By, Why: o.Why, Version: o.Version, Begun: now}
		d.record = r
	case r.Hold != nil:
		if silent := time.Since(r.Heard); silent < lease {
			return nil, errs.New(errs.Conflict, fmt.Sprintf("%s is changing the environment %s (heard of %d s ago): wait until that has ended. If it was killed, it can be gone on with in %d s",
				r.Hold.By, r.Environment, int(silent.Seconds()), int((lease-silent).Seconds())+1))
		}
		switch {
		case o.Ending: // whatever is left of it goes
		case len(r.Hold.Stopped) > 0 && o.Restoring == "":
			return nil, r.stands()
		case r.Hold.Restoring == "" && o.Restoring != "":
			return nil, errs.New(errs.Conflict, fmt.Sprintf("%s has left a change of %s half-way (%s): that is ended first, as by enishi env up %[2]s", r.Hold.By, r.Environment, r.Hold.Why))
		}
		id = r.Hold.ID // its tasks are found again
	case r.Ended.IsZero():
		return nil, errs.New(errs.Conflict, fmt.Sprintf("%s deploys %s to %s, or has left that half-way (step %q): finish it by enishi deploy %[3]s, or take it back by enishi deploy rollback %[3]s", r.By, r.Version, r.Environment, r.at()))
	}
	hold := &Hold{ID: id, By: o.By, Why: o.Why, Begun: now, Alone: o.Alone, Restoring: o.Restoring}
	if r.Hold != nil { // what a run has changed that was killed is no drift
		hold.Drifted, hold.Stopped = r.Hold.Drifted, r.Hold.Stopped
	} else if r.Stands != (State{}) {
		runs, err := d.runs(ctx)
		if err != nil {
			return nil, err
		}
		hold.Drifted = runs.Web != r.Stands.Web || runs.Worker != r.Stands.Worker
	}
	left := ""
	if r.Hold != nil {
		left = r.Hold.Task
	}
	hold.Task = left
	r.Hold, r.Holder = hold, d.ledger.holder
	if err := d.save(ctx); err != nil {
		return nil, err
	}
	h := &Held{d}
	if left == "" {
		return h, nil
	}
	if err := h.outlive(ctx, left); err != nil {
		return nil, errors.Join(err, h.Abandon(context.WithoutCancel(ctx), true))
	}
	return h, nil
}

// outlive waits for the end of a task that whoever held the environment before has begun; how it ends is nobody's
// matter any more.
func (h *Held) outlive(ctx context.Context, arn string) error {
	d := h.d
	err := d.await(ctx, "task", "the task "+arn, taskLimit, func(ctx context.Context) (string, error) {
		if over, err := d.over(ctx, arn); err != nil || over {
			return "", err
		}
		return "a task that was begun before goes on: " + arn, nil
	})
	if err != nil {
		return err
	}
	d.record.Hold.Task = ""
	return d.save(ctx)
}

// Beat says that whoever holds the environment is alive. An error means that somebody else
// has taken it over, or may: nothing more may be changed.
func (h *Held) Beat(ctx context.Context) error { return h.d.mayChange(ctx) }

// Release lets deployments begin again. What runs stays as the record has it; where there
// is none yet, the environment's own first version becomes it.
func (h *Held) Release(ctx context.Context) error {
	r := h.d.record
	if r.Ended.IsZero() {
		image, err := h.d.account.parameter(ctx, "image")
		if err != nil {
			return err
		}
		r.Ended, r.Outcome, r.Image, r.After.Image = time.Now().UTC(), Made, image, image
	}
	if r.Hold == nil || !r.Hold.Drifted { // else a change of the templates would hide what was changed by hand
		if runs, err := h.d.runs(ctx); err != nil {
			h.d.tell("release", "what services run could not be noted: "+err.Error(), -1)
		} else {
			r.Stands = runs
		}
	}
	r.Hold = nil
	return h.d.save(ctx)
}

// Abandon ends the hold after something failed. An environment that was whole before can
// be deployed to, unless AWS may still be changing it; that, and one that never was whole, waits for
// its making to be gone on with. What has come to its end, such as an acceptance that failed, is done
// anew then.
func (h *Held) Abandon(ctx context.Context, moves bool) error {
	r := h.d.record
	moves = moves || len(r.Hold.Stopped) > 0
	if !r.Ended.IsZero() && !moves {
		return h.Release(ctx)
	}
	if !moves {
		r.Hold.ID, r.Hold.Alone = holdID(time.Now(), h.d.ledger), false
	}
	r.Heard = time.Time{}
	_, err := h.d.ledger.write(ctx, r, h.d.mark)
	return err
}

// holdID names what is begun now.
func holdID(now time.Time, l *ledger) string {
	return now.UTC().Format("20060102T150405Z") + "-" + l.holder[:6]
}

// Stopped gives how many tasks each service had that is stopped for a restore; none: no service is.
func (h *Held) Stopped() map[string]int32 { return maps.Clone(h.d.record.Hold.Stopped) }

// Stopped gives how many tasks each service of an environment had that a restore has stopped, which has not started it
// again; none: no service is.
func Stopped(ctx context.Context, o *Options) (map[string]int32, error) {
	d, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	r, _, err := d.ledger.last(ctx)
	if err != nil || r == nil || r.Hold == nil {
		return nil, err
	}
	return r.Hold.Stopped, nil
}

// Stops notes that a service is about to be stopped, and how many tasks it has: whoever goes on starts as many. Until
// Starts nothing but a restore takes the environment.
func (h *Held) Stops(ctx context.Context, service string, tasks int32) error {
	stopped := h.Stopped()
	if stopped == nil {
		stopped = map[string]int32{}
	}
	stopped[service] = tasks
	h.d.record.Hold.Stopped = stopped
	return h.d.save(ctx)
}

// Starts notes that all services serve again.
func (h *Held) Starts(ctx context.Context) error {
	h.d.record.Hold.Stopped = nil
	return h.d.save(ctx)
}

// Registry gives the environment's repository, and a login that is good for hours.
func (h *Held) Registry(ctx context.Context) (Registry, error) { return h.d.account.registry(ctx) }

// Once runs the program as a task of its own of the newest definition of a family, and
// waits for it to end well. A killed run's task is found again by its token, which is of all that the task is told: ECS
// refuses the same one with anything else, such as a note of what a run has changed that came before it.
func (h *Held) Once(ctx context.Context, step, family string, limit time.Duration, command ...string) error {
	d := h.d
	definition, _, err := d.account.definition(ctx, d.account.family(family))
	if err != nil {
		return err
	}
	if err := h.Beat(ctx); err != nil {
		return err
	}
	id, of := d.record.Hold.ID, aws.ToString(definition.TaskDefinitionArn)
	by := order{By: d.record.Hold.By, Why: d.record.Hold.Why}
	arn, err := d.run(ctx, of, id, strings.Join(append([]string{id, step, of, by.By, by.Why}, command...), "\n"), by, command)
	if err != nil {
		return err
	}
	return d.onceEnds(ctx, step, family, arn, limit, command[0])
}

// Task runs a command of the program as RunTask does, while the environment is held, with so many GiB of disk. One
// that goes on is waited for by whoever holds it next.
func (h *Held) Task(ctx context.Context, disk int32, command []string, printed func(line string)) (*Task, error) {
	if err := h.Beat(ctx); err != nil {
		return nil, err
	}
	h.d.o.Disk = disk
	defer func() { h.d.o.Disk = 0 }()
	return h.d.runTask(ctx, once, command, printed)
}

// Note tells the audit log of the environment what was changed. A log that cannot be told, or
// a program from before that knows no such command, is told of and holds up nothing.
func (h *Held) Note(ctx context.Context, what, diff string) error {
	err := h.Once(ctx, "note", once, noteLimit, "audit", "note", what, diff)
	if errors.As(err, new(final)) {
		h.d.tell("note", "the audit log was not told: "+err.Error(), -1)
		return nil
	}
	return err
}

// Accept runs the acceptance suite against what serves.
func (h *Held) Accept(ctx context.Context, at string) error {
	return h.Once(ctx, "acceptance", accept, acceptanceLimit, "verify", at, "--address", simulator)
}
