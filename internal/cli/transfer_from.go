package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"enishi/internal/config"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/files"
	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
)

// fromPassword is the password of the database that --from names, where neither its address nor a secret has it.
const fromPassword = "ENISHI_FROM_PASSWORD"

// ofServer are the flags of a transfer out of another server's database.
type ofServer struct {
	From       string        `placeholder:"URL" help:"The rows come out of another server's database, mysql://USER@HOST:PORT/NAME, instead of out of a data folder. Its password is best in ENISHI_FROM_PASSWORD."`
	FromSecret string        `name:"from-secret" placeholder:"ARN" help:"Secret of AWS that keeps the password of the database that --from names."`
	Look       bool          `help:"Copy nothing: open the other database as those who serve it would, and compare how many rows there are on both sides, and how far they go."`
	WithErased bool          `name:"with-erased" help:"With --replace, bring back whoever was erased since as well, where that is what went wrong. Otherwise they are erased again."`
	Replace    bool          `help:"What the server's database holds is removed, and replaced by an earlier moment of it, which --from names. Nobody may serve it meanwhile."`
	Await      time.Duration `placeholder:"DURATION" help:"With --replace, how long whoever serves is waited for, such as 20m (default 8s): leases until they expire, connections until there is a moment without any."`
}

// misused is a mistake in what a transfer out of another server's database is asked for together with.
func (c *transferCmd) misused() error {
	for _, of := range []struct {
		given bool
		says  string
	}{
		{c.From == "" && c.FromSecret != "", "--from-secret is of the database that --from names, and there is none"},
		{c.From == "" && c.Look, "--look looks at the database that --from names, and there is none"},
		{c.WithErased && !c.Replace, "--with-erased is of --replace: nothing else erases anybody again"},
		{c.Await != 0 && !c.Replace, "--await is of --replace: nothing else waits for whoever serves"},
		{c.Await < 0, "--await is how long to wait, such as 20m"},
		{c.From == "" && c.Replace, "--replace takes the rows of the database that --from names, and there is none"},
		{c.From != "" && c.Data != nil, "--from takes the rows out of a server, --data out of a folder: give one of them"},
		{c.From != "" && c.Packed != "", "--packed is of a data folder, --from of a server"},
		{c.From != "" && c.Back, "--back is of the way into a data folder, --from of a server's database: copy it into one of them first"},
		{c.Replace && c.Rehearse, "--replace cannot be rehearsed by --rehearse, which copies the rows: --look shows what is there, --plan what would be done"},
		{c.Look && (c.Replace || c.Rehearse), "--look copies nothing: leave --replace and --rehearse away"},
		{c.Look && c.DryRun, "--look changes nothing where people are served: it needs no --plan"},
	} {
		if of.given {
			return usageError{of.says}
		}
	}
	return nil
}

// other gives the settings of the database that --from names, by the rules of ENISHI_DATABASE_URL.
func (c *transferCmd) other(w World, here *config.Config) (*config.Config, error) {
	const address, secret = "ENISHI_DATABASE_URL", "ENISHI_DATABASE_SECRET_ARN"
	there, env := w, w.Env
	there.Env = func(name string) (string, bool) {
		switch name {
		case address:
			return c.From, true
		case "ENISHI_DATABASE_PASSWORD":
			return said(w, fromPassword), true
		case secret:
			return c.FromSecret, true
		case "ENISHI_DATABASE_READER_URL":
			return "", true
		}
		return env(name)
	}
	resolved, err := c.resolve(there)
	var known *errs.Error
	if errors.As(err, &known) {
		for i := range known.Problems {
			p := &known.Problems[i]
			p.Pointer = strings.NewReplacer(address, "--from", secret, "--from-secret").Replace(p.Pointer)
		}
	}
	if err == nil && placeOf(resolved.DatabaseURL) == placeOf(here.DatabaseURL) {
		err = usageError{"--from names the database that ENISHI_DATABASE_URL does: the rows come out of another one"}
	}
	return resolved, err
}

// placeOf gives where a database is, however its address is written.
func placeOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port) + u.Path
}

