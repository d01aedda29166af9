package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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
	ofServer
	Rehearse bool   `help:"Copy and count all of it, and leave a mark by which nobody serves what is there; the next transfer removes it first."`
	Back     bool   `help:"The other way: out of the server's database into the data folder, which must hold none."`
	Packed   string `placeholder:"NAME" help:"The data folder's database is packed among the installation's files under this name: it is unpacked first, or with --back packed in the end. enishi env move asks for that."`
}

// Help says what has to be, and how it is taken back.
func (c *transferCmd) Help() string {
	return `Copies the database of a data folder, which no server may have open, into the empty database that ENISHI_DATABASE_URL names, and counts the rows of every table on both sides. ENISHI_SECRET must be the folder's own secret, with which everything is sealed. The folder's schema is brought up to this program's; its rows stay. The file moved in it then keeps it from being served as well.

With --back the rows go from the server into the folder, with the secret. Nobody should write meanwhile: what is written later stays behind.

With --from the rows come out of another server's database, which brings an installation from one server to another in one step, with the same ENISHI_SECRET. Nobody should serve that one meanwhile, and nothing keeps it from being served afterwards.

What was broken off, or rehearsed, is served by nobody: the next transfer into the server removes it first.

A restore: another server's database is the server's own as it was at an earlier moment, restored beside it. With --look it is opened, read and counted against the one in force, which stays as it is: the rehearsal. With --replace it takes the place of what the server's database holds, whose every row is removed; stop all that serves it first, and say with --await how long is waited for what is left of it, such as the lease of a job that was killed. Candidates who have erased themselves since are erased again (unless --with-erased says that this is what went wrong), and mails that were sent since are not sent again; all else that was written since is lost. The snapshots among the files of the installation are removed. One that was broken off is served by nobody: give it again, from the same moment or, if that is gone, from a later one, and it goes on. Given again after it has come to its end, it is done once more as a whole: what was written after the first one is lost.

Examples:
  export ENISHI_DATABASE_URL=mysql://enishi:PASSWORD@HOST:3306/enishi ENISHI_SECRET=$(cat data/secret)
  enishi transfer --data data --plan
  enishi transfer --data data --rehearse
  enishi transfer --data data
  ENISHI_FROM_PASSWORD=PASSWORD enishi transfer --from mysql://enishi@OTHER:3306/enishi --look
  ENISHI_FROM_PASSWORD=PASSWORD enishi transfer --from mysql://enishi@OTHER:3306/enishi --replace --plan`
}

// Run copies.
func (c *transferCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	switch err := c.misused(); {
	case err != nil:
		return err
	case !resolved.Shared():
		return usageError{"set ENISHI_DATABASE_URL to a database of a server"}
	case c.From != "":
		return c.fromServer(ctx, w, resolved)
	case c.Rehearse && c.Back:
		return usageError{"--rehearse is of the way into a server, --back of the other"}
	case c.Back:
		return c.back(ctx, w, resolved)
	}
	if err := errors.Join(c.sameSecret(resolved), untaken(ctx, resolved)); err != nil {
		return err
	}
	about := intent{
		does: "what a rehearsal, or a transfer that was broken off, has left there is removed; every row of " + c.named(resolved) + " is copied there",
		undo: c.undo(resolved),
	}
	order, err := c.agreed(ctx, w, resolved, about)
	if err != nil || c.DryRun {
		return err
	}
	if c.Packed != "" {
		if err := c.unpacked(ctx, resolved); err != nil {
			return err
		}
	}
	// What would be refused afterwards is refused before the first row: rows that nobody may serve are in the way
	// of those that were meant.
	if err := fits(ctx, w, resolved); err != nil {
		return err
	}
	password, err := otherPassword(ctx, resolved.DatabaseSecret)
	if err != nil {
		return err
	}
	copied, err := c.copied(w, func(transfer transferer) error {
		return sqlite.Lend(ctx, filepath.Join(resolved.Data, databaseFile), func(from store.Side) error {
			return mysql.Lend(ctx, resolved.DatabaseURL, mysql.Options{Loading: true, Password: password}, func(to store.Side) error {
				return c.leaving(ctx, w, resolved, to, func() error { return transfer(ctx, from, to) })
			})
		})
	})
	if err != nil {
		return err
	}
	if !c.Rehearse {
		err = arrived(ctx, w, resolved, func(in *installation) error {
			return market.Note(ctx, in.store, w.Now, market.AuditTransfer, order, "a data folder -> this database")
		})
	}
	return errors.Join(err, c.shown(w, copied))
}

