package stacks

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// Names of capacity providers: AWS's own, and that of hosts of ours.
const (
	fargate = "FARGATE"
	spot    = "FARGATE_SPOT"
	hosts   = "enishi-hosts"
)

// newECS describes where tasks run. Where that is on hosts of ours, their number
// follows the tasks, and a host that goes is emptied first.
func newECS(scope constructs.Construct, e environment.Environment, b *Base) awsecs.CfnCluster {
	cluster := awsecs.NewCfnCluster(scope, jsii.String("Cluster"), &awsecs.CfnClusterProps{
		ClusterName:     jsii.String("enishi-" + e.Name),
		ClusterSettings: &[]any{&awsecs.CfnCluster_ClusterSettingsProperty{Name: jsii.String("containerInsights"), Value: jsii.String("enhanced")}},
	})
	except(cluster, "ECS4", "enhanced is more than enabled, which the rule does not know")
	providers := []any{fargate, spot} // scheduled jobs need no host, whatever the services run on
	if e.Capacity == environment.EC2 {
		providers = append(providers, newHosts(scope, e, b).Ref())
	}
	awsecs.NewCfnClusterCapacityProviderAssociations(scope, jsii.String("Capacity"), &awsecs.CfnClusterCapacityProviderAssociationsProps{
		Cluster: cluster.Ref(), CapacityProviders: &providers, DefaultCapacityProviderStrategy: &[]any{
			&awsecs.CfnClusterCapacityProviderAssociations_CapacityProviderStrategyProperty{CapacityProvider: jsii.String(fargate), Weight: jsii.Number(1)},
		},
	})
	return cluster
}

// Hosts are filled so far that a task finds room without a new one, and live so long that
// each is replaced by one with a newer system.
const (
	hostsFilled  = 90             // percent
	hostLifetime = 14 * 24 * 3600 // s
	hostDisk     = 30             // GiB: images and logs in flight
	hostImage    = "/aws/service/bottlerocket/aws-ecs-2/arm64/latest/image_id"
)

func newHosts(scope constructs.Construct, e environment.Environment, b *Base) awsecs.CfnCapacityProvider {
	s := constructs.NewConstruct(scope, jsii.String("Hosts"))
	door := awsec2.NewSecurityGroup(s, jsii.String("Door"), &awsec2.SecurityGroupProps{
		Vpc: b.Network.VPC, Description: jsii.String("hosts of tasks, which nobody reaches"), AllowAllOutbound: jsii.Bool(true),
	})
	role := awsiam.NewRole(s, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("ec2.amazonaws.com"), nil), ManagedPolicies: &[]awsiam.IManagedPolicy{
			awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("service-role/AmazonEC2ContainerServiceforEC2Role")),
		},
	})
	exceptManaged(role, "service-role/AmazonEC2ContainerServiceforEC2Role", "AWS keeps this policy for hosts of ECS")
	profile := awsiam.NewCfnInstanceProfile(s, jsii.String("Profile"), &awsiam.CfnInstanceProfileProps{Roles: &[]any{role.RoleName()}})
	template := awsec2.NewCfnLaunchTemplate(s, jsii.String("Template"), &awsec2.CfnLaunchTemplateProps{LaunchTemplateData: &awsec2.CfnLaunchTemplate_LaunchTemplateDataProperty{
		ImageId: jsii.String("resolve:ssm:" + hostImage), InstanceType: jsii.String(e.HostType), SecurityGroupIds: &[]*string{door.SecurityGroupId()},
		IamInstanceProfile: &awsec2.CfnLaunchTemplate_IamInstanceProfileProperty{Arn: profile.AttrArn()},
		MetadataOptions:    &awsec2.CfnLaunchTemplate_MetadataOptionsProperty{HttpTokens: jsii.String("required"), HttpPutResponseHopLimit: jsii.Number(1)}, // a task asks no host who it is
		BlockDeviceMappings: &[]any{&awsec2.CfnLaunchTemplate_BlockDeviceMappingProperty{DeviceName: jsii.String("/dev/xvdb"), Ebs: &awsec2.CfnLaunchTemplate_EbsProperty{
			VolumeSize: jsii.Number(hostDisk), VolumeType: jsii.String("gp3"), Encrypted: jsii.Bool(true),
		}}},
		UserData: awscdk.Fn_Base64(jsii.String("[settings.ecs]\ncluster = \"enishi-" + e.Name + "\"\n")),
	}})
	subnets := b.Network.VPC.SelectSubnets(&awsec2.SubnetSelection{SubnetGroupName: jsii.String("app")})
	most := 2 * (e.Web.Most + e.Worker.Most) // while one version stands beside the next
	group := awsautoscaling.NewCfnAutoScalingGroup(s, jsii.String("Group"), &awsautoscaling.CfnAutoScalingGroupProps{
		MinSize: jsii.String("0"), MaxSize: jsii.String(strconv.Itoa(most)), VpcZoneIdentifier: anys(subnets.SubnetIds), // ECS says how many
		LaunchTemplate:                   &awsautoscaling.CfnAutoScalingGroup_LaunchTemplateSpecificationProperty{LaunchTemplateId: template.Ref(), Version: template.AttrLatestVersionNumber()},
		NewInstancesProtectedFromScaleIn: jsii.Bool(true), MaxInstanceLifetime: jsii.Number(hostLifetime),
		NotificationConfigurations: &[]any{&awsautoscaling.CfnAutoScalingGroup_NotificationConfigurationProperty{
			TopicArn: b.Topics.Ticket.TopicArn(), NotificationTypes: jsii.Strings("autoscaling:EC2_INSTANCE_LAUNCH_ERROR", "autoscaling:EC2_INSTANCE_TERMINATE_ERROR"),
		}},
	})
	except(group, "AS3", "errors are told; that hosts come and go is what they are for")
	return awsecs.NewCfnCapacityProvider(s, jsii.String("Provider"), &awsecs.CfnCapacityProviderProps{
		Name: jsii.String(hosts + "-" + e.Name), AutoScalingGroupProvider: &awsecs.CfnCapacityProvider_AutoScalingGroupProviderProperty{
			AutoScalingGroupArn: group.Ref(), ManagedDraining: jsii.String("ENABLED"), ManagedTerminationProtection: jsii.String("ENABLED"),
			ManagedScaling: &awsecs.CfnCapacityProvider_ManagedScalingProperty{Status: jsii.String("ENABLED"), TargetCapacity: jsii.Number(hostsFilled), MinimumScalingStepSize: jsii.Number(1), MaximumScalingStepSize: jsii.Number(10)},
		},
	})
}

// on says on which capacity a service runs. Where spare capacity may be taken away, one
// worker in four stays on the other.
func on(e environment.Environment, spare bool) *[]any {
	share := func(provider string, base, weight int) any {
		return &awsecs.CfnService_CapacityProviderStrategyItemProperty{CapacityProvider: jsii.String(provider), Base: jsii.Number(base), Weight: jsii.Number(weight)}
	}
	switch {
	case e.Capacity == environment.EC2:
		return &[]any{share(hosts+"-"+e.Name, 0, 1)}
	case spare && e.Capacity == environment.FargateSpot:
		return &[]any{share(fargate, 1, 1), share(spot, 0, 3)}
	}
	return &[]any{share(fargate, 1, 1)}
}
