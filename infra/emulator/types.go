package emulator

import "strings"

// kind is what the emulator makes of a type: it is created and read back, or unsupported,
// with what the emulator says to it. Each line of it is tried, so that the table shrinks
// when the emulator learns.
type kind struct {
	reads       []read
	unread      []string // properties that nothing shows
	gaps        []gap
	leaves      bool // when a stack is deleted, though nothing says that it stays
	unsupported string
	named       string // what stands for the name of what is not made, where any text will not do
}

// read is a question by which a resource is read back.
type read struct {
	service, action string
	args            []string // KEY=VALUE; {id} is what the resource is known by, {Property} what was said
	at              string   // where in the answer
	// same are PROPERTY, or PROPERTY=PATH where the answer has another name for it; with a
	// "!" before it, what the emulator does not keep, and answers otherwise.
	same []string
}

// gap is something about a type that it makes on which the emulator fails.
type gap struct {
	property  string         // it is left out,
	instead   map[string]any // and this is said in its place
	attribute string         // or: what refers to it, by this or Ref, gets what follows,
	splits    string         // the part
	part      int            // of what it is known by,
	follows   string         // or all of that, after this,
	stands    string         // or this, whatever it is known by
	fails     string         // what the emulator says without this gap
}

func (g gap) name() string { return g.property + g.attribute }

// Where everything is. The account is the emulator's own.
const (
	region  = "ap-northeast-1"
	account = "123456789012"
)

// As they sign, and what stands before the name of a file system.
const (
	elb       = "elasticloadbalancing"
	efs       = "elasticfilesystem"
	systemArn = "arn:aws:" + efs + ":" + region + ":" + account + ":file-system/"
)

// leftOut is what the emulator says when it makes nothing of a resource, and calls the
// stack complete.
const leftOut = "No Moto CloudFormation support for TYPE"

// asked begins a read.
func asked(service, action, args string) read {
	return read{service: service, action: action, args: strings.Fields(args)}
}

// in says where in the answer, and what is the same there.
func (q read) in(at, same string) read {
	q.at, q.same = at, strings.Fields(same)
	return q
}

// made gives a type that is created; rest are the properties that nothing shows.
func made(rest string, reads ...read) kind { return kind{reads: reads, unread: strings.Fields(rest)} }

func (k kind) but(gaps ...gap) kind {
	k.gaps = gaps
	return k
}

// leaving is a type that the emulator leaves behind.
func (k kind) leaving() kind {
	k.leaves = true
	return k
}

// no gives a type that is not created, for that reason.
func no(why string) kind { return kind{unsupported: why} }

func (k kind) as(name string) kind {
	k.named = name
	return k
}

