// Package deploy brings a version of Enishi to all traffic of an environment on Amazon
// ECS, or takes it back: the schema first, then the next version beside the one that serves,
// held to what is promised while nobody is sent to it, then a tenth of the traffic, all of
// it, the workers, and the jobs.
//
// What it has done is in a record in the environment's bucket, written before the next
// thing is done. A run that was killed at any point is finished, or taken back, by the
// next one; two never run at once. It refuses an environment in which somebody else's
// deployment moves. See docs/decisions/0041.
//
// A call of Run or Rollback is safe beside any other, in whatever process.
package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"enishi/internal/errs"
)

// Options say what is deployed, where, and by whom.
type Options struct {
	Environment string
	AWS         aws.Config
	By, Why     string
	Version     string
	Schema      int64 // that the version makes of the database; 0: not known
	// Digest, unless it is "", is what the image has to be: the one that was accepted elsewhere.
	Digest string
	// Image makes the image of the version, puts it into a registry and gives it as
	// REPOSITORY@DIGEST.
	Image func(context.Context, Registry) (string, error)
	// DespiteAlarms lets a deployment begin while alarms are on: it may be what ends them.
	DespiteAlarms bool
	// Bad is the share of requests answered badly at which a version is taken back that has traffic; 0: nobody looks.
	Bad float64
	// Guards are the alarms under which ECS itself takes a version back, without what all alarms of an environment are named
	// by; also when nobody looks any more.
	Guards []string
	// Alone keeps tasks off as well while the environment is held.
	Alone bool
	// Restoring says how the restore is given again that this is of: it takes an environment whose services stand still for
	// one; "": it is of none.
	Restoring string
	// Ending takes an environment down, whatever was left of a change or a restore of it.
	Ending bool
	// Disk is how many GiB a task that runs once has; 0: as many as Fargate gives unasked.
	Disk int32
	// Tell is told what is being done; nil: nobody is.
	Tell func(Progress)
}

// Registry is where images of an environment are kept, and a login to it.
type Registry struct{ Repository, User, Password string }

// Progress is what a deployment is doing.
type Progress struct {
	Step string
	Note string        // what it waits for, or found
	Took time.Duration // of a step that has ended; less than 0: it goes on
}

// deployment is one that this process works on.
type deployment struct {
	o        *Options
	account  *account
	ledger   *ledger
	record   *Record
	mark     string
	blind    int // how often the edge's alarms could not be asked
	spending spending
}

// Run deploys, or finishes a deployment that an earlier run has left; then it gives that
// one's record, whatever o asks for. An error with a record that has ended says why it was
// rolled back; one without says that it goes on where it stands with the next run.
func Run(ctx context.Context, o *Options) (*Record, error) {
	d, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	left, err := d.takeOver(ctx)
	if err == nil && !left {
		err = d.begin(ctx)
	}
	if err != nil {
		return nil, err
	}
	return d.record, d.finish(ctx)
}

// Rollback takes back the deployment that an earlier run has left, or the one that has
// ended last: what ran before it runs again.
func Rollback(ctx context.Context, o *Options) (*Record, error) {
	d, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	left, err := d.takeOver(ctx)
	if err == nil && !left {
		err = d.reopen(ctx)
	}
	if err != nil {
		return nil, err
	}
	d.record.Back, d.record.Reason = true, o.Why
	if err := d.save(ctx); err != nil {
		return nil, err
	}
	return d.record, d.takeBack(ctx)
}

func open(ctx context.Context, o *Options) (*deployment, error) {
	if o.By == "" || o.Why == "" {
		return nil, errs.New(errs.Invalid, "a deployment says who deploys, and why")
	}
	d := &deployment{o: o, account: newAccount(&o.AWS, o.Environment)}
	bucket, err := d.account.parameter(ctx, "records")
	if err != nil {
		return nil, err
	}
	d.ledger = newLedger(&o.AWS, bucket)
	return d, nil
}

// takeOver says whether an earlier run has left a deployment, and makes it this one's.
func (d *deployment) takeOver(ctx context.Context) (bool, error) {
	var err error
	if d.record, d.mark, err = d.ledger.last(ctx); err != nil || d.record == nil {
		return false, err
	}
	r := d.record
	if err := r.free(); err != nil || !r.Ended.IsZero() {
		return false, err
	}
	if silent := time.Since(r.Heard); silent < lease {
		return false, errs.New(errs.Conflict, fmt.Sprintf("%s is deploying %s to %s (step %q, heard of %d s ago): wait until that has ended. If it was killed, it can be taken over in %d s",
			r.By, r.Version, r.Environment, r.at(), int(silent.Seconds()), int((lease-silent).Seconds())+1))
	}
	if got := digestOf(r.Image); d.o.Digest != "" && got != d.o.Digest && !r.Back {
		return false, errs.New(errs.Conflict, fmt.Sprintf("%s was left half-way (%s), and %s is wanted: take it back by enishi deploy rollback %s, or finish it without --digest", got, r.ID, d.o.Digest, r.Environment))
	}
	r.Holder = d.ledger.holder
	d.tell(r.at(), "goes on with "+r.ID+", which "+r.By+" has left", -1)
	return true, d.save(ctx)
}

