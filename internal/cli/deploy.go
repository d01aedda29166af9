package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"enishi/internal/alarm"
	"enishi/internal/deploy"
	"enishi/internal/errs"
	"enishi/internal/oci"
	"enishi/internal/store"
)

type deployCmd struct {
	Run      deployRunCmd      `cmd:"" default:"withargs" help:"Bring what is checked out here to all traffic of an environment."`
	Rollback deployRollbackCmd `cmd:"" help:"Take back the deployment that was left half-way, or the one that has ended last."`
	Verify   deployVerifyCmd   `cmd:"" help:"Walk through what serves, as a deployment does through the next version."`
	Status   deployStatusCmd   `cmd:"" help:"Show what is deployed, and how far a deployment is."`
}

// taskCmd runs one-off work.
type taskCmd struct {
	ordered
	Command []string `arg:"" passthrough:"" help:"What the program is told: job run expire."`
}

// Help says where it runs and what is kept of it.
func (c *taskCmd) Help() string {
	return `Runs a command of the program in an environment on Amazon ECS, as a task of the version that is deployed, with its settings and its secrets, and prints what it prints. Who, why, the command and how it ended are kept in the environment's bucket. Nobody needs a shell there.

Examples:
  enishi task staging --why "offers of a closed company" -- job run expire
  enishi task prod --why "Hanako joins" --confirm prod -- user add --role operator --email hanako@enishi.example.jp`
}

// Run runs it.
func (c *taskCmd) Run(ctx context.Context, w World) error {
	if err := c.reason(); err != nil && !c.Plan {
		return err
	}
	if c.Command = slices.DeleteFunc(c.Command, func(word string) bool { return word == "--" }); len(c.Command) == 0 {
		return usageError{"what shall be run? Such as: -- job run expire"}
	}
	if slices.ContainsFunc(c.Command, func(word string) bool { return strings.HasPrefix(word, "--password") }) {
		return usageError{"a password is not given to a task: its command is kept"}
	}
	o, err := c.proposed(ctx, w, func(*deploy.Plan) (string, error) {
		return "enishi " + strings.Join(c.Command, " ") + ", as a task of its own.\nTo take it back: as that command says with --plan.", nil
	})
	if err != nil || c.Plan {
		return err
	}
	return c.followed(w, func(printed func(string)) (*deploy.Task, error) { return deploy.RunTask(ctx, o, c.Command, printed) })
}

// followed runs a task, shows what it prints, and in the end what is kept of it.
func (c *asked) followed(w World, run func(printed func(string)) (*deploy.Task, error)) error {
	out := w.Out
	if c.JSON {
		out = w.Err
	}
	task, err := run(func(line string) { fmt.Fprintln(out, line) })
	if task != nil && task.Ended.IsZero() {
		fmt.Fprintf(w.Err, "It goes on as %s.\n", task.ARN)
	}
	if c.JSON && task != nil {
		if failed := printJSON(w.Out, task); failed != nil {
			return failed
		}
	}
	return err
}

// place is the environment that a command is about.
type place struct {
	Environment string `arg:"" help:"dev, staging, prod: as the stacks in the account are named."`
}

// asked is how somebody agrees to what a command has shown.
type asked struct {
	Why     string `placeholder:"TEXT" help:"Why; it is kept with who and when."`
	Yes     bool   `short:"y" help:"Do not ask, where no people's data is."`
	Confirm string `placeholder:"NAME" help:"The environment's name once more, where there is nobody to be asked and people's data is."`
	JSON    bool   `name:"json" help:"Print JSON; progress goes to the other output."`
}

// ordered is a command about an environment that somebody agrees to once they have seen its plan.
type ordered struct {
	place
	asked
	Plan bool `help:"Show what would be done, and where; do nothing."`
}

// proposed shows what there is, and what next says comes and how it is taken back, and asks whether it
// shall be done. With --plan it only shows.
func (c *ordered) proposed(ctx context.Context, w World, next func(*deploy.Plan) (string, error)) (*deploy.Options, error) {
	if err := c.reason(); err != nil && !c.Plan {
		return nil, err
	}
	o, plan, err := c.look(ctx, w, c.Why)
	if err != nil {
		return nil, err
	}
	if c.Plan && c.JSON {
		return nil, printJSON(w.Out, plan)
	}
	printPlan(w.Err, plan)
	comes, err := next(plan)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(w.Err, "Next: "+comes)
	if c.Plan {
		return nil, nil //nolint:nilnil // nobody goes on with it
	}
	return o, c.agreed(ctx, w, plan.Environment, plan.Real)
}

// deployRunCmd deploys.
type deployRunCmd struct {
	place
	asked
	Plan          bool   `help:"Show what would be done, what runs otherwise than it was deployed, and which settings are not the templates' any more; change nothing."`
	Digest        string `placeholder:"SHA256" help:"Deploy only if the image is this one, sha256:..., as it was accepted elsewhere (enishi deploy status)."`
	DespiteAlarms bool   `help:"Deploy though alarms are on: what mends them."`
}

// Help says what it does and what it needs.
func (c *deployRunCmd) Help() string {
	return `Run it in the project's folder: it builds the image of the commit that is checked out, pushes it by its digest, expands the schema by a task of its own, starts the next version beside the one that serves, holds it to what is promised before anybody is sent to it (enishi verify), gives it a tenth of the traffic, then all, then the workers and the scheduled jobs. Alarms that come on meanwhile take all of it back.

It shows its plan and asks first. If it ends half-way, the same command goes on; two never run at once.

It acts as whoever AWS takes you for: AWS_PROFILE, or any other way of Amazon's tools.

Examples:
  enishi deploy staging --why "search by station"
  enishi deploy prod --plan
  enishi deploy prod --why "search by station" --confirm prod
  enishi deploy prod --why "search by station" --digest sha256:0f3a...      # what staging has accepted, or nothing`
}

// Run deploys.
func (c *deployRunCmd) Run(ctx context.Context, w World) error {
	if err := c.reason(); err != nil && !c.Plan {
		return err
	}
	o, plan, err := c.look(ctx, w, c.Why)
	if err != nil {
		return err
	}
	if o.Version, err = checkedOut(ctx); err != nil {
		return err
	}
	if o.Schema, err = schemaHere(); err != nil {
		return err
	}
	if c.Digest != "" && !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(c.Digest) {
		return usageError{fmt.Sprintf("--digest %q: give sha256: and 64 digits of it", c.Digest)}
	}
	o.Digest = c.Digest
	o.DespiteAlarms, o.Image = c.DespiteAlarms, func(ctx context.Context, r deploy.Registry) (string, error) { return pushed(ctx, w, r) }
	if err := c.compared(ctx, o, plan); err != nil {
		return err
	}
	if c.Plan && c.JSON {
		return printJSON(w.Out, plan)
	}
	printPlan(w.Err, plan)
	switch {
	case c.Digest != "" && leftOfAnother(plan.Left, c.Digest):
		return errs.New(errs.Conflict, "what is left of "+plan.Left.Version+" is another image ("+plan.Left.Image+"): take it back by enishi deploy rollback "+c.Environment+", or finish it without --digest")
	case plan.Left != nil:
		fmt.Fprintf(w.Err, "Next: what is left of %s is finished first.\n", plan.Left.Version)
	case plan.Real && strings.HasSuffix(o.Version, "-dirty"):
		return usageError{"there are changes here that are in no commit: " + c.Environment + " gets commits alone"}
	default:
		fmt.Fprintf(w.Err, "Next: %s, by the steps %s.\n%s\nTo take it back: enishi deploy rollback %s. The schema stays.\n", o.Version, strings.Join(plan.Steps, ", "), expands(plan.Last, o.Schema), c.Environment)
	}
	if c.Plan {
		return nil
	}
	if err := c.agreed(ctx, w, plan.Environment, plan.Real); err != nil {
		return err
	}
	record, err := deploy.Run(ctx, o)
	if err := c.ended(w, record, err); err != nil {
		return err
	}
	if record.Version != o.Version {
		return errs.New(errs.Conflict, "what was left of "+record.Version+" is deployed; run it once more for "+o.Version)
	}
	return nil
}

// expands says what becomes of the schema, as far as it is known before a task looks.
func expands(last *deploy.Record, to int64) string {
	if last == nil || last.Schema == 0 {
		return fmt.Sprintf("The schema becomes %d, if it is not that yet.", to)
	}
	if last.Schema >= to {
		return fmt.Sprintf("The schema stays: the database has %d.", last.Schema)
	}
	return fmt.Sprintf("The schema is expanded from %d to %d.", last.Schema, to)
}

// leftOfAnother says whether a deployment was left half-way whose image is not the one of a digest.
func leftOfAnother(r *deploy.Record, digest string) bool {
	if r == nil || r.Back || strings.HasSuffix(r.Image, "@"+digest) {
		return false
	}
	_, left := r.Silent()
	return left
}

