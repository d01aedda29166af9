package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"enishi/internal/errs"
)

// Plan is what there is before anything is done.
type Plan struct {
	Environment string `json:"environment"`
	Account     string `json:"account"`
	Region      string `json:"region"`
	Identity    string `json:"identity"` // whoever asks, as AWS knows them
	Real        bool   `json:"real"`     // it holds people's data
	Now         State  `json:"now"`
	// Left is a deployment that has not ended, Last the one that has ended last; nil: none.
	Left   *Record  `json:"left,omitempty"`
	Last   *Record  `json:"last,omitempty"`
	Alarms []string `json:"alarms"`
	// Drift is what somebody has changed by hand: another image than the account keeps for its templates,
	// which the next deployment overwrites, and what services run that was not left to them, which it goes on with.
	Drift []string `json:"drift"`
	// Compared is how what a deployment depends on differs from the templates (Compare); nil: nobody has asked.
	Compared *Comparison `json:"compared,omitempty"`
	Steps    []string    `json:"steps"`
}

// Look finds out what there is, and changes nothing.
func Look(ctx context.Context, o *Options) (*Plan, error) {
	who, err := sts.NewFromConfig(o.AWS).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, errs.Wrap(errs.Denied, "AWS does not say who you are: are there credentials, and have they not expired?", err)
	}
	p := &Plan{
		Environment: o.Environment, Account: aws.ToString(who.Account), Region: o.AWS.Region, Identity: aws.ToString(who.Arn),
		Alarms: []string{}, Drift: []string{}, Steps: []string{"image"},
	}
	for _, s := range forward() {
		p.Steps = append(p.Steps, s.name)
	}
	d := &deployment{o: o, account: newAccount(&o.AWS, o.Environment)}
	bucket, err := d.account.parameter(ctx, "records")
	if err != nil {
		return nil, err
	}
	kind, err := d.account.parameter(ctx, "kind")
	if err != nil {
		return nil, err
	}
	p.Real = kind != KindDemo
	last, _, err := newLedger(&o.AWS, bucket).last(ctx)
	if err != nil {
		return nil, err
	}
	if p.Last = last; last != nil && last.Ended.IsZero() {
		p.Left, p.Last = last, nil
	}
	now := &Record{}
	var moving busy
	if err := d.look(ctx, now); err != nil && !errors.As(err, &moving) {
		return nil, err
	}
	p.Now, p.Alarms = now.Before, append(p.Alarms, now.Alarms...)
	var stands State
	if last != nil && !last.Ended.IsZero() {
		stands = last.Stands
	}
	p.Drift, err = d.drift(ctx, now.Before, stands, p.Drift)
	return p, err
}

// KindDemo is the kind of environments that hold nobody's data.
const KindDemo = "demo"

// drift lists what runs of another image than the one that is kept, and what services run
// that was not left to them.
func (d *deployment) drift(ctx context.Context, now, stands State, out []string) ([]string, error) {
	families, err := d.account.others(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range append([]string{now.Web, now.Worker}, families...) {
		definition, _, err := d.account.definition(ctx, name)
		if err != nil {
			return nil, err
		}
		if image := imageOf(definition); image != now.Image {
			out = append(out, fmt.Sprintf("%s runs %s; /enishi/%s/image is %s", aws.ToString(definition.Family), image, d.o.Environment, now.Image))
		}
	}
	for _, of := range []struct{ service, now, left string }{{web, now.Web, stands.Web}, {worker, now.Worker, stands.Worker}} {
		if of.left == "" || of.left == of.now {
			continue
		}
		running, _, err := d.account.definition(ctx, of.now)
		if err != nil {
			return nil, err
		}
		left, _, err := d.account.definition(ctx, of.left)
		if err != nil {
			out = append(out, fmt.Sprintf("the service %s runs %s; left to it was %s, which is not there any more (%v)", of.service, taskID(of.now), taskID(of.left), err))
			continue
		}
		line := fmt.Sprintf("the service %s runs %s, registered by %s; left to it was %s", of.service, taskID(of.now), cmp.Or(aws.ToString(running.RegisteredBy), "nobody knows whom"), taskID(of.left))
		if what := differences(left, running); len(what) > 0 {
			line += ". It differs in " + strings.Join(what, ", ")
		}
		out = append(out, line+". Deployments go on with it")
	}
	return out, nil
}

// differences names what two task definitions have otherwise than each other, without their images.
// What variables hold is not told: it may be a secret that should stand elsewhere.
func differences(x, y *types.TaskDefinition) (out []string) {
	for name, of := range map[string]func(*types.TaskDefinition) string{
		"CPU":      func(d *types.TaskDefinition) string { return aws.ToString(d.Cpu) },
		"memory":   func(d *types.TaskDefinition) string { return aws.ToString(d.Memory) },
		"its role": func(d *types.TaskDefinition) string { return aws.ToString(d.TaskRoleArn) },
		"the command": func(d *types.TaskDefinition) string {
			return strings.Join(program(d).Command, " ")
		},
	} {
		if of(x) != of(y) {
			out = append(out, name)
		}
	}
	before, after := variables(program(x)), variables(program(y))
	for name := range maps.Keys(before) {
		if value, there := after[name]; !there || value != before[name] {
			out = append(out, name)
		}
	}
	for name := range maps.Keys(after) {
		if _, there := before[name]; !there {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// program gives the container of the program.
func program(d *types.TaskDefinition) *types.ContainerDefinition {
	for i := range d.ContainerDefinitions {
		if c := &d.ContainerDefinitions[i]; aws.ToString(c.Name) == container {
			return c
		}
	}
	return &types.ContainerDefinition{}
}

// variables gives what a container has in its environment, secrets by where they are kept.
func variables(c *types.ContainerDefinition) map[string]string {
	out := map[string]string{}
	for _, v := range c.Environment {
		out[aws.ToString(v.Name)] = aws.ToString(v.Value)
	}
	for _, v := range c.Secrets {
		out[aws.ToString(v.Name)] = aws.ToString(v.ValueFrom)
	}
	delete(out, deploymentVariable)
	return out
}

// Silent says how long nothing has been heard of whoever works on a deployment, and whether
// another run may take it over.
func (r *Record) Silent() (time.Duration, bool) {
	silent := time.Since(r.Heard)
	return silent, silent >= lease
}
