package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"enishi/internal/config"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/files"
	"enishi/internal/market"
	"enishi/internal/store/sqlite"
	"enishi/internal/worker"
)

type jobCmd struct {
	List jobListCmd `cmd:"" help:"Show every job, its last run and when it is due."`
	Run  jobRunCmd  `cmd:"" help:"Run a job now, to its end."`
}

// snapshotJob gives what the job snapshot does.
func snapshotJob(log *slog.Logger, m *market.Market, f *files.Snapshots) func(context.Context) (int64, error) {
	if f == nil {
		return nil
	}
	job := worker.NewSnapshot(log, m, f)
	return func(ctx context.Context) (int64, error) {
		out, err := job.Run(ctx)
		return out.Bytes, err
	}
}

// listed stands for the job snapshot where it is not run.
func listed(context.Context) (int64, error) {
	return 0, errs.New(errs.Internal, "the populations are not loaded")
}

type jobListCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

// Help shows how it is called.
func (c *jobListCmd) Help() string {
	return "It works beside running servers.\n\nExamples:\n  enishi job list\n  enishi job list --json"
}

// Run lists the jobs.
func (c *jobListCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	in, err := openExisting(ctx, resolved, looking)
	if err != nil {
		return err
	}
	return in.close(c.list(ctx, w, in, resolved))
}

func (c *jobListCmd) list(ctx context.Context, w World, in *installation, resolved *config.Config) error {
	jobs, err := market.OpenJobs(ctx, in.store, in.vault, options(resolved, quietLog(), outbox{}, w), listed)
	if err != nil {
		return err
	}
	list, err := jobs.List(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		var out []jobLine
		for _, s := range list {
			out = append(out, lineOf(s))
		}
		return printJSON(w.Out, out)
	}
	return printJobs(w.Out, list)
}

// jobLine is a job as JSON has it.
type jobLine struct {
	market.Job
	Schedule string    `json:"schedule"`
	Next     time.Time `json:"next"`
	Last     *runLine  `json:"last,omitempty"`
}

func lineOf(s market.JobStanding) jobLine {
	out := jobLine{Job: s.Job, Schedule: s.Schedule(), Next: s.Next.In(day.Tokyo)}
	if s.Last != nil {
		line := runLineOf(*s.Last)
		out.Last = &line
	}
	return out
}

// runLine is a run as JSON has it.
type runLine struct {
	Job      string          `json:"job"`
	Started  time.Time       `json:"started_at"`
	Ended    *time.Time      `json:"ended_at,omitempty"`
	Seconds  float64         `json:"seconds"`
	Outcome  market.RunState `json:"outcome"`
	Examined int64           `json:"examined"`
	Changed  int64           `json:"changed"`
	Bytes    int64           `json:"bytes"`
	Error    string          `json:"error,omitempty"`
}

func runLineOf(r market.Run) runLine {
	out := runLine{
		Job: r.Job, Started: r.Started.In(day.Tokyo), Seconds: took(r).Seconds(), Outcome: r.Outcome,
		Examined: r.Examined, Changed: r.Changed, Bytes: r.Bytes, Error: r.Error,
	}
	if ended := r.Ended.In(day.Tokyo); !r.Ended.IsZero() {
		out.Ended = &ended
	}
	return out
}

func took(r market.Run) time.Duration {
	if r.Ended.IsZero() {
		return 0
	}
	return r.Ended.Sub(r.Started)
}

func printJobs(out io.Writer, list []market.JobStanding) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSCHEDULE\tLAST RUN\tTOOK\tEXAMINED\tCHANGED\tBYTES\tOUTCOME\tNEXT\tWHY")
	for _, s := range list {
		next := s.Next.In(day.Tokyo).Format(shownTime)
		if s.Last == nil {
			fmt.Fprintf(t, "%s\t%s\tnever\t\t\t\t\t\t%s\t\n", s.Name, s.Schedule(), next)
			continue
		}
		l := s.Last
		fmt.Fprintf(t, "%s\t%s\t%s\t%v\t%d\t%d\t%d\t%s\t%s\t%s\n", s.Name, s.Schedule(), l.Started.In(day.Tokyo).Format(shownTime),
			took(*l).Round(time.Millisecond), l.Examined, l.Changed, l.Bytes, l.Outcome, next, l.Error)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, s := range list {
		fmt.Fprintf(t, "%s\t%s\n", s.Name, s.What)
	}
	return t.Flush()
}

type jobRunCmd struct {
	change
	Name string `arg:"" help:"Which one; see enishi job list."`
}

// bySchedule is in the environment of tasks that their schedule runs, not somebody: it can be
// asked nothing, and the list of runs tells of it.
const bySchedule = "ENISHI_SCHEDULED"

