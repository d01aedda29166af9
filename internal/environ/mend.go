package environ

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

const (
	// deleted is what becomes of a stack whose first making failed.
	deleted = "deleted"
	// beginsWithin is how long CloudFormation may take until it shows that it does what it was told.
	beginsWithin = time.Minute
)

// mending is what is done about a stack that CloudFormation changes no more.
type mending struct {
	name, part string
	there      *types.Stack
	logged     bool     // there is an audit log that can be told
	skip       []string // names in the template, which going back leaves as they are
}

// LookMend finds out in what state CloudFormation has left a stack, by its part of the environment such as service,
// and what ends that: going back to how it was before the change that failed or, where its first making failed,
// deleting it. What cannot be taken back may be left as it is, by its name in the template (skip). It changes nothing.
// Conflict: nothing is to be mended, or AWS is at it; Denied: it would be deleted, and was in use.
func LookMend(ctx context.Context, o *Options, part string, skip []string) (*Step, error) {
	m, err := stackOf(o, part)
	if err != nil {
		return nil, err
	}
	m.skip = skip
	w := newWork(o)
	s, err := w.beginMending(ctx, m, "stack "+m.name)
	if err != nil {
		return nil, err
	}
	well := broken(o.Environment, m.there) == ""
	switch {
	case well && s.Left != nil: // a run was cut while AWS was at it, or before the log was told
		return w.ended(ctx, s, m)
	case moving(m.there):
		return nil, busyWith(m)
	case fresh(m.there):
		return nil, errs.New(errs.Conflict, "there is nothing to mend: the stack "+m.name+" was not made yet, or is gone; enishi env up makes it")
	case well:
		return nil, errs.New(errs.Conflict, fmt.Sprintf("there is nothing to mend: the stack %s is in %s", m.name, m.there.StackStatus))
	case neverWhole(m.there):
		return w.deletion(ctx, s, m)
	}
	return w.wayBack(ctx, s, m)
}

// stackOf finds a stack of the environment by its part of it, or by its whole name.
func stackOf(o *Options, part string) (*mending, error) {
	m := &mending{part: strings.TrimPrefix(part, stackName(o.Environment, ""))}
	if m.name = stackName(o.Environment, m.part); !slices.Contains(parts(), m.part) {
		return nil, errs.AtPointer("the stack", part, strings.Join(parts(), ", "))
	}
	return m, nil
}

// neverWhole says whether a stack's first making failed, or its being deleted: it is good for nothing but to be deleted.
func neverWhole(s *types.Stack) bool {
	return s != nil && slices.Contains([]types.StackStatus{types.StackStatusCreateFailed, types.StackStatusRollbackComplete, types.StackStatusRollbackFailed, types.StackStatusDeleteFailed}, s.StackStatus)
}

// beginMending begins the step. Where nothing has served yet there is no audit log, and may be nothing that says
// whose data the environment holds: that is taken for people's.
func (w *work) beginMending(ctx context.Context, m *mending, what string) (*Step, error) {
	var err error
	if m.there, err = w.account.stack(ctx, m.name); err != nil {
		return nil, err
	}
	serves, err := w.account.stack(ctx, stackName(w.o.Environment, "service"))
	if err != nil {
		return nil, err
	}
	if m.logged = !fresh(serves) && !neverWhole(serves); m.logged {
		return w.begin(ctx, what)
	}
	who, err := w.who(ctx)
	if err != nil {
		return nil, err
	}
	kind, _, err := w.account.parameter(ctx, "kind")
	return &Step{Who: who, Environment: w.o.Environment, What: what, Real: kind != deploy.KindDemo, unlogged: true}, err
}

// ended makes the step what is left of one that a run has begun, by the id of its stack: one that was made anew
// since is another. Where it was not this step that brought the stack to what it is, or nobody can know whether it was, it
// is told how the stack is, and that the step was left half-way; nothing is done. Conflict: AWS is at something else.
func (w *work) ended(ctx context.Context, s *Step, m *mending) (*Step, error) {
	if !s.Left.Made.IsZero() {
		return s.tellOnly(), nil
	}
	id := cmp.Or(s.Left.Mark, m.name)
	now, err := w.account.stack(ctx, id)
	if err != nil {
		return nil, err
	}
	s.mark, s.From, s.To, s.Undo = s.Left.Mark, s.Left.From, s.Left.To, "it was begun already; this waits for its end, and tells of it."
	switch {
	case s.To == deleted && (now == nil || now.StackStatus == types.StackStatusDeleteInProgress), s.To != deleted && goesBack(now, s.Left):
		s.do = func(ctx context.Context, w *work) error {
			return w.mends(ctx, m, func(ctx context.Context) error { return w.awaitEnd(ctx, s, m.name, id) })
		}
		return s, nil
	case moving(m.there):
		return nil, busyWith(m)
	}
	s.To, s.Undo = "nothing that is known: the stack is gone", "nothing is done; the audit log is told."
	if !fresh(m.there) {
		s.To = fmt.Sprintf("nothing that is known: it has changed since, and is in %s", m.there.StackStatus)
	}
	s.do = func(context.Context, *work) error { return nil }
	return s, nil
}

