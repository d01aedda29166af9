package deploytest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// export is one of CloudWatch Logs to a bucket.
type export struct {
	in    cloudwatchlogs.CreateExportTaskInput
	id    string
	made  time.Time
	fails bool
}

// How long one waits here, and takes in all.
const (
	exportWaits = 5 * time.Second
	exportTakes = 20 * time.Second
)

// groups are the log groups of the stack base, of which one is younger than the others, and one keeps lines for a day.
func groups() map[string]logtypes.LogGroup {
	out := map[string]logtypes.LogGroup{}
	for _, name := range []string{"ArchiveErrors1", "DataCacheLog1", "DataDatabaseLogAudit1", "DataDatabaseLogAudit12", "DataDatabaseLogSlowquery1", "NetworkLog1", "Young1"} {
		out[name] = logtypes.LogGroup{LogGroupName: &name, RetentionInDays: aws.Int32(30), CreationTime: aws.Int64(1)}
	}
	young, short := out["Young1"], out["DataDatabaseLogAudit12"]
	young.CreationTime, short.RetentionInDays = aws.Int64(time.Now().UnixMilli()), aws.Int32(1)
	out["Young1"], out["DataDatabaseLogAudit12"] = young, short
	return out
}

func (a *Account) groupsOf(prefix string) (out []logtypes.LogGroup) {
	if a.parts == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(a.parts.groups)) {
		if strings.HasPrefix(name, prefix) {
			out = append(out, a.parts.groups[name])
		}
	}
	return out
}

// Exported gives what was exported well: the keys' beginning, and from when to when.
func (a *Account) Exported() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for _, e := range a.parts.exports {
		if e.state() == logtypes.ExportTaskStatusCodeCompleted {
			at := func(ms *int64) string { return time.UnixMilli(aws.ToInt64(ms)).UTC().Format(time.RFC3339) }
			out = append(out, fmt.Sprintf("%s/%s %s to %s", aws.ToString(e.in.Destination), aws.ToString(e.in.DestinationPrefix), at(e.in.From), at(e.in.To)))
		}
	}
	slices.Sort(out)
	return out
}

// Export begins one of somebody else's.
func (a *Account) Export(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.parts.exports = append(a.parts.exports, &export{in: cloudwatchlogs.CreateExportTaskInput{TaskName: &name}, id: "of another", made: time.Now(), fails: true})
}

func (e *export) state() logtypes.ExportTaskStatusCode {
	switch took := time.Since(e.made); {
	case took < exportWaits:
		return logtypes.ExportTaskStatusCodePending
	case took < exportTakes:
		return logtypes.ExportTaskStatusCodeRunning
	case e.fails:
		return logtypes.ExportTaskStatusCodeFailed
	}
	return logtypes.ExportTaskStatusCodeCompleted
}

func (a *Account) createExportTask(in *cloudwatchlogs.CreateExportTaskInput) (*cloudwatchlogs.CreateExportTaskOutput, error) {
	group, ok := a.parts.groups[aws.ToString(in.LogGroupName)]
	switch {
	case !ok:
		return nil, refuse("ResourceNotFoundException", "The specified log group does not exist.")
	case aws.ToString(in.Destination) != Bucket || !strings.HasPrefix(aws.ToString(in.DestinationPrefix), "exported/"):
		return nil, refuse("InvalidParameterException", "PutObject call on the given bucket failed. Please check if CloudWatch Logs has been granted permission to perform this operation.")
	case aws.ToInt64(in.From) >= aws.ToInt64(in.To) || aws.ToInt64(in.To) < aws.ToInt64(group.CreationTime):
		return nil, refuse("InvalidParameterException", "The time range is not valid")
	}
	for _, e := range a.parts.exports {
		switch state := e.state(); {
		case state == logtypes.ExportTaskStatusCodePending, state == logtypes.ExportTaskStatusCodeRunning:
			return nil, refuse("LimitExceededException", "Resource limit exceeded.")
		case state == logtypes.ExportTaskStatusCodeCompleted && aws.ToString(e.in.TaskName) == aws.ToString(in.TaskName):
			a.fault("%s was exported twice", aws.ToString(in.TaskName))
		}
	}
	if name := aws.ToString(in.LogGroupName); strings.HasPrefix(name, "ArchiveErrors") || strings.HasPrefix(name, "DataDatabaseLogSlowquery") {
		a.fault("%s belongs to no archive", name)
	}
	e := &export{in: *in, id: fmt.Sprintf("export-%d", len(a.parts.exports)), made: time.Now(), fails: slices.Contains(a.Unexported, aws.ToString(in.LogGroupName))}
	a.parts.exports = append(a.parts.exports, e)
	return &cloudwatchlogs.CreateExportTaskOutput{TaskId: &e.id}, nil
}

// describeExportTasks gives them in pages of two, the newest first.
func (a *Account) describeExportTasks(in *cloudwatchlogs.DescribeExportTasksInput) (*cloudwatchlogs.DescribeExportTasksOutput, error) {
	var all []logtypes.ExportTask
	for _, e := range slices.Backward(a.parts.exports) {
		status := &logtypes.ExportTaskStatus{Code: e.state()}
		if status.Code == logtypes.ExportTaskStatusCodeFailed {
			status.Message = aws.String("AccessDenied of the bucket")
		}
		if in.TaskId == nil || aws.ToString(in.TaskId) == e.id {
			all = append(all, logtypes.ExportTask{TaskId: &e.id, TaskName: e.in.TaskName, LogGroupName: e.in.LogGroupName, Status: status})
		}
	}
	const most = 2
	from := min(len(aws.ToString(in.NextToken))*most, len(all))
	out := &cloudwatchlogs.DescribeExportTasksOutput{ExportTasks: all[from:min(from+most, len(all))]}
	if from+most < len(all) {
		out.NextToken = aws.String(aws.ToString(in.NextToken) + "n")
	}
	return out, nil
}
