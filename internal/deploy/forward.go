package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"enishi/internal/errs"
)

// How long each may take before it is taken back.
const (
	schemaLimit     = 30 * time.Minute // of a table with a million people, online
	startLimit      = 10 * time.Minute // tasks of all services, also on hosts that come first
	acceptanceLimit = 5 * time.Minute
	bakeLimit       = 30 * time.Minute // beyond what the service was told to bake: ECS's documentation has it compute some of that by the alarms it looks at
	// pauseMinutes is when ECS itself takes back what nobody has said yes to.
	pauseMinutes = 30
)

func forward() []step {
	return []step{
		{"schema", (*deployment).schema},
		{"tasks", (*deployment).tasks},
		{"next version", (*deployment).nextVersion},
		{"acceptance", (*deployment).acceptance},
		{"traffic", (*deployment).traffic},
		{"workers", (*deployment).workers},
		{"bake", (*deployment).bake},
		{"keep", (*deployment).keep},
	}
}

// schema expands the database by a one-off task of the new version, which the old one
// goes on with. A task that has nothing to expand is not waited for until people would be sent
// to the version: it takes as long to start as any other.
func (d *deployment) schema(ctx context.Context) error {
	r := d.record
	if r.Tasks.Schema == "" {
		by := order{By: r.By, Why: r.Why, Deploys: r.Version + ": " + digestOf(r.Before.Image) + " -> " + digestOf(r.Image)}
		if err := d.startOnce(ctx, "schema", once, &r.Tasks.Schema, by, []string{"migrate"}); err != nil {
			return err
		}
	}
	if r.Needs == 0 || r.Schema < r.Needs {
		return d.schemaEnds(ctx, "schema")
	}
	r.Steps[d.timing("schema")].Note = fmt.Sprintf("the database has schema %d already: its task goes on beside what follows", r.Schema)
	return nil
}

// schemaEnds waits until the database has the schema of the new version.
func (d *deployment) schemaEnds(ctx context.Context, step string) error {
	r := d.record
	if r.Tasks.Expanded {
		return nil
	}
	if err := d.onceEnds(ctx, step, once, r.Tasks.Schema, schemaLimit, "migrate"); err != nil {
		return err
	}
	r.Tasks.Expanded, r.Schema = true, max(r.Schema, r.Needs)
	return d.save(ctx)
}

// simulator is where mails of the acceptance go: SES takes them, and nobody gets them.
const simulator = "success+*@simulator.amazonses.com"

// acceptance waits for the walk through the next version, to which nobody else is sent yet.
func (d *deployment) acceptance(ctx context.Context) error {
	if err := d.schemaEnds(ctx, "acceptance"); err != nil {
		return err
	}
	return d.onceEnds(ctx, "acceptance", accept, d.record.Tasks.Acceptance, acceptanceLimit, "verify")
}

// startAcceptance starts the task of that walk, which itself waits until this deployment answers.
func (d *deployment) startAcceptance(ctx context.Context) error {
	r := d.record
	if r.Tasks.Acceptance != "" {
		return nil
	}
	at, err := d.account.parameter(ctx, "test-url")
	if err != nil {
		return err
	}
	return d.startOnce(ctx, "acceptance", accept, &r.Tasks.Acceptance, order{By: r.By, Why: r.Why}, []string{"verify", at, "--address", simulator, "--deployment", r.ID})
}

// tasks registers what the services are to run.
func (d *deployment) tasks(ctx context.Context) error {
	r := d.record
	for _, of := range []struct {
		before string
		after  *string
	}{{r.Before.Web, &r.After.Web}, {r.Before.Worker, &r.After.Worker}} {
		if *of.after != "" {
			continue
		}
		from, _, err := d.account.definition(ctx, of.before)
		if err != nil {
			return err
		}
		if err := d.mayChange(ctx); err != nil {
			return err
		}
		if *of.after, err = d.account.register(ctx, from, r.Image, r.ID); err != nil {
			return err
		}
		if err := d.save(ctx); err != nil {
			return err
		}
	}
	r.After.Image = r.Image
	return nil
}

// nextVersion starts the new version beside the one that serves; ECS pauses before anybody
// is sent to it.
func (d *deployment) nextVersion(ctx context.Context) error {
	r := d.record
	if err := d.update(ctx, web, r.After.Web, true); err != nil {
		return err
	}
	if err := d.startAcceptance(ctx); err != nil {
		return err
	}
	return d.await(ctx, "next version", "the next version beside this one", startLimit, func(ctx context.Context) (string, error) {
		s, err := d.rolling(ctx, web, r.After.Web)
		if err != nil || s == nil {
			return "ECS begins", err
		}
		if s.Status == types.ServiceDeploymentStatusSuccessful || paused(s) != nil || beyondPause(s) {
			return "", nil
		}
		return stage(s), nil
	})
}

