package environ

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

// Plan is what there is, and what would become of it.
type Plan struct {
	Environment string `json:"environment"`
	Who
	Real   bool        `json:"real"` // it holds people's data
	Checks []Check     `json:"checks"`
	Stacks []StackPlan `json:"stacks"`
	// Sets are the parameters of the account that are set since there are none.
	Sets []string `json:"sets"`
	// Beside is the cluster beside the database, which costs as long as it is there; nil: there is none.
	Beside *Beside `json:"beside,omitempty"`
}

// Bad gives why Up would change nothing: checks that came out badly, and stacks that a
// person has to see to.
func (p *Plan) Bad() []string {
	out := badOf(p.Checks)
	for i := range p.Stacks {
		if p.Stacks[i].Broken != "" {
			out = append(out, p.Stacks[i].Broken)
		}
	}
	return out
}

// StackPlan is what would become of one stack.
type StackPlan struct {
	Stack   string   `json:"stack"`
	State   string   `json:"state"`            // as CloudFormation has it; "new": it would be made
	Broken  string   `json:"broken,omitempty"` // what has to be done by hand first
	Waits   string   `json:"waits,omitempty"`  // why its changes cannot be told yet
	Changes []Change `json:"changes"`
	Drift   []Drift  `json:"drift"`
	// Spikes are what becomes of spikes that are announced, since operators have chosen other bounds.
	Spikes []string `json:"spikes,omitempty"`
	// Protects says that the stack is not protected from being deleted, and would be.
	Protects bool `json:"protects,omitempty"`
}

// Change is what would be done to one thing.
type Change struct {
	Does      string   `json:"does"` // add, change, replace, perhaps replace, remove
	Type      string   `json:"type"`
	Name      string   `json:"name"`           // in the template
	ID        string   `json:"id,omitempty"`   // in the account
	What      []string `json:"what,omitempty"` // properties, with both values where AWS tells them
	LosesData bool     `json:"loses_data,omitempty"`
}

// Drift is what somebody has changed beside the templates.
type Drift struct {
	Type     string `json:"type"`
	Name     string `json:"name"`
	ID       string `json:"id"`
	Property string `json:"property,omitempty"` // "": it was deleted
	Template string `json:"template,omitempty"`
	Account  string `json:"account,omitempty"`
	// Deployed says that enishi deploy changes it, or enishi env scale has: it is as it should be.
	Deployed bool `json:"deployed,omitempty"`
}

// Look finds out what there is and what Up would change. It makes change sets, which it deletes
// again, and the bucket in which templates are handed over; nothing else.
func Look(ctx context.Context, o *Options) (*Plan, error) {
	w := newWork(o)
	who, err := w.who(ctx)
	if err != nil {
		return nil, err
	}
	p := &Plan{Environment: o.Environment, Who: who, Real: o.Wanted.Real, Sets: []string{}}
	unseen, err := w.leftBeside(ctx, p)
	if err != nil {
		return nil, err
	}
	var values map[string]string
	if p.Checks, values, err = w.preflight(ctx, who); err != nil {
		return nil, err
	}
	p.Checks = append(p.Checks, unseen...)
	for i := range o.Wanted.Templates {
		t := &o.Wanted.Templates[i]
		var missing []string
		for _, name := range t.Kept {
			if _, ok, err := w.account.parameter(ctx, name); err != nil {
				return nil, err
			} else if !ok {
				missing = append(missing, name)
			}
		}
		for _, name := range missing {
			if !slices.Contains(p.Sets, name) { // two stacks may read one
				p.Sets = append(p.Sets, name)
			}
		}
		s, err := w.look(ctx, who.Account, t, values, missing)
		if err != nil {
			return nil, err
		}
		p.Stacks = append(p.Stacks, *s)
	}
	return p, nil
}

