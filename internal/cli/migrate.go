package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/store/mysql"
	"enishi/internal/store/sqlite"
)

type migrateCmd struct {
	change
}

// ofDeployment is what a deployment that migrates tells the audit log of itself.
const ofDeployment = "ENISHI_DEPLOYS"

// Help shows how it is called.
func (c *migrateCmd) Help() string {
	return `Serve does so by itself; this is for doing it beforehand. A program of the version before goes on working with the schema.

Examples:
  enishi migrate --data /srv/enishi
  enishi migrate --data /srv/enishi --dry-run`
}

// Run brings the schema up to date; opening the database does so.
func (c *migrateCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	if err := keptApartBefore(ctx, resolved); err != nil { // and nothing is told of its schema
		return err
	}
	from, to, err := versions(ctx, resolved)
	if err != nil {
		return err
	}
	if from > 0 { // a new one has nothing to ask
		if err := whole(ctx, resolved); err != nil {
			return err
		}
	}
	order, err := c.agreed(ctx, w, resolved, intent{does: migrates(from, to), undo: "nothing needs to be: the program before works with the new schema"})
	if err != nil {
		return err
	}
	if c.DryRun {
		if c.JSON {
			return printJSON(w.Out, map[string]any{"current": from >= to, "schema": from, "becomes": max(from, to)})
		}
		return nil
	}
	in, err := openInstallation(ctx, resolved, serving)
	if err != nil {
		return err
	}
	if err := in.close(c.note(ctx, w, in, order, from, to)); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, map[string]any{"current": true, "new_installation": in.fresh})
	}
	fmt.Fprintln(w.Out, "The database has a schema that this program can use.")
	return nil
}

// whole is Conflict if a database holds what a transfer has left, and fails where nobody can know.
func whole(ctx context.Context, resolved *config.Config) error {
	half, err := settingOf(ctx, resolved, market.TransferMark)
	if err != nil {
		return fmt.Errorf("look whether a transfer into this database has come to its end: %w", err)
	}
	if half != "" {
		return errs.New(errs.Conflict, "a transfer into this database has not come to its end, or was a rehearsal: nobody serves it until another one has")
	}
	return nil
}

// note tells the audit log what was changed, and for which deployment, if for one.
func (c *migrateCmd) note(ctx context.Context, w World, in *installation, order market.Order, from, to int64) error {
	diff := fmt.Sprintf("schema %d -> %d", from, max(from, to))
	if of := said(w, ofDeployment); of != "" {
		return market.Note(ctx, in.store, w.Now, market.AuditDeploy, order, of+"; "+diff)
	}
	if from >= to {
		return nil
	}
	return market.Note(ctx, in.store, w.Now, market.AuditMigrate, order, diff)
}

func migrates(from, to int64) string {
	switch {
	case from == 0:
		return fmt.Sprintf("a new database is made, with schema %d", to)
	case from < to:
		return fmt.Sprintf("the schema is brought from %d to %d, while others go on working", from, to)
	case from > to:
		return fmt.Sprintf("nothing is changed: the schema is %d already, newer than this program's %d", from, to)
	}
	return fmt.Sprintf("nothing is changed: the schema is %d already", from)
}

// versions gives the schema that the database has, 0 for none, and the one that this program
// makes of it.
func versions(ctx context.Context, c *config.Config) (stored, known int64, err error) {
	if c.Shared() {
		return mysql.Versions(ctx, c.DatabaseURL)
	}
	path := filepath.Join(c.Data, databaseFile)
	if _, err := os.Stat(path); err != nil { // whoever opens it says what is wrong with it
		path = ""
	}
	return sqlite.Versions(ctx, path)
}
