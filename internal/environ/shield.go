package environ

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"enishi/internal/errs"
)

const (
	// balancerType and clusterType are what the templates protect from being deleted by a setting of its own.
	balancerType = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	clusterType  = "AWS::RDS::DBCluster"
	// protection is that setting of a load balancer.
	protection = "deletion_protection.enabled"
	// madeByTag is how CloudFormation marks what a stack has made, with the stack's ARN. Nobody else can write such a tag.
	madeByTag = "aws:cloudformation:stack-id"
	// modifying is what RDS calls a cluster while a setting of it is changed, which it does not delete meanwhile.
	modifying = "modifying"
)

// shield is something that refuses to be deleted, by a setting of its own.
type shield struct{ kind, id string }

func (s shield) String() string {
	if s.kind == balancerType {
		_, name, _ := strings.Cut(s.id, ":loadbalancer/")
		return "the load balancer " + name
	}
	return "the database " + s.id
}

// balancers asks about load balancers. It is made anew for each question: of a client that is a field of something
// the linker keeps every operation, which made the program larger by 2.5 MB, and not by 0.3.
func (w *work) balancers() *balancing.Client { return balancing.NewFromConfig(w.o.AWS) }

// shields are those of a stack.
type shields []shield

func (all shields) String() string {
	var names []string
	for _, one := range all {
		names = append(names, one.String())
	}
	return strings.Join(names, " and ")
}

// shielding is how something that may refuse to be deleted stands.
type shielding struct {
	on    bool   // it refuses
	rests bool   // nothing is being changed of it
	by    string // the stack that has made it, by its ARN; "": no tag says
}

// shieldable lists what of a stack, by its ARN, may refuse to be deleted. What stays as its template says is none of it.
func (w *work) shieldable(ctx context.Context, arn string) (out shields, err error) {
	found, err := w.resources(ctx, arn)
	for i := range found {
		r := &found[i]
		one := shield{aws.ToString(r.ResourceType), aws.ToString(r.PhysicalResourceId)}
		if one.id != "" && lifts(one.kind) && r.ResourceStatus != types.ResourceStatusDeleteComplete && r.ResourceStatus != types.ResourceStatusDeleteSkipped {
			out = append(out, one)
		}
	}
	return out, err
}

// lifts says whether what is of a type may refuse to be deleted, and can be told not to.
func lifts(kind string) bool { return kind == balancerType || kind == clusterType }

// shieldsOf lists what of a stack refuses to be deleted, and whether the stack has made it: what only bears a name that
// the stack wanted is somebody else's.
func (w *work) shieldsOf(ctx context.Context, arn string) (ours, others shields, err error) {
	all, err := w.shieldable(ctx, arn)
	if err != nil {
		return nil, nil, err
	}
	for _, one := range all {
		now, err := w.shielding(ctx, one)
		switch {
		case err != nil:
			return nil, nil, err
		case now.on && now.by == arn:
			ours = append(ours, one)
		case now.on:
			others = append(others, one)
		}
	}
	return ours, others, nil
}

// shielding looks at something; what is gone refuses nothing.
func (w *work) shielding(ctx context.Context, s shield) (now shielding, err error) {
	if s.kind == clusterType {
		c, err := w.clusterOf(ctx, s.id)
		if err != nil || c == nil {
			return shielding{rests: true}, err
		}
		return shielding{on: aws.ToBool(c.DeletionProtection), rests: aws.ToString(c.Status) != modifying, by: tagged(c, madeByTag)}, nil
	}
	now.rests = true
	settings, err := w.balancers().DescribeLoadBalancerAttributes(ctx, &balancing.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &s.id})
	if errors.As(err, new(*balancingtypes.LoadBalancerNotFoundException)) {
		return now, nil
	}
	if err != nil {
		return now, fmt.Errorf("look at %s: %w", s, err)
	}
	now.on = slices.ContainsFunc(settings.Attributes, func(one balancingtypes.LoadBalancerAttribute) bool {
		return aws.ToString(one.Key) == protection && aws.ToString(one.Value) == "true"
	})
	if !now.on {
		return now, nil
	}
	tags, err := w.balancers().DescribeTags(ctx, &balancing.DescribeTagsInput{ResourceArns: []string{s.id}})
	if err != nil {
		return now, fmt.Errorf("look at the tags of %s: %w", s, err)
	}
	for _, of := range tags.TagDescriptions {
		for _, tag := range of.Tags {
			if aws.ToString(tag.Key) == madeByTag {
				now.by = aws.ToString(tag.Value)
			}
		}
	}
	return now, nil
}

// lift has what a stack that never was whole has made be deleted with it, as far as that was shown to whoever agreed.
// Conflict: something else of it refuses by now.
func (w *work) lift(ctx context.Context, stack, arn string, shown shields) error {
	now, _, err := w.shieldsOf(ctx, arn)
	if err != nil {
		return err
	}
	for _, one := range now {
		if !slices.Contains(shown, one) {
			return errs.New(errs.Conflict, fmt.Sprintf("%s of the stack %s is protected from being deleted since it was looked at, and nothing was done: look again", one, stack))
		}
	}
	all, err := w.shieldable(ctx, arn)
	if err != nil {
		return err
	}
	for _, one := range all { // what an earlier run has ordered may be at it still
		if err := w.unshield(ctx, stack, arn, one); err != nil {
			return err
		}
	}
	return nil
}

// unshield has something that a stack has made take it that it is deleted, and waits until it does. What another has made
// is left as it is.
func (w *work) unshield(ctx context.Context, stack, arn string, one shield) error {
	return w.await(ctx, "lifting the protection of "+one.String(), changeover, func(ctx context.Context) (bool, error) {
		now, err := w.shielding(ctx, one)
		if err != nil {
			return false, lasting(err)
		}
		if now.by != arn || !now.on && now.rests {
			return true, nil
		}
		if !now.rests {
			return false, nil
		}
		if err := w.mayChange(ctx); err != nil {
			return false, err
		}
		w.tell(stack, "the protection of "+one.String()+" from being deleted is lifted", -1)
		err = w.orderUnshielded(ctx, one)
		if busy(err) {
			return false, nil
		}
		return false, lasting(err)
	})
}

func (w *work) orderUnshielded(ctx context.Context, one shield) error {
	if one.kind == clusterType {
		_, err := w.account.rds.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{DBClusterIdentifier: &one.id, DeletionProtection: aws.Bool(false), ApplyImmediately: aws.Bool(true)})
		return err
	}
	_, err := w.balancers().ModifyLoadBalancerAttributes(ctx, &balancing.ModifyLoadBalancerAttributesInput{
		LoadBalancerArn: &one.id, Attributes: []balancingtypes.LoadBalancerAttribute{{Key: aws.String(protection), Value: aws.String("false")}},
	})
	return err
}
