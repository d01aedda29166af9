package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"enishi/internal/alarm"
	"enishi/internal/deploy"
	"enishi/internal/environ"
	"enishi/internal/errs"
	"enishi/internal/oci"
)

type envCmd struct {
	Plan     envPlanCmd     `cmd:"" help:"Show what the templates would change of an environment on AWS, and what was changed beside them."`
	Up       envUpCmd       `cmd:"" help:"Make an environment on AWS, or bring it to its templates."`
	Scale    envScaleCmd    `cmd:"" help:"Give a service other bounds, between which it scales."`
	Tasks    envTasksCmd    `cmd:"" help:"List the tasks that run in an environment on AWS."`
	Stop     envStopCmd     `cmd:"" help:"Stop a task; of a service, another takes its place."`
	Move     envMoveCmd     `cmd:"" help:"Bring the rows of a data folder into an environment that serves nobody yet, or out of one."`
	Restore  envRestoreCmd  `cmd:"" help:"Bring the rows of an earlier moment back into an environment, or rehearse that."`
	Failover envFailoverCmd `cmd:"" help:"Have another instance of the database write, or another node of the cache be the first."`
	Restart  envRestartCmd  `cmd:"" help:"Restart an instance of the database."`
	Secret   envSecretCmd   `cmd:"" help:"Put a value into a secret of an environment, or the one from before back; change the password of the cache."`
	Silence  envSilenceCmd  `cmd:"" help:"Have alarms tell nobody for a time, or tell people again."`
	Copy     envCopyCmd     `cmd:"" help:"Copy the database into the vault, now."`
	Archive  envArchiveCmd  `cmd:"" help:"Bring days to the archive of logs that it lacks."`
	Mend     envMendCmd     `cmd:"" help:"End what CloudFormation has left half-way of a stack."`
	Revert   envRevertCmd   `cmd:"" help:"Undo what somebody has changed by hand in a stack."`
	Down     envDownCmd     `cmd:"" help:"Take an environment down that holds nobody's data."`
}

// templates is where those of an environment come from.
type templates struct {
	MailURL   string `env:"ENISHI_MAIL_URL" hidden:""`
	Templates string `type:"existingdir" placeholder:"DIR" help:"Folder that infra's command synth has written; without it, it is run."`
}

// envPlanCmd shows.
type envPlanCmd struct {
	place
	templates
	JSON bool `name:"json" help:"Print JSON; progress goes to the other output."`
}

// Help says what is looked at.
func (c *envPlanCmd) Help() string {
	return `Run it in the project's folder: it holds the account to what the templates need (rights, quotas, the domain, whether its certificate can be proved), lets CloudFormation work out what they would add, change, replace and remove, and lists what somebody has changed beside them. What would lose data is marked. It changes nothing; the change sets that it makes are deleted again.

Examples:
  enishi env plan dev
  enishi env plan prod --json`
}

// Run shows it.
func (c *envPlanCmd) Run(ctx context.Context, w World) error {
	_, plan, err := c.environment(ctx, w, &c.templates)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, plan)
	}
	printEnvironment(w.Out, plan)
	return nil
}

// envUpCmd makes.
type envUpCmd struct {
	place
	templates
	Why         string `placeholder:"TEXT" help:"Why; it is kept with who and when."`
	Yes         bool   `short:"y" help:"Do not ask, where no people's data is."`
	Confirm     string `placeholder:"NAME" help:"The environment's name once more, where there is nobody to be asked and people's data is."`
	Plan        bool   `help:"Show what would be done, change nothing: as enishi env plan."`
	Base        bool   `help:"Stop before anything serves, when the stacks of what is kept and of the cluster are there: rows can be brought from another installation now."`
	Function    bool   `help:"Also build and push the image of the function that tells people of alarms anew."`
	DespiteLoss bool   `help:"Also remove or replace what holds data."`
}

// Help says what it does and what it needs.
func (c *envUpCmd) Help() string {
	return `Run it in the project's folder. It shows the plan of enishi env plan and asks; then it makes or changes the stack of what is kept, builds and pushes the images that the account knows none of yet, sets how many tasks there may be where nobody has chosen yet, makes or changes the stacks of the service and of its alarms, makes the operator that accepts versions, and holds what serves to what is promised (enishi verify).

A first time needs the URL of the mail server in ENISHI_MAIL_URL; it is put into the environment's secret.

What deployments and operators have chosen since stays: the image, the number of tasks and its bounds. If it ends half-way, the same command goes on; it and enishi deploy never run at once.

Examples:
  ENISHI_MAIL_URL=smtp://USER:PASSWORD@email-smtp.ap-northeast-1.amazonaws.com:587 enishi env up dev --why "a first try"
  enishi env up prod --why "larger tasks" --confirm prod`
}