// deployRollbackCmd takes a deployment back.
type deployRollbackCmd struct {
	ordered
}

// Help says what becomes of the schema.
func (c *deployRollbackCmd) Help() string {
	return `What ran before runs again: web, workers, scheduled jobs. The schema stays expanded, with which the version before works.

Example:
  enishi deploy rollback prod --why "offers show no pay" --confirm prod`
}

// Run rolls back.
func (c *deployRollbackCmd) Run(ctx context.Context, w World) error {
	o, err := c.proposed(ctx, w, func(plan *deploy.Plan) (string, error) {
		of := plan.Last
		if plan.Left != nil {
			of = plan.Left
		}
		if of == nil || of.Outcome == deploy.RolledBack {
			return "", errs.New(errs.NotFound, "nothing is there to be taken back: the last deployment of "+c.Environment+" was rolled back, or there was none")
		}
		return fmt.Sprintf("back from %s to %s.\nTo take it back: enishi deploy %s, of that version.", of.Image, of.Before.Image, c.Environment), nil
	})
	if err != nil || c.Plan {
		return err
	}
	record, err := deploy.Rollback(ctx, o)
	return c.ended(w, record, err)
}

// deployVerifyCmd verifies what serves.
type deployVerifyCmd struct {
	ordered
}

// Help says how.
func (c *deployVerifyCmd) Help() string {
	return `Runs enishi verify in the environment, as a task of the version that is deployed and as the operator that accepts versions: whoever it registers is of a trial, which is erased at the end. It exits with 1 if a step fails. Who, why and how it ended are kept in the environment's bucket.

Example:
  enishi deploy verify staging --why "before prod"`
}

// Run verifies.
func (c *deployVerifyCmd) Run(ctx context.Context, w World) error {
	o, err := c.proposed(ctx, w, func(*deploy.Plan) (string, error) {
		return "enishi verify, as a task of its own.\nTo take it back: nothing is left of it.", nil
	})
	if err != nil || c.Plan {
		return err
	}
	return c.followed(w, func(printed func(string)) (*deploy.Task, error) { return deploy.Verify(ctx, o, printed) })
}

// deployStatusCmd shows the last deployment.
type deployStatusCmd struct {
	place
	JSON bool `name:"json" help:"Print JSON."`
}

// Run shows it.
func (c *deployStatusCmd) Run(ctx context.Context, w World) error {
	_, plan, err := c.look(ctx, w, "")
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, plan)
	}
	printPlan(w.Out, plan)
	for _, r := range []*deploy.Record{plan.Left, plan.Last} {
		if r != nil {
			printSteps(w.Out, r)
		}
	}
	return nil
}

// look finds out what there is, and as whom a command acts.
func (c *place) look(ctx context.Context, w World, why string) (*deploy.Options, *deploy.Plan, error) {
	settings, err := w.account(ctx)
	if err != nil {
		return nil, nil, err
	}
	o := &deploy.Options{Environment: c.Environment, AWS: settings, Why: why, Tell: teller(w.Err, w.Now), Bad: alarm.Spending(), Guards: alarm.Guards()}
	plan, err := deploy.Look(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	o.By = plan.Identity
	return o, plan, nil
}

// reason fails where nobody has said why.
func (c *asked) reason() error {
	if c.Why = strings.TrimSpace(c.Why); c.Why == "" {
		return usageError{"--why is missing: say why, it is kept with who and when"}
	}
	return nil
}

// agreed asks whether it shall be done; where people's data is, by the environment's name.
func (c *asked) agreed(ctx context.Context, w World, environment string, people bool) error {
	switch {
	case c.Confirm == environment, c.Yes && !people:
		return nil
	case c.Confirm != "":
		return usageError{fmt.Sprintf("--confirm %s: this is %s", c.Confirm, environment)}
	case !w.Terminal && people:
		return usageError{"nobody is there to be asked: give --confirm " + environment}
	case !w.Terminal:
		return usageError{"nobody is there to be asked: give --yes"}
	}
	question, want := "Type yes to go on: ", "yes"
	if people {
		question, want = "People's data is in "+environment+". Type its name to go on: ", environment
	}
	return typed(ctx, w, question, want)
}

// ended shows how a deployment ended, or where it stands.
func (c *asked) ended(w World, r *deploy.Record, err error) error {
	if r == nil {
		return err
	}
	if c.JSON {
		if failed := printJSON(w.Out, r); failed != nil {
			return failed
		}
		return err
	}
	printSteps(w.Out, r)
	return err
}

func printPlan(out io.Writer, p *deploy.Plan) {
	fmt.Fprintf(out, "%s: account %s, %s, as %s\n", p.Environment, p.Account, p.Region, p.Identity)
	fmt.Fprintf(out, "Now: %s\n", p.Now.Image)
	if r := p.Last; r != nil {
		fmt.Fprintf(out, "Last: %s, %s %s by %s: %s\n", r.Version, r.Outcome, r.Ended.Format(time.RFC3339), r.By, r.Why)
	}
	if r := p.Left; r != nil {
		silent, left := r.Silent()
		state := "is being deployed"
		if left {
			state = "was left half-way"
		}
		fmt.Fprintf(out, "%s %s by %s (%s), heard of %v ago: %s\n", r.Version, state, r.By, r.ID, silent.Round(time.Second), r.Why)
	}
	for _, name := range p.Alarms {
		fmt.Fprintf(out, "Alarm: %s\n", name)
	}
	for _, line := range p.Drift {
		fmt.Fprintf(out, "Changed by hand: %s\n", line)
	}
	if p.Compared != nil {
		printCompared(out, p.Compared)
	}
}

// printSteps prints the table of a deployment's steps.
func printSteps(out io.Writer, r *deploy.Record) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range r.Steps {
		took := "not ended"
		if !s.Ended.IsZero() {
			took = s.Ended.Sub(s.Begun).Round(100 * time.Millisecond).String()
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.Begun.Format(time.TimeOnly), s.Step, took)
	}
	_ = table.Flush() // what it writes to has failed before, and tells itself
	if r.Outcome != "" {
		fmt.Fprintf(out, "%s %s: %s in %s\n", r.Version, r.Outcome, r.Image, r.Ended.Sub(r.Begun).Round(time.Second))
	}
}

