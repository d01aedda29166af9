package deploy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// Comparison is what CloudFormation tells of how the account differs from the templates, as far as deployments depend on it.
type Comparison struct {
	Resources int       `json:"resources"` // how many were compared
	Changed   []Changed `json:"changed"`   // by hand, in the order of the resources' names
	Unknown   []Unknown `json:"unknown"`   // what could not be compared
}

// Changed is a resource that somebody has changed by hand.
type Changed struct {
	Type string `json:"type"`
	Name string `json:"name"` // in the template
	ID   string `json:"id"`   // in the account
	// Gone says that it was deleted.
	Gone bool `json:"gone,omitempty"`
	// Overwritten says that the next deployment does not leave it as it is: ECS writes such a rule anew.
	Overwritten bool      `json:"overwritten,omitempty"`
	Settings    []Setting `json:"settings"`
}

// Setting is one of which the account has another value than the template.
type Setting struct {
	Setting  string `json:"setting"`  // such as DeploymentConfiguration/BakeTimeInMinutes
	Template string `json:"template"` // "": it names none
	Account  string `json:"account"`  // "": it has none
}

// Unknown is what could not be compared, and why.
type Unknown struct {
	Type string `json:"type,omitempty"` // "": the stack as a whole
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Depth says how much Compare looks at.
type Depth int

// Whole is everything that a deployment depends on. Overwriting is what it writes anew: the rules that lead people.
const (
	Whole Depth = iota
	Overwriting
)

const (
	compareWithin  = 45 * time.Second // for everything that a deployment depends on, about 20 resources
	rulesWithin    = 10 * time.Second // for the rules alone, for which a deployment waits
	compareAbreast = 4                // as many as CloudFormation answers without throttling much
	compareTries   = 10               // of one request: CloudFormation throttles by the account, and others may be asking
)

// types gives which resources are looked at.
func (d Depth) types() []string {
	if d == Overwriting {
		return []string{ruleType}
	}
	return []string{serviceType, targetType, policyType, listenerType, ruleType, groupType}
}

func (d Depth) within() time.Duration {
	if d == Overwriting {
		return rulesWithin
	}
	return compareWithin
}

// Compare has CloudFormation compare the account with the templates, one resource at a time and a few abreast, within 45 s
// (10 s of the rules alone). It changes nothing. What cannot be compared is told as that: an error is only that ctx has ended.
func Compare(ctx context.Context, o *Options, depth Depth) (*Comparison, error) {
	within, stop := context.WithTimeout(ctx, depth.within())
	defer stop()
	c := &comparing{account: newAccount(&o.AWS, o.Environment), judge: NewJudge(o), depth: depth}
	c.out = &Comparison{Changed: []Changed{}, Unknown: []Unknown{}}
	all, err := c.resources(within)
	if err != nil {
		c.unknown("", c.stack(), err)
	}
	for i, found := range c.detect(within, all) {
		kind, name := aws.ToString(all[i].ResourceType), aws.ToString(all[i].LogicalResourceId)
		if found.err == nil {
			found.err = c.add(within, found.drift)
		}
		if found.err != nil {
			c.unknown(kind, name, found.err)
			continue
		}
		c.out.Resources++
	}
	return c.out, ctx.Err()
}

// comparing is one comparison.
type comparing struct {
	account *account
	judge   *Judge
	depth   Depth
	out     *Comparison
}

// stack is the one that has what deployments depend on.
func (c *comparing) stack() string { return c.account.cluster() + "-service" }

// resources lists those of the stack that are looked at, in the order of their names.
func (c *comparing) resources(ctx context.Context) ([]types.StackResourceSummary, error) {
	var out []types.StackResourceSummary
	pages := cloudformation.NewListStackResourcesPaginator(c.account.cfn, &cloudformation.ListStackResourcesInput{StackName: aws.String(c.stack())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list what is in the stack %s: %w", c.stack(), err)
		}
		for i := range page.StackResourceSummaries {
			if slices.Contains(c.depth.types(), aws.ToString(page.StackResourceSummaries[i].ResourceType)) {
				out = append(out, page.StackResourceSummaries[i])
			}
		}
	}
	slices.SortFunc(out, func(x, y types.StackResourceSummary) int {
		return cmp.Compare(aws.ToString(x.LogicalResourceId), aws.ToString(y.LogicalResourceId))
	})
	return out, nil
}

// found is what CloudFormation says of one resource.
type found struct {
	drift *types.StackResourceDrift
	err   error
}

// detect asks about each resource, a few at a time.
func (c *comparing) detect(ctx context.Context, all []types.StackResourceSummary) []found {
	out, next := make([]found, len(all)), make(chan int)
	var workers sync.WaitGroup
	for range compareAbreast {
		workers.Go(func() {
			for i := range next {
				answer, err := c.account.cfn.DetectStackResourceDrift(ctx, &cloudformation.DetectStackResourceDriftInput{StackName: aws.String(c.stack()), LogicalResourceId: all[i].LogicalResourceId})
				if err != nil {
					out[i].err = fmt.Errorf("compare %s: %w", aws.ToString(all[i].LogicalResourceId), err)
					continue
				}
				out[i].drift = answer.StackResourceDrift
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	workers.Wait()
	return out
}

// add keeps what of a resource was changed by hand, if anything was.
func (c *comparing) add(ctx context.Context, r *types.StackResourceDrift) error {
	if r == nil {
		return errors.New("CloudFormation says nothing of it")
	}
	out := Changed{Type: aws.ToString(r.ResourceType), Name: aws.ToString(r.LogicalResourceId), ID: aws.ToString(r.PhysicalResourceId), Settings: []Setting{}}
	switch r.StackResourceDriftStatus {
	case types.StackResourceDriftStatusInSync:
		return nil
	case types.StackResourceDriftStatusDeleted:
		out.Gone = true
	case types.StackResourceDriftStatusModified:
		for i := range r.PropertyDifferences {
			d := &r.PropertyDifferences[i]
			meant, err := c.judge.Meant(ctx, r, d)
			if err != nil {
				return err
			}
			if meant {
				continue
			}
			out.Overwritten = out.Overwritten || out.Type == ruleType && strings.HasPrefix(aws.ToString(d.PropertyPath), "/Actions") && several(r)
			out.Settings = append(out.Settings, Setting{Setting: named(aws.ToString(d.PropertyPath), r), Template: aws.ToString(d.ExpectedValue), Account: aws.ToString(d.ActualValue)})
		}
	default:
		return errors.New(cmp.Or(aws.ToString(r.DriftStatusReason), "CloudFormation says of it: "+string(r.StackResourceDriftStatus)))
	}
	if out.Gone || len(out.Settings) > 0 {
		c.out.Changed = append(c.out.Changed, out)
	}
	return nil
}

// several says whether a rule is one by which ECS moves people: its template names two target groups.
func several(r *types.StackResourceDrift) bool {
	leads, err := Leads(r.ExpectedProperties)
	return err == nil && slices.ContainsFunc(leads, func(l Lead) bool { return len(l.To) > 1 })
}

// unknown keeps that something could not be compared. Why is what AWS says, without what its library tells around it.
func (c *comparing) unknown(kind, name string, err error) {
	why := err.Error()
	var told smithy.APIError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		why = fmt.Sprintf("AWS had not answered after %v", c.depth.within())
	case errors.As(err, &told):
		why = told.ErrorCode() + ": " + told.ErrorMessage()
	}
	c.out.Unknown = append(c.out.Unknown, Unknown{Type: kind, Name: name, Why: why})
}

// named writes the path of a property for people: one of several that have a key or a name is called by that, and not
// by its number.
func named(path string, r *types.StackResourceDrift) string {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for _, properties := range []*string{r.ExpectedProperties, r.ActualProperties} { // what was added is in the second alone
		var whole any
		if err := json.Unmarshal([]byte(aws.ToString(properties)), &whole); err != nil {
			continue
		}
		if out, ok := nameParts(parts, whole); ok {
			return strings.Join(out, "/")
		}
	}
	return strings.Join(parts, "/")
}

// nameParts gives the parts of a path with the names of what they lead to; no if they lead nowhere.
func nameParts(parts []string, at any) ([]string, bool) {
	out := slices.Clone(parts)
	for i, part := range parts {
		switch within := at.(type) {
		case map[string]any:
			at = within[part]
		case []any:
			n, err := strconv.Atoi(part)
			if err != nil || n < 0 || n >= len(within) {
				return nil, false
			}
			at = within[n]
			out[i] = cmp.Or(nameOf(at), part)
		default:
			return nil, false
		}
	}
	return out, true
}

// nameOf gives what people call one of several by; "": it has no name.
func nameOf(one any) string {
	properties, _ := one.(map[string]any)
	for _, by := range []string{"Key", "Name", "ScheduledActionName"} {
		if name, ok := properties[by].(string); ok {
			return name
		}
	}
	arn, _ := properties["TargetGroupArn"].(string)
	_, group, _ := strings.Cut(arn, ":targetgroup/")
	group, _, _ = strings.Cut(group, "/")
	return group
}
