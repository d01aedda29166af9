package environ

import (
	"context"
	"encoding/json"
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

// The tags of the cluster beside: what it was restored to, and since when its rows were read.
const (
	restoresTag = "enishi:restores"
	readTag     = "enishi:read"
)

// reached is how far a restore in earnest has come, as its record keeps it for a further run.
type reached struct {
	Goal string `json:"goal"`
	// Stands says that the services stand still, or were about to; Since is from when on nobody was served.
	Stands bool      `json:"stands,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	// Copied is since when the rows are in force: nobody replaces them any more.
	Copied time.Time `json:"copied,omitzero"`
}

// begun says that another restore would destroy what this one has begun.
func (r *reached) begun() bool { return r.Stands || !r.Copied.IsZero() }

func (r *reached) also() string {
	if r.Since.IsZero() {
		return ""
	}
	return "nobody was served from " + r.Since.Format(time.RFC3339)
}

// restoring is a restoration that was looked at.
type restoring struct {
	Restoration
	goal  string // a moment, or the ARN of a copy
	again string // how it is given again
	main  *rdstypes.DBCluster
	read  bool    // by an earlier run
	far   reached // an earlier run
}

// beside is the name of the cluster that is restored.
func (a *account) beside() string { return a.cluster() + "-restored" }

func tagged(c *rdstypes.DBCluster, tag string) string {
	if c == nil {
		return ""
	}
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
	if r.Printed == nil {
		r.Printed = func(string) {}
	}
	on := &restoring{Restoration: r}
	w, s, last, err := beginRestore(ctx, o, &on.far)
	if err != nil {
		return nil, err
	}
	if on.main, err = w.mainCluster(ctx); err != nil {
		return nil, err
	}
	there, err := w.clusterOf(ctx, w.account.beside())
	if err != nil {
		return nil, err
	}
	if on.goal, err = w.goal(ctx, s, on, there); err != nil {
		return nil, err
	}
	s.From, s.To, on.again = "the database as it is", on.end(), s.command(append([]string{"restore"}, on.words()...)...)
	if err := on.ended(last, s.To); err != nil {
		return nil, err
	}
	if s.Left != nil && on.far.begun() && s.Left.To != s.To {
		return nil, errs.New(errs.Conflict, fmt.Sprintf("another restore was begun in earnest and has not ended: %s by %s (%s). The same as then goes on with it; %s gives it up", s.Left.To, s.Left.By, s.Left.Why, w.dropping()))
	}
	if at := tagged(there, restoresTag); there != nil && at != on.goal && on.far.Copied.IsZero() {
		return nil, errs.New(errs.Conflict, fmt.Sprintf("there is a cluster %s already, restored to %q: give that moment or copy, or remove it (%s)", w.account.beside(), at, w.dropping()))
	}
	if _, untold := s.again(s.To); untold && there == nil || s.Left != nil && !s.Left.Made.IsZero() && !on.far.Copied.IsZero() {
		return s.tellOnly(), nil
	}
	on.read = tagged(there, readTag) != ""
	s.explain(w, on)
	s.far = ""
	if on.far.begun() {
		s.far = s.Left.Far
	}
	s.do = func(ctx context.Context, w *work) error { return w.restore(ctx, on) }
	if on.far.begun() { // nobody is kept from going on: AWS says itself what it refuses
		return s, nil
	}
	return s, s.mayTake(ctx, w, w.restoreNeeds(s.Who, on))
}

// ended is Conflict if the very restore that is asked for has just come to its end, of which whoever gave it may not have heard:
// services serve since, and what people have written would be lost.
func (r *restoring) ended(last *deploy.Change, to string) error {
	const heard = 15 * time.Minute
	if r.Rehearse || last == nil || last.Ended.IsZero() || time.Since(last.Ended) > heard || last.To != to && (!r.Latest || !strings.HasPrefix(last.To, asItWas)) {
		return nil
	}
	return errs.New(errs.Conflict, fmt.Sprintf("a restore came to its end at %s (%s, by %s: %s), and people have written since: done once more, this would lose that. It is refused until %s",
		last.Ended.Format(time.RFC3339), last.To, last.By, last.Why, last.Ended.Add(heard).Format(time.RFC3339)))
}

// beginRestore begins a step of a restore, or of what one has left, with the last change of that kind, nil for none, and how far
// an earlier one has come that has not ended. Whatever comes between this and the step keeps it from being taken.
func beginRestore(ctx context.Context, o *Options, far *reached) (*work, *Step, *deploy.Change, error) {
	w := newWork(o)
	s, err := w.begin(ctx, "restore")
	if err != nil {
		return nil, nil, nil, err
	}
	last, err := deploy.LastChange(ctx, &deploy.Options{Environment: o.Environment, AWS: o.AWS, By: s.Identity, Why: "a look"}, s.What)
	if err != nil {
		return nil, nil, nil, err
	}
	s.seen = new("")
	if last != nil {
		s.seen = &last.ID
	}
	if s.Left != nil && s.Left.Far != "" {
		if err := json.Unmarshal([]byte(s.Left.Far), far); err != nil {
			return nil, nil, nil, errs.Wrap(errs.Internal, "the record of the last restore does not say how far it has come", err)
		}
	}
	return w, s, last, nil
}

// asItWas begins what a restore in earnest ends with.
const asItWas = "as it was: "

// end says what there is in the end.
func (r *restoring) end() string {
	switch {
	case r.Rehearse:
		return "read " + asItWas + r.goal
	case r.WithErased:
		return asItWas + r.goal + ", with whoever was erased since"
	}
	return asItWas + r.goal
}

// words are those by which it is given again.
func (r *restoring) words() []string {
	out := []string{"--to", r.goal}
	if r.Copy != "" {
		out = []string{"--copy", r.goal}
	}
	if r.WithErased {
		out = append(out, "--with-erased")
	}
	return out
}

// is says whether a goal of an earlier run is what is asked for now.
func (r *restoring) is(goal string) bool {
	if r.Copy != "" {
		return goal == r.Copy || strings.HasSuffix(goal, ":cluster-snapshot:"+r.Copy)
	}
	return goal != "" && !r.To.IsZero() && r.To.UTC().Truncate(time.Second).Format(time.RFC3339) == goal
}

// goal says what is restored, as the tag of the cluster beside does. What an earlier run has begun need not be in reach of
// the database's backups any more.
func (w *work) goal(ctx context.Context, s *Step, r *restoring, there *rdstypes.DBCluster) (string, error) {
	least, most, left := aws.ToTime(r.main.EarliestRestorableTime), aws.ToTime(r.main.LatestRestorableTime), tagged(there, restoresTag)
	switch {
	case r.far.begun() && (r.Latest && !r.Rehearse || r.is(r.far.Goal)):
		return r.far.Goal, nil
	case r.is(left):
		return left, nil
	case r.Latest && left != "" && !r.Rehearse:
		return "", errs.New(errs.Conflict, fmt.Sprintf("there is a cluster %s, which an earlier run has restored to %s: that is not the latest moment any more. Give that one, or remove it first (%s)", w.account.beside(), left, w.dropping()))
	case r.Latest && left != "":
		return left, nil
	case r.Copy != "":
		return w.copyOf(ctx, r.Copy)
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
			if refused(err, "InvalidParameterValue", "") { // RDS knows no such kind: there are the others
				break
			}
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
	if !r.far.Copied.IsZero() {
		s.Then = "Its rows are in force since " + r.far.Copied.Format(time.RFC3339) + ", and are not replaced again: what is left is that the services start, are held to what is promised, and " + beside + " is removed."
		return
	}
	if r.far.Stands {
		s.Then = "An earlier run of it has stopped the services: " + r.far.also() + ". "
	}
	s.Then += "A cluster " + beside + " is made of it, beside the one in force, and a task reads it: until then everything goes on. Then web and worker stop and nobody is served, until every row in force has been replaced by that of then. What was written since is lost: " +
		"sign-ups, edits, offers and answers, and what people were told by mail stays told. " + r.erased() + " The services start again, and are held to what is promised. Alarms are expected: " + s.command("silence") + " comes first."
}

// erased says what becomes of whoever was erased since.
func (r *restoring) erased() string {
	if r.WithErased {
		return "Whoever was erased since comes back, also who asked for it and has a right to it."
	}
	return "Whoever has erased themselves since is erased again."
}
