package environ

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

// keepsTraffic refuses a change set that would lead people to the target group in which no
// task is. Each deployment has ECS move the weights of a rule from one group to the other, and
// CloudFormation writes a rule whole, with the template's weights, whatever of it has changed;
// and again when it takes a change back. So such a rule is changed only while its weights are the
// template's, and not together with a service, whose change moves them.
func (w *work) keepsTraffic(ctx context.Context, c *changeSet) error {
	var rules, services []string
	for i := range c.changes {
		r := &c.changes[i]
		if r.Action != types.ChangeActionModify {
			continue
		}
		switch aws.ToString(r.ResourceType) {
		case "AWS::ElasticLoadBalancingV2::ListenerRule":
			rules = append(rules, aws.ToString(r.LogicalResourceId))
		case "AWS::ECS::Service":
			services = append(services, aws.ToString(r.LogicalResourceId))
		}
	}
	for _, rule := range rules {
		out, err := w.account.of(c.stack).cfn.DetectStackResourceDrift(ctx, &cloudformation.DetectStackResourceDriftInput{StackName: &c.stack, LogicalResourceId: &rule})
		if err != nil {
			return fmt.Errorf("compare the rule %s with the stack %s: %w", rule, c.stack, err)
		}
		forwards, same, err := compare(out.StackResourceDrift)
		switch {
		case err != nil:
			return errs.New(errs.Conflict, fmt.Sprintf("the change of %s would write the rule %s anew, and whether that keeps the traffic where it is cannot be told: %v. Nothing of it was changed", c.stack, rule, err))
		case !same:
			return errs.New(errs.Conflict, fmt.Sprintf("the change of %s would write the rule %s anew, and lead everybody to the target group in which no task is. Nothing of it was changed: deploy what runs once more (enishi deploy %s), which moves the traffic to the other group, then run this again", c.stack, rule, w.o.Environment))
		case forwards && len(services) > 0:
			return errs.New(errs.Conflict, fmt.Sprintf("the change of %s would write the rule %s anew and move the traffic of %s at once: taken back half-way, it would lead everybody to the target group in which no task is. Nothing of it was changed: bring everything else to its template first (leave EdgeKey as it was), then change the rule alone", c.stack, rule, strings.Join(services, ", ")))
		}
	}
	return nil
}

// compare says whether a rule leads to several target groups, and to the same ones in the account
// as by its template. One that was deleted by hand, or of which nothing is known, is an error.
func compare(d *types.StackResourceDrift) (forwards, same bool, err error) {
	switch {
	case d == nil:
		return false, false, errors.New("CloudFormation says nothing of it")
	case d.StackResourceDriftStatus != types.StackResourceDriftStatusInSync && d.StackResourceDriftStatus != types.StackResourceDriftStatusModified:
		return false, false, errors.New("CloudFormation says of it: " + said(string(d.StackResourceDriftStatus)))
	}
	want, several, err := taking(d.ExpectedProperties)
	if err != nil {
		return false, false, err
	}
	got, more, err := taking(d.ActualProperties)
	return several || more, maps.Equal(want, got), err
}

// taking gives the target groups that a rule sends anybody to, and whether it names several.
func taking(properties *string) (map[string]bool, bool, error) {
	leads, err := deploy.Leads(properties)
	if err != nil {
		return nil, false, err
	}
	out, several := map[string]bool{}, false
	for i := range leads {
		several = several || len(leads[i].To) > 1
		for _, group := range leads[i].Taking() {
			out[group] = true
		}
	}
	return out, several, nil
}
