package deploytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// changeSet is a change of a stack that is worked out, and not begun yet.
type changeSet struct {
	name     string
	kind     types.ChangeSetType
	made     time.Time
	template template
	values   map[string]string
	changes  []types.Change
	based    time.Time // when the stack was changed last before it
	guards   []string  // alarms under which it is taken back
	watches  time.Duration
	reverts  bool // it brings back what was changed by hand
}

// read gives the template at an address, and the values of its parameters.
func (a *Account) read(in *cloudformation.CreateChangeSetInput) (template, map[string]string, error) {
	var t template
	at, err := url.Parse(aws.ToString(in.TemplateURL))
	if err != nil || in.TemplateBody != nil {
		return t, nil, refuse("ValidationError", "TemplateURL must be given")
	}
	bucket, host, _ := strings.Cut(at.Host, ".")
	if host != "s3."+a.region+".amazonaws.com" {
		return t, nil, refuse("ValidationError", "S3 error: The bucket is in another region")
	}
	there, ok := a.buckets[bucket][strings.TrimPrefix(at.Path, "/")]
	if !ok {
		return t, nil, refuse("ValidationError", "S3 error: Access Denied")
	}
	if err := json.Unmarshal(there.text, &t); err != nil {
		return t, nil, refuse("ValidationError", "Template format error: %v", err)
	}
	values, given := map[string]string{}, map[string]string{}
	for _, p := range in.Parameters {
		given[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	for name, p := range t.Parameters {
		value, ok := given[name]
		if !ok && p.Default == nil {
			return t, nil, refuse("ValidationError", "Parameters: [%s] must have values", name)
		}
		if !ok {
			value = *p.Default
		}
		if strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value<") {
			if value, ok = a.parameters[value]; !ok {
				return t, nil, refuse("ValidationError", "Parameters: [ssm:%s] cannot be found.", *p.Default)
			}
		}
		values[name] = value
		delete(given, name)
	}
	if len(given) > 0 {
		return t, nil, refuse("ValidationError", "Parameters: %v do not exist in the template", slices.Collect(maps.Keys(given)))
	}
	return t, values, nil
}

func (a *Account) createChangeSet(in *cloudformation.CreateChangeSetInput) (*cloudformation.CreateChangeSetOutput, error) {
	name := aws.ToString(in.StackName)
	s := a.stacks[name]
	if !slices.Contains(in.Capabilities, types.CapabilityCapabilityIam) {
		return nil, refuse("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]")
	}
	read, reverts := a.read, in.DeploymentMode == types.DeploymentModeRevertDrift
	if aws.ToBool(in.UsePreviousTemplate) {
		read = a.present
	}
	t, values, err := read(in)
	if err != nil {
		return nil, err
	}
	if want := a.regionOf(name); want != a.region {
		a.fault("%s was made in %s, and not in %s", name, a.region, want)
	}
	switch {
	case in.ChangeSetType == types.ChangeSetTypeCreate && s == nil:
		s = &stack{id: "arn:aws:cloudformation:" + a.region + ":" + number + ":stack/" + name + fmt.Sprintf("/%d", len(a.asked)), name: name, created: time.Now(), sets: map[string]*changeSet{}}
		s.stand(types.StackStatusReviewInProgress, "User Initiated")
		a.stacks[name] = s
	case in.ChangeSetType == types.ChangeSetTypeCreate && s.status != types.StackStatusReviewInProgress:
		return nil, refuse("ValidationError", "Stack [%s] already exists and cannot be created again with the changeSet [%s].", name, aws.ToString(in.ChangeSetName))
	case s == nil:
		return nil, refuse("ValidationError", "Stack [%s] does not exist", name)
	case in.ChangeSetType == types.ChangeSetTypeUpdate && !slices.Contains([]types.StackStatus{types.StackStatusCreateComplete, types.StackStatusUpdateComplete, types.StackStatusUpdateRollbackComplete}, s.status):
		return nil, refuse("ValidationError", "Stack:%s is in %s state and can not be updated.", s.id, s.status)
	}
	if s.sets[aws.ToString(in.ChangeSetName)] != nil {
		return nil, refuse("AlreadyExistsException", "ChangeSet %s already exists", aws.ToString(in.ChangeSetName))
	}
	c := &changeSet{name: aws.ToString(in.ChangeSetName), kind: in.ChangeSetType, made: time.Now(), template: t, values: values, based: s.updated, reverts: reverts}
	if c.guards, c.watches, err = a.triggers(in.RollbackConfiguration); err != nil {
		return nil, err
	}
	if c.changes = compared(s, c); reverts {
		c.changes = a.drifted(s, values)
	}
	s.sets[c.name] = c
	return &cloudformation.CreateChangeSetOutput{Id: aws.String(c.name), StackId: &s.id}, nil
}

// compared says what a change set does: a property Name is one that cannot be changed.
func compared(s *stack, c *changeSet) []types.Change {
	var out []types.Change
	add := func(r types.ResourceChange) {
		out = append(out, types.Change{Type: types.ChangeTypeResource, ResourceChange: &r})
	}
	for _, name := range slices.Sorted(maps.Keys(c.template.Resources)) {
		now := c.template.Resources[name]
		was, there := s.template.Resources[name]
		r := types.ResourceChange{LogicalResourceId: &name, ResourceType: &now.Type}
		if !there {
			r.Action = types.ChangeActionAdd
			add(r)
			continue
		}
		r.Action, r.Replacement, r.PhysicalResourceId = types.ChangeActionModify, types.ReplacementFalse, aws.String("id-"+name)
		for _, property := range slices.Sorted(maps.Keys(now.Properties)) {
			if reflect.DeepEqual(was.Properties[property], now.Properties[property]) {
				continue
			}
			if property == "Name" {
				r.Replacement = types.ReplacementTrue
			}
			r.Details = append(r.Details, types.ResourceChangeDetail{Target: &types.ResourceTargetDefinition{
				Attribute: types.ResourceAttributeProperties, Name: &property, Path: aws.String("/Properties/" + property),
				BeforeValue: aws.String(fmt.Sprint(was.Properties[property])), AfterValue: aws.String(fmt.Sprint(now.Properties[property])),
			}})
		}
		if len(r.Details) > 0 || !maps.Equal(s.values, c.values) {
			add(r)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.template.Resources)) {
		if _, stays := c.template.Resources[name]; !stays {
			add(types.ResourceChange{Action: types.ChangeActionRemove, LogicalResourceId: &name, ResourceType: aws.String(s.template.Resources[name].Type), PhysicalResourceId: aws.String("id-" + name)})
		}
	}
	return out
}

func (a *Account) findSet(stack, name *string) (*stack, *changeSet, error) {
	s, err := a.mustStack(stack)
	if err != nil {
		return nil, nil, err
	}
	c := s.sets[aws.ToString(name)]
	if c == nil {
		return nil, nil, &apiError{"ChangeSetNotFound", "ChangeSet [" + aws.ToString(name) + "] does not exist", 404}
	}
	return s, c, nil
}

func (a *Account) describeChangeSet(in *cloudformation.DescribeChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
	_, c, err := a.findSet(in.StackName, in.ChangeSetName)
	if err != nil {
		return nil, err
	}
	out := &cloudformation.DescribeChangeSetOutput{ChangeSetName: &c.name, Status: types.ChangeSetStatusCreateInProgress}
	switch {
	case time.Since(c.made) < worksOut:
	case len(c.changes) == 0:
		out.Status, out.StatusReason = types.ChangeSetStatusFailed, aws.String("The submitted information didn't contain changes. Submit different information to create a change set.")
	default:
		out.Status, out.ExecutionStatus = types.ChangeSetStatusCreateComplete, types.ExecutionStatusAvailable
		// In pages of two, as AWS gives them in pages.
		from := len(aws.ToString(in.NextToken)) * 2
		out.Changes = c.changes[from:min(from+2, len(c.changes))]
		if from+2 < len(c.changes) {
			out.NextToken = aws.String(aws.ToString(in.NextToken) + "n")
		}
	}
	return out, nil
}

func (a *Account) listChangeSets(in *cloudformation.ListChangeSetsInput) (*cloudformation.ListChangeSetsOutput, error) {
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	out := &cloudformation.ListChangeSetsOutput{}
	for _, name := range slices.Sorted(maps.Keys(s.sets)) {
		out.Summaries = append(out.Summaries, types.ChangeSetSummary{ChangeSetName: &name, CreationTime: &s.sets[name].made})
	}
	return out, nil
}

func (a *Account) deleteChangeSet(in *cloudformation.DeleteChangeSetInput) (*cloudformation.DeleteChangeSetOutput, error) {
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	delete(s.sets, aws.ToString(in.ChangeSetName)) // one that is gone is no error
	return &cloudformation.DeleteChangeSetOutput{}, nil
}
