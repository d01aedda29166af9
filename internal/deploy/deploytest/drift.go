package deploytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The types that can be compared here.
const (
	serviceType = "AWS::ECS::Service"
	targetType  = "AWS::ApplicationAutoScaling::ScalableTarget"
	ruleType    = "AWS::ElasticLoadBalancingV2::ListenerRule"
	balancing   = "AWS::ElasticLoadBalancingV2::"
)

func canCompare(kind string) bool {
	return slices.Contains([]string{serviceType, "AWS::Backup::BackupPlan", "AWS::Backup::BackupVault"}, kind) || strings.HasPrefix(kind, "AWS::ApplicationAutoScaling::") || strings.HasPrefix(kind, balancing) && kind != balancing+"LoadBalancer"
}

// served is as much of the template of services as deployments depend on, as infra writes it.
const served = `{
"Parameters": {
	"WebLeast": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/enishi/ENVIRONMENT/web/least"}, "WebMost": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/enishi/ENVIRONMENT/web/most"},
	"WorkerLeast": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/enishi/ENVIRONMENT/worker/least"}, "WorkerMost": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/enishi/ENVIRONMENT/worker/most"}
},
"Resources": {
	"Load": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Scheme": "internet-facing"}},
	"Blue": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"HealthCheckPath": "/readyz", "HealthCheckIntervalSeconds": 5, "HealthyThresholdCount": 2,
		"TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}, {"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"}]}},
	"Green": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"HealthCheckPath": "/readyz", "HealthCheckIntervalSeconds": 5, "HealthyThresholdCount": 2,
		"TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}, {"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"}]}},
	"Production": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"Port": 443, "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06", "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}},
	"ProductionInside": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Production"}, "Priority": 1,
		"Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/metrics"]}}], "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}},
	"ProductionRule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Production"}, "Priority": 2, "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
		"Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": {"Ref": "Blue"}, "Weight": 1}, {"TargetGroupArn": {"Ref": "Green"}, "Weight": 0}]}}]}},
	"TasksWeb": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Family": "enishi-ENVIRONMENT-web"}},
	"TasksWorker": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Family": "enishi-ENVIRONMENT-worker"}},
	"WebService": {"Type": "AWS::ECS::Service", "Properties": {"ServiceName": "web", "TaskDefinition": {"Ref": "TasksWeb"}, "HealthCheckGracePeriodSeconds": 60, "EnableExecuteCommand": false,
		"DeploymentConfiguration": {"Strategy": "CANARY", "BakeTimeInMinutes": 1, "MinimumHealthyPercent": 100, "MaximumPercent": 200, "CanaryConfiguration": {"CanaryPercent": 10, "CanaryBakeTimeInMinutes": 1}}}},
	"WorkerService": {"Type": "AWS::ECS::Service", "Properties": {"ServiceName": "worker", "TaskDefinition": {"Ref": "TasksWorker"}, "EnableExecuteCommand": false,
		"DeploymentConfiguration": {"Strategy": "ROLLING", "MinimumHealthyPercent": 100, "MaximumPercent": 200}}},
	"WebScaling": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {"ServiceNamespace": "ecs", "ResourceId": "service/enishi-ENVIRONMENT/web", "MinCapacity": {"Ref": "WebLeast"}, "MaxCapacity": {"Ref": "WebMost"},
		"ScheduledActions": [{"ScheduledActionName": "TV", "Schedule": "at(2030-01-01T18:00:00)", "Timezone": "Asia/Tokyo", "ScalableTargetAction": {"MinCapacity": 7}},
			{"ScheduledActionName": "TV-over", "Schedule": "at(2030-01-01T20:00:00)", "Timezone": "Asia/Tokyo", "ScalableTargetAction": {"MinCapacity": {"Ref": "WebLeast"}}}]}},
	"WorkerScaling": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {"ServiceNamespace": "ecs", "ResourceId": "service/enishi-ENVIRONMENT/worker", "MinCapacity": {"Ref": "WorkerLeast"}, "MaxCapacity": {"Ref": "WorkerMost"}}},
	"WebByCpu": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": {"PolicyName": "web-cpu", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 40, "ScaleOutCooldown": 60, "ScaleInCooldown": 2400}}},
	"WorkerByCpu": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": {"PolicyName": "worker-cpu", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 50, "ScaleOutCooldown": 60, "ScaleInCooldown": 2400}}}
}}`

