package environ

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

// Task is one that runs in an environment.
type Task struct {
	ID         string    `json:"id"`
	Of         string    `json:"of"` // the service, or the family of one that runs once
	Service    bool      `json:"service"`
	Definition string    `json:"definition"` // FAMILY:REVISION
	State      string    `json:"state"`
	Health     string    `json:"health"`
	Started    time.Time `json:"started_at,omitzero"`
	Address    string    `json:"address,omitempty"` // in the environment's network
	Zone       string    `json:"zone,omitempty"`

	asked time.Time // for: what it is told, such as secrets, is read after that
}

// Tasks are those that run in an environment.
type Tasks struct {
	Who
	Environment string `json:"environment"`
	Real        bool   `json:"real"` // it holds people's data
	Tasks       []Task `json:"tasks"`
}

// LookTasks lists what runs, by what it is of and the oldest first. It changes nothing.
func LookTasks(ctx context.Context, o *Options) (*Tasks, error) {
	w := newWork(o)
	who, err := w.who(ctx)
	if err != nil {
		return nil, err
	}
	real, err := w.account.real(ctx)
	if err != nil {
		return nil, err
	}
	tasks, err := w.tasks(ctx, types.DesiredStatusRunning)
	if err != nil {
		return nil, err
	}
	return &Tasks{Who: who, Environment: o.Environment, Real: real, Tasks: tasks}, nil
}

// tasks lists those that ECS wants to run or, for an hour after that, wants to be stopped: by what they are of and the
// oldest first.
func (w *work) tasks(ctx context.Context, wanted types.DesiredStatus) ([]Task, error) {
	out := []Task{}
	pages := ecs.NewListTasksPaginator(w.account.ecs, &ecs.ListTasksInput{Cluster: aws.String("enishi-" + w.o.Environment), DesiredStatus: wanted})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the tasks of %s: %w", w.o.Environment, err)
		}
		if len(page.TaskArns) == 0 {
			continue
		}
		found, err := w.account.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String("enishi-" + w.o.Environment), Tasks: page.TaskArns})
		if err != nil {
			return nil, fmt.Errorf("look at the tasks of %s: %w", w.o.Environment, err)
		}
		for i := range found.Tasks {
			out = append(out, taskOf(&found.Tasks[i]))
		}
	}
	slices.SortFunc(out, func(x, y Task) int {
		if c := strings.Compare(x.Of, y.Of); c != 0 {
			return c
		}
		return x.Started.Compare(y.Started)
	})
	return out, nil
}

func taskOf(t *types.Task) Task {
	last := func(arn *string) string { return aws.ToString(arn)[strings.LastIndexByte(aws.ToString(arn), '/')+1:] }
	out := Task{
		ID: last(t.TaskArn), Definition: last(t.TaskDefinitionArn), State: strings.ToLower(aws.ToString(t.LastStatus)), Health: strings.ToLower(string(t.HealthStatus)),
		Started: aws.ToTime(t.StartedAt), asked: aws.ToTime(t.CreatedAt), Zone: aws.ToString(t.AvailabilityZone),
	}
	kind, name, _ := strings.Cut(aws.ToString(t.Group), ":")
	out.Of, out.Service = name, kind == "service"
	for i := range t.Containers {
		for _, n := range t.Containers[i].NetworkInterfaces {
			out.Address = aws.ToString(n.PrivateIpv4Address)
		}
	}
	return out
}

// Find gives the task of an id, or of the beginning of one that no other has.
func (t *Tasks) Find(id string) (Task, error) {
	var found []Task
	for _, one := range t.Tasks {
		if id != "" && strings.HasPrefix(one.ID, id) {
			found = append(found, one)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Task{}, errs.New(errs.NotFound, fmt.Sprintf("no task of %s has an id that begins with %q: enishi env tasks %[1]s lists them", t.Environment, id))
	}
	return Task{}, errs.New(errs.Conflict, fmt.Sprintf("%d tasks of %s have ids that begin with %q: give more of it", len(found), t.Environment, id))
}

// StopTask tells the audit log, then a task to stop, which lets its requests end. ECS starts
// another in the place of a service's. A log that cannot be told, as where the database is what is
// wrong, holds up nothing; the error says how it is told afterwards.
func StopTask(ctx context.Context, o *Options, t Task) error {
	w := newWork(o)
	diff := fmt.Sprintf("task %s of %s: %s -> told to stop", t.ID, t.Definition, t.State)
	untold := deploy.NoteFirst(ctx, w.deploying(), diff)
	w.tell("stop", t.ID+" is told to stop", -1)
	if _, err := w.account.ecs.StopTask(ctx, &ecs.StopTaskInput{Cluster: aws.String("enishi-" + o.Environment), Task: &t.ID, Reason: aws.String(bounded("stopped by " + o.By + ": " + o.Why))}); err != nil {
		return errors.Join(fmt.Errorf("stop the task %s: %w", t.ID, err), untold)
	}
	if untold != nil {
		return deploy.Untold(w.deploying(), diff, untold)
	}
	return nil
}

// mostReason is what ECS takes as the reason of a stop, in characters.
const mostReason = 1024

func bounded(text string) string {
	if r := []rune(text); len(r) > mostReason {
		return string(r[:mostReason-1]) + "…"
	}
	return text
}

// real says whether the environment holds people's data. NotFound: there is none of this name here.
func (a *account) real(ctx context.Context) (bool, error) {
	kind, ok, err := a.parameter(ctx, "kind")
	if err == nil && !ok {
		err = errs.New(errs.NotFound, "there is no parameter "+a.path("kind")+" in this account and region: is it the one of "+a.environment+", and are its stacks deployed?")
	}
	return kind != deploy.KindDemo, err
}