// traffic lets people to the new version: a tenth, then all.
func (d *deployment) traffic(ctx context.Context) error {
	r := d.record
	return d.await(ctx, "traffic", "all traffic on the new version", startLimit, func(ctx context.Context) (string, error) {
		if err := d.well(ctx); err != nil {
			return "", err
		}
		s, err := d.rolling(ctx, web, r.After.Web)
		if err != nil || s == nil {
			return "ECS begins", err
		}
		if hook := paused(s); hook != nil {
			d.unwatched(s)
			if err := d.goOn(ctx, s, hook, types.DeploymentLifecycleHookActionContinue); err != nil {
				return "", err
			}
			return "ECS is told to go on", nil
		}
		if s.Status == types.ServiceDeploymentStatusSuccessful || s.LifecycleStage == types.ServiceDeploymentLifecycleStageBakeTime || s.LifecycleStage == types.ServiceDeploymentLifecycleStageCleanUp {
			return "", nil
		}
		return stage(s), nil
	})
}

// workers brings the new version to the workers, which nobody is sent to.
func (d *deployment) workers(ctx context.Context) error {
	if err := d.update(ctx, worker, d.record.After.Worker, false); err != nil {
		return err
	}
	return d.settled(ctx, "workers", worker, d.record.After.Worker, startLimit)
}

// bake waits until ECS lets the old version go: until then all of it goes back within
// seconds.
func (d *deployment) bake(ctx context.Context) error {
	s, err := d.account.service(ctx, web)
	if err != nil {
		return err
	}
	limit := bakeLimit
	if c := s.DeploymentConfiguration; c != nil {
		limit += time.Duration(aws.ToInt32(c.BakeTimeInMinutes)) * time.Minute
	}
	return d.settled(ctx, "bake", web, d.record.After.Web, limit)
}

// settled waits until a service has a task definition and nothing moves, and watches the
// alarms meanwhile.
func (d *deployment) settled(ctx context.Context, step, service, definition string, limit time.Duration) error {
	return d.await(ctx, step, "the service "+service, limit, func(ctx context.Context) (string, error) {
		if err := d.well(ctx); err != nil {
			return "", err
		}
		s, err := d.rolling(ctx, service, definition)
		if err != nil || s == nil {
			return "ECS begins", err
		}
		if s.Status == types.ServiceDeploymentStatusSuccessful {
			return "", nil
		}
		return stage(s), nil
	})
}

// keep makes the new version the one that stays: scheduled jobs run it from now on, and
// the templates keep it.
func (d *deployment) keep(ctx context.Context) error {
	if err := d.others(ctx, d.record.Image, d.record.ID); err != nil {
		return err
	}
	return d.stay(ctx, d.record.Image)
}

// others makes whatever is no service run an image, by a definition of a deployment.
func (d *deployment) others(ctx context.Context, image, deployment string) error {
	families, err := d.account.others(ctx)
	if err != nil {
		return err
	}
	for _, family := range families {
		newest, _, err := d.account.definition(ctx, family)
		if err != nil {
			return err
		}
		if imageOf(newest) == image {
			continue
		}
		if err := d.mayChange(ctx); err != nil {
			return err
		}
		if _, err := d.account.register(ctx, newest, image, deployment); err != nil {
			return err
		}
	}
	return nil
}

// stay keeps an image for the templates, and takes from the service the pause, at which a
// deployment of theirs would wait for nobody, and the alarms of this deployment.
func (d *deployment) stay(ctx context.Context, image string) error {
	kept, err := d.account.parameter(ctx, "image")
	if err != nil {
		return err
	}
	if kept != image {
		if err := d.mayChange(ctx); err != nil {
			return err
		}
		if err := d.account.setParameter(ctx, "image", image); err != nil {
			return err
		}
	}
	s, err := d.account.service(ctx, web)
	if err != nil || s.DeploymentConfiguration == nil || !slices.ContainsFunc(s.DeploymentConfiguration.LifecycleHooks, pauses) && !guarded(s.DeploymentConfiguration) {
		return err
	}
	if err := d.mayChange(ctx); err != nil {
		return err
	}
	if _, err := d.account.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: aws.String(d.account.cluster()), Service: aws.String(web), DeploymentConfiguration: d.configured(s, false)}); err != nil {
		return fmt.Errorf("take the pause and the alarms from the service %s: %w", web, err)
	}
	return nil
}

// update gives a service a task definition, unless that is on its way already.
func (d *deployment) update(ctx context.Context, service, definition string, pause bool) error {
	s, err := d.account.service(ctx, service)
	if err != nil {
		return err
	}
	if aws.ToString(s.TaskDefinition) == definition {
		return nil
	}
	on, err := d.account.rollout(ctx, service, definition, d.record.Begun)
	if err != nil || on != nil && !ended(on.Status) {
		return err
	}
	in := &ecs.UpdateServiceInput{Cluster: aws.String(d.account.cluster()), Service: &service, TaskDefinition: &definition}
	if service == web {
		in.DeploymentConfiguration = d.configured(s, pause)
	}
	if service == web && pause {
		if err := d.guard(ctx, in.DeploymentConfiguration); err != nil {
			return err
		}
	}
	if err := d.mayChange(ctx); err != nil {
		return err
	}
	if _, err := d.account.ecs.UpdateService(ctx, in); err != nil {
		return fmt.Errorf("give the service %s its task definition: %w", service, err)
	}
	return nil
}

