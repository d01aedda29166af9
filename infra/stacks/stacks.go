// Package stacks describes an installation on AWS as the stacks of CloudFormation: base,
// which holds what is kept, cluster, where tasks run, service, which is deployed often, alarms,
// which are watched, and edge, through which the world asks.
//
// It talks to nobody; it needs Node, in which the library runs. One goroutine at a time.
package stacks

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
	"enishi/infra/program"
)

// NewApp gives an app that writes its templates into a folder.
func NewApp(dir string) awscdk.App {
	return awscdk.NewApp(&awscdk.AppProps{
		Outdir: jsii.String(dir), AnalyticsReporting: jsii.Bool(false),
		Context: &map[string]any{"@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": true},
	})
}

// Base is the stack of network, keys and data.
type Base struct {
	Stack   awscdk.Stack
	Network *Network
	Keys    *Keys
	Data    *Data
	Topics  *Topics
	Archive *Archive
	Backup  *Backup
}

// NewBase describes it.
func NewBase(app awscdk.App, e environment.Environment) *Base {
	b := &Base{Stack: newStack(app, "base", e)}
	b.Keys = newKeys(b.Stack, e)
	b.Topics = newTopics(b.Stack, e)
	newBudget(b.Stack, e, b.Topics)
	b.Network = newNetwork(b.Stack, e, b.Keys)
	b.Data = newData(b.Stack, e, b.Network, b.Keys)
	b.Backup = newBackup(b.Stack, e, b)
	b.Archive = newArchive(b.Stack, e, b.Data, b.Keys)
	b.Archive.takes(b.Stack)
	return b
}

// Describe describes every stack of an environment; root is the folder of this module.
func Describe(app awscdk.App, e environment.Environment, root string) error {
	p, err := program.Read()
	if err != nil {
		return err
	}
	base := NewBase(app, e)
	service, err := NewService(app, e, base, NewCluster(app, e, base, p), p)
	if err != nil {
		return err
	}
	if _, err := NewAlarms(app, e, root, base, service); err != nil {
		return err
	}
	NewEdge(app, e, p)
	return nil
}

func newStack(app awscdk.App, name string, e environment.Environment) awscdk.Stack {
	return newStackIn(app, name, e, e.Region)
}

func newStackIn(app awscdk.App, name string, e environment.Environment, region string) awscdk.Stack {
	where := &awscdk.Environment{Region: jsii.String(region)}
	if e.Account != "" {
		where.Account = jsii.String(e.Account)
	}
	s := awscdk.NewStack(app, jsii.String("enishi-"+e.Name+"-"+name), &awscdk.StackProps{
		Env: where, TerminationProtection: jsii.Bool(e.Real), Description: jsii.String("Enishi " + e.Name + ": " + name),
		Synthesizer: awscdk.NewBootstraplessSynthesizer(nil), // a template alone: nothing has to be in the account beforehand
	})
	awscdk.Tags_Of(s).Add(jsii.String("project"), jsii.String("enishi"), nil)
	awscdk.Tags_Of(s).Add(jsii.String("environment"), jsii.String(e.Name), nil)
	return s
}

// stays says what becomes of something that is taken out of a stack: where people's
// data is, nothing. But what the first making of its stack has made goes when that fails, since nothing is in it:
// a name that stayed would stand in the way of the next one. What is protected besides (the database, the load balancer)
// stays until somebody lifts that.
func stays(e environment.Environment) awscdk.RemovalPolicy {
	if e.Real {
		return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
	}
	return awscdk.RemovalPolicy_DESTROY
}

// snapshots is stays for what can be kept as an image of itself.
func snapshots(e environment.Environment) awscdk.RemovalPolicy {
	if e.Real {
		return awscdk.RemovalPolicy_SNAPSHOT
	}
	return awscdk.RemovalPolicy_DESTROY
}

// retention gives CloudWatch's name for a number of days; it takes not every number.
func retention(days int) awslogs.RetentionDays {
	return map[int]awslogs.RetentionDays{
		7: awslogs.RetentionDays_ONE_WEEK, 14: awslogs.RetentionDays_TWO_WEEKS, 30: awslogs.RetentionDays_ONE_MONTH, 90: awslogs.RetentionDays_THREE_MONTHS,
	}[days]
}

// anys gives a list as the library's lower level takes it.
func anys[T any](list *[]T) *[]any {
	var out []any
	for _, one := range *list {
		out = append(out, one)
	}
	return &out
}

func parameter(scope constructs.Construct, name, what string) awscdk.CfnParameter {
	return awscdk.NewCfnParameter(scope, jsii.String(name), &awscdk.CfnParameterProps{Type: jsii.String("String"), Description: jsii.String(what)})
}

func attribute(key string, value int) *elb.CfnTargetGroup_TargetGroupAttributeProperty {
	return attributeText(key, strconv.Itoa(value))
}

func attributeText(key, value string) *elb.CfnTargetGroup_TargetGroupAttributeProperty {
	return &elb.CfnTargetGroup_TargetGroupAttributeProperty{Key: jsii.String(key), Value: jsii.String(value)}
}

// join joins texts of which the middle one is known when it is deployed.
func join(before string, middle *string, after string) *string {
	return awscdk.Fn_Join(jsii.String(""), &[]*string{jsii.String(before), middle, jsii.String(after)})
}

func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// read gives a file of the project; without it there is nothing to describe.
func read(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("run it in the folder infra of the project: %w", err)
	}
	return string(text), nil
}
