package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"

	"enishi/internal/errs"
	"enishi/internal/market"
)

type userCmd struct {
	Add userAddCmd `cmd:"" help:"Make an account."`
}

type userAddCmd struct {
	folder
	Role     string `enum:"operator" required:"" help:"What the account may do: operator."`
	Email    string `required:"" placeholder:"ADDRESS" help:"Address to sign in with."`
	Password string `env:"ENISHI_USER_PASSWORD" placeholder:"TEXT" help:"At least 8 characters; better given as ENISHI_USER_PASSWORD, which other users of the machine cannot see. Without one, a password is made and shown."`
	Unless   bool   `name:"unless-there" help:"End well where an operator has the address already, and leave that account as it is."`
	JSON     bool   `name:"json" help:"Print JSON."`
}

// Run makes the account, also beside a running server.
func (c *userAddCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	in, err := openInstallation(ctx, resolved, beside)
	if err != nil {
		return err
	}
	made := c.Password == ""
	if made {
		c.Password = rand.Text()
	}
	o := options(resolved, slog.New(slog.NewTextHandler(io.Discard, nil)), outbox{}, w)
	failed := market.AddOperator(ctx, in.store, in.vault, o, c.Email, c.Password)
	there := c.Unless && errs.Is(failed, errs.Conflict)
	if there {
		failed, made = nil, false
	}
	if err := in.close(flagged(failed)); err != nil {
		return err
	}
	if c.JSON {
		out := map[string]any{"email": c.Email, "role": c.Role, "new_installation": in.fresh}
		if c.Unless {
			out["there"] = there
		}
		if made {
			out["password"] = c.Password
		}
		return printJSON(w.Out, out)
	}
	if in.fresh {
		fmt.Fprintf(w.Out, "A new installation was made in %s.\n", resolved.Data)
	}
	if there {
		fmt.Fprintln(w.Out, "An account with this address exists already: it was left as it is.")
		return nil
	}
	if made {
		fmt.Fprintf(w.Out, "Password: %s (kept nowhere: note it now)\n", c.Password)
	}
	fmt.Fprintln(w.Out, "The operator can sign in: on the page /signin, or by POST /api/v1/sessions.")
	return nil
}

func (c *userAddCmd) Help() string {
	return `Examples:
  enishi user add --role operator --email ops@example.jp
  ENISHI_USER_PASSWORD='correct horse' enishi user add --role operator --email ops@example.jp --json`
}

type migrateCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

// Help shows how it is called.
func (c *migrateCmd) Help() string {
	return "Serve does so by itself; this is for doing it beforehand.\n\nExample:\n  enishi migrate --data /srv/enishi"
}

// Run brings the schema up to date; opening the database does so.
func (c *migrateCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	in, err := openInstallation(ctx, resolved, serving)
	if err != nil {
		return err
	}
	if err := in.close(nil); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, map[string]any{"current": true, "new_installation": in.fresh})
	}
	fmt.Fprintln(w.Out, "The database has a schema that this program can use.")
	return nil
}

type versionCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help shows how it is called.
func (c *versionCmd) Help() string { return "Examples:\n  enishi version\n  enishi version --json" }

// Run shows the version.
func (c *versionCmd) Run(w World) error {
	v, revision := version()
	if c.JSON {
		return printJSON(w.Out, map[string]string{"version": v, "revision": revision})
	}
	_, err := fmt.Fprintln(w.Out, strings.TrimSpace("enishi "+v+" "+revision))
	return err
}

// What the linker says of an image's program, whose compiler does not look at git.
var release, commit string

// version gives the module's version and the commit it was built from.
func version() (v, revision string) {
	if release != "" {
		return release, commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown", ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return info.Main.Version, revision
}
