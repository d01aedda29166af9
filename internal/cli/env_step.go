package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"enishi/internal/environ"
	"enishi/internal/errs"
)

// step is a command by which a person does something to a part of an environment.
type step struct {
	asked
	Plan bool `help:"Show what would be done, and how it is taken back; do nothing."`
}

// despite is of steps that ask IAM beforehand what whoever gives them may do.
type despite struct {
	DespiteRights bool `help:"Begin it also where IAM's simulation says that you may not do all of it."`
}

// taken looks at a step, shows it, asks whether it shall be done, and does it.
func (c *step) taken(ctx context.Context, w World, p *place, done string, look func(*environ.Options) (*environ.Step, error)) error {
	if err := c.reason(); err != nil && !c.Plan {
		return err
	}
	o, err := p.options(ctx, w, c.Why)
	if err != nil {
		return err
	}
	s, err := look(o)
	if err != nil {
		return err
	}
	o.By = s.Identity
	if c.Plan && c.JSON {
		return printJSON(w.Out, s)
	}
	printNext(w.Err, s)
	if c.Plan {
		return nil
	}
	if err := environ.Begins(s.Checks); err != nil {
		return err
	}
	if err := c.agreed(ctx, w, p.Environment, s.Real); err != nil {
		return err
	}
	if err := environ.Take(ctx, o, s); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, s)
	}
	if s.Done {
		done = "the audit log was told"
	}
	fmt.Fprintf(w.Out, "%s: %s.\n", p.Environment, done)
	return nil
}

func printNext(out io.Writer, s *environ.Step) {
	fmt.Fprintf(out, "%s: account %s, %s, as %s\n", s.Environment, s.Account, s.Region, s.Identity)
	printChecks(out, s.Checks)
	if l := s.Left; l != nil {
		state := "Left half-way by"
		if !l.Made.IsZero() {
			state = "The audit log was not told of what was done by"
		}
		fmt.Fprintf(out, "%s %s (%s): %s -> %s\n", state, l.By, l.Why, l.From, l.To)
	}
	fmt.Fprintf(out, "Next: %s: %s -> %s.\n", s.What, s.From, s.To)
	printChanges(out, s.Changes)
	fmt.Fprintf(out, "To take it back: %s\n", s.Undo)
	if s.Then != "" {
		fmt.Fprintln(out, s.Then)
	}
}

// envFailoverCmd has another instance of the database, or node of the cache, take the first one's place.
type envFailoverCmd struct {
	place
	Part string `arg:"" enum:"database,cache" help:"database or cache."`
	To   string `placeholder:"INSTANCE" help:"Which instance of the database writes then; without it, the reader that is first in line."`
	step
}

// Help says what people notice.
func (c *envFailoverCmd) Help() string {
	return `Where the writer of the database does not answer, RDS and ElastiCache fail over by themselves. This is for when RDS does not, or beforehand: for a minute at most, what is written waits or is asked to be tried again. Tasks find the new one by themselves. Of the cache AWS calls it a test, and may refuse it while something of its own is wrong; without a cache limits are each process's own.

The audit log is told afterwards, by a task that takes a minute. If that fails, the same command within a quarter of an hour tells it and does nothing else; a later one is a new failover, and tells of both.

Examples:
  enishi env failover prod database --plan
  enishi env failover prod database --why "the writer's zone is away" --confirm prod`
}

// Run fails over.
func (c *envFailoverCmd) Run(ctx context.Context, w World) error {
	if c.Part == "cache" {
		if c.To != "" {
			return usageError{"--to is of the database: which node of the cache comes first is ElastiCache's to choose"}
		}
		return c.taken(ctx, w, &c.place, "another node of the cache is the first", func(o *environ.Options) (*environ.Step, error) { return environ.LookCacheFailover(ctx, o) })
	}
	return c.taken(ctx, w, &c.place, "another instance of the database writes", func(o *environ.Options) (*environ.Step, error) { return environ.LookFailover(ctx, o, c.To) })
}

// envRestartCmd restarts an instance of the database.
type envRestartCmd struct {
	place
	Instance string `arg:"" help:"The instance of the database: enishi env failover ENVIRONMENT database --plan names them."`
	step
}

// Help says when that is wanted.
func (c *envRestartCmd) Help() string {
	return `Some settings of the database, such as how many connections it takes, are in force once an instance has been restarted. The readers first, then a failover, then the one that wrote before: so nobody waits for long.

Example:
  enishi env restart prod INSTANCE --why "more connections"`
}

// Run restarts it.
func (c *envRestartCmd) Run(ctx context.Context, w World) error {
	return c.taken(ctx, w, &c.place, c.Instance+" was restarted", func(o *environ.Options) (*environ.Step, error) { return environ.LookRestart(ctx, o, c.Instance) })
}

