package stacks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// The function that tells people of alarms (cmd/notify) is of the stack alarms: its image
// lies in a registry of the stack base, and a stack that reads the image's digest from the
// account can be deployed only after somebody has pushed one. The service's image has
// the same order: base, push, service, alarms.

// newWebhooks describes the secret with the addresses of Slack and Teams, which people put
// in. It begins as one that names neither.
func newWebhooks(s constructs.Construct, e environment.Environment, key awskms.Key) awssecretsmanager.Secret {
	secret := awssecretsmanager.NewSecret(s, jsii.String("Webhooks"), &awssecretsmanager.SecretProps{
		Description: jsii.String(`webhooks that are told of alarms: {"slack": "https://...", "teams": "https://..."}`), EncryptionKey: key, RemovalPolicy: stays(e),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{SecretStringTemplate: jsii.String("{}"), GenerateStringKey: jsii.String("unset")},
	})
	awscdk.NewCfnOutput(awscdk.Stack_Of(s), jsii.String("Webhooks"), &awscdk.CfnOutputProps{Value: secret.SecretArn(), Description: jsii.String("where the addresses of Slack and Teams are put in")})
	except(secret, "SMG4", "Slack and Teams make the addresses; a new one is put in by who made it there")
	return secret
}

// newNotifyRegistry describes where the function's images are; Lambda, which pulls them, asks
// as itself.
func newNotifyRegistry(s constructs.Construct, e environment.Environment, key awskms.Key) awsecr.Repository {
	registry := awsecr.NewRepository(s, jsii.String("Registry"), &awsecr.RepositoryProps{
		RepositoryName: jsii.String(notifyName(e)), ImageTagMutability: awsecr.TagMutability_IMMUTABLE, ImageScanOnPush: jsii.Bool(true),
		Encryption: awsecr.RepositoryEncryption_KMS(), EncryptionKey: key, RemovalPolicy: stays(e), EmptyOnDelete: jsii.Bool(!e.Real),
		LifecycleRules: &[]*awsecr.LifecycleRule{{MaxImageCount: jsii.Number(20), Description: jsii.String("the last twenty, to go back to")}},
	})
	registry.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil)},
		Actions:    jsii.Strings("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
		Conditions: &map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": arn(s, "lambda", "function:"+notifyName(e))}},
	}))
	return registry
}

func notifyName(e environment.Environment) string { return "enishi-" + e.Name + "-notify" }

// arn gives the name of something of this account and region by which AWS knows it.
func arn(scope constructs.Construct, service, resource string) *string {
	return awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{Service: jsii.String(service), Resource: jsii.String(resource), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME})
}

// What the function may take. Alarms come together when something large breaks: so many are
// told at once, the others after them.
const (
	notifyMemory  = 256 // MiB, with which Lambda gives a sixth of a processor
	notifySeconds = 60  // cmd/notify holds its own times below it
	notifyAtOnce  = 5
	notifyRetries = 2 // as many as Lambda knows
	untoldDays    = 14
	untoldEvery   = 15 * 60 // s, after which what was told to nobody is tried again; AWS wants six times notifySeconds at least
	untoldAtOnce  = 2       // as few as Lambda lets a queue have: what is new goes before what is late
)

