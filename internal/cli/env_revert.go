package cli

import (
	"context"

	"enishi/internal/environ"
)

// envRevertCmd undoes what somebody has changed by hand.
type envRevertCmd struct {
	place
	Stack string `arg:"" help:"base, cluster, alarms or edge: enishi env plan shows in which something differs."`
	step
}

// Help says what comes back, and what stays.
func (c *envRevertCmd) Help() string {
	return `CloudFormation compares the account with the template that the stack has, and writes what differs as the template has it; what is gone it makes anew. So this brings no newer templates: enishi env up does that, which in turn leaves alone what was changed by hand. What a template reads from the account's parameters, such as which image runs, is read anew.

The plan shows each setting with both values. It is all of a stack, or nothing: where AWS has raised a version by itself, or something that holds data is gone, it refuses, says what else differs and what comes first. The stack of services is not brought back so: which tasks run, to which group people are led and between how many it scales are deployments' and scaling's, and no template knows them. There, each setting is put back where it was changed.

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