// serviceStack has the stack of services be there, as the template made it.
func (a *Account) serviceStack() { a.Describe("enishi-"+a.Environment+"-service", served) }

// build brings what can be compared to what the stack's template says, where that says something new.
func (a *Account) build(s *stack) {
	made, live := map[string]map[string]any{}, map[string]map[string]any{}
	for name, r := range s.template.Resources {
		if !canCompare(r.Type) {
			continue
		}
		made[name] = a.resolve(s, cloned(r.Properties)).(map[string]any)
		if before, ok := s.made[name]; ok && reflect.DeepEqual(before, made[name]) {
			live[name] = s.live[name]
			continue
		}
		live[name] = cloned(made[name])
		if r.Type == targetType {
			a.scale(live[name])
		}
	}
	s.made, s.live, s.altered = made, live, map[string]int{}
}

// resolve puts what it stands for in the place of each reference.
func (a *Account) resolve(s *stack, v any) any {
	switch v := v.(type) {
	case map[string]any:
		name, ok := v["Ref"].(string)
		if value, known := s.values[name]; ok && known {
			return value
		}
		if ok {
			return a.physical(s, name)
		}
		for key := range v {
			v[key] = a.resolve(s, v[key])
		}
	case []any:
		for i := range v {
			v[i] = a.resolve(s, v[i])
		}
	}
	return v
}

// physical gives what a resource of a stack is called in the account.
func (a *Account) physical(s *stack, name string) string {
	r := s.template.Resources[name]
	text := func(property string) string {
		out, _ := r.Properties[property].(string)
		return out
	}
	switch {
	case r.Type == "AWS::ECS::TaskDefinition" && a.find(text("Family")) != nil:
		return *a.find(text("Family")).TaskDefinitionArn
	case r.Type == serviceType && text("ServiceName") != "":
		return a.arn("service", "enishi-"+a.Environment+"/"+text("ServiceName"))
	case r.Type == targetType && text("ResourceId") != "":
		return text("ResourceId") + "|ecs:service:DesiredCount|ecs"
	case r.Type == ruleType && name == "ProductionRule":
		return rule
	case r.Type == balancing+"LoadBalancer":
		return "arn:aws:elasticloadbalancing:" + Region + ":" + number + ":loadbalancer/app/" + name + "/0123456789abcdef"
	case r.Type == balancing+"TargetGroup":
		return "arn:aws:elasticloadbalancing:" + Region + ":" + number + ":targetgroup/" + name + "/0123456789abcdef"
	}
	return name
}

// cloned copies properties, as JSON has them.
func cloned(properties map[string]any) map[string]any {
	out := map[string]any{}
	if text, err := json.Marshal(properties); err == nil {
		_ = json.Unmarshal(text, &out) // just written
	}
	return out
}

// actual gives the properties of a resource as they are now; no if somebody has deleted it.
func (a *Account) actual(s *stack, name string) (map[string]any, bool) {
	live, ok := s.live[name]
	if !ok {
		return nil, false
	}
	out := cloned(live)
	switch s.template.Resources[name].Type {
	case serviceType:
		called, _ := out["ServiceName"].(string)
		if one := a.services[called]; one != nil {
			out["TaskDefinition"], out["DeploymentConfiguration"] = *a.service(one).TaskDefinition, one.config
		}
	case targetType:
		of, _ := out["ResourceId"].(string)
		if service, ok := a.scaledOf(of); ok {
			out["MinCapacity"], out["MaxCapacity"] = a.scaled[service][0], a.scaled[service][1]
		}
	case ruleType:
		a.weigh(s, name, out)
	}
	return cloned(out), true
}

