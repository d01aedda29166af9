package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func backward() []step {
	return []step{
		{"tasks end", (*deployment).tasksEnd},
		{"web back", func(d *deployment, ctx context.Context) error {
			return d.serviceBack(ctx, "web back", web, d.record.After.Web, d.record.Before.Web)
		}},
		{"workers back", func(d *deployment, ctx context.Context) error {
			return d.serviceBack(ctx, "workers back", worker, d.record.After.Worker, d.record.Before.Worker)
		}},
		{"keep what was", (*deployment).keepBefore},
		{"note", (*deployment).noteBack},
	}
}

// tasksEnd waits for a migration that runs, which an old program goes on with, and stops
// an acceptance, which erases what it has made.
func (d *deployment) tasksEnd(ctx context.Context) error {
	for _, of := range []struct {
		arn  string
		stop bool
	}{{d.record.Tasks.Schema, false}, {d.record.Tasks.Acceptance, true}} {
		if of.arn == "" {
			continue
		}
		told := false
		err := d.await(ctx, "tasks end", "the task "+of.arn, schemaLimit, func(ctx context.Context) (string, error) {
			out, err := d.account.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(d.account.cluster()), Tasks: []string{of.arn}})
			if err != nil {
				return "", fmt.Errorf("look at the task %s: %w", of.arn, err)
			}
			if len(out.Tasks) == 0 || aws.ToString(out.Tasks[0].LastStatus) == "STOPPED" { // ECS forgets tasks that have ended
				return "", nil
			}
			if of.stop && !told {
				if err := d.mayChange(ctx); err != nil {
					return "", err
				}
				if _, err := d.account.ecs.StopTask(ctx, &ecs.StopTaskInput{Cluster: aws.String(d.account.cluster()), Task: &of.arn, Reason: aws.String("the deployment is taken back")}); err != nil {
					return "", fmt.Errorf("stop the task %s: %w", of.arn, err)
				}
				told = true
			}
			return "the task " + taskID(of.arn) + " still runs", nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// appear is how long a deployment that ECS was told of may take to be listed.
const appear = 15 * time.Second

// serviceBack gives a service what it had: by ECS's own way back while the old version
// is still there, by a deployment of it otherwise.
func (d *deployment) serviceBack(ctx context.Context, step, service, after, before string) error {
	if after == "" {
		return nil // it was not come to
	}
	begun := time.Now()
	return d.await(ctx, step, "the service "+service, startLimit+bakeLimit, func(ctx context.Context) (string, error) {
		s, err := d.account.rollout(ctx, service, after, d.record.Begun)
		if err != nil {
			return "", err
		}
		if s != nil && !ended(s.Status) {
			return d.stopRollout(ctx, s)
		}
		now, err := d.account.service(ctx, service)
		if err != nil {
			return "", err
		}
		if s == nil && time.Since(begun) < appear {
			return "whether ECS has begun is looked at", nil
		}
		return d.again(ctx, service, before, now)
	})
}

// stopRollout tells ECS to go back, once.
func (d *deployment) stopRollout(ctx context.Context, s *types.ServiceDeployment) (string, error) {
	switch s.Status {
	case types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress, types.ServiceDeploymentStatusStopRequested:
		return stage(s), nil
	}
	if hook := paused(s); hook != nil {
		return "ECS is told to go back", d.goOn(ctx, s, hook, types.DeploymentLifecycleHookActionRollback)
	}
	if err := d.mayChange(ctx); err != nil {
		return "", err
	}
	if _, err := d.account.ecs.StopServiceDeployment(ctx, &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: s.ServiceDeploymentArn, StopType: types.StopServiceDeploymentStopTypeRollback}); err != nil {
		return "", fmt.Errorf("stop the deployment %s: %w", aws.ToString(s.ServiceDeploymentArn), err)
	}
	return "ECS is told to go back", nil
}

// again deploys what a service had before, where that is not what it has.
func (d *deployment) again(ctx context.Context, service, before string, now *types.Service) (string, error) {
	on, err := d.account.rollout(ctx, service, before, d.record.Begun)
	if err != nil {
		return "", err
	}
	if on != nil && !ended(on.Status) {
		return stage(on), nil
	}
	if aws.ToString(now.TaskDefinition) == before && aws.ToString(now.CurrentServiceDeployment) == "" {
		return "", nil
	}
	if moving := aws.ToString(now.CurrentServiceDeployment); moving != "" {
		return "the deployment " + moving + " ends", nil
	}
	return "what was before is deployed", d.update(ctx, service, before, false)
}

// keepBefore gives the jobs and the templates the image from before.
func (d *deployment) keepBefore(ctx context.Context) error {
	if err := d.others(ctx, d.record.Before.Image, d.record.ID+"-back"); err != nil {
		return err
	}
	return d.stay(ctx, d.record.Before.Image)
}

// noteLimit is how long the audit log is waited for.
const noteLimit = 5 * time.Minute

// noteBack tells the audit log, which was told of the deployment by its migration. What runs
// is back already: a log that cannot be told, or a program from before that knows no such
// command, holds up nothing.
func (d *deployment) noteBack(ctx context.Context) error {
	r := d.record
	if r.Tasks.Schema == "" {
		return nil
	}
	if r.Tasks.Note == "" {
		definition, _, err := d.account.definition(ctx, d.account.family(once))
		if err != nil {
			return err
		}
		if err := d.mayChange(ctx); err != nil {
			return err
		}
		diff, of := digestOf(r.Image)+" -> "+digestOf(r.Before.Image), aws.ToString(definition.TaskDefinitionArn)
		// Whoever goes on with a rollback may say another reason, which ECS refuses with the same token.
		if r.Tasks.Note, err = d.run(ctx, of, r.ID, strings.Join([]string{r.ID, "note", of, r.By, r.Reason}, "\n"), order{By: r.By, Why: r.Reason}, []string{"audit", "note", "deploy.back", diff}); err != nil {
			return err
		}
		if err := d.save(ctx); err != nil {
			return err
		}
	}
	err := d.onceEnds(ctx, "note", once, r.Tasks.Note, noteLimit, "audit")
	if errors.As(err, new(final)) {
		r.Steps[d.timing("note")].Note = "the audit log was not told: " + err.Error()
		return nil
	}
	return err
}
