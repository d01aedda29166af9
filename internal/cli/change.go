package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"enishi/internal/config"
	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/sqlite"
)

// change are the flags of every command that changes an installation, beside those who
// serve it. Where the installation has a name, such a command asks why; where people's data is
// in it, for the name as well. What it did stays in the audit log.
type change struct {
	folder
	asked
	DryRun bool `aliases:"plan" help:"Show what would be done, change nothing."`
}

// What a task in an environment is told of whoever has ordered it.
const (
	orderedBy   = "ENISHI_BY"
	orderedWhy  = "ENISHI_WHY"
	orderedName = "ENISHI_CONFIRM"
)

// intent is what a command is about to do.
type intent struct {
	does string // "the operator ops@example.jp is added"
	undo string // the command that takes it back, or why there is none
	asks string // what is asked also where the installation has no name; empty: nothing
}

// agreed shows what is about to be done, where, and how it is taken back, and asks whether
// it shall be; it gives whoever says so. A dry run is only shown.
func (c *change) agreed(ctx context.Context, w World, r *config.Config, about intent) (market.Order, error) {
	order := c.order(w)
	printIntent(w.Err, whereIs(r), about)
	if r.Environment == "" && ofPeople(ctx, r) {
		return order, namelessPeople("the database there")
	}
	switch {
	case c.DryRun:
		return order, nil
	case r.Environment != "":
		return order, c.agreedIn(ctx, w, r.Environment, r.DataKind)
	case about.asks != "" && !c.Yes:
		if err := agreed(ctx, w, about.asks); err != nil {
			return order, err
		}
	}
	return order, flagged(order.Check())
}

// order gives who gives a command, and why: as the flags say, or whoever has a task run.
func (c *asked) order(w World) market.Order {
	return market.Order{By: by(w), Why: strings.TrimSpace(cmp.Or(c.Why, said(w, orderedWhy)))}
}

// agreedIn asks in an installation that has a name why, and whether it shall be done; a task is
// told both.
func (c *asked) agreedIn(ctx context.Context, w World, environment string, kind config.DataKind) error {
	c.Why, c.Confirm = c.order(w).Why, cmp.Or(c.Confirm, said(w, orderedName))
	if err := c.reason(); err != nil {
		return err
	}
	return c.agreed(ctx, w, environment, kind != config.DemoData)
}

// namelessPeople refuses to do anything where people's data is and nobody has said which
// installation that is.
func namelessPeople(where string) error {
	return usageError{where + " holds people's data: set ENISHI_ENVIRONMENT to the installation's name, and ENISHI_DATA_KIND=real, as its servers should have them; commands ask for that name"}
}

func printIntent(out io.Writer, where string, about intent) {
	fmt.Fprintf(out, "In %s:\nNext: %s.\nTo take it back: %s\n", where, about.does, about.undo)
}

// ofPeople says whether the database says that it holds people's data. One that cannot be
// asked is told of by whoever opens it.
func ofPeople(ctx context.Context, r *config.Config) bool {
	kind, err := settingOf(ctx, r, settingKind)
	return err == nil && strings.HasPrefix(kind, string(market.RealData))
}

// settingOf asks a database for one of its settings, as it stands there; "": it has no such one.
func settingOf(ctx context.Context, r *config.Config, name string) (string, error) {
	return textOf(ctx, r, "SELECT value FROM installation WHERE name = '"+name+"'")
}

// textOf asks a database, which need hold no installation, for a text; "": there is none.
func textOf(ctx context.Context, r *config.Config, statement string) (string, error) {
	q := store.Query{SQL: statement, Time: 5 * time.Second, Most: 1}
	var rows store.Rows
	var err error
	if path := filepath.Join(r.Data, databaseFile); r.Shared() {
		rows, err = mysql.Ask(ctx, r.DatabaseURL, q)
	} else if _, err = os.Stat(path); err == nil {
		rows, err = sqlite.Ask(ctx, path, q)
	}
	if err != nil || len(rows.Rows) == 0 {
		return "", err
	}
	text, _ := rows.Rows[0][0].(string)
	return text, nil
}

// whereIs names an installation for whoever changes it.
func whereIs(r *config.Config) string {
	where := "the data folder " + r.Data
	if r.Shared() {
		where = "a database on a server"
		if u, err := url.Parse(r.DatabaseURL); err == nil {
			where = "the database " + strings.TrimPrefix(u.Path, "/") + " on " + u.Host
		}
	}
	return placed(r.Environment, r.DataKind, where)
}

// placed adds to where an installation is its name, if it has one, and whose data it holds.
func placed(environment string, kind config.DataKind, where string) string {
	switch {
	case environment == "":
		return where
	case kind == config.DemoData:
		return fmt.Sprintf("%s, which holds demo data (%s)", environment, where)
	}
	return fmt.Sprintf("%s, which holds people's data (%s)", environment, where)
}

// by is who gives a command: as AWS knows them where a task does it for them, or the user of
// the machine.
func by(w World) string {
	if who := said(w, orderedBy); who != "" {
		return who
	}
	name := fmt.Sprintf("user %d", os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

// said is what the environment says under a name, "" for nothing.
func said(w World, name string) string {
	value, _ := w.Env(name)
	return value
}