// undo says how a transfer into the server is taken back.
func (c *transferCmd) undo(resolved *config.Config) string {
	if c.Packed != "" || c.Rehearse {
		return "leave the database: what the rows are copied from stays as it is"
	}
	return "leave the database, and remove " + filepath.Join(resolved.Data, movedFile) + ", which keeps the folder from being served as well; else the folder stays as it is"
}

// leaving copies out of a data folder for good, which nobody serves any more then; or to rehearse it, or out of one
// that was made of a packed database, and of which nobody knows.
func (c *transferCmd) leaving(ctx context.Context, w World, resolved *config.Config, to store.Side, copying func() error) error {
	if c.Packed != "" || c.Rehearse {
		return copying()
	}
	stay, err := leave(ctx, resolved.Data, whereIs(resolved), w.Now())
	if err != nil {
		return err
	}
	err = copying()
	if err == nil {
		return nil
	}
	// Nobody knows whether the last commit arrived whose answer was lost: the target is asked.
	if store.Room(context.WithoutCancel(ctx), to) != nil {
		return errors.Join(err, unmoved(resolved.Data))
	}
	return errors.Join(err, stay())
}

// named says where the rows of a data folder are.
func (c *transferCmd) named(resolved *config.Config) string {
	if c.Packed != "" {
		return "the database that is packed as " + c.Packed
	}
	return "the data folder " + resolved.Data
}

// sameSecret fails where a data folder is sealed with another secret than the server's database will be. Of a
// packed one, whoever unpacks it looks.
func (c *transferCmd) sameSecret(resolved *config.Config) error {
	if c.Packed != "" {
		return nil
	}
	secret, err := config.FindSecret(resolved.Data)
	if err != nil {
		return err
	}
	if !bytes.Equal(secret, resolved.Secret) {
		return errs.New(errs.Invalid, "ENISHI_SECRET is another secret than that of the folder "+resolved.Data+": nothing that is sealed could be read there")
	}
	return nil
}

func (c *transferCmd) unpacked(ctx context.Context, resolved *config.Config) error {
	from, err := openFiles(ctx, resolved.Files)
	if err != nil {
		return err
	}
	return unpack(ctx, from, c.Packed, resolved.Data, resolved.Secret)
}

// packed puts the data folder's database among the files of the installation.
func (c *transferCmd) packed(ctx context.Context, resolved *config.Config) error {
	to, err := openFiles(ctx, resolved.Files)
	if err != nil {
		return err
	}
	return to.Create(ctx, c.Packed, func(to io.Writer) error { return pack(ctx, resolved.Data, to, func() error { return nil }) })
}

