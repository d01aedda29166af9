package deploytest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// task is a one-off one.
type task struct {
	arn, token, definition string
	asked                  string // all that was asked for
	command                string
	words                  []string
	environment            map[string]string // that it was given beside its definition's
	began                  time.Time
	starts, takes          time.Duration
	code                   int32
	image                  string
	deployment             string // that it waits for, before it does anything
	tested                 map[string]time.Time
	stopped                time.Time
	doing                  bool     // what it was told, by Account.Do
	lines                  []string // that it printed then
}

// startedBy are the names that ECS takes of whoever starts a task.
var startedBy = regexp.MustCompile(`^[A-Za-z0-9_/-]{0,128}$`)

// taskTakes is how long tasks take to do what they were told, unless the account says otherwise.
const taskTakes = 5 * time.Second

// patience is how long a task waits for a deployment.
const patience = 15 * time.Minute

func (t *task) status() string {
	begins := t.began.Add(t.starts)
	found := t.tested[t.deployment]
	switch now := time.Now(); {
	case !t.stopped.IsZero():
		return "STOPPED"
	case t.doing:
		return "RUNNING"
	case now.Before(begins):
		return "PROVISIONING"
	case t.deployment != "" && found.IsZero():
		if now.Sub(begins) < patience {
			return "RUNNING"
		}
		t.code, t.stopped = 1, now
		return "STOPPED"
	case found.After(begins):
		begins = found
		fallthrough
	default:
		if now.Before(begins.Add(t.takes)) {
			return "RUNNING"
		}
		return "STOPPED"
	}
}

// reached notes since when the test listener leads to what a deployment has started.
func (a *Account) reached(target string, since time.Time) {
	for _, v := range a.find(target).ContainerDefinitions[0].Environment {
		if aws.ToString(v.Name) == "ENISHI_DEPLOYMENT" {
			a.tested[aws.ToString(v.Value)] = since
		}
	}
}

// passed says whether a task of an image has done a command well.
func (a *Account) passed(command, image string) bool {
	return slices.ContainsFunc(a.tasks, func(t *task) bool {
		return t.command == command && t.image == image && t.status() == "STOPPED" && t.code == 0
	})
}

// Ran is a one-off task, and what it was told of whoever had it run.
type Ran struct {
	Words []string
	Told  map[string]string
}

// Ran gives the one-off tasks that were run, the first one first.
func (a *Account) Ran() []Ran {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Ran
	for _, t := range a.tasks {
		out = append(out, Ran{t.words, t.environment})
	}
	return out
}

// find gives a task definition by its ARN, or the newest of a family; nil if there is none.
func (a *Account) find(name string) *definition {
	for _, d := range slices.Backward(a.definitions) {
		if *d.TaskDefinitionArn == name || *d.Family == name {
			return d
		}
	}
	return nil
}

func (a *Account) describeTaskDefinition(in *ecs.DescribeTaskDefinitionInput) (*ecs.DescribeTaskDefinitionOutput, error) {
	d := a.find(aws.ToString(in.TaskDefinition))
	if d == nil {
		return nil, refuse("ClientException", "Unable to describe task definition.")
	}
	out := &ecs.DescribeTaskDefinitionOutput{TaskDefinition: &d.TaskDefinition}
	if slices.Contains(in.Include, types.TaskDefinitionFieldTags) {
		out.Tags = d.tags
	}
	return out, nil
}

func (a *Account) registerTaskDefinition(in *ecs.RegisterTaskDefinitionInput) (*ecs.RegisterTaskDefinitionOutput, error) {
	before := a.find(aws.ToString(in.Family))
	if before == nil {
		a.fault("a family %s appeared", aws.ToString(in.Family))
	}
	d := &definition{TaskDefinition: types.TaskDefinition{
		Family: in.Family, Cpu: in.Cpu, Memory: in.Memory, NetworkMode: in.NetworkMode, RequiresCompatibilities: in.RequiresCompatibilities,
		TaskRoleArn: in.TaskRoleArn, ExecutionRoleArn: in.ExecutionRoleArn, RuntimePlatform: in.RuntimePlatform, Volumes: in.Volumes, ContainerDefinitions: in.ContainerDefinitions,
	}, tags: in.Tags}
	for i := range d.ContainerDefinitions {
		if image := aws.ToString(d.ContainerDefinitions[i].Image); !strings.Contains(image, "@sha256:") {
			return nil, refuse("ClientException", "%s is no digest", image)
		}
		a.pulls(aws.ToString(d.ContainerDefinitions[i].Image))
	}
	a.add(d)
	if before != nil {
		a.compare(&before.TaskDefinition, &d.TaskDefinition)
	}
	return &ecs.RegisterTaskDefinitionOutput{TaskDefinition: &d.TaskDefinition, Tags: in.Tags}, nil
}

