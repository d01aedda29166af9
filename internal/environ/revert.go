package environ

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/errs"
)

const (
	// asTemplate is what a stack is brought back to.
	asTemplate = "as its template says"
	// mostNoted is how much of what was changed by hand the audit log is told, in bytes; the plan shows all of it.
	mostNoted = 700
)

// LookRevert finds out what somebody has changed by hand in a stack, by its part of the environment such as base, and
// what brings it back to the template that it has: a change set of CloudFormation's that compares the account itself. It is
// deleted again; nothing is changed. Conflict: nothing differs, AWS is at the stack, a version was raised by AWS, or it is
// the stack of services; Denied: something that holds data would be made anew.
func LookRevert(ctx context.Context, o *Options, part string) (*Step, error) {
	m, err := stackOf(o, part)
	if err != nil {
		return nil, err
	}
	if m.part == "service" {
		return nil, errs.New(errs.Conflict, "the stack "+m.name+" is not brought back as a whole: which tasks run, to which group people are led and between how many it scales are deployments' and scaling's, and its template knows none of it. enishi env plan "+
			o.Environment+" shows each setting with both values: put the template's back where it was changed")
	}
	w := newWork(o)
	s, err := w.beginMending(ctx, m, "what was changed by hand in "+m.name)
	if err != nil {
		return nil, err
	}
	s.To = asTemplate
	left := s.Left != nil && s.Left.Made.IsZero() // however long ago: the environment is held for it
	switch {
	case fresh(m.there):
		return nil, errs.New(errs.Conflict, "the stack "+m.name+" was not made yet, or is gone; enishi env up makes it")
	case moving(m.there) && left:
		return w.begun(s, m), nil
	case moving(m.there):
		return nil, busyWith(m)
	case broken(o.Environment, m.there) != "":
		return nil, errs.New(errs.Conflict, broken(o.Environment, m.there))
	}
	c, err := w.reversal(ctx, m, toShow)
	switch {
	case err != nil:
		return nil, err
	case c == nil && left:
		return w.begun(s, m), nil
	case c == nil && s.Left != nil:
		return s.tellOnly(), nil
	case c == nil:
		return nil, errs.New(errs.Conflict, "nothing differs: CloudFormation finds the stack "+m.name+" as its template says, as far as it can compare what is in it")
	}
	if err := errors.Join(w.mayRevert(ctx, c), w.account.forget(ctx, c.stack, c.name)); err != nil {
		return nil, err
	}
	return w.reverting(s, m, c), nil
}

// begun makes the step the end of what an earlier run has begun.
func (w *work) begun(s *Step, m *mending) *Step {
	s.From, s.Undo = s.Left.From, "it was begun already; this waits for its end, and tells of it."
	s.do = func(ctx context.Context, w *work) error {
		return w.mends(ctx, m, func(ctx context.Context) error {
			now, err := w.account.stack(ctx, m.name)
			if err == nil && moving(now) {
				now, err = w.settle(ctx, m.name, time.Now().Add(-skew), nil)
			}
			if err != nil {
				return err
			}
			return w.whole(m.name, now)
		})
	}
	return s
}

// reverting makes the step what a change set says.
func (w *work) reverting(s *Step, m *mending, c *changeSet) *Step {
	s.Changes = toldAll(c.changes)
	s.From = inShort(s.Changes)
	s.Undo = "there is no command: what the account has now stands first of each two values, and is set again where it was."
	s.do = func(ctx context.Context, w *work) error {
		return w.mends(ctx, m, func(ctx context.Context) error {
			if err := w.noteUnlogged(ctx, s); err != nil {
				return err
			}
			return w.revert(ctx, m, s.Changes)
		})
	}
	return s
}

// inShort says what differs, for the audit log: each with what the account has and what the template says, as far as there is
// room, and what has none with its properties alone, or its name.
func inShort(changes []Change) string {
	var out []string
	room := mostNoted
	for i := range changes {
		c := &changes[i]
		names := make([]string, len(c.What))
		for k, what := range c.What {
			names[k], _, _ = strings.Cut(what, ": ")
		}
		for _, one := range []string{c.Name + " (" + strings.Join(c.What, ", ") + ")", c.Name + " (" + strings.Join(names, ", ") + ")", c.Name} {
			if c.Does == "add" {
				one = c.Name + " is gone"
			}
			if room -= len(one); room >= 0 || one == c.Name {
				out = append(out, one)
				break
			}
			room += len(one)
		}
		if room <= 0 && i < len(changes)-1 {
			return fmt.Sprintf("%s; and %d more", strings.Join(out, "; "), len(changes)-1-i)
		}
	}
	return strings.Join(out, "; ")
}

