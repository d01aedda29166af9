package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	waf "github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// An address may ask this often in a window of WAF. The program bounds what costs it something
// (sign-up, sign-in, codes: thirty at once, then one each two seconds) far below; this is for
// what it does not count. A carrier's or a large company's address has hundreds of people behind
// it, so it is 33 a second: a sixth of the busiest minute that is foreseen today.
const (
	rateMost   = 10_000
	rateWindow = 300 // s
)

// group is one of AWS's groups of rules, with those of its rules that are counted and do
// not refuse.
type group struct {
	name    string
	counted []string
}

// groups gives them, in the order in which they look: the cheap ones first. What is counted is
// what people of this trade write: a profile, a posting or a message may be long (the program takes
// a mebibyte, and says so itself beyond), and a programmer's may have SQL, markup or a path in it. The
// program binds every value to its statement and escapes every text on a page, so that text is
// text. Queries are long where many conditions are chosen in Japanese.
func groups() []group {
	return []group{
		{"AWSManagedRulesAmazonIpReputationList", nil},
		{"AWSManagedRulesKnownBadInputsRuleSet", nil},
		{"AWSManagedRulesCommonRuleSet", []string{"SizeRestrictions_BODY", "SizeRestrictions_QUERYSTRING", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY"}},
		{"AWSManagedRulesSQLiRuleSet", []string{"SQLi_BODY", "SQLiExtendedPatterns_BODY"}},
	}
}

// newFilter describes the web ACL that every request passes first, and gives its ARN. It
// stands at the edge alone, where what it refuses costs nothing behind it: the load balancer takes
// nothing but what CloudFront shows the secret of, so a second filter there would see the same once more.
func newFilter(s awscdk.Stack, e environment.Environment, key awskms.Key) *string {
	rules := []any{&waf.CfnWebACL_RuleProperty{
		Name: jsii.String("rate"), Priority: jsii.Number(0), VisibilityConfig: seen("rate"),
		Statement: &waf.CfnWebACL_StatementProperty{RateBasedStatement: &waf.CfnWebACL_RateBasedStatementProperty{
			AggregateKeyType: jsii.String("IP"), Limit: jsii.Number(rateMost), EvaluationWindowSec: jsii.Number(rateWindow),
		}},
		Action: &waf.CfnWebACL_RuleActionProperty{Block: &waf.CfnWebACL_BlockActionProperty{CustomResponse: &waf.CfnWebACL_CustomResponseProperty{
			ResponseCode: jsii.Number(429), ResponseHeaders: &[]any{&waf.CfnWebACL_CustomHTTPHeaderProperty{Name: jsii.String("Retry-After"), Value: jsii.String("60")}},
		}}},
	}}
	for i, g := range groups() {
		var counted []any
		for _, name := range g.counted {
			counted = append(counted, &waf.CfnWebACL_RuleActionOverrideProperty{Name: jsii.String(name), ActionToUse: &waf.CfnWebACL_RuleActionProperty{Count: map[string]any{}}})
		}
		of := &waf.CfnWebACL_ManagedRuleGroupStatementProperty{VendorName: jsii.String("AWS"), Name: jsii.String(g.name)}
		if len(counted) > 0 {
			of.RuleActionOverrides = &counted
		}
		rules = append(rules, &waf.CfnWebACL_RuleProperty{
			Name: jsii.String(g.name), Priority: jsii.Number(1 + i), VisibilityConfig: seen(g.name), OverrideAction: &waf.CfnWebACL_OverrideActionProperty{None: map[string]any{}},
			Statement: &waf.CfnWebACL_StatementProperty{ManagedRuleGroupStatement: of},
		})
	}
	acl := waf.NewCfnWebACL(s, jsii.String("Filter"), &waf.CfnWebACLProps{
		Name: jsii.String(edgeName(e)), Scope: jsii.String("CLOUDFRONT"), DefaultAction: &waf.CfnWebACL_DefaultActionProperty{Allow: map[string]any{}}, VisibilityConfig: seen("all"), Rules: &rules,
	})
	newRefusals(s, e, acl, key)
	return acl.AttrArn()
}

// seen counts what a rule does. It keeps no samples, which would show whole requests, cookies
// among them, to whoever may look at the filter.
func seen(name string) *waf.CfnWebACL_VisibilityConfigProperty {
	return &waf.CfnWebACL_VisibilityConfigProperty{MetricName: jsii.String(name), CloudWatchMetricsEnabled: jsii.Bool(true), SampledRequestsEnabled: jsii.Bool(false)}
}

// newRefusals keeps a line of each request that was refused, and of no other, without what opens
// an account or says what somebody looked for, which the page before does too. WAF takes a group of
// this region alone, of a name that begins as this one. It leaves out no address, so that no line of
// it is kept for longer than the group's days: it goes to no archive.
func newRefusals(s awscdk.Stack, e environment.Environment, acl waf.CfnWebACL, key awskms.Key) {
	log := awslogs.NewLogGroup(s, jsii.String("Refusals"), &awslogs.LogGroupProps{
		LogGroupName: jsii.String("aws-waf-logs-" + edgeName(e)), Retention: retention(e.LogDays), EncryptionKey: key, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	header := func(name string) any {
		return &waf.CfnLoggingConfiguration_FieldToMatchProperty{SingleHeader: map[string]string{"Name": name}}
	}
	waf.NewCfnLoggingConfiguration(s, jsii.String("RefusalsOf"), &waf.CfnLoggingConfigurationProps{
		ResourceArn: acl.AttrArn(), LogDestinationConfigs: &[]any{s.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("logs"), Resource: jsii.String("log-group"), ResourceName: log.LogGroupName(), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		})},
		RedactedFields: &[]any{header("authorization"), header("cookie"), header("referer"), &waf.CfnLoggingConfiguration_FieldToMatchProperty{QueryString: map[string]any{}}},
		LoggingFilter: map[string]any{"DefaultBehavior": "DROP", "Filters": []any{map[string]any{
			"Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": []any{map[string]any{"ActionCondition": map[string]any{"Action": "BLOCK"}}},
		}}},
	})
}
