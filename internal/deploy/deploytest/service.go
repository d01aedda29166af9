package deploytest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// service is one of ECS, with every deployment that it had.
type service struct {
	name     string
	config   types.DeploymentConfiguration
	serving  string // the task definition that tasks run of, or go back to
	rollouts []*rollout

	// How many tasks somebody wants, since when, and how many there were before; nil: as many as scaling gives it.
	wanted *int32
	since  time.Time
	had    int
}

// rollout is a deployment of a service, on its way through stages.
type rollout struct {
	arn, revision  string
	target, source string
	began          time.Time
	pause          bool
	guards         []string // alarms under which it goes back
	unwatched      bool     // one of them was on when it began, so that ECS looks at none

	stage    int       // of stages
	since    time.Time // when it came to it
	hook     types.DeploymentLifecycleHookStatus
	status   types.ServiceDeploymentStatus
	reason   string
	returned time.Time // when it began to go back
}

// leg is a stage of a deployment, and how long it takes.
type leg struct {
	stage types.ServiceDeploymentLifecycleStage
	takes time.Duration
	share float64 // of the traffic that the new version has, in percent
}

// The canary of the account, and how long its tasks take until they serve: Soon is what three
// minutes from a commit to all traffic need, Assumed what scaling reckons with. Tests of infra compare
// them with the templates and with infra/scaling, by testdata/pace.golden of internal/deploy.
const (
	CanaryPercent = 10
	CanaryMinutes = 1
	Soon          = 40 * time.Second
	Assumed       = 75 * time.Second
	// own is the part of it that the program takes: to read its snapshot, and to be well twice, which
	// the load balancer asks every 5 s. A task that runs once has none of it.
	own = 25 * time.Second
)

const (
	hookPatience = 30 * time.Minute // at whatever pace: whoever is waited for is a program in real time, on a machine that may be slow
	goingBack    = 15 * time.Second
	// seen is how long it takes until what was done is listed.
	seen = 3 * time.Second
)

// legs gives the stages as Amazon's documentation of blue/green and canary deployments has
// them.
func (a *Account) legs(s *service) []leg {
	if s.config.Strategy == types.DeploymentStrategyRolling {
		return []leg{{"", a.span(a.serves() + 5*time.Second), 0}}
	}
	canary := s.config.CanaryConfiguration
	out := []leg{
		{types.ServiceDeploymentLifecycleStageReconcileService, 2 * time.Second, 0},
		{types.ServiceDeploymentLifecycleStagePreScaleUp, 2 * time.Second, 0},
		{types.ServiceDeploymentLifecycleStageScaleUp, a.serves(), 0},
		{types.ServiceDeploymentLifecycleStagePostScaleUp, 2 * time.Second, 0},
		{types.ServiceDeploymentLifecycleStageTestTrafficShift, 4 * time.Second, 0},
		{types.ServiceDeploymentLifecycleStagePostTestTrafficShift, 2 * time.Second, 0},
		{types.ServiceDeploymentLifecycleStageProductionTrafficShift, time.Duration(*canary.CanaryBakeTimeInMinutes) * time.Minute, *canary.CanaryPercent},
		{types.ServiceDeploymentLifecycleStagePostProductionTrafficShift, 2 * time.Second, 100},
		{types.ServiceDeploymentLifecycleStageBakeTime, time.Duration(*s.config.BakeTimeInMinutes) * time.Minute, 100},
		{types.ServiceDeploymentLifecycleStageCleanUp, 5 * time.Second, 100},
	}
	for i := range out {
		out[i].takes = a.span(out[i].takes)
	}
	return out
}

func (a *Account) newService(name string, config types.DeploymentConfiguration) *service {
	return &service{name: name, config: config, serving: *a.find(a.family(name)).TaskDefinitionArn}
}

func (s *service) moving() *rollout {
	for _, r := range s.rollouts {
		switch r.status {
		case types.ServiceDeploymentStatusPending, types.ServiceDeploymentStatusInProgress, types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress:
			return r
		}
	}
	return nil
}

// share gives how much of the traffic another image than Before has.
func (a *Account) share(s *service) float64 {
	of := func(definition string, part float64) float64 {
		if a.image(definition) == Before {
			return 0
		}
		return part
	}
	if r := s.moving(); r != nil && r.returned.IsZero() {
		part := a.legs(s)[r.stage].share
		return of(r.target, part) + of(r.source, 100-part)
	}
	return of(s.serving, 100)
}

// advance brings every service and task to what it is now.
func (a *Account) advance() {
	now := time.Now()
	a.advanceStacks(now)
	a.advanceSchedules(now)
	a.parts.advance()
	a.advanceCopies()
	for _, s := range a.services {
		for r := s.moving(); r != nil && a.move(s, r, now); r = s.moving() { //nolint:revive // it moves until it stands
		}
	}
}

// move takes a deployment one stage on; no if it stands where it is.
func (a *Account) move(s *service, r *rollout, now time.Time) bool {
	if !r.returned.IsZero() {
		if now.Sub(r.returned) < a.span(goingBack) {
			return false
		}
		r.status, s.serving = types.ServiceDeploymentStatusRollbackSuccessful, r.source
		return true
	}
	leg := a.legs(s)[r.stage]
	r.status = types.ServiceDeploymentStatusInProgress
	on := a.firing(r.guards, a.share(s))
	switch {
	case len(on) > 0 && !r.unwatched:
		r.back(now, "alarms detected: "+strings.Join(on, ", "))
		return true
	case leg.stage == types.ServiceDeploymentLifecycleStagePostTestTrafficShift && r.pause && r.hook != types.DeploymentLifecycleHookStatusSucceeded:
		r.hook = types.DeploymentLifecycleHookStatusAwaitingAction
		if now.Sub(r.since) >= hookPatience {
			r.back(now, "the hook timed out")
			return true
		}
		return false
	case now.Sub(r.since) < leg.takes:
		return false
	case slices.Contains(a.Broken, a.image(r.target)) && (leg.stage == types.ServiceDeploymentLifecycleStageScaleUp || leg.stage == ""):
		r.back(now, "tasks failed to start: the circuit breaker was triggered")
		return true
	}
	r.since = r.since.Add(leg.takes)
	if leg.stage == types.ServiceDeploymentLifecycleStageTestTrafficShift {
		a.reached(r.target, r.since)
	}
	if r.stage++; r.stage == len(a.legs(s)) {
		r.stage--
		r.status, s.serving = types.ServiceDeploymentStatusSuccessful, r.target
	}
	return true
}

func (r *rollout) back(now time.Time, reason string) {
	r.returned, r.reason, r.status = now, reason, types.ServiceDeploymentStatusRollbackInProgress
}

func (a *Account) image(arn string) string {
	if d := a.find(arn); d != nil {
		return *d.ContainerDefinitions[0].Image
	}
	return ""
}

func (a *Account) findService(cluster, name *string) (*service, error) {
	if aws.ToString(cluster) != "enishi-"+a.Environment {
		return nil, refuse("ClusterNotFoundException", "Cluster not found.")
	}
	s := a.services[aws.ToString(name)]
	if s == nil {
		return nil, refuse("ServiceNotFoundException", "Service not found.")
	}
	return s, nil
}

func (a *Account) describeServices(in *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
	out := &ecs.DescribeServicesOutput{}
	for _, name := range in.Services {
		s, err := a.findService(in.Cluster, &name)
		if err != nil {
			return nil, err
		}
		out.Services = append(out.Services, a.service(s))
	}
	return out, nil
}

func (a *Account) service(s *service) types.Service {
	out := types.Service{
		ServiceName: &s.name, ServiceArn: aws.String(a.arn("service", "enishi-"+a.Environment+"/"+s.name)), Status: aws.String("ACTIVE"), TaskDefinition: &s.serving,
		DeploymentConfiguration: &s.config, DesiredCount: int32(a.count(s)), RunningCount: int32(a.count(s)),
		LoadBalancers:        balanced(s.name),
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}},
	}
	if r := s.moving(); r != nil {
		out.CurrentServiceDeployment = &r.arn
		if r.returned.IsZero() {
			out.TaskDefinition = &r.target
		}
	}
	return out
}

func (a *Account) updateService(in *ecs.UpdateServiceInput) (*ecs.UpdateServiceOutput, error) {
	s, err := a.findService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if in.DesiredCount != nil {
		if !slices.Contains(a.suspended, s.name) {
			a.fault("the number of tasks of %s was set, which scaling sets otherwise", s.name)
		}
		if s.wanted == nil || *s.wanted != *in.DesiredCount {
			s.had, s.since, s.wanted = a.count(s), time.Now(), in.DesiredCount
		}
	}
	if in.TaskDefinition != nil {
		d := a.find(*in.TaskDefinition)
		switch {
		case d == nil || !strings.HasPrefix(*in.TaskDefinition, "arn:"):
			return nil, refuse("ClientException", "Unable to describe task definition %s.", *in.TaskDefinition)
		case *d.Family != a.family(s.name):
			a.fault("the service %s was given %s", s.name, *in.TaskDefinition)
		}
		if r := s.moving(); r != nil {
			if r.target == *d.TaskDefinitionArn && r.returned.IsZero() {
				return &ecs.UpdateServiceOutput{Service: pointer(a.service(s))}, nil // nothing to change
			}
			return nil, refuse("InvalidParameterException", "the service has a deployment in progress: %s", r.arn)
		}
	}
	if in.DeploymentConfiguration != nil {
		if in.DeploymentConfiguration.Strategy != s.config.Strategy {
			a.fault("the strategy of %s was changed", s.name)
		}
		if err := a.guardedBy(in.DeploymentConfiguration.Alarms); err != nil {
			return nil, err
		}
		s.config = *in.DeploymentConfiguration
	}
	if in.TaskDefinition != nil && *in.TaskDefinition != s.serving {
		a.roll(s, *in.TaskDefinition)
	}
	return &ecs.UpdateServiceOutput{Service: pointer(a.service(s))}, nil
}

// Set keeps a value under the name of a parameter, as somebody does by hand.
func (a *Account) Set(name, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.parameters["/enishi/"+a.Environment+"/"+name] = value
}

// Parameters gives what the account keeps by its name.
func (a *Account) Parameters() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.parameters)
}

// Change lets somebody give a service a copy of what it runs that they have changed by hand.
func (a *Account) Change(service string, change func(*ecs.RegisterTaskDefinitionInput)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.services[service]
	before := a.find(s.serving).TaskDefinition
	in := &ecs.RegisterTaskDefinitionInput{Family: before.Family, Cpu: before.Cpu, Memory: before.Memory, TaskRoleArn: before.TaskRoleArn, ContainerDefinitions: slices.Clone(before.ContainerDefinitions)}
	change(in)
	d := &definition{TaskDefinition: types.TaskDefinition{Family: in.Family, Cpu: in.Cpu, Memory: in.Memory, TaskRoleArn: in.TaskRoleArn, ContainerDefinitions: in.ContainerDefinitions, RegisteredBy: aws.String(Identity)}}
	a.add(d)
	s.serving = *d.TaskDefinitionArn
}

// Move lets somebody else deploy what a service runs anew.
func (a *Account) Move(service string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.roll(a.services[service], a.services[service].serving)
}

func (a *Account) roll(s *service, target string) {
	if image := a.image(target); image != Before && !a.Expanded && !a.passed("migrate", image) {
		a.fault("%s came before its schema", image)
	}
	id := fmt.Sprintf("%s%d", s.name, len(s.rollouts)+1)
	where := "enishi-" + a.Environment + "/" + s.name + "/" + id
	r := &rollout{
		arn: a.arn("service-deployment", where), revision: a.arn("service-revision", where), target: target, source: s.serving,
		began: time.Now(), since: time.Now(), status: types.ServiceDeploymentStatusPending,
	}
	if s.config.Alarms != nil && s.config.Alarms.Enable && s.config.Alarms.Rollback {
		r.guards = s.config.Alarms.AlarmNames
		r.unwatched = len(a.firing(r.guards, a.share(s))) > 0
	}
	for _, hook := range s.config.LifecycleHooks {
		r.pause = r.pause || hook.TargetType == types.DeploymentLifecycleHookTargetTypePause && slices.Contains(hook.LifecycleStages, types.DeploymentLifecycleHookStagePostTestTrafficShift)
	}
	if a.image(target) != Before && s.name == "web" && !r.pause {
		a.fault("%s does not pause before people are sent to it", a.image(target))
	}
	s.rollouts = append(s.rollouts, r)
}

func (a *Account) listServiceDeployments(in *ecs.ListServiceDeploymentsInput) (*ecs.ListServiceDeploymentsOutput, error) {
	s, err := a.findService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	out := &ecs.ListServiceDeploymentsOutput{}
	for _, r := range s.rollouts {
		if time.Since(r.began) < a.span(seen) || in.CreatedAt != nil && in.CreatedAt.After != nil && r.began.Before(*in.CreatedAt.After) {
			continue
		}
		out.ServiceDeployments = append(out.ServiceDeployments, types.ServiceDeploymentBrief{
			ServiceDeploymentArn: &r.arn, TargetServiceRevisionArn: &r.revision, CreatedAt: &r.began, Status: r.status,
		})
	}
	return out, nil
}

