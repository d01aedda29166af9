package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/errs"
)

// The types of the resources on which a deployment depends, in whichever stack they are.
const (
	serviceType  = "AWS::ECS::Service"
	ruleType     = "AWS::ElasticLoadBalancingV2::ListenerRule"
	targetType   = "AWS::ApplicationAutoScaling::ScalableTarget"
	policyType   = "AWS::ApplicationAutoScaling::ScalingPolicy"
	listenerType = "AWS::ElasticLoadBalancingV2::Listener"
	groupType    = "AWS::ElasticLoadBalancingV2::TargetGroup"
)

// Judge tells what was changed by hand from what differs from its template and is meant to: what deployments
// change, and bounds of scaling that are kept for the templates. It is not safe for concurrent use.
type Judge struct {
	account *account
	moving  *bool // whether ECS moves people from one version to another; nil: nobody has asked
}

// NewJudge gives one for the environment and the account of o.
func NewJudge(o *Options) *Judge { return &Judge{account: newAccount(&o.AWS, o.Environment)} }

// Meant says whether a difference that CloudFormation has found in a resource is meant. It asks AWS where that
// cannot be told without it, and fails with what AWS says.
func (j *Judge) Meant(ctx context.Context, r *types.StackResourceDrift, d *types.PropertyDifference) (bool, error) {
	property := aws.ToString(d.PropertyPath)
	switch aws.ToString(r.ResourceType) {
	case serviceType:
		return slices.ContainsFunc(written(), func(by string) bool { return strings.HasPrefix(property, by) }), nil
	case ruleType:
		if !strings.HasPrefix(property, "/Actions") {
			return false, nil
		}
		return j.moved(ctx, r)
	case targetType:
		return j.chosen(ctx, r, d)
	}
	return false, nil
}

// written lists what of a service deployments and scaling write themselves. The pause and the alarms are in no template, so
// that CloudFormation should not tell of them either.
func written() []string {
	return []string{"/TaskDefinition", "/DesiredCount", "/DeploymentConfiguration/LifecycleHooks", "/DeploymentConfiguration/Alarms"}
}

// chosen says whether a bound of a service is the one that is kept for the templates, which take it when they are
// deployed next, or the one of a spike that the template announces; or what is scheduled is what env scale makes of those.
func (j *Judge) chosen(ctx context.Context, r *types.StackResourceDrift, d *types.PropertyDifference) (bool, error) {
	property := aws.ToString(d.PropertyPath)
	if property != "/MinCapacity" && property != "/MaxCapacity" && !strings.HasPrefix(property, "/ScheduledActions") {
		return false, nil
	}
	for _, service := range []string{web, worker} {
		if !strings.HasPrefix(aws.ToString(r.PhysicalResourceId), "service/"+j.account.cluster()+"/"+service+"|") {
			continue
		}
		least, most, err := j.kept(ctx, service)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return false, err
		}
		expected, actual := []byte(aws.ToString(r.ExpectedProperties)), aws.ToString(d.ActualValue)
		switch property {
		case "/MinCapacity":
			return actual == strconv.Itoa(least) || announced(expected, actual, least, most), nil
		case "/MaxCapacity":
			return actual == strconv.Itoa(most), nil
		}
		return rescheduled(expected, []byte(aws.ToString(r.ActualProperties)), time.Now(), least, most), nil
	}
	return false, nil
}

// kept gives the bounds of a service that are kept for the templates; both are 0 with an error.
func (j *Judge) kept(ctx context.Context, service string) (least, most int, err error) {
	var both [2]int
	for i, name := range []string{"least", "most"} {
		value, err := j.account.parameter(ctx, service+"/"+name)
		if err != nil {
			return 0, 0, err
		}
		if both[i], err = strconv.Atoi(value); err != nil {
			return 0, 0, errs.Wrap(errs.NotFound, "the parameter of "+service+"/"+name+" is no number", err)
		}
	}
	return both[0], both[1], nil
}

