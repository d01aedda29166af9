package deploytest

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	balancers "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancertypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// shield is something that refuses to be deleted while it is on.
type shield struct {
	by   string    // the stack that has made it, by its id
	on   bool      // it refuses
	ends time.Time // of a change of it, during which it refuses as well
}

// What of a stack refuses to be deleted.
const (
	ShieldedBalancer = "app/Shielded/0123456789abcdef"
	ShieldedDatabase = "ShieldedDatabase"
	shieldedARN      = "arn:aws:elasticloadbalancing:" + Region + ":" + number + ":loadbalancer/" + ShieldedBalancer
	unshields        = 15 * time.Second // how long a change of the database takes
)

// the tag by which CloudFormation says which stack has made something.
const madeBy = "aws:cloudformation:stack-id"

// Shield has a load balancer and a database be in a stack that refuse to be deleted. They were made by it, or by another
// stack of an id.
func (a *Account) Shield(name, by string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stacks[name]
	if by == "" {
		by = s.id
	}
	if s.template.Resources == nil { // its first making has made nothing else
		s.template.Resources = map[string]resource{}
	}
	s.template.Resources["Shielded"], s.template.Resources[ShieldedDatabase] = resource{Type: balancing + "LoadBalancer"}, resource{Type: "AWS::RDS::DBCluster"}
	a.shields = map[string]*shield{shieldedARN: {by: by, on: true}, ShieldedDatabase: {by: by, on: true}}
}

// Reshape has the database that refuses, or has, be changed for a time.
func (a *Account) Reshape(takes time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shields[ShieldedDatabase].ends = time.Now().Add(takes)
}

// Shielded gives what refuses to be deleted.
func (a *Account) Shielded() (out []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range []string{shieldedARN, ShieldedDatabase} {
		if s := a.shields[id]; s != nil && s.on {
			out = append(out, id)
		}
	}
	return out
}

// kept says what of a stack, if anything, refuses to go with it.
func (a *Account) kept(s *stack) string {
	for id, one := range a.shields {
		if one.by == s.id && (one.on || time.Now().Before(one.ends)) {
			return id
		}
	}
	return ""
}

// unshield has something be deleted with its stack from now on.
func (a *Account) unshield(s *shield, takes time.Duration) {
	of := a.findStack(&s.by)
	if of == nil || of.status != types.StackStatusRollbackFailed && of.status != types.StackStatusRollbackComplete && of.status != types.StackStatusDeleteFailed && of.status != types.StackStatusCreateFailed {
		a.fault("a protection was lifted in a stack that somebody may use: %s", s.by)
	}
	s.on, s.ends = false, time.Now().Add(takes)
}

// shieldedCluster answers as DescribeDBClusters does; nil: it is no such cluster.
func (a *Account) shieldedCluster(id *string) *rdstypes.DBCluster {
	s := a.shields[aws.ToString(id)]
	if s == nil {
		return nil
	}
	status := "available"
	if time.Now().Before(s.ends) {
		status = "modifying"
	}
	return &rdstypes.DBCluster{DBClusterIdentifier: id, Status: &status, DeletionProtection: &s.on, TagList: []rdstypes.Tag{{Key: aws.String(madeBy), Value: &s.by}}}
}

// modifyShielded changes such a cluster.
func (a *Account) modifyShielded(s *shield, in *rds.ModifyDBClusterInput) (*rds.ModifyDBClusterOutput, error) {
	if time.Now().Before(s.ends) {
		return nil, refuse("InvalidDBClusterStateFault", "the cluster is being modified")
	}
	if in.DeletionProtection == nil || *in.DeletionProtection || in.ManageMasterUserPassword != nil {
		a.fault("another change of a database that is about to be deleted than that")
	}
	a.unshield(s, unshields)
	return &rds.ModifyDBClusterOutput{}, nil
}

// balancerOf gives the load balancer of an ARN.
func (a *Account) balancerOf(arn *string) (*shield, error) {
	if s := a.shields[aws.ToString(arn)]; s != nil && aws.ToString(arn) == shieldedARN {
		return s, nil
	}
	return nil, refuse("LoadBalancerNotFound", "One or more load balancers not found")
}

func (a *Account) describeBalancer(in *balancers.DescribeLoadBalancerAttributesInput) (*balancers.DescribeLoadBalancerAttributesOutput, error) {
	s, err := a.balancerOf(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	value := map[bool]string{true: "true", false: "false"}[s.on]
	return &balancers.DescribeLoadBalancerAttributesOutput{Attributes: []balancertypes.LoadBalancerAttribute{
		{Key: aws.String("idle_timeout.timeout_seconds"), Value: aws.String("60")}, {Key: aws.String("deletion_protection.enabled"), Value: &value},
	}}, nil
}

func (a *Account) describeBalancerTags(in *balancers.DescribeTagsInput) (*balancers.DescribeTagsOutput, error) {
	if len(in.ResourceArns) != 1 {
		return nil, refuse("ValidationError", "%q", in.ResourceArns)
	}
	s, err := a.balancerOf(&in.ResourceArns[0])
	if err != nil {
		return nil, err
	}
	return &balancers.DescribeTagsOutput{TagDescriptions: []balancertypes.TagDescription{{ResourceArn: &in.ResourceArns[0], Tags: []balancertypes.Tag{{Key: aws.String(madeBy), Value: &s.by}}}}}, nil
}

func (a *Account) modifyBalancer(in *balancers.ModifyLoadBalancerAttributesInput) (*balancers.ModifyLoadBalancerAttributesOutput, error) {
	s, err := a.balancerOf(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if len(in.Attributes) != 1 || aws.ToString(in.Attributes[0].Key) != "deletion_protection.enabled" || aws.ToString(in.Attributes[0].Value) != "false" {
		return nil, refuse("InvalidConfigurationRequest", "%v", in.Attributes)
	}
	a.unshield(s, 0)
	return &balancers.ModifyLoadBalancerAttributesOutput{Attributes: in.Attributes}, nil
}