// configured gives a service's deployment configuration without alarms, and with or without the pause after
// the next version has the traffic of the test listener, and before it has any other.
func (d *deployment) configured(s *types.Service, pause bool) *types.DeploymentConfiguration {
	out := types.DeploymentConfiguration{}
	if s.DeploymentConfiguration != nil {
		out = *s.DeploymentConfiguration
	}
	unguarded(&out)
	out.LifecycleHooks = slices.DeleteFunc(slices.Clone(out.LifecycleHooks), pauses)
	if out.LifecycleHooks == nil {
		out.LifecycleHooks = []types.DeploymentLifecycleHook{} // nil would leave them
	}
	if pause {
		out.LifecycleHooks = append(out.LifecycleHooks, types.DeploymentLifecycleHook{
			TargetType: types.DeploymentLifecycleHookTargetTypePause, LifecycleStages: []types.DeploymentLifecycleHookStage{types.DeploymentLifecycleHookStagePostTestTrafficShift},
			TimeoutConfiguration: &types.DeploymentLifecycleHookTimeoutConfiguration{Action: types.DeploymentLifecycleHookActionRollback, TimeoutInMinutes: aws.Int32(pauseMinutes)},
		})
	}
	return &out
}

func pauses(h types.DeploymentLifecycleHook) bool {
	return h.TargetType == types.DeploymentLifecycleHookTargetTypePause
}

// paused gives the hook at which a deployment waits for a word; nil if it does not.
func paused(s *types.ServiceDeployment) *types.DeploymentLifecycleHookDetail {
	for i := range s.LifecycleHookDetails {
		if h := &s.LifecycleHookDetails[i]; h.TargetType == types.DeploymentLifecycleHookTargetTypePause && h.Status == types.DeploymentLifecycleHookStatusAwaitingAction {
			return h
		}
	}
	return nil
}

// beyondPause says whether a deployment has been told to go on.
func beyondPause(s *types.ServiceDeployment) bool {
	switch s.LifecycleStage {
	case types.ServiceDeploymentLifecycleStageProductionTrafficShift, types.ServiceDeploymentLifecycleStagePostProductionTrafficShift,
		types.ServiceDeploymentLifecycleStageBakeTime, types.ServiceDeploymentLifecycleStageCleanUp:
		return true
	}
	return false
}

func (d *deployment) goOn(ctx context.Context, s *types.ServiceDeployment, hook *types.DeploymentLifecycleHookDetail, how types.DeploymentLifecycleHookAction) error {
	if err := d.mayChange(ctx); err != nil {
		return err
	}
	if _, err := d.account.ecs.ContinueServiceDeployment(ctx, &ecs.ContinueServiceDeploymentInput{ServiceDeploymentArn: s.ServiceDeploymentArn, HookId: hook.HookId, Action: how}); err != nil {
		return fmt.Errorf("tell the paused deployment to %s: %w", strings.ToLower(string(how)), err)
	}
	return nil
}

// rolling gives the deployment of a service to a task definition, nil before ECS shows it;
// one that ended otherwise than well is an error.
func (d *deployment) rolling(ctx context.Context, service, definition string) (*types.ServiceDeployment, error) {
	s, err := d.account.rollout(ctx, service, definition, d.record.Begun)
	if err != nil || s == nil {
		return nil, err
	}
	switch s.Status {
	case types.ServiceDeploymentStatusPending, types.ServiceDeploymentStatusInProgress, types.ServiceDeploymentStatusSuccessful:
		return s, nil
	}
	why := aws.ToString(s.StatusReason)
	if s.Rollback != nil {
		why += " " + aws.ToString(s.Rollback.Reason)
	}
	return nil, final{errs.New(errs.Internal, fmt.Sprintf("ECS did not bring the new version to the service %s (%s): %s", service, strings.ToLower(string(s.Status)), strings.TrimSpace(why)))}
}

// well fails if an alarm is on that was not when the deployment began, or if more is answered badly than can be afforded.
func (d *deployment) well(ctx context.Context) error {
	on, err := d.alarming(ctx)
	if err != nil {
		return err
	}
	on = slices.DeleteFunc(on, func(name string) bool { return slices.Contains(d.record.Alarms, name) })
	if len(on) > 0 {
		return final{errors.New("an alarm is on that was not before: " + strings.Join(on, ", "))}
	}
	return d.affordable(ctx)
}

// stage says where a deployment is, and how much of it runs.
func stage(s *types.ServiceDeployment) string {
	out := strings.ToLower(strings.ReplaceAll(string(s.LifecycleStage), "_", " "))
	if out == "" {
		out = strings.ToLower(string(s.Status))
	}
	if t := s.TargetServiceRevision; t != nil {
		out += fmt.Sprintf(", %d of %d tasks run", t.RunningTaskCount, t.RequestedTaskCount)
	}
	return out
}
