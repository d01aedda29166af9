package stacks

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// except says why one resource is not as a rule of AwsSolutions wants it; what is below it is not meant. Of a rule
// that can find several things in one resource it names those that it explains, as cdk-nag does: any other is
// still found.
func except(of constructs.IConstruct, rule, why string, findings ...string) {
	said := &cdknag.NagPackSuppression{Id: jsii.String("AwsSolutions-" + rule), Reason: jsii.String(why)}
	if len(findings) > 0 {
		said.AppliesTo = anys(&findings)
	}
	cdknag.NagSuppressions_AddResourceSuppressions(of, &[]*cdknag.NagPackSuppression{said}, jsii.Bool(false))
}

// exceptManaged says why a role has a policy that AWS keeps, by the name of that policy.
func exceptManaged(role constructs.IConstruct, policy, why string) {
	except(role, "IAM4", why, "Policy::arn:<AWS::Partition>:iam::aws:policy/"+policy)
}

// exceptWide says why what a role may do, by its own policy, is on more than one thing: on is what a statement
// that it was given is on.
func exceptWide(role awsiam.Role, on *string, why string) {
	except(role.Node().FindChild(jsii.String("DefaultPolicy")), "IAM5", why, "Resource::"+flat(awscdk.Stack_Of(role).Resolve(on)))
}

// flat writes what is known when it is deployed as cdk-nag does: <Name> and <Name.Attribute>.
func flat(value any) string {
	of, _ := value.(map[string]any)
	if name, is := of["Ref"]; is {
		return fmt.Sprintf("<%v>", name)
	}
	if parts, is := of["Fn::GetAtt"].([]any); is {
		return fmt.Sprintf("<%v.%v>", parts[0], parts[1])
	}
	if join, is := of["Fn::Join"].([]any); is {
		var parts []string
		for _, part := range join[1].([]any) {
			parts = append(parts, flat(part))
		}
		return strings.Join(parts, join[0].(string))
	}
	return fmt.Sprint(value)
}
