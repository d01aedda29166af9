package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
	"enishi/infra/program"
)

// Edge is the stack of what the world asks: the name, the distribution of CloudFront with its
// certificate and its filter, and who watches it from outside.
type Edge struct{ Stack awscdk.Stack }

// NewEdge describes it. It refers to nothing of the other stacks but by names.
func NewEdge(app awscdk.App, e environment.Environment, p program.Program) *Edge {
	edge := &Edge{Stack: newStackIn(app, "edge", e, environment.EdgeRegion)}
	s := edge.Stack
	zone := awsroute53.HostedZone_FromHostedZoneAttributes(s, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{
		HostedZoneId: parameter(s, "ZoneId", "The hosted zone of "+e.Domain+" in Route 53.").ValueAsString(), ZoneName: jsii.String(e.Domain),
	})
	access := parameter(s, "Access", "The bucket of lines about requests, as /enishi/"+e.Name+"/access says in "+e.Region+".").ValueAsString()
	key := newEdgeKey(s, e)
	distribution := newDistribution(s, e, p, zone, newFilter(s, e, key))
	newEdgeLines(s, e, distribution, access)
	if e.Elsewhere {
		return edge
	}
	newNames(s, e, zone, distribution)
	newWatch(s, e, key)
	return edge
}

// newEdgeKey encrypts what lies in this region: lines about what was refused, and what the alarm says.
func newEdgeKey(s awscdk.Stack, e environment.Environment) awskms.Key {
	key := awskms.NewKey(s, jsii.String("Key"), &awskms.KeyProps{
		Description: jsii.String("Enishi " + e.Name + ": the edge"), EnableKeyRotation: jsii.Bool(true), RemovalPolicy: stays(e),
	})
	for _, who := range []string{"logs." + environment.EdgeRegion + ".amazonaws.com", "cloudwatch.amazonaws.com"} {
		key.GrantEncryptDecrypt(awsiam.NewServicePrincipal(jsii.String(who), nil))
	}
	return key
}

// How long CloudFront waits for the load balancer. The program says something every 15 s on a
// stream of events and ends any other request after 15 s, so a minute of silence is an end; that
// is also the most that CloudFront gives without a request to AWS. What it keeps open it lets go before
// the load balancer does (60 s), which would otherwise close what is just being used.
const (
	originSilent = 60 // s
	originIdle   = 55 // s
	originJoin   = 5  // s, for a connection, of which it tries two
)

// Policies that AWS manages, by the ids that they have in every account.
const (
	nothingKept  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" // CachingDisabled
	allThatCame  = "216adef6-5c7f-47e4-b989-5492eafa07d3" // AllViewer: Host, Authorization, cookies, the query and all other headers
	aYear        = 365 * 24 * 3600
	fromBalancer = "balancer"
)

// sameForAll are the paths whose answers depend on nothing but their address, and say how long they
// may be kept: files and a style sheet that have their contents in their names, and pick-lists.
// Of a pick-list the query is part of the address.
func sameForAll() []struct {
	path  string
	query bool
} {
	return []struct {
		path  string
		query bool
	}{{"/static/*", false}, {"/api/v1/docs-*.css", false}, {"/api/v1/taxonomy/*", true}}
}

