package environ

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

func (b Bounds) String() string { return fmt.Sprintf("%d to %d", b.Least, b.Most) }

// mostTasks is what ECS lets one service have.
const mostTasks = 5000

// Check is Invalid unless a service can have so many.
func (b Bounds) Check() error {
	var wrong []errs.Problem
	if b.Least < 1 || b.Least > mostTasks {
		wrong = append(wrong, errs.Problem{Pointer: "the least", Found: strconv.Itoa(b.Least), Allowed: fmt.Sprintf("1 to %d tasks", mostTasks)})
	}
	if b.Most < b.Least || b.Most > mostTasks {
		wrong = append(wrong, errs.Problem{Pointer: "the most", Found: strconv.Itoa(b.Most), Allowed: fmt.Sprintf("as many tasks as at least, to %d", mostTasks)})
	}
	if len(wrong) > 0 {
		return errs.AtPointers(wrong...)
	}
	return nil
}

// Services gives the services of an environment that scale.
func Services() []string { return []string{"web", "worker"} }

// Scale is what there is of a service's bounds.
type Scale struct {
	Who
	Environment string `json:"environment"`
	Service     string `json:"service"`
	Real        bool   `json:"real"` // the environment holds people's data
	// Kept is what the templates take, In what scaling goes by now: they differ while somebody's
	// change is on its way, or was left half-way.
	Kept Bounds `json:"kept"`
	In   Bounds `json:"in_force"`
	// Spikes are what the template announces, also those that are over; Scheduled is what scaling does by itself, as it is now.
	Spikes    []deploy.Spike     `json:"spikes,omitempty"`
	Scheduled []deploy.Scheduled `json:"scheduled,omitempty"`
	// Unseen is why it is not known which spikes are announced; "": it is.
	Unseen string `json:"unseen,omitempty"`
	// Left is a change that was left half-way; nil: none was.
	Left *deploy.Change `json:"left,omitempty"`
}

// Was gives the bounds that were kept before whatever was left half-way, as "2 to 9": those in force may
// be a spike's, which nobody wants for good.
func (s *Scale) Was() string {
	if s.Left != nil {
		return strings.TrimSuffix(s.Left.From, " tasks")
	}
	return s.Kept.String()
}

// LookScale finds out which bounds a service has, and changes nothing.
func LookScale(ctx context.Context, o *Options, service string) (*Scale, error) {
	if !slices.Contains(Services(), service) {
		return nil, errs.AtPointer("the service", service, "web or worker")
	}
	w := newWork(o)
	who, err := w.who(ctx)
	if err != nil {
		return nil, err
	}
	s := &Scale{Who: who, Environment: o.Environment, Service: service}
	if s.Real, err = w.account.real(ctx); err != nil {
		return nil, err
	}
	if err := w.keptBounds(ctx, service, &s.Kept); err != nil {
		return nil, err
	}
	out, err := w.account.scaling.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceIds: []string{w.account.scaled(service)}, ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
	})
	if err != nil {
		return nil, fmt.Errorf("look at the bounds of the service %s: %w", service, err)
	}
	if len(out.ScalableTargets) != 1 {
		return nil, errs.New(errs.NotFound, "the service "+service+" of "+o.Environment+" does not scale: is the environment whole? enishi env up makes it so")
	}
	t := out.ScalableTargets[0]
	s.In = Bounds{int(aws.ToInt32(t.MinCapacity)), int(aws.ToInt32(t.MaxCapacity))}
	switch err := w.lookSpikes(ctx, s); {
	case denied(err): // more tasks may be wanted at once
		s.Spikes, s.Scheduled, s.Unseen = nil, nil, err.Error()
	case err != nil:
		return nil, err
	}
	w.o = &Options{Environment: o.Environment, AWS: o.AWS, By: who.Identity, Why: "a look"}
	if s.Left, err = deploy.LeftChange(ctx, w.deploying(), service); s.Left != nil && !s.Left.Made.IsZero() {
		s.Left = nil // it is in force; the next change tells of both
	}
	return s, err
}

// keptBounds reads the bounds that are kept for the templates.
func (w *work) keptBounds(ctx context.Context, service string, into *Bounds) error {
	for _, of := range w.account.bounds(service, into) {
		value, ok, err := w.account.parameter(ctx, of.name)
		if err != nil {
			return err
		}
		if !ok {
			return errs.New(errs.NotFound, "there is no parameter "+w.account.path(of.name)+": is the environment whole? enishi env up makes it so")
		}
		if *of.value, err = strconv.Atoi(value); err != nil {
			return errs.New(errs.Conflict, fmt.Sprintf("the parameter %s is no number: %q", w.account.path(of.name), value))
		}
	}
	return nil
}

// bound is one of the two numbers of a service, and the parameter that keeps it.
type bound struct {
	name  string
	value *int
}

func (a *account) bounds(service string, b *Bounds) []bound {
	return []bound{{service + "/least", &b.Least}, {service + "/most", &b.Most}}
}

func (a *account) scaled(service string) string {
	return "service/enishi-" + a.environment + "/" + service
}

// SetScale gives a service other bounds, at once, for the templates and for the spikes that are announced, and tells the audit log. A
// spike that goes on does so: until it is over there are no fewer than it announces.
// What a run that was killed has left, another call ends.
func SetScale(ctx context.Context, o *Options, from *Scale, to Bounds) error {
	if err := to.Check(); err != nil {
		return err
	}
	w := newWork(o)
	change := deploy.Change{What: from.Service, From: from.Was() + " tasks", To: to.String() + " tasks"}
	return deploy.MakeChange(ctx, w.deploying(), change, func(ctx context.Context, _ *deploy.Making) error { return w.scale(ctx, from, to) })
}

func (w *work) scale(ctx context.Context, from *Scale, to Bounds) error {
	// First what stays: a change of the templates meanwhile would take the number from before. And at
	// no time is the least more than the most.
	var kept Bounds
	if err := w.keptBounds(ctx, from.Service, &kept); err != nil {
		return err
	}
	numbers := w.account.bounds(from.Service, &to)
	if to.Most >= kept.Most {
		slices.Reverse(numbers)
	}
	for _, of := range numbers {
		if err := w.account.set(ctx, of.name, strconv.Itoa(*of.value)); err != nil {
			return err
		}
	}
	w.tell("scale", "the parameters are set", -1)
	// What is wanted now comes before what will be, and once more after it: a spike may begin or end meanwhile.
	if err := w.inForce(ctx, from.Service, from.Spikes, to); err != nil {
		return fmt.Errorf("the parameters are set, and scaling does not go by them yet; run the same once more: %w", err)
	}
	w.tell("scale", "scaling goes by it", -1)
	changed, err := w.reschedule(ctx, from.Service, from.Spikes, to)
	if err != nil {
		return fmt.Errorf("scaling goes by it, and a spike that was announced does not yet; run the same once more: %w", err)
	}
	if changed == 0 {
		return nil
	}
	return w.inForce(ctx, from.Service, from.Spikes, to)
}

// deploying gives the options of what the package deploy does for this call.
func (w *work) deploying() *deploy.Options {
	return &deploy.Options{Environment: w.o.Environment, AWS: w.o.AWS, By: w.o.By, Why: w.o.Why, Tell: w.o.Tell, Restoring: w.restoring}
}
