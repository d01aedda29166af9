package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
	"enishi/infra/program"
)

// Cluster is the stack of where tasks run, and of the tasks that run once. It comes before the
// services: what an environment is to begin with, such as the rows of another installation, is
// brought by a task, while nobody serves it.
type Cluster struct {
	Stack awscdk.Stack
	ECS   awsecs.CfnCluster
	once  *tasks
}

// NewCluster describes it.
func NewCluster(app awscdk.App, e environment.Environment, b *Base, p program.Program) *Cluster {
	c := &Cluster{Stack: newStack(app, "cluster", e)}
	c.ECS = newECS(c.Stack, e, b)
	c.once = newTasks(c.Stack, "Work", e, b, p, kept(c.Stack, e, "image"))
	c.once.once(environment.Power{CPU: 1024, Memory: 2048})
	c.say(e, b)
	b.Archive.takes(c.Stack)
	return c
}

// say keeps in the account where tasks that run once stand: whoever runs one asks there.
func (c *Cluster) say(e environment.Environment, b *Base) {
	subnets := b.Network.VPC.SelectSubnets(&awsec2.SubnetSelection{SubnetGroupName: jsii.String("app")})
	at := awsssm.NewCfnParameter(c.Stack, jsii.String("SaysTasks"), &awsssm.CfnParameterProps{
		Name: jsii.String("/enishi/" + e.Name + "/tasks"), Type: jsii.String("String"), Value: awscdk.Fn_Join(jsii.String(""), &[]*string{
			jsii.String(`{"subnets":["`), awscdk.Fn_Join(jsii.String(`","`), subnets.SubnetIds), jsii.String(`"],"door":"`), b.Network.Doors.Job.SecurityGroupId(), jsii.String(`"}`),
		}),
	})
	at.AddDependency(c.ECS)
}