// newDistribution describes what answers by the environment's name. Every path but those and the
// landing page passes whole and uncached: each page depends on the session, the chosen language and
// whether maintenance is announced, and the program says no-store of it.
func newDistribution(s constructs.Construct, e environment.Environment, p program.Program, zone awsroute53.IHostedZone, filter *string) awscloudfront.CfnDistribution {
	certificate := awscertificatemanager.NewCertificate(s, jsii.String("Certificate"), &awscertificatemanager.CertificateProps{
		DomainName: jsii.String(e.Domain), Validation: awscertificatemanager.CertificateValidation_FromDns(zone),
	})
	// Every answer says whether maintenance is planned: kept for a year it would say so for a year.
	quiet := awscloudfront.NewCfnResponseHeadersPolicy(s, jsii.String("Quiet"), &awscloudfront.CfnResponseHeadersPolicyProps{
		ResponseHeadersPolicyConfig: &awscloudfront.CfnResponseHeadersPolicy_ResponseHeadersPolicyConfigProperty{
			Name: jsii.String("enishi-" + e.Name + "-kept"), Comment: jsii.String("what is kept says nothing of the moment"),
			RemoveHeadersConfig: &awscloudfront.CfnResponseHeadersPolicy_RemoveHeadersConfigProperty{
				Items: &[]any{&awscloudfront.CfnResponseHeadersPolicy_RemoveHeaderProperty{Header: jsii.String("Enishi-Maintenance")}},
			},
		},
	})
	kept := map[bool]awscloudfront.CfnCachePolicy{false: newCachePolicy(s, "Files", e, "none"), true: newCachePolicy(s, "Lookups", e, "all")}
	var behaviors []any
	for _, one := range sameForAll() {
		behaviors = append(behaviors, &awscloudfront.CfnDistribution_CacheBehaviorProperty{
			PathPattern: jsii.String(one.path), TargetOriginId: jsii.String(fromBalancer), ViewerProtocolPolicy: jsii.String("redirect-to-https"), Compress: jsii.Bool(true),
			AllowedMethods: jsii.Strings("GET", "HEAD"), CachedMethods: jsii.Strings("GET", "HEAD"), CachePolicyId: kept[one.query].Ref(), ResponseHeadersPolicyId: quiet.Ref(),
		})
	}
	behaviors = append(behaviors, newLanding(s, e, p))
	d := awscloudfront.NewCfnDistribution(s, jsii.String("Distribution"), &awscloudfront.CfnDistributionProps{DistributionConfig: &awscloudfront.CfnDistribution_DistributionConfigProperty{
		Comment: jsii.String("Enishi " + e.Name), Enabled: jsii.Bool(true), Aliases: jsii.Strings(e.Domain), WebAclId: filter,
		HttpVersion: jsii.String("http2and3"), Ipv6Enabled: jsii.Bool(true), PriceClass: jsii.String("PriceClass_200"), // without places that are far from whoever works in Japan
		ViewerCertificate: &awscloudfront.CfnDistribution_ViewerCertificateProperty{
			AcmCertificateArn: certificate.CertificateArn(), MinimumProtocolVersion: jsii.String("TLSv1.2_2021"), SslSupportMethod: jsii.String("sni-only"),
		},
		Origins: &[]any{newOrigin(e)},
		DefaultCacheBehavior: &awscloudfront.CfnDistribution_DefaultCacheBehaviorProperty{
			TargetOriginId: jsii.String(fromBalancer), ViewerProtocolPolicy: jsii.String("redirect-to-https"), Compress: jsii.Bool(false), // a page has secrets beside what its reader typed
			AllowedMethods: everyMethod(), CachedMethods: jsii.Strings("GET", "HEAD"),
			CachePolicyId: jsii.String(nothingKept), OriginRequestPolicyId: jsii.String(allThatCame),
		},
		CacheBehaviors: &behaviors, CustomErrorResponses: noErrorIsKept(),
	}})
	except(d, "CFR1", "who looks for work in Japan may be anywhere")
	except(d, "CFR3", "its lines are delivered by CloudWatch (newEdgeLines), which lets the fields be chosen and needs no bucket with lists of access")
	return d
}

func newOrigin(e environment.Environment) any {
	return &awscloudfront.CfnDistribution_OriginProperty{
		Id: jsii.String(fromBalancer), DomainName: jsii.String("origin." + e.Domain), ConnectionAttempts: jsii.Number(2), ConnectionTimeout: jsii.Number(originJoin),
		CustomOriginConfig: &awscloudfront.CfnDistribution_CustomOriginConfigProperty{
			OriginProtocolPolicy: jsii.String("https-only"), HttpsPort: jsii.Number(httpsPort), OriginSslProtocols: jsii.Strings("TLSv1.2"), // the newest that it speaks there
			OriginReadTimeout: jsii.Number(originSilent), OriginKeepaliveTimeout: jsii.Number(originIdle),
		},
		OriginCustomHeaders: &[]any{&awscloudfront.CfnDistribution_OriginCustomHeaderProperty{HeaderName: jsii.String(edgeHeader), HeaderValue: edgeKey(e, e.EdgeKey)}},
	}
}

// newCachePolicy keeps an answer for as long as it says itself, and not at all if it says nothing.
func newCachePolicy(s constructs.Construct, name string, e environment.Environment, queries string) awscloudfront.CfnCachePolicy {
	return awscloudfront.NewCfnCachePolicy(s, jsii.String(name), &awscloudfront.CfnCachePolicyProps{CachePolicyConfig: &awscloudfront.CfnCachePolicy_CachePolicyConfigProperty{
		Name: jsii.String("enishi-" + e.Name + "-" + name), Comment: jsii.String("as long as the answer says"), MinTtl: jsii.Number(0), DefaultTtl: jsii.Number(0), MaxTtl: jsii.Number(aYear),
		ParametersInCacheKeyAndForwardedToOrigin: &awscloudfront.CfnCachePolicy_ParametersInCacheKeyAndForwardedToOriginProperty{
			CookiesConfig:      &awscloudfront.CfnCachePolicy_CookiesConfigProperty{CookieBehavior: jsii.String("none")},
			HeadersConfig:      &awscloudfront.CfnCachePolicy_HeadersConfigProperty{HeaderBehavior: jsii.String("none")},
			QueryStringsConfig: &awscloudfront.CfnCachePolicy_QueryStringsConfigProperty{QueryStringBehavior: jsii.String(queries)},
			// The program packs its files itself; of what it does not, CloudFront does.
			EnableAcceptEncodingGzip: jsii.Bool(true), EnableAcceptEncodingBrotli: jsii.Bool(true),
		},
	}})
}

// noErrorIsKept takes from CloudFront that it keeps errors for ten seconds, on every path: a page
// that was not found for somebody who is signed in has their name on it, and a file that is not
// there yet in the version before is there in the next.
func noErrorIsKept() *[]any {
	var out []any
	for _, code := range []int{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504} {
		out = append(out, &awscloudfront.CfnDistribution_CustomErrorResponseProperty{ErrorCode: jsii.Number(code), ErrorCachingMinTtl: jsii.Number(0)})
	}
	return &out
}

// newEdgeLines has a line of each request delivered to the bucket of such lines, without what may
// be a secret or says what somebody looked for: cookies, queries, and the page before.
func newEdgeLines(s awscdk.Stack, e environment.Environment, d awscloudfront.CfnDistribution, access *string) {
	source := awslogs.NewCfnDeliverySource(s, jsii.String("Lines"), &awslogs.CfnDeliverySourceProps{
		Name: jsii.String(edgeName(e)), LogType: jsii.String("ACCESS_LOGS"),
		ResourceArn: s.FormatArn(&awscdk.ArnComponents{Service: jsii.String("cloudfront"), Region: jsii.String(""), Resource: jsii.String("distribution"), ResourceName: d.Ref()}),
	})
	to := awslogs.NewCfnDeliveryDestination(s, jsii.String("LinesTo"), &awslogs.CfnDeliveryDestinationProps{
		Name: jsii.String(edgeName(e)), OutputFormat: jsii.String("json"),
		DestinationResourceArn: awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:s3:::${Access}"), &map[string]*string{"Access": access}),
	})
	awslogs.NewCfnDelivery(s, jsii.String("Delivery"), &awslogs.CfnDeliveryProps{
		DeliverySourceName: source.Ref(), DeliveryDestinationArn: to.AttrArn(),
		RecordFields: jsii.Strings("date", "time", "x-edge-location", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status", "cs(User-Agent)", "x-edge-result-type", "x-edge-request-id",
			"cs-protocol", "cs-protocol-version", "cs-bytes", "sc-bytes", "time-taken", "time-to-first-byte", "ssl-protocol", "ssl-cipher", "x-edge-detailed-result-type"),
	})
}