// look plans one stack.
func (w *work) look(ctx context.Context, number string, t *Template, values map[string]string, missing []string) (*StackPlan, error) {
	p := &StackPlan{Stack: t.Stack, State: "new", Changes: []Change{}, Drift: []Drift{}}
	there, err := w.account.stack(ctx, t.Stack)
	if err != nil {
		return nil, err
	}
	if fresh(there) {
		for name, r := range t.resources {
			p.Changes = append(p.Changes, Change{Does: "add", Type: r.Type, Name: name})
		}
		slices.SortFunc(p.Changes, func(x, y Change) int { return cmp.Compare(x.Type+x.Name, y.Type+y.Name) })
		return p, nil
	}
	p.State, p.Broken, p.Protects = string(there.StackStatus), broken(w.o.Environment, there), w.unprotected(there)
	switch {
	case p.Broken != "":
		return p, nil
	case moving(there):
		p.Waits = "it is " + said(p.State) + ": look again when that has ended"
		return p, nil
	case len(missing) > 0:
		p.Waits = "the account has no " + strings.Join(missing, ", ")
	case len(t.Parameters) > 0 && values["ZoneId"] == "":
		p.Waits = "the zone of the domain is not known"
	default:
		if err := w.changed(ctx, number, t, values, there, p); err != nil {
			return nil, err
		}
	}
	if len(missing) == 0 {
		if p.Spikes, err = w.spiked(ctx, t); err != nil {
			return nil, err
		}
	}
	p.Drift, err = w.drift(ctx, t.Stack)
	return p, err
}

// changed fills in what a change set says, which it deletes.
func (w *work) changed(ctx context.Context, number string, t *Template, values map[string]string, there *types.Stack, p *StackPlan) error {
	if err := w.sweep(ctx, t.Stack); err != nil {
		return err
	}
	c, err := w.changes(ctx, number, toShow, t, values, there)
	if err != nil || c == nil {
		return err
	}
	p.Changes = toldAll(c.changes)
	if err := w.keeps(ctx, c); errs.Is(err, errs.Conflict) {
		p.Broken = err.Error()
	} else if err != nil {
		return errors.Join(err, w.account.forget(ctx, c.stack, c.name))
	}
	return w.account.forget(ctx, c.stack, c.name)
}

func toldAll(changes []types.ResourceChange) []Change {
	out := make([]Change, 0, len(changes))
	for i := range changes {
		out = append(out, told(&changes[i]))
	}
	return out
}

// told writes a change in words.
func told(r *types.ResourceChange) Change {
	c := Change{Type: aws.ToString(r.ResourceType), Name: aws.ToString(r.LogicalResourceId), ID: aws.ToString(r.PhysicalResourceId), LosesData: loses(r)}
	switch {
	case r.Action == types.ChangeActionAdd, r.Action == types.ChangeActionImport:
		c.Does = "add"
	case r.Action == types.ChangeActionRemove:
		c.Does = "remove"
	case r.Replacement == types.ReplacementTrue:
		c.Does = "replace"
	case r.Replacement == types.ReplacementConditional:
		c.Does = "perhaps replace"
	default:
		c.Does = "change"
	}
	for _, d := range r.Details {
		if d.Target == nil {
			continue
		}
		what := cmp.Or(strings.TrimPrefix(aws.ToString(d.Target.Path), "/Properties/"), aws.ToString(d.Target.Name), string(d.Target.Attribute))
		if d.Target.BeforeValue != nil || d.Target.AfterValue != nil {
			what += fmt.Sprintf(": %s -> %s", cmp.Or(aws.ToString(d.Target.BeforeValue), "nothing"), cmp.Or(aws.ToString(d.Target.AfterValue), "nothing"))
		}
		if !slices.Contains(c.What, what) {
			c.What = append(c.What, what)
		}
	}
	return c
}

// holds lists the types of what data is in, or what it cannot be read without.
func holds() []string {
	return []string{
		"AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::KMS::Key", "AWS::SecretsManager::Secret",
		"AWS::Backup::BackupVault", "AWS::EFS::FileSystem", "AWS::Logs::LogGroup", "AWS::SQS::Queue",
	}
}

