package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	// Drift is what runs otherwise than the account keeps for its templates: somebody has
	// changed it by hand, and the next deployment overwrites it.
	Drift []string `json:"drift"`
	Steps []string `json:"steps"`
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
	p.Drift, err = d.drift(ctx, now.Before, p.Drift)
	return p, err
}

// KindDemo is the kind of environments that hold nobody's data.
const KindDemo = "demo"

// drift lists what runs of another image than the one that is kept.
func (d *deployment) drift(ctx context.Context, now State, out []string) ([]string, error) {
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
	return out, nil
}

// Silent says how long nothing has been heard of whoever works on a deployment, and whether
// another run may take it over.
func (r *Record) Silent() (time.Duration, bool) {
	silent := time.Since(r.Heard)
	return silent, silent >= lease
}