// cloudFrontZone is the zone of CloudFront's own names, to which an alias points: AWS's, for everybody.
const cloudFrontZone = "Z2FDTNDATAQYW2"

// newNames leads the environment's name to the distribution.
func newNames(s constructs.Construct, e environment.Environment, zone awsroute53.IHostedZone, d awscloudfront.CfnDistribution) {
	for _, kind := range []string{"A", "AAAA"} {
		awsroute53.NewCfnRecordSet(s, jsii.String("Name"+kind), &awsroute53.CfnRecordSetProps{
			HostedZoneId: zone.HostedZoneId(), Name: jsii.String(e.Domain + "."), Type: jsii.String(kind),
			AliasTarget: &awsroute53.CfnRecordSet_AliasTargetProperty{DnsName: d.AttrDomainName(), HostedZoneId: jsii.String(cloudFrontZone)},
		})
	}
}

// How the service is asked from outside. Route 53 asks from its places around the world, each
// every half a minute, and calls it away after three bad answers.
const (
	outsideEvery = 30 // s
	outsideTimes = 3
	outsidePath  = "/readyz" // which answers while maintenance has closed the service, and asks the database
)

// newWatch asks for the service as people do, by its name and through CloudFront, and tells people.
// Figures of Route 53 are in this region alone, and so are the alarm and its topic. The function
// of the environment hears across regions; so do the recipients, by mail of SNS itself: when the
// other region is away, the function is, too.
func newWatch(s awscdk.Stack, e environment.Environment, key awskms.Key) {
	check := awsroute53.NewCfnHealthCheck(s, jsii.String("Check"), &awsroute53.CfnHealthCheckProps{
		HealthCheckConfig: &awsroute53.CfnHealthCheck_HealthCheckConfigProperty{
			Type: jsii.String("HTTPS"), FullyQualifiedDomainName: jsii.String(e.Domain), Port: jsii.Number(httpsPort), ResourcePath: jsii.String(outsidePath), EnableSni: jsii.Bool(true),
			RequestInterval: jsii.Number(outsideEvery), FailureThreshold: jsii.Number(outsideTimes),
		},
		HealthCheckTags: &[]*awsroute53.CfnHealthCheck_HealthCheckTagProperty{{Key: jsii.String("Name"), Value: jsii.String("enishi-" + e.Name)}},
	})
	topic := mailed(s, "Topic", "To", e, &awssns.TopicProps{TopicName: jsii.String(edgeName(e)), MasterKey: key})
	awssns.NewCfnSubscription(s, jsii.String("Hears"), &awssns.CfnSubscriptionProps{TopicArn: topic.TopicArn(), Protocol: jsii.String("lambda"), Endpoint: awscdk.Fn_Sub(
		jsii.String("arn:${AWS::Partition}:lambda:"+e.Region+":${AWS::AccountId}:function:"+notifyName(e)), nil)})
	awscloudwatch.NewCfnAlarm(s, jsii.String("EdgeAway"), &awscloudwatch.CfnAlarmProps{
		AlarmName:        jsii.String("Enishi-" + e.Name + "-EdgeAway"),
		AlarmDescription: jsii.String("Asked from outside by its name, the service does not answer. 外部から名前で確認しても、サービスが応答しません。 " + e.Told.Docs + "docs/runbooks/EdgeAway.md"),
		Namespace:        jsii.String("AWS/Route53"), MetricName: jsii.String("HealthCheckStatus"), Statistic: jsii.String("Minimum"), Period: jsii.Number(60), EvaluationPeriods: jsii.Number(1),
		Dimensions:         &[]any{&awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String("HealthCheckId"), Value: check.AttrHealthCheckId()}},
		ComparisonOperator: jsii.String("LessThanThreshold"), Threshold: jsii.Number(1), TreatMissingData: jsii.String("breaching"), // no figure is no answer
		AlarmActions: &[]any{topic.TopicArn()}, OkActions: &[]any{topic.TopicArn()},
	})
}
