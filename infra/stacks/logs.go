package stacks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// logRouterImage is Amazon's own build of Fluent Bit, which takes a part of its
// configuration from a bucket.
const logRouterImage = "public.ecr.aws/aws-observability/aws-for-fluent-bit:init-2.32.5"

// logConfig is where in the bucket of records that part is: deploy/fluent-bit/log-server.conf.
const logConfig = "fluent-bit/log-server.conf"

// logs says where a task's lines go: to CloudWatch, from where the archive takes them; with a
// log server of one's own by a router beside the task, which sends them to both.
func (t *tasks) logs(task string, group awslogs.LogGroup) *awsecs.CfnTaskDefinition_LogConfigurationProperty {
	if t.e.LogServer == "" {
		return t.direct(task, group)
	}
	return &awsecs.CfnTaskDefinition_LogConfigurationProperty{LogDriver: jsii.String("awsfirelens"), Options: map[string]*string{
		"Name": jsii.String("cloudwatch_logs"), "region": jsii.String(t.e.Region), "log_group_name": group.LogGroupName(),
		"log_stream_prefix": jsii.String(task + "/"), "log_key": jsii.String("log"), "log_format": jsii.String("json/emf"), "auto_create_group": jsii.String("false"),
		"log-driver-buffer-limit": jsii.String("26214400"), // bytes: a router that hangs must not hang the service
	}}
}

func (t *tasks) direct(prefix string, group awslogs.LogGroup) *awsecs.CfnTaskDefinition_LogConfigurationProperty {
	return &awsecs.CfnTaskDefinition_LogConfigurationProperty{LogDriver: jsii.String("awslogs"), Options: map[string]*string{
		"awslogs-group": group.LogGroupName(), "awslogs-region": jsii.String(t.e.Region), "awslogs-stream-prefix": jsii.String(prefix),
		"mode": jsii.String("non-blocking"), "max-buffer-size": jsii.String("25m"), // a log that hangs must not hang the service
	}}
}

// withLogRouter gives the containers of a task: the program's, and the router where there is
// a log server.
func (t *tasks) withLogRouter(group awslogs.LogGroup, program *awsecs.CfnTaskDefinition_ContainerDefinitionProperty) *[]any {
	if t.e.LogServer == "" {
		return &[]any{program}
	}
	return &[]any{program, t.logRouter(group)}
}

// logRouter is the container that sends lines on. ECS tells it where to CloudWatch, of what
// logs says; the bucket tells it of the log server.
func (t *tasks) logRouter(group awslogs.LogGroup) *awsecs.CfnTaskDefinition_ContainerDefinitionProperty {
	host, port, _ := strings.Cut(t.e.LogServer, ":")
	variable := func(name string, value *string) any {
		return &awsecs.CfnTaskDefinition_KeyValuePairProperty{Name: jsii.String(name), Value: value}
	}
	t.may.AddToPolicy(allow(group.LogGroupArn(), "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"))
	return &awsecs.CfnTaskDefinition_ContainerDefinitionProperty{
		Name: jsii.String("log-router"), Image: jsii.String(logRouterImage), Essential: jsii.Bool(true), User: jsii.String("0"), MemoryReservation: jsii.Number(64),
		FirelensConfiguration: &awsecs.CfnTaskDefinition_FirelensConfigurationProperty{Type: jsii.String("fluentbit"), Options: map[string]*string{"enable-ecs-log-metadata": jsii.String("true")}},
		Environment: &[]any{
			variable("aws_fluent_bit_init_s3_1", t.base.Data.Records.ArnForObjects(jsii.String(logConfig))),
			variable("LOG_SERVER_HOST", jsii.String(host)), variable("LOG_SERVER_PORT", jsii.String(port)),
		},
		LogConfiguration: t.direct("log-router", group),
	}
}
