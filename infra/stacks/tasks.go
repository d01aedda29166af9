package stacks

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
	"enishi/infra/program"
)

// tasks makes the task definitions of a stack, which differ in what they run and how much they
// may take.
type tasks struct {
	scope   constructs.Construct
	base    *Base
	e       environment.Environment
	program program.Program
	image   *string
	may     awsiam.Role // what the program itself does on AWS
	starts  awsiam.Role // what ECS does to start it
}

func newTasks(scope constructs.Construct, name string, e environment.Environment, b *Base, p program.Program, image *string) *tasks {
	s := constructs.NewConstruct(scope, jsii.String(name))
	role := func(name string) awsiam.Role {
		return awsiam.NewRole(s, jsii.String(name), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("ecs-tasks.amazonaws.com"), nil)})
	}
	t := &tasks{scope: s, base: b, e: e, program: p, image: image, may: role("May"), starts: role("Starts")}
	// By policies of the roles alone: what grants would add to keys and buckets makes the
	// stack that holds them depend on this one.
	key := b.Keys.Data.KeyArn()
	_, files := t.files()
	for _, may := range files {
		t.may.AddToPolicy(may)
	}
	for _, of := range []struct {
		role    awsiam.Role
		on      *string
		actions []string
	}{
		{t.starts, b.Data.Cluster.AttrMasterUserSecretSecretArn(), []string{"secretsmanager:GetSecretValue"}},
		{t.may, b.Data.Cluster.AttrMasterUserSecretSecretArn(), []string{"secretsmanager:GetSecretValue"}},
		{t.may, key, []string{"kms:Decrypt", "kms:GenerateDataKey"}},
		{t.starts, b.Data.Secret.SecretArn(), []string{"secretsmanager:GetSecretValue"}},
		{t.starts, b.Data.CacheKey.SecretArn(), []string{"secretsmanager:GetSecretValue"}},
		{t.starts, b.Data.Mail.SecretArn(), []string{"secretsmanager:GetSecretValue"}},
		{t.starts, key, []string{"kms:Decrypt"}},
		{t.starts, b.Data.Registry.RepositoryArn(), []string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"}},
		{t.starts, jsii.String("*"), []string{"ecr:GetAuthorizationToken"}}, // which knows no resource
	} {
		of.role.AddToPolicy(allow(of.on, of.actions...))
	}
	if e.LogServer != "" {
		t.may.AddToPolicy(allow(b.Data.Records.ArnForObjects(jsii.String(logConfig)), "s3:GetObject"))
		t.may.AddToPolicy(allow(b.Data.Records.BucketArn(), "s3:GetBucketLocation"))
	}
	if b.Data.Mount == nil {
		exceptWide(t.may, t.everyFile(), "every file of this environment's own bucket is the program's")
	}
	exceptWide(t.starts, jsii.String("*"), "a token for the registry is of no resource")
	return t
}

func allow(resource *string, actions ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...), Resources: &[]*string{resource}})
}