// envSecretCmd puts a secret in.
type envSecretCmd struct {
	place
	Secret   string `arg:"" help:"mail (the URL of the mail server), webhooks (the addresses of Slack and Teams) or cache (its password)."`
	From     string `type:"existingfile" placeholder:"FILE" xor:"value" help:"The file with the new value of mail or webhooks, which only its owner may read. Remove it afterwards."`
	Previous bool   `xor:"value" help:"Put the value of mail or webhooks from before back."`
	New      bool   `xor:"value" help:"Make a new password of the cache up, which takes the one from before as well."`
	Settle   bool   `xor:"value" help:"Have the cache take the new one alone."`
	step
}

// Help says who reads it.
func (c *envSecretCmd) Help() string {
	return `Puts a value into a secret of the environment. It is in no plan, no log and no record: those name its version. The value from before is kept, and comes back with --previous.

The password of the cache is made up. It is changed in three steps, so that nobody is refused: --new, after which the cache takes both; a deployment, whose tasks read the new one; --settle, which is refused while tasks run, or stop, that may have read the one from before.

Examples:
  enishi env secret prod mail --from mail.txt --why "a new password of SES" --confirm prod
  enishi env secret prod webhooks --from webhooks.json --why "another channel"
  enishi env secret prod mail --previous --why "the new one is refused"
  enishi env secret prod cache --new --why "asked for once a year"
  enishi env secret prod cache --settle --why "asked for once a year"`
}

// Run puts it in.
func (c *envSecretCmd) Run(ctx context.Context, w World) error {
	if c.Secret == "cache" {
		return c.password(ctx, w)
	}
	if c.New || c.Settle {
		return usageError{"--new and --settle are of the cache's password: the value of " + c.Secret + " is given as --from FILE, or --previous for the one from before"}
	}
	value := ""
	if !c.Previous {
		if c.From == "" {
			return usageError{"give the new value as --from FILE, or --previous for the one from before"}
		}
		var err error
		if value, err = ownersOnly(c.From); err != nil {
			return err
		}
	}
	return c.taken(ctx, w, &c.place, "the secret "+c.Secret+" has another value", func(o *environ.Options) (*environ.Step, error) {
		return environ.LookSecret(ctx, o, c.Secret, value)
	})
}

// password changes that of the cache.
func (c *envSecretCmd) password(ctx context.Context, w World) error {
	switch {
	case c.New:
		return c.taken(ctx, w, &c.place, "the cache takes a new password, and the one from before", func(o *environ.Options) (*environ.Step, error) { return environ.LookNewPassword(ctx, o) })
	case c.Settle:
		return c.taken(ctx, w, &c.place, "the cache takes the new password alone", func(o *environ.Options) (*environ.Step, error) { return environ.LookSettledPassword(ctx, o) })
	}
	return usageError{"the password of the cache is made up, and given by nobody: --new, then enishi deploy " + c.Environment + ", then --settle"}
}

// ownersOnly reads a file that nobody but its owner may read.
func ownersOnly(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", errs.Wrap(errs.NotFound, "there is no file "+name, err)
	}
	if others := info.Mode().Perm() & 0o077; others != 0 {
		return "", errs.New(errs.Denied, fmt.Sprintf("%s can be read by others (%v): chmod 600 %[1]s", name, info.Mode().Perm()))
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", errs.Wrap(errs.NotFound, "the file "+name+" cannot be read", err)
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return "", errs.New(errs.Invalid, "the file "+name+" is empty")
	}
	return value, nil
}

// envSilenceCmd has alarms tell nobody for a time.
type envSilenceCmd struct {
	place
	Alarms []string      `arg:"" help:"Names of alarms, as runbooks have them, such as AvailabilityFast."`
	For    time.Duration `placeholder:"TIME" xor:"length" help:"For how long, such as 90m; 15 days (360h) at most."`
	End    bool          `xor:"length" help:"Have them tell people again, now."`
	step
}

// Help says what is silent.
func (c *envSilenceCmd) Help() string {
	return `For work that was announced, during which alarms are expected. They come on and go off as before, and only tell nobody; a silence begins with the next minute and ends by itself. enishi deploy looks at them all the same.

Examples:
  enishi env silence prod AvailabilityFast AvailabilitySlow --for 2h --why "maintenance tonight" --confirm prod
  enishi env silence prod AvailabilityFast AvailabilitySlow --end --why "done earlier"`
}

// Run silences them, or ends that.
func (c *envSilenceCmd) Run(ctx context.Context, w World) error {
	done := strings.Join(c.Alarms, ", ") + " tell people again"
	if !c.End {
		if c.For == 0 {
			return usageError{"say for how long with --for, such as --for 2h, or --end"}
		}
		done = strings.Join(c.Alarms, ", ") + " tell nobody from the next minute on, for " + c.For.String()
	}
	return c.taken(ctx, w, &c.place, done, func(o *environ.Options) (*environ.Step, error) {
		return environ.LookSilence(ctx, o, c.Alarms, c.For)
	})
}