// Run makes it.
func (c *envUpCmd) Run(ctx context.Context, w World) error {
	asking := asked{Why: c.Why, Yes: c.Yes, Confirm: c.Confirm}
	if err := asking.reason(); err != nil && !c.Plan {
		return err
	}
	o, plan, err := c.environment(ctx, w, &c.templates)
	if err != nil {
		return err
	}
	if o.Version, err = checkedOut(ctx); err != nil {
		return err
	}
	o.Why, o.DespiteLoss, o.BaseOnly, o.NewFunction = c.Why, c.DespiteLoss, c.Base, c.Function
	o.Image = func(ctx context.Context, r deploy.Registry) (string, error) { return pushed(ctx, w, r) }
	o.Function = func(ctx context.Context, r deploy.Registry) (string, error) { return pushedFunction(ctx, w, r) }
	printEnvironment(w.Err, plan)
	if c.Function {
		fmt.Fprintf(w.Err, "Set anew, since --function was given: /enishi/%s/notify/image\n", c.Environment)
	}
	fmt.Fprintf(w.Err, "To take it back: enishi env up %s, of the templates from before.\n", c.Environment)
	if c.Plan {
		return nil
	}
	if plan.Real && strings.HasSuffix(o.Version, "-dirty") {
		return usageError{"there are changes here that are in no commit: " + c.Environment + " gets commits alone"}
	}
	if bad := plan.Bad(); len(bad) > 0 {
		return errs.New(errs.Conflict, "nothing was changed: "+strings.Join(bad, "; "))
	}
	if err := asking.agreed(ctx, w, c.Environment, plan.Real); err != nil {
		return err
	}
	if err := environ.Up(ctx, o); err != nil {
		return err
	}
	if c.Base {
		fmt.Fprintf(w.Out, "What %s keeps is there, and where tasks run. The same command without --base makes the rest.\n", c.Environment)
		return nil
	}
	fmt.Fprintf(w.Out, "%s is whole, and was accepted: https://%s\n", c.Environment, o.Wanted.Domain)
	return nil
}

// envDownCmd takes down.
type envDownCmd struct {
	place
	Why     string `placeholder:"TEXT" help:"Why; it is kept with who and when."`
	Plan    bool   `help:"Show what would go; change nothing."`
	Confirm string `placeholder:"NAME" help:"The environment's name once more, where there is nobody to be asked."`
	JSON    bool   `name:"json" help:"Print what would go as JSON; with --plan."`
}

// Help says what goes.
func (c *envDownCmd) Help() string {
	return `It deletes the stacks of an environment, and with them its database, its files, its images, its backups and its parameters. It refuses an environment that holds people's data. Who, why and when stay in the account, in the parameter /enishi-gone/ENVIRONMENT. If it ends half-way, the same command goes on.

Examples:
  enishi env down dev --plan
  enishi env down dev --why "done with it"`
}

// Run takes it down.
func (c *envDownCmd) Run(ctx context.Context, w World) error {
	if c.Why = strings.TrimSpace(c.Why); c.Why == "" && !c.Plan {
		return usageError{"--why is missing: say why, it is kept with who and when"}
	}
	o, err := c.options(ctx, w, c.Why)
	if err != nil {
		return err
	}
	going, err := environ.LookDown(ctx, o)
	if err != nil {
		return err
	}
	o.By = going.Identity
	if c.JSON && c.Plan {
		return printJSON(w.Out, going)
	}
	out := w.Err
	if c.Plan {
		out = w.Out
	}
	printGoing(out, going)
	switch {
	case going.Refused != "":
		return errs.New(errs.Denied, c.Environment+" is not taken down: "+going.Refused)
	case c.Plan:
		return nil
	case going.Empty():
		fmt.Fprintf(w.Out, "Nothing of %s is in this account and region.\n", c.Environment)
		return nil
	}
	if err := named(ctx, w, c.Environment, c.Confirm); err != nil {
		return err
	}
	if err := environ.Down(ctx, o); err != nil {
		return err
	}
	fmt.Fprintf(w.Out, "%[1]s is gone. Its keys are deleted by AWS in 30 days; until then they cost what they did. Who took it down, and why, stays in the parameter /enishi-gone/%[1]s.\n", c.Environment)
	return nil
}

