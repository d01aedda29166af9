package deploytest

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go/encoding/cbor"
)

// firing gives which of some alarms are on, by how much of the traffic the new image has.
func (a *Account) firing(names []string, share float64) (on []string) {
	if a.Alarms == nil {
		return nil
	}
	for _, name := range a.Alarms(share) {
		if slices.Contains(names, name) {
			on = append(on, name)
		}
	}
	return on
}

// now gives how much of the traffic the new image has; 0 where nothing serves.
func (a *Account) now() float64 {
	if s := a.services["web"]; s != nil {
		return a.share(s)
	}
	return 0
}

// named gives the metric alarms of some names that there are: those of an environment that tells of alarms.
func (a *Account) named(names cbor.List) *cloudwatch.DescribeAlarmsOutput {
	out := &cloudwatch.DescribeAlarmsOutput{}
	for _, one := range a.told().MetricAlarms {
		if !slices.Contains(names, cbor.Value(cbor.String(*one.AlarmName))) {
			continue
		}
		one.AlarmArn, one.StateValue = aws.String(a.alarmARN(*one.AlarmName)), cwtypes.StateValueOk
		if len(a.firing([]string{*one.AlarmName}, a.now())) > 0 {
			one.StateValue = cwtypes.StateValueAlarm
		}
		out.MetricAlarms = append(out.MetricAlarms, one)
	}
	return out
}

func (a *Account) alarmARN(name string) string {
	return "arn:aws:cloudwatch:" + a.region + ":" + number + ":alarm:" + name
}

// isAlarm says whether there is a metric alarm of a name.
func (a *Account) isAlarm(name string) bool {
	return slices.ContainsFunc(a.told().MetricAlarms, func(one cwtypes.MetricAlarm) bool { return *one.AlarmName == name })
}

// guardedBy refuses what ECS may refuse of a deployment's alarms.
func (a *Account) guardedBy(of *types.DeploymentAlarms) error {
	if of == nil || !of.Enable {
		return nil
	}
	if len(of.AlarmNames) == 0 {
		return refuse("InvalidParameterException", "alarmNames must not be empty")
	}
	for _, name := range of.AlarmNames {
		if !a.isAlarm(name) {
			return refuse("InvalidParameterException", "there is no metric alarm %s", name)
		}
	}
	return nil
}

// triggers reads the alarms under which CloudFormation takes a change back, and for how long it looks at them when
// everything is done.
func (a *Account) triggers(of *cfntypes.RollbackConfiguration) (names []string, after time.Duration, err error) {
	if of == nil {
		return nil, 0, nil
	}
	const most, longest = 5, 180
	after = time.Duration(aws.ToInt32(of.MonitoringTimeInMinutes)) * time.Minute
	if len(of.RollbackTriggers) > most || after < 0 || after > longest*time.Minute {
		return nil, 0, refuse("ValidationError", "%d rollback triggers, monitored for %s", len(of.RollbackTriggers), after)
	}
	for _, one := range of.RollbackTriggers {
		name, ours := strings.CutPrefix(aws.ToString(one.Arn), a.alarmARN(""))
		if !ours || aws.ToString(one.Type) != "AWS::CloudWatch::Alarm" || !a.isAlarm(name) {
			return nil, 0, refuse("ValidationError", "Rollback trigger %s of type %s is missing", aws.ToString(one.Arn), aws.ToString(one.Type))
		}
		names = append(names, name)
	}
	if on := a.firing(names, a.now()); len(on) > 0 {
		a.fault("a change is guarded by %s, on when it began", strings.Join(on, ", "))
	}
	return names, after, nil
}

// Guarded gives the alarms that ECS looks at while the web service is deployed.
func (a *Account) Guarded() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if of := a.services["web"].config.Alarms; of != nil && of.Enable {
		return of.AlarmNames
	}
	return nil
}