// fromServer does what is asked of another server's database.
func (c *transferCmd) fromServer(ctx context.Context, w World, here *config.Config) error {
	there, err := c.other(w, here)
	if err != nil {
		return err
	}
	switch {
	case c.Look:
		return c.look(ctx, w, there, here)
	case c.Replace:
		return c.replace(ctx, w, there, here)
	}
	if err := untaken(ctx, here); err != nil {
		return err
	}
	order, err := c.agreed(ctx, w, here, intent{
		does: "what a rehearsal, or a transfer that was broken off, has left there is removed; every row of " + databaseOf(there) + " is copied there",
		undo: "leave the database: what the rows are copied from stays as it is, and nothing keeps it from being served as well",
	})
	if err != nil || c.DryRun {
		return err
	}
	if err := opens(ctx, w, there); err != nil {
		return err
	}
	copied, err := c.copied(w, func(transfer transferer) error {
		return lendBoth(ctx, there, here, func(from, to store.Side) error { return transfer(ctx, from, to) })
	})
	if err != nil {
		return err
	}
	if !c.Rehearse {
		err = arrived(ctx, w, here, func(in *installation) error {
			return market.Note(ctx, in.store, w.Now, market.AuditTransfer, order, databaseOf(there)+" -> this database")
		})
	}
	return errors.Join(err, c.shown(w, copied))
}

// lendBoth lends the database that rows come from, and the one that they go into, both with this program's schema.
func lendBoth(ctx context.Context, there, here *config.Config, to func(from, into store.Side) error) error {
	password, err := otherPassword(ctx, there.DatabaseSecret)
	if err != nil {
		return err
	}
	own, err := otherPassword(ctx, here.DatabaseSecret)
	if err != nil {
		return err
	}
	return mysql.Lend(ctx, there.DatabaseURL, mysql.Options{Loading: true, Password: password}, func(from store.Side) error {
		return mysql.Lend(ctx, here.DatabaseURL, mysql.Options{Loading: true, Password: own}, func(into store.Side) error { return to(from, into) })
	})
}

// opens opens another server's database as those who serve its rows will: with the same secret, and for the same kind
// of data. It brings its schema up to this program's.
func opens(ctx context.Context, w World, there *config.Config) error {
	password, err := otherPassword(ctx, there.DatabaseSecret)
	if err != nil {
		return err
	}
	if err := mysql.Lend(ctx, there.DatabaseURL, mysql.Options{Loading: true, Password: password}, func(store.Side) error { return nil }); err != nil {
		return err
	}
	return arrived(ctx, w, there, func(*installation) error { return nil })
}

// databaseOf names a server's database.
func databaseOf(r *config.Config) string { return whereIs(&config.Config{DatabaseURL: r.DatabaseURL}) }

// compared compares the other database with the one in force. It changes neither. Conflict if the one in force lacks a
// table, so that the other one could not take its place.
func compared(ctx context.Context, there, here *config.Config) (seen store.Comparison, err error) {
	password, err := otherPassword(ctx, there.DatabaseSecret)
	if err != nil {
		return seen, err
	}
	own, err := otherPassword(ctx, here.DatabaseSecret)
	if err != nil {
		return seen, err
	}
	err = mysql.Peek(ctx, there.DatabaseURL, password, func(from store.Side) error {
		return mysql.Peek(ctx, here.DatabaseURL, own, func(to store.Side) error {
			if seen, err = store.Compare(ctx, from, to); err != nil {
				return err
			}
			return seen.Fits()
		})
	})
	return seen, err
}

// look opens the other database, reads all that whoever serves it would, and shows it beside the one in force.
func (c *transferCmd) look(ctx context.Context, w World, there, here *config.Config) error {
	if err := opens(ctx, w, there); err != nil {
		return err
	}
	if err := loads(ctx, w, there); err != nil {
		return err
	}
	seen, err := compared(ctx, there, here)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, lookOf(&seen))
	}
	return printLook(w.Out, &seen, databaseOf(there), databaseOf(here))
}

// loads reads every candidate and every rule of a database as a process that starts does.
func loads(ctx context.Context, w World, there *config.Config) error {
	in, err := openInstallation(ctx, there, looking)
	if err != nil {
		return err
	}
	shown := progress{world: w}
	_, err = market.Open(ctx, in.store, in.vault, options(there, quietLog(), outbox{}, w), func(what string, done int) { shown.step("loading "+what, done, 0) })
	shown.end()
	return in.close(err)
}

// looked is a comparison as JSON has it.
type looked struct {
	Until   *time.Time       `json:"until,omitempty"`      // the newest moment of the other database
	Here    *time.Time       `json:"here_until,omitempty"` // and of the one in force
	Rows    int64            `json:"rows"`
	Tables  []lookedTable    `json:"tables"`
	Same    bool             `json:"same_installation"`
	Earlier bool             `json:"earlier_moment"`
	Half    bool             `json:"being_replaced"`
	Since   map[string]int64 `json:"since"`
	Erased  int              `json:"erased_since"`
	Unsure  []int64          `json:"unsure"`
	Mails   int              `json:"mails_sent_since"`
}

