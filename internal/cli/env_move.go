package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"enishi/internal/config"
	"enishi/internal/environ"
	"enishi/internal/errs"
	"enishi/internal/files"
)

// envMoveCmd brings an installation's rows into an environment, or out of one.
type envMoveCmd struct {
	place
	Data     string `required:"" placeholder:"DIR" help:"The data folder with its secret whose rows are brought; with --back, the one to be made."`
	Rehearse bool   `help:"Bring all of them, and leave a mark by which nobody serves what is there; the next move removes it first."`
	Back     bool   `help:"The other way: out of the environment into a data folder, which must hold no database."`
	asked
	despite
	Plan bool `help:"Show what would be moved, and where; move nothing."`
}

// Help says what happens on the way.
func (c *envMoveCmd) Help() string {
	return `Packs the database of a data folder, which no server may have open, hands it over in the environment's bucket of files, and has a task of the environment copy every row into its database, which must be empty, and count the rows of every table on both sides (enishi transfer). What is sealed can be read with the folder's secret alone, so that becomes the environment's. It comes before the services: after enishi env up --base, before enishi env up. The folder's schema is brought up to this program's, and it is marked as people's data where it said nothing of whose it is; its rows stay. The file moved in it then keeps it from being served as well. What was handed over is removed in the end.

With --back a task packs the environment's database, and it is unpacked into a data folder with the environment's secret. Nobody should write meanwhile (enishi maintenance): what is written later stays behind.

The folder's disk needs room for a second database.

Examples:
  enishi env move prod --data /srv/enishi --plan
  enishi env move prod --data /srv/enishi --rehearse --why "to know how long it takes"
  enishi env move prod --data /srv/enishi --why "the move" --confirm prod`
}

// Run moves.
func (c *envMoveCmd) Run(ctx context.Context, w World) error {
	switch err := c.reason(); {
	case c.Rehearse && c.Back:
		return usageError{"--rehearse is of the way into an environment, --back of the other"}
	case err != nil && !c.Plan:
		return err
	}
	o, err := c.options(ctx, w, c.Why)
	if err != nil {
		return err
	}
	o.DespiteRights = c.DespiteRights
	h, err := environ.LookHandover(ctx, o)
	if err != nil {
		return err
	}
	o.By = h.Identity
	fmt.Fprintf(w.Err, "%s: account %s, %s, as %s\n", c.Environment, h.Account, h.Region, h.Identity)
	move := c.in
	if c.Back {
		move = c.out
	}
	return move(ctx, w, o, h)
}

// movement is what is moved, as JSON tells it.
type movement struct {
	environ.Who
	Environment string `json:"environment"`
	Data        string `json:"data"`
	At          string `json:"at"` // where the packed database is handed over
	Back        bool   `json:"back"`
	Rehearsed   bool   `json:"rehearsed"`
	Bytes       int64  `json:"bytes,omitempty"`  // before it is packed
	Secret      bool   `json:"secret,omitempty"` // the environment's becomes another
	// Checks are what has to be so before it is begun.
	Checks []environ.Check `json:"checks"`
}

// may gives what is moved, once it was shown whether whoever asks may do so.
func (c *envMoveCmd) may(ctx context.Context, w World, o *environ.Options, h *environ.Handover, secret string) (movement, error) {
	m := movement{Who: h.Who, Environment: c.Environment, Data: c.Data, At: h.At, Back: c.Back, Rehearsed: c.Rehearse}
	rights, err := h.MayMove(ctx, o, secret, c.Back)
	m.Checks = []environ.Check{rights}
	if err == nil {
		printChecks(w.Err, m.Checks)
	}
	return m, err
}

// told shows what a task prints, and in the end what was moved.
func (c *envMoveCmd) told(w World, m movement, move func(printed func(string)) error) error {
	out := w.Out
	if c.JSON {
		out = w.Err
	}
	if err := move(func(line string) { fmt.Fprintln(out, line) }); err != nil || !c.JSON {
		return err
	}
	return printJSON(w.Out, m)
}

func (c *envMoveCmd) in(ctx context.Context, w World, o *environ.Options, h *environ.Handover) error {
	info, err := os.Stat(filepath.Join(c.Data, databaseFile))
	if err != nil {
		return errs.Wrap(errs.NotFound, "there is no database in the data folder "+c.Data, err)
	}
	secret, err := config.FindSecret(c.Data)
	if err != nil {
		return err
	}
	if err := c.sameKind(ctx, h); err != nil {
		return err
	}
	fmt.Fprintf(w.Err, "Next: the database of %s (%d MB before it is packed) is handed over in %s, and a task copies every row into the environment's database.\n", c.Data, info.Size()>>20, h.At)
	if h.Secret != string(secret) {
		fmt.Fprintf(w.Err, "The secret of %s becomes that of %s.\n", c.Environment, c.Data)
	}
	if err := unmoved(c.Data); err != nil {
		fmt.Fprintf(w.Err, "Before you go on: %v\n", err)
	}
	c.sayUndo(w)
	if h.Serves {
		return errs.New(errs.Conflict, "services of "+c.Environment+" are there already, with a database of their own: rows are brought before them")
	}
	m, err := c.may(ctx, w, o, h, string(secret))
	if err != nil {
		return err
	}
	m.Bytes, m.Secret = info.Size(), h.Secret != string(secret)
	if c.Plan && c.JSON {
		return printJSON(w.Out, m)
	}
	if c.Plan {
		return nil
	}
	if err := environ.Begins(m.Checks); err != nil {
		return err
	}
	if err := c.agreed(ctx, w, c.Environment, h.Real); err != nil {
		return err
	}
	if err := fits(ctx, w, &config.Config{Data: c.Data, Secret: secret, DataKind: dataKind(h.Real)}); err != nil {
		return err
	}
	err = c.told(w, m, func(printed func(string)) error {
		return environ.MoveIn(ctx, o, h, c.packed(w, h, secret), c.Rehearse, printed)
	})
	if err != nil && unmoved(c.Data) != nil {
		fmt.Fprintf(w.Err, "%[1]s is not served: its rows may be in %[2]s. The command, given again, waits for a task that goes on, and goes on with the move. Before %[3]s is removed to go on with the folder, be sure that nobody will serve %[2]s.\n",
			c.Data, c.Environment, filepath.Join(c.Data, movedFile))
	}
	return err
}