// Help shows how it is called.
func (c *jobRunCmd) Help() string {
	return `It may be repeated and interrupted at any time: it goes on where it stopped, and does nothing twice.
A server on a data folder runs its jobs itself; with a database server, this runs beside it on any machine.
Exit codes: 0, it is done, or another process runs it; 1, it failed, or was told to stop before it was done.

A dry run of a job that removes rows counts them.

Examples:
  enishi job run retention --dry-run
  enishi job run statistics --json`
}

// Run runs the job.
func (c *jobRunCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	var order *market.Order
	if said(w, bySchedule) == "" {
		by, err := c.agreedOn(ctx, w, resolved, intent{does: "the job " + c.Name + " is run to its end", undo: "there is no way; its schedule would have done the same"})
		if err != nil {
			return err
		}
		order = &by
	}
	how := serving
	switch {
	case c.DryRun:
		how = looking
	case resolved.Shared():
		how = beside
	}
	in, err := openExisting(ctx, resolved, how)
	if errors.Is(err, sqlite.ErrInUse) {
		return errs.New(errs.Conflict, "a server has the data folder "+resolved.Data+", and runs its jobs itself: see enishi job list; to run one by hand, stop the server first")
	}
	if err != nil {
		return err
	}
	return in.close(c.run(ctx, w, in, resolved, order))
}

func (c *jobRunCmd) run(ctx context.Context, w World, in *installation, resolved *config.Config, order *market.Order) error {
	jobs, err := c.jobs(ctx, w, in, resolved)
	if err != nil {
		return err
	}
	if !slices.Contains(jobs.Names(), c.Name) {
		return usageError{"there is no job " + c.Name + "; there are: " + strings.Join(jobs.Names(), ", ")}
	}
	if c.DryRun {
		n, err := jobs.Count(ctx, c.Name)
		switch {
		case errs.Is(err, errs.Invalid) && !c.JSON:
			_, err = fmt.Fprintf(w.Out, "Nothing was changed. %s removes nothing.\n", c.Name)
			return err
		case errs.Is(err, errs.Invalid):
			return printJSON(w.Out, map[string]any{"job": c.Name, "would_remove": 0})
		case err != nil:
			return err
		case c.JSON:
			return printJSON(w.Out, map[string]any{"job": c.Name, "would_remove": n})
		}
		_, err = fmt.Fprintf(w.Out, "Nothing was changed. %s would remove %d rows.\n", c.Name, n)
		return err
	}
	shown := progress{world: w}
	r, err := jobs.Run(ctx, c.Name, market.RunOptions{Order: order, Progress: func(r market.Run) { shown.step(c.Name+", rows examined", int(r.Examined), 0) }})
	shown.end()
	switch held := errors.Is(err, market.ErrJobHeld); {
	case held && c.JSON:
		return printJSON(w.Out, map[string]any{"job": c.Name, "outcome": "held"})
	case held:
		_, err = fmt.Fprintf(w.Out, "%s: another process runs it; nothing was done.\n", c.Name)
		return err
	case err != nil && ctx.Err() != nil:
		return errs.Wrap(errs.Busy, "the job "+c.Name+" was told to stop; its next run goes on there", err)
	case err != nil:
		return err
	case c.JSON:
		return printJSON(w.Out, runLineOf(r))
	}
	_, err = fmt.Fprintf(w.Out, "%s: %s in %v; %d rows examined, %d changed, %d bytes written.\n",
		r.Job, r.Outcome, took(r).Round(time.Millisecond), r.Examined, r.Changed, r.Bytes)
	return err
}

// jobs opens the jobs; the one that writes a snapshot loads the populations if one
// is due.
func (c *jobRunCmd) jobs(ctx context.Context, w World, in *installation, resolved *config.Config) (*market.Jobs, error) {
	log := logger(w, resolved)
	boundMemory(ctx, log)
	o := options(resolved, log, outbox{}, w)
	if c.Name != market.JobSnapshot || c.DryRun {
		return market.OpenJobs(ctx, in.store, in.vault, o, listed)
	}
	kept, err := openFiles(ctx, resolved.Files)
	if err != nil {
		return nil, err
	}
	snapshots := files.NewSnapshots(kept)
	o.Snapshots = snapshots
	var jobs *market.Jobs
	jobs, err = market.OpenJobs(ctx, in.store, in.vault, o, func(ctx context.Context) (int64, error) {
		if due, err := worker.SnapshotDue(ctx, log, jobs, snapshots); err != nil || !due {
			return 0, err
		}
		shown := progress{world: w}
		m, err := market.Open(ctx, in.store, in.vault, o, func(what string, done int) { shown.step("loading "+what, done, 0) })
		shown.end()
		if err != nil {
			return 0, err
		}
		return snapshotJob(log, m, snapshots)(ctx)
	})
	return jobs, err
}

// quietLog is a log that nobody reads.
func quietLog() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }
