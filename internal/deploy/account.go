package deploy

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"enishi/internal/errs"
)

// account is what a deployment does in an account of AWS, in the terms of an environment.
type account struct {
	name string // of the environment
	ecs  *ecs.Client
	ssm  *ssm.Client
	cw   *cloudwatch.Client
	far  *cloudwatch.Client // in the region of CloudFront, where the alarm is that asks from outside
	ecr  *ecr.Client
	cfn  *cloudformation.Client

	rollouts map[string]string // ARNs of service deployments that were found, by that of their task definition
}

func newAccount(config *aws.Config, environment string) *account {
	far := func(o *cloudwatch.Options) { o.Region, o.RetryMaxAttempts = edgeRegion, 1 }
	throttled := func(o *cloudformation.Options) { o.RetryMaxAttempts = compareTries }
	return &account{
		name: environment, ecs: ecs.NewFromConfig(*config), ssm: ssm.NewFromConfig(*config), cw: cloudwatch.NewFromConfig(*config), far: cloudwatch.NewFromConfig(*config, far), ecr: ecr.NewFromConfig(*config),
		cfn:      cloudformation.NewFromConfig(*config, throttled),
		rollouts: map[string]string{},
	}
}

// edgeRegion is where everything of CloudFront is, whichever region the environment is in.
const edgeRegion = "us-east-1"

// The names that the templates of infra give.
const (
	web       = "web"
	worker    = "worker"
	once      = "once"   // one-off tasks: the program, and whatever it is told to do
	accept    = "accept" // the same with the secrets of the operator that accepts versions
	container = "enishi"
)

func (a *account) cluster() string           { return "enishi-" + a.name }
func (a *account) family(task string) string { return "enishi-" + a.name + "-" + task }

// parameter reads what the account keeps for an environment under a name.
func (a *account) parameter(ctx context.Context, name string) (string, error) {
	full := "/enishi/" + a.name + "/" + name
	out, err := a.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &full})
	var none *ssmtypes.ParameterNotFound
	if errors.As(err, &none) {
		return "", errs.Wrap(errs.NotFound, "there is no parameter "+full+" in this account and region: is it the one of "+a.name+", and are its stacks deployed?", err)
	}
	if err != nil {
		return "", fmt.Errorf("read the parameter %s: %w", full, err)
	}
	return aws.ToString(out.Parameter.Value), nil
}

func (a *account) setParameter(ctx context.Context, name, value string) error {
	full := "/enishi/" + a.name + "/" + name
	if _, err := a.ssm.PutParameter(ctx, &ssm.PutParameterInput{Name: &full, Value: &value, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true)}); err != nil {
		return fmt.Errorf("set the parameter %s: %w", full, err)
	}
	return nil
}

// service gives a service of the environment.
func (a *account) service(ctx context.Context, name string) (*types.Service, error) {
	out, err := a.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(a.cluster()), Services: []string{name}})
	var none *types.ServiceNotFoundException
	var noCluster *types.ClusterNotFoundException
	if errors.As(err, &none) || errors.As(err, &noCluster) {
		return nil, errs.Wrap(errs.NotFound, "there is no service "+name+" in the cluster "+a.cluster(), err)
	}
	if err != nil {
		return nil, fmt.Errorf("look at the service %s: %w", name, err)
	}
	if len(out.Services) != 1 || aws.ToString(out.Services[0].Status) != "ACTIVE" {
		return nil, errs.New(errs.NotFound, "there is no service "+name+" in the cluster "+a.cluster())
	}
	return &out.Services[0], nil
}

// definition gives a task definition, by its ARN or its family, and the deployment that it
// was registered by.
func (a *account) definition(ctx context.Context, name string) (*types.TaskDefinition, string, error) {
	out, err := a.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &name, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
	if err != nil {
		return nil, "", fmt.Errorf("look at the task definition %s: %w", name, err)
	}
	by := ""
	for _, tag := range out.Tags {
		if aws.ToString(tag.Key) == deploymentTag {
			by = aws.ToString(tag.Value)
		}
	}
	return out.TaskDefinition, by, nil
}

