package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enishi/internal/errs"
)

// Task is a piece of one-off work that somebody has run in an environment: a command of the
// program, in a task of its own. It is kept before it is run, and when it has ended.
type Task struct {
	ID          string    `json:"id"`
	Environment string    `json:"environment"`
	By          string    `json:"by"`
	Why         string    `json:"why"`
	Command     []string  `json:"command"`
	Image       string    `json:"image"`
	Begun       time.Time `json:"begun_at"`
	ARN         string    `json:"arn,omitempty"`
	Ended       time.Time `json:"ended_at,omitzero"`
	Code        *int32    `json:"code,omitempty"` // nil: it did not run, or goes on
	Failure     string    `json:"failure,omitempty"`
}

// taskLimit is how long work is waited for; it goes on afterwards.
const taskLimit = 6 * time.Hour

// RunTask runs a command of the program as a task, of the image that the environment keeps,
// and gives it when it has ended; printed is given what it prints. An error of a task
// with a code other than 0 says so.
func RunTask(ctx context.Context, o *Options, command []string, printed func(line string)) (*Task, error) {
	d, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := d.aside(ctx); err != nil {
		return nil, err
	}
	return d.runTask(ctx, once, command, printed)
}

// Verify walks through what serves, as a deployment does through the next version, as a task of
// the image that the environment keeps. It meets the processes of the version that was left to
// serve, where a deployment has left it.
func Verify(ctx context.Context, o *Options, printed func(line string)) (*Task, error) {
	d, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	at, err := d.account.parameter(ctx, "test-url")
	if err != nil {
		return nil, err
	}
	command := []string{"verify", at, "--address", simulator}
	s, err := d.account.service(ctx, web)
	if err != nil {
		return nil, err
	}
	if err := still(s); err != nil {
		return nil, err
	}
	serves, _, err := d.account.definition(ctx, aws.ToString(s.TaskDefinition))
	if err != nil {
		return nil, err
	}
	if of := deploymentOf(serves); of != "" {
		command = append(command, "--deployment", of, "--await", "1m")
	}
	return d.runTask(ctx, accept, command, printed)
}

// runTask does the same by a definition of a family.
func (d *deployment) runTask(ctx context.Context, family string, command []string, printed func(line string)) (*Task, error) {
	o := d.o
	from, _, err := d.account.definition(ctx, d.account.family(family))
	if err != nil {
		return nil, err
	}
	begun := time.Now().UTC()
	t := &Task{ID: d.ledger.named(begun), Environment: o.Environment, By: o.By, Why: o.Why, Command: command, Image: imageOf(from), Begun: begun}
	if kept, err := d.account.parameter(ctx, "image"); err != nil {
		return nil, err
	} else if t.Image != kept {
		return nil, errs.New(errs.Conflict, fmt.Sprintf("tasks would run %s, and %s is deployed: deploy first, or take back what was left half-way", t.Image, kept))
	}
	if err := d.keepTask(ctx, t); err != nil {
		return nil, err
	}
	if t.ARN, err = d.run(ctx, aws.ToString(from.TaskDefinitionArn), t.ID, t.ID, order{By: t.By, Why: t.Why}, command); err == nil {
		if err = errors.Join(d.keepTask(ctx, t), d.begun(ctx, t.ARN)); err == nil {
			err = d.follow(ctx, t, newLines(&o.AWS, from, t.ARN), printed)
		}
	}
	if err != nil {
		t.Failure = err.Error()
	}
	if t.Ended.IsZero() && t.ARN != "" {
		return t, err // it goes on
	}
	t.Ended = time.Now().UTC()
	if kept := errors.Join(d.keepTask(ctx, t), d.begun(ctx, "")); err == nil {
		err = kept
	}
	return t, err
}

// begun keeps which task was begun while the environment is held; "": it has ended.
func (d *deployment) begun(ctx context.Context, arn string) error {
	if d.record == nil || d.record.Hold == nil {
		return nil
	}
	d.record.Hold.Task = arn
	return d.save(ctx)
}

// follow waits for a task to end, and hands on what it prints.
func (d *deployment) follow(ctx context.Context, t *Task, lines *lines, printed func(string)) error {
	return d.poll(ctx, "task", "the task "+t.ARN, taskLimit, func(ctx context.Context) (string, error) {
		if d.record != nil { // the environment is held meanwhile
			if err := d.mayChange(ctx); err != nil {
				return "", err
			}
		}
		task, err := d.task(ctx, t.ARN)
		if err != nil {
			return "", err
		}
		if err := lines.read(ctx, printed); err != nil {
			return "", err
		}
		if aws.ToString(task.LastStatus) != "STOPPED" {
			return "the task is " + strings.ToLower(aws.ToString(task.LastStatus)), nil
		}
		t.Ended = time.Now().UTC()
		for i := range task.Containers {
			if c := &task.Containers[i]; aws.ToString(c.Name) == container {
				t.Code = c.ExitCode
			}
		}
		switch {
		case t.Code == nil:
			return "", final{errs.New(errs.Internal, "it did not run: "+aws.ToString(task.StoppedReason))}
		case *t.Code != 0:
			return "", final{errs.New(errs.Internal, fmt.Sprintf("enishi %s failed with code %d", t.Command[0], *t.Code))}
		}
		return "", nil
	})
}

func (d *deployment) keepTask(ctx context.Context, t *Task) error {
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return fmt.Errorf("write the record of a task: %w", err)
	}
	_, err = d.ledger.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &d.ledger.bucket, Key: aws.String("deploy/tasks/" + t.ID + ".json"), Body: bytes.NewReader(text), ContentType: aws.String("application/json"),
	})
	if err != nil {
		return fmt.Errorf("keep the record of a task: %w", err)
	}
	return nil
}

// lines reads what a task prints, from where it goes in CloudWatch.
type lines struct {
	client        *cloudwatchlogs.Client
	group, stream string
	next          *string
}

func newLines(config *aws.Config, d *types.TaskDefinition, arn string) *lines {
	l := &lines{client: cloudwatchlogs.NewFromConfig(*config)}
	for i := range d.ContainerDefinitions {
		c := &d.ContainerDefinitions[i]
		if aws.ToString(c.Name) == container && c.LogConfiguration != nil {
			l.group = c.LogConfiguration.Options["awslogs-group"]
			l.stream = c.LogConfiguration.Options["awslogs-stream-prefix"] + "/" + container + "/" + taskID(arn)
		}
	}
	return l
}

// read hands on what has been printed since the last time. A stream that is not there yet,
// or lines that go elsewhere, are no failure: the task runs all the same.
func (l *lines) read(ctx context.Context, printed func(string)) error {
	if l.group == "" {
		return nil
	}
	for {
		out, err := l.client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: &l.group, LogStreamName: &l.stream, NextToken: l.next, StartFromHead: aws.Bool(true)})
		var none *logtypes.ResourceNotFoundException
		if errors.As(err, &none) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read what the task prints, from %s in %s: %w", l.stream, l.group, err)
		}
		for _, e := range out.Events {
			printed(aws.ToString(e.Message))
		}
		if aws.ToString(out.NextForwardToken) == aws.ToString(l.next) { // the end, for now
			return nil
		}
		l.next = out.NextForwardToken
	}
}
