package deploytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scaletypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// Scheduled gives what the least of a service is set to by actions that are scheduled, by their names.
func (a *Account) Scheduled(service string) map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	out := map[string]int{}
	for _, one := range a.actionsOf(service) {
		out[one["ScheduledActionName"].(string)], _ = number32(within(one, "ScalableTargetAction")["MinCapacity"])
	}
	return out
}

// Schedule has one more action be scheduled for a service, as somebody does by hand.
func (a *Account) Schedule(service, name, schedule string, least int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	target := a.target(service)
	actions, _ := target["ScheduledActions"].([]any)
	target["ScheduledActions"] = append(actions, map[string]any{"ScheduledActionName": name, "Schedule": schedule, "ScalableTargetAction": map[string]any{"MinCapacity": float64(least)}})
}

// target gives the properties of what is scaled of a service, as they are now; nil: nothing is.
func (a *Account) target(service string) map[string]any {
	for _, s := range a.stacks {
		for name, live := range s.live {
			id, _ := live["ResourceId"].(string)
			if of, ok := a.scaledOf(id); ok && of == service && s.template.Resources[name].Type == targetType {
				return live
			}
		}
	}
	return nil
}

func (a *Account) actionsOf(service string) (out []map[string]any) {
	all, _ := a.target(service)["ScheduledActions"].([]any)
	for _, one := range all {
		out = append(out, one.(map[string]any))
	}
	return out
}

// scale has scaling go by the bounds that a target's properties say.
func (a *Account) scale(target map[string]any) {
	id, _ := target["ResourceId"].(string)
	service := strings.TrimPrefix(id, "service/enishi-"+a.Environment+"/")
	least, ok := number32(target["MinCapacity"])
	most, also := number32(target["MaxCapacity"])
	if !ok || !also {
		a.fault("%s is scaled from %v to %v", service, target["MinCapacity"], target["MaxCapacity"])
		return
	}
	a.scaled[service] = [2]int32{int32(least), int32(most)}
}

// within gives a part of properties.
func within(properties map[string]any, name string) map[string]any {
	out, _ := properties[name].(map[string]any)
	return out
}

// number32 reads a number, or a parameter's text of one.
func number32(v any) (int, bool) {
	n, err := strconv.ParseInt(fmt.Sprint(v), 10, 32)
	return int(n), err == nil
}

// dueAt gives when an action is due; no if that is again and again.
func dueAt(action map[string]any) (time.Time, bool) {
	zone := time.UTC
	if action["Timezone"] == "Asia/Tokyo" {
		zone = time.FixedZone("Asia/Tokyo", 9*3600)
	}
	at, err := time.ParseInLocation("at(2006-01-02T15:04:05)", action["Schedule"].(string), zone)
	return at, err == nil
}

// advanceSchedules does what is due, the earliest first.
func (a *Account) advanceSchedules(now time.Time) {
	for _, service := range slices.Sorted(maps.Keys(a.scaled)) {
		actions := a.actionsOf(service)
		slices.SortStableFunc(actions, func(x, y map[string]any) int {
			first, _ := dueAt(x)
			second, _ := dueAt(y)
			return first.Compare(second)
		})
		for _, one := range actions {
			at, once := dueAt(one)
			key := fmt.Sprint(service, one["ScheduledActionName"], at)
			if !once || at.After(now) || slices.Contains(a.due, key) {
				continue
			}
			a.due = append(a.due, key)
			a.act(service, one)
			if !a.Remembers {
				target := a.target(service)
				target["ScheduledActions"] = slices.DeleteFunc(target["ScheduledActions"].([]any), func(v any) bool { return v.(map[string]any)["ScheduledActionName"] == one["ScheduledActionName"] })
			}
		}
	}
}

// act sets the least that an action says, unless scaling is held up. AWS refuses more at least than at most.
func (a *Account) act(service string, action map[string]any) {
	least, ok := number32(within(action, "ScalableTargetAction")["MinCapacity"])
	most := a.scaled[service][1]
	switch {
	case !ok || slices.Contains(a.suspended, service):
	case int32(least) > most:
		a.fault("%s asks for %d tasks of %s, of which there may be %d", action["ScheduledActionName"], least, service, most)
	default:
		a.scaled[service] = [2]int32{int32(least), most}
	}
}