// compare notes what a new revision has lost of the one before it.
func (a *Account) compare(before, after *types.TaskDefinition) {
	x, y := before.ContainerDefinitions[0], after.ContainerDefinitions[0]
	same := aws.ToString(before.Cpu) == aws.ToString(after.Cpu) && aws.ToString(before.Memory) == aws.ToString(after.Memory) && before.NetworkMode == after.NetworkMode &&
		aws.ToString(before.TaskRoleArn) == aws.ToString(after.TaskRoleArn) && len(before.Volumes) == len(after.Volumes) && slices.Equal(before.RequiresCompatibilities, after.RequiresCompatibilities) &&
		slices.Equal(x.Command, y.Command) && len(set(x)) == len(set(y))
	if !same {
		a.fault("%s is not the one before it with another image", *after.TaskDefinitionArn)
	}
}

// set gives the variables of a container that no deployment has added.
func set(c types.ContainerDefinition) []types.KeyValuePair {
	return slices.DeleteFunc(slices.Clone(c.Environment), func(v types.KeyValuePair) bool { return aws.ToString(v.Name) == "ENISHI_DEPLOYMENT" })
}

func (a *Account) listTaskDefinitionFamilies(in *ecs.ListTaskDefinitionFamiliesInput) (*ecs.ListTaskDefinitionFamiliesOutput, error) {
	out := &ecs.ListTaskDefinitionFamiliesOutput{}
	for _, d := range a.definitions {
		if strings.HasPrefix(*d.Family, aws.ToString(in.FamilyPrefix)) && !slices.Contains(out.Families, *d.Family) {
			out.Families = append(out.Families, *d.Family)
		}
	}
	return out, nil
}

// earlier gives all that is asked for, and the task that was started by the same token and is the
// same in that; nil: there is none.
func (a *Account) earlier(in *ecs.RunTaskInput) (string, *task, error) {
	if by := aws.ToString(in.StartedBy); !startedBy.MatchString(by) {
		return "", nil, refuse("InvalidParameterException", "Invalid startedBy %q", by)
	}
	asked, err := json.Marshal(in)
	if err != nil {
		return "", nil, err
	}
	for _, t := range a.tasks {
		if t.token == aws.ToString(in.ClientToken) && t.asked != string(asked) {
			return "", nil, refuse("ConflictException", "The specified client token was used with other parameters.")
		}
		if t.token == aws.ToString(in.ClientToken) {
			return t.asked, t, nil
		}
	}
	return string(asked), nil, nil
}