// goesBack says whether a stack goes back, or has gone back so little ago that it is what a run has begun. One that went
// back by itself after a later change is in the same state.
func goesBack(s *types.Stack, begun *deploy.Change) bool {
	if s == nil {
		return false
	}
	switch s.StackStatus {
	case types.StackStatusUpdateRollbackInProgress, types.StackStatusUpdateRollbackCompleteCleanupInProgress:
		return true
	case types.StackStatusUpdateRollbackComplete:
		return begun.Recent()
	}
	return false
}

// awaitEnd waits until a stack, by its id, is what a run has begun to make of it.
func (w *work) awaitEnd(ctx context.Context, s *Step, name, id string) error {
	now, err := w.settle(ctx, id, time.Now().Add(-skew), nil)
	if err != nil {
		return err
	}
	switch {
	case s.To == deleted && now != nil:
		return errs.New(errs.Conflict, fmt.Sprintf("the stack %s was not deleted: it is in %s", name, now.StackStatus))
	case s.To != deleted && (now == nil || now.StackStatus != types.StackStatusUpdateRollbackComplete):
		return errs.New(errs.Conflict, cmp.Or(broken(w.o.Environment, now), "the stack "+name+" did not go back: it has changed since"))
	}
	return nil
}

// busyWith is the error of a stack that AWS is at.
func busyWith(m *mending) error {
	return errs.New(errs.Conflict, fmt.Sprintf("the stack %s is %s: look again when that has ended", m.name, said(string(m.there.StackStatus))))
}

// mends does something about a stack while nobody else changes the environment, as far as anything says so: the base
// that never was whole has no such record, and CloudFormation itself keeps two from one stack.
func (w *work) mends(ctx context.Context, m *mending, do func(context.Context) error) error {
	if _, ok, err := w.account.parameter(ctx, "records"); err != nil {
		return err
	} else if !ok || m.part == parts()[0] && neverWhole(m.there) {
		return do(ctx)
	}
	if err := w.hold(ctx); err != nil {
		return err
	}
	err := do(ctx)
	if errors.Is(err, deploy.ErrTaken) {
		return err
	}
	return errors.Join(err, w.held.Abandon(context.WithoutCancel(ctx), ctx.Err() != nil || errs.Is(err, errs.Busy)))
}

// noteUnlogged keeps who mends a stack, and why, where there is no audit log.
func (w *work) noteUnlogged(ctx context.Context, s *Step) error {
	if !s.unlogged {
		return nil
	}
	return w.account.note(ctx, w.o, s.What+": "+s.From+" -> "+s.To)
}

// deletion makes the step the deleting of a stack that never was whole.
func (w *work) deletion(ctx context.Context, s *Step, m *mending) (*Step, error) {
	if len(m.skip) > 0 {
		return nil, errs.New(errs.Invalid, "nothing of the stack "+m.name+" can be left as it is: its first making failed, and it is deleted")
	}
	if err := w.unused(ctx, m, m.there); err != nil {
		return nil, err
	}
	arn := aws.ToString(m.there.StackId)
	s.mark = arn
	within, err := w.within(ctx, arn)
	if err != nil {
		return nil, err
	}
	ours, others, err := w.shieldsOf(ctx, arn)
	if err != nil {
		return nil, err
	}
	s.From, s.To = fmt.Sprintf("%s, with %d things in it", m.there.StackStatus, len(within)), deleted
	s.Undo = "enishi env up " + s.Environment + " makes it anew; nobody has used it."
	s.Then = "Mend what its events say, then enishi env up " + s.Environment + " makes it anew."
	if len(ours) > 0 {
		s.From += ", protected from being deleted: " + ours.String()
		s.Then = "First that protection is lifted, which the stack's own template has asked for. " + s.Then
	}
	if len(others) > 0 {
		s.Then += " Left as it is, since no tag says that this stack has made it: " + others.String() + ", protected from being deleted."
	}
	s.do = func(ctx context.Context, w *work) error {
		return w.mends(ctx, m, func(ctx context.Context) error {
			now, err := w.still(ctx, m)
			if err == nil {
				err = w.unused(ctx, m, now)
			}
			if err == nil {
				err = w.noteUnlogged(ctx, s)
			}
			if err == nil {
				err = w.lift(ctx, m.name, arn, ours)
			}
			if err != nil {
				return err
			}
			if err := w.removeThis(ctx, now, time.Now().Add(-skew)); err != nil {
				return fmt.Errorf("once what its events say is mended, the same command goes on: %w", err)
			}
			left, err := w.within(ctx, arn)
			for _, one := range left {
				w.tell(m.name, "stays, as its template says: "+one, -1)
			}
			return err
		})
	}
	return s, nil
}

