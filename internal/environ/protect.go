package environ

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// unprotected says whether a stack of an environment with people's data can be deleted. No template says that: it is a
// setting of the stack itself.
func (w *work) unprotected(s *types.Stack) bool {
	return w.o.Wanted.Real && !fresh(s) && !aws.ToBool(s.EnableTerminationProtection)
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
