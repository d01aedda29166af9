package stacks

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// except says why something is not as a rule of AwsSolutions wants it.
func except(of constructs.IConstruct, rule, why string) {
	cdknag.NagSuppressions_AddResourceSuppressions(of, &[]*cdknag.NagPackSuppression{{Id: jsii.String("AwsSolutions-" + rule), Reason: jsii.String(why)}}, jsii.Bool(true))
}
