package stacks

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
	"enishi/infra/program"
	"enishi/infra/scaling"
)

// Service is the stack of what is deployed: the load balancer, the services and the scheduled
// jobs.
type Service struct {
	Stack    awscdk.Stack
	Balancer *Balancer
	Cluster  awsecs.CfnCluster
}

// kept gives the value of a parameter of the account that operators and deployments
// change: the template reads it when it is deployed, and so keeps what they chose.
func kept(scope constructs.Construct, e environment.Environment, name string) *string {
	return awsssm.StringParameter_ValueForStringParameter(scope, jsii.String("/enishi/"+e.Name+"/"+name), nil)
}

// NewService describes it.
func NewService(app awscdk.App, e environment.Environment, b *Base, c *Cluster, p program.Program) (*Service, error) {
	for _, spike := range e.Spikes {
		if _, _, err := spike.Times(); err != nil {
			return nil, err
		}
		if spike.Least > e.Web.Most {
			return nil, fmt.Errorf("environment: the spike %q asks for %d tasks; there may be %d at most (Web)", spike.Name, spike.Least, e.Web.Most)
		}
	}
	s := &Service{Stack: newStack(app, "service", e), Cluster: c.ECS}
	s.Balancer = newBalancer(s.Stack, e, b)
	tasks := newTasks(s.Stack, "Tasks", e, b, p, kept(s.Stack, e, "image"))
	web, err := p.Role("web")
	if err != nil {
		return nil, err
	}
	worker, err := p.Role("worker")
	if err != nil {
		return nil, err
	}
	running := []awsecs.CfnService{s.web(e, b, tasks.define(web, e.WebPower)), s.worker(e, b, tasks.define(worker, e.WorkerPower))}
	s.jobs(e, b, p, tasks)
	newDeployer(s.Stack, e, b, c, tasks)
	b.Archive.takes(s.Stack)
	for _, service := range running { // its first tasks are refused their secrets otherwise
		for _, role := range []awsiam.Role{tasks.starts, tasks.may} {
			service.Node().AddDependency(role)
		}
	}
	return s, nil
}

// inside says where tasks stand.
func inside(b *Base, door awsec2.SecurityGroup) *awsecs.CfnService_NetworkConfigurationProperty {
	subnets := b.Network.VPC.SelectSubnets(&awsec2.SubnetSelection{SubnetGroupName: jsii.String("app")})
	return &awsecs.CfnService_NetworkConfigurationProperty{AwsvpcConfiguration: &awsecs.CfnService_AwsVpcConfigurationProperty{
		Subnets: subnets.SubnetIds, SecurityGroups: &[]*string{door.SecurityGroupId()}, AssignPublicIp: jsii.String("DISABLED"),
	}}
}

// canaryShare is how much of the traffic goes to the next version first, in percent.
const canaryShare = 10

// web is deployed by ECS itself: the next version beside this one, a tenth of the traffic,
// all of it; enishi deploy takes it back while both are there. How many tasks there are
// is not said here, so that a change of the template leaves what scaling has chosen.
func (s *Service) web(e environment.Environment, b *Base, task awsecs.CfnTaskDefinition) awsecs.CfnService {
	service := awsecs.NewCfnService(s.Stack, jsii.String("WebService"), &awsecs.CfnServiceProps{
		ServiceName: jsii.String("web"), Cluster: s.Cluster.Ref(), TaskDefinition: task.Ref(),
		CapacityProviderStrategy: on(e, false), NetworkConfiguration: inside(b, b.Network.Doors.Web), AvailabilityZoneRebalancing: jsii.String("ENABLED"),
		HealthCheckGracePeriodSeconds: jsii.Number(60), PropagateTags: jsii.String("SERVICE"), EnableEcsManagedTags: jsii.Bool(true), EnableExecuteCommand: jsii.Bool(false),
		LoadBalancers: &[]any{&awsecs.CfnService_LoadBalancerProperty{
			ContainerName: jsii.String("enishi"), ContainerPort: jsii.Number(servicePort), TargetGroupArn: s.Balancer.Groups[0].Ref(),
			AdvancedConfiguration: &awsecs.CfnService_AdvancedConfigurationProperty{
				AlternateTargetGroupArn: s.Balancer.Groups[1].Ref(), ProductionListenerRule: s.Balancer.Production.Ref(), TestListenerRule: s.Balancer.Test.Ref(), RoleArn: s.Balancer.Shifter.RoleArn(),
			},
		}},
		DeploymentConfiguration: &awsecs.CfnService_DeploymentConfigurationProperty{
			Strategy: jsii.String("CANARY"), BakeTimeInMinutes: jsii.Number(e.Bake.Minutes()), MinimumHealthyPercent: jsii.Number(100), MaximumPercent: jsii.Number(200),
			CanaryConfiguration:      &awsecs.CfnService_CanaryConfigurationProperty{CanaryPercent: jsii.Number(canaryShare), CanaryBakeTimeInMinutes: jsii.Number(e.Canary.Minutes())},
			DeploymentCircuitBreaker: &awsecs.CfnService_DeploymentCircuitBreakerProperty{Enable: jsii.Bool(true), Rollback: jsii.Bool(true)},
		},
	})
	s.scales(e, "web", service, scaling.Web(e.WebPower.CPU), e.Spikes)
	return service
}