// still gives a stack that is what was looked at, before somebody agreed to what is done about it. Conflict: it has
// changed since, as where another has mended it.
func (w *work) still(ctx context.Context, m *mending) (*types.Stack, error) {
	now, err := w.account.stack(ctx, m.name)
	if err == nil && (now == nil || aws.ToString(now.StackId) != aws.ToString(m.there.StackId) || !same(m.there, now)) {
		err = errs.New(errs.Conflict, "the stack "+m.name+" has changed since it was looked at, and nothing was done: look again")
	}
	return now, err
}

// unused refuses while anything speaks for it that somebody uses a stack, or has.
func (w *work) unused(ctx context.Context, m *mending, now *types.Stack) error {
	why, err := w.used(ctx, m.part, now)
	if err == nil && why != "" {
		err = errs.New(errs.Denied, "the stack "+m.name+" is not deleted: "+why)
	}
	return err
}

// used says what speaks for it that somebody uses a stack, or has; "": nothing does.
func (w *work) used(ctx context.Context, part string, there *types.Stack) (string, error) {
	if aws.ToBool(there.EnableTerminationProtection) {
		return "it is protected from being deleted", nil
	}
	for _, later := range parts()[slices.Index(parts(), part)+1:] {
		name := stackName(w.o.Environment, later)
		s, err := w.account.stack(ctx, name)
		if err != nil {
			return "", err
		}
		if !fresh(s) {
			return "the stack " + name + ", which is made after it, is there. That one is mended first", nil
		}
	}
	whole, err := w.wasWhole(ctx, there)
	if err == nil && whole {
		return "it was whole once, and somebody has begun to delete it. enishi env down " + w.o.Environment + " goes on with that where no people's data is; elsewhere it is for a person to judge, by what its events say", nil
	}
	return "", err
}

// wasWhole says whether a stack was whole at any time: its events say so, or do not go back to its beginning.
func (w *work) wasWhole(ctx context.Context, s *types.Stack) (bool, error) {
	name, first := aws.ToString(s.StackName), false
	pages := cloudformation.NewDescribeStackEventsPaginator(w.account.of(name).cfn, &cloudformation.DescribeStackEventsInput{StackName: s.StackId})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, fmt.Errorf("read the events of the stack %s: %w", name, err)
		}
		for i := range page.StackEvents {
			e := &page.StackEvents[i]
			if aws.ToString(e.ResourceType) != "AWS::CloudFormation::Stack" || aws.ToString(e.LogicalResourceId) != name {
				continue
			}
			switch types.StackStatus(e.ResourceStatus) {
			case types.StackStatusCreateComplete, types.StackStatusUpdateComplete, types.StackStatusUpdateRollbackComplete, types.StackStatusImportComplete:
				return true, nil
			case types.StackStatusReviewInProgress, types.StackStatusCreateInProgress:
				first = true
			}
		}
	}
	return !first, nil
}

// within lists what is there of a stack, also of one that is gone, by its ARN.
func (w *work) within(ctx context.Context, arn string) ([]string, error) {
	found, err := w.resources(ctx, arn)
	var out []string
	for i := range found {
		if r := &found[i]; aws.ToString(r.PhysicalResourceId) != "" && r.ResourceStatus != types.ResourceStatusDeleteComplete {
			out = append(out, aws.ToString(r.ResourceType)+" "+aws.ToString(r.PhysicalResourceId))
		}
	}
	return out, err
}

