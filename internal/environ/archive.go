package environ

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"enishi/internal/day"
	"enishi/internal/errs"
)

const (
	// mostDays is how many days are exported at once: AWS exports one group of one day after another.
	mostDays = 31
	// exportLimit is how long AWS may take to export a day of one group, whoever's exports come first.
	exportLimit = 6 * time.Hour
	// exportable is how long AWS may take until what was logged can be exported. A day that is exported sooner lacks
	// lines, and is known as exported.
	exportable = 12 * time.Hour
)

// unarchived are those of the templates' log groups, by the beginnings of their names, whose lines go to no archive:
// what says that the archive does not work, and slow statements, which may hold values of people.
func unarchived() []string { return []string{"ArchiveErrors", "DataDatabaseLogSlowquery"} }

// export is a day of a log group, which is brought to the archive.
type export struct {
	name  string // of AWS's task, by which it is known again
	group string
	of    day.Day
	to    string // the bucket
}

// LookArchive finds out what of these days can be brought from CloudWatch Logs to the archive, where it lacks. It
// changes nothing. Invalid: they are not over for as long as AWS may take to export all of them, too many, or none.
func LookArchive(ctx context.Context, o *Options, from, to day.Day) (*Step, error) {
	last := day.Of(time.Now().Add(-exportable)) - 1
	switch {
	case to > last:
		return nil, errs.AtPointer("the last day", to.String(), fmt.Sprintf("one that is over in Tokyo for %.0f hours, %v at most: until then AWS may export less than all of it, and it is not exported twice", exportable.Hours(), last))
	case from > to || to-from >= mostDays:
		return nil, errs.AtPointer("the first day", from.String(), fmt.Sprintf("%v at most, and %v at least (%d days at once)", to, to-mostDays+1, mostDays))
	}
	w := newWork(o)
	s, err := w.begin(ctx, "archive")
	if err != nil {
		return nil, err
	}
	bucket, err := w.made(ctx, "AWS::S3::Bucket", "DataArchive")
	if err == nil && bucket == "" {
		err = errs.New(errs.NotFound, "there is no archive yet: enishi env up makes it")
	}
	if err != nil {
		return nil, err
	}
	all, groups, err := w.exports(ctx, bucket, from, to)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errs.New(errs.NotFound, fmt.Sprintf("CloudWatch Logs keeps nothing of %v to %v: its log groups are younger, or keep lines for fewer days", from, to))
	}
	s.From, s.To = "as Firehose has left it", fmt.Sprintf("with %v to %v of %d log groups, below exported/", from, to, groups)
	s.Undo = "nothing has to be: it lies beside what Firehose has written, and expires with it."
	s.Then = fmt.Sprintf("It is %d exports, one after another, of minutes each: AWS does one at a time in an account. What was exported is not exported again, so that the same command goes on.", len(all))
	if _, untold := s.again(s.To); untold {
		return s.tellOnly(), nil
	}
	s.do = func(ctx context.Context, w *work) error { return w.archive(ctx, all) }
	return s, nil
}

// exports lists what CloudWatch Logs may have of some days, the oldest first, and how many groups that is.
func (w *work) exports(ctx context.Context, bucket string, from, to day.Day) (out []export, groups int, err error) {
	names, err := w.archived(ctx)
	if err != nil {
		return nil, 0, err
	}
	kept := map[string]logtypes.LogGroup{}
	for _, name := range names {
		found, err := w.account.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name}) // names come in order, this one first
		if err != nil {
			return nil, 0, fmt.Errorf("look at the log group %s: %w", name, err)
		}
		if len(found.LogGroups) > 0 && aws.ToString(found.LogGroups[0].LogGroupName) == name {
			kept[name] = found.LogGroups[0]
		}
	}
	of := map[string]bool{}
	for d := from; d <= to; d++ {
		for _, name := range names {
			if g, ok := kept[name]; ok && keeps(g, d) {
				out, of[name] = append(out, export{"enishi-" + w.o.Environment + " " + d.String() + " " + name, name, d, bucket}), true
			}
		}
	}
	return out, len(of), nil
}

// keeps says whether a log group may have lines of a day: it was made before the day's end, which AWS insists on, and
// keeps lines for long enough.
func keeps(g logtypes.LogGroup, d day.Day) bool {
	if end := (d + 1).At(0); aws.ToInt64(g.CreationTime) >= end.UnixMilli() {
		return false
	}
	days := int(aws.ToInt32(g.RetentionInDays))
	return days == 0 || (d + 1).At(0).After(time.Now().AddDate(0, 0, -days))
}

// archived lists the log groups whose lines belong into the archive, in order. Those of the edge are in another
// region, and go there from none.
func (w *work) archived(ctx context.Context) ([]string, error) {
	var out []string
	for _, part := range parts() {
		name := stackName(w.o.Environment, part)
		if w.account.of(name) == &w.account.edge {
			continue
		}
		s, err := w.account.stack(ctx, name)
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		groups, err := w.groups(ctx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, groups...)
	}
	slices.Sort(out)
	return out, nil
}

