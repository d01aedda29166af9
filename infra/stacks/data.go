package stacks

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticache"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// Keys encrypt what lies somewhere. Each is changed every year by AWS.
type Keys struct{ Data, Logs awskms.Key }

func newKeys(scope constructs.Construct, e environment.Environment) *Keys {
	s := constructs.NewConstruct(scope, jsii.String("Keys"))
	key := func(name, what string) awskms.Key {
		return awskms.NewKey(s, jsii.String(name), &awskms.KeyProps{
			Description: jsii.String("Enishi " + e.Name + ": " + what), EnableKeyRotation: jsii.Bool(true), RemovalPolicy: stays(e),
		})
	}
	k := &Keys{Data: key("Data", "database, cache, files and secrets"), Logs: key("Logs", "logs")}
	k.Logs.GrantEncryptDecrypt(awsiam.NewServicePrincipal(jsii.String("logs."+e.Region+".amazonaws.com"), nil))
	return k
}

// Data is what outlives every deployment.
type Data struct {
	Cluster  awsrds.CfnDBCluster
	Cache    awselasticache.CfnReplicationGroup
	Files    awss3.Bucket // what processes read of each other, such as snapshots; nil where Mount is
	Mount    *Mount       // the same, in a file system; nil: in the bucket
	Archive  awss3.Bucket // logs after their time in CloudWatch
	Secret   awssecretsmanager.Secret
	CacheKey awssecretsmanager.Secret
	Mail     awssecretsmanager.Secret // the URL of the mail server with its password
	Registry awsecr.Repository
	Operator awssecretsmanager.Secret // address and password of the operator that accepts versions
	Records  awss3.Bucket             // of deployments
	Access   awss3.Bucket             // who asked for files, and for pages
}

func newData(scope constructs.Construct, e environment.Environment, n *Network, keys *Keys) *Data {
	s := constructs.NewConstruct(scope, jsii.String("Data"))
	access := newAccess(s, e)
	d := &Data{Access: access, Cluster: newDatabase(s, e, n, keys)}
	if e.Files == environment.InEFS {
		d.Mount = newMount(s, e, n, keys)
	} else {
		d.Files = newFiles(s, e, keys, access)
	}
	d.Archive = newBucket(s, "Archive", e, keys, access, archiveRules(e))
	d.Secret = newSecret(s, "Secret", "signs links and cursors, for every process alike", e, keys)
	d.Mail = newSecret(s, "Mail", "the URL of the mail server: put the one of SES in its place", e, keys)
	d.CacheKey = newSecret(s, "CacheKey", "the password of the cache", e, keys)
	d.Records = newBucket(s, "Records", e, keys, access, nil)
	d.Operator = awssecretsmanager.NewSecret(s, jsii.String("Operator"), &awssecretsmanager.SecretProps{
		Description: jsii.String("Enishi " + e.Name + ": the operator that accepts versions"), EncryptionKey: keys.Data, RemovalPolicy: stays(e),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			SecretStringTemplate: jsii.String(`{"email":"acceptance@` + e.Domain + `"}`), GenerateStringKey: jsii.String("password"), PasswordLength: jsii.Number(40), ExcludePunctuation: jsii.Bool(true),
		},
	})
	except(d.Operator, "SMG4", "the account it opens is changed with it, by a person")
	except(d.Secret, "SMG4", "a new one ends every session, link and card id: it is changed after a theft, by a person")
	except(d.Mail, "SMG4", "its password is the mail server's to change")
	except(d.CacheKey, "SMG4", "the cache is behind its door; the password is changed with the next deployment when somebody asks for it")
	d.Registry = awsecr.NewRepository(s, jsii.String("Registry"), &awsecr.RepositoryProps{
		RepositoryName: jsii.String("enishi-" + e.Name), ImageTagMutability: awsecr.TagMutability_IMMUTABLE, ImageScanOnPush: jsii.Bool(true),
		Encryption: awsecr.RepositoryEncryption_KMS(), EncryptionKey: keys.Data, RemovalPolicy: stays(e),
		LifecycleRules: &[]*awsecr.LifecycleRule{{MaxImageCount: jsii.Number(100), Description: jsii.String("the last hundred, to go back to")}},
	})
	d.Cache = newCache(s, e, n, keys, d.CacheKey)
	newEdgeKeys(s, e, keys)
	edgeLogs(access)
	d.say(s, e)
	return d
}

