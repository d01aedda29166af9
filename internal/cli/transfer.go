package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/sqlite"
)

type transferCmd struct {
	change
}

// Help says what has to be, and how it is taken back.
func (c *transferCmd) Help() string {
	return `Copies the database of a data folder, which no server may have open, into the empty database that ENISHI_DATABASE_URL names, and counts the rows of every table on both sides. ENISHI_SECRET must be the folder's own secret, with which everything is sealed. The folder stays as it is. What was broken off is served by nobody: begin again with an empty database.

Example:
  export ENISHI_DATABASE_URL=mysql://enishi:PASSWORD@HOST:3306/enishi ENISHI_SECRET=$(cat data/secret)
  enishi transfer --data data --plan
  enishi transfer --data data`
}

// Run copies.
func (c *transferCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	if !resolved.Shared() {
		return usageError{"where to? Set ENISHI_DATABASE_URL to an empty database of a server"}
	}
	secret, err := config.FindSecret(resolved.Data)
	if err != nil {
		return err
	}
	if !bytes.Equal(secret, resolved.Secret) {
		return errs.New(errs.Invalid, "ENISHI_SECRET is another secret than that of the folder "+resolved.Data+": nothing that is sealed could be read there")
	}
	order, err := c.agreed(ctx, w, resolved, intent{does: "every row of the data folder " + resolved.Data + " is copied there", undo: "the folder stays as it is: go on with it, and drop the database"})
	if err != nil || c.DryRun {
		return err
	}
	var copied []store.Copied
	shown := progress{world: w}
	err = sqlite.Lend(ctx, filepath.Join(resolved.Data, databaseFile), func(from store.Side) error {
		return mysql.Lend(ctx, resolved.DatabaseURL, func(to store.Side) error {
			copied, err = store.Transfer(ctx, from, to, func(table string, done int64) { shown.step("copying "+table, int(done), 0) })
			return err
		})
	})
	shown.end()
	if errors.Is(err, sqlite.ErrInUse) {
		return errs.New(errs.Conflict, "a server has the data folder "+resolved.Data+": stop it first")
	}
	if err != nil {
		return err
	}
	return c.arrived(ctx, w, resolved, order, copied)
}

// arrived opens what was copied, as those who serve will, and notes where it came from.
func (c *transferCmd) arrived(ctx context.Context, w World, resolved *config.Config, order market.Order, copied []store.Copied) error {
	in, err := openInstallation(ctx, resolved, beside)
	if err != nil {
		return err
	}
	_, err = market.OpenJobs(ctx, in.store, in.vault, options(resolved, quietLog(), outbox{}, w), nil)
	if err == nil {
		err = market.Note(ctx, in.store, w.Now, market.AuditTransfer, order, "a data folder -> this database")
	}
	if err := in.close(err); err != nil {
		return err
	}
	var rows int64
	tables := map[string]int64{}
	for _, t := range copied {
		tables[t.Table] = t.Rows
		rows += t.Rows
	}
	if c.JSON {
		return printJSON(w.Out, map[string]any{"rows": rows, "tables": tables})
	}
	_, err = fmt.Fprintf(w.Out, "%d rows of %d tables are copied, and counted on both sides.\n", rows, len(copied))
	return err
}
