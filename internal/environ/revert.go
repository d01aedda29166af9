package environ

import (
	"context"
	"errors"
	"fmt"
	"reflect"
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
// deleted again; nothing is changed. What deployments and scaling have set stays. Conflict: nothing differs, AWS is at
// the stack, or it would lead people elsewhere or take tasks of a spike away; Denied: data would be lost.
func LookRevert(ctx context.Context, o *Options, part string) (*Step, error) {
	m, err := stackOf(o, part)
	if err != nil {
		return nil, err
	}
	w := newWork(o)
	s, err := w.beginMending(ctx, m, "what was changed by hand in "+m.name)
	if err != nil {
		return nil, err
	}
	s.To = asTemplate
	halfway, untold := s.again(s.To)
	switch {
	case untold:
		return s.tellOnly(), nil
	case fresh(m.there):
		return nil, errs.New(errs.Conflict, "the stack "+m.name+" was not made yet, or is gone; enishi env up makes it")
	case moving(m.there) && halfway:
		return w.begun(s, m, func(ctx context.Context, w *work) error {
			now, err := w.settle(ctx, m.name, time.Now().Add(-skew), nil)
			if err == nil {
				err = w.whole(m.name, now)
			}
			return err
		}), nil
	case moving(m.there):
		return nil, busyWith(m)
	case broken(o.Environment, m.there) != "":
		return nil, errs.New(errs.Conflict, broken(o.Environment, m.there))
	}
	c, err := w.reversal(ctx, m, toShow)
	if err != nil {
		return nil, err
	}
	if c == nil && halfway {
		return w.begun(s, m, nil), nil
	}
	if c == nil {
		return nil, errs.New(errs.Conflict, "nothing differs: CloudFormation finds the stack "+m.name+" as its template says")
	}
	if err := errors.Join(w.mayRevert(ctx, c), w.account.forget(ctx, c.stack, c.name)); err != nil {
		return nil, err
	}
	return w.reverting(s, m, c), nil
}

// begun makes the step the end of what an earlier run has begun; nil: AWS has come to its end.
func (w *work) begun(s *Step, m *mending, end func(context.Context, *work) error) *Step {
	s.From, s.Undo = s.Left.From, "it was begun already; this waits for its end, and tells of it."
	s.do = func(ctx context.Context, w *work) error {
		return w.mends(ctx, m, func(ctx context.Context) error {
			if end != nil {
				if err := end(ctx, w); err != nil {
					return err
				}
			}
			return w.respiked(ctx, m.name, w.account.announced)
		})
	}
	return s
}

// reverting makes the step what a change set says.
func (w *work) reverting(s *Step, m *mending, c *changeSet) *Step {
	for i := range c.changes {
		s.Changes = append(s.Changes, told(&c.changes[i]))
	}
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
	for i := range s.Changes {
		if s.Changes[i].Type == "AWS::ECS::Service" {
			s.Then = "ECS replaces the tasks of what it writes of a service, as in a deployment."
		}
	}
	return s
}

// inShort says what differs, for the audit log: each with what the account has and what the template says.
func inShort(changes []Change) string {
	var out strings.Builder
	for i := range changes {
		c := &changes[i]
		one := c.Name + " is gone"
		if c.Does != "add" {
			one = c.Name + " (" + strings.Join(c.What, ", ") + ")"
		}
		if out.Len() > 0 {
			one = "; " + one
		}
		if out.Len()+len(one) > mostNoted {
			fmt.Fprintf(&out, " and %d more", len(changes)-i)
			break
		}
		out.WriteString(one)
	}
	return out.String()
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
	return w.workOut(ctx, in, there, prefix)
}

// mayRevert refuses what would lose data, lead people to where no task is, take bounds away that somebody has announced, or
// lower a version that AWS itself has raised.
func (w *work) mayRevert(ctx context.Context, c *changeSet) error {
	if lost := losses(c.changes); len(lost) > 0 {
		return errs.New(errs.Denied, "bringing "+c.stack+" back would lose data: "+strings.Join(lost, "; ")+". Nothing was changed: that is put back by hand where it was changed, or by enishi env up with --despite-loss")
	}
	for i := range c.changes {
		if why := stays(w.o.Environment, &c.changes[i]); why != "" {
			return errs.New(errs.Conflict, why+". Nothing was changed")
		}
	}
	return w.keeps(ctx, c)
}

// stays says why a thing is not brought back as it is, and what comes first; "": it may be.
func stays(environment string, r *types.ResourceChange) string {
	for _, d := range r.Details {
		if d.Target == nil || r.Action != types.ChangeActionModify {
			continue
		}
		switch property := aws.ToString(d.Target.Name); {
		case aws.ToString(r.ResourceType) == "AWS::ApplicationAutoScaling::ScalableTarget" && (property == "MinCapacity" || property == "MaxCapacity"):
			return fmt.Sprintf("between how many tasks %s scales is not the template's, by a hand or since a spike was announced: enishi env scale %s says what it is to be, and a spike's own ends with it; then run this again", aws.ToString(r.LogicalResourceId), environment)
		case property == "EngineVersion":
			return fmt.Sprintf("the version of %s is %s, and the template has %s: AWS raises it by itself, and lowers none. Give the template that version first (infra/stacks) and run enishi env up %s, then this again",
				aws.ToString(r.LogicalResourceId), aws.ToString(d.Target.BeforeValue), aws.ToString(d.Target.AfterValue), environment)
		}
	}
	return ""
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
	now := make([]Change, 0, len(c.changes))
	for i := range c.changes {
		now = append(now, told(&c.changes[i]))
	}
	err = w.mayRevert(ctx, c)
	if err == nil && !reflect.DeepEqual(now, shown) {
		err = errs.New(errs.Conflict, "what differs in "+m.name+" is no more what was shown, and nothing was done: look again")
	}
	if err != nil {
		return errors.Join(err, w.account.forget(ctx, c.stack, c.name))
	}
	if err := w.carryOut(ctx, c, since); err != nil {
		return err
	}
	return w.respiked(ctx, m.name, w.account.announced)
}