// kind says whose data an environment holds, as the program and its commands have it.
func kind(e environment.Environment) string {
	if e.Real {
		return "real"
	}
	return "demo"
}

// newFiles describes the bucket of files. A snapshot that was removed may hold people who
// were erased since.
func newFiles(s constructs.Construct, e environment.Environment, keys *Keys, access awss3.Bucket) awss3.Bucket {
	day := awscdk.Duration_Days(jsii.Number(1))
	return newBucket(s, "Files", e, keys, access, &[]*awss3.LifecycleRule{
		{NoncurrentVersionExpiration: day, AbortIncompleteMultipartUploadAfter: day, ExpiredObjectDeleteMarker: jsii.Bool(true)},
		{Prefix: jsii.String("transfer-"), Expiration: day}, // a packed database that a move has left which was killed
	})
}

// say keeps in the account what a deployment needs to know of the environment.
func (d *Data) say(s constructs.Construct, e environment.Environment) {
	for _, p := range []struct {
		name  string
		value *string
	}{
		{"kind", jsii.String(kind(e))},
		{"records", d.Records.BucketName()},
		{"access", d.Access.BucketName()},
		{"registry", d.Registry.RepositoryUri()},
		{"test-url", jsii.String(fmt.Sprintf("https://origin.%s:%d", e.Domain, testPort))},
	} {
		awsssm.NewCfnParameter(s, jsii.String("Says"+title(p.name)), &awsssm.CfnParameterProps{
			Name: jsii.String("/enishi/" + e.Name + "/" + p.name), Type: jsii.String("String"), Value: p.value,
		})
	}
}

// Aurora MySQL 3 with long-term support.
const (
	mysqlEngine  = "aurora-mysql"
	mysqlVersion = "8.0.mysql_aurora.3.10.0"
	mysqlFamily  = "aurora-mysql8.0"
)