// reversal works out what brings a stack back to the template that it has; nil: nothing differs.
func (w *work) reversal(ctx context.Context, m *mending, prefix string) (*changeSet, error) {
	there, err := w.account.stack(ctx, m.name)
	if err != nil {
		return nil, err
	}
	if there == nil || !same(m.there, there) {
		return nil, errs.New(errs.Conflict, "the stack "+m.name+" has changed since it was looked at, and nothing was done: look again")
	}
	if err := w.sweep(ctx, m.name); err != nil {
		return nil, err
	}
	in := &cloudformation.CreateChangeSetInput{
		StackName: &m.name, ChangeSetType: types.ChangeSetTypeUpdate, DeploymentMode: types.DeploymentModeRevertDrift, UsePreviousTemplate: aws.Bool(true),
		Capabilities: []types.Capability{types.CapabilityCapabilityIam, types.CapabilityCapabilityNamedIam}, IncludeNestedStacks: aws.Bool(false),
	}
	for _, p := range there.Parameters { // one that is not named would be what its template says
		in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: p.ParameterKey, UsePreviousValue: aws.Bool(true)})
	}
	c, err := w.workOut(ctx, in, there, prefix)
	if err != nil || c == nil {
		return nil, err
	}
	if c.changes = changing(c.changes); len(c.changes) == 0 {
		return nil, w.account.forget(ctx, c.stack, c.name)
	}
	return c, nil
}

// changing leaves out of a change set what CloudFormation only takes note of, since the account has it as the template says, or
// as the template was to have it.
func changing(changes []types.ResourceChange) (out []types.ResourceChange) {
	for _, r := range changes {
		all := len(r.Details)
		r.Details = slices.DeleteFunc(slices.Clone(r.Details), func(d types.ResourceChangeDetail) bool {
			return d.Target != nil && d.Target.AttributeChangeType == types.AttributeChangeTypeSyncWithActual
		})
		if r.Action != types.ChangeActionSyncWithActual && (all == 0 || len(r.Details) > 0) {
			out = append(out, r)
		}
	}
	return out
}

// mayRevert refuses what would lose data, make empty what has held some, or lower a version that AWS itself has raised. It says
// what else differs, which somebody may have to put back meanwhile.
func (w *work) mayRevert(ctx context.Context, c *changeSet) error {
	for i := range c.changes {
		if kind, why := stays(w.o.Environment, &c.changes[i]); why != "" {
			return errs.New(kind, fmt.Sprintf("%s. Nothing was changed. What differs in %s: %s. What cannot wait is put back where it was changed", why, c.stack, inShort(toldAll(c.changes))))
		}
	}
	return w.keeps(ctx, c)
}

// stays says why a thing is not brought back as it is, and what comes first; "": it may be.
func stays(environment string, r *types.ResourceChange) (errs.Kind, string) {
	name, kind := aws.ToString(r.LogicalResourceId), aws.ToString(r.ResourceType)
	if slices.Contains(holds(), kind) && (r.Action != types.ChangeActionModify || r.Replacement == types.ReplacementTrue || r.Replacement == types.ReplacementConditional) {
		return errs.Denied, fmt.Sprintf("the %s %s would be made anew, and empty. What is in it may be had back by its own service as long as that keeps it (a secret or a key that is to be deleted, a copy of the database: enishi env restore %s)", kind, name, environment)
	}
	for _, d := range r.Details {
		if d.Target != nil && aws.ToString(d.Target.Name) == "EngineVersion" {
			return errs.Conflict, fmt.Sprintf("the version of %s is %s, and the template has %s: AWS raises it by itself, and lowers none. Give the template that version first (infra/stacks) and run enishi env up %s, then this again",
				name, aws.ToString(d.Target.BeforeValue), aws.ToString(d.Target.AfterValue), environment)
		}
	}
	return 0, ""
}

// revert brings a stack back, if that still does what was shown.
func (w *work) revert(ctx context.Context, m *mending, shown []Change) error {
	since := time.Now().Add(-skew)
	c, err := w.reversal(ctx, m, toDo)
	if err != nil {
		return err
	}
	if c == nil {
		w.tell(m.name, "is "+asTemplate, -1)
		return nil
	}
	err = w.mayRevert(ctx, c)
	if err == nil && !reflect.DeepEqual(toldAll(c.changes), shown) {
		err = errs.New(errs.Conflict, "what differs in "+m.name+" is no more what was shown, and nothing was done: look again")
	}
	if err != nil {
		return errors.Join(err, w.account.forget(ctx, c.stack, c.name))
	}
	return w.carryOut(ctx, c, since)
}
