package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/market"
)

type userCmd struct {
	Add    userAddCmd    `cmd:"" help:"Make an account."`
	Remove userRemoveCmd `cmd:"" help:"Take an operator's account away."`
}

type userAddCmd struct {
	change
	Role     string `enum:"operator" required:"" help:"What the account may do: operator."`
	Email    string `required:"" placeholder:"ADDRESS" help:"Address to sign in with."`
	Password string `env:"ENISHI_USER_PASSWORD" placeholder:"TEXT" help:"At least 8 characters; better given as ENISHI_USER_PASSWORD, which other users of the machine cannot see. Without one, a password is made and shown."`
	Unless   bool   `name:"unless-there" help:"End well where an operator has the address already, and leave that account as it is."`
}

// Run makes the account, also beside a running server.
func (c *userAddCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	if _, err := account.ParseEmail(c.Email); err != nil {
		return flagged(errs.Below("/email", err))
	}
	who := addressee(w, c.Email)
	order, err := c.agreedOn(ctx, w, resolved, intent{does: "an operator's account is made for " + who, undo: "enishi user remove --email " + who})
	if err != nil || c.DryRun {
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
	failed := market.AddOperator(ctx, in.store, in.vault, o, order, c.Email, c.Password)
	there := c.Unless && errs.Is(failed, errs.Conflict)
	if there {
		failed, made = nil, false
	}
	if err := in.close(flagged(failed)); err != nil {
		return err
	}
	if in.fresh && !c.JSON {
		fmt.Fprintf(w.Out, "A new installation was made in %s.\n", resolved.Data)
	}
	return c.tell(w, in.fresh, there, made)
}

// tell says what was done. What a task prints is kept: no password is in it, and no address.
func (c *userAddCmd) tell(w World, fresh, there, made bool) error {
	task := said(w, orderedBy) != ""
	if c.JSON {
		out := map[string]any{"email": addressee(w, c.Email), "role": c.Role, "new_installation": fresh}
		if c.Unless {
			out["there"] = there
		}
		if made && !task {
			out["password"] = c.Password
		}
		return printJSON(w.Out, out)
	}
	text := "The operator can sign in: on the page /signin, or by POST /api/v1/sessions."
	switch {
	case there:
		text = "An account with this address exists already: it was left as it is."
	case made && task:
		text = "No password is shown, since what a task prints is kept: the operator sets one by the page /forgot, which mails a link."
	case made:
		text = "Password: " + c.Password + " (kept nowhere: note it now)\n" + text
	}
	_, err := fmt.Fprintln(w.Out, text)
	return err
}

// addressee is the address of whom a command is about, or stands for it in a task, whose lines
// are kept.
func addressee(w World, email string) string {
	if said(w, orderedBy) != "" {
		return "ADDRESS"
	}
	return email
}

func (c *userAddCmd) Help() string {
	return `Examples:
  enishi user add --role operator --email ops@example.jp
  ENISHI_USER_PASSWORD='correct horse' enishi user add --role operator --email ops@example.jp --json`
}

type userRemoveCmd struct {
	change
	Email string `required:"" placeholder:"ADDRESS" help:"Address that the operator signs in with."`
}

// Help shows how it is called.
func (c *userRemoveCmd) Help() string {
	return `The operator's sessions end at once, beside running servers; address and password are forgotten. What they did stays in the audit log.

Example:
  enishi user remove --email ops@example.jp`
}

// Run removes the account.
func (c *userRemoveCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	who := addressee(w, c.Email)
	order, err := c.agreedOn(ctx, w, resolved, intent{
		does: "the operator " + who + " is removed, and signed out everywhere", undo: "enishi user add --role operator --email " + who + " makes another account for them",
		asks: "The operator " + who + " can sign in no more.",
	})
	if err != nil {
		return err
	}
	in, err := openExisting(ctx, resolved, beside)
	if err != nil {
		return err
	}
	o := options(resolved, quietLog(), outbox{}, w)
	if in.shared, err = openRedis(ctx, resolved, quietLog(), in.vault); err == nil {
		o.Actors = in.shared.actors()
		err = market.RemoveOperator(ctx, in.store, in.vault, o, order, c.Email, c.DryRun)
	}
	if err := in.close(flagged(err)); err != nil || c.DryRun {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, map[string]any{"email": addressee(w, c.Email), "removed": true})
	}
	_, err = fmt.Fprintln(w.Out, "The operator is removed.")
	return err
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