// at names the step that a record is at.
func (r *Record) at() string {
	if len(r.Steps) == 0 {
		return "begin"
	}
	return r.Steps[len(r.Steps)-1].Step
}

// begin makes the image and a record of what runs now.
func (d *deployment) begin(ctx context.Context) error {
	r := &Record{Environment: d.o.Environment, By: d.o.By, Why: d.o.Why, Version: d.o.Version, Begun: time.Now().UTC(), Holder: d.ledger.holder, Needs: d.o.Schema}
	if last := d.record; last != nil {
		r.Schema = last.Schema
	}
	r.ID = r.Begun.Format("20060102T150405Z") + "-" + strings.TrimSuffix(r.Version, "-dirty")
	if err := d.look(ctx, r); err != nil {
		return err
	}
	registry, err := d.account.registry(ctx)
	if err != nil {
		return err
	}
	image := Timing{Step: "image", Begun: time.Now().UTC()}
	d.tell(image.Step, "is built and pushed", -1)
	if r.Image, err = d.o.Image(ctx, registry); err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	if got := digestOf(r.Image); d.o.Digest != "" && got != d.o.Digest {
		return errs.New(errs.Conflict, fmt.Sprintf("nothing is deployed: the image that was built is %s, and %s is wanted. It is of another commit, or was built by another version of Go", got, d.o.Digest))
	}
	image.Ended = time.Now().UTC()
	r.Steps = []Timing{image}
	d.tell(image.Step, r.Image, image.Ended.Sub(image.Begun))
	d.record = r
	if err := d.save(ctx); errors.Is(err, ErrTaken) {
		return errs.New(errs.Conflict, "somebody else began a deployment meanwhile: nothing was changed")
	} else if err != nil {
		return err
	}
	return nil
}

// look finds out what runs, and refuses where that is moving or unwell.
func (d *deployment) look(ctx context.Context, r *Record) error {
	var err error
	if r.Before.Image, err = d.account.parameter(ctx, "image"); err != nil {
		return err
	}
	var moves error
	for name, into := range map[string]*string{web: &r.Before.Web, worker: &r.Before.Worker} {
		s, err := d.account.service(ctx, name)
		if err != nil {
			return err
		}
		if err := still(s); err != nil {
			moves = err
		}
		*into = aws.ToString(s.TaskDefinition)
	}
	if r.Alarms, err = d.alarming(ctx); err != nil {
		return err
	}
	if moves == nil && len(r.Alarms) > 0 && !d.o.DespiteAlarms {
		moves = busy{errs.New(errs.Conflict, "alarms are on: "+strings.Join(r.Alarms, ", ")+". What a deployment breaks could not be told from what is broken already; --despite-alarms deploys what mends it")}
	}
	return moves
}

// runs gives what services run; "" of one that is not there.
func (d *deployment) runs(ctx context.Context) (now State, err error) {
	for name, into := range map[string]*string{web: &now.Web, worker: &now.Worker} {
		s, err := d.account.service(ctx, name)
		switch {
		case errs.Is(err, errs.NotFound):
		case err != nil:
			return State{}, err
		default:
			*into = aws.ToString(s.TaskDefinition)
		}
	}
	return now, nil
}

// busy is why nothing is deployed now.
type busy struct{ error }

func (b busy) Unwrap() error { return b.error }

// still fails if somebody else deploys a service.
func still(s *types.Service) error {
	if moving := aws.ToString(s.CurrentServiceDeployment); moving != "" {
		return busy{errs.New(errs.Conflict, "the service "+aws.ToString(s.ServiceName)+" is being deployed by somebody else ("+moving+"): wait until that has ended")}
	}
	return nil
}

// reopen makes the last deployment, which has ended, one that is to be taken back.
func (d *deployment) reopen(ctx context.Context) error {
	r := d.record
	if r == nil || r.Outcome != Deployed {
		return errs.New(errs.NotFound, "nothing is there to be taken back: the last deployment of "+d.o.Environment+" was rolled back, or there was none")
	}
	for _, name := range []string{web, worker} {
		s, err := d.account.service(ctx, name)
		if err != nil {
			return err
		}
		if err := still(s); err != nil {
			return err
		}
	}
	r.Ended, r.Outcome, r.Holder, r.By = time.Time{}, "", d.ledger.holder, d.o.By
	return nil
}

// step is one thing that a deployment does. What a killed run has done of it is found
// again and not done twice.
type step struct {
	name string
	do   func(*deployment, context.Context) error
}

// finish goes through what is left to do, forward or back.
func (d *deployment) finish(ctx context.Context) error {
	r := d.record
	if r.Back {
		return d.back(ctx)
	}
	err := d.through(ctx, forward())
	switch {
	case err == nil:
		return d.end(ctx, Deployed)
	case errors.As(err, new(stopped)) || ctx.Err() != nil:
		return fmt.Errorf("it stands at the step %q, and goes on with the next run: %w", r.at(), err)
	}
	r.Back, r.Reason = true, err.Error()
	d.tell(r.at(), "it is taken back: "+r.Reason, -1)
	if err := d.save(ctx); err != nil {
		return err
	}
	return d.back(ctx)
}