func (a *Account) runTask(in *ecs.RunTaskInput) (*ecs.RunTaskOutput, error) {
	if aws.ToString(in.Cluster) != "enishi-"+a.Environment {
		return nil, refuse("ClusterNotFoundException", "Cluster not found.")
	}
	d := a.find(aws.ToString(in.TaskDefinition))
	if d == nil || in.NetworkConfiguration == nil {
		return nil, refuse("InvalidParameterException", "TaskDefinition and network configuration must be given.")
	}
	if at := in.NetworkConfiguration.AwsvpcConfiguration; at == nil || !slices.Equal(at.Subnets, []string{"subnet-1", "subnet-2", "subnet-3"}) || !slices.Equal(at.SecurityGroups, []string{"sg-once"}) {
		a.fault("a task that runs once stands elsewhere: %+v", at)
	}
	asked, earlier, err := a.earlier(in)
	if err != nil {
		return nil, err
	}
	if earlier != nil {
		return &ecs.RunTaskOutput{Tasks: []types.Task{a.task(earlier)}}, nil
	}
	t := &task{
		asked: asked, token: aws.ToString(in.ClientToken), definition: *d.TaskDefinitionArn, image: *d.ContainerDefinitions[0].Image, began: time.Now(), starts: a.span((a.serves() - own)), takes: a.span(taskTakes),
		command: in.Overrides.ContainerOverrides[0].Command[0], words: in.Overrides.ContainerOverrides[0].Command, arn: a.arn("task", fmt.Sprintf("enishi-%s/%032d", a.Environment, len(a.tasks)+1)),
	}
	t.environment = map[string]string{}
	size := 0
	for _, v := range in.Overrides.ContainerOverrides[0].Environment {
		t.environment[aws.ToString(v.Name)] = aws.ToString(v.Value)
		size += len(aws.ToString(v.Name)) + len(aws.ToString(v.Value))
	}
	for _, word := range in.Overrides.ContainerOverrides[0].Command {
		size += len(word)
	}
	if size > 8192 {
		return nil, refuse("InvalidParameterException", "Container overrides length must be at most 8192")
	}
	for _, name := range []string{"ENISHI_BY", "ENISHI_WHY", "ENISHI_CONFIRM"} {
		if t.environment[name] == "" {
			a.fault("enishi %s was run without %s: the audit log would not know", t.command, name)
		}
	}
	if t.token == "" {
		a.fault("enishi %s was run without a token: it may run twice", t.command)
	}
	for _, other := range a.tasks {
		if other.command == t.command && other.status() != "STOPPED" && !slices.Contains(t.words, "--plan") && !slices.Contains(t.words, "--look") { // which only look
			a.fault("enishi %s runs twice", t.command)
		}
	}
	if i := slices.Index(t.words, "--deployment"); i > 0 {
		t.deployment, t.tested = t.words[i+1], a.tested
	}
	if a.Exit != nil {
		t.code, t.takes = a.Exit(t.command)
		t.takes = a.span(t.takes)
	}
	a.tasks = append(a.tasks, t)
	if t.doing = a.Do != nil; t.doing {
		go a.do(t)
	}
	return &ecs.RunTaskOutput{Tasks: []types.Task{a.task(t)}}, nil
}

// do does what a task is told.
func (a *Account) do(t *task) {
	code, lines := a.Do(t.words, t.environment)
	a.mu.Lock()
	defer a.mu.Unlock()
	t.code, t.lines, t.stopped, t.doing = code, lines, time.Now(), false
}

func (a *Account) task(t *task) types.Task {
	out := types.Task{TaskArn: &t.arn, TaskDefinitionArn: &t.definition, LastStatus: aws.String(t.status()), Group: aws.String("family:" + a.family("once")), Containers: []types.Container{{Name: aws.String("enishi")}}}
	if t.status() == "STOPPED" {
		out.Containers[0].ExitCode = &t.code
	}
	return out
}

func (a *Account) findTask(arn string) *task {
	for _, t := range a.tasks {
		if t.arn == arn {
			return t
		}
	}
	return nil
}

func (a *Account) describeTasks(in *ecs.DescribeTasksInput) (*ecs.DescribeTasksOutput, error) {
	out := &ecs.DescribeTasksOutput{}
	of := slices.Concat(a.serviceTasks(), a.stopping())
	for _, arn := range in.Tasks {
		if i := slices.IndexFunc(of, func(one types.Task) bool { return *one.TaskArn == arn }); i >= 0 {
			out.Tasks = append(out.Tasks, of[i])
			continue
		}
		t := a.findTask(arn)
		if t == nil || t.status() == "STOPPED" && time.Since(t.began) > time.Hour { // as ECS forgets them
			out.Failures = append(out.Failures, types.Failure{Arn: &arn, Reason: aws.String("MISSING")})
			continue
		}
		out.Tasks = append(out.Tasks, a.task(t))
	}
	return out, nil
}

func (a *Account) stopTask(in *ecs.StopTaskInput) (*ecs.StopTaskOutput, error) {
	for _, one := range a.serviceTasks() {
		if strings.HasSuffix(*one.TaskArn, "/"+aws.ToString(in.Task)) {
			a.replaced++
			return &ecs.StopTaskOutput{Task: &one}, nil
		}
	}
	t := a.findTask(aws.ToString(in.Task))
	if t == nil {
		return nil, refuse("InvalidParameterException", "The referenced task was not found.")
	}
	if t.command == "migrate" {
		a.fault("a migration was stopped")
	}
	if t.status() != "STOPPED" {
		t.code, t.stopped = 143, time.Now()
	}
	out := a.task(t)
	return &ecs.StopTaskOutput{Task: &out}, nil
}