// newNotify describes the function, whom it may ask, and what becomes of what it could not
// tell: that lies in a queue, from which it is tried again, and an alarm about it goes past the
// function, as mail of SNS. It gives that queue.
func newNotify(scope constructs.Construct, e environment.Environment, b *Base) awssqs.Queue {
	s := constructs.NewConstruct(scope, jsii.String("Notify"))
	untold := newUntold(s, e, b)
	log := awslogs.NewLogGroup(s, jsii.String("Log"), &awslogs.LogGroupProps{
		LogGroupName: jsii.String("/aws/lambda/" + notifyName(e)), Retention: retention(e.LogDays), EncryptionKey: b.Keys.Logs, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	role := notifyRole(s, e, b, untold, log)
	function := awslambda.NewCfnFunction(s, jsii.String("Function"), &awslambda.CfnFunctionProps{
		FunctionName: jsii.String(notifyName(e)), Description: jsii.String("tells people of alarms, in Slack, in Teams and by mail"),
		PackageType: jsii.String("Image"), Code: &awslambda.CfnFunction_CodeProperty{ImageUri: kept(s, e, "notify/image")}, Architectures: jsii.Strings("arm64"),
		Role: role.RoleArn(), MemorySize: jsii.Number(notifyMemory), Timeout: jsii.Number(notifySeconds), ReservedConcurrentExecutions: jsii.Number(notifyAtOnce),
		DeadLetterConfig: &awslambda.CfnFunction_DeadLetterConfigProperty{TargetArn: untold.QueueArn()},
		LoggingConfig: &awslambda.CfnFunction_LoggingConfigProperty{
			LogGroup: log.LogGroupName(), LogFormat: jsii.String("JSON"), ApplicationLogLevel: jsii.String("INFO"), SystemLogLevel: jsii.String("WARN"),
		},
		Environment: &awslambda.CfnFunction_EnvironmentProperty{Variables: map[string]*string{
			"ENVIRONMENT": jsii.String(e.Name), "LANGUAGE": jsii.String(e.Told.Language), "DOCS": jsii.String(e.Told.Docs), "WEBHOOKS": b.Topics.Webhooks.SecretArn(),
			"MAIL_FROM": jsii.String("Enishi <" + e.Told.From + ">"), "MAIL_TO": jsii.String(strings.Join(e.Told.To, ",")),
		}},
	})
	function.Node().AddDependency(role.Node().FindChild(jsii.String("DefaultPolicy"))) // the first message may come at once
	awslambda.NewCfnEventInvokeConfig(s, jsii.String("Retries"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName: function.Ref(), Qualifier: jsii.String("$LATEST"), MaximumRetryAttempts: jsii.Number(notifyRetries),
	})
	again(s, untold, function)
	mayEdge(s, e, function)
	for _, heard := range []struct {
		name  string
		topic awssns.Topic
	}{{"Page", b.Topics.Page}, {"Ticket", b.Topics.Ticket}} {
		name, topic := heard.name, heard.topic
		may := awslambda.NewCfnPermission(s, jsii.String("May"+name), &awslambda.CfnPermissionProps{
			FunctionName: function.AttrArn(), Action: jsii.String("lambda:InvokeFunction"), Principal: jsii.String("sns.amazonaws.com"), SourceArn: topic.TopicArn(),
		})
		awssns.NewCfnSubscription(s, jsii.String("Hears"+name), &awssns.CfnSubscriptionProps{
			TopicArn: topic.TopicArn(), Protocol: jsii.String("lambda"), Endpoint: function.AttrArn(),
			RedrivePolicy: map[string]any{"deadLetterTargetArn": untold.QueueArn()},
		}).AddDependency(may)
	}
	return untold
}

// again starts the function with each message that lies in the queue. One that fails is not seen
// until untoldEvery has passed, and then comes again, as long as the queue keeps it; one that is
// told is deleted by Lambda. One at a time, so that none is told twice since another failed.
func again(s constructs.Construct, untold awssqs.Queue, function awslambda.CfnFunction) {
	awslambda.NewCfnEventSourceMapping(s, jsii.String("Again"), &awslambda.CfnEventSourceMappingProps{
		FunctionName: function.AttrArn(), EventSourceArn: untold.QueueArn(), BatchSize: jsii.Number(1),
		ScalingConfig: &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(untoldAtOnce)},
	})
}

// mayEdge lets the topic of the edge start the function: it lies in another region, by a name
// of its own (NewEdge), and SNS hands over across regions.
func mayEdge(s constructs.Construct, e environment.Environment, function awslambda.CfnFunction) {
	awslambda.NewCfnPermission(s, jsii.String("MayEdge"), &awslambda.CfnPermissionProps{
		FunctionName: function.AttrArn(), Action: jsii.String("lambda:InvokeFunction"), Principal: jsii.String("sns.amazonaws.com"), SourceArn: edgeTopic(s, e),
	})
}

// newUntold describes the queue of what was told to nobody, and the alarm about it. A message
// waits also while it is not seen between two tries, and AWS leaves one that was tried often out of
// the age of the oldest: so the alarm counts both kinds. Numbers are approximate, and one minute
// without any does not end it.
func newUntold(s constructs.Construct, e environment.Environment, b *Base) awssqs.Queue {
	queue := awssqs.NewQueue(s, jsii.String("Untold"), &awssqs.QueueProps{
		QueueName: jsii.String("enishi-" + e.Name + "-untold"), Encryption: awssqs.QueueEncryption_KMS, EncryptionMasterKey: b.Topics.Key,
		EnforceSSL: jsii.Bool(true), RetentionPeriod: awscdk.Duration_Days(jsii.Number(untoldDays)), RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(untoldEvery)),
	})
	queue.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("sns.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sqs:SendMessage"), Resources: &[]*string{queue.QueueArn()},
		Conditions: &map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": []*string{b.Topics.Page.TopicArn(), b.Topics.Ticket.TopicArn()}}},
	}))
	topic := mailed(s, "Past", "PastTo", e, &awssns.TopicProps{MasterKey: b.Topics.Key})
	waiting := func(id, name string) any {
		return looked(id, "AWS/SQS", name, "Maximum", 60, "QueueName", queue.QueueName())
	}
	awscloudwatch.NewCfnAlarm(s, jsii.String("UntoldAlarm"), &awscloudwatch.CfnAlarmProps{
		AlarmName:        jsii.String("Enishi-" + e.Name + "-Untold"),
		AlarmDescription: jsii.String("An alarm was told to nobody: no channel took it. アラームの通知が、どの宛先にも送れませんでした。 " + e.Told.Docs + "docs/runbooks/Untold.md"),
		Metrics: &[]any{
			judged("Untold", "SUM([seen, held])"), waiting("seen", "ApproximateNumberOfMessagesVisible"), waiting("held", "ApproximateNumberOfMessagesNotVisible"),
		},
		EvaluationPeriods: jsii.Number(5), DatapointsToAlarm: jsii.Number(1),
		ComparisonOperator: jsii.String("GreaterThanThreshold"), Threshold: jsii.Number(0), TreatMissingData: jsii.String("notBreaching"),
		AlarmActions: &[]any{topic.TopicArn()}, OkActions: &[]any{topic.TopicArn()},
	})
	return queue
}

