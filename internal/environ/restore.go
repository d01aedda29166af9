package environ

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

// Restoration says what of a database's past is brought back. Why rows and not the cluster, whose name and password are
// the template's: docs/decisions/0049.
type Restoration struct {
	To     time.Time // a moment; zero: the latest one that there is, or a copy
	Copy   string    // the name or the ARN of a copy, such as one in the vault; "": a moment
	Latest bool
	// Rehearse has a task read the rows beside those in force, and changes nothing of these.
	Rehearse bool
	// WithErased brings back whoever was erased since as well, where that is what went wrong.
	WithErased bool
	Printed    func(line string) // is given what tasks print; nil: nobody is
}

// The tags of the cluster beside: what it was restored to, and since when its rows were read, and are in force.
const (
	restoresTag = "enishi:restores"
	readTag     = "enishi:read"
	copiedTag   = "enishi:copied"
)

// restoring is a restoration that was looked at.
type restoring struct {
	Restoration
	goal   string // as the tag has it
	main   *rdstypes.DBCluster
	read   bool   // by an earlier run
	copied string // since when the rows are in force, of an earlier run; "": they are not
}

// beside is the name of the cluster that is restored.
func (a *account) beside() string { return a.cluster() + "-restored" }

func tagged(c *rdstypes.DBCluster, tag string) string {
	for _, t := range c.TagList {
		if aws.ToString(t.Key) == tag {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// LookRestore finds out what it means to bring rows of the past back, or to rehearse that. It changes nothing.
// Invalid: there is no such past. Conflict: another restore was begun and has not ended.
func LookRestore(ctx context.Context, o *Options, r Restoration) (*Step, error) {
	w := newWork(o)
	s, err := w.begin(ctx, "restore")
	if err != nil {
		return nil, err
	}
	if r.Printed == nil {
		r.Printed = func(string) {}
	}
	on := &restoring{Restoration: r}
	if on.main, err = w.mainCluster(ctx); err != nil {
		return nil, err
	}
	there, err := w.clusterOf(ctx, w.account.beside())
	if err != nil {
		return nil, err
	}
	if on.goal, err = w.goal(ctx, on, there); err != nil {
		return nil, err
	}
	if there != nil {
		if at := tagged(there, restoresTag); at != on.goal {
			return nil, errs.New(errs.Conflict, fmt.Sprintf("there is a cluster %s already, of a restore to %s: end that one by the same command as before, or remove it (%s)", w.account.beside(), said(at), s.command("restore", "--drop")))
		}
		on.read, on.copied = tagged(there, readTag) != "", tagged(there, copiedTag)
	}
	s.From, s.To = "the database as it is", "as it was: "+on.goal
	if r.Rehearse {
		s.To = "read as it was: " + on.goal
	}
	if _, untold := s.again(s.To); untold && there == nil {
		return s.tellOnly(), nil
	}
	s.explain(w, on)
	s.do = func(ctx context.Context, w *work) error { return w.restore(ctx, on) }
	return s, nil
}

// goal says what is restored, as the tag of the cluster beside does.
func (w *work) goal(ctx context.Context, r *restoring, there *rdstypes.DBCluster) (string, error) {
	least, most := aws.ToTime(r.main.EarliestRestorableTime), aws.ToTime(r.main.LatestRestorableTime)
	switch {
	case r.Copy != "":
		return w.copyOf(ctx, r.Copy)
	case r.Latest && there != nil && tagged(there, restoresTag) != "": // what an earlier run took for it
		return tagged(there, restoresTag), nil
	case r.Latest:
		r.To = most
	case r.To.IsZero():
		return "", errs.New(errs.Invalid, fmt.Sprintf("say which past: --to MOMENT, from %s to %s or latest; or --copy NAME, of %s", least.UTC().Format(time.RFC3339), most.UTC().Format(time.RFC3339), w.newest(ctx)))
	}
	r.To = r.To.UTC().Truncate(time.Second)
	if r.To.Before(least) || r.To.After(most) {
		return "", errs.AtPointer("the moment", r.To.Format(time.RFC3339), least.UTC().Format(time.RFC3339)+" to "+most.UTC().Format(time.RFC3339)+"; or a copy: "+w.newest(ctx))
	}
	return r.To.Format(time.RFC3339), nil
}

// snapshots lists the copies of the database that can be restored: its own, those that a person has made, and those of the
// vault. The newest comes first.
func (w *work) snapshots(ctx context.Context) (out []rdstypes.DBClusterSnapshot, err error) {
	for _, kind := range []string{"awsbackup", "automated", "manual"} {
		pages := rds.NewDescribeDBClusterSnapshotsPaginator(w.account.rds, &rds.DescribeDBClusterSnapshotsInput{DBClusterIdentifier: aws.String(w.account.cluster()), SnapshotType: aws.String(kind)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("list the copies of the database: %w", err)
			}
			out = append(out, page.DBClusterSnapshots...)
		}
	}
	out = slices.DeleteFunc(out, func(s rdstypes.DBClusterSnapshot) bool { return aws.ToString(s.Status) != available })
	slices.SortFunc(out, func(x, y rdstypes.DBClusterSnapshot) int {
		return aws.ToTime(y.SnapshotCreateTime).Compare(aws.ToTime(x.SnapshotCreateTime))
	})
	return out, nil
}

// newest names the newest copies, for people.
func (w *work) newest(ctx context.Context) string {
	const few = 5
	all, err := w.snapshots(ctx)
	if err != nil || len(all) == 0 {
		return "none is listed"
	}
	var names []string
	for i := range all[:min(few, len(all))] {
		names = append(names, aws.ToString(all[i].DBClusterSnapshotIdentifier)+" ("+aws.ToTime(all[i].SnapshotCreateTime).UTC().Format(time.RFC3339)+")")
	}
	return strings.Join(names, ", ")
}

// copyOf gives the ARN of a copy.
func (w *work) copyOf(ctx context.Context, name string) (string, error) {
	all, err := w.snapshots(ctx)
	if err != nil {
		return "", err
	}
	for i := range all {
		if arn := aws.ToString(all[i].DBClusterSnapshotArn); name == arn || name == aws.ToString(all[i].DBClusterSnapshotIdentifier) {
			return arn, nil
		}
	}
	return "", errs.AtPointer("the copy", name, w.newest(ctx))
}

// explain says what happens, and how it is taken back.
func (s *Step) explain(w *work, r *restoring) {
	beside := w.account.beside()
	if r.Rehearse {
		s.Undo = "there is nothing to take back: the rows in force stay as they are, and " + beside + " is removed in the end."
		s.Then = "A cluster " + beside + " is made of it, beside the one in force; a task opens it as the service would, and counts its rows beside those in force. Half an hour to some hours, most of them Amazon's."
		return
	}
	s.Undo = s.command("restore", "--to") + " MOMENT, of the moment from which nobody was served, which is printed; Aurora keeps it as long as its other backups."
	if r.copied != "" {
		s.Then = "Its rows are in force since " + r.copied + ": what is left is that the services start, are held to what is promised, and " + beside + " is removed."
		return
	}
	s.Then = "A cluster " + beside + " is made of it, beside the one in force, and a task reads it: until then everything goes on. Then web and worker stop and nobody is served, until every row in force has been replaced by that of then. What was written since is lost: " +
		"sign-ups, edits, offers and answers, and what people were told by mail stays told. " + r.erased() + " The services start again, and are held to what is promised. Alarms are expected: " + s.command("silence") + " comes first."
}

// erased says what becomes of whoever was erased since.
func (r *restoring) erased() string {
	if r.WithErased {
		return "Whoever was erased since comes back, also who asked for it and has a right to it."
	}
	return "Whoever has erased themselves since is erased again."
}

// restore makes the cluster beside, has its rows read, lets them take the place of those in force, and removes it. Each
// part finds again what an earlier run has done of it.
func (w *work) restore(ctx context.Context, r *restoring) error {
	var from []string
	if !r.read || !r.Rehearse && r.copied == "" {
		if err := w.timed("cluster", func() (err error) {
			from, err = w.restored(ctx, r)
			return err
		}); err != nil {
			return err
		}
	}
	if !r.read {
		if err := w.task(ctx, 0, append(slices.Clone(from), "--look"), r.Printed); err != nil {
			return err
		}
		if err := w.mark(ctx, readTag); err != nil {
			return err
		}
	}
	if !r.Rehearse {
		if err := w.replace(ctx, r, r.replacing(from)); err != nil {
			return err
		}
	}
	return w.timed("remove", func() error { return w.drop(ctx) })
}

// replacing is what the task is told that replaces the rows.
func (r *restoring) replacing(from []string) []string {
	out := append(slices.Clone(from), "--replace")
	if r.WithErased {
		out = append(out, "--with-erased")
	}
	return out
}

// replace stops the services, has a task replace the rows in force, and starts the services. From the first service that
// is stopped to the last one that serves again, only a further run of this goes on.
func (w *work) replace(ctx context.Context, r *restoring, command []string) error {
	return w.quietly(ctx, func(ctx context.Context) error { return w.replaced(ctx, r, command) })
}

// quietly does something that services may stand still for, while nobody else changes the environment, deploys to it or runs a
// task.
func (w *work) quietly(ctx context.Context, do func(context.Context) error) error {
	w.alone, w.restoring = true, true
	if err := w.hold(ctx); err != nil {
		return err
	}
	err := do(ctx)
	ending := context.WithoutCancel(ctx)
	switch {
	case err == nil:
		return w.held.Release(ending)
	case errors.Is(err, deploy.ErrTaken):
		return err
	case len(w.held.Stopped()) > 0:
		err = fmt.Errorf("the services of %[1]s stand still: the same command goes on, and enishi env restore %[1]s --drop gives the restore up and starts them, if no row was replaced: %[2]w", w.o.Environment, err)
	}
	return errors.Join(err, w.held.Abandon(ending, errors.As(err, new(goesOn))))
}

func (w *work) replaced(ctx context.Context, r *restoring, command []string) error {
	if r.copied == "" {
		if err := w.timed("stop", func() error { return w.stopServices(ctx) }); err != nil {
			return err
		}
		w.tell("stop", "nobody is served since "+time.Now().UTC().Format(time.RFC3339)+", to which the database can be restored to take this back", -1)
		if err := w.task(ctx, 0, command, r.Printed); err != nil {
			return err
		}
		// No further run replaces what is written from now on.
		if err := w.mark(ctx, copiedTag); err != nil {
			return err
		}
	}
	if err := w.timed("start", func() error { return w.startServices(ctx) }); err != nil {
		return err
	}
	return w.accepted(ctx)
}

// mark says on the cluster beside how far its restore has come.
func (w *work) mark(ctx context.Context, tag string) error {
	c, err := w.clusterOf(ctx, w.account.beside())
	if err == nil && c == nil {
		err = errs.New(errs.Conflict, "the cluster "+w.account.beside()+" is gone")
	}
	if err != nil {
		return err
	}
	if err := w.mayChange(ctx); err != nil {
		return err
	}
	_, err = w.account.rds.AddTagsToResource(ctx, &rds.AddTagsToResourceInput{ResourceName: c.DBClusterArn, Tags: []rdstypes.Tag{{Key: &tag, Value: aws.String(time.Now().UTC().Format(time.RFC3339))}}})
	if err != nil {
		return fmt.Errorf("note on %s how far it has come: %w", w.account.beside(), err)
	}
	return nil
}

// LookDrop finds out what a restore has left: a cluster beside the database, services that stand still. It changes nothing.
// NotFound: nothing.
func LookDrop(ctx context.Context, o *Options) (*Step, error) {
	w := newWork(o)
	s, err := w.begin(ctx, "restore")
	if err != nil {
		return nil, err
	}
	c, err := w.clusterOf(ctx, w.account.beside())
	if err != nil {
		return nil, err
	}
	w.o = &Options{Environment: o.Environment, AWS: o.AWS, By: s.Identity, Why: "a look"}
	stopped, err := deploy.Stopped(ctx, w.deploying())
	if err != nil {
		return nil, err
	}
	s.From, s.To = "what one has left", "given up"
	if c == nil && len(stopped) == 0 {
		if _, untold := s.again(s.To); untold {
			return s.tellOnly(), nil
		}
		return nil, errs.New(errs.NotFound, "there is no cluster "+w.account.beside()+", and no service stands still for a restore: none has left anything")
	}
	s.Undo = "the restore makes another cluster. The rows in force stay as they are."
	if c != nil {
		s.Then = "The cluster " + w.account.beside() + ", restored to " + said(tagged(c, restoresTag)) + ", is removed. "
	}
	if len(stopped) > 0 {
		s.Then += "The services that stand still start again, once a task has seen that the rows in force are whole."
	}
	s.do = func(ctx context.Context, w *work) error { return w.giveUp(ctx, len(stopped) > 0) }
	return s, nil
}

// giveUp starts the services that stand still, and removes the cluster beside. Rows that were replaced in part are served
// by nobody: only a restore ends that.
func (w *work) giveUp(ctx context.Context, stand bool) error {
	if stand {
		err := w.quietly(ctx, func(ctx context.Context) error {
			if err := w.timed("database", func() error { return w.held.Once(ctx, "database", "once", databaseLimit, "migrate", "--plan") }); err != nil {
				return fmt.Errorf("the rows in force are not whole, or cannot be read; the restore that was begun ends that: %w", err)
			}
			if err := w.timed("start", func() error { return w.startServices(ctx) }); err != nil {
				return err
			}
			return w.accepted(ctx)
		})
		if err != nil {
			return err
		}
	}
	return w.timed("remove", func() error { return w.drop(ctx) })
}
