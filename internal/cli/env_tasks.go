package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"enishi/internal/environ"
)

// envScaleCmd gives a service other bounds.
type envScaleCmd struct {
	place
	Service string `arg:"" help:"web or worker."`
	Least   int    `arg:"" help:"How many tasks it has at least."`
	Most    int    `arg:"" help:"How many it may have."`
	asked
	Plan bool `help:"Show the bounds that there are, and would be; change nothing."`
}

// Help says what keeps them.
func (c *envScaleCmd) Help() string {
	return `Scaling goes by them at once: where fewer tasks run than the least, more start now. They are kept for the templates too, so that enishi env up leaves them. Between them scaling chooses, also against a number of tasks that somebody sets by hand.

A spike that is announced (Spikes in infra/environment) and still to come ends with the new least, and begins with no fewer; one that goes on does so until it is over, with no fewer tasks than it announces. Neither has more than the most. The plan shows each; setting the bounds from before takes these back too.

Examples:
  enishi env scale prod web 6 40 --plan
  enishi env scale prod web 6 40 --why "the interview on the radio"`
}

// Run sets them.
func (c *envScaleCmd) Run(ctx context.Context, w World) error {
	if err := c.reason(); err != nil && !c.Plan {
		return err
	}
	to := environ.Bounds{Least: c.Least, Most: c.Most}
	if err := to.Check(); err != nil {
		return err
	}
	o, err := c.options(ctx, w, c.Why)
	if err != nil {
		return err
	}
	from, err := environ.LookScale(ctx, o, c.Service)
	if err != nil {
		return err
	}
	o.By = from.Identity
	if c.Plan && c.JSON {
		return printJSON(w.Out, from)
	}
	c.show(w.Err, from, to, w.Now())
	if c.Plan {
		return nil
	}
	if err := c.agreed(ctx, w, c.Environment, from.Real); err != nil {
		return err
	}
	if err := environ.SetScale(ctx, o, from, to); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, to)
	}
	fmt.Fprintf(w.Out, "%s has %v tasks.\n", c.Service, from.Effect(to, w.Now()).Now)
	return nil
}

// show says what there is, what would be, also of spikes that are announced, and how that is taken back.
func (c *envScaleCmd) show(out io.Writer, from *environ.Scale, to environ.Bounds, now time.Time) {
	fmt.Fprintf(out, "%s: account %s, %s, as %s\n", c.Environment, from.Account, from.Region, from.Identity)
	fmt.Fprintf(out, "Now: %s has %v tasks\n", c.Service, from.In)
	next := from.Effect(to, now)
	if l := from.Left; l != nil {
		fmt.Fprintf(out, "Left half-way by %s (%s): %s to %s\n", l.By, l.Why, l.From, l.To)
	} else if kept := from.Effect(from.Kept, now); from.In != kept.Now {
		fmt.Fprintf(out, "The templates keep %v. Somebody has changed it by hand, or a spike has ended or begun while services stood still: that ends now\n", from.Kept)
	}
	fmt.Fprintf(out, "Next: %v tasks.\n", to)
	if from.Unseen != "" {
		fmt.Fprintf(out, "Spikes that are announced are not known, and stay as they are: one ends with the least from before (%s)\n", from.Unseen)
	}
	if s := next.While; s != nil {
		fmt.Fprintf(out, "The spike %s goes on until %s: until then it has %v tasks\n", s.Name, inTokyo(s.To), next.Now)
	}
	for _, then := range next.Then {
		fmt.Fprintf(out, "At %s, %s: %d tasks at least, not %d\n", inTokyo(then.At), then.Name, then.Sets, then.Was)
	}
	for _, other := range next.Others {
		fmt.Fprintf(out, "It stays as it is, since no template announces it: what is scheduled as %s, %s\n", other.Name, other.Schedule)
	}
	fmt.Fprintf(out, "To take it back: enishi env scale %s %s %s\n", c.Environment, c.Service, strings.ReplaceAll(from.Was(), " to ", " "))
}

// inTokyo writes a moment as the table of environments does.
func inTokyo(at time.Time) string {
	return at.In(time.FixedZone("Asia/Tokyo", 9*3600)).Format("2006-01-02 15:04 in Tokyo")
}

// envTasksCmd lists what runs.
type envTasksCmd struct {
	place
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists it.
func (c *envTasksCmd) Run(ctx context.Context, w World) error {
	o, err := c.options(ctx, w, "")
	if err != nil {
		return err
	}
	found, err := environ.LookTasks(ctx, o)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, found)
	}
	fmt.Fprintf(w.Out, "%s: account %s, %s, as %s\n", c.Environment, found.Account, found.Region, found.Identity)
	table := tabwriter.NewWriter(w.Out, 0, 0, 2, ' ', 0)
	for i := range found.Tasks {
		t := &found.Tasks[i]
		since := "not yet"
		if !t.Started.IsZero() {
			since = t.Started.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Of, t.ID, t.State, t.Health, since, t.Address, t.Zone, t.Definition)
	}
	return table.Flush()
}

// envStopCmd stops a task.
type envStopCmd struct {
	place
	Task string `arg:"" help:"Its id, or the beginning of it: enishi env tasks lists them."`
	asked
	Plan bool `help:"Show which task would be stopped; stop nothing."`
}

// Help says what follows.
func (c *envStopCmd) Help() string {
	return `The audit log is told first, by a task that takes a minute. Then the task is told to stop: one of a service ends the requests that it has, and ECS starts another in its place. One that runs once ends; if it is a job, its schedule starts it again.

Example:
  enishi env stop prod 4f1c --why "it holds a lock"`
}

// Run stops it.
func (c *envStopCmd) Run(ctx context.Context, w World) error {
	if err := c.reason(); err != nil && !c.Plan {
		return err
	}
	o, err := c.options(ctx, w, c.Why)
	if err != nil {
		return err
	}
	all, err := environ.LookTasks(ctx, o)
	if err != nil {
		return err
	}
	o.By = all.Identity
	task, err := all.Find(c.Task)
	if err != nil {
		return err
	}
	if c.Plan && c.JSON {
		return printJSON(w.Out, task)
	}
	undo := "ECS starts another in its place."
	if !task.Service {
		undo = "there is no way: only a schedule, if it has one, starts it again."
	}
	fmt.Fprintf(w.Err, "%s: account %s, %s, as %s\nNext: the task %s of %s (%s, %s, %s) is told to stop.\nTo take it back: %s\n",
		c.Environment, all.Account, all.Region, all.Identity, task.ID, task.Of, task.Definition, task.State, task.Address, undo)
	if c.Plan {
		return nil
	}
	if err := c.agreed(ctx, w, c.Environment, all.Real); err != nil {
		return err
	}
	if err := environ.StopTask(ctx, o, task); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, task)
	}
	fmt.Fprintf(w.Out, "%s was told to stop.\n", task.ID)
	return nil
}

// options says in which account, and why.
func (c *place) options(ctx context.Context, w World, why string) (*environ.Options, error) {
	settings, err := w.account(ctx)
	if err != nil {
		return nil, err
	}
	return &environ.Options{Environment: c.Environment, AWS: settings, Why: why, Tell: teller(w.Err, w.Now)}, nil
}