// back takes back what did not go well; the error says why, once that is done.
func (d *deployment) back(ctx context.Context) error {
	if err := d.takeBack(ctx); err != nil {
		return err
	}
	return errs.New(errs.Conflict, "rolled back: "+d.record.Reason)
}

func (d *deployment) takeBack(ctx context.Context) error {
	if err := d.through(ctx, backward()); err != nil {
		return fmt.Errorf("what was begun (%s) is not taken back yet, the next run goes on with that: %w", d.record.Reason, err)
	}
	return d.end(ctx, RolledBack)
}

func (d *deployment) through(ctx context.Context, steps []step) error {
	for _, s := range steps {
		t := d.timing(s.name)
		if !d.record.Steps[t].Ended.IsZero() {
			continue
		}
		if err := d.save(ctx); err != nil {
			return err
		}
		d.tell(s.name, "", -1)
		if err := s.do(d, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		now := &d.record.Steps[t]
		now.Ended = time.Now().UTC()
		if err := d.save(ctx); err != nil {
			return err
		}
		d.tell(s.name, now.Note, now.Ended.Sub(now.Begun))
	}
	return nil
}

// timing gives the place of a step in the record, which it makes.
func (d *deployment) timing(name string) int {
	for i := range d.record.Steps {
		if d.record.Steps[i].Step == name {
			return i
		}
	}
	d.record.Steps = append(d.record.Steps, Timing{Step: name, Begun: time.Now().UTC()})
	return len(d.record.Steps) - 1
}

func (d *deployment) end(ctx context.Context, outcome Outcome) error {
	r := d.record
	r.Ended, r.Outcome, r.Stands = time.Now().UTC(), outcome, r.After
	if outcome == RolledBack {
		r.Stands = r.Before
	}
	if err := d.ledger.file(ctx, r); err != nil {
		r.Ended, r.Outcome = time.Time{}, ""
		return err
	}
	return d.save(ctx)
}

// stopped is an error after which nothing more may be done here: the record could not be
// kept, or is somebody else's.
type stopped struct{ error }

func (s stopped) Unwrap() error { return s.error }

// save keeps the record, which says as well that this process is alive.
func (d *deployment) save(ctx context.Context) error {
	d.record.Heard = time.Now().UTC()
	mark, err := d.ledger.write(ctx, d.record, d.mark)
	if err != nil {
		return stopped{err}
	}
	d.mark = mark
	return nil
}

// mayChange is asked before anything is changed: it makes sure that nobody has taken over.
func (d *deployment) mayChange(ctx context.Context) error {
	if time.Since(d.record.Heard) < beat {
		return nil
	}
	return d.save(ctx)
}

func (d *deployment) tell(step, note string, took time.Duration) {
	if d.o.Tell != nil {
		d.o.Tell(Progress{Step: step, Note: note, Took: took})
	}
}

// look is asked again and again; it gives what is still awaited, or "".
type looker func(ctx context.Context) (string, error)

const (
	lookEvery = 5 * time.Second
	// failuresBorne is how often in a row AWS may fail to answer a question, each time after
	// the tries of its library, before that ends a deployment.
	failuresBorne = 5
)

// await asks until there is nothing left to await, and keeps the deployment's lock meanwhile.
func (d *deployment) await(ctx context.Context, step, what string, limit time.Duration, look looker) error {
	return d.poll(ctx, step, what, limit, func(ctx context.Context) (string, error) {
		if err := d.mayChange(ctx); err != nil {
			return "", err
		}
		return look(ctx)
	})
}

// poll asks until there is nothing left to await. An error that is final ends it at once.
func (d *deployment) poll(ctx context.Context, step, what string, limit time.Duration, look looker) error {
	begun, failures, said := time.Now(), 0, ""
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		missing, err := look(ctx)
		switch {
		case errors.As(err, new(final)) || errors.As(err, new(stopped)) || ctx.Err() != nil:
			return err
		case err != nil:
			if failures++; failures > failuresBorne {
				return err
			}
			missing = "AWS does not answer: " + err.Error()
		case missing == "":
			return nil
		default:
			failures = 0
		}
		if missing != said {
			said = missing
			d.tell(step, said, -1)
		}
		if time.Since(begun) > limit {
			return final{errs.New(errs.Internal, fmt.Sprintf("%s: not within %v; last seen: %s", what, limit, missing))}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// final is an error that no further look will change.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// ended says whether a deployment of a service is over.
func ended(s types.ServiceDeploymentStatus) bool {
	switch s {
	case types.ServiceDeploymentStatusSuccessful, types.ServiceDeploymentStatusStopped, types.ServiceDeploymentStatusRollbackSuccessful, types.ServiceDeploymentStatusRollbackFailed:
		return true
	}
	return false
}
