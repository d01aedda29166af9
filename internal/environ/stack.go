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
	"github.com/aws/smithy-go"

	"enishi/internal/errs"
)

// How long a stack may take: Aurora and CloudFront take most of an hour at worst.
const (
	stackLimit  = 2 * time.Hour
	changeLimit = 10 * time.Minute
	driftLimit  = 15 * time.Minute
	skew        = 10 * time.Second // by which clocks here and there may differ
)

// What our change sets are called; who changes something removes what a killed run has left.
const (
	toDo   = "enishi-up-"
	toShow = "enishi-plan-"
)

// stack gives a stack by its name, or by its ARN after it was deleted; nil if there is none.
func (a *account) stack(ctx context.Context, name string) (*types.Stack, error) {
	out, err := a.of(name).cfn.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if refused(err, "ValidationError", "does not exist") {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at the stack %s: %w", name, err)
	}
	if len(out.Stacks) != 1 || out.Stacks[0].StackStatus == types.StackStatusDeleteComplete {
		return nil, nil
	}
	return &out.Stacks[0], nil
}

// refused says whether AWS refused something by a code, and a part of its text: it has no
// code of its own for it.
func refused(err error, code, text string) bool {
	var e smithy.APIError
	return errors.As(err, &e) && e.ErrorCode() == code && strings.Contains(e.ErrorMessage(), text)
}

// fresh says whether a stack was never made: there is none, or one that only has a
// change set.
func fresh(s *types.Stack) bool {
	return s == nil || s.StackStatus == types.StackStatusReviewInProgress
}

func moving(s *types.Stack) bool {
	return !fresh(s) && strings.HasSuffix(string(s.StackStatus), "_IN_PROGRESS")
}

// broken says what a person has to do about a stack that CloudFormation changes no more; ""
// if it is none of these.
func broken(environment string, s *types.Stack) string {
	if s == nil {
		return ""
	}
	name, why := aws.ToString(s.StackName), aws.ToString(s.StackStatusReason)
	told := fmt.Sprintf("the stack %s is in %s", name, s.StackStatus)
	mend := "enishi env mend " + environment + " " + strings.TrimPrefix(name, stackName(environment, ""))
	if why != "" {
		told += " (" + why + ")"
	}
	switch s.StackStatus {
	case types.StackStatusCreateFailed, types.StackStatusRollbackComplete, types.StackStatusRollbackFailed:
		return told + ": its first making failed, and nothing is in it that anybody uses. Mend what its events say, have it deleted (" + mend + "), and run this again"
	case types.StackStatusUpdateRollbackFailed:
		return told + ": neither the change nor its taking back went through. Mend what its events say, have it go on back (" + mend + "), and run this again"
	case types.StackStatusUpdateFailed:
		return told + ": the change failed, and was not taken back. Have it go back (" + mend + "), and run this again"
	case types.StackStatusDeleteFailed:
		return told + ": enishi env down " + environment + " goes on with it; where its first making had failed, " + mend + " does"
	case types.StackStatusImportRollbackFailed, types.StackStatusImportRollbackComplete:
		return told + ": an import was begun by hand; finish it by hand"
	}
	return ""
}

// settle waits until a stack that moves has come to rest, telling each event since a moment.
// What it was before its change says whether that has begun; nil: it moves.
func (w *work) settle(ctx context.Context, name string, since time.Time, was *types.Stack) (*types.Stack, error) {
	var last *types.Stack
	seen := map[string]bool{}
	err := w.await(ctx, "the stack "+name, stackLimit, func(ctx context.Context) (bool, error) {
		s, err := w.account.stack(ctx, name)
		if err != nil {
			return false, err
		}
		if err := w.events(ctx, name, since, seen); err != nil {
			return false, err
		}
		last = s
		return !moving(s) && !same(was, s), nil
	})
	return last, err
}

// same says whether AWS shows a stack as it was before.
func same(was, now *types.Stack) bool {
	return was != nil && now != nil && was.StackStatus == now.StackStatus && aws.ToTime(was.LastUpdatedTime).Equal(aws.ToTime(now.LastUpdatedTime)) && aws.ToTime(was.DeletionTime).Equal(aws.ToTime(now.DeletionTime))
}

// events tells what has happened in a stack since a moment, oldest first, each once.
func (w *work) events(ctx context.Context, name string, since time.Time, seen map[string]bool) error {
	var found []types.StackEvent
	pages := cloudformation.NewDescribeStackEventsPaginator(w.account.of(name).cfn, &cloudformation.DescribeStackEventsInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if refused(err, "ValidationError", "does not exist") {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the events of the stack %s: %w", name, err)
		}
		older := false
		for i := range page.StackEvents {
			e := &page.StackEvents[i]
			if older = e.Timestamp.Before(since) || seen[aws.ToString(e.EventId)]; older {
				break
			}
			found = append(found, *e)
		}
		if older {
			break
		}
	}
	for _, e := range slices.Backward(found) {
		seen[aws.ToString(e.EventId)] = true
		line := fmt.Sprintf("%s %s %s", said(string(e.ResourceStatus)), aws.ToString(e.ResourceType), aws.ToString(e.LogicalResourceId))
		if why := aws.ToString(e.ResourceStatusReason); why != "" {
			line += ": " + why
		}
		w.tell(name, line, -1)
	}
	return nil
}