// newDatabase describes the writer and its readers. RDS makes the password, keeps it in
// Secrets Manager and changes it.
func newDatabase(s constructs.Construct, e environment.Environment, n *Network, keys *Keys) awsrds.CfnDBCluster {
	zones := n.VPC.SelectSubnets(&awsec2.SubnetSelection{SubnetGroupName: jsii.String("data")})
	subnets := awsrds.NewCfnDBSubnetGroup(s, jsii.String("DatabaseSubnets"), &awsrds.CfnDBSubnetGroupProps{
		DbSubnetGroupDescription: jsii.String("the subnets of data"), SubnetIds: anys(zones.SubnetIds),
	})
	parameters := awsrds.NewCfnDBClusterParameterGroup(s, jsii.String("DatabaseParameters"), &awsrds.CfnDBClusterParameterGroupProps{
		Family: jsii.String(mysqlFamily), Description: jsii.String("Enishi"), Parameters: map[string]string{
			"character_set_server":            "utf8mb4",
			"collation_server":                "utf8mb4_0900_bin",
			"time_zone":                       "UTC",
			"require_secure_transport":        "ON",
			"slow_query_log":                  "1",
			"long_query_time":                 "1",
			"server_audit_logging":            "1",
			"server_audit_events":             "CONNECT,QUERY_DCL,QUERY_DDL",
			"innodb_lock_wait_timeout":        "10",
			"aurora_replica_read_consistency": "SESSION",
		},
	})
	names := []string{"error", "slowquery", "audit"}
	name := "enishi-" + e.Name
	cluster := awsrds.NewCfnDBCluster(s, jsii.String("Database"), &awsrds.CfnDBClusterProps{
		DbClusterIdentifier: jsii.String(name), // by which its groups of logs are known before it is
		Engine:              jsii.String(mysqlEngine), EngineVersion: jsii.String(mysqlVersion), DatabaseName: jsii.String("enishi"), Port: jsii.Number(databasePort),
		MasterUsername: jsii.String("enishi"), ManageMasterUserPassword: jsii.Bool(true),
		MasterUserSecret:                 &awsrds.CfnDBCluster_MasterUserSecretProperty{KmsKeyId: keys.Data.KeyArn()},
		ServerlessV2ScalingConfiguration: &awsrds.CfnDBCluster_ServerlessV2ScalingConfigurationProperty{MinCapacity: jsii.Number(e.Database.Least), MaxCapacity: jsii.Number(e.Database.Most)},
		DbSubnetGroupName:                subnets.Ref(), DbClusterParameterGroupName: parameters.Ref(), VpcSecurityGroupIds: &[]any{n.Doors.Database.SecurityGroupId()},
		BackupRetentionPeriod: jsii.Number(e.BackupDays), PreferredBackupWindow: jsii.String("18:00-19:00"), // 03:00 in Tokyo
		PreferredMaintenanceWindow: jsii.String("sun:19:30-sun:20:30"), CopyTagsToSnapshot: jsii.Bool(true),
		StorageEncrypted: jsii.Bool(true), KmsKeyId: keys.Data.KeyArn(), DeletionProtection: jsii.Bool(e.Real),
		EnableCloudwatchLogsExports: jsii.Strings(names...), EnableIamDatabaseAuthentication: jsii.Bool(true),
	})
	cluster.ApplyRemovalPolicy(snapshots(e), nil)
	// RDS makes these itself where there are none, kept for ever and in no archive.
	for _, kind := range names {
		cluster.Node().AddDependency(awslogs.NewLogGroup(s, jsii.String(databaseLog(kind)), &awslogs.LogGroupProps{
			LogGroupName: jsii.String("/aws/rds/cluster/" + name + "/" + kind), Retention: retention(e.LogDays), EncryptionKey: keys.Logs, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		}))
	}
	except(cluster, "RDS11", "a port that is not the usual one hides nothing: the door lets in Enishi's tasks alone")
	except(cluster, "RDS14", "an earlier moment is restored beside the cluster (point-in-time recovery), and nothing is lost by looking")
	if !e.Real {
		except(cluster, "RDS10", "it holds demo data, and goes with its environment")
	}
	for i := range 1 + e.Database.Readers {
		name, tier := "Writer", 0
		if i > 0 {
			name, tier = fmt.Sprintf("Reader%d", i), min(i, 2) // tier 1 is as large as the writer: it can take its place at once
		}
		awsrds.NewCfnDBInstance(s, jsii.String(name), &awsrds.CfnDBInstanceProps{
			Engine: jsii.String(mysqlEngine), DbClusterIdentifier: cluster.Ref(), DbInstanceClass: jsii.String("db.serverless"), PromotionTier: jsii.Number(tier),
			AvailabilityZone: jsii.String(e.Zones[i%len(e.Zones)]), PubliclyAccessible: jsii.Bool(false), AutoMinorVersionUpgrade: jsii.Bool(true),
			EnablePerformanceInsights: jsii.Bool(true), PerformanceInsightsKmsKeyId: keys.Data.KeyArn(), CaCertificateIdentifier: jsii.String("rds-ca-rsa2048-g1"),
		})
	}
	return cluster
}

func databaseLog(kind string) string { return "DatabaseLog" + title(kind) }

// newAccess describes where lines about requests go. Neither S3 nor the load balancer can
// write them under a key of ours.
func newAccess(s constructs.Construct, e environment.Environment) awss3.Bucket {
	b := awss3.NewBucket(s, jsii.String("Access"), &awss3.BucketProps{
		Encryption: awss3.BucketEncryption_S3_MANAGED, BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(), EnforceSSL: jsii.Bool(true), RemovalPolicy: stays(e),
		LifecycleRules: &[]*awss3.LifecycleRule{{Expiration: awscdk.Duration_Days(jsii.Number(e.LogDays))}},
	})
	return b
}

