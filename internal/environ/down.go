package environ

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

// Going is what Down takes away.
type Going struct {
	Environment string `json:"environment"`
	Who
	Stacks     []string `json:"stacks"` // in the order in which they go
	Buckets    []string `json:"buckets"`
	Registries []string `json:"registries"`
	Vaults     []string `json:"vaults"`
	Parameters []string `json:"parameters"`
	// Refused says why it is not taken down; "": it may be.
	Refused string `json:"refused,omitempty"`

	states map[string]*types.Stack
}

// Empty says whether nothing is there.
func (g *Going) Empty() bool { return len(g.Stacks)+len(g.Parameters) == 0 }

// LookDown finds out what Down would take away, and changes nothing.
func LookDown(ctx context.Context, o *Options) (*Going, error) {
	w := newWork(o)
	who, err := w.who(ctx)
	if err != nil {
		return nil, err
	}
	g := &Going{Environment: o.Environment, Who: who, Stacks: []string{}, Buckets: []string{}, Registries: []string{}, Vaults: []string{}, Parameters: []string{}, states: map[string]*types.Stack{}}
	for _, part := range slices.Backward(parts()) {
		name := stackName(o.Environment, part)
		s, err := w.account.stack(ctx, name)
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		g.Stacks, g.states[part] = append(g.Stacks, name), s
		if aws.ToBool(s.EnableTerminationProtection) {
			g.Refused = "the stack " + name + " is protected from being deleted: people's data is in it"
		}
		if err := w.account.contents(ctx, name, g); err != nil {
			return nil, err
		}
	}
	if g.Parameters, err = w.account.parameters(ctx); err != nil {
		return nil, err
	}
	kind, known, err := w.account.parameter(ctx, "kind")
	if err != nil {
		return nil, err
	}
	base := g.states["base"]
	switch {
	case known && kind != deploy.KindDemo:
		g.Refused = w.account.path("kind") + " is " + kind + ": people's data is in it"
	case !known && base != nil && (base.StackStatus == types.StackStatusCreateComplete || strings.HasPrefix(string(base.StackStatus), "UPDATE_")):
		g.Refused = "nothing says whether people's data is in it: there is no " + w.account.path("kind")
	}
	return g, nil
}

// contents adds what has to be emptied before a stack can be deleted.
func (a *account) contents(ctx context.Context, stack string, g *Going) error {
	pages := cloudformation.NewListStackResourcesPaginator(a.of(stack).cfn, &cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list what is in the stack %s: %w", stack, err)
		}
		for i := range page.StackResourceSummaries {
			r := &page.StackResourceSummaries[i]
			id := aws.ToString(r.PhysicalResourceId)
			if id == "" || r.ResourceStatus == types.ResourceStatusDeleteComplete {
				continue
			}
			switch aws.ToString(r.ResourceType) {
			case "AWS::S3::Bucket":
				g.Buckets = append(g.Buckets, id)
			case "AWS::ECR::Repository":
				g.Registries = append(g.Registries, id)
			case "AWS::Backup::BackupVault":
				g.Vaults = append(g.Vaults, id)
			}
		}
	}
	return nil
}

// Down takes an environment down that holds nobody's data, and keeps who, why and when in a parameter that stays. What
// an earlier run has begun is gone on with.
func Down(ctx context.Context, o *Options) error {
	g, err := LookDown(ctx, o)
	if err != nil {
		return err
	}
	if g.Refused != "" {
		return errs.New(errs.Denied, o.Environment+" is not taken down: "+g.Refused)
	}
	w := newWork(o)
	w.ending = true
	if g.states["service"] != nil || g.states["cluster"] != nil { // without these there is nothing that a deployment or a move could change
		if err := w.hold(ctx); err != nil {
			return err
		}
	}
	err = w.account.note(ctx, o, strings.Join(g.Stacks, ", ")+" -> gone")
	if err == nil {
		err = w.down(ctx, g)
	}
	if err != nil {
		if w.held != nil && !errors.Is(err, deploy.ErrTaken) {
			err = errors.Join(err, w.held.Abandon(context.WithoutCancel(ctx), ctx.Err() != nil || errs.Is(err, errs.Busy)))
		}
		return fmt.Errorf("the next enishi env down %s goes on: %w", o.Environment, err)
	}
	return nil
}

