package environ

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/errs"
)

// unprotected says whether a stack of an environment with people's data can be deleted. No template says that: it is a
// setting of the stack itself.
func (w *work) unprotected(s *types.Stack) bool {
	return w.o.Wanted.Real && !fresh(s) && !aws.ToBool(s.EnableTerminationProtection)
}

// bring brings a stack to its template, and protects it.
func (w *work) bring(ctx context.Context, number string, t *Template, values map[string]string) error {
	if err := w.apply(ctx, number, t, values); err != nil {
		return err
	}
	return w.protect(ctx, t.Stack)
}

// protect keeps such a stack from being deleted, once it is whole: one whose first making failed has to go.
func (w *work) protect(ctx context.Context, stack string) error {
	s, err := w.account.stack(ctx, stack)
	if err != nil || !w.unprotected(s) {
		return err
	}
	if err := w.mayChange(ctx); err != nil {
		return err
	}
	if _, err := w.account.of(stack).cfn.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{StackName: &stack, EnableTerminationProtection: aws.Bool(true)}); err != nil {
		return fmt.Errorf("protect the stack %s from being deleted: %w", stack, err)
	}
	w.tell(stack, "is protected from being deleted", -1)
	return nil
}

// keeps refuses a change set that would take something from people which templates do not know of.
func (w *work) keeps(ctx context.Context, c *changeSet) error {
	if err := w.keepsTraffic(ctx, c); err != nil {
		return err
	}
	return w.keepsPassword(ctx, c)
}

// keepsPassword refuses a change of the cache while its password is being changed: CloudFormation gives the cache the one in
// the secret, beside which it may then take no other, and tasks may still have the one before.
func (w *work) keepsPassword(ctx context.Context, c *changeSet) error {
	if !slices.ContainsFunc(c.changes, func(r types.ResourceChange) bool {
		return aws.ToString(r.ResourceType) == "AWS::ElastiCache::ReplicationGroup" && r.Action == types.ChangeActionModify
	}) {
		return nil
	}
	p, err := w.password(ctx)
	if err != nil {
		return err
	}
	if p.stages[coming] == "" && p.stages[leaving] == "" {
		return nil
	}
	return errs.New(errs.Conflict, fmt.Sprintf("the change of %s would change the cache, whose password is being changed: tasks that have the one before might be refused. Nothing of it was changed: end that first (enishi env secret %s cache, --new if it was left half-way, then --settle)", c.stack, w.o.Environment))
}