// deploymentTag names the deployment that has registered a task definition.
const deploymentTag = "enishi:deployment"

// deploymentVariable tells a task's program the same.
const deploymentVariable = "ENISHI_DEPLOYMENT"

// imageOf gives what the program's container runs of.
func imageOf(d *types.TaskDefinition) string {
	return aws.ToString(program(d).Image)
}

// register makes a copy of a task definition that differs in its image, or gives the one
// that an earlier try of this deployment made.
func (a *account) register(ctx context.Context, from *types.TaskDefinition, image, deployment string) (string, error) {
	family := aws.ToString(from.Family)
	newest, by, err := a.definition(ctx, family)
	if err != nil {
		return "", err
	}
	if by == deployment && imageOf(newest) == image {
		return aws.ToString(newest.TaskDefinitionArn), nil
	}
	in := &ecs.RegisterTaskDefinitionInput{Tags: []types.Tag{{Key: aws.String(deploymentTag), Value: &deployment}}}
	copyFields(reflect.ValueOf(in).Elem(), reflect.ValueOf(from).Elem())
	in.ContainerDefinitions = slices.Clone(from.ContainerDefinitions)
	for i := range in.ContainerDefinitions {
		if aws.ToString(in.ContainerDefinitions[i].Name) == container {
			in.ContainerDefinitions[i].Image = &image
			in.ContainerDefinitions[i].Environment = ofDeployment(from.ContainerDefinitions[i].Environment, deployment)
		}
	}
	out, err := a.ecs.RegisterTaskDefinition(ctx, in)
	if err != nil {
		return "", fmt.Errorf("register the task definition of %s: %w", family, err)
	}
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn), nil
}

// ofDeployment gives the variables of a container that a deployment has started.
func ofDeployment(from []types.KeyValuePair, deployment string) []types.KeyValuePair {
	out := slices.DeleteFunc(slices.Clone(from), func(v types.KeyValuePair) bool { return aws.ToString(v.Name) == deploymentVariable })
	return append(out, types.KeyValuePair{Name: aws.String(deploymentVariable), Value: &deployment})
}

// deploymentOf gives the deployment that the tasks of a definition say they are of; "": none.
func deploymentOf(d *types.TaskDefinition) string {
	for _, v := range program(d).Environment {
		if aws.ToString(v.Name) == deploymentVariable {
			return aws.ToString(v.Value)
		}
	}
	return ""
}

// copyFields copies every field that both have, so that one AWS adds is not lost by
// a deployment.
func copyFields(to, from reflect.Value) {
	for i := range to.NumField() {
		field := to.Type().Field(i)
		if value := from.FieldByName(field.Name); field.IsExported() && value.IsValid() && value.Type() == field.Type {
			to.Field(i).Set(value)
		}
	}
}

// others gives the families of the environment's tasks that are of no service: scheduled jobs,
// and one-off work.
func (a *account) others(ctx context.Context) ([]string, error) {
	var out []string
	prefix := a.family("")
	pages := ecs.NewListTaskDefinitionFamiliesPaginator(a.ecs, &ecs.ListTaskDefinitionFamiliesInput{FamilyPrefix: &prefix, Status: types.TaskDefinitionFamilyStatusActive})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the task definitions of %s: %w", a.name, err)
		}
		for _, family := range page.Families {
			if !slices.Contains([]string{web, worker}, strings.TrimPrefix(family, prefix)) {
				out = append(out, family)
			}
		}
	}
	return out, nil
}

// rollout gives the deployment by which a service got, or gets, a task definition; nil if
// none since then is known.
func (a *account) rollout(ctx context.Context, service, definition string, since time.Time) (*types.ServiceDeployment, error) {
	arn, ok := a.rollouts[definition]
	if !ok {
		var err error
		if arn, err = a.findRollout(ctx, service, definition, since); err != nil || arn == "" {
			return nil, err
		}
		a.rollouts[definition] = arn
	}
	out, err := a.ecs.DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arn}})
	if err != nil {
		return nil, fmt.Errorf("look at a deployment of the service %s: %w", service, err)
	}
	if len(out.ServiceDeployments) != 1 {
		return nil, errs.New(errs.NotFound, "ECS does not know its deployment "+arn)
	}
	return &out.ServiceDeployments[0], nil
}

