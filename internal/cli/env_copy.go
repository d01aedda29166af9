package cli

import (
	"context"

	"enishi/internal/environ"
)

// envCopyCmd makes one more copy of the database.
type envCopyCmd struct {
	place
	step
	despite
}

// Help says what it is for, and for how long it stays.
func (c *envCopyCmd) Help() string {
	return `AWS Backup copies the database into the environment's vault every day. This makes one more, now: where that of a night failed, or before a step that is hard to take back. It is made as those are, by the plan that the account has: into the same vault, by the same role, and it expires after as many days.

It waits until the copy is ready, which AWS takes minutes for, or hours. If the run is ended, the copy goes on, and the same command waits for it. Two are never made at once.

Examples:
  enishi env copy prod --plan
  enishi env copy prod --why "that of the night failed" --confirm prod`
}

// Run makes it.
func (c *envCopyCmd) Run(ctx context.Context, w World) error {
	return c.taken(ctx, w, &c.place, "one more copy of the database is in the vault", func(o *environ.Options) (*environ.Step, error) {
		o.DespiteRights = c.DespiteRights
		return environ.LookCopy(ctx, o)
	})
}
