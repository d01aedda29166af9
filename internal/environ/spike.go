package environ

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

// Effect is what bounds of a service come to where spikes are announced.
type Effect struct {
	Now   Bounds        // in force at once: as long as a spike goes on, no fewer than it announces
	While *deploy.Spike // for whose sake there are more now than the bounds say; nil: none
	Then  []Rescheduled // what scaling does by itself later, and would do otherwise
	// Others are actions that no template announces, such as what somebody has scheduled by hand. They stay.
	Others []deploy.Scheduled
}

// Rescheduled is an action of a spike that sets another number of tasks at least than before.
type Rescheduled struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	Was  int       `json:"was"`
	Sets int       `json:"sets"`
}

// Effect says what bounds would come to at a moment, as far as has been looked at.
func (s *Scale) Effect(to Bounds, now time.Time) Effect {
	out := Effect{Now: to}
	out.Now.Least, out.While = deploy.During(s.Spikes, now, to.Least, to.Most)
	for i := range s.Scheduled {
		action := &s.Scheduled[i]
		sets, ok := deploy.Sets(s.Spikes, action.Name, to.Least, to.Most)
		at, once := action.At()
		switch {
		case !ok:
			out.Others = append(out.Others, *action)
		case !once || !at.After(now) || action.Least == nil || *action.Least == sets:
		default:
			out.Then = append(out.Then, Rescheduled{action.Name, at, *action.Least, sets})
		}
	}
	return out
}

// lookSpikes adds to a service's bounds what its template announces, and what is scheduled.
func (w *work) lookSpikes(ctx context.Context, s *Scale) (err error) {
	if s.Spikes, err = w.account.announced(ctx, s.Service); err != nil {
		return err
	}
	actions, err := w.account.scheduled(ctx, s.Service)
	if err != nil {
		return err
	}
	for i := range actions {
		s.Scheduled = append(s.Scheduled, scheduledOf(&actions[i]))
	}
	return nil
}

// announced reads the spikes of a service from the template that was deployed. What is scheduled does not say what was announced
// once bounds have changed it.
func (a *account) announced(ctx context.Context, service string) ([]deploy.Spike, error) {
	stack := stackName(a.environment, "service")
	out, err := a.here.cfn.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &stack})
	if err != nil {
		return nil, fmt.Errorf("read the template of the stack %s: %w", stack, err)
	}
	var body struct{ Resources map[string]resource }
	if err := json.Unmarshal([]byte(aws.ToString(out.TemplateBody)), &body); err != nil {
		return nil, errs.Wrap(errs.Internal, "the template of the stack "+stack+" is no JSON", err)
	}
	return spikesOf(body.Resources, service)
}

// spikesOf gives those that the resources of a template announce for a service.
func spikesOf(resources map[string]resource, service string) ([]deploy.Spike, error) {
	for _, r := range resources {
		var target struct {
			ID json.RawMessage `json:"ResourceId"`
		}
		if r.Type != "AWS::ApplicationAutoScaling::ScalableTarget" {
			continue
		}
		if err := json.Unmarshal(r.Properties, &target); err != nil {
			return nil, errs.Wrap(errs.Invalid, "the template scales something that has no properties", err)
		}
		if bytes.Contains(target.ID, []byte("/"+service+`"`)) { // the name of the cluster is a reference
			return deploy.Spikes(r.Properties)
		}
	}
	return nil, nil
}

// scheduled lists what scaling does to a service by itself at some moment.
func (a *account) scheduled(ctx context.Context, service string) ([]types.ScheduledAction, error) {
	var out []types.ScheduledAction
	pages := applicationautoscaling.NewDescribeScheduledActionsPaginator(a.scaling, &applicationautoscaling.DescribeScheduledActionsInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(a.scaled(service)), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look at what is scheduled for the service %s: %w", service, err)
		}
		out = append(out, page.ScheduledActions...)
	}
	return out, nil
}

func scheduledOf(a *types.ScheduledAction) deploy.Scheduled {
	out := deploy.Scheduled{Name: aws.ToString(a.ScheduledActionName), Schedule: aws.ToString(a.Schedule), Timezone: aws.ToString(a.Timezone)}
	if sets := a.ScalableTargetAction; sets != nil {
		for _, one := range []struct {
			from *int32
			into **int
		}{{sets.MinCapacity, &out.Least}, {sets.MaxCapacity, &out.Most}} {
			if one.from != nil {
				*one.into = aws.Int(int(*one.from))
			}
		}
	}
	return out
}

