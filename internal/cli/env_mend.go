package cli

import (
	"context"

	"enishi/internal/environ"
)

// envMendCmd ends what CloudFormation has left half-way.
type envMendCmd struct {
	place
	Stack string   `arg:"" help:"base, cluster, service, alarms or edge."`
	Skip  []string `placeholder:"NAME" help:"Leave this as it is, by its name in the template, where going back fails by it and it cannot be mended."`
	step
}

// Help says what it does in which state.
func (c *envMendCmd) Help() string {
	return `CloudFormation changes a stack no more whose change failed, and could not be taken back. What made it fail is in its events and is mended first; this does the rest:

  UPDATE_ROLLBACK_FAILED                            goes on back to how it was before the change
  UPDATE_FAILED                                     goes back to how it was before the change
  CREATE_FAILED, ROLLBACK_COMPLETE, ROLLBACK_FAILED deletes it: its first making failed, and nobody has used it

No stack is deleted that is protected, that was whole once, or on which another stands; nothing is done to a stack that has changed since it was shown. Where people's data is, a load balancer and a database refuse to be deleted, which makes a first making end in ROLLBACK_FAILED: of those that the stack itself has made, this is lifted first, and the plan names them. What stays is told by its name. Each event is a line. Then enishi env up goes on.

Before anything has served there is no audit log: who and why are kept in the parameter /enishi-gone/ENVIRONMENT.

Examples:
  enishi env mend dev service --plan
  enishi env mend prod alarms --why "the topic is there again" --confirm prod
  enishi env mend prod service --skip WebService1A2B --why "it was deleted by hand" --confirm prod`
}

// Run mends it.
func (c *envMendCmd) Run(ctx context.Context, w World) error {
	return c.taken(ctx, w, &c.place, "the stack is mended", func(o *environ.Options) (*environ.Step, error) {
		return environ.LookMend(ctx, o, c.Stack, c.Skip)
	})
}
