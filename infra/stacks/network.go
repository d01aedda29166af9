package stacks

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// Network is where everything stands: in every zone a public subnet for the load
// balancer, one for tasks, and one for data that reaches nothing outside.
type Network struct {
	VPC   awsec2.Vpc
	Doors Doors
	ways  []awsec2.CfnEIP // addresses that tasks have outside
}

// Doors are the security groups. Each lets in the one role that has business there.
type Doors struct {
	Balancer, Web, Worker, Job, Database, Cache awsec2.SecurityGroup
}

const (
	subnetMask   = 20 // 4,091 addresses: a task has one each
	dataMask     = 24
	servicePort  = 8080
	databasePort = 3306
	cachePort    = 6379
)

func newNetwork(scope constructs.Construct, e environment.Environment, keys *Keys) *Network {
	s := constructs.NewConstruct(scope, jsii.String("Network"))
	n := &Network{}
	var allocations []*string
	for i := range e.NATs {
		way := awsec2.NewCfnEIP(s, jsii.String(fmt.Sprintf("Way%d", i+1)), &awsec2.CfnEIPProps{Domain: jsii.String("vpc")})
		n.ways = append(n.ways, way)
		allocations = append(allocations, way.AttrAllocationId())
	}
	n.VPC = awsec2.NewVpc(s, jsii.String("Vpc"), &awsec2.VpcProps{
		IpAddresses:        awsec2.IpAddresses_Cidr(jsii.String("10.0.0.0/16")),
		AvailabilityZones:  jsii.Strings(e.Zones...),
		NatGateways:        jsii.Number(e.NATs),
		NatGatewayProvider: awsec2.NatProvider_Gateway(&awsec2.NatGatewayProps{EipAllocationIds: &allocations}),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			{Name: jsii.String("public"), SubnetType: awsec2.SubnetType_PUBLIC, CidrMask: jsii.Number(dataMask), MapPublicIpOnLaunch: jsii.Bool(false)},
			{Name: jsii.String("app"), SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS, CidrMask: jsii.Number(subnetMask)},
			{Name: jsii.String("data"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED, CidrMask: jsii.Number(dataMask)},
		},
		RestrictDefaultSecurityGroup: jsii.Bool(false), // by a custom resource; nothing is ever put into it
	})
	n.VPC.AddFlowLog(jsii.String("Flow"), &awsec2.FlowLogOptions{
		TrafficType: awsec2.FlowLogTrafficType_REJECT,
		Destination: awsec2.FlowLogDestination_ToCloudWatchLogs(awslogs.NewLogGroup(s, jsii.String("FlowLog"), &awslogs.LogGroupProps{
			Retention: retention(e.LogDays), EncryptionKey: keys.Logs, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		}), nil),
	})
	n.Doors = n.newDoors(s, e)
	n.endpoints(s)
	return n
}

func (n *Network) newDoors(s constructs.Construct, e environment.Environment) Doors {
	door := func(name, what string, out bool) awsec2.SecurityGroup {
		return awsec2.NewSecurityGroup(s, jsii.String(name), &awsec2.SecurityGroupProps{Vpc: n.VPC, Description: jsii.String(what), AllowAllOutbound: jsii.Bool(out)})
	}
	d := Doors{
		Balancer: door("BalancerDoor", "the load balancer", false),
		Web:      door("WebDoor", "web tasks", true),
		Worker:   door("WorkerDoor", "workers", true),
		Job:      door("JobDoor", "scheduled jobs and one-off tasks", true),
		Database: door("DatabaseDoor", "the database", false),
		Cache:    door("CacheDoor", "the cache", false),
	}
	lets := func(in awsec2.SecurityGroup, from awsec2.IPeer, port float64, why string) {
		in.AddIngressRule(from, awsec2.Port_Tcp(jsii.Number(port)), jsii.String(why), nil)
	}
	lets(d.Balancer, awsec2.Peer_PrefixList(jsii.String(e.Edge)), httpsPort, "CloudFront")
	for i, way := range n.ways {
		in := awsec2.NewCfnSecurityGroupIngress(s, jsii.String(fmt.Sprintf("Accept%d", i+1)), &awsec2.CfnSecurityGroupIngressProps{
			GroupId: d.Balancer.SecurityGroupId(), IpProtocol: jsii.String("tcp"), FromPort: jsii.Number(testPort), ToPort: jsii.Number(testPort),
			CidrIp: join("", way.Ref(), "/32"), Description: jsii.String("tasks, which accept a version that nobody is sent to yet"),
		})
		except(in, "EC23", "it is one address, of our own gateway, which is known when that is made")
	}
	d.Web.Connections().AllowFrom(d.Balancer, awsec2.Port_Tcp(jsii.Number(servicePort)), jsii.String("requests"))
	for _, own := range []awsec2.SecurityGroup{d.Web, d.Worker, d.Job} {
		lets(d.Database, own, databasePort, "Enishi's own tasks")
		lets(d.Cache, own, cachePort, "Enishi's own tasks")
	}
	return d
}

// endpoints keep what tasks say to AWS off the way through the gateways.
func (n *Network) endpoints(s constructs.Construct) {
	n.VPC.AddGatewayEndpoint(jsii.String("S3"), &awsec2.GatewayVpcEndpointOptions{Service: awsec2.GatewayVpcEndpointAwsService_S3()})
	inside := awsec2.NewSecurityGroup(s, jsii.String("EndpointDoor"), &awsec2.SecurityGroupProps{
		Vpc: n.VPC, Description: jsii.String("endpoints of AWS"), AllowAllOutbound: jsii.Bool(false),
	})
	for _, own := range []awsec2.SecurityGroup{n.Doors.Web, n.Doors.Worker, n.Doors.Job} {
		inside.AddIngressRule(own, awsec2.Port_Tcp(jsii.Number(443)), jsii.String("Enishi's own tasks"), nil)
	}
	for _, one := range []struct {
		name    string
		service awsec2.InterfaceVpcEndpointAwsService
	}{
		{"Registry", awsec2.InterfaceVpcEndpointAwsService_ECR()},
		{"RegistryLayers", awsec2.InterfaceVpcEndpointAwsService_ECR_DOCKER()},
		{"Logs", awsec2.InterfaceVpcEndpointAwsService_CLOUDWATCH_LOGS()},
		{"Secrets", awsec2.InterfaceVpcEndpointAwsService_SECRETS_MANAGER()},
	} {
		n.VPC.AddInterfaceEndpoint(jsii.String(one.name), &awsec2.InterfaceVpcEndpointOptions{
			Service: one.service, Open: jsii.Bool(false), SecurityGroups: &[]awsec2.ISecurityGroup{inside},
			Subnets: &awsec2.SubnetSelection{SubnetGroupName: jsii.String("app")},
		})
	}
}