// said writes a state of AWS as people do.
func said(state string) string { return strings.ToLower(strings.ReplaceAll(state, "_", " ")) }

// changes makes a change set of a template and waits until it is worked out; nil if it
// changes nothing. It is the caller's to execute or to delete.
func (w *work) changes(ctx context.Context, number, prefix string, t *Template, values map[string]string, there *types.Stack) (*changeSet, error) {
	address, err := w.account.hand(ctx, number, t)
	if err != nil {
		return nil, err
	}
	if values, err = w.given(ctx, t, values); err != nil {
		return nil, err
	}
	in := &cloudformation.CreateChangeSetInput{
		StackName: &t.Stack, ChangeSetType: types.ChangeSetTypeUpdate, TemplateURL: &address,
		Capabilities: []types.Capability{types.CapabilityCapabilityIam, types.CapabilityCapabilityNamedIam}, IncludeNestedStacks: aws.Bool(false),
	}
	if fresh(there) {
		in.ChangeSetType = types.ChangeSetTypeCreate
	}
	for _, name := range t.Parameters {
		value, ok := values[name]
		if !ok {
			return nil, errs.New(errs.Invalid, fmt.Sprintf("the template of %s asks for %s, of which nothing is known here", t.Stack, name))
		}
		in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: &name, ParameterValue: &value})
	}
	return w.workOut(ctx, in, there, prefix)
}

// workOut has CloudFormation work a change set out and waits for it; nil if it changes nothing.
func (w *work) workOut(ctx context.Context, in *cloudformation.CreateChangeSetInput, there *types.Stack, prefix string) (*changeSet, error) {
	c := &changeSet{stack: aws.ToString(in.StackName), name: prefix + rand.Text(), fresh: fresh(there)}
	in.ChangeSetName = &c.name
	if prefix == toDo {
		var err error
		if in.RollbackConfiguration, err = w.guarded(ctx, c.stack, there); err != nil {
			return nil, err
		}
	}
	if err := w.mayChange(ctx); err != nil {
		return nil, err
	}
	// The name is this call's own: where it exists, the answer to an earlier try was lost.
	if _, err := w.account.of(c.stack).cfn.CreateChangeSet(ctx, in); err != nil && !errors.As(err, new(*types.AlreadyExistsException)) {
		return nil, fmt.Errorf("work out the change of %s: %w", c.stack, err)
	}
	err := w.await(ctx, "the change of "+c.stack, changeLimit, func(ctx context.Context) (bool, error) { return w.account.worked(ctx, c) })
	if err != nil {
		return nil, errors.Join(err, w.account.forget(ctx, c.stack, c.name))
	}
	if c.empty {
		return nil, w.account.forget(ctx, c.stack, c.name)
	}
	return c, nil
}

type changeSet struct {
	stack, name string
	fresh       bool // the stack is made by it
	empty       bool
	changes     []types.ResourceChange
}

// worked asks whether a change set is worked out, and reads it.
func (a *account) worked(ctx context.Context, c *changeSet) (bool, error) {
	c.changes = nil
	var next *string
	for {
		out, err := a.of(c.stack).cfn.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{StackName: &c.stack, ChangeSetName: &c.name, IncludePropertyValues: aws.Bool(true), NextToken: next})
		if err != nil {
			return false, fmt.Errorf("look at the change of %s: %w", c.stack, err)
		}
		why := aws.ToString(out.StatusReason)
		switch out.Status {
		case types.ChangeSetStatusCreateComplete:
		case types.ChangeSetStatusFailed:
			if strings.Contains(why, "didn't contain changes") || strings.Contains(why, "No updates are to be performed") {
				c.empty = true
				return true, nil
			}
			return false, final{errs.New(errs.Invalid, "CloudFormation cannot change "+c.stack+": "+why)}
		default:
			return false, nil
		}
		for i := range out.Changes {
			if r := out.Changes[i].ResourceChange; r != nil {
				c.changes = append(c.changes, *r)
			}
		}
		if next = out.NextToken; aws.ToString(next) == "" {
			slices.SortStableFunc(c.changes, func(x, y types.ResourceChange) int {
				return cmp.Compare(aws.ToString(x.LogicalResourceId), aws.ToString(y.LogicalResourceId))
			})
			return true, nil
		}
	}
}