// reschedule has the spikes of a service that are still to come begin and end as its bounds want, and says how many actions that
// has changed. What an earlier run has changed is found again.
func (w *work) reschedule(ctx context.Context, service string, spikes []deploy.Spike, to Bounds) (int, error) {
	if len(spikes) == 0 {
		return 0, nil
	}
	actions, err := w.account.scheduled(ctx, service)
	if err != nil {
		return 0, err
	}
	changed := 0
	for i := range actions {
		is := Scale{Spikes: spikes, Scheduled: []deploy.Scheduled{scheduledOf(&actions[i])}}
		for _, next := range is.Effect(to, time.Now()).Then {
			if err := w.put(ctx, &actions[i], next.Sets, to.Most, deploy.Ends(spikes, next.Name)); err != nil {
				return changed, fmt.Errorf("what is scheduled as %s is as it was: %w", next.Name, err)
			}
			w.tell("scale", fmt.Sprintf("%s will set %d tasks at least", next.Name, next.Sets), -1)
			changed++
		}
	}
	return changed, nil
}

// put has an action set another least, and a most that it sets be the one that is kept if it ends a spike.
func (w *work) put(ctx context.Context, a *types.ScheduledAction, least, most int, ends bool) error {
	sets := types.ScalableTargetAction{MinCapacity: aws.Int32(int32(least)), MaxCapacity: a.ScalableTargetAction.MaxCapacity}
	if sets.MaxCapacity != nil && ends {
		sets.MaxCapacity = aws.Int32(int32(most))
	}
	_, err := w.account.scaling.PutScheduledAction(ctx, &applicationautoscaling.PutScheduledActionInput{
		ServiceNamespace: a.ServiceNamespace, ResourceId: a.ResourceId, ScalableDimension: a.ScalableDimension, ScheduledActionName: a.ScheduledActionName,
		Schedule: a.Schedule, Timezone: a.Timezone, StartTime: a.StartTime, EndTime: a.EndTime, ScalableTargetAction: &sets,
	})
	return err
}

// inForce has scaling go by bounds at once: as long as a spike goes on, by no fewer than it announces. One that begins or ends while AWS is
// asked has not been reckoned with, and is then.
func (w *work) inForce(ctx context.Context, service string, spikes []deploy.Spike, to Bounds) error {
	is := Scale{Spikes: spikes}
	for set := (Bounds{}); ; {
		next := is.Effect(to, time.Now()).Now
		if next == set {
			return nil
		}
		if err := w.register(ctx, service, next); err != nil {
			return err
		}
		set = next
	}
}

func (w *work) register(ctx context.Context, service string, to Bounds) error {
	_, err := w.account.scaling.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(w.account.scaled(service)), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		MinCapacity: aws.Int32(int32(to.Least)), MaxCapacity: aws.Int32(int32(to.Most)),
	})
	return err
}

// respike has spikes go together with the bounds that operators have chosen, once a template was brought: that says what a spike
// announces, cannot know which of two numbers is more, and ends a spike that goes on where it sets bounds anew.
func (w *work) respike(ctx context.Context, t *Template) error {
	if t.Stack != stackName(w.o.Environment, "service") {
		return nil
	}
	for _, service := range Services() {
		spikes, err := spikesOf(t.resources, service)
		if err != nil {
			return err
		}
		if len(spikes) == 0 {
			continue
		}
		if err := w.mayChange(ctx); err != nil {
			return err
		}
		var kept Bounds
		if err := w.keptBounds(ctx, service, &kept); err != nil {
			return err
		}
		changed, err := w.reschedule(ctx, service, spikes, kept)
		if err != nil {
			return err
		}
		if _, going := deploy.During(spikes, time.Now(), kept.Least, kept.Most); going != nil {
			if err := w.inForce(ctx, service, spikes, kept); err != nil {
				return fmt.Errorf("the spike %s does not go on; run the same once more: %w", going.Name, err)
			}
		}
		if changed > 0 {
			w.brought = append(w.brought, "the spikes of "+service)
		}
	}
	return nil
}

// spiked says of a template in which spikes its announcement is not what they will begin with, since operators have chosen
// other bounds.
func (w *work) spiked(ctx context.Context, t *Template) ([]string, error) {
	var out []string
	for _, service := range Services() {
		spikes, err := spikesOf(t.resources, service)
		if err != nil {
			return nil, err
		}
		if len(spikes) == 0 {
			continue
		}
		var kept Bounds
		if err := w.keptBounds(ctx, service, &kept); err != nil {
			return nil, err
		}
		for _, s := range spikes {
			if sets, _ := deploy.Sets(spikes, s.Name, kept.Least, kept.Most); sets != s.Least && s.To.After(time.Now()) {
				out = append(out, fmt.Sprintf("the spike %s begins with %d tasks of %s at least, not %d, since %v are kept", s.Name, sets, service, s.Least, kept))
			}
		}
	}
	return out, nil
}