func (a *Account) describeScheduledActions(in *applicationautoscaling.DescribeScheduledActionsInput) (*applicationautoscaling.DescribeScheduledActionsOutput, error) {
	service, ok := a.scaledOf(aws.ToString(in.ResourceId))
	if !ok {
		return &applicationautoscaling.DescribeScheduledActionsOutput{}, nil
	}
	out := &applicationautoscaling.DescribeScheduledActionsOutput{}
	for _, one := range a.actionsOf(service) {
		name, schedule := one["ScheduledActionName"].(string), one["Schedule"].(string)
		made := scaletypes.ScheduledAction{
			ScheduledActionName: &name, Schedule: &schedule, ResourceId: in.ResourceId, ServiceNamespace: in.ServiceNamespace, ScalableDimension: in.ScalableDimension, CreationTime: aws.Time(time.Unix(0, 0)),
			ScheduledActionARN: aws.String("arn:aws:autoscaling:" + Region + ":" + number + ":scheduledAction:0123:resource/ecs/" + *in.ResourceId + ":scheduledActionName/" + name), ScalableTargetAction: &scaletypes.ScalableTargetAction{},
		}
		if zone, ok := one["Timezone"].(string); ok {
			made.Timezone = &zone
		}
		for of, into := range map[string]**int32{"MinCapacity": &made.ScalableTargetAction.MinCapacity, "MaxCapacity": &made.ScalableTargetAction.MaxCapacity} {
			if n, ok := number32(within(one, "ScalableTargetAction")[of]); ok {
				*into = aws.Int32(int32(n))
			}
		}
		out.ScheduledActions = append(out.ScheduledActions, made)
	}
	if len(out.ScheduledActions) < 2 {
		return out, nil
	}
	if in.NextToken == nil { // two pages
		out.ScheduledActions, out.NextToken = out.ScheduledActions[:1], aws.String("more")
		return out, nil
	}
	out.ScheduledActions = out.ScheduledActions[1:]
	return out, nil
}

// putScheduledAction changes an action. What a request leaves out of when it is, is not known here, as AWS says other things of
// it in other places.
func (a *Account) putScheduledAction(in *applicationautoscaling.PutScheduledActionInput) (*applicationautoscaling.PutScheduledActionOutput, error) {
	service, ok := a.scaledOf(aws.ToString(in.ResourceId))
	name := aws.ToString(in.ScheduledActionName)
	if !ok {
		return nil, refuse("ObjectNotFoundException", "No scalable target registered for %s", aws.ToString(in.ResourceId))
	}
	for _, one := range a.actionsOf(service) {
		if one["ScheduledActionName"] != name {
			continue
		}
		if at, once := dueAt(one); once && !at.After(time.Now()) {
			return nil, refuse("ValidationException", "Schedule expression must be in the future")
		}
		zone, _ := one["Timezone"].(string)
		if aws.ToString(in.Schedule) != one["Schedule"] || aws.ToString(in.Timezone) != zone || in.ScalableTargetAction == nil || in.ScalableTargetAction.MinCapacity == nil {
			a.fault("%s of %s was changed to %s %s", name, service, aws.ToString(in.Schedule), aws.ToString(in.Timezone))
		}
		within(one, "ScalableTargetAction")["MinCapacity"] = float64(*in.ScalableTargetAction.MinCapacity)
		return &applicationautoscaling.PutScheduledActionOutput{}, nil
	}
	a.fault("an action %s of %s appeared", name, service)
	return &applicationautoscaling.PutScheduledActionOutput{}, nil
}

// getTemplate gives a stack's template, as it was handed over.
func (a *Account) getTemplate(in *cloudformation.GetTemplateInput) (*cloudformation.GetTemplateOutput, error) {
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(s.template)
	return &cloudformation.GetTemplateOutput{TemplateBody: aws.String(string(text))}, err
}