// mostListed is what ECS lists at once: more than one deployment of ours can make.
const mostListed = 100

// findRollout gives the ARN of the newest such deployment; "" if there is none.
func (a *account) findRollout(ctx context.Context, service, definition string, since time.Time) (string, error) {
	listed, err := a.ecs.ListServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{
		Cluster: aws.String(a.cluster()), Service: &service, CreatedAt: &types.CreatedAt{After: aws.Time(since.Add(-time.Second))}, MaxResults: aws.Int32(mostListed),
	})
	if err != nil {
		return "", fmt.Errorf("list the deployments of the service %s: %w", service, err)
	}
	found := listed.ServiceDeployments
	slices.SortFunc(found, func(x, y types.ServiceDeploymentBrief) int { return y.CreatedAt.Compare(*x.CreatedAt) })
	for _, one := range found {
		out, err := a.ecs.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{aws.ToString(one.TargetServiceRevisionArn)}})
		if err != nil {
			return "", fmt.Errorf("look at a revision of the service %s: %w", service, err)
		}
		if len(out.ServiceRevisions) == 1 && aws.ToString(out.ServiceRevisions[0].TaskDefinition) == definition {
			return aws.ToString(one.ServiceDeploymentArn), nil
		}
	}
	return "", nil
}

// registry gives the environment's repository, and a login that is good for hours.
func (a *account) registry(ctx context.Context) (Registry, error) {
	repository, err := a.parameter(ctx, "registry")
	if err != nil {
		return Registry{}, err
	}
	out, err := a.ecr.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return Registry{}, fmt.Errorf("log in to the registry: %w", err)
	}
	for _, data := range out.AuthorizationData {
		plain, err := base64.StdEncoding.DecodeString(aws.ToString(data.AuthorizationToken))
		user, password, ok := strings.Cut(string(plain), ":")
		if err == nil && ok {
			return Registry{Repository: repository, User: user, Password: password}, nil
		}
	}
	return Registry{}, errs.New(errs.Internal, "the registry gave no login that can be read")
}

// alarming gives the names of the environment's alarms that are on, also of the edge's in its own region.
func (d *deployment) alarming(ctx context.Context) ([]string, error) {
	on, err := d.account.alarmsOn(ctx, d.account.cw)
	if err != nil {
		return nil, err
	}
	if d.blind < blindTries { // a region that is away is no reason not to deploy in another, nor to be slow
		shortly, stop := context.WithTimeout(ctx, edgePatience)
		defer stop()
		far, err := d.account.alarmsOn(shortly, d.account.far)
		if err != nil && ctx.Err() == nil {
			if d.blind++; d.blind == blindTries {
				d.tell("alarms", "those of the edge cannot be asked, and are not looked at: "+err.Error(), -1)
			}
		}
		on = append(on, far...)
	}
	slices.Sort(on)
	return on, nil
}

const (
	edgePatience = 5 * time.Second
	blindTries   = 3 // after which the edge's alarms are left alone
)

// alarmsOn gives those of a region.
func (a *account) alarmsOn(ctx context.Context, at *cloudwatch.Client) ([]string, error) {
	var out []string
	pages := cloudwatch.NewDescribeAlarmsPaginator(at, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String("Enishi-" + a.name + "-"), StateValue: cwtypes.StateValueAlarm,
		AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm, cwtypes.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look at the alarms of %s: %w", a.name, err)
		}
		for i := range page.MetricAlarms {
			if len(page.MetricAlarms[i].AlarmActions) == 0 { // a part of a composite one, which tells nobody by itself
				continue
			}
			out = append(out, aws.ToString(page.MetricAlarms[i].AlarmName))
		}
		for i := range page.CompositeAlarms {
			out = append(out, aws.ToString(page.CompositeAlarms[i].AlarmName))
		}
	}
	return out, nil
}