// weigh has a rule lead people as ECS does: whichever of two groups the version is in that serves, and during a canary
// both. Each deployment that ends well goes to the other one.
func (a *Account) weigh(s *stack, name string, properties map[string]any) {
	web := a.services["web"]
	if web == nil || len(web.rollouts) <= s.altered[name] {
		return // as the template has it, or whoever has changed it since
	}
	serving, part := 0, 0.0
	for _, r := range web.rollouts {
		if r.status == ecstypes.ServiceDeploymentStatusSuccessful {
			serving = 1 - serving
		}
	}
	if r := web.moving(); r != nil && r.returned.IsZero() {
		part = a.legs(web)[r.stage].share
	}
	actions, _ := properties["Actions"].([]any)
	for _, one := range actions {
		action, _ := one.(map[string]any)
		forward, _ := action["ForwardConfig"].(map[string]any)
		if groups, _ := forward["TargetGroups"].([]any); len(groups) == 2 {
			groups[serving].(map[string]any)["Weight"], groups[1-serving].(map[string]any)["Weight"] = 100-part, part
		}
	}
}

// having gives the stack in which a resource can be compared, that of services where none has it.
func (a *Account) having(name string) *stack {
	for _, s := range a.stacks {
		if s.made[name] != nil {
			return s
		}
	}
	return a.stacks["enishi-"+a.Environment+"-service"]
}

// Properties gives those of a resource that can be compared as they are now; nil if somebody has deleted it.
func (a *Account) Properties(name string) map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	out, _ := a.actual(a.having(name), name)
	return out
}

// Alter changes the properties of a resource that can be compared, as somebody does by hand.
func (a *Account) Alter(name string, change func(properties map[string]any)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	s := a.having(name)
	properties, ok := a.actual(s, name)
	if !ok {
		a.fault("%s is not there to be changed", name)
		return
	}
	change(properties)
	properties = cloned(properties)
	s.live[name], s.altered[name] = properties, len(a.services["web"].rollouts)
	a.mirror(s, name)
}

// decoded reads a value of the library's types from properties, whose names are the same.
func decoded(properties, into any) error {
	text, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// Remove deletes a resource that can be compared, as somebody does by hand.
func (a *Account) Remove(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.having(name).live, name)
}

func (a *Account) detectStackDrift(in *cloudformation.DetectStackDriftInput) (*cloudformation.DetectStackDriftOutput, error) {
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	if !s.ends.IsZero() {
		return nil, refuse("ValidationError", "Drift detection cannot be performed on stack [%s] while it is in %s", s.name, s.status)
	}
	return &cloudformation.DetectStackDriftOutput{StackDriftDetectionId: aws.String(fmt.Sprintf("%s %d", s.name, time.Now().Unix()))}, nil
}

func (a *Account) describeStackDriftDetectionStatus(in *cloudformation.DescribeStackDriftDetectionStatusInput) (*cloudformation.DescribeStackDriftDetectionStatusOutput, error) {
	var name string
	var begun int64
	if _, err := fmt.Sscanf(aws.ToString(in.StackDriftDetectionId), "%s %d", &name, &begun); err != nil {
		return nil, refuse("ValidationError", "no such detection")
	}
	out := &cloudformation.DescribeStackDriftDetectionStatusOutput{StackId: &name, StackDriftDetectionId: in.StackDriftDetectionId, Timestamp: aws.Time(time.Unix(begun, 0)), DetectionStatus: types.StackDriftDetectionStatusDetectionInProgress}
	if time.Since(time.Unix(begun, 0)) >= a.span(compares) {
		out.DetectionStatus = types.StackDriftDetectionStatusDetectionComplete
	}
	return out, nil
}

// describeStackResourceDrifts tells of everything that is not as its template says.
func (a *Account) describeStackResourceDrifts(in *cloudformation.DescribeStackResourceDriftsInput) (*cloudformation.DescribeStackResourceDriftsOutput, error) {
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	out := &cloudformation.DescribeStackResourceDriftsOutput{StackResourceDrifts: []types.StackResourceDrift{}}
	told := map[string]bool{}
	for i := range a.Drifted {
		if aws.ToString(a.Drifted[i].StackId) == s.name {
			told[aws.ToString(a.Drifted[i].LogicalResourceId)] = true
			out.StackResourceDrifts = append(out.StackResourceDrifts, a.Drifted[i])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.made)) {
		one, err := a.differs(s, name)
		if err != nil {
			return nil, err
		}
		if !told[name] && slices.Contains(in.StackResourceDriftStatusFilters, one.StackResourceDriftStatus) {
			out.StackResourceDrifts = append(out.StackResourceDrifts, *one)
		}
	}
	return out, nil
}

