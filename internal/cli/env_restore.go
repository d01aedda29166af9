package cli

import (
	"context"
	"fmt"
	"time"

	"enishi/internal/environ"
	"enishi/internal/errs"
)

// envRestoreCmd brings rows of the past back.
type envRestoreCmd struct {
	place
	To       string `placeholder:"MOMENT" xor:"past" help:"A moment, such as 2026-12-01T09:30:00+09:00, or latest: the newest one that there is."`
	Copy     string `placeholder:"COPY" xor:"past" help:"A copy of the database, such as one in the vault, by its name."`
	Rehearse bool   `help:"Have a task read and count the rows of then, and change nothing; without --to and --copy, of the latest moment."`
	Erased   bool   `name:"with-erased" help:"Bring back whoever was erased since as well, where that is what went wrong."`
	Drop     bool   `xor:"past" help:"Give up a restore that was left half-way: remove its cluster, and start the services if it has stopped them and the rows in force are whole."`
	step
	despite
}

// Help says what happens to whom.
func (c *envRestoreCmd) Help() string {
	return `For rows that were lost or spoilt: by a fault of the program, by a slip, by somebody who should not have been there. Without --to and --copy it says from when to when the database can be restored, and which copies there are.

A cluster of then is made beside the one in force, in the same network and under the same key, and a task opens it as the service would and counts its rows beside those in force; until then everything goes on, and --rehearse ends here. Then web and worker stop, so nobody is served; a task replaces every row in force by that of then; the services start, and are held to what is promised. The cluster beside is removed in the end. The database keeps its name, its password and its address, so that nothing else changes.

What was written since is lost: sign-ups, edits, offers and answers. What people were told by mail stays told. Who has erased themselves since stays erased, unless --with-erased says that this is what went wrong.

If it ends half-way, the same command goes on. While the services stand still nothing else changes the environment. To take it back, restore to the moment from which nobody was served.

Examples:
  enishi env restore prod --plan
  enishi env restore prod --rehearse --why "once a quarter" --confirm prod
  enishi env silence prod Unreachable AvailabilityFast --for 2h --why "a restore" --confirm prod
  enishi env restore prod --to 2026-12-01T09:30:00+09:00 --why "an import has spoilt positions" --confirm prod`
}

// Run restores.
func (c *envRestoreCmd) Run(ctx context.Context, w World) error {
	if c.Erased && (c.Rehearse || c.Drop) {
		return usageError{"--with-erased is of a restore in earnest: a rehearsal and --drop erase nobody"}
	}
	if c.Drop {
		if c.Rehearse {
			return usageError{"--rehearse makes a cluster, --drop removes one: give one of them"}
		}
		return c.taken(ctx, w, &c.place, "what a restore has left is gone", func(o *environ.Options) (*environ.Step, error) { return environ.LookDrop(ctx, o) })
	}
	r := environ.Restoration{Copy: c.Copy, Rehearse: c.Rehearse, WithErased: c.Erased, Latest: c.To == "latest" || c.Rehearse && c.To == "" && c.Copy == ""}
	if c.To != "" && !r.Latest {
		to, err := time.Parse(time.RFC3339, c.To)
		if err != nil {
			return errs.AtPointer("--to", c.To, "latest, or a moment with its zone, such as 2026-12-01T09:30:00+09:00")
		}
		r.To = to
	}
	out := w.Out
	if c.JSON {
		out = w.Err
	}
	r.Printed = func(line string) { fmt.Fprintln(out, line) }
	done := "the rows of then are in force, and the services serve"
	if c.Rehearse {
		done = "the rows of then can be read; nothing of it is left"
	}
	return c.taken(ctx, w, &c.place, done, func(o *environ.Options) (*environ.Step, error) {
		o.DespiteRights = c.DespiteRights
		return environ.LookRestore(ctx, o, r)
	})
}
