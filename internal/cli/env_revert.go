package cli

import (
	"context"

	"enishi/internal/environ"
)

// envRevertCmd undoes what somebody has changed by hand.
type envRevertCmd struct {
	place
	Stack string `arg:"" help:"base, cluster, service, alarms or edge: enishi env plan shows in which something differs."`
	step
}

// Help says what comes back, and what stays.
func (c *envRevertCmd) Help() string {
	return `CloudFormation compares the account with the template that the stack has, and writes what differs as the template has it; what is gone it makes anew. So this brings nothing new: enishi env up does that, which in turn leaves alone what was changed by hand.

The plan shows each setting with both values. What deployments and scaling have set since stays: where the stack of services would be led back to tasks that are gone, or lose those of a spike, it refuses and says what comes first. What would lose data is refused.

Examples:
  enishi env revert staging base --plan
  enishi env revert prod base --why "the door was opened for a try" --confirm prod`
}

// Run brings it back.
func (c *envRevertCmd) Run(ctx context.Context, w World) error {
	return c.taken(ctx, w, &c.place, "the stack is as its template says", func(o *environ.Options) (*environ.Step, error) {
		return environ.LookRevert(ctx, o, c.Stack)
	})
}