// named asks for the environment's name: what goes cannot be had back.
func named(ctx context.Context, w World, environment, confirm string) error {
	switch {
	case confirm == environment:
		return nil
	case confirm != "":
		return usageError{fmt.Sprintf("--confirm %s: this is %s", confirm, environment)}
	case !w.Terminal:
		return usageError{"nobody is there to be asked: give --confirm " + environment}
	}
	return typed(ctx, w, "All of it goes, and cannot be had back. Type "+environment+" to go on: ", environment)
}

// environment finds out what there is and what the templates would make of it.
func (c *place) environment(ctx context.Context, w World, from *templates) (*environ.Options, *environ.Plan, error) {
	settings, err := w.account(ctx)
	if err != nil {
		return nil, nil, err
	}
	dir := from.Templates
	if dir == "" {
		made, err := synthesized(ctx, w, c.Environment)
		if err != nil {
			return nil, nil, err
		}
		defer os.RemoveAll(made) //nolint:errcheck // a folder of the system's for such at worst
		dir = made
	}
	wanted, err := environ.Read(dir, c.Environment)
	if err != nil {
		return nil, nil, err
	}
	o := &environ.Options{Environment: c.Environment, AWS: settings, Wanted: wanted, NameServers: w.NameServers, Mail: from.MailURL, Guards: alarm.Guards(), Tell: teller(w.Err, w.Now)}
	if o.NameServers == nil {
		o.NameServers = nameServers
	}
	plan, err := environ.Look(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	o.By = plan.Identity
	return o, plan, nil
}

// synthesized lets infra write the templates of an environment into a folder of their own.
func synthesized(ctx context.Context, w World, environment string) (string, error) {
	if _, err := os.Stat(filepath.Join("infra", "cmd", "synth")); err != nil {
		return "", usageError{"there are no templates here: run it in the project's folder, or give --templates"}
	}
	dir, err := os.MkdirTemp("", "enishi-templates-")
	if err != nil {
		return "", errs.Wrap(errs.Internal, "there is no room for templates", err)
	}
	run := exec.CommandContext(ctx, "go", "run", "./cmd/synth", environment, dir) //nolint:gosec // our own program; the name is an argument, and it accepts those of its table
	run.Dir, run.Stdout, run.Stderr = "infra", w.Err, w.Err
	if err := run.Run(); err != nil {
		return "", errors.Join(errs.Wrap(errs.Invalid, "the templates of "+environment+" cannot be written", err), os.RemoveAll(dir))
	}
	return dir, nil
}

// nameServers asks the world's DNS who answers for a domain; nobody is no error.
func nameServers(ctx context.Context, domain string) ([]string, error) {
	found, err := net.DefaultResolver.LookupNS(ctx, domain)
	var none *net.DNSError
	if errors.As(err, &none) && none.IsNotFound {
		return nil, nil
	}
	out := make([]string, 0, len(found))
	for _, ns := range found {
		out = append(out, ns.Host)
	}
	return out, err
}

// pushedFunction builds the image of the function that tells people of alarms, and pushes it.
func pushedFunction(ctx context.Context, w World, r deploy.Registry) (string, error) {
	work, err := os.MkdirTemp("", "enishi-notify-")
	if err != nil {
		return "", errs.Wrap(errs.Internal, "there is no room to build in", err)
	}
	defer os.RemoveAll(work) //nolint:errcheck // a folder of the system's for such at worst
	dir := filepath.Join(work, "image")
	if _, err := oci.Notify(dir, w.Err).Run(ctx); err != nil {
		return "", err
	}
	return oci.PushFunction(ctx, dir, r.Repository, oci.Login{User: r.User, Password: r.Password})
}

func printEnvironment(out io.Writer, p *environ.Plan) {
	fmt.Fprintf(out, "%s: account %s, %s, as %s\n", p.Environment, p.Account, p.Region, p.Identity)
	printChecks(out, p.Checks)
	for i := range p.Stacks {
		printStack(out, p.Environment, &p.Stacks[i])
	}
	printBeside(out, p.Beside)
	for _, name := range p.Sets {
		fmt.Fprintf(out, "Set, since there is none yet: /enishi/%s/%s\n", p.Environment, name)
	}
}

func printChecks(out io.Writer, checks []environ.Check) {
	for _, c := range checks {
		fmt.Fprintf(out, "%-8s %s: %s\n", c.Is, c.What, c.Note)
	}
}

// printBeside says what a restore has left, and how it goes.
func printBeside(out io.Writer, b *environ.Beside) {
	switch {
	case b == nil:
	case b.Drops == "":
		fmt.Fprintf(out, "Beside the database: the cluster %s (%s), which costs money and was made by no restore: whoever made it removes it; until then nothing can be restored\n", b.Cluster, b.State)
	default:
		fmt.Fprintf(out, "Beside the database: the cluster %s (%s), which costs money: a restore, to %s, has left it or goes on. To give that up and remove it: %s\n", b.Cluster, b.State, b.Of, b.Drops)
	}
}

func printStack(out io.Writer, environment string, s *environ.StackPlan) {
	switch {
	case s.State == "new":
		fmt.Fprintf(out, "%s is new: %s\n", s.Stack, counted(s.Changes))
		return
	case s.Broken != "":
		fmt.Fprintf(out, "%s cannot be changed: %s\n", s.Stack, s.Broken)
	case s.Waits != "":
		fmt.Fprintf(out, "%s: its changes cannot be told yet: %s\n", s.Stack, s.Waits)
	case len(s.Changes) == 0:
		fmt.Fprintf(out, "%s stays as it is\n", s.Stack)
	default:
		fmt.Fprintf(out, "%s: %s\n", s.Stack, counted(s.Changes))
	}
	if s.Protects {
		fmt.Fprintln(out, "  It is not protected from being deleted, and would be")
	}
	printChanges(out, s.Changes)
	for _, said := range s.Spikes {
		fmt.Fprintln(out, "  "+said)
	}
	byHand := false
	for _, d := range s.Drift {
		byHand = byHand || !d.Deployed
		switch {
		case d.Deployed:
			fmt.Fprintf(out, "  As deployed or scaled: %s %s, %s\n", d.Type, d.Name, d.Property)
		case d.Property == "":
			fmt.Fprintf(out, "  Deleted by hand: %s %s (%s)\n", d.Type, d.Name, d.ID)
		default:
			fmt.Fprintf(out, "  Changed by hand: %s %s (%s), %s: the template has %s, the account has %s\n", d.Type, d.Name, d.ID, d.Property, d.Template, d.Account)
		}
	}
	switch {
	case byHand && strings.HasSuffix(s.Stack, "-service"):
		fmt.Fprintln(out, "  To bring that back: each where it was changed; most of what differs here is deployments' and scaling's")
	case byHand:
		fmt.Fprintf(out, "  To bring that back: enishi env revert %s %s\n", environment, s.Stack)
	}
}

func printChanges(out io.Writer, changes []environ.Change) {
	for i := range changes {
		c := &changes[i]
		mark := "  "
		if c.LosesData {
			mark = "! DATA IS LOST: "
		}
		fmt.Fprintf(out, "%s%s %s %s %s\n", mark, c.Does, c.Type, c.Name, c.ID)
		for _, what := range c.What {
			fmt.Fprintf(out, "      %s\n", what)
		}
	}
}

// counted says how many things would be done, such as "2 add, 1 replace".
func counted(changes []environ.Change) string {
	many := map[string]int{}
	for _, c := range changes {
		many[c.Does]++
	}
	var out []string
	for _, does := range slices.Sorted(maps.Keys(many)) {
		out = append(out, fmt.Sprintf("%d to %s", many[does], does))
	}
	return strings.Join(out, ", ")
}

func printGoing(out io.Writer, g *environ.Going) {
	fmt.Fprintf(out, "%s: account %s, %s, as %s\n", g.Environment, g.Account, g.Region, g.Identity)
	for _, of := range []struct {
		what string
		all  []string
	}{
		{"stack", g.Stacks}, {"bucket with all that is in it", g.Buckets}, {"registry with its images", g.Registries}, {"vault with its backups", g.Vaults}, {"parameter", g.Parameters},
	} {
		for _, name := range of.all {
			fmt.Fprintf(out, "Goes: %s %s\n", of.what, name)
		}
	}
	if !g.Empty() {
		fmt.Fprintln(out, "To take it back: there is no way.")
	}
}