func (c *envMoveCmd) sayUndo(w World) {
	if c.Rehearse {
		fmt.Fprintf(w.Err, "It is a rehearsal: nobody serves what is there, and %s stays as it is.\n", c.Data)
		return
	}
	fmt.Fprintf(w.Err, "From then on %[1]s is not served, which %[2]s says. To take it back: remove that file, and go on with the folder.\n", c.Data, filepath.Join(c.Data, movedFile))
}

// packed is the folder's database, which nobody serves any more once it is on its way.
func (c *envMoveCmd) packed(w World, h *environ.Handover, secret config.Secret) environ.Packed {
	stay := func() error { return nil }
	return environ.Packed{
		Name: packedName(w.Now(), secret), Prefix: packedPrefix, Secret: string(secret),
		Write: func(ctx context.Context, to io.Writer) error {
			moved := &tally{to: to, shown: progress{world: w}, what: "MB handed over"}
			defer moved.shown.end()
			return pack(ctx, c.Data, moved, func() (err error) {
				if !c.Rehearse {
					stay, err = leave(ctx, c.Data, fmt.Sprintf("%s (account %s, %s)", h.Environment, h.Account, h.Region), w.Now())
				}
				return err
			})
		},
		Kept: func() error { return stay() },
	}
}

// sameKind is Denied where people's data would come to an environment of demo data, or the other way: before
// anything of it leaves the machine.
func (c *envMoveCmd) sameKind(ctx context.Context, h *environ.Handover) error {
	kind, err := textOf(ctx, &config.Config{Data: c.Data}, "SELECT value FROM installation WHERE name = 'data_kind'")
	switch demo := strings.HasPrefix(kind, string(config.DemoData)); {
	case err != nil:
		return fmt.Errorf("look whose data %s holds: %w", c.Data, err)
	case !h.Real && !demo:
		return errs.New(errs.Denied, c.Environment+" holds demo data only, and "+c.Data+" does not say that it does: people's data stays where it is")
	case h.Real && demo:
		return errs.New(errs.Denied, c.Environment+" holds people's data, and "+c.Data+" demo data")
	}
	return nil
}

// dataKind says whose data an installation holds as its settings do.
func dataKind(people bool) config.DataKind {
	if people {
		return config.RealData
	}
	return config.DemoData
}

func (c *envMoveCmd) out(ctx context.Context, w World, o *environ.Options, h *environ.Handover) error {
	if err := noInstallation(c.Data); err != nil {
		return err
	}
	secret := config.Secret(h.Secret)
	if there, err := config.FindSecret(c.Data); err == nil && !bytes.Equal(there, secret) {
		return errs.New(errs.Conflict, "there is another secret already in "+c.Data+": give another folder with --data")
	}
	fmt.Fprintf(w.Err, "Next: a task packs the database of %s, hands it over in %s, and it is unpacked into %s, with the environment's secret. What is written meanwhile stays behind.\nTo take it back: remove %[3]s; the environment stays as it is.\n", c.Environment, h.At, c.Data)
	m, err := c.may(ctx, w, o, h, h.Secret)
	if err != nil {
		return err
	}
	if c.Plan && c.JSON {
		return printJSON(w.Out, m)
	}
	if c.Plan {
		return nil
	}
	if err := environ.Begins(m.Checks); err != nil {
		return err
	}
	if err := c.agreed(ctx, w, c.Environment, h.Real); err != nil {
		return err
	}
	name := packedName(w.Now(), secret)
	read := func(ctx context.Context, from files.Store) error { return unpack(ctx, from, name, c.Data, secret) }
	if err := c.told(w, m, func(printed func(string)) error { return environ.MoveOut(ctx, o, h, name, read, printed) }); err != nil || c.JSON {
		return err
	}
	fmt.Fprintf(w.Out, "%s holds what %s did: enishi serve --data %[1]s\n", c.Data, c.Environment)
	return nil
}

// tally counts what is written.
type tally struct {
	to    io.Writer
	bytes int
	what  string
	shown progress
}

func (c *tally) Write(piece []byte) (int, error) {
	n, err := c.to.Write(piece)
	if c.bytes += n; c.bytes >= 1<<20 {
		c.shown.step(c.what, c.bytes>>20, 0)
	}
	return n, err
}