func (s *Service) worker(e environment.Environment, b *Base, task awsecs.CfnTaskDefinition) awsecs.CfnService {
	service := awsecs.NewCfnService(s.Stack, jsii.String("WorkerService"), &awsecs.CfnServiceProps{
		ServiceName: jsii.String("worker"), Cluster: s.Cluster.Ref(), TaskDefinition: task.Ref(),
		CapacityProviderStrategy: on(e, true), NetworkConfiguration: inside(b, b.Network.Doors.Worker), AvailabilityZoneRebalancing: jsii.String("ENABLED"),
		PropagateTags: jsii.String("SERVICE"), EnableEcsManagedTags: jsii.Bool(true), EnableExecuteCommand: jsii.Bool(false),
		DeploymentConfiguration: &awsecs.CfnService_DeploymentConfigurationProperty{
			Strategy: jsii.String("ROLLING"), MinimumHealthyPercent: jsii.Number(100), MaximumPercent: jsii.Number(200),
			DeploymentCircuitBreaker: &awsecs.CfnService_DeploymentCircuitBreakerProperty{Enable: jsii.Bool(true), Rollback: jsii.Bool(true)},
		},
	})
	s.scales(e, "worker", service, scaling.Worker(), nil)
	return service
}

// jobs run each as a task of its own, when it is time for it in Tokyo.
func (s *Service) jobs(e environment.Environment, b *Base, p program.Program, t *tasks) {
	role := awsiam.NewRole(s.Stack, jsii.String("Clock"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("scheduler.amazonaws.com"), nil)})
	role.AddToPolicy(allow(t.may.RoleArn(), "iam:PassRole"))
	role.AddToPolicy(allow(t.starts.RoleArn(), "iam:PassRole"))
	subnets := b.Network.VPC.SelectSubnets(&awsec2.SubnetSelection{SubnetGroupName: jsii.String("app")})
	for _, job := range p.Jobs {
		task := t.define(job, environment.Power{CPU: 512, Memory: 1024})
		revisions := join("", s.family(e, job.Name), ":*")
		role.AddToPolicy(allow(revisions, "ecs:RunTask"))
		exceptWide(role, revisions, "every revision of this environment's own job: a deployment registers the next")
		role.AddToPolicy(allow(s.family(e, job.Name), "ecs:RunTask"))
		clock := awsscheduler.NewCfnSchedule(s.Stack, jsii.String("Schedule"+title(job.Name)), &awsscheduler.CfnScheduleProps{
			Name: jsii.String("enishi-" + e.Name + "-" + job.Name), Description: jsii.String(job.What),
			ScheduleExpression: jsii.String(schedule(job)), ScheduleExpressionTimezone: jsii.String("Asia/Tokyo"),
			FlexibleTimeWindow: &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")},
			Target: &awsscheduler.CfnSchedule_TargetProperty{
				Arn: s.Cluster.AttrArn(), RoleArn: role.RoleArn(),
				RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{MaximumRetryAttempts: jsii.Number(3), MaximumEventAgeInSeconds: jsii.Number(600)},
				EcsParameters: &awsscheduler.CfnSchedule_EcsParametersProperty{
					// Without its revision: what a deployment registers runs next time.
					TaskDefinitionArn: s.family(e, job.Name), LaunchType: jsii.String("FARGATE"), TaskCount: jsii.Number(1), PropagateTags: jsii.String("TASK_DEFINITION"),
					NetworkConfiguration: &awsscheduler.CfnSchedule_NetworkConfigurationProperty{AwsvpcConfiguration: &awsscheduler.CfnSchedule_AwsVpcConfigurationProperty{
						Subnets: subnets.SubnetIds, SecurityGroups: &[]*string{b.Network.Doors.Job.SecurityGroupId()}, AssignPublicIp: jsii.String("DISABLED"),
					}},
				},
			},
		})
		clock.AddDependency(task)
	}
}

// family gives the ARN of a task's definitions, whichever is the newest.
func (s *Service) family(e environment.Environment, task string) *string {
	return s.Stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("ecs"), Resource: jsii.String("task-definition"), ResourceName: jsii.String("enishi-" + e.Name + "-" + task)})
}

// schedule writes when a job runs as EventBridge Scheduler does.
func schedule(job program.Task) string {
	if job.Every > 0 {
		return fmt.Sprintf("rate(%d minutes)", job.Every)
	}
	hour, minute, _ := strings.Cut(job.At, ":")
	return fmt.Sprintf("cron(%s %s * * ? *)", strings.TrimPrefix(minute, "0"), strings.TrimPrefix(hour, "0"))
}
