package deploy

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Guard is an alarm under which AWS takes back what it does.
type Guard struct{ Name, ARN string }

// Guarding gives those of an environment's alarms of some names that are there and not on: one that is on may be what
// a change ends.
func Guarding(ctx context.Context, cw *cloudwatch.Client, environment string, names []string) ([]Guard, error) {
	if len(names) == 0 {
		return nil, nil
	}
	in := &cloudwatch.DescribeAlarmsInput{AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm}}
	for _, name := range names {
		in.AlarmNames = append(in.AlarmNames, "Enishi-"+environment+"-"+name)
	}
	found, err := cw.DescribeAlarms(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("look at the alarms of %s: %w", environment, err)
	}
	var out []Guard
	for i := range found.MetricAlarms {
		if a := &found.MetricAlarms[i]; a.StateValue != cwtypes.StateValueAlarm {
			out = append(out, Guard{aws.ToString(a.AlarmName), aws.ToString(a.AlarmArn)})
		}
	}
	return out, nil
}

// guard has ECS look at alarms during a deployment, and take it back if one of them comes on: while it goes on, and until
// the old version is let go.
func (d *deployment) guard(ctx context.Context, c *types.DeploymentConfiguration) error {
	guards, err := Guarding(ctx, d.account.cw, d.o.Environment, d.o.Guards)
	if err != nil || len(guards) == 0 {
		return err
	}
	c.Alarms = &types.DeploymentAlarms{Enable: true, Rollback: true}
	for _, g := range guards {
		c.Alarms.AlarmNames = append(c.Alarms.AlarmNames, g.Name)
	}
	return nil
}

// unwatched notes that ECS looks at no alarms in a deployment that has some: it does not, for all of them, if one was on at
// the very moment in which it began.
func (d *deployment) unwatched(s *types.ServiceDeployment) {
	if s.Alarms == nil || len(s.Alarms.AlarmNames) == 0 || s.Alarms.Status != types.ServiceDeploymentRollbackMonitorsStatusDisabled {
		return
	}
	d.record.Steps[d.timing("traffic")].Note = "ECS looks at no alarms in this deployment, since one was on when it began: only this run does"
}

// guarded says whether ECS looks at alarms during deployments.
func guarded(c *types.DeploymentConfiguration) bool { return c.Alarms != nil && c.Alarms.Enable }

// unguarded has ECS look at none. Their names stay: ECS says nowhere that it takes a list of none.
func unguarded(c *types.DeploymentConfiguration) {
	if guarded(c) {
		c.Alarms = &types.DeploymentAlarms{AlarmNames: c.Alarms.AlarmNames}
	}
}
