package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"enishi/internal/errs"
)

// failed is how a task of the program ended that did not do what it was told.
type failed struct {
	command string
	code    int32
	log     string
}

func (f failed) Error() string {
	return fmt.Sprintf("enishi %s failed with code %d: its log is in the stream %s", f.command, f.code, f.log)
}

// onceEnds waits until a task ends well.
func (d *deployment) onceEnds(ctx context.Context, step, family, arn string, limit time.Duration, command string) error {
	return d.await(ctx, step, "the task "+arn, limit, func(ctx context.Context) (string, error) { return d.onceEnded(ctx, family, arn, command) })
}

// onceEnded looks whether a task has ended well.
func (d *deployment) onceEnded(ctx context.Context, family, arn, command string) (string, error) {
	task, err := d.task(ctx, arn)
	switch {
	case err != nil:
		return "", err
	case aws.ToString(task.LastStatus) != "STOPPED":
		return "the task is " + strings.ToLower(aws.ToString(task.LastStatus)), nil
	}
	for i := range task.Containers {
		c := &task.Containers[i]
		if aws.ToString(c.Name) == container && c.ExitCode != nil && *c.ExitCode == 0 {
			return "", nil
		}
		if c.ExitCode != nil {
			return "", final{failed{command, *c.ExitCode, family + "/" + container + "/" + taskID(arn)}}
		}
	}
	return "", final{errs.New(errs.Internal, fmt.Sprintf("enishi %s did not run: %s", command, aws.ToString(task.StoppedReason)))}
}

func (d *deployment) startOnce(ctx context.Context, step, family string, arn *string, by order, command []string) error {
	if err := d.mayChange(ctx); err != nil {
		return err
	}
	r := d.record
	from, _, err := d.account.definition(ctx, d.account.family(family))
	if err != nil {
		return err
	}
	definition, err := d.account.register(ctx, from, r.Image, r.ID)
	if err != nil {
		return err
	}
	if *arn, err = d.run(ctx, definition, r.ID, r.ID+step, by, command); err != nil {
		return err
	}
	return d.save(ctx)
}

// run starts a task of a definition and gives its ARN: a second try with the same token gives
// the same task.
func (d *deployment) run(ctx context.Context, definition, id, token string, by order, command []string) (string, error) {
	at, err := d.account.standing(ctx)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(token))
	over := &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{Name: aws.String(container), Command: command, Environment: by.environment(d.o.Environment)}}}
	if d.o.Disk > 0 {
		over.EphemeralStorage = &types.EphemeralStorage{SizeInGiB: d.o.Disk}
	}
	out, err := d.account.ecs.RunTask(ctx, &ecs.RunTaskInput{
		Cluster: aws.String(d.account.cluster()), TaskDefinition: &definition, LaunchType: types.LaunchTypeFargate, NetworkConfiguration: at,
		ClientToken: aws.String(hex.EncodeToString(sum[:])), StartedBy: aws.String(startedBy(id)), PropagateTags: types.PropagateTagsTaskDefinition,
		Overrides: over,
	})
	if err != nil {
		return "", fmt.Errorf("run enishi %s: %w", command[0], err)
	}
	if len(out.Tasks) != 1 {
		return "", errs.New(errs.Internal, "enishi "+command[0]+" could not be run: "+reasons(out.Failures))
	}
	return aws.ToString(out.Tasks[0].TaskArn), nil
}

// standing gives where in the network tasks that run once stand, as the stack of the cluster says: they need no
// service.
func (a *account) standing(ctx context.Context) (*types.NetworkConfiguration, error) {
	text, err := a.parameter(ctx, "tasks")
	if err != nil {
		return nil, err
	}
	var at struct {
		Subnets []string `json:"subnets"`
		Door    string   `json:"door"`
	}
	if err := json.Unmarshal([]byte(text), &at); err != nil || len(at.Subnets) == 0 || at.Door == "" {
		return nil, errs.New(errs.Internal, fmt.Sprintf("the parameter /enishi/%s/tasks is %q, want the subnets and the security group of tasks that run once: enishi env up %[1]s writes it", a.name, text))
	}
	return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: at.Subnets, SecurityGroups: []string{at.Door}, AssignPublicIp: types.AssignPublicIpDisabled}}, nil
}

// startedBy gives an id in the signs, and as short, as ECS takes it.
func startedBy(id string) string {
	id = strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, id)
	return id[:min(len(id), mostStartedBy)]
}

// mostStartedBy is what ECS took before it took 128.
const mostStartedBy = 36

func (d *deployment) task(ctx context.Context, arn string) (*types.Task, error) {
	out, err := d.account.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(d.account.cluster()), Tasks: []string{arn}})
	if err != nil {
		return nil, fmt.Errorf("look at the task %s: %w", arn, err)
	}
	if len(out.Tasks) != 1 {
		return nil, fmt.Errorf("look at the task %s: %s", arn, reasons(out.Failures))
	}
	return &out.Tasks[0], nil
}

func reasons(failures []types.Failure) string {
	var out []string
	for _, f := range failures {
		out = append(out, strings.TrimSpace(aws.ToString(f.Reason)+" "+aws.ToString(f.Detail)))
	}
	return strings.Join(out, ", ")
}

// taskID is the last part of a task's ARN, which its log is named after.
func taskID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
