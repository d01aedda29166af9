package environ

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/deploy"
)

// guardMinutes is how long CloudFormation goes on looking at alarms after a change of the services. What the last thing
// that is changed breaks needs two whole minutes, after the one in which it began, and the load balancer's figures of a
// minute are in CloudWatch one to three minutes later.
const guardMinutes = 6

// guarded has CloudFormation take a change of the services back under an alarm that comes on meanwhile or shortly
// afterwards, whoever began it may be gone; nil for other stacks, and for services that are yet to be made. One that is on
// already is left out: the change may end it. What an earlier change was guarded by, CloudFormation would keep, and
// fail if it is not there any more: so all are named each time, also if there is none.
func (w *work) guarded(ctx context.Context, stack string, there *types.Stack) (*types.RollbackConfiguration, error) {
	if stack != stackName(w.o.Environment, "service") || fresh(there) {
		return nil, nil
	}
	guards, err := deploy.Guarding(ctx, w.account.watch, w.o.Environment, w.o.Guards)
	if err != nil {
		return nil, err
	}
	out := &types.RollbackConfiguration{RollbackTriggers: []types.RollbackTrigger{}}
	if len(guards) == 0 {
		return out, nil
	}
	out.MonitoringTimeInMinutes = aws.Int32(guardMinutes)
	var names []string
	for _, g := range guards {
		out.RollbackTriggers = append(out.RollbackTriggers, types.RollbackTrigger{Arn: aws.String(g.ARN), Type: aws.String("AWS::CloudWatch::Alarm")})
		names = append(names, g.Name)
	}
	w.tell(stack, "is taken back if "+strings.Join(names, " or ")+" comes on meanwhile or in the six minutes after it", -1)
	return out, nil
}
