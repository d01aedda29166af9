package environ

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scaletypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// stillLimit is how long tasks may take to end, scheduled ones among them, and how long services to serve again.
const stillLimit = 30 * time.Minute

// standing gives the services that there are, by their names.
func (w *work) standing(ctx context.Context) (map[string]*types.Service, error) {
	out, err := w.account.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String("enishi-" + w.o.Environment), Services: Services()})
	if err != nil {
		return nil, fmt.Errorf("look at the services of %s: %w", w.o.Environment, err)
	}
	all := map[string]*types.Service{}
	for i := range out.Services {
		if s := &out.Services[i]; aws.ToString(s.Status) == "ACTIVE" {
			all[aws.ToString(s.ServiceName)] = s
		}
	}
	return all, nil
}

// stopServices takes every task of the services away, keeps scaling from starting others, and waits until no task runs that
// could write. How many there were is noted beforehand.
func (w *work) stopServices(ctx context.Context) error {
	for _, name := range Services() {
		all, err := w.standing(ctx)
		if err != nil {
			return err
		}
		s := all[name]
		if s == nil {
			continue
		}
		if _, noted := w.held.Stopped()[name]; !noted {
			if err := w.held.Stops(ctx, name, s.DesiredCount); err != nil {
				return err
			}
		}
		if err := w.suspend(ctx, name, true); err != nil {
			return err
		}
		if err := w.want(ctx, name, 0); err != nil {
			return err
		}
	}
	shown := -1
	return w.await(ctx, "the end of the tasks of "+w.o.Environment, stillLimit, func(ctx context.Context) (bool, error) {
		running, err := w.tasks(ctx, types.DesiredStatusRunning)
		if err != nil {
			return false, err
		}
		ending, err := w.tasks(ctx, types.DesiredStatusStopped)
		if err != nil {
			return false, err
		}
		ending = slices.DeleteFunc(ending, func(t Task) bool { return t.State == "stopped" })
		left := len(running) + len(ending)
		if left != shown {
			w.tell("stop", fmt.Sprintf("%d tasks have not ended", left), -1)
			shown = left
		}
		return left == 0, nil
	})
}

// startServices gives the services as many tasks as they had, lets them scale again, and waits until they serve.
func (w *work) startServices(ctx context.Context) error {
	stopped := w.held.Stopped()
	there, err := w.standing(ctx)
	if err != nil {
		return err
	}
	for _, name := range Services() {
		n, ok := stopped[name]
		if !ok {
			continue
		}
		if there[name] == nil {
			w.tell("start", "the service "+name+" is gone: enishi env plan "+w.o.Environment+" shows what there is", -1)
			continue
		}
		if there[name].DesiredCount < n { // else an earlier run has, and it scales since
			if err := w.want(ctx, name, n); err != nil {
				return err
			}
		}
		if err := w.suspend(ctx, name, false); err != nil {
			return err
		}
	}
	if err := w.held.Starts(ctx); err != nil { // whoever has a version that gets well where this one does not may bring it
		return err
	}
	return w.well(ctx)
}

// unasked is how long a task may run of which ECS says nothing, until it is taken for well: the acceptance finds out.
const unasked = 90 * time.Second

// well waits until the services have as many tasks as they want, and these are well.
func (w *work) well(ctx context.Context) error {
	shown := ""
	return w.await(ctx, "the services of "+w.o.Environment, stillLimit, func(ctx context.Context) (bool, error) {
		all, err := w.standing(ctx)
		if err != nil {
			return false, err
		}
		tasks, err := w.tasks(ctx, types.DesiredStatusRunning)
		if err != nil {
			return false, err
		}
		serve, state := true, ""
		for _, name := range Services() {
			if all[name] == nil {
				continue
			}
			n, wanted := 0, int(all[name].DesiredCount)
			for i := range tasks {
				t := &tasks[i]
				if t.Service && t.Of == name && (t.Health == "healthy" || t.Health != "unhealthy" && t.State == "running" && time.Since(t.Started) > unasked) {
					n++
				}
			}
			serve = serve && n >= wanted
			state += fmt.Sprintf("%s: %d of %d tasks are well; ", name, n, wanted)
		}
		if state != shown {
			w.tell("start", strings.TrimSuffix(state, "; "), -1)
			shown = state
		}
		return serve, nil
	})
}

// suspend keeps scaling, that by schedule too, from changing how many tasks a service has, or lets it again.
func (w *work) suspend(ctx context.Context, service string, on bool) error {
	if err := w.mayChange(ctx); err != nil {
		return err
	}
	_, err := w.account.scaling.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: scaletypes.ServiceNamespaceEcs, ResourceId: aws.String(w.account.scaled(service)), ScalableDimension: scaletypes.ScalableDimensionECSServiceDesiredCount,
		SuspendedState: &scaletypes.SuspendedState{DynamicScalingInSuspended: &on, DynamicScalingOutSuspended: &on, ScheduledScalingSuspended: &on},
	})
	if err != nil {
		return fmt.Errorf("hold up the scaling of %s (or let it go on): %w", service, err)
	}
	return nil
}

func (w *work) want(ctx context.Context, service string, tasks int32) error {
	if err := w.mayChange(ctx); err != nil {
		return err
	}
	if _, err := w.account.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: aws.String("enishi-" + w.o.Environment), Service: &service, DesiredCount: &tasks}); err != nil {
		return fmt.Errorf("have %d tasks of %s: %w", tasks, service, err)
	}
	return nil
}