// groups lists those of a stack.
func (w *work) groups(ctx context.Context, stack string) ([]string, error) {
	found, err := w.resources(ctx, stack)
	if err != nil {
		return nil, err
	}
	var out []string
	for i := range found {
		if r := &found[i]; aws.ToString(r.ResourceType) == "AWS::Logs::LogGroup" && aws.ToString(r.PhysicalResourceId) != "" && belongs(aws.ToString(r.LogicalResourceId)) {
			out = append(out, aws.ToString(r.PhysicalResourceId))
		}
	}
	return out, nil
}

// belongs says whether the lines of a log group belong into the archive, by its name in the template.
func belongs(name string) bool {
	return !slices.ContainsFunc(unarchived(), func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// archive exports one after another.
func (w *work) archive(ctx context.Context, all []export) error {
	for i := range all {
		e := &all[i]
		at := fmt.Sprintf("%v of %s (%d of %d)", e.of, e.group, i+1, len(all))
		if err := w.export(ctx, e, at); err != nil {
			return fmt.Errorf("the same command goes on with %s: %w", at, err)
		}
		w.tell("archive", at+" is there", -1)
	}
	return nil
}

// export has AWS export a day of a group, unless it has, and waits until it has.
func (w *work) export(ctx context.Context, e *export, at string) error {
	ours, shown := "", ""
	tell := func(note string) {
		if note != shown {
			w.tell("archive", note, -1)
			shown = note
		}
	}
	return w.await(ctx, "the export of "+at, exportLimit, func(ctx context.Context) (bool, error) {
		last, other, err := w.exportTask(ctx, e.name, ours)
		if err != nil {
			return false, err
		}
		switch {
		case last != nil && last.Status.Code == logtypes.ExportTaskStatusCodeCompleted:
			return true, nil
		case last != nil && active(last):
			ours = aws.ToString(last.TaskId)
			tell(at + " is " + strings.ToLower(string(last.Status.Code)))
			return false, nil
		case last != nil && ours != "": // what an earlier run was told is tried again
			return false, final{errs.New(errs.Conflict, "AWS has ended it: "+cmp.Or(aws.ToString(last.Status.Message), string(last.Status.Code)))}
		case other != "":
			tell(at + " waits for another export of the account: " + other)
			return false, nil
		}
		begun, err := w.account.logs.CreateExportTask(ctx, &cloudwatchlogs.CreateExportTaskInput{
			TaskName: &e.name, LogGroupName: &e.group, Destination: &e.to, DestinationPrefix: aws.String("exported/" + strings.ReplaceAll(e.of.String(), "-", "/") + "/" + strings.Trim(e.group, "/")),
			From: aws.Int64(e.of.At(0).UnixMilli()), To: aws.Int64((e.of + 1).At(0).UnixMilli() - 1),
		})
		if errors.As(err, new(*logtypes.LimitExceededException)) {
			return false, nil // another has just begun, or this one, whose answer was lost
		}
		if err != nil {
			return false, refusedForGood(fmt.Errorf("have AWS export it: %w", err))
		}
		ours = aws.ToString(begun.TaskId)
		return false, nil
	})
}

// refusedForGood makes an error final that says that the request is wrong, as a bucket is that may not be written.
func refusedForGood(err error) error {
	if errors.As(err, new(*logtypes.InvalidParameterException)) || errors.As(err, new(*logtypes.ResourceNotFoundException)) {
		return final{err}
	}
	return lasting(err)
}

// active says whether AWS is at an export, or will be.
func active(t *logtypes.ExportTask) bool {
	return slices.Contains([]logtypes.ExportTaskStatusCode{logtypes.ExportTaskStatusCodePending, logtypes.ExportTaskStatusCodeRunning, logtypes.ExportTaskStatusCodePendingCancel}, t.Status.Code)
}

// exportTask gives the task of an id or, where none is known, of a name: one that has ended well, else one that AWS is
// at. Nil: none. Beside it the name of another that AWS is at in this account.
func (w *work) exportTask(ctx context.Context, name, id string) (last *logtypes.ExportTask, other string, err error) {
	in := &cloudwatchlogs.DescribeExportTasksInput{}
	if id != "" {
		in.TaskId = &id
	}
	for {
		page, err := w.account.logs.DescribeExportTasks(ctx, in)
		if err != nil {
			return nil, "", fmt.Errorf("look at the account's exports: %w", err)
		}
		for i := range page.ExportTasks {
			t := &page.ExportTasks[i]
			switch {
			case t.Status == nil:
			case id != "", aws.ToString(t.TaskName) == name && t.Status.Code == logtypes.ExportTaskStatusCodeCompleted:
				return t, "", nil
			case aws.ToString(t.TaskName) == name && active(t):
				last = t
			case active(t):
				other = cmp.Or(aws.ToString(t.TaskName), aws.ToString(t.TaskId))
			}
		}
		if in.NextToken = page.NextToken; aws.ToString(in.NextToken) == "" {
			return last, other, nil
		}
	}
}
