package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskinesisfirehose"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// Archive is the way of lines from CloudWatch Logs to the bucket of the archive.
type Archive struct {
	Stream awskinesisfirehose.CfnDeliveryStream
	Hands  awsiam.Role // by which CloudWatch Logs hands them over
	Errors awslogs.LogGroup
}

// Lines are collected for so long, or until there are so many, before they are written:
// S3 counts each object that is read or written.
const (
	archiveEvery = 900 // s
	archiveMost  = 64  // MiB
)

// newArchive describes the stream and the two roles. CloudWatch Logs hands over lines that
// are compressed by gzip already, each with its group and stream, so they are written as
// they come: many members of gzip, one after another, are gzip.
func newArchive(scope constructs.Construct, e environment.Environment, d *Data, keys *Keys) *Archive {
	s := constructs.NewConstruct(scope, jsii.String("Archive"))
	// It is in no archive itself: what says that nothing is delivered would have to be delivered.
	failures := awslogs.NewLogGroup(s, jsii.String("Errors"), &awslogs.LogGroupProps{
		Retention: retention(e.LogDays), EncryptionKey: keys.Logs, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	stream := awslogs.NewLogStream(s, jsii.String("ErrorsOfDelivery"), &awslogs.LogStreamProps{
		LogGroup: failures, LogStreamName: jsii.String("delivery"), RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	writes := awsiam.NewRole(s, jsii.String("Writes"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("firehose.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Stack_Of(s).Account()}},
		}),
	})
	objects := join("", d.Archive.BucketArn(), "/*")
	for _, may := range []awsiam.PolicyStatement{
		allow(objects, "s3:PutObject", "s3:AbortMultipartUpload"),
		allow(d.Archive.BucketArn(), "s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"),
		allow(keys.Data.KeyArn(), "kms:GenerateDataKey", "kms:Decrypt"),
		allow(failures.LogGroupArn(), "logs:PutLogEvents"),
	} {
		writes.AddToPolicy(may)
	}
	exceptWide(writes, objects, "every object of the archive is its own to write, and none to read or delete")
	a := &Archive{Errors: failures}
	a.Stream = awskinesisfirehose.NewCfnDeliveryStream(s, jsii.String("Stream"), &awskinesisfirehose.CfnDeliveryStreamProps{
		DeliveryStreamName: jsii.String("enishi-" + e.Name + "-archive"), DeliveryStreamType: jsii.String("DirectPut"),
		DeliveryStreamEncryptionConfigurationInput: &awskinesisfirehose.CfnDeliveryStream_DeliveryStreamEncryptionConfigurationInputProperty{KeyType: jsii.String("AWS_OWNED_CMK")},
		ExtendedS3DestinationConfiguration: &awskinesisfirehose.CfnDeliveryStream_ExtendedS3DestinationConfigurationProperty{
			BucketArn: d.Archive.BucketArn(), RoleArn: writes.RoleArn(), CompressionFormat: jsii.String("UNCOMPRESSED"), FileExtension: jsii.String(".json.gz"),
			Prefix: jsii.String("logs/!{timestamp:yyyy/MM/dd}/"), ErrorOutputPrefix: jsii.String("failed/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"), CustomTimeZone: jsii.String("Asia/Tokyo"),
			BufferingHints: &awskinesisfirehose.CfnDeliveryStream_BufferingHintsProperty{IntervalInSeconds: jsii.Number(archiveEvery), SizeInMBs: jsii.Number(archiveMost)},
			EncryptionConfiguration: &awskinesisfirehose.CfnDeliveryStream_EncryptionConfigurationProperty{
				KmsEncryptionConfig: &awskinesisfirehose.CfnDeliveryStream_KMSEncryptionConfigProperty{AwskmsKeyArn: keys.Data.KeyArn()},
			},
			CloudWatchLoggingOptions: &awskinesisfirehose.CfnDeliveryStream_CloudWatchLoggingOptionsProperty{
				Enabled: jsii.Bool(true), LogGroupName: failures.LogGroupName(), LogStreamName: stream.LogStreamName(),
			},
		},
	})
	a.Stream.Node().AddDependency(writes.Node().FindChild(jsii.String("DefaultPolicy"))) // it tries at once what it may
	a.Hands = awsiam.NewRole(s, jsii.String("Hands"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("logs.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringLike": map[string]any{"aws:SourceArn": arn(s, "logs", "*")}},
		}),
	})
	a.Hands.AddToPolicy(allow(a.Stream.AttrArn(), "firehose:PutRecord", "firehose:PutRecordBatch"))
	takesExports(e, d, keys)
	return a
}

// takesExports lets CloudWatch Logs export what the archive lacks into its bucket, below one prefix: of log groups of
// this account alone. It asks for the bucket's list of rights first. By the key it may do so in buckets of this stack
// alone, which S3 tells KMS: AWS's manual names nothing else that would hold it to this account.
func takesExports(e environment.Environment, d *Data, keys *Keys) {
	stack := awscdk.Stack_Of(d.Archive)
	from := []awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("logs."+e.Region+".amazonaws.com"), nil)}
	of := func(more map[string]any) *map[string]any {
		more["aws:SourceAccount"] = stack.Account()
		return &map[string]any{"StringEquals": more, "ArnLike": map[string]any{"aws:SourceArn": arn(d.Archive, "logs", "log-group:*")}}
	}
	d.Archive.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &from, Actions: jsii.Strings("s3:GetBucketAcl"), Resources: &[]*string{d.Archive.BucketArn()}, Conditions: of(map[string]any{}),
	}))
	d.Archive.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &from, Actions: jsii.Strings("s3:PutObject"), Resources: &[]*string{d.Archive.ArnForObjects(jsii.String("exported/*"))},
		Conditions: of(map[string]any{"s3:x-amz-acl": "bucket-owner-full-control"}),
	}))
	keys.Data.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &from, Actions: jsii.Strings("kms:GenerateDataKey", "kms:Decrypt"), Resources: jsii.Strings("*"),
		Conditions: &map[string]any{"StringLike": map[string]any{"kms:EncryptionContext:aws:s3:arn": join("arn:", stack.Partition(), ":s3:::"+*stack.StackName()+"-*")}},
	}), nil)
}

