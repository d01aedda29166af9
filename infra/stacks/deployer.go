package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// issuer is who says of a workflow of GitHub what it is of. The account has to know it as a
// provider of identities, once for all environments.
const issuer = "token.actions.githubusercontent.com"

// newDeployer describes the role that deploys: whoever may take it in the account, and the
// workflows of one repository in the environment of this name, which GitHub lets run
// by approval. No key of it is kept anywhere. It may do what internal/deploy asks, and that alone.
func newDeployer(stack awscdk.Stack, e environment.Environment, b *Base, c *Cluster, t *tasks) awsiam.Role {
	var who awsiam.IPrincipal = awsiam.NewAccountRootPrincipal()
	if e.Source != "" {
		provider := stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("iam"), Region: jsii.String(""), Resource: jsii.String("oidc-provider"), ResourceName: jsii.String(issuer)})
		who = awsiam.NewCompositePrincipal(awsiam.NewAccountRootPrincipal(), awsiam.NewFederatedPrincipal(provider, &map[string]any{
			"StringEquals": map[string]any{issuer + ":aud": "sts.amazonaws.com", issuer + ":sub": "repo:" + e.Source + ":environment:" + e.Name},
		}, jsii.String("sts:AssumeRoleWithWebIdentity")))
	}
	role := awsiam.NewRole(stack, jsii.String("Deployer"), &awsiam.RoleProps{
		RoleName: jsii.String("enishi-" + e.Name + "-deployer"), AssumedBy: who, MaxSessionDuration: awscdk.Duration_Hours(jsii.Number(2)),
	})
	ecs := func(kind, name string) *string {
		return stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("ecs"), Resource: jsii.String(kind), ResourceName: jsii.String(name)})
	}
	lines := func(family string) *string { // what tasks print that a person has run
		return stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("logs"), Resource: jsii.String("log-group"), ResourceName: jsii.String(*c.Stack.StackName() + "-*:log-stream:" + family + "/*"), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		})
	}
	cluster := "enishi-" + e.Name
	parameters := stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("ssm"), Resource: jsii.String("parameter"), ResourceName: jsii.String("enishi/" + e.Name + "/*")})
	for _, may := range append([]permission{
		{jsii.String("*"), []string{
			"ecr:GetAuthorizationToken", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitionFamilies",
		}, ofNoResource},
		{b.Data.Registry.RepositoryArn(), []string{
			"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage",
		}, ""},
		{parameters, []string{"ssm:GetParameter"}, "the parameters of this environment, which lie below one path"},
		{stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("ssm"), Resource: jsii.String("parameter"), ResourceName: jsii.String("enishi/" + e.Name + "/image")}), []string{"ssm:PutParameter"}, ""},
		{b.Data.Records.BucketArn(), []string{"s3:ListBucket"}, ""}, // without it, what is not there is not said to be missing
		{join("", b.Data.Records.BucketArn(), "/deploy/*"), []string{"s3:GetObject", "s3:PutObject"}, "each deployment is recorded under a name of its own, below one prefix"},
		{b.Keys.Data.KeyArn(), []string{"kms:Decrypt", "kms:GenerateDataKey"}, ""},
		{ecs("service", cluster+"/*"), []string{"ecs:DescribeServices", "ecs:UpdateService", "ecs:ListServiceDeployments"}, "every service of this environment's own cluster"},
		{ecs("service-deployment", cluster+"/*"), []string{"ecs:DescribeServiceDeployments", "ecs:StopServiceDeployment", "ecs:ContinueServiceDeployment"}, "deployments in this environment's own cluster, which ECS names"},
		{ecs("service-revision", cluster+"/*"), []string{"ecs:DescribeServiceRevisions"}, "revisions in this environment's own cluster, which ECS names"},
		{ecs("task-definition", cluster+"-*:*"), []string{"ecs:RegisterTaskDefinition", "ecs:TagResource"}, "every family of this environment, of which ECS counts the revisions"},
		{ecs("task-definition", cluster+"-once:*"), []string{"ecs:RunTask"}, "whichever revision was registered last"},
		{ecs("task-definition", cluster+"-accept:*"), []string{"ecs:RunTask"}, "whichever revision was registered last"},
		{ecs("task", cluster+"/*"), []string{"ecs:DescribeTasks", "ecs:StopTask", "ecs:TagResource"}, "tasks in this environment's own cluster, which ECS names"},
		{lines("once"), []string{"logs:GetLogEvents"}, "CloudFormation names the group, and ECS each task's stream"},
		{lines("accept"), []string{"logs:GetLogEvents"}, "CloudFormation names the group, and ECS each task's stream"},
		{t.may.RoleArn(), []string{"iam:PassRole"}, ""},
		{t.starts.RoleArn(), []string{"iam:PassRole"}, ""},
		{c.once.may.RoleArn(), []string{"iam:PassRole"}, ""},
		{c.once.starts.RoleArn(), []string{"iam:PassRole"}, ""},
	}, compares(stack)...) {
		role.AddToPolicy(allow(may.on, may.actions...))
		if may.why != "" {
			exceptWide(role, may.on, may.why)
		}
	}
	return role
}

// permission is what somebody may do on something, and why that is more than one thing, if it is.
type permission struct {
	on      *string
	actions []string
	why     string
}

const ofNoResource = "AWS knows no resource for these actions"

// compares lets CloudFormation compare the stack with the account, in the name of whoever asks: enishi deploy --plan shows
// what was changed by hand. By CloudFormation's registry that reads each type on which a deployment depends by these actions.
func compares(stack awscdk.Stack) []permission {
	return []permission{
		{stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("cloudformation"), Resource: jsii.String("stack"), ResourceName: jsii.String(*stack.StackName() + "/*")}), []string{
			"cloudformation:ListStackResources", "cloudformation:DetectStackResourceDrift",
		}, "the ARN of a stack ends in what CloudFormation makes"},
		{stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("application-autoscaling"), Resource: jsii.String("scalable-target"), ResourceName: jsii.String("*")}), []string{
			"application-autoscaling:ListTagsForResource",
		}, "AWS names what is scaled when it is made"},
		{jsii.String("*"), []string{
			"cloudformation:BatchDescribeTypeConfigurations",
			"application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScheduledActions", "application-autoscaling:DescribeScalingPolicies",
			"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags",
			"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTargetHealth",
		}, ofNoResource},
	}
}