// teller prints what a deployment does, each with the time since it began.
func teller(out io.Writer, now func() time.Time) func(deploy.Progress) {
	begun := now()
	return func(p deploy.Progress) {
		line := p.Step
		if p.Note != "" {
			line += ": " + p.Note
		}
		if p.Took >= 0 {
			line += fmt.Sprintf(" (done in %v)", p.Took.Round(100*time.Millisecond))
		}
		fmt.Fprintf(out, "%5.0f s  %s\n", now().Sub(begun).Seconds(), line)
	}
}

// account gives the settings of Amazon's library, as its tools take them.
func (w World) account(ctx context.Context) (aws.Config, error) {
	if w.AWS != nil {
		return *w.AWS, nil
	}
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return settings, errs.Wrap(errs.Invalid, "the settings of Amazon's tools cannot be read", err)
	}
	if settings.Region == "" {
		return settings, usageError{"which region? Set AWS_REGION, or AWS_PROFILE to a profile that has one"}
	}
	return settings, nil
}

// checkedOut names what is deployed from here.
func checkedOut(ctx context.Context) (string, error) {
	if _, err := os.Stat("cmd/enishi"); err != nil {
		return "", usageError{"there is no source here: run it in the project's folder"}
	}
	name, err := exec.CommandContext(ctx, "git", "describe", "--tags", "--always", "--dirty").Output()
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "git does not say what is checked out here", err)
	}
	return strings.TrimSpace(string(name)), nil
}

// schemaHere gives the schema that the program of this folder makes; 0: it makes none.
func schemaHere() (newest int64, err error) {
	files, err := filepath.Glob("internal/store/mysql/migrations/*.sql")
	if err != nil {
		return 0, errs.Wrap(errs.Internal, "look for the migrations", err)
	}
	for _, file := range files {
		version, err := store.MigrationVersion(filepath.Base(file))
		if err != nil {
			return 0, err
		}
		newest = max(newest, version)
	}
	return newest, nil
}

// pushed builds the image for the processors of the environment's tasks, and pushes it.
func pushed(ctx context.Context, w World, r deploy.Registry) (string, error) {
	work, err := os.MkdirTemp("", "enishi-deploy-")
	if err != nil {
		return "", errs.Wrap(errs.Internal, "there is no room to build in", err)
	}
	defer os.RemoveAll(work) //nolint:errcheck // a folder of the system's for such at worst
	dir := filepath.Join(work, "image")
	if _, err := oci.Program(dir, []string{"linux/arm64"}, w.Err).Run(ctx); err != nil {
		return "", err
	}
	return oci.Push(ctx, dir, r.Repository, oci.Login{User: r.User, Password: r.Password})
}
