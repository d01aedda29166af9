package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// Balancer is the load balancer with two target groups, between which ECS moves the
// traffic of a deployment: the version that serves, and the next one.
type Balancer struct {
	Load       elb.ApplicationLoadBalancer
	Groups     [2]elb.CfnTargetGroup
	Production elb.CfnListenerRule
	Test       elb.CfnListenerRule // the next version, for whoever may reach this port
	Shifter    awsiam.Role         // what ECS moves the traffic as
}

// How the load balancer asks a task whether it is well, and how long one that goes may
// take to answer what it has begun.
const (
	healthEvery   = 5  // s
	healthTimes   = 2  // good or bad answers in a row that count
	healthWait    = 4  // s, for one answer
	deregisterFor = 30 // s, as long as a task takes to stop
	httpsPort     = 443
	testPort      = 8443
)

func newBalancer(scope constructs.Construct, e environment.Environment, b *Base) *Balancer {
	s := constructs.NewConstruct(scope, jsii.String("Balancer"))
	zone := awsroute53.HostedZone_FromHostedZoneAttributes(s, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{
		HostedZoneId: parameter(scope, "ZoneId", "The hosted zone of "+e.Domain+" in Route 53.").ValueAsString(), ZoneName: jsii.String(e.Domain),
	})
	certificate := awscertificatemanager.NewCertificate(s, jsii.String("Certificate"), &awscertificatemanager.CertificateProps{
		DomainName: jsii.String(e.Domain), SubjectAlternativeNames: jsii.Strings("origin." + e.Domain),
		Validation: awscertificatemanager.CertificateValidation_FromDns(zone),
	})
	load := elb.NewApplicationLoadBalancer(s, jsii.String("Load"), &elb.ApplicationLoadBalancerProps{
		Vpc: b.Network.VPC, InternetFacing: jsii.Bool(true), SecurityGroup: b.Network.Doors.Balancer,
		VpcSubnets:              &awsec2.SubnetSelection{SubnetGroupName: jsii.String("public")},
		DropInvalidHeaderFields: jsii.Bool(true), DeletionProtection: jsii.Bool(e.Real), IdleTimeout: awscdk.Duration_Seconds(jsii.Number(60)),
	})
	load.LogAccessLogs(b.Data.Access, jsii.String("balancer"))
	awsroute53.NewARecord(s, jsii.String("Name"), &awsroute53.ARecordProps{
		Zone: zone, RecordName: jsii.String("origin." + e.Domain), Target: awsroute53.RecordTarget_FromAlias(awsroute53targets.NewLoadBalancerTarget(load, nil)),
	})
	balancer := &Balancer{Load: load, Groups: [2]elb.CfnTargetGroup{newGroup(s, "Blue", b), newGroup(s, "Green", b)}}
	balancer.Production = balancer.listen(s, "Production", httpsPort, certificate, fromEdge(e))
	balancer.Test = balancer.listen(s, "Test", testPort, certificate) // which our own gateways alone reach
	balancer.Shifter = awsiam.NewRole(s, jsii.String("Shifter"), &awsiam.RoleProps{
		AssumedBy:       awsiam.NewServicePrincipal(jsii.String("ecs.amazonaws.com"), nil),
		ManagedPolicies: &[]awsiam.IManagedPolicy{awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("AmazonECSInfrastructureRolePolicyForLoadBalancers"))},
	})
	exceptManaged(balancer.Shifter, "AmazonECSInfrastructureRolePolicyForLoadBalancers", "AWS keeps this policy for this role as ECS learns to do more")
	return balancer
}

func newGroup(s constructs.Construct, name string, b *Base) elb.CfnTargetGroup {
	return elb.NewCfnTargetGroup(s, jsii.String(name), &elb.CfnTargetGroupProps{
		VpcId: b.Network.VPC.VpcId(), Protocol: jsii.String("HTTP"), Port: jsii.Number(servicePort), TargetType: jsii.String("ip"),
		HealthCheckPath: jsii.String("/readyz"), HealthCheckIntervalSeconds: jsii.Number(healthEvery), HealthCheckTimeoutSeconds: jsii.Number(healthWait),
		HealthyThresholdCount: jsii.Number(healthTimes), UnhealthyThresholdCount: jsii.Number(healthTimes),
		TargetGroupAttributes: &[]any{
			attribute("deregistration_delay.timeout_seconds", deregisterFor),
			attributeText("load_balancing.algorithm.type", "least_outstanding_requests"),
		},
	})
}

// listen opens a port, on which everything is answered by 404 but what meets the conditions.
// What it forwards to is ECS's to change: the first group is where it begins. Whatever else of the
// rule changes, CloudFormation writes these weights again, so enishi env up changes it only while
// they are the same.
func (b *Balancer) listen(s constructs.Construct, name string, port int, certificate awscertificatemanager.ICertificate, conditions ...any) elb.CfnListenerRule {
	if len(conditions) == 0 {
		conditions = []any{atPath("/*")}
	}
	listener := elb.NewCfnListener(s, jsii.String(name), &elb.CfnListenerProps{
		LoadBalancerArn: b.Load.LoadBalancerArn(), Port: jsii.Number(port), Protocol: jsii.String("HTTPS"),
		SslPolicy:    jsii.String("ELBSecurityPolicy-TLS13-1-2-2021-06"),
		Certificates: &[]any{&elb.CfnListener_CertificateProperty{CertificateArn: certificate.CertificateArn()}},
		DefaultActions: &[]any{&elb.CfnListener_ActionProperty{
			Type: jsii.String("fixed-response"), FixedResponseConfig: &elb.CfnListener_FixedResponseConfigProperty{StatusCode: jsii.String("404"), ContentType: jsii.String("text/plain")},
		}},
	})
	elb.NewCfnListenerRule(s, jsii.String(name+"Inside"), &elb.CfnListenerRuleProps{
		ListenerArn: listener.Ref(), Priority: jsii.Number(1), Conditions: &[]any{atPath("/metrics")}, Actions: nothingHere(),
	})
	return elb.NewCfnListenerRule(s, jsii.String(name+"Rule"), &elb.CfnListenerRuleProps{
		ListenerArn: listener.Ref(), Priority: jsii.Number(2), Conditions: &conditions,
		Actions: &[]any{&elb.CfnListenerRule_ActionProperty{Type: jsii.String("forward"), ForwardConfig: &elb.CfnListenerRule_ForwardConfigProperty{TargetGroups: &[]any{
			&elb.CfnListenerRule_TargetGroupTupleProperty{TargetGroupArn: b.Groups[0].Ref(), Weight: jsii.Number(1)},
			&elb.CfnListenerRule_TargetGroupTupleProperty{TargetGroupArn: b.Groups[1].Ref(), Weight: jsii.Number(0)},
		}}}},
	})
}

func atPath(pattern string) any {
	return &elb.CfnListenerRule_RuleConditionProperty{Field: jsii.String("path-pattern"), PathPatternConfig: &elb.CfnListenerRule_PathPatternConfigProperty{Values: jsii.Strings(pattern)}}
}

// nothingHere answers as if there were nothing: of how the processes are, nobody outside
// is told.
func nothingHere() *[]any {
	return &[]any{&elb.CfnListenerRule_ActionProperty{
		Type: jsii.String("fixed-response"), FixedResponseConfig: &elb.CfnListenerRule_FixedResponseConfigProperty{StatusCode: jsii.String("404"), ContentType: jsii.String("text/plain")},
	}}
}