// How many resources CloudFormation compares in a time before it throttles, here.
const (
	comparesAtOnce = 10
	comparesWithin = time.Second
)

// detectStackResourceDrift compares at once. What is in Drifted is told as that says, whatever is in the account.
func (a *Account) detectStackResourceDrift(in *cloudformation.DetectStackResourceDriftInput) (*cloudformation.DetectStackResourceDriftOutput, error) {
	a.compared = slices.DeleteFunc(a.compared, func(at time.Time) bool { return time.Since(at) >= a.span(comparesWithin) })
	if len(a.compared) >= comparesAtOnce {
		return nil, refuse("Throttling", "Rate exceeded")
	}
	a.compared = append(a.compared, time.Now())
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.LogicalResourceId)
	for i := range a.Drifted {
		if aws.ToString(a.Drifted[i].StackId) == s.name && aws.ToString(a.Drifted[i].LogicalResourceId) == name {
			return &cloudformation.DetectStackResourceDriftOutput{StackResourceDrift: &a.Drifted[i]}, nil
		}
	}
	r, there := s.template.Resources[name]
	switch {
	case !there:
		return nil, refuse("ValidationError", "Resource %s does not exist for stack [%s]", name, s.name)
	case !s.ends.IsZero():
		return nil, refuse("ValidationError", "Drift detection cannot be performed on resource [%s] while stack [%s] is in %s", name, s.name, s.status)
	case !canCompare(r.Type):
		return nil, refuse("ValidationError", "Drift detection is not supported for the resource type %s", r.Type)
	}
	one, err := a.differs(s, name)
	return &cloudformation.DetectStackResourceDriftOutput{StackResourceDrift: one}, err
}

// differs compares a resource with what the template made.
func (a *Account) differs(s *stack, name string) (*types.StackResourceDrift, error) {
	want, err := json.Marshal(s.made[name])
	if err != nil {
		return nil, err
	}
	out := &types.StackResourceDrift{
		StackId: &s.id, LogicalResourceId: &name, PhysicalResourceId: aws.String(a.physical(s, name)), ResourceType: aws.String(s.template.Resources[name].Type),
		ExpectedProperties: aws.String(string(want)), StackResourceDriftStatus: types.StackResourceDriftStatusInSync, Timestamp: aws.Time(time.Now()),
	}
	actual, ok := a.actual(s, name)
	if !ok {
		out.StackResourceDriftStatus = types.StackResourceDriftStatusDeleted
		return out, nil
	}
	got, err := json.Marshal(actual)
	if err != nil {
		return nil, err
	}
	out.ActualProperties = aws.String(string(got))
	if out.PropertyDifferences = differences("", s.made[name], actual); len(out.PropertyDifferences) > 0 {
		out.StackResourceDriftStatus = types.StackResourceDriftStatusModified
	}
	return out, nil
}

// differences compares what a template names, and nothing else.
func differences(path string, want, got any) (out []types.PropertyDifference) {
	difference := func(path string, kind types.DifferenceType, want, got any) {
		out = append(out, types.PropertyDifference{PropertyPath: &path, DifferenceType: kind, ExpectedValue: aws.String(valueOf(want)), ActualValue: aws.String(valueOf(got))})
	}
	switch want := want.(type) {
	case map[string]any:
		there, _ := got.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(want)) {
			out = append(out, differences(path+"/"+key, want[key], there[key])...)
		}
	case []any:
		there, _ := got.([]any)
		for i := range max(len(want), len(there)) {
			at := fmt.Sprintf("%s/%d", path, i)
			switch {
			case i >= len(want):
				difference(at, types.DifferenceTypeAdd, nil, there[i])
			case i >= len(there):
				difference(at, types.DifferenceTypeRemove, want[i], nil)
			default:
				out = append(out, differences(at, want[i], there[i])...)
			}
		}
	default:
		switch {
		case got == nil && want != nil:
			difference(path, types.DifferenceTypeRemove, want, nil)
		case valueOf(want) != valueOf(got):
			difference(path, types.DifferenceTypeNotEqual, want, got)
		}
	}
	return out
}

// valueOf writes a value as CloudFormation tells it: texts as they are, nothing as nothing.
func valueOf(v any) string {
	if text, ok := v.(string); ok || v == nil {
		return text
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