// shownName is what the names of the secrets begin with that CloudFront shows to the load balancer.
// Nothing is lost with one: it goes when two newer ones are there.
const shownName = "DataEdgeKey"

// loses says whether a change would take away something that data is in. What is retained,
// or leaves an image of itself, is not lost.
func loses(r *types.ResourceChange) bool {
	if strings.HasPrefix(aws.ToString(r.LogicalResourceId), shownName) {
		return false
	}
	if !slices.Contains(holds(), aws.ToString(r.ResourceType)) || r.PolicyAction == types.PolicyActionRetain || r.PolicyAction == types.PolicyActionSnapshot || r.PolicyAction == types.PolicyActionReplaceAndRetain || r.PolicyAction == types.PolicyActionReplaceAndSnapshot {
		return false
	}
	return r.Action == types.ChangeActionRemove || r.Action == types.ChangeActionModify && (r.Replacement == types.ReplacementTrue || r.Replacement == types.ReplacementConditional)
}

func losses(changes []types.ResourceChange) []string {
	var out []string
	for i := range changes {
		if loses(&changes[i]) {
			c := told(&changes[i])
			out = append(out, c.Does+" "+c.Type+" "+c.Name)
		}
	}
	return out
}

// drift lets CloudFormation compare the account with what a stack's template says.
func (w *work) drift(ctx context.Context, stack string) ([]Drift, error) {
	begun, err := w.account.of(stack).cfn.DetectStackDrift(ctx, &cloudformation.DetectStackDriftInput{StackName: &stack})
	if err != nil {
		return nil, fmt.Errorf("compare the account with the stack %s: %w", stack, err)
	}
	w.tell(stack, "is compared with the account", -1)
	failed := ""
	err = w.await(ctx, "the comparison of the stack "+stack, driftLimit, func(ctx context.Context) (bool, error) {
		out, err := w.account.of(stack).cfn.DescribeStackDriftDetectionStatus(ctx, &cloudformation.DescribeStackDriftDetectionStatusInput{StackDriftDetectionId: begun.StackDriftDetectionId})
		if err != nil {
			return false, fmt.Errorf("compare the account with the stack %s: %w", stack, err)
		}
		if out.DetectionStatus == types.StackDriftDetectionStatusDetectionFailed {
			failed = aws.ToString(out.DetectionStatusReason) // of some; the others are compared
		}
		return out.DetectionStatus != types.StackDriftDetectionStatusDetectionInProgress, nil
	})
	if err != nil {
		return nil, err
	}
	if failed != "" {
		w.tell(stack, "not everything could be compared: "+failed, -1)
	}
	return w.drifted(ctx, stack)
}

func (w *work) drifted(ctx context.Context, stack string) ([]Drift, error) {
	out, judge := []Drift{}, deploy.NewJudge(w.deploying())
	pages := cloudformation.NewDescribeStackResourceDriftsPaginator(w.account.of(stack).cfn, &cloudformation.DescribeStackResourceDriftsInput{
		StackName: &stack, StackResourceDriftStatusFilters: []types.StackResourceDriftStatus{types.StackResourceDriftStatusModified, types.StackResourceDriftStatusDeleted},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read what differs from the stack %s: %w", stack, err)
		}
		for i := range page.StackResourceDrifts {
			r := &page.StackResourceDrifts[i]
			d := Drift{Type: aws.ToString(r.ResourceType), Name: aws.ToString(r.LogicalResourceId), ID: aws.ToString(r.PhysicalResourceId)}
			if len(r.PropertyDifferences) == 0 {
				out = append(out, d)
			}
			for k := range r.PropertyDifferences {
				difference := &r.PropertyDifferences[k]
				d.Property, d.Template, d.Account = aws.ToString(difference.PropertyPath), aws.ToString(difference.ExpectedValue), aws.ToString(difference.ActualValue)
				if d.Deployed, err = judge.Meant(ctx, r, difference); err != nil {
					return nil, err
				}
				out = append(out, d)
			}
		}
	}
	return out, nil
}