// wayBack makes the step the way back to how a stack was before the change that failed.
func (w *work) wayBack(ctx context.Context, s *Step, m *mending) (*Step, error) {
	order, failed := (*work).rollBack, []string(nil)
	switch m.there.StackStatus {
	case types.StackStatusUpdateRollbackFailed:
		var err error
		if failed, err = w.failed(ctx, m.name); err != nil {
			return nil, err
		}
		order = (*work).goOnBack
	case types.StackStatusUpdateFailed:
	default:
		return nil, errs.New(errs.Conflict, broken(w.o.Environment, m.there))
	}
	for _, name := range m.skip {
		if !slices.Contains(failed, name) {
			return nil, errs.AtPointer("what is left as it is", name, cmp.Or(strings.Join(failed, ", "), "nothing, since going back has not failed yet"))
		}
	}
	s.mark = aws.ToString(m.there.StackId)
	s.From, s.To = string(m.there.StackStatus), string(types.StackStatusUpdateRollbackComplete)
	if len(failed) > 0 {
		s.From += ", by " + strings.Join(failed, ", ")
	}
	s.Undo = "there is no way; enishi env up " + s.Environment + " tries the change again, once its cause is mended."
	s.Then = "Then the stack is as it was before the change that failed. If going back fails again, its events say why."
	if len(m.skip) > 0 {
		s.To += ", with " + strings.Join(m.skip, ", ") + " as it is"
		s.Then = "What is left as it is differs from the template, and CloudFormation knows it no more: bring the two together by hand before enishi env up."
	}
	s.do = func(ctx context.Context, w *work) error {
		return w.mends(ctx, m, func(ctx context.Context) error {
			if _, err := w.still(ctx, m); err != nil {
				return err
			}
			if err := w.noteUnlogged(ctx, s); err != nil {
				return err
			}
			return w.goBack(ctx, m, order)
		})
	}
	return s, nil
}

// failed lists by their names in the template what a rollback could not take back.
func (w *work) failed(ctx context.Context, name string) ([]string, error) {
	found, err := w.resources(ctx, name)
	var out []string
	for i := range found {
		if r := &found[i]; r.ResourceStatus == types.ResourceStatusUpdateFailed {
			out = append(out, aws.ToString(r.LogicalResourceId))
		}
	}
	return out, err
}

// goOnBack has CloudFormation go on with a rollback that failed. The same token is the same order.
func (w *work) goOnBack(ctx context.Context, m *mending, token string) error {
	_, err := w.account.of(m.name).cfn.ContinueUpdateRollback(ctx, &cloudformation.ContinueUpdateRollbackInput{StackName: m.there.StackId, ResourcesToSkip: m.skip, ClientRequestToken: &token})
	return err
}

// rollBack has CloudFormation begin a rollback that somebody had told it not to.
func (w *work) rollBack(ctx context.Context, m *mending, token string) error {
	_, err := w.account.of(m.name).cfn.RollbackStack(ctx, &cloudformation.RollbackStackInput{StackName: m.there.StackId, ClientRequestToken: &token})
	return err
}

// goBack orders the way back and waits for its end.
func (w *work) goBack(ctx context.Context, m *mending, order func(*work, context.Context, *mending, string) error) error {
	since := time.Now()
	if err := w.mayChange(ctx); err != nil {
		return err
	}
	if err := order(w, ctx, m, "enishi-mend-"+rand.Text()); err != nil {
		// The answer to it may have been lost.
		if s, failed := w.account.stack(ctx, m.name); failed != nil || !moving(s) {
			return fmt.Errorf("have the stack %s go back: %w", m.name, errors.Join(err, failed))
		}
	}
	now, seen := m.there, map[string]bool{}
	err := w.await(ctx, "the stack "+m.name, stackLimit, func(ctx context.Context) (bool, error) {
		var err error
		if now, err = w.account.stack(ctx, m.name); err != nil {
			return false, err
		}
		if err := w.events(ctx, m.name, since.Add(-skew), seen); err != nil {
			return false, err
		}
		// One that fails again at once is where it was.
		return !moving(now) && (!same(m.there, now) || time.Since(since) > beginsWithin), nil
	})
	if err != nil {
		return err
	}
	if now == nil || now.StackStatus != types.StackStatusUpdateRollbackComplete {
		return errs.New(errs.Conflict, cmp.Or(broken(w.o.Environment, now), "the stack "+m.name+" did not go back"))
	}
	return nil
}