// types is the table.
var types = map[string]kind{
	"AWS::AutoScaling::AutoScalingGroup": made("",
		asked("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroupNames.member.1={id}").in("DescribeAutoScalingGroupsResult/AutoScalingGroups/0",
			"MinSize MaxSize !MaxInstanceLifetime NewInstancesProtectedFromScaleIn LaunchTemplate VPCZoneIdentifier !NotificationConfigurations Tags")),
	"AWS::CloudWatch::Dashboard": made("",
		asked("monitoring", "GetDashboard", "DashboardName={id}").in("GetDashboardResult", "DashboardName DashboardBody"),
		asked("monitoring", "ListTagsForResource", "ResourceARN=arn:aws:cloudwatch::"+account+":dashboard/{id}").in("ListTagsForResourceResult", "!Tags")),
	"AWS::EC2::EIP": made("",
		asked("ec2", "DescribeAddresses", "PublicIp.1={id}").in("addressesSet/0", "Domain !Tags=tagSet")).leaving(),
	"AWS::EC2::FlowLog": made("ResourceType",
		asked("ec2", "DescribeFlowLogs", "FlowLogId.1={id}").in("flowLogSet/0",
			"DeliverLogsPermissionArn LogDestinationType LogGroupName ResourceId TrafficType Tags=tagSet")).leaving(),
	"AWS::EC2::InternetGateway": made("",
		asked("ec2", "DescribeInternetGateways", "InternetGatewayId.1={id}").in("internetGatewaySet/0", "!Tags=tagSet")).leaving(),
	"AWS::EC2::LaunchTemplate": made("",
		asked("ec2", "DescribeLaunchTemplateVersions", "LaunchTemplateId={id}").in("launchTemplateVersionSet/0",
			"LaunchTemplateData/BlockDeviceMappings=launchTemplateData/blockDeviceMappingSet LaunchTemplateData/ImageId LaunchTemplateData/InstanceType "+
				"LaunchTemplateData/IamInstanceProfile LaunchTemplateData/MetadataOptions LaunchTemplateData/UserData LaunchTemplateData/SecurityGroupIds=launchTemplateData/securityGroupIdSet")),
	"AWS::EC2::NatGateway": made("AllocationId",
		asked("ec2", "DescribeNatGateways", "NatGatewayId.1={id}").in("natGatewaySet/0", "SubnetId !Tags=tagSet")).leaving(),
	"AWS::EC2::Route": made("",
		asked("ec2", "DescribeRouteTables", "RouteTableId.1={RouteTableId}").in("routeTableSet/0/routeSet/[destinationCidrBlock={DestinationCidrBlock}]",
			"DestinationCidrBlock GatewayId NatGatewayId")).leaving(),
	"AWS::EC2::RouteTable": made("",
		asked("ec2", "DescribeRouteTables", "RouteTableId.1={id}").in("routeTableSet/0", "VpcId !Tags=tagSet")).leaving(),
	"AWS::EC2::SecurityGroup": made("",
		asked("ec2", "DescribeSecurityGroups", "GroupId.1={id}").in("securityGroupInfo/0",
			"GroupDescription VpcId !SecurityGroupEgress/0/CidrIp=ipPermissionsEgress/0/ipRanges/0/cidrIp Tags=tagSet")),
	"AWS::EC2::SecurityGroupIngress": made("",
		asked("ec2", "DescribeSecurityGroups", "GroupId.1={GroupId}").in("securityGroupInfo/0/ipPermissions/[fromPort={FromPort}]",
			"FromPort ToPort IpProtocol SourceSecurityGroupId=groups/[groupId={SourceSecurityGroupId}]/groupId CidrIp=ipRanges/[cidrIp={CidrIp}]/cidrIp !Description=ipRanges/0/description")).
		but(gap{property: "SourcePrefixListId", instead: map[string]any{"CidrIp": "192.0.2.0/24"}, fails: "AssertionError"}),
	"AWS::EC2::Subnet": made("",
		asked("ec2", "DescribeSubnets", "SubnetId.1={id}").in("subnetSet/0", "AvailabilityZone CidrBlock MapPublicIpOnLaunch VpcId Tags=tagSet")),
	"AWS::EC2::SubnetRouteTableAssociation": made("",
		asked("ec2", "DescribeRouteTables", "RouteTableId.1={RouteTableId}").in("routeTableSet/0", "!SubnetId=associationSet/[subnetId={SubnetId}]/subnetId")).leaving(),
	"AWS::EC2::VPC": made("",
		asked("ec2", "DescribeVpcs", "VpcId.1={id}").in("vpcSet/0", "CidrBlock InstanceTenancy Tags=tagSet"),
		asked("ec2", "DescribeVpcAttribute", "VpcId={id} Attribute=enableDnsHostnames").in("", "!EnableDnsHostnames=enableDnsHostnames/value"),
		asked("ec2", "DescribeVpcAttribute", "VpcId={id} Attribute=enableDnsSupport").in("", "EnableDnsSupport=enableDnsSupport/value")).leaving(),
	"AWS::EC2::VPCEndpoint": made("",
		asked("ec2", "DescribeVpcEndpoints", "VpcEndpointId.1={id}").in("vpcEndpointSet/0",
			"RouteTableIds=routeTableIdSet ServiceName VpcEndpointType VpcId PrivateDnsEnabled SecurityGroupIds=groupSet/*/groupId SubnetIds=subnetIdSet !Tags=tagSet")).leaving(),
	"AWS::EC2::VPCGatewayAttachment": made("",
		asked("ec2", "DescribeInternetGateways", "InternetGatewayId.1={InternetGatewayId}").in("internetGatewaySet/0",
			"InternetGatewayId VpcId=attachmentSet/0/vpcId")).leaving(),
	"AWS::ECR::Repository": made("EmptyOnDelete",
		asked("ecr", "DescribeRepositories", "repositoryNames=[{id}]").in("repositories/0",
			"RepositoryName !EncryptionConfiguration !ImageScanningConfiguration ImageTagMutability"),
		asked("ecr", "GetLifecyclePolicy", "repositoryName={id}").in("", "!LifecyclePolicy/LifecyclePolicyText=lifecyclePolicyText"),
		asked("ecr", "GetRepositoryPolicy", "repositoryName={id}").in("", "!RepositoryPolicyText=policyText"),
		asked("ecr", "ListTagsForResource", "resourceArn=arn:aws:ecr:"+region+":"+account+":repository/{id}").in("", "Tags")),
	"AWS::ECS::Cluster": made("",
		asked("ecs", "DescribeClusters", "clusters=[{id}] include=[TAGS]").in("clusters/0", "ClusterName !ClusterSettings=settings !Tags")).leaving(),
	"AWS::ECS::Service": made("",
		asked("ecs", "DescribeServices", "cluster={Cluster} services=[{id}] include=[TAGS]").in("services/0",
			"ServiceName !AvailabilityZoneRebalancing !CapacityProviderStrategy !DeploymentConfiguration !EnableECSManagedTags !EnableExecuteCommand !HealthCheckGracePeriodSeconds "+
				"!LoadBalancers !NetworkConfiguration !PropagateTags TaskDefinition !Tags")).leaving(),
	"AWS::ECS::TaskDefinition": made("",
		asked("ecs", "DescribeTaskDefinition", "taskDefinition={id}").in("taskDefinition",
			"ContainerDefinitions !Cpu !ExecutionRoleArn Family Memory !NetworkMode !RequiresCompatibilities !RuntimePlatform !TaskRoleArn Volumes/0 Volumes/1 Volumes/*/Name !Volumes/2/EFSVolumeConfiguration"),
		asked("ecs", "ListTagsForResource", "resourceArn={id}").in("", "!Tags")).leaving(),
	"AWS::EFS::AccessPoint": made("", // it has none of the names by which a template knows it
		asked(efs, "GET /2015-02-01/access-points?FileSystemId={FileSystemId}", "").in("AccessPoints/0", "FileSystemId PosixUser RootDirectory AccessPointTags=Tags")).
		but(gap{attribute: "Ref", stands: "fsap-0", fails: "is exported as <moto.efs.models.AccessPoint object"},
			gap{attribute: "Arn", stands: "arn:aws:" + efs + ":" + region + ":" + account + ":access-point/fsap-0", fails: "'AccessPoint' object has no attribute 'get_cfn_attribute'"}),
	"AWS::EFS::FileSystem": made("BypassPolicyLockoutSafetyCheck",
		asked(efs, "GET /2015-02-01/file-systems?FileSystemId={id}", "").in("FileSystems/0", "Encrypted KmsKeyId PerformanceMode ThroughputMode FileSystemTags=Tags"),
		asked(efs, "GET /2015-02-01/file-systems/{id}/policy", "").in("", "!FileSystemPolicy=Policy"),
		asked(efs, "GET /2015-02-01/file-systems/{id}/backup-policy", "").in("", "!BackupPolicy")).
		but(gap{attribute: "Arn", follows: systemArn, fails: "'FileSystem' object has no attribute 'get_cfn_attribute'"}),
	"AWS::EFS::MountTarget": made("",
		asked(efs, "GET /2015-02-01/mount-targets?MountTargetId={id}", "").in("MountTargets/0", "FileSystemId SubnetId"),
		asked(efs, "GET /2015-02-01/mount-targets/{id}/security-groups", "").in("", "SecurityGroups")),
	"AWS::ElasticLoadBalancingV2::Listener": made("",
		asked(elb, "DescribeListeners", "ListenerArns.member.1={id}").in("DescribeListenersResult/Listeners/0",
			"Certificates DefaultActions LoadBalancerArn Port Protocol SslPolicy")),
	"AWS::ElasticLoadBalancingV2::ListenerRule": made("",
		asked(elb, "DescribeRules", "RuleArns.member.1={id}").in("DescribeRulesResult/Rules/0", "Actions Conditions Priority"),
		asked(elb, "DescribeRules", "ListenerArn={ListenerArn}").in("DescribeRulesResult/Rules/[RuleArn={id}]", "")),
	"AWS::ElasticLoadBalancingV2::LoadBalancer": made("",
		asked(elb, "DescribeLoadBalancers", "LoadBalancerArns.member.1={id}").in("DescribeLoadBalancersResult/LoadBalancers/0",
			"Scheme SecurityGroups Subnets=AvailabilityZones/*/SubnetId Type"),
		asked(elb, "DescribeLoadBalancerAttributes", "LoadBalancerArn={id}").in("DescribeLoadBalancerAttributesResult", "!LoadBalancerAttributes=Attributes"),
		asked(elb, "DescribeTags", "ResourceArns.member.1={id}").in("DescribeTagsResult/TagDescriptions/0", "!Tags")).
		but(gap{attribute: "LoadBalancerFullName", splits: ":loadbalancer/", part: 1, fails: "is exported as {'Fn::GetAtt'"}),
	"AWS::ElasticLoadBalancingV2::TargetGroup": made("",
		asked(elb, "DescribeTargetGroups", "TargetGroupArns.member.1={id}").in("DescribeTargetGroupsResult/TargetGroups/0",
			"HealthCheckIntervalSeconds HealthCheckPath HealthCheckTimeoutSeconds HealthyThresholdCount Port Protocol TargetType UnhealthyThresholdCount VpcId"),
		asked(elb, "DescribeTargetGroupAttributes", "TargetGroupArn={id}").in("DescribeTargetGroupAttributesResult", "!TargetGroupAttributes=Attributes"),
		asked(elb, "DescribeTags", "ResourceArns.member.1={id}").in("DescribeTagsResult/TagDescriptions/0", "!Tags")).leaving().
		but(gap{attribute: "TargetGroupFullName", splits: ":", part: 5, fails: "AttributeError: 'FakeTargetGroup' object has no attribute 'get_cfn_attribute'"}),
	"AWS::Events::Rule": made("",
		asked("events", "DescribeRule", "Name={id}").in("", "Description EventPattern"),
		asked("events", "ListTargetsByRule", "Rule={id}").in("", "Targets"),
		asked("events", "ListTagsForResource", "ResourceARN=arn:aws:events:"+region+":"+account+":rule/{id}").in("", "Tags")),
	"AWS::IAM::InstanceProfile": made("",
		asked("iam", "GetInstanceProfile", "InstanceProfileName={id}").in("GetInstanceProfileResult/InstanceProfile", "Roles=Roles/0/RoleName")),
	"AWS::IAM::Policy": made("",
		asked("iam", "GetRolePolicy", "RoleName={Roles} PolicyName={PolicyName}").in("GetRolePolicyResult", "PolicyName PolicyDocument Roles/0=RoleName")),
	"AWS::IAM::Role": made("",
		asked("iam", "GetRole", "RoleName={id}").in("GetRoleResult/Role", "AssumeRolePolicyDocument RoleName MaxSessionDuration Tags"),
		asked("iam", "ListAttachedRolePolicies", "RoleName={id}").in("ListAttachedRolePoliciesResult", "!ManagedPolicyArns=AttachedPolicies/*/PolicyArn"),
		asked("iam", "GetPolicy", "PolicyArn={ManagedPolicyArns}").in("GetPolicyResult/Policy", "ManagedPolicyArns/0=Arn")), // AWS has it
	"AWS::KMS::Key": made("",
		asked("kms", "GetKeyRotationStatus", "KeyId={id}").in("", "EnableKeyRotation=KeyRotationEnabled"),
		asked("kms", "DescribeKey", "KeyId={id}").in("KeyMetadata", "!Description"), // it fails on the policy of a key that a stack has made
		asked("kms", "GetKeyPolicy", "KeyId={id} PolicyName=default").in("", "KeyPolicy=Policy")).
		but(gap{property: "Tags", fails: "references undefined resource"}),
	"AWS::Lambda::EventSourceMapping": made("",
		asked("lambda", "GET /2015-03-31/event-source-mappings/{id}", "").in("", "FunctionName=FunctionArn EventSourceArn BatchSize ScalingConfig Tags")),
	"AWS::Lambda::Function": made("",
		asked("lambda", "GET /2015-03-31/functions/{id}", "").in("Configuration",
			"FunctionName Description !PackageType !Architectures Role MemorySize Timeout Environment !DeadLetterConfig !LoggingConfig"),
		asked("lambda", "GET /2015-03-31/functions/{id}", "").in("", "Code/ImageUri !Tags/0/Value=Tags/environment"),
		asked("lambda", "GET /2019-09-30/functions/{id}/concurrency", "").in("", "ReservedConcurrentExecutions")),
	"AWS::Lambda::Permission": made("",
		asked("lambda", "GET /2015-03-31/functions/{FunctionName}/policy", "").in("Policy/Statement/[Condition.ArnLike.AWS:SourceArn={SourceArn}]",
			"Action Principal=Principal/Service SourceArn=Condition/ArnLike/AWS:SourceArn")),
	"AWS::Logs::LogGroup": made("",
		asked("logs", "DescribeLogGroups", "logGroupNamePrefix={id}").in("logGroups/0", "LogGroupName !KmsKeyId RetentionInDays"),
		asked("logs", "ListTagsLogGroup", "logGroupName={id}").in("", "Tags/0/Value=tags/environment")),
	"AWS::RDS::DBSubnetGroup": made("",
		asked("rds", "DescribeDBSubnetGroups", "").in("DescribeDBSubnetGroupsResult/DBSubnetGroups/DBSubnetGroup",
			"DBSubnetGroupDescription SubnetIds=Subnets/Subnet/*/SubnetIdentifier"),
		asked("rds", "ListTagsForResource", "ResourceName=arn:aws:rds:"+region+":"+account+":subgrp:{id}").in("ListTagsForResourceResult", "!Tags=TagList/Tag")),
	"AWS::Route53::HealthCheck": made("HealthCheckTags",
		asked("route53", "GET /2013-04-01/healthcheck/{id}", "").in("HealthCheck",
			"HealthCheckConfig/Type HealthCheckConfig/FullyQualifiedDomainName HealthCheckConfig/Port HealthCheckConfig/ResourcePath !HealthCheckConfig/EnableSNI HealthCheckConfig/RequestInterval HealthCheckConfig/FailureThreshold")).leaving(),
	"AWS::Route53::RecordSet": made("",
		// What is behind the question mark it does not know: each record is a question of its own.
		asked("route53", "GET /2013-04-01/hostedzone/{HostedZoneId}/rrset?of={Name}+{Type}", "").in("ResourceRecordSets/ResourceRecordSet/[Name={Name}&Type={Type}]",
			"Name Type AliasTarget/DNSName !AliasTarget/HostedZoneId")),
	"AWS::S3::Bucket": made("",
		asked("s3", "GET /{id}?encryption", "").in("Rule",
			"BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault=ApplyServerSideEncryptionByDefault"),
		asked("s3", "GET /{id}?publicAccessBlock", "").in("", "!PublicAccessBlockConfiguration="),
		asked("s3", "GET /{id}?versioning", "").in("", "!VersioningConfiguration="),
		asked("s3", "GET /{id}?logging", "").in("LoggingEnabled",
			"!LoggingConfiguration/LogFilePrefix=TargetPrefix !LoggingConfiguration/DestinationBucketName=TargetBucket"),
		asked("s3", "GET /{id}?ownershipControls", "").in("", "!OwnershipControls/Rules=Rule"),
		asked("s3", "GET /{id}?lifecycle", "").in("Rule", "!LifecycleConfiguration="),
		asked("s3", "GET /{id}?tagging", "").in("TagSet", "Tags=Tag")),
	"AWS::SNS::Topic": made("TopicName",
		asked("sns", "GetTopicAttributes", "TopicArn={id}").in("GetTopicAttributesResult/Attributes/entry", "KmsMasterKeyId=[key=KmsMasterKeyId]/value DisplayName=[key=DisplayName]/value"),
		asked("sns", "ListTagsForResource", "ResourceArn={id}").in("ListTagsForResourceResult", "!Tags")),

	"AWS::SSM::Parameter": made("",
		asked("ssm", "GetParameter", "Name={Name}").in("Parameter", "Name Type Value")).
		but(gap{property: "Tags", fails: "TypeError: string indices must be integers"}),
	"AWS::SQS::Queue": made("",
		asked("sqs", "GetQueueAttributes", "QueueUrl={id} AttributeNames=[All]").in("Attributes", "KmsMasterKeyId MessageRetentionPeriod VisibilityTimeout"),
		asked("sqs", "GetQueueUrl", "QueueName={QueueName}").in("", ""),
		asked("sqs", "ListQueueTags", "QueueUrl={id}").in("", "Tags/0/Value=Tags/environment")),

	"AWS::ApplicationAutoScaling::ScalableTarget":   no(leftOut),
	"AWS::ApplicationAutoScaling::ScalingPolicy":    no(leftOut),
	"AWS::Backup::BackupPlan":                       no(leftOut),
	"AWS::Backup::BackupSelection":                  no(leftOut),
	"AWS::Backup::BackupVault":                      no(leftOut),
	"AWS::Backup::RestoreTestingPlan":               no(leftOut),
	"AWS::Backup::RestoreTestingSelection":          no(leftOut),
	"AWS::Budgets::Budget":                          no(leftOut),
	"AWS::CloudFront::CachePolicy":                  no(leftOut),
	"AWS::CloudFront::Distribution":                 no(leftOut),
	"AWS::CloudFront::OriginRequestPolicy":          no(leftOut),
	"AWS::CloudFront::ResponseHeadersPolicy":        no(leftOut),
	"AWS::Logs::Delivery":                           no(leftOut),
	"AWS::Logs::DeliveryDestination":                no(leftOut),
	"AWS::Logs::DeliverySource":                     no(leftOut),
	"AWS::WAFv2::LoggingConfiguration":              no(leftOut),
	"AWS::WAFv2::WebACL":                            no(leftOut),
	"AWS::CertificateManager::Certificate":          no(leftOut), // one is asked for beforehand
	"AWS::CloudWatch::Alarm":                        no(leftOut),
	"AWS::CloudWatch::CompositeAlarm":               no(leftOut),
	"AWS::EC2::SecurityGroupEgress":                 no(leftOut),
	"AWS::ECS::CapacityProvider":                    no(leftOut),
	"AWS::ECS::ClusterCapacityProviderAssociations": no(leftOut),
	"AWS::ElastiCache::ParameterGroup":              no(leftOut),
	"AWS::ElastiCache::ReplicationGroup":            no(leftOut),
	"AWS::ElastiCache::SubnetGroup":                 no(leftOut),
	"AWS::KinesisFirehose::DeliveryStream":          no(leftOut),
	"AWS::Lambda::EventInvokeConfig":                no(leftOut),
	"AWS::Logs::LogStream":                          no(leftOut),
	"AWS::Logs::SubscriptionFilter":                 no(leftOut),
	"AWS::SNS::Subscription":                        no(leftOut),
	"AWS::SQS::QueuePolicy":                         no(leftOut),
	"AWS::RDS::DBCluster":                           no(leftOut),
	"AWS::RDS::DBClusterParameterGroup":             no(leftOut),
	"AWS::RDS::DBInstance":                          no("KeyError: 'aurora-mysql'"), // it knows instances, but none in a cluster
	"AWS::S3::BucketPolicy":                         no(leftOut),
	"AWS::SNS::TopicPolicy":                         no(leftOut),
	"AWS::Scheduler::Schedule":                      no(leftOut),
	"AWS::SecretsManager::Secret":                   no(leftOut).as("arn:aws:secretsmanager:" + region + ":" + account + ":secret:"),
}