// notifyRole allows the function what it does, by its own policy alone: what grants would add to
// keys and secrets makes the stack that holds them depend on this one.
func notifyRole(s constructs.Construct, e environment.Environment, b *Base, untold awssqs.Queue, log awslogs.LogGroup) awsiam.Role {
	role := awsiam.NewRole(s, jsii.String("Role"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil)})
	alarms := arn(s, "cloudwatch", "alarm:Enishi-"+e.Name+"-*")
	for _, may := range []awsiam.PolicyStatement{
		allow(log.LogGroupArn(), "logs:CreateLogStream", "logs:PutLogEvents"),
		allow(b.Topics.Webhooks.SecretArn(), "secretsmanager:GetSecretValue"),
		allow(b.Topics.Key.KeyArn(), "kms:Decrypt", "kms:GenerateDataKey"), // of the secret, and of the queue
		allow(untold.QueueArn(), "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
		allow(alarms, "cloudwatch:DescribeAlarms"),
		awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions: jsii.Strings("ses:SendEmail"), Resources: &[]*string{arn(s, "ses", "identity/"+e.Domain)},
			Conditions: &map[string]any{"StringEquals": map[string]any{"ses:FromAddress": e.Told.From}},
		}),
	} {
		role.AddToPolicy(may)
	}
	exceptWide(role, alarms, "the figures of every alarm of this environment are asked for")
	return role
}