// define makes the definition of one task, which is given more secrets than all are.
func (t *tasks) define(task program.Task, power environment.Power, more ...any) awsecs.CfnTaskDefinition {
	log := awslogs.NewLogGroup(t.scope, jsii.String("Log"+title(task.Name)), &awslogs.LogGroupProps{
		Retention: retention(t.e.LogDays), EncryptionKey: t.base.Keys.Logs, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	t.starts.AddToPolicy(allow(log.LogGroupArn(), "logs:CreateLogStream", "logs:PutLogEvents"))
	platforms := jsii.Strings("FARGATE", "EC2")
	volumes, at := t.volumes()
	definition := awsecs.NewCfnTaskDefinition(t.scope, jsii.String(title(task.Name)), &awsecs.CfnTaskDefinitionProps{
		Family: jsii.String("enishi-" + t.e.Name + "-" + task.Name), NetworkMode: jsii.String("awsvpc"), RequiresCompatibilities: platforms,
		Cpu: jsii.String(strconv.Itoa(power.CPU)), Memory: jsii.String(strconv.Itoa(max(power.Memory, task.MemoryMiB))),
		TaskRoleArn: t.may.RoleArn(), ExecutionRoleArn: t.starts.RoleArn(),
		RuntimePlatform: &awsecs.CfnTaskDefinition_RuntimePlatformProperty{CpuArchitecture: jsii.String("ARM64"), OperatingSystemFamily: jsii.String("LINUX")},
		Volumes:         volumes,
		ContainerDefinitions: t.withLogRouter(log, &awsecs.CfnTaskDefinition_ContainerDefinitionProperty{
			Name: jsii.String("enishi"), Image: t.image, Essential: jsii.Bool(true), Command: jsii.Strings(task.Args...),
			ReadonlyRootFilesystem: jsii.Bool(true), StopTimeout: jsii.Number(task.StopSeconds), VersionConsistency: jsii.String("enabled"),
			PortMappings: &[]any{&awsecs.CfnTaskDefinition_PortMappingProperty{ContainerPort: jsii.Number(t.program.Port), Protocol: jsii.String("tcp")}},
			Environment:  t.environment(task), Secrets: pointerTo(append(*t.secrets(), more...)),
			MountPoints:      at,
			HealthCheck:      t.health(task),
			LogConfiguration: t.logs(task.Name, log),
			LinuxParameters:  &awsecs.CfnTaskDefinition_LinuxParametersProperty{Capabilities: &awsecs.CfnTaskDefinition_KernelCapabilitiesProperty{Drop: jsii.Strings("ALL")}},
		}),
	})
	except(definition, "ECS2", "where things are is no secret; secrets come from Secrets Manager")
	return definition
}

// health asks the program itself; what ends is asked nothing.
func (t *tasks) health(task program.Task) *awsecs.CfnTaskDefinition_HealthCheckProperty {
	if task.Ends() || slices.Contains([]string{"once", "accept"}, task.Name) {
		return nil
	}
	return &awsecs.CfnTaskDefinition_HealthCheckProperty{
		Command: jsii.Strings(append([]string{"CMD"}, t.program.Health...)...), Interval: jsii.Number(healthEvery), Timeout: jsii.Number(healthWait), Retries: jsii.Number(3), StartPeriod: jsii.Number(60),
	}
}

// environment gives the settings that the installation decides.
func (t *tasks) environment(task program.Task) *[]any {
	d := t.base.Data
	files, _ := t.files()
	var out []any
	for _, v := range []struct {
		name  string
		value *string
	}{
		{"ENISHI_ENVIRONMENT", jsii.String(t.e.Name)}, // also a dimension of what alarms ask for
		{"ENISHI_DATA_KIND", jsii.String(kind(t.e))},  // a dump of people's data is refused where only demo data may be
		{"ENISHI_DATABASE_URL", join("mysql://enishi@", d.Cluster.AttrEndpointAddress(), ":3306/enishi?tls=true")},
		{"ENISHI_DATABASE_READER_URL", join("mysql://enishi@", d.Cluster.AttrReadEndpointAddress(), ":3306/enishi?tls=true")},
		{"ENISHI_DATABASE_SECRET_ARN", d.Cluster.AttrMasterUserSecretSecretArn()}, // RDS changes what is in it
		{"ENISHI_FILES_URL", files},
		{"ENISHI_REDIS_URL", join("rediss://", d.Cache.AttrPrimaryEndPointAddress(), ":6379/0")},
		{"ENISHI_PUBLIC_URL", jsii.String("https://" + t.e.Domain)},
		{"ENISHI_PROXIES", jsii.String("2")}, // CloudFront and the load balancer
		{"ENISHI_ADDR", jsii.String(fmt.Sprintf(":%d", t.program.Port))},
		{"ENISHI_LOG_FORMAT", jsii.String("json")},
		{"ENISHI_CLOUDWATCH", jsii.String("on")},
		{"ENISHI_MAIL_FROM", jsii.String("Enishi <no-reply@" + t.e.Domain + ">")},
	} {
		out = append(out, &awsecs.CfnTaskDefinition_KeyValuePairProperty{Name: jsii.String(v.name), Value: v.value})
	}
	if slices.ContainsFunc(t.program.Jobs, func(j program.Task) bool { return j.Name == task.Name }) { // its schedule runs it, and can be asked nothing
		out = append(out, &awsecs.CfnTaskDefinition_KeyValuePairProperty{Name: jsii.String("ENISHI_SCHEDULED"), Value: jsii.String("true")})
	}
	return &out
}

func (t *tasks) secrets() *[]any {
	return &[]any{
		&awsecs.CfnTaskDefinition_SecretProperty{Name: jsii.String("ENISHI_SECRET"), ValueFrom: t.base.Data.Secret.SecretArn()},
		&awsecs.CfnTaskDefinition_SecretProperty{Name: jsii.String("ENISHI_DATABASE_PASSWORD"), ValueFrom: join("", t.base.Data.Cluster.AttrMasterUserSecretSecretArn(), ":password::")},
		&awsecs.CfnTaskDefinition_SecretProperty{Name: jsii.String("ENISHI_MAIL_URL"), ValueFrom: t.base.Data.Mail.SecretArn()},
		&awsecs.CfnTaskDefinition_SecretProperty{Name: jsii.String("ENISHI_REDIS_PASSWORD"), ValueFrom: t.base.Data.CacheKey.SecretArn()},
	}
}

// once are the tasks that a deployment, or an operator, runs one by one: the program, and
// whatever it is told to do; and the one that accepts a version as an operator.
func (t *tasks) once(power environment.Power) {
	t.readsBeside()
	t.define(program.Task{Name: "once", Args: []string{"version"}, StopSeconds: onceStops}, power)
	secret := func(name, field string) any {
		return &awsecs.CfnTaskDefinition_SecretProperty{Name: jsii.String(name), ValueFrom: join("", t.base.Data.Operator.SecretArn(), ":"+field+"::")}
	}
	t.starts.AddToPolicy(allow(t.base.Data.Operator.SecretArn(), "secretsmanager:GetSecretValue"))
	t.define(program.Task{Name: "accept", Args: []string{"version"}, StopSeconds: onceStops}, power,
		secret("ENISHI_VERIFY_EMAIL", "email"), secret("ENISHI_VERIFY_PASSWORD", "password"), secret("ENISHI_USER_PASSWORD", "password"))
}

// readsBeside lets tasks read the password of the cluster that a restore makes beside the database (enishi env restore), and
// no other's: RDS makes it, under a name that nobody knows before, and says by a tag whose it is.
func (t *tasks) readsBeside() {
	stack := awscdk.Stack_Of(t.scope)
	arn := func(service, resource, name string) *string {
		return stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String(service), Resource: jsii.String(resource), ResourceName: jsii.String(name), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME})
	}
	secrets := arn("secretsmanager", "secret", "rds!cluster-*")
	t.may.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings("secretsmanager:GetSecretValue"), Resources: &[]*string{secrets},
		Conditions: &map[string]any{"StringEquals": map[string]any{"secretsmanager:ResourceTag/aws:rds:primaryDBClusterArn": arn("rds", "cluster", "enishi-"+t.e.Name+"-restored")}},
	}))
	exceptWide(t.may, secrets, "RDS makes the name; a tag that RDS sets holds it to the one cluster that a restore makes")
}

// OfCommands are what tasks are told that is no setting: commands read it.
func OfCommands() []string {
	return []string{"ENISHI_VERIFY_EMAIL", "ENISHI_VERIFY_PASSWORD", "ENISHI_USER_PASSWORD", "ENISHI_SCHEDULED"}
}

// onceStops is how long a task that is told to stop may take to take back what it has begun.
const onceStops = 60 // s

func pointerTo[T any](v T) *T { return &v }

// Unsaid are the settings that every installation on AWS leaves at their default.
func Unsaid() []string {
	return []string{
		"ENISHI_DEMO", "ENISHI_DATA", "ENISHI_ROLES", // the image's, or the role's command
		"ENISHI_DEPLOYMENT",                                       // enishi deploy adds it
		"ENISHI_MATCHING_MODE", "ENISHI_PERMIT", "ENISHI_CONTACT", // operators set them on their pages
		"ENISHI_RATE_LIMITS", "ENISHI_CONCURRENCY", "ENISHI_DATABASE_CONNECTIONS", "ENISHI_LOG_LEVEL",
		"ENISHI_TRACES_URL", "ENISHI_TRACES_RATIO", // nothing collects traces
	}
}