func newBucket(s constructs.Construct, name string, e environment.Environment, keys *Keys, access awss3.Bucket, rules *[]*awss3.LifecycleRule) awss3.Bucket {
	return awss3.NewBucket(s, jsii.String(name), &awss3.BucketProps{
		Encryption: awss3.BucketEncryption_KMS, EncryptionKey: keys.Data, BucketKeyEnabled: jsii.Bool(true),
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(), EnforceSSL: jsii.Bool(true), Versioned: jsii.Bool(true),
		ServerAccessLogsBucket: access, ServerAccessLogsPrefix: jsii.String(strings.ToLower(name) + "/"),
		ObjectOwnership: awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED, RemovalPolicy: stays(e), LifecycleRules: rules,
	})
}

func newSecret(s constructs.Construct, name, what string, e environment.Environment, keys *Keys) awssecretsmanager.Secret {
	return awssecretsmanager.NewSecret(s, jsii.String(name), &awssecretsmanager.SecretProps{
		Description: jsii.String(what), EncryptionKey: keys.Data, RemovalPolicy: stays(e),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{PasswordLength: jsii.Number(64), ExcludePunctuation: jsii.Bool(true)},
	})
}

func newCache(s constructs.Construct, e environment.Environment, n *Network, keys *Keys, password awssecretsmanager.Secret) awselasticache.CfnReplicationGroup {
	zones := n.VPC.SelectSubnets(&awsec2.SubnetSelection{SubnetGroupName: jsii.String("data")})
	subnets := awselasticache.NewCfnSubnetGroup(s, jsii.String("CacheSubnets"), &awselasticache.CfnSubnetGroupProps{
		Description: jsii.String("the subnets of data"), SubnetIds: anys(zones.SubnetIds),
	})
	// What is in it may be lost (limits, who a session belongs to), so the least used goes first.
	parameters := awselasticache.NewCfnParameterGroup(s, jsii.String("CacheParameters"), &awselasticache.CfnParameterGroupProps{
		CacheParameterGroupFamily: jsii.String("valkey8"), Description: jsii.String("Enishi"),
		Properties: &map[string]*string{"maxmemory-policy": jsii.String("allkeys-lru")},
	})
	many := e.Cache.Replicas > 0
	log := awslogs.NewLogGroup(s, jsii.String("CacheLog"), &awslogs.LogGroupProps{
		Retention: retention(e.LogDays), EncryptionKey: keys.Logs, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	cache := awselasticache.NewCfnReplicationGroup(s, jsii.String("Cache"), &awselasticache.CfnReplicationGroupProps{
		ReplicationGroupDescription: jsii.String("Enishi " + e.Name), Engine: jsii.String("valkey"), EngineVersion: jsii.String("8.1"),
		CacheNodeType: jsii.String(e.Cache.NodeType), NumCacheClusters: jsii.Number(1 + e.Cache.Replicas),
		AutomaticFailoverEnabled: jsii.Bool(many), MultiAzEnabled: jsii.Bool(many), AutoMinorVersionUpgrade: jsii.Bool(true),
		Port: jsii.Number(cachePort), CacheSubnetGroupName: subnets.Ref(), SecurityGroupIds: &[]*string{n.Doors.Cache.SecurityGroupId()},
		CacheParameterGroupName: parameters.Ref(),
		AtRestEncryptionEnabled: jsii.Bool(true), KmsKeyId: keys.Data.KeyArn(),
		TransitEncryptionEnabled: jsii.Bool(true), TransitEncryptionMode: jsii.String("required"),
		AuthToken: password.SecretValue().UnsafeUnwrap(), // a reference that is resolved at deployment
		LogDeliveryConfigurations: &[]any{&awselasticache.CfnReplicationGroup_LogDeliveryConfigurationRequestProperty{
			DestinationType: jsii.String("cloudwatch-logs"), LogFormat: jsii.String("json"), LogType: jsii.String("slow-log"),
			DestinationDetails: &awselasticache.CfnReplicationGroup_DestinationDetailsProperty{
				CloudWatchLogsDetails: &awselasticache.CfnReplicationGroup_CloudWatchLogsDestinationDetailsProperty{LogGroup: log.LogGroupName()},
			},
		}},
	})
	if !many {
		except(cache, "AEC4", "one node is enough for demo data: while it is away, limits are each process's own")
	}
	return cache
}
