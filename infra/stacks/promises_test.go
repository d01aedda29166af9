package stacks_test

import (
	"fmt"

	"enishi/infra/environment"
)

// inEachZone is how many there are of what stands in every zone.
func inEachZone(e environment.Environment) any { return len(e.Zones) }

func ofTheNetwork() []promise {
	kind := "Tags/Key=aws-cdk:subnet-type/Value"
	return []promise{
		{what: "one network, in which names are found", part: "base", kind: "AWS::EC2::VPC", many: 1, has: map[string]any{"EnableDnsHostnames": true, "EnableDnsSupport": true}},
		{what: "a public subnet in each zone, which gives nobody an address by itself", part: "base", kind: "AWS::EC2::Subnet", named: "NetworkVpcpublic", many: byTable(inEachZone), has: map[string]any{"MapPublicIpOnLaunch": false, kind: "Public"}},
		{what: "a subnet for tasks in each zone", part: "base", kind: "AWS::EC2::Subnet", named: "NetworkVpcapp", many: byTable(inEachZone), has: map[string]any{"MapPublicIpOnLaunch": false, kind: "Private"}},
		{what: "a subnet for data in each zone", part: "base", kind: "AWS::EC2::Subnet", named: "NetworkVpcdata", many: byTable(inEachZone), has: map[string]any{"MapPublicIpOnLaunch": false, kind: "Isolated"}},
		{what: "gateways to the world, as the table says", part: "base", kind: "AWS::EC2::NatGateway", many: byTable(func(e environment.Environment) any { return e.NATs }), has: map[string]any{"SubnetId": says("publicSubnet"), "AllocationId": says("NetworkWay")}},
		{what: "tasks go out through a gateway, in each zone", part: "base", kind: "AWS::EC2::Route", named: "NetworkVpcapp", many: byTable(inEachZone), has: map[string]any{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": says("NATGateway"), "GatewayId": nothing{}}},
		{what: "data reaches nothing outside", part: "base", kind: "AWS::EC2::Route", named: "NetworkVpcdata", many: 0},
		{what: "what is refused in the network is written down", part: "base", kind: "AWS::EC2::FlowLog", many: 1, has: map[string]any{"ResourceType": "VPC", "TrafficType": "REJECT", "LogGroupName": says("NetworkFlowLog")}},
		{
			what: "what tasks say to AWS stays inside: an endpoint in each zone's subnet of tasks, behind its door", part: "base", kind: "AWS::EC2::VPCEndpoint", but: "NetworkVpcS3", many: 4,
			has: map[string]any{"VpcEndpointType": "Interface", "PrivateDnsEnabled": true, "SubnetIds": inZones("NetworkVpcappSubnet"), "SecurityGroupIds": says("NetworkEndpointDoor")},
		},
		{what: "the way to buckets is inside", part: "base", kind: "AWS::EC2::VPCEndpoint", named: "NetworkVpcS3", many: 1, has: map[string]any{"VpcEndpointType": "Gateway", "ServiceName": says(`".s3"`), "RouteTableIds": says("NetworkVpcappSubnet")}},
		{what: "each role has a door of its own", part: "base", kind: "AWS::EC2::SecurityGroup", many: 7, has: map[string]any{"GroupDescription": some{}}},
	}
}

func ofTheDatabase() []promise {
	parameters := map[string]any{}
	for name, value := range map[string]string{
		"require_secure_transport": "ON", "character_set_server": "utf8mb4", "collation_server": "utf8mb4_0900_bin", "time_zone": "UTC", "slow_query_log": "1", "long_query_time": "1",
		"server_audit_logging": "1", "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL", "innodb_lock_wait_timeout": "10", "aurora_replica_read_consistency": "SESSION",
	} {
		parameters["Parameters/"+name] = value
	}
	return []promise{
		{what: "the database's password is made, kept and changed by RDS", part: "base", kind: "AWS::RDS::DBCluster", many: 1, has: map[string]any{"ManageMasterUserPassword": true, "MasterUserPassword": nothing{}, "MasterUserSecret/KmsKeyId": says("KeysData")}},
		{what: "any second of the table's days is restored", part: "base", kind: "AWS::RDS::DBCluster", many: 1, has: map[string]any{"BackupRetentionPeriod": byTable(func(e environment.Environment) any { return e.BackupDays }), "CopyTagsToSnapshot": true}},
		{what: "a database of people's data is deleted by nobody", part: "base", kind: "AWS::RDS::DBCluster", many: 1, has: map[string]any{"DeletionProtection": byTable(people)}},
		{what: "the database is encrypted by a key of ours", part: "base", kind: "AWS::RDS::DBCluster", many: 1, has: map[string]any{"StorageEncrypted": true, "KmsKeyId": says("KeysData")}},
		{what: "the database's storage grows by itself, and so does its power between the table's bounds", part: "base", kind: "AWS::RDS::DBCluster", many: 1, has: map[string]any{
			"Engine": "aurora-mysql", "AllocatedStorage": nothing{},
			"ServerlessV2ScalingConfiguration/MinCapacity": byTable(func(e environment.Environment) any { return e.Database.Least }), "ServerlessV2ScalingConfiguration/MaxCapacity": byTable(func(e environment.Environment) any { return e.Database.Most }),
		}},
		{what: "the database's errors, slow statements and audit come to CloudWatch", part: "base", kind: "AWS::RDS::DBCluster", many: 1, has: map[string]any{"EnableCloudwatchLogsExports": []any{"error", "slowquery", "audit"}}},
		{what: "the database's settings are in code", part: "base", kind: "AWS::RDS::DBCluster", many: 1, has: map[string]any{"DBClusterParameterGroupName": says(`{"Ref":"DataDatabaseParameters`)}},
		{what: "the database takes connections by TLS alone, and is set as the program was measured with", part: "base", kind: "AWS::RDS::DBClusterParameterGroup", many: 1, has: parameters},
		{what: "the database stands in the subnets of data, behind its door", part: "base", kind: "AWS::RDS::DBCluster", many: 1, has: map[string]any{"DBSubnetGroupName": says("DataDatabaseSubnets"), "VpcSecurityGroupIds/0": says("NetworkDatabaseDoor"), "VpcSecurityGroupIds/1": nothing{}}},
		{what: "the database may go to every zone", part: "base", kind: "AWS::RDS::DBSubnetGroup", many: 1, has: map[string]any{"SubnetIds": inZones("NetworkVpcdataSubnet")}},
		{what: "a writer, and as many readers as the table says", part: "base", kind: "AWS::RDS::DBInstance", many: byTable(func(e environment.Environment) any { return 1 + e.Database.Readers }), has: map[string]any{
			"PubliclyAccessible": false, "DBInstanceClass": "db.serverless", "AutoMinorVersionUpgrade": true, "EnablePerformanceInsights": true, "PerformanceInsightsKMSKeyId": says("KeysData"),
		}},
	}
}

func ofTheCache() []promise {
	many := func(e environment.Environment) any { return e.Cache.Replicas > 0 }
	return []promise{
		{what: "the cache has as many replicas as the table says, and one takes over in another zone", part: "base", kind: "AWS::ElastiCache::ReplicationGroup", many: 1, has: map[string]any{
			"NumCacheClusters": byTable(func(e environment.Environment) any { return 1 + e.Cache.Replicas }), "AutomaticFailoverEnabled": byTable(many), "MultiAZEnabled": byTable(many),
		}},
		{what: "the cache is spoken to by TLS alone, with a password", part: "base", kind: "AWS::ElastiCache::ReplicationGroup", many: 1, has: map[string]any{"TransitEncryptionEnabled": true, "TransitEncryptionMode": "required", "AuthToken": says("DataCacheKey")}},
		{what: "the cache is encrypted by a key of ours", part: "base", kind: "AWS::ElastiCache::ReplicationGroup", many: 1, has: map[string]any{"AtRestEncryptionEnabled": true, "KmsKeyId": says("KeysData")}},
		{what: "the cache stands in the subnets of data, behind its door", part: "base", kind: "AWS::ElastiCache::ReplicationGroup", many: 1, has: map[string]any{"CacheSubnetGroupName": says("DataCacheSubnets"), "SecurityGroupIds/0": says("NetworkCacheDoor"), "SecurityGroupIds/1": nothing{}}},
		{what: "the cache may go to every zone", part: "base", kind: "AWS::ElastiCache::SubnetGroup", many: 1, has: map[string]any{"SubnetIds": inZones("NetworkVpcdataSubnet")}},
		{what: "the cache's settings are in code", part: "base", kind: "AWS::ElastiCache::ReplicationGroup", many: 1, has: map[string]any{"CacheParameterGroupName": says(`{"Ref":"DataCacheParameters`)}},
		{what: "a full cache lets go of what was used least", part: "base", kind: "AWS::ElastiCache::ParameterGroup", many: 1, has: map[string]any{"Properties/maxmemory-policy": "allkeys-lru"}},
		{what: "the cache's slow commands come to CloudWatch", part: "base", kind: "AWS::ElastiCache::ReplicationGroup", many: 1, has: map[string]any{"LogDeliveryConfigurations/LogType=slow-log/DestinationDetails": says("DataCacheLog")}},
	}
}

func ofWhatIsKept() []promise {
	encrypted := "BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/"
	return []promise{
		{what: "no bucket is anybody's to read", part: "base", kind: "AWS::S3::Bucket", many: 4, has: map[string]any{
			"PublicAccessBlockConfiguration/BlockPublicAcls": true, "PublicAccessBlockConfiguration/BlockPublicPolicy": true, "PublicAccessBlockConfiguration/IgnorePublicAcls": true, "PublicAccessBlockConfiguration/RestrictPublicBuckets": true,
		}},
		{what: "every bucket is spoken to by TLS alone", part: "base", kind: "AWS::S3::BucketPolicy", many: 4, has: map[string]any{"PolicyDocument/Statement": says(`{"Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"`)}},
		{what: "what is written over in a bucket is still there", part: "base", kind: "AWS::S3::Bucket", but: "DataAccess", many: 3, has: map[string]any{"VersioningConfiguration/Status": "Enabled"}},
		{what: "buckets are encrypted by a key of ours", part: "base", kind: "AWS::S3::Bucket", but: "DataAccess", many: 3, has: map[string]any{encrypted + "SSEAlgorithm": "aws:kms", encrypted + "KMSMasterKeyID": says("KeysData")}},
		{what: "lines about requests are encrypted by S3, which takes no key of ours for them, and kept as long as logs", part: "base", kind: "AWS::S3::Bucket", named: "DataAccess", many: 1, has: map[string]any{
			encrypted + "SSEAlgorithm": "AES256", "LifecycleConfiguration/Rules/0/ExpirationInDays": byTable(func(e environment.Environment) any { return e.LogDays }), "LifecycleConfiguration/Rules/0/Status": "Enabled",
		}},
		{what: "who asks for what in a bucket is written down", part: "base", kind: "AWS::S3::Bucket", but: "DataAccess", many: 3, has: map[string]any{"LoggingConfiguration/DestinationBucketName": says("DataAccess"), "OwnershipControls/Rules/0/ObjectOwnership": "BucketOwnerEnforced"}},
		{what: "every key is changed each year", part: "base", kind: "AWS::KMS::Key", many: 3, has: map[string]any{"EnableKeyRotation": true}},
		{what: "every key is changed each year, also at the edge", part: "edge", kind: "AWS::KMS::Key", many: 1, has: map[string]any{"EnableKeyRotation": true}},
		{what: "secrets are made up by AWS, and encrypted by a key of ours", part: "base", kind: "AWS::SecretsManager::Secret", but: "TopicsWebhooks", many: 5, has: map[string]any{"GenerateSecretString/ExcludePunctuation": true, "SecretString": nothing{}, "KmsKeyId": says("KeysData")}},
		{what: "where people are told lies with the key of what they are told", part: "base", kind: "AWS::SecretsManager::Secret", named: "TopicsWebhooks", many: 1, has: map[string]any{"SecretString": nothing{}, "KmsKeyId": says("TopicsKey")}},
		{what: "an image is what it was when it was pushed, and is looked through", part: "base", kind: "AWS::ECR::Repository", many: 2, has: map[string]any{
			"ImageTagMutability": "IMMUTABLE", "ImageScanningConfiguration/ScanOnPush": true, "EncryptionConfiguration/EncryptionType": "KMS", "LifecyclePolicy/LifecyclePolicyText": says("imageCountMoreThan"),
		}},
		{what: "copies of the database lie under a key of ours", part: "base", kind: "AWS::Backup::BackupVault", many: 1, has: map[string]any{"EncryptionKeyArn": says("KeysData")}},
		{what: "a copy of people's data is deleted by nobody before its days are over", part: "base", kind: "AWS::Backup::BackupVault", many: 1, has: map[string]any{"AccessPolicy": byTable(func(e environment.Environment) any {
			if !e.Real {
				return nothing{}
			}
			return says(`{"Action":["backup:DeleteRecoveryPoint","backup:UpdateRecoveryPointLifecycle"],"Effect":"Deny"`)
		})}},
		{what: "the database is copied every day, and the copy kept as long as the database goes back, a week at least", part: "base", kind: "AWS::Backup::BackupPlan", many: 1, has: map[string]any{
			"BackupPlan/BackupPlanRule/0/ScheduleExpression": "cron(0 20 * * ? *)", "BackupPlan/BackupPlanRule/0/Lifecycle/DeleteAfterDays": byTable(func(e environment.Environment) any { return max(7, e.BackupDays) }),
		}},
		{what: "what is copied is the database", part: "base", kind: "AWS::Backup::BackupSelection", many: 1, has: map[string]any{"BackupSelection/Resources/0": says(`["DataDatabase`)}},
	}
}

func ofTheBalancer() []promise {
	attribute := func(key string) string { return "LoadBalancerAttributes/Key=" + key + "/Value" }
	return []promise{
		{what: "a load balancer in each zone's public subnet", part: "service", kind: "AWS::ElasticLoadBalancingV2::LoadBalancer", many: 1, has: map[string]any{"Type": "application", "Scheme": "internet-facing", "Subnets": inZones("NetworkVpcpublicSubnet"), "SecurityGroups/0": says("NetworkBalancerDoor")}},
		{what: "a load balancer before people's data is deleted by nobody", part: "service", kind: "AWS::ElasticLoadBalancingV2::LoadBalancer", many: 1, has: map[string]any{attribute("deletion_protection.enabled"): byTable(func(e environment.Environment) any { return fmt.Sprint(e.Real) })}},
		{what: "the load balancer writes down who asks, and passes no broken header on", part: "service", kind: "AWS::ElasticLoadBalancingV2::LoadBalancer", many: 1, has: map[string]any{
			attribute("access_logs.s3.enabled"): "true", attribute("access_logs.s3.bucket"): says("DataAccess"), attribute("routing.http.drop_invalid_header_fields.enabled"): "true",
		}},
		{what: "the load balancer speaks TLS 1.2 and 1.3 alone", part: "service", kind: "AWS::ElasticLoadBalancingV2::Listener", many: 2, has: map[string]any{"Protocol": "HTTPS", "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06", "Certificates/0/CertificateArn": says("BalancerCertificate")}},
		{what: "the load balancer's certificate is renewed by itself", part: "service", kind: "AWS::CertificateManager::Certificate", many: 1, has: map[string]any{
			"ValidationMethod": "DNS", "SubjectAlternativeNames": byTable(func(e environment.Environment) any { return []any{"origin." + e.Domain} }),
		}},
		{what: "the origin's name is the load balancer", part: "service", kind: "AWS::Route53::RecordSet", many: 1, has: map[string]any{
			"Type": "A", "Name": byTable(func(e environment.Environment) any { return "origin." + e.Domain + "." }), "AliasTarget/DNSName": says("BalancerLoad"),
		}},
	}
}

// ofTasks has the program's jobs beside its two services, and the two tasks that run once.
func ofTasks(jobs int) []promise {
	container := "ContainerDefinitions/Name=enishi/"
	inside := "NetworkConfiguration/AwsvpcConfiguration/"
	task := map[string]any{
		"RuntimePlatform/CpuArchitecture": "ARM64", "NetworkMode": "awsvpc", container + "ReadonlyRootFilesystem": true, container + "LinuxParameters/Capabilities/Drop": []any{"ALL"}, container + "Privileged": nothing{}, container + "User": nothing{},
		container + "LogConfiguration/LogDriver": "awslogs", container + "LogConfiguration/Options/mode": "non-blocking", container + "VersionConsistency": "enabled",
		container + "Environment/Name=ENISHI_DATABASE_URL/Value": says(":3306/enishi?tls=true"), container + "Environment/Name=ENISHI_DATABASE_READER_URL/Value": says(":3306/enishi?tls=true"), container + "Environment/Name=ENISHI_REDIS_URL/Value": says("rediss://"),
		container + "Secrets/Name=ENISHI_DATABASE_PASSWORD/ValueFrom": says("MasterUserSecret"), container + "Secrets/Name=ENISHI_SECRET/ValueFrom": says("DataSecret"),
	}
	return []promise{
		{what: "tasks are watched one by one (Container Insights)", part: "cluster", kind: "AWS::ECS::Cluster", many: 1, has: map[string]any{"ClusterSettings/Name=containerInsights/Value": "enhanced"}},
		{what: "a deployment that does not come up goes back by itself (circuit breaker)", part: "service", kind: "AWS::ECS::Service", many: 2, has: map[string]any{
			"DeploymentConfiguration/DeploymentCircuitBreaker/Enable": true, "DeploymentConfiguration/DeploymentCircuitBreaker/Rollback": true,
		}},
		{what: "no task goes before another is there", part: "service", kind: "AWS::ECS::Service", many: 2, has: map[string]any{"DeploymentConfiguration/MinimumHealthyPercent": 100, "DeploymentConfiguration/MaximumPercent": 200}},
		{what: "tasks are spread over the zones again when one comes back", part: "service", kind: "AWS::ECS::Service", many: 2, has: map[string]any{"AvailabilityZoneRebalancing": "ENABLED"}},
		{what: "tasks stand in the subnets of tasks, and have no address outside", part: "service", kind: "AWS::ECS::Service", many: 2, has: map[string]any{inside + "AssignPublicIp": "DISABLED", inside + "Subnets": inZones("NetworkVpcappSubnet")}},
		{what: "web tasks are behind their own door", part: "service", kind: "AWS::ECS::Service", named: "WebService", many: 1, has: map[string]any{inside + "SecurityGroups/0": says("NetworkWebDoor"), inside + "SecurityGroups/1": nothing{}, "LoadBalancers/0/TargetGroupArn": says("BalancerBlue")}},
		{what: "workers are behind their own door", part: "service", kind: "AWS::ECS::Service", named: "WorkerService", many: 1, has: map[string]any{inside + "SecurityGroups/0": says("NetworkWorkerDoor"), inside + "SecurityGroups/1": nothing{}, "LoadBalancers": nothing{}}},
		{what: "a task of each service and of each job writes to its volumes alone, has no right of the system's, and speaks TLS to database and cache", part: "service", kind: "AWS::ECS::TaskDefinition", many: 2 + jobs, has: task},
		{what: "so do tasks that run once", part: "cluster", kind: "AWS::ECS::TaskDefinition", many: 2, has: task},
		{what: "a job has a time of its own", part: "service", kind: "AWS::Scheduler::Schedule", many: jobs, has: map[string]any{"Target/RetryPolicy/MaximumRetryAttempts": 3, "FlexibleTimeWindow/Mode": "OFF"}},
		{what: "services grow with their load", part: "service", kind: "AWS::ApplicationAutoScaling::ScalableTarget", many: 2, has: map[string]any{"ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": says("least"), "MaxCapacity": says("most")}},
	}
}

func ofWhoWatches() []promise {
	told := func(kind string, share int) (string, any) {
		return "NotificationsWithSubscribers", says(fmt.Sprintf(`{"Notification":{"ComparisonOperator":"GREATER_THAN","NotificationType":"%s","Threshold":%d,"ThresholdType":"PERCENTAGE"},"Subscribers":[{"Address":{"Ref":"TopicsTicket`, kind, share))
	}
	now, said := told("ACTUAL", 80)
	_, foreseen := told("FORECASTED", 100)
	return []promise{
		{what: "a dashboard", part: "alarms", kind: "AWS::CloudWatch::Dashboard", many: 1, has: map[string]any{
			"DashboardName": byTable(func(e environment.Environment) any { return "enishi-" + e.Name }), "DashboardBody": says(`\"widgets\"`),
		}},
		{what: "somebody hears when the month costs more than four fifths of the table's budget", part: "base", kind: "AWS::Budgets::Budget", many: 1, has: map[string]any{
			now: said, "Budget/BudgetType": "COST", "Budget/TimeUnit": "MONTHLY", "Budget/BudgetLimit/Unit": "USD", "Budget/BudgetLimit/Amount": byTable(func(e environment.Environment) any { return e.Budget }),
			"Budget/CostFilters/TagKeyValue": byTable(func(e environment.Environment) any { return []any{"user:environment$" + e.Name} }),
		}},
		{what: "and when all of it is foreseen to be spent", part: "base", kind: "AWS::Budgets::Budget", many: 1, has: map[string]any{now: foreseen}},
		{what: "a topic for what calls a person and one for tickets, encrypted by a key of ours", part: "base", kind: "AWS::SNS::Topic", many: 2, has: map[string]any{"KmsMasterKeyId": says("TopicsKey")}},
		{what: "alarms, the budget and nobody without TLS may tell a topic", part: "base", kind: "AWS::SNS::TopicPolicy", many: 2, has: map[string]any{
			"PolicyDocument/Statement/0": says(`"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"`),
			"PolicyDocument/Statement/1": says(`"Principal":{"Service":"cloudwatch.amazonaws.com"}`), "PolicyDocument/Statement/2": says(`"Principal":{"Service":"budgets.amazonaws.com"}`),
		}},
		{what: "people are told by a function", part: "alarms", kind: "AWS::Lambda::Function", many: 1, has: map[string]any{"PackageType": "Image"}},
	}
}

func ofTheEdge() []promise {
	config := "DistributionConfig/"
	return []promise{
		{what: "the distribution answers, behind the filter", part: "edge", kind: "AWS::CloudFront::Distribution", many: 1, has: map[string]any{config + "Enabled": true, config + "WebACLId": says(`{"Fn::GetAtt":["Filter","Arn"]}`)}},
		{what: "the distribution speaks TLS 1.2 and 1.3 alone, by a certificate of its name", part: "edge", kind: "AWS::CloudFront::Distribution", many: 1, has: map[string]any{config + "ViewerCertificate/MinimumProtocolVersion": "TLSv1.2_2021", config + "ViewerCertificate/AcmCertificateArn": says("Certificate")}},
		{what: "the landing page and files are answered at the edge", part: "edge", kind: "AWS::CloudFront::Distribution", many: 1, has: map[string]any{config + "CacheBehaviors": says(`"PathPattern":"/static/*"`)}},
		{what: "the edge's certificate is renewed by itself", part: "edge", kind: "AWS::CertificateManager::Certificate", many: 1, has: map[string]any{"ValidationMethod": "DNS", "DomainName": byTable(func(e environment.Environment) any { return e.Domain })}},
		{what: "the filter counts and refuses, and lets everything else by", part: "edge", kind: "AWS::WAFv2::WebACL", many: 1, has: map[string]any{"DefaultAction/Allow": some{}, "Rules/4": some{}, "Rules/Name=rate/Action/Block": some{}}},
		{what: "what the filter refuses is written down", part: "edge", kind: "AWS::WAFv2::LoggingConfiguration", many: 1, has: map[string]any{"ResourceArn": says(`["Filter","Arn"]`), "LogDestinationConfigs/0": says("Refusals")}},
		{what: "lines about requests at the edge come to the bucket of such lines", part: "edge", kind: "AWS::Logs::DeliveryDestination", many: 1, has: map[string]any{"DestinationResourceArn": says(`:s3:::${Access}`)}},
		{what: "the name is asked for from outside", part: "edge", kind: "AWS::Route53::HealthCheck", many: 1, has: map[string]any{"HealthCheckConfig/Type": "HTTPS", "HealthCheckConfig/FailureThreshold": 3, "HealthCheckConfig/RequestInterval": 30}},
	}
}