// untaken is Conflict if the server's database holds an installation, or anything else that a transfer would refuse;
// what a rehearsal has left is no such thing. It changes nothing.
func untaken(ctx context.Context, resolved *config.Config) error {
	made, err := textOf(ctx, resolved, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'installation'")
	if err != nil || made == "" {
		return err
	}
	password, err := otherPassword(ctx, resolved.DatabaseSecret)
	if err != nil {
		return err
	}
	return mysql.Lend(ctx, resolved.DatabaseURL, mysql.Options{Expect: true, Password: password}, func(to store.Side) error { return store.Room(ctx, to) })
}

// fits opens the data folder as those who serve its rows will: with the same secret, and for the same kind of
// data.
func fits(ctx context.Context, w World, resolved *config.Config) error {
	err := sqlite.Lend(ctx, filepath.Join(resolved.Data, databaseFile), func(store.Side) error { return nil }) // which brings its schema up to this program's
	if errors.Is(err, sqlite.ErrInUse) {
		return errs.New(errs.Conflict, "a server has the data folder "+resolved.Data+": stop it first")
	}
	if err != nil {
		return err
	}
	folder := *resolved
	folder.DatabaseURL = ""
	return arrived(ctx, w, &folder, func(*installation) error { return nil })
}

// back copies out of a server.
func (c *transferCmd) back(ctx context.Context, w World, resolved *config.Config) error {
	file := filepath.Join(resolved.Data, databaseFile)
	if err := noInstallation(resolved.Data); err != nil {
		return err
	}
	about := intent{does: "every row of it is copied into " + c.named(resolved), undo: "remove the folder: the database stays as it is"}
	order, err := c.agreed(ctx, w, resolved, about)
	if err != nil || c.DryRun {
		return err
	}
	in, err := openInstallation(ctx, resolved, beside)
	if err != nil {
		return err
	}
	// Beforehand, so that the copy says as well where it came from.
	if err := in.close(market.Note(ctx, in.store, w.Now, market.AuditTransfer, order, "this database -> a data folder")); err != nil {
		return err
	}
	if err := os.MkdirAll(resolved.Data, 0o700); err != nil {
		return errs.Wrap(errs.Invalid, "the data folder "+resolved.Data+" cannot be made", err)
	}
	if err := config.KeepSecret(resolved.Data, resolved.Secret); err != nil {
		return err
	}
	password, err := otherPassword(ctx, resolved.DatabaseSecret)
	if err != nil {
		return err
	}
	copied, err := c.copied(w, func(transfer transferer) error {
		return mysql.Lend(ctx, resolved.DatabaseURL, mysql.Options{Expect: true, Password: password}, func(from store.Side) error {
			return sqlite.Fill(ctx, file, func(to store.Side) error { return transfer(ctx, from, to) })
		})
	})
	if err != nil {
		return err
	}
	folder := *resolved
	folder.DatabaseURL = ""
	if err := arrived(ctx, w, &folder, func(*installation) error { return nil }); err != nil {
		return err
	}
	if c.Packed != "" {
		if err := c.packed(ctx, resolved); err != nil {
			return err
		}
	}
	return c.shown(w, copied)
}

// transferer copies one side into the other.
type transferer func(ctx context.Context, from, to store.Side) error

// copied lends a transferer to whoever has both sides, and gives what it has copied.
func (c *transferCmd) copied(w World, lend func(transferer) error) (copied []store.Copied, err error) {
	shown := progress{world: w}
	defer shown.end()
	err = lend(func(ctx context.Context, from, to store.Side) (err error) {
		copied, err = store.Transfer(ctx, from, to, c.Rehearse, func(table string, done int64) { shown.step("copying "+table, int(done), 0) })
		return err
	})
	return copied, err
}

// arrived opens what was copied, as those who serve will, and lets it be noted.
func arrived(ctx context.Context, w World, resolved *config.Config, note func(*installation) error) error {
	in, err := openInstallation(ctx, resolved, looking)
	if err != nil {
		return err
	}
	_, err = market.OpenJobs(ctx, in.store, in.vault, options(resolved, quietLog(), outbox{}, w), nil)
	if err == nil {
		err = note(in)
	}
	return in.close(err)
}

// shown says how much was copied.
func (c *transferCmd) shown(w World, copied []store.Copied) error {
	rows, tables := sums(copied)
	if c.JSON {
		return printJSON(w.Out, map[string]any{"rows": rows, "tables": tables, "rehearsed": c.Rehearse})
	}
	said := ""
	if c.Rehearse {
		said = " It was a rehearsal: nobody serves them."
	}
	_, err := fmt.Fprintf(w.Out, "%d rows of %d tables are copied, and counted on both sides.%s\n", rows, len(copied), said)
	return err
}

// sums gives how many rows were copied, in all and by their tables.
func sums(copied []store.Copied) (rows int64, tables map[string]int64) {
	tables = map[string]int64{}
	for _, t := range copied {
		tables[t.Table] = t.Rows
		rows += t.Rows
	}
	return rows, tables
}