// gone is the parameter that outlives an environment: who took it down, when and why. Its audit log goes with it.
func gone(environment string) string { return "/enishi-gone/" + environment }

// note keeps that in the account, or what was done before there was an audit log; those from before are in the
// parameter's history.
func (a *account) note(ctx context.Context, o *Options, diff string) error {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any{"by": o.By, "why": o.Why, "at": time.Now().UTC().Truncate(time.Second), "diff": diff}); err != nil {
		return fmt.Errorf("write who does it: %w", err)
	}
	name := gone(a.environment)
	if _, err := a.ssm.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: aws.String(strings.TrimSpace(text.String())), Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true)}); err != nil {
		return fmt.Errorf("keep who does it in the parameter %s: %w", name, err)
	}
	return nil
}

// deletions is how often the base is emptied and deleted: lines about requests come into its
// buckets for a while after the last request.
const deletions = 3

func (w *work) down(ctx context.Context, g *Going) error {
	for _, part := range []string{"edge", "alarms", "service", "cluster"} {
		name := stackName(w.o.Environment, part)
		if err := w.timed(name, func() error { return w.remove(ctx, name) }); err != nil {
			return err
		}
	}
	// It stands in the subnets of the base, which would not go.
	if err := w.timed("remove", func() error { return w.drop(ctx) }); err != nil {
		return err
	}
	// The hold is a record in a bucket that is emptied now; there is nothing left to deploy to.
	w.held = nil
	base := stackName(w.o.Environment, "base")
	for try := 1; ; try++ {
		if err := w.timed("data", func() error { return w.empty(ctx, g) }); err != nil {
			return err
		}
		err := w.timed(base, func() error { return w.remove(ctx, base) })
		if err == nil {
			break
		}
		if try == deletions || !errs.Is(err, errs.Conflict) {
			return err
		}
		w.tell(base, "once more: "+err.Error(), -1)
	}
	return w.timed("parameters", func() error {
		if err := w.account.removeLogs(ctx); err != nil {
			return err
		}
		if err := w.account.removeParameters(ctx); err != nil {
			return err
		}
		for _, at := range []*regional{&w.account.here, &w.account.edge} {
			if err := at.removeBucket(ctx, w.account.handover(g.Account, at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// remove deletes a stack and waits until it is gone.
func (w *work) remove(ctx context.Context, name string) error {
	since := time.Now().Add(-skew)
	s, err := w.account.stack(ctx, name)
	if err == nil && moving(s) {
		w.tell(name, "is "+said(string(s.StackStatus))+" since before: that is waited for", -1)
		s, err = w.settle(ctx, name, since, nil)
	}
	if err != nil || s == nil {
		return err
	}
	return w.removeThis(ctx, s, since)
}

// removeThis deletes a stack as it was seen, and waits until it is gone: another of its name stays.
func (w *work) removeThis(ctx context.Context, s *types.Stack, since time.Time) error {
	if err := w.mayChange(ctx); err != nil {
		return err
	}
	name, arn := aws.ToString(s.StackName), aws.ToString(s.StackId) // by the latter it is found also when it is gone
	if _, err := w.account.of(name).cfn.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &arn}); err != nil {
		return fmt.Errorf("delete the stack %s: %w", name, err)
	}
	now, err := w.settle(ctx, arn, since, s)
	if err != nil {
		return err
	}
	if now != nil {
		return errs.New(errs.Conflict, fmt.Sprintf("the stack %s is in %s: %s", name, now.StackStatus, aws.ToString(now.StackStatusReason)))
	}
	return nil
}

func (w *work) empty(ctx context.Context, g *Going) error {
	for _, name := range g.Buckets {
		w.tell("data", "the bucket "+name+" is emptied", -1)
		if err := w.account.here.emptyBucket(ctx, name); err != nil {
			return err
		}
	}
	for _, name := range g.Registries {
		w.tell("data", "the registry "+name+" is emptied", -1)
		if err := w.account.emptyRegistry(ctx, name); err != nil {
			return err
		}
	}
	for _, name := range g.Vaults {
		w.tell("data", "the backups in "+name+" are deleted", -1)
		if err := w.account.emptyVault(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