// announced says whether a target of scaling has as many tasks at least at some time that its template names, where such
// bounds are kept.
func announced(properties []byte, actual string, least, most int) bool {
	all, err := scheduledIn(properties)
	if err != nil {
		return false // then it is shown
	}
	for i := range all {
		if all[i].Least == nil {
			continue
		}
		spike := Spike{Least: *all[i].Least}
		if actual == strconv.Itoa(spike.Least) || most > 0 && actual == strconv.Itoa(spike.bound(least, most)) {
			return true
		}
	}
	return false
}

// moved says whether a rule leads to the same target groups as its template, and all to one of them: which one
// changes with each deployment. While ECS moves people, each of them may have a part.
func (j *Judge) moved(ctx context.Context, r *types.StackResourceDrift) (bool, error) {
	want, err := Leads(r.ExpectedProperties)
	if err != nil {
		return false, nil //nolint:nilerr // what cannot be read is shown
	}
	got, err := Leads(r.ActualProperties)
	if err != nil || !sameGroups(want, got) {
		return false, nil //nolint:nilerr // the same
	}
	for _, lead := range got {
		if len(lead.To) > 1 && len(lead.Taking()) != 1 {
			return j.moves(ctx)
		}
	}
	return true, nil
}

// sameGroups says whether actions are alike but for how much each target group gets.
func sameGroups(want, got []Lead) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i].Kind != got[i].Kind || want[i].Sticky != got[i].Sticky || len(got[i].To) == 0 ||
			!maps.EqualFunc(want[i].To, got[i].To, func(string, string) bool { return true }) {
			return false
		}
	}
	return true
}

// moves says whether ECS moves people from one version to another.
func (j *Judge) moves(ctx context.Context) (bool, error) {
	if j.moving == nil {
		s, err := j.account.service(ctx, web)
		if err != nil {
			return false, err
		}
		j.moving = aws.Bool(still(s) != nil)
	}
	return *j.moving, nil
}

// Lead is one action of a listener's rule.
type Lead struct {
	Kind   string            // as AWS calls it: forward, fixed-response
	To     map[string]string // the weights of target groups, by their ARNs; "0": nobody is sent there
	Sticky bool              // who was sent to one is sent there again
}

// Taking gives the target groups that anybody is sent to.
func (l *Lead) Taking() []string {
	var out []string
	for group, weight := range l.To {
		if weight != "0" {
			out = append(out, group)
		}
	}
	return out
}

// Leads reads the actions of a rule from its properties as CloudFormation tells them. It fails if they
// are no JSON of a rule, or none are told.
func Leads(properties *string) ([]Lead, error) {
	var rule struct {
		Actions []struct {
			Type, TargetGroupArn string
			ForwardConfig        struct {
				TargetGroups []struct {
					TargetGroupArn string
					Weight         json.RawMessage
				}
				TargetGroupStickinessConfig struct{ Enabled json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal([]byte(aws.ToString(properties)), &rule); err != nil {
		return nil, fmt.Errorf("read the properties of the rule that CloudFormation tells: %w", err)
	}
	out := make([]Lead, 0, len(rule.Actions))
	for _, action := range rule.Actions {
		lead := Lead{Kind: action.Type, To: map[string]string{}, Sticky: plain(action.ForwardConfig.TargetGroupStickinessConfig.Enabled) == "true"}
		for _, group := range action.ForwardConfig.TargetGroups {
			lead.To[group.TargetGroupArn] = plain(group.Weight)
		}
		if len(lead.To) == 0 && action.TargetGroupArn != "" {
			lead.To[action.TargetGroupArn] = "1"
		}
		out = append(out, lead)
	}
	return out, nil
}

// plain gives a number, or a yes or no, that CloudFormation writes as one, or as a text.
func plain(value json.RawMessage) string { return strings.Trim(string(value), `"`) }