// archiveRules say how long the archive keeps lines, and where they lie. The cheaper class
// counts ninety days at least, so what goes before that stays where it is.
func archiveRules(e environment.Environment) *[]*awss3.LifecycleRule {
	const leastCounted = 90 // days
	rule := &awss3.LifecycleRule{
		Expiration: awscdk.Duration_Days(jsii.Number(e.ArchiveDays)),
		// Else a version stays of what has expired.
		NoncurrentVersionExpiration: awscdk.Duration_Days(jsii.Number(1)), AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(1)),
	}
	if e.ArchiveDays >= leastCounted {
		rule.Transitions = &[]*awss3.Transition{{StorageClass: awss3.StorageClass_GLACIER_INSTANT_RETRIEVAL(), TransitionAfter: awscdk.Duration_Days(jsii.Number(0))}}
	}
	return &[]*awss3.LifecycleRule{rule}
}

// takes lets the archive have the lines of every group of a stack, but for its own and for slow statements: the
// database writes them with their values, which may be somebody's, and nobody's are kept for longer than the
// days of CloudWatch. The edge gives it none (newRefusals), for the like reason.
func (a *Archive) takes(stack awscdk.Stack) {
	for _, one := range *stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		group, ok := one.(awslogs.LogGroup)
		if !ok || *group.Node().Path() == *a.Errors.Node().Path() || *group.Node().Id() == databaseLog("slowquery") {
			continue
		}
		filter := awslogs.NewCfnSubscriptionFilter(group, jsii.String("Archived"), &awslogs.CfnSubscriptionFilterProps{
			LogGroupName: group.LogGroupName(), FilterPattern: jsii.String(""), DestinationArn: a.Stream.AttrArn(), RoleArn: a.Hands.RoleArn(),
		})
		filter.Node().AddDependency(a.Hands.Node().FindChild(jsii.String("DefaultPolicy"))) // CloudWatch Logs tries it at once
	}
}

// archiveLate is how old a line may be that is not in the archive yet: Firehose tries for a
// day, and then it is lost.
const archiveLate = 3600 // s

// newArchiveAlarm watches both steps: the age of what waits to be written, and that anything
// comes, which it does every minute: each task's metrics.
func newArchiveAlarm(s constructs.Construct, e environment.Environment, b *Base) {
	metric := func(id, name, stat string) any {
		return looked(id, "AWS/Firehose", name, stat, archiveLate, "DeliveryStreamName", b.Archive.Stream.Ref())
	}
	awscloudwatch.NewCfnAlarm(s, jsii.String("ArchiveLate"), &awscloudwatch.CfnAlarmProps{
		AlarmName:        jsii.String("Enishi-" + e.Name + "-ArchiveLate"),
		AlarmDescription: jsii.String("Logs do not reach the archive. ログがアーカイブに届いていません。 " + e.Told.Docs + "docs/runbooks/ArchiveLate.md"),
		Metrics: &[]any{
			judged("ArchiveLate", "IF(FILL(came, 0) > 0, FILL(age, 0), 86400)"), metric("came", "IncomingRecords", "Sum"), metric("age", "DeliveryToS3.DataFreshness", "Maximum"),
		},
		ComparisonOperator: jsii.String("GreaterThanThreshold"), Threshold: jsii.Number(archiveLate), EvaluationPeriods: jsii.Number(1), TreatMissingData: jsii.String("breaching"),
		AlarmActions: &[]any{b.Topics.Ticket.TopicArn()}, OkActions: &[]any{b.Topics.Ticket.TopicArn()},
	})
}
