package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
	"enishi/infra/program"
)

// landingKept is the most that CloudFront keeps the landing page, in seconds, however long an
// answer says: also beyond its end, when it gets an error in place of the next.
const landingKept = 60

// landingDepends are the headers that the landing page depends on: the language that a browser
// asks for, and the deployment that a request is meant for.
func landingDepends() *[]*string { return jsii.Strings("Accept-Language", "Enishi-Deployment") }

// marks are the names in a query by which others count who follows a link of theirs. No page looks
// at them. CloudFront takes ten.
func marks() *[]*string {
	return jsii.Strings("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "gclid", "fbclid", "yclid", "msclkid", "ttclid")
}

// newLanding describes how the landing page is answered: by CloudFront where the program has
// said that everybody would get the same, which it does of nobody's who is or was signed in.
//
// What the program is told is what tells one kept page from another: the cookies that it knows,
// those headers, and the query without marks, which the program is not told. So an answer cannot depend on what CloudFront does not look at. Accept
// comes besides: a refusal, which nobody keeps, is a page for who reads pages.
func newLanding(s constructs.Construct, e environment.Environment, p program.Program) *awscloudfront.CfnDistribution_CacheBehaviorProperty {
	name := jsii.String("enishi-" + e.Name + "-landing")
	kept := awscloudfront.NewCfnCachePolicy(s, jsii.String("Landing"), &awscloudfront.CfnCachePolicyProps{CachePolicyConfig: &awscloudfront.CfnCachePolicy_CachePolicyConfigProperty{
		Name: name, Comment: jsii.String("as long as the answer says, by all that it depends on"), MinTtl: jsii.Number(0), DefaultTtl: jsii.Number(0), MaxTtl: jsii.Number(landingKept),
		ParametersInCacheKeyAndForwardedToOrigin: &awscloudfront.CfnCachePolicy_ParametersInCacheKeyAndForwardedToOriginProperty{
			CookiesConfig:      &awscloudfront.CfnCachePolicy_CookiesConfigProperty{CookieBehavior: jsii.String("whitelist"), Cookies: jsii.Strings(p.Cookies...)},
			HeadersConfig:      &awscloudfront.CfnCachePolicy_HeadersConfigProperty{HeaderBehavior: jsii.String("whitelist"), Headers: landingDepends()},
			QueryStringsConfig: &awscloudfront.CfnCachePolicy_QueryStringsConfigProperty{QueryStringBehavior: jsii.String("allExcept"), QueryStrings: marks()},
			// The program packs its pages itself, by gzip alone.
			EnableAcceptEncodingGzip: jsii.Bool(true), EnableAcceptEncodingBrotli: jsii.Bool(false),
		},
	}})
	asked := awscloudfront.NewCfnOriginRequestPolicy(s, jsii.String("LandingAsked"), &awscloudfront.CfnOriginRequestPolicyProps{OriginRequestPolicyConfig: &awscloudfront.CfnOriginRequestPolicy_OriginRequestPolicyConfigProperty{
		Name: name, Comment: jsii.String("besides what tells kept pages apart"),
		CookiesConfig:      &awscloudfront.CfnOriginRequestPolicy_CookiesConfigProperty{CookieBehavior: jsii.String("none")},
		HeadersConfig:      &awscloudfront.CfnOriginRequestPolicy_HeadersConfigProperty{HeaderBehavior: jsii.String("whitelist"), Headers: jsii.Strings("Accept")},
		QueryStringsConfig: &awscloudfront.CfnOriginRequestPolicy_QueryStringsConfigProperty{QueryStringBehavior: jsii.String("none")},
	}})
	// A browser that kept it would show it again to who has signed in since and goes back.
	told := awscloudfront.NewCfnResponseHeadersPolicy(s, jsii.String("LandingTold"), &awscloudfront.CfnResponseHeadersPolicyProps{
		ResponseHeadersPolicyConfig: &awscloudfront.CfnResponseHeadersPolicy_ResponseHeadersPolicyConfigProperty{
			Name: name, Comment: jsii.String("no browser keeps it"),
			CustomHeadersConfig: &awscloudfront.CfnResponseHeadersPolicy_CustomHeadersConfigProperty{Items: &[]any{
				&awscloudfront.CfnResponseHeadersPolicy_CustomHeaderProperty{Header: jsii.String("Cache-Control"), Value: jsii.String("no-store"), Override: jsii.Bool(true)},
			}},
		},
	})
	return &awscloudfront.CfnDistribution_CacheBehaviorProperty{
		PathPattern: jsii.String("/"), TargetOriginId: jsii.String(fromBalancer), ViewerProtocolPolicy: jsii.String("redirect-to-https"), Compress: jsii.Bool(false),
		AllowedMethods: everyMethod(), CachedMethods: jsii.Strings("GET", "HEAD"),
		CachePolicyId: kept.Ref(), OriginRequestPolicyId: asked.Ref(), ResponseHeadersPolicyId: told.Ref(),
	}
}

// everyMethod are those that CloudFront knows: which of them a path takes the program says.
func everyMethod() *[]*string {
	return jsii.Strings("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
}