// rollout finds one by its ARN or that of its revision.
func (a *Account) rollout(arn string) (*service, *rollout) {
	for _, s := range a.services {
		for _, r := range s.rollouts {
			if r.arn == arn || r.revision == arn {
				return s, r
			}
		}
	}
	return nil, nil
}

func (a *Account) describeServiceDeployments(in *ecs.DescribeServiceDeploymentsInput) (*ecs.DescribeServiceDeploymentsOutput, error) {
	out := &ecs.DescribeServiceDeploymentsOutput{}
	for _, arn := range in.ServiceDeploymentArns {
		s, r := a.rollout(arn)
		if r == nil || r.arn != arn {
			return nil, refuse("ServiceDeploymentNotFoundException", "%s", arn)
		}
		one := types.ServiceDeployment{
			ServiceDeploymentArn: &r.arn, Status: r.status, StatusReason: &r.reason, CreatedAt: &r.began, DeploymentConfiguration: &s.config, LifecycleStage: a.legs(s)[r.stage].stage,
			TargetServiceRevision: &types.ServiceRevisionSummary{Arn: &r.revision, RequestedTaskCount: 3, RunningTaskCount: 3},
		}
		if len(r.guards) > 0 {
			one.Alarms = &types.ServiceDeploymentAlarms{AlarmNames: r.guards, Status: types.ServiceDeploymentRollbackMonitorsStatusMonitoring}
			if r.unwatched {
				one.Alarms.Status = types.ServiceDeploymentRollbackMonitorsStatusDisabled
			}
		}
		if r.pause && r.hook != "" {
			one.LifecycleHookDetails = []types.DeploymentLifecycleHookDetail{{HookId: aws.String("hook-1"), TargetType: types.DeploymentLifecycleHookTargetTypePause, Status: r.hook}}
		}
		out.ServiceDeployments = append(out.ServiceDeployments, one)
	}
	return out, nil
}

func (a *Account) describeServiceRevisions(in *ecs.DescribeServiceRevisionsInput) (*ecs.DescribeServiceRevisionsOutput, error) {
	out := &ecs.DescribeServiceRevisionsOutput{}
	for _, arn := range in.ServiceRevisionArns {
		_, r := a.rollout(arn)
		if r == nil || r.revision != arn {
			return nil, refuse("InvalidParameterException", "%s", arn)
		}
		out.ServiceRevisions = append(out.ServiceRevisions, types.ServiceRevision{ServiceRevisionArn: &r.revision, TaskDefinition: &r.target})
	}
	return out, nil
}

func (a *Account) stopServiceDeployment(in *ecs.StopServiceDeploymentInput) (*ecs.StopServiceDeploymentOutput, error) {
	s, r := a.rollout(aws.ToString(in.ServiceDeploymentArn))
	switch {
	case r == nil:
		return nil, refuse("ServiceDeploymentNotFoundException", "%s", aws.ToString(in.ServiceDeploymentArn))
	case s.moving() != r || !r.returned.IsZero():
		return nil, refuse("ConflictException", "the deployment is %s", r.status)
	case in.StopType != types.StopServiceDeploymentStopTypeRollback:
		a.fault("a deployment was left half-way: %s", in.StopType)
	}
	r.back(time.Now(), "it was asked for")
	return &ecs.StopServiceDeploymentOutput{ServiceDeploymentArn: &r.arn}, nil
}

func (a *Account) continueServiceDeployment(in *ecs.ContinueServiceDeploymentInput) (*ecs.ContinueServiceDeploymentOutput, error) {
	_, r := a.rollout(aws.ToString(in.ServiceDeploymentArn))
	if r == nil || r.hook != types.DeploymentLifecycleHookStatusAwaitingAction || !r.returned.IsZero() || aws.ToString(in.HookId) != "hook-1" {
		return nil, refuse("InvalidParameterException", "no hook of %s awaits an action", aws.ToString(in.ServiceDeploymentArn))
	}
	if in.Action == types.DeploymentLifecycleHookActionRollback {
		r.hook = types.DeploymentLifecycleHookStatusFailed
		r.back(time.Now(), "it was asked for")
	} else {
		if !a.passed("verify", a.image(r.target)) {
			a.fault("people were sent to %s before it was accepted", a.image(r.target))
		}
		if !a.passed("migrate", a.image(r.target)) {
			a.fault("people were sent to %s before its schema was looked at", a.image(r.target))
		}
		r.hook, r.since = types.DeploymentLifecycleHookStatusSucceeded, time.Now()
	}
	return &ecs.ContinueServiceDeploymentOutput{}, nil
}

func pointer[T any](v T) *T { return &v }
