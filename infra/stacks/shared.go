package stacks

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// The edge stands in another region than everything else, and nothing that is exported there is
// known here. What both sides have to know goes by names: a secret that Secrets Manager copies,
// the origin's name in DNS, a topic and a function of fixed names. What has no fixed name, the
// bucket of lines about requests, the account says (Data.say), and the edge is given as a parameter.

// edgeHeader carries the secret that CloudFront shows to the load balancer. Its addresses alone
// prove nothing: anybody may have a distribution that asks from them.
const edgeHeader = "X-Enishi-Edge"

// edgeKeys are the generations of the secret that are taken: the one that CloudFront shows, and
// the one before, which it shows until it is changed.
func edgeKeys(e environment.Environment) []int {
	if e.EdgeKey > 1 {
		return []int{e.EdgeKey, e.EdgeKey - 1}
	}
	return []int{e.EdgeKey}
}

func edgeKeyName(e environment.Environment, generation int) string {
	return fmt.Sprintf("enishi-%s-edge-%d", e.Name, generation)
}

// edgeKey is resolved when it is deployed, in the region of who asks.
func edgeKey(e environment.Environment, generation int) *string {
	return awscdk.SecretValue_SecretsManager(jsii.String(edgeKeyName(e, generation)), nil).UnsafeUnwrap()
}

func newEdgeKeys(s constructs.Construct, e environment.Environment, keys *Keys) {
	for _, generation := range edgeKeys(e) {
		secret := awssecretsmanager.NewSecret(s, jsii.String(fmt.Sprintf("EdgeKey%d", generation)), &awssecretsmanager.SecretProps{
			SecretName: jsii.String(edgeKeyName(e, generation)), Description: jsii.String("shows the load balancer that CloudFront asks"), EncryptionKey: keys.Data,
			RemovalPolicy:        awscdk.RemovalPolicy_DESTROY, // nothing is lost with it: a new one is as good
			ReplicaRegions:       &[]*awssecretsmanager.ReplicaRegion{{Region: jsii.String(environment.EdgeRegion)}},
			GenerateSecretString: &awssecretsmanager.SecretStringGenerator{PasswordLength: jsii.Number(64), ExcludePunctuation: jsii.Bool(true)},
		})
		except(secret, "SMG4", "both sides are changed with it, in their order: by one more in the table of environments")
	}
}

// fromEdge is a condition of the load balancer: any of the secrets.
func fromEdge(e environment.Environment) any {
	var values []*string
	for _, generation := range edgeKeys(e) {
		values = append(values, edgeKey(e, generation))
	}
	return &elb.CfnListenerRule_RuleConditionProperty{
		Field: jsii.String("http-header"), HttpHeaderConfig: &elb.CfnListenerRule_HttpHeaderConfigProperty{HttpHeaderName: jsii.String(edgeHeader), Values: &values},
	}
}

// edgeName is what things of the edge are called that the other region knows by name.
func edgeName(e environment.Environment) string { return "enishi-" + e.Name + "-edge" }

func edgeTopic(s constructs.Construct, e environment.Environment) *string {
	return awscdk.Stack_Of(s).FormatArn(&awscdk.ArnComponents{Service: jsii.String("sns"), Region: jsii.String(environment.EdgeRegion), Resource: jsii.String(edgeName(e))})
}

// edgeLogs lets CloudFront's lines into a bucket: of this account's distributions alone, whose
// lines are delivered from the edge's region.
func edgeLogs(to awss3.Bucket) {
	stack := awscdk.Stack_Of(to)
	from := stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("logs"), Region: jsii.String(environment.EdgeRegion), Resource: jsii.String("delivery-source"), ResourceName: jsii.String("*"), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
	to.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("delivery.logs.amazonaws.com"), nil)},
		Actions:    jsii.Strings("s3:PutObject"),
		Resources:  &[]*string{to.ArnForObjects(awscdk.Fn_Join(jsii.String(""), &[]*string{jsii.String("AWSLogs/"), stack.Account(), jsii.String("/CloudFront/*")}))},
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": stack.Account()},
			"ArnLike":      map[string]any{"aws:SourceArn": from},
		},
	}))
}
