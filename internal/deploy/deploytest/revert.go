package deploytest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// present gives the template that a stack has, and the values of its parameters as they are now: those of the account
// are read anew.
func (a *Account) present(in *cloudformation.CreateChangeSetInput) (template, map[string]string, error) {
	s := a.stacks[aws.ToString(in.StackName)]
	switch {
	case in.TemplateURL != nil || in.TemplateBody != nil:
		return template{}, nil, refuse("ValidationError", "You cannot specify both usePreviousTemplate and Template Body/Template URL.")
	case s == nil:
		return template{}, nil, refuse("ValidationError", "Stack [%s] does not exist", aws.ToString(in.StackName))
	}
	kept := map[string]bool{}
	for _, p := range in.Parameters {
		kept[aws.ToString(p.ParameterKey)] = aws.ToBool(p.UsePreviousValue)
	}
	values := map[string]string{}
	for name, p := range s.template.Parameters {
		if !kept[name] {
			a.fault("%s is given what its template says of %s, and not what it has", s.name, name)
		}
		values[name] = s.values[name]
		if strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value<") {
			values[name] = a.parameters[aws.ToString(p.Default)]
		}
	}
	return s.template, values, nil
}

// drifted says what a change set does that brings a stack back to its template: from what there is to what that says.
func (a *Account) drifted(s *stack, values map[string]string) []types.Change {
	was := s.values
	s.values = values
	defer func() { s.values = was }()
	var out []types.Change
	for _, name := range slices.Sorted(maps.Keys(s.made)) {
		r := types.ResourceChange{
			LogicalResourceId: &name, ResourceType: aws.String(s.template.Resources[name].Type), PhysicalResourceId: aws.String(a.physical(s, name)),
			Action: types.ChangeActionModify, Replacement: types.ReplacementFalse, ResourceDriftStatus: types.StackResourceDriftStatusModified,
		}
		want := a.resolve(s, cloned(s.template.Resources[name].Properties))
		actual, there := a.actual(s, name)
		if !there {
			r.Action, r.ResourceDriftStatus, r.PhysicalResourceId = types.ChangeActionAdd, types.StackResourceDriftStatusDeleted, nil
			out = append(out, types.Change{Type: types.ChangeTypeResource, ResourceChange: &r})
			continue
		}
		for _, d := range differences("", want, actual) {
			property, _, _ := strings.Cut(strings.TrimPrefix(*d.PropertyPath, "/"), "/")
			r.Details = append(r.Details, types.ResourceChangeDetail{Target: &types.ResourceTargetDefinition{
				Attribute: types.ResourceAttributeProperties, Name: &property, Path: aws.String("/Properties" + *d.PropertyPath), BeforeValue: d.ActualValue, AfterValue: d.ExpectedValue,
				BeforeValueFrom: types.BeforeValueFromActualState, Drift: &types.LiveResourceDrift{ActualValue: d.ActualValue, PreviousValue: d.ExpectedValue},
			}})
		}
		for _, d := range differences("", s.made[name], want) {
			if slices.ContainsFunc(r.Details, func(of types.ResourceChangeDetail) bool { return *of.Target.Path == "/Properties"+*d.PropertyPath }) {
				continue
			}
			property := strings.TrimPrefix(*d.PropertyPath, "/") // the account has it as the template is to have it
			r.Details = append(r.Details, types.ResourceChangeDetail{Target: &types.ResourceTargetDefinition{
				Attribute: types.ResourceAttributeProperties, Name: &property, Path: aws.String("/Properties/" + property), BeforeValue: d.ActualValue, AfterValue: d.ActualValue, AttributeChangeType: types.AttributeChangeTypeSyncWithActual,
			}})
		}
		if len(r.Details) > 0 {
			out = append(out, types.Change{Type: types.ChangeTypeResource, ResourceChange: &r})
		}
	}
	return out
}

// broughtBack makes a stack what its template says, whatever was changed by hand.
func (a *Account) broughtBack(s *stack, c *changeSet) {
	s.values = c.values
	a.reverts++
	for i := range c.changes {
		r := c.changes[i].ResourceChange
		name := aws.ToString(r.LogicalResourceId)
		kind := s.template.Resources[name].Type
		if kind == ruleType || kind == serviceType || kind == targetType {
			a.fault("%s is brought back, of which a template does not know what deployments and scaling have made", name)
		}
		s.made[name] = a.resolve(s, cloned(s.template.Resources[name].Properties)).(map[string]any)
		s.live[name] = cloned(s.made[name])
		s.event("UPDATE_COMPLETE", name, kind, "")
		a.mirror(s, name)
	}
	s.stand(types.StackStatusUpdateComplete, "")
}

// Describe has a stack be there as a template made it.
func (a *Account) Describe(name, text string) {
	var t template
	if err := json.Unmarshal([]byte(strings.ReplaceAll(text, "ENVIRONMENT", a.Environment)), &t); err != nil {
		a.fault("the template of %s here is none: %v", name, err)
	}
	a.Stand(name, nil)
	s := a.stacks[name]
	s.template, s.values = t, map[string]string{}
	for parameter, p := range t.Parameters {
		s.values[parameter] = a.parameters[*p.Default]
	}
	a.build(s)
}

// mirror has what services and scaling do here follow the properties that a resource has now.
func (a *Account) mirror(s *stack, name string) {
	properties := s.live[name]
	switch s.template.Resources[name].Type {
	case serviceType:
		var config ecstypes.DeploymentConfiguration
		if err := decoded(properties["DeploymentConfiguration"], &config); err != nil {
			a.fault("%s was given %v", name, err)
		}
		a.services[properties["ServiceName"].(string)].config = config
	case targetType:
		a.scale(properties)
	}
}

// Reverted gives how often a stack was brought back to its template.
func (a *Account) Reverted() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	return a.reverts
}