// forget deletes a change set; one that is gone is fine.
func (a *account) forget(ctx context.Context, stack, name string) error {
	_, err := a.of(stack).cfn.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{StackName: &stack, ChangeSetName: &name})
	if err != nil && !refused(err, "ValidationError", "does not exist") && !errors.As(err, new(*types.ChangeSetNotFoundException)) {
		return fmt.Errorf("delete the change set %s of %s: %w", name, stack, err)
	}
	return nil
}

// sweep deletes change sets that killed runs have left: of those that change something,
// all, since who holds the environment is the only one; of those that only show, old ones.
func (w *work) sweep(ctx context.Context, stack string) error {
	pages := cloudformation.NewListChangeSetsPaginator(w.account.of(stack).cfn, &cloudformation.ListChangeSetsInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the change sets of %s: %w", stack, err)
		}
		for i := range page.Summaries {
			s := &page.Summaries[i]
			name := aws.ToString(s.ChangeSetName)
			old := s.CreationTime != nil && time.Since(*s.CreationTime) > time.Hour
			if w.held != nil && strings.HasPrefix(name, toDo) || old && (strings.HasPrefix(name, toShow) || strings.HasPrefix(name, toDo)) {
				if err := w.account.forget(ctx, stack, name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// apply brings a stack to its template: it makes it, or changes it, and waits. What an
// earlier run has begun is waited for first.
func (w *work) apply(ctx context.Context, number string, t *Template, values map[string]string) error {
	since := time.Now().Add(-skew)
	there, err := w.rest(ctx, t.Stack)
	if err != nil {
		return err
	}
	if there != nil {
		if err := w.sweep(ctx, t.Stack); err != nil {
			return err
		}
	}
	c, err := w.changes(ctx, number, toDo, t, values, there)
	if err != nil {
		return err
	}
	if c == nil {
		w.tell(t.Stack, "is as its template says", -1)
		return nil
	}
	if lost := losses(c.changes); len(lost) > 0 && !w.o.DespiteLoss {
		return errors.Join(errs.New(errs.Denied, "the change of "+t.Stack+" would lose data: "+strings.Join(lost, "; ")+". Nothing of it was changed; --despite-loss does it"), w.account.forget(ctx, c.stack, c.name))
	}
	if err := w.keeps(ctx, c); err != nil {
		return errors.Join(err, w.account.forget(ctx, c.stack, c.name))
	}
	return w.carryOut(ctx, c, since)
}

// carryOut does what a change set says, and waits until the stack is whole again, telling each event since a moment.
func (w *work) carryOut(ctx context.Context, c *changeSet, since time.Time) error {
	was, err := w.account.stack(ctx, c.stack)
	if err != nil {
		return err
	}
	if err := w.execute(ctx, c, c.stack); err != nil {
		return err
	}
	w.brought = append(w.brought, c.stack)
	now, err := w.settle(ctx, c.stack, since, was)
	if err != nil {
		return err
	}
	return w.whole(c.stack, now)
}

// whole is the error of a stack whose change did not come to a good end; nil: it did.
func (w *work) whole(name string, now *types.Stack) error {
	switch {
	case now == nil:
		return errs.New(errs.Internal, "the stack "+name+" is gone while it was changed")
	case now.StackStatus == types.StackStatusCreateComplete, now.StackStatus == types.StackStatusUpdateComplete:
		return nil
	case now.StackStatus == types.StackStatusUpdateRollbackComplete:
		return errs.New(errs.Internal, "the change of "+name+" failed, and CloudFormation has taken it back; its events say why")
	}
	return errs.New(errs.Conflict, cmp.Or(broken(w.o.Environment, now), "the stack "+name+" is in "+string(now.StackStatus)))
}

// execute begins the change. Where the answer to it was lost, the stack moves already.
func (w *work) execute(ctx context.Context, c *changeSet, stack string) error {
	if err := w.mayChange(ctx); err != nil {
		return err
	}
	_, err := w.account.of(c.stack).cfn.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{StackName: &c.stack, ChangeSetName: &c.name, ClientRequestToken: &c.name})
	if err == nil {
		return nil
	}
	if s, failed := w.account.stack(ctx, stack); failed == nil && moving(s) {
		return nil
	}
	return fmt.Errorf("change the stack %s: %w", stack, err)
}

// rest waits for what moves a stack, and refuses one that a person has to see to.
func (w *work) rest(ctx context.Context, name string) (*types.Stack, error) {
	s, err := w.account.stack(ctx, name)
	if err != nil {
		return nil, err
	}
	if moving(s) {
		w.tell(name, "is "+said(string(s.StackStatus))+" since before: that is waited for", -1)
		if s, err = w.settle(ctx, name, time.Now().Add(-skew), nil); err != nil {
			return nil, err
		}
	}
	if what := broken(w.o.Environment, s); what != "" {
		return nil, errs.New(errs.Conflict, what)
	}
	return s, nil
}
