package deploytest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scaletypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Scaled gives what scaling goes by for a service, at least and at most.
func (a *Account) Scaled(service string) (least, most int32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.scaled[service][0], a.scaled[service][1]
}

// Replaced gives how many tasks of services were stopped.
func (a *Account) Replaced() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.replaced
}

// scaledOf gives the service that a target's name is of.
func (a *Account) scaledOf(id string) (string, bool) {
	service, ok := strings.CutPrefix(id, "service/enishi-"+a.Environment+"/")
	_, known := a.scaled[service]
	return service, ok && known
}

func (a *Account) describeScalableTargets(in *applicationautoscaling.DescribeScalableTargetsInput) (*applicationautoscaling.DescribeScalableTargetsOutput, error) {
	out := &applicationautoscaling.DescribeScalableTargetsOutput{}
	for _, id := range in.ResourceIds {
		if service, ok := a.scaledOf(id); ok {
			b := a.scaled[service]
			out.ScalableTargets = append(out.ScalableTargets, scaletypes.ScalableTarget{
				ResourceId: aws.String(id), MinCapacity: aws.Int32(b[0]), MaxCapacity: aws.Int32(b[1]), ServiceNamespace: in.ServiceNamespace, ScalableDimension: in.ScalableDimension,
				RoleARN: aws.String("arn:aws:iam::" + number + ":role/scaling"), CreationTime: aws.Time(time.Unix(0, 0)),
			})
		}
	}
	return out, nil
}

func (a *Account) registerScalableTarget(in *applicationautoscaling.RegisterScalableTargetInput) (*applicationautoscaling.RegisterScalableTargetOutput, error) {
	service, ok := a.scaledOf(aws.ToString(in.ResourceId))
	switch {
	case !ok:
		a.fault("a target %s appeared", aws.ToString(in.ResourceId))
	case in.SuspendedState != nil:
		return a.suspend(service, in)
	case in.MinCapacity == nil || in.MaxCapacity == nil || *in.MinCapacity > *in.MaxCapacity:
		return nil, refuse("ValidationException", "Maximum capacity cannot be less than minimum capacity")
	case in.ServiceNamespace != scaletypes.ServiceNamespaceEcs || in.ScalableDimension != scaletypes.ScalableDimensionECSServiceDesiredCount:
		return nil, refuse("ValidationException", "%s", in.ScalableDimension)
	}
	a.scaled[service] = [2]int32{*in.MinCapacity, *in.MaxCapacity}
	return &applicationautoscaling.RegisterScalableTargetOutput{}, nil
}

// suspend keeps scaling from changing a service's number of tasks, of every kind at once, or lets it again.
func (a *Account) suspend(service string, in *applicationautoscaling.RegisterScalableTargetInput) (*applicationautoscaling.RegisterScalableTargetOutput, error) {
	s := in.SuspendedState
	on := aws.ToBool(s.DynamicScalingInSuspended)
	if in.MinCapacity != nil || in.MaxCapacity != nil || on != aws.ToBool(s.DynamicScalingOutSuspended) || on != aws.ToBool(s.ScheduledScalingSuspended) {
		a.fault("the scaling of %s was held up in part", service)
	}
	a.suspended = slices.DeleteFunc(a.suspended, func(one string) bool { return one == service })
	if on {
		a.suspended = append(a.suspended, service)
	}
	return &applicationautoscaling.RegisterScalableTargetOutput{}, nil
}

// count gives how many tasks a service has: as many as somebody wants, or else as scaling gives it at least.
func (a *Account) count(s *service) int {
	if s.wanted != nil {
		return int(*s.wanted)
	}
	return int(a.scaled[s.name][0])
}

// stops is how long tasks take to end that nobody wants any more.
const stops = 40 * time.Second

// serviceTasks gives the tasks of the services. Each that was stopped has another in its place; those that somebody wants
// again are well after a time.
func (a *Account) serviceTasks() []types.Task {
	var out []types.Task
	for _, name := range []string{"web", "worker"} {
		s := a.services[name]
		if s == nil {
			continue
		}
		health := types.HealthStatusHealthy
		if time.Since(s.since) < a.serves() {
			health = types.HealthStatusUnknown
		}
		for n := range a.count(s) {
			id := fmt.Sprintf("%s%d%024x", map[string]string{"web": "aa", "worker": "bb"}[name], n, a.replaced)
			out = append(out, types.Task{
				TaskArn: aws.String(a.arn("task", "enishi-"+a.Environment+"/"+id)), TaskDefinitionArn: &s.serving, Group: aws.String("service:" + name), LastStatus: aws.String("RUNNING"),
				HealthStatus: health, StartedAt: aws.Time(time.Unix(1_800_000_000+int64(n), 0)), CreatedAt: aws.Time(cmp.Or(a.Begun, time.Unix(1_800_000_000, 0))), AvailabilityZone: aws.String(Region + "a"),
				Containers: []types.Container{{Name: aws.String("enishi"), NetworkInterfaces: []types.NetworkInterface{{PrivateIpv4Address: aws.String(fmt.Sprintf("10.0.0.%d", n+1))}}}},
			})
		}
	}
	return out
}

// stopping are tasks that are told to stop, or have stopped.
func (a *Account) stopping() (out []types.Task) {
	for name, s := range a.services {
		if s.wanted == nil || time.Since(s.since) >= stops {
			continue
		}
		for n := range s.had - int(*s.wanted) {
			out = append(out, types.Task{TaskArn: aws.String(a.arn("task", fmt.Sprintf("enishi-%s/%s%030d", a.Environment, name[:2], n))), TaskDefinitionArn: &s.serving, Group: aws.String("service:" + name), LastStatus: aws.String("DEACTIVATING"), CreatedAt: aws.Time(time.Unix(0, 0))})
		}
	}
	if a.Stops.IsZero() {
		return out
	}
	state := "DEACTIVATING"
	if !time.Now().Before(a.Stops) {
		state = "STOPPED"
	}
	arn := a.arn("task", "enishi-"+a.Environment+"/"+strings.Repeat("c", 32))
	return append(out, types.Task{TaskArn: &arn, TaskDefinitionArn: &a.services["web"].serving, Group: aws.String("service:web"), LastStatus: &state, CreatedAt: aws.Time(time.Unix(0, 0))})
}

func (a *Account) listTasks(in *ecs.ListTasksInput) (*ecs.ListTasksOutput, error) {
	if aws.ToString(in.Cluster) != "enishi-"+a.Environment {
		return nil, refuse("ClusterNotFoundException", "Cluster not found.")
	}
	var all []string
	if in.DesiredStatus == types.DesiredStatusStopped {
		for _, t := range a.stopping() {
			all = append(all, *t.TaskArn)
		}
		return &ecs.ListTasksOutput{TaskArns: all}, nil
	}
	for _, t := range a.serviceTasks() {
		all = append(all, *t.TaskArn)
	}
	for _, t := range a.tasks {
		if t.status() != "STOPPED" {
			all = append(all, t.arn)
		}
	}
	if len(all) == 0 {
		return &ecs.ListTasksOutput{}, nil
	}
	if in.NextToken == nil { // two pages
		return &ecs.ListTasksOutput{TaskArns: all[:1], NextToken: aws.String("more")}, nil
	}
	return &ecs.ListTasksOutput{TaskArns: all[1:]}, nil
}
