package deploytest

import (
	"cmp"
	"fmt"
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
	case in.MinCapacity == nil || in.MaxCapacity == nil || *in.MinCapacity > *in.MaxCapacity:
		return nil, refuse("ValidationException", "Maximum capacity cannot be less than minimum capacity")
	case in.ServiceNamespace != scaletypes.ServiceNamespaceEcs || in.ScalableDimension != scaletypes.ScalableDimensionECSServiceDesiredCount:
		return nil, refuse("ValidationException", "%s", in.ScalableDimension)
	}
	a.scaled[service] = [2]int32{*in.MinCapacity, *in.MaxCapacity}
	return &applicationautoscaling.RegisterScalableTargetOutput{}, nil
}

// serviceTasks gives the tasks of the services: as many as scaling gives them at least. Each that
// was stopped has another in its place.
func (a *Account) serviceTasks() []types.Task {
	var out []types.Task
	for _, name := range []string{"web", "worker"} {
		s := a.services[name]
		if s == nil {
			continue
		}
		for n := range int(a.scaled[name][0]) {
			id := fmt.Sprintf("%s%d%024x", map[string]string{"web": "aa", "worker": "bb"}[name], n, a.replaced)
			out = append(out, types.Task{
				TaskArn: aws.String(a.arn("task", "enishi-"+a.Environment+"/"+id)), TaskDefinitionArn: &s.serving, Group: aws.String("service:" + name), LastStatus: aws.String("RUNNING"),
				HealthStatus: types.HealthStatusHealthy, StartedAt: aws.Time(time.Unix(1_800_000_000+int64(n), 0)), CreatedAt: aws.Time(cmp.Or(a.Begun, time.Unix(1_800_000_000, 0))), AvailabilityZone: aws.String(Region + "a"),
				Containers: []types.Container{{Name: aws.String("enishi"), NetworkInterfaces: []types.NetworkInterface{{PrivateIpv4Address: aws.String(fmt.Sprintf("10.0.0.%d", n+1))}}}},
			})
		}
	}
	return out
}

// stopping are tasks that are told to stop, or have stopped.
func (a *Account) stopping() []types.Task {
	if a.Stops.IsZero() {
		return nil
	}
	state := "DEACTIVATING"
	if !time.Now().Before(a.Stops) {
		state = "STOPPED"
	}
	arn := a.arn("task", "enishi-"+a.Environment+"/"+strings.Repeat("c", 32))
	return []types.Task{{TaskArn: &arn, TaskDefinitionArn: &a.services["web"].serving, Group: aws.String("service:web"), LastStatus: &state, CreatedAt: aws.Time(time.Unix(0, 0))}}
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
	if in.NextToken == nil { // two pages
		return &ecs.ListTasksOutput{TaskArns: all[:1], NextToken: aws.String("more")}, nil
	}
	return &ecs.ListTasksOutput{TaskArns: all[1:]}, nil
}
