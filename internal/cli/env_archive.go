package cli

import (
	"context"
	"fmt"

	"enishi/internal/day"
	"enishi/internal/environ"
)

// envArchiveCmd brings days to the archive of logs that it lacks.
type envArchiveCmd struct {
	place
	From day.Day `required:"" placeholder:"YYYY-MM-DD" help:"The first day, by Tokyo's time."`
	To   day.Day `required:"" placeholder:"YYYY-MM-DD" help:"The last day, which is over for 12 hours."`
	step
}

// Help says what comes and how long it takes.
func (c *envArchiveCmd) Help() string {
	return `Has CloudWatch Logs export each log group whose lines belong into the archive, day by day, into its bucket, below exported/YYYY/MM/DD/GROUP/: for days on which nothing came there for so long that it was lost. Lines that are there already come twice. Slow statements, which may hold values of people, are not among them.

A day is taken once it is over for 12 hours, from noon of the next one on: AWS may take so long until it exports all lines, and what was exported too soon would lack some for good.

AWS does one export at a time in an account, each of which takes minutes. What was exported is not exported again: where a run is ended, the same command goes on.

Examples:
  enishi env archive prod --from 2026-11-20 --to 2026-11-21 --plan
  enishi env archive prod --from 2026-11-20 --to 2026-11-21 --why "the archive's key was changed" --confirm prod`
}

// Run brings them.
func (c *envArchiveCmd) Run(ctx context.Context, w World) error {
	return c.taken(ctx, w, &c.place, fmt.Sprintf("%v to %v are in the archive", c.From, c.To), func(o *environ.Options) (*environ.Step, error) {
		return environ.LookArchive(ctx, o, c.From, c.To)
	})
}