// lookedTable is how many rows a table has; null: there is none.
type lookedTable struct {
	Table string `json:"table"`
	There *int64 `json:"there"`
	Here  *int64 `json:"here"`
}

func lookOf(seen *store.Comparison) looked {
	out := looked{
		Same: seen.One, Earlier: seen.Line, Half: seen.Half, Since: map[string]int64{},
		Erased: len(seen.Kept.Erased), Unsure: append([]int64{}, seen.Kept.Unsure...), Mails: len(seen.Kept.Mails),
	}
	for _, of := range []struct {
		at   time.Time
		into **time.Time
	}{{seen.At, &out.Until}, {seen.ToAt, &out.Here}} {
		if !of.at.IsZero() {
			*of.into = new(of.at.In(day.Tokyo))
		}
	}
	for _, t := range seen.Tables {
		line := lookedTable{Table: t.Table}
		if t.From >= 0 {
			line.There = new(t.From)
			out.Rows += t.From
		}
		if t.To >= 0 {
			line.Here = new(t.To)
		}
		out.Tables = append(out.Tables, line)
	}
	for _, d := range seen.Since {
		out.Since[d.What] = d.N
	}
	return out
}

func printLook(out io.Writer, seen *store.Comparison, there, here string) error {
	shown := func(n int64) string {
		if n < 0 {
			return "none"
		}
		return strconv.FormatInt(n, 10)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TABLE\tTHERE\tHERE")
	for _, t := range seen.Tables {
		if t.From != 0 || t.To != 0 {
			fmt.Fprintf(table, "%s\t%s\t%s\n", t.Table, shown(t.From), shown(t.To))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThere: %s, until %s. Here: %s, until %s.\nIts rows can be read: its secret is this one, and every candidate and rule was loaded.\n", there, until(seen.At), here, until(seen.ToAt))
	_, err := fmt.Fprintln(out, strings.Join(besides(seen), "\n"))
	return err
}

// until shows the newest moment that a database tells of.
func until(at time.Time) string {
	if at.IsZero() {
		return "no moment"
	}
	return at.In(day.Tokyo).Format("2006-01-02 15:04:05 MST")
}

// besides says what a replacement would do beside the rows, in lines.
func besides(seen *store.Comparison) []string {
	switch {
	case seen.Half:
		return []string{"What was here is being replaced, and that has not come to its end: whoever serves refuses to. The command, given again, goes on with it"}
	case !seen.One:
		return []string{"They are not of one installation with one secret: the one does not take the place of the other"}
	}
	lines := []string{"Noted here since then: " + noted(seen)}
	if tables := seen.Beyond(); len(tables) > 0 {
		lines = append(lines, "Tables that only the database here has, which are emptied and stay empty: "+strings.Join(tables, ", "))
	}
	if n := len(seen.Kept.Erased); n > 0 {
		lines = append(lines, fmt.Sprintf("Candidates who have erased themselves since, and are erased again: %d", n))
	}
	if len(seen.Kept.Unsure) > 0 {
		lines = append(lines, unsure(seen.Kept.Unsure))
	}
	if n := len(seen.Kept.Mails); n > 0 {
		lines = append(lines, fmt.Sprintf("Mails that waited then and were sent, or given up, since, and are not sent again: %d", n))
	}
	return lines
}

// noted says what the audit log of the one in force has, and the other has not.
func noted(seen *store.Comparison) string {
	var list []string
	for _, d := range seen.Since {
		list = append(list, fmt.Sprintf("%s %d", d.What, d.N))
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// unsure says whom nobody can know.
func unsure(keys []int64) string {
	return fmt.Sprintf("Nobody erases these again, since nobody knows who they are: under the keys %s candidates have erased themselves since, and the database here was itself taken back meanwhile, after which keys are given again. "+
		"Restore it to before that beside this one, find their ids by its audit log (candidate.erase), and have those who are in the rows again erase themselves", strings.Trim(fmt.Sprint(keys), "[]"))
}

// undoing is what comes back with an earlier moment, beside rows that are lost.
const undoing = "All that was written since is lost, also what people ended: companies that they blocked, kinds of mail that they ended, offers that they declined or withdrew, passwords that they changed, sessions that they signed out of, members, operators and tokens that were removed, suspensions. " +
	"Daily mails that left since may leave again. Maintenance is as it was then"

// replace replaces what the server's database holds by an earlier moment of it.
func (c *transferCmd) replace(ctx context.Context, w World, there, here *config.Config) error {
	seen, err := compared(ctx, there, here)
	if err != nil {
		return err
	}
	if !seen.One && !seen.Half {
		return errs.New(errs.Denied, "the other database is of another installation, or sealed with another secret: only an earlier moment of the same one takes the place of what is there")
	}
	lines := besides(&seen)
	switch {
	case c.WithErased && seen.Half:
		lines = append(lines, "Candidates who were erased since, and come back: all whom the earlier moment has. Who asked to be erased has a right to it")
	case c.WithErased:
		n := len(seen.Kept.Erased) + len(seen.Kept.Unsure)
		seen.Kept.Erased, seen.Kept.Unsure = nil, nil
		lines = append(besides(&seen), fmt.Sprintf("Candidates who were erased since, and come back: up to %d, as far as the earlier moment has them. Who asked to be erased has a right to it", n))
	}
	about := intent{
		does: fmt.Sprintf("every row there is removed, and replaced by those of %s, which go until %s (here: %s). %s.\n%s", databaseOf(there), until(seen.At), until(seen.ToAt), undoing, strings.Join(lines, ".\n")),
		undo: "there is no way but another replacement: before this one, make sure that the database as it is now can be restored beside it",
		asks: "Every row there is removed.",
	}
	order, err := c.agreed(ctx, w, here, about)
	if err != nil || c.DryRun {
		return err
	}
	if err := opens(ctx, w, there); err != nil {
		return err
	}
	kept, err := openFiles(ctx, here.Files)
	if err != nil {
		return err
	}
	r := replacing{transferCmd: c, world: w, there: there, here: here, order: order, snapshots: files.NewSnapshots(kept), seen: &seen}
	if err := r.run(ctx); err != nil {
		return err
	}
	if err := arrived(ctx, w, here, func(*installation) error { return nil }); err != nil {
		return err
	}
	return r.shown(w.Out)
}

// replacing is a replacement that goes on.
type replacing struct {
	*transferCmd
	world       World
	there, here *config.Config
	order       market.Order
	snapshots   *files.Snapshots
	seen        *store.Comparison

	copied []store.Copied
	kept   store.Kept
	erased int // of those who had erased themselves
}

func (r *replacing) run(ctx context.Context) error {
	shown := progress{world: r.world}
	defer shown.end()
	return lendBoth(ctx, r.there, r.here, func(from, into store.Side) (err error) {
		r.copied, r.kept, err = store.Replace(ctx, from, into, store.Replacement{
			Progress: func(table string, done int64) { shown.step("copying "+table, int(done), 0) },
			Return:   r.WithErased,
			Await:    r.Await,
			Waits: func(who string) {
				shown.end()
				fmt.Fprintln(r.world.Err, "waiting for whoever serves the database: "+who)
			},
			// They are of rows that go, and hold people who may not be in those that come.
			Alone: func(ctx context.Context) error {
				_, err := r.snapshots.Prune(ctx, 0, r.world.Now())
				return err
			},
			Copied: r.settle,
		})
		return err
	})
}

// settle makes an installation of what was copied, before anybody serves it.
func (r *replacing) settle(ctx context.Context, kept store.Kept) error {
	in, err := openInstallation(ctx, r.here, looking)
	if err != nil {
		return err
	}
	r.erased, err = market.Restore(ctx, in.store, in.vault, options(r.here, quietLog(), outbox{}, r.world), kept.Erased)
	if err == nil {
		said := fmt.Sprintf("%s -> restored from %s, until %s; erased again %d, mails not sent again %d", until(r.seen.ToAt), databaseOf(r.there), until(r.seen.At), r.erased, len(kept.Mails))
		if kept.Return {
			said += "; whoever was erased since comes back"
		}
		err = market.Note(ctx, in.store, r.world.Now, market.AuditTransfer, r.order, said)
	}
	return in.close(err)
}

func (r *replacing) shown(out io.Writer) error {
	if !r.JSON {
		if err := r.transferCmd.shown(r.world, r.copied); err != nil {
			return err
		}
		said := fmt.Sprintf("They go until %s. Candidates who had erased themselves since, erased again: %d; mails not sent again: %d.", until(r.seen.At), r.erased, len(r.kept.Mails))
		if r.kept.Return {
			said += " Whoever was erased since is back."
		}
		if len(r.kept.Unsure) > 0 {
			said += "\n" + unsure(r.kept.Unsure) + "."
		}
		_, err := fmt.Fprintln(out, said)
		return err
	}
	rows, tables := sums(r.copied)
	return printJSON(out, map[string]any{
		"rows": rows, "tables": tables, "until": r.seen.At.In(day.Tokyo), "erased": r.erased, "unsure": append([]int64{}, slices.Clone(r.kept.Unsure)...), "mails": len(r.kept.Mails),
	})
}
