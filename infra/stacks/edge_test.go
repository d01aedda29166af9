package stacks_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
)

// edges runs a test with the edge of every environment, and all of its templates.
func edges(t *testing.T, test func(t *testing.T, e environment.Environment, edge template, all map[string]template)) {
	t.Helper()
	for _, e := range environment.All() {
		t.Run(e.Name, func(t *testing.T) {
			all, _ := synthesised(t, e)
			test(t, e, all["enishi-"+e.Name+"-edge"], all)
		})
	}
}

// TestNobodyGoesAroundTheEdge finds on the load balancer's open port nothing but what shows the
// secret that CloudFront shows, and on the other one no such thing: our own gateways reach that.
func TestNobodyGoesAroundTheEdge(t *testing.T) {
	edges(t, func(t *testing.T, e environment.Environment, edge template, all map[string]template) {
		secret := "{{resolve:secretsmanager:enishi-" + e.Name + "-edge-1:SecretString:::}}"
		origin := configOf(t, edge)["Origins"].([]any)[0].(map[string]any)
		shown := origin["OriginCustomHeaders"].([]any)
		if diff := cmp.Diff([]any{map[string]any{"HeaderName": "X-Enishi-Edge", "HeaderValue": secret}}, shown); diff != "" {
			t.Errorf("CloudFront shows (-want +got):\n%s", diff)
		}
		service := all["enishi-"+e.Name+"-service"]
		ports := map[string]float64{}
		for name, l := range service.of("AWS::ElasticLoadBalancingV2::Listener") {
			ports[name] = l.Properties["Port"].(float64)
			if !strings.Contains(l.text, `"DefaultActions":[{"FixedResponseConfig":{"ContentType":"text/plain","StatusCode":"404"},"Type":"fixed-response"}]`) {
				t.Errorf("%s answers otherwise where no rule says so: %s", name, l.text)
			}
		}
		got := map[string]any{}
		for _, r := range service.of("AWS::ElasticLoadBalancingV2::ListenerRule") {
			if port := ports[r.Properties["ListenerArn"].(map[string]any)["Ref"].(string)]; strings.Contains(r.text, `"Type":"forward"`) {
				got[fmt.Sprint(port)] = r.Properties["Conditions"]
			}
		}
		want := map[string]any{
			"443":  []any{map[string]any{"Field": "http-header", "HttpHeaderConfig": map[string]any{"HttpHeaderName": "X-Enishi-Edge", "Values": []any{secret}}}},
			"8443": []any{map[string]any{"Field": "path-pattern", "PathPatternConfig": map[string]any{"Values": []any{"/*"}}}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what is forwarded (-want +got):\n%s", diff)
		}
	})
}

// TestASecretIsChangedWithoutAGap asks for the second, and the third: what CloudFront shows, and
// what it showed before it was deployed, is taken, and nothing older. Of the load balancer's rules
// nothing changes but the conditions of one: internal/environ looks after its weights.
func TestASecretIsChangedWithoutAGap(t *testing.T) {
	e := environment.All()[0]
	var rules map[string]resource
	for _, tt := range []struct {
		generation int
		taken      []string
	}{{1, []string{"1"}}, {2, []string{"1", "2"}}, {3, []string{"2", "3"}}} {
		e.EdgeKey = tt.generation
		all, _ := synthesised(t, e)
		find := func(text string) []string {
			var out []string
			for _, m := range regexp.MustCompile(`enishi-dev-edge-([0-9]+)`).FindAllStringSubmatch(text, -1) {
				out = append(out, m[1])
			}
			slices.Sort(out)
			return slices.Compact(out)
		}
		made, taken := "", ""
		for _, s := range all["enishi-dev-base"].of("AWS::SecretsManager::Secret") {
			made += fmt.Sprint(s.Properties["Name"], " ")
			if strings.Contains(s.text, "enishi-dev-edge-") && !strings.Contains(s.text, `"ReplicaRegions":[{"Region":"us-east-1"}]`) {
				t.Errorf("the edge's region does not have %s", s.text)
			}
		}
		for _, r := range all["enishi-dev-service"].of("AWS::ElasticLoadBalancingV2::ListenerRule") {
			taken += r.text
		}
		now := all["enishi-dev-service"].of("AWS::ElasticLoadBalancingV2::ListenerRule")
		for name, was := range rules {
			changed := []string{}
			for property := range was.Properties {
				if !cmp.Equal(was.Properties[property], now[name].Properties[property]) {
					changed = append(changed, property)
				}
			}
			if want := strings.Repeat("Conditions", strings.Count(was.text, "X-Enishi-Edge")); strings.Join(changed, " ") != want {
				t.Errorf("generation %d: of %s change %q, want %q", tt.generation, name, changed, want)
			}
		}
		rules = now
		if diff := cmp.Diff([][]string{tt.taken, tt.taken, {fmt.Sprint(tt.generation)}}, [][]string{find(made), find(taken), find(fmt.Sprint(configOf(t, all["enishi-dev-edge"])))}); diff != "" {
			t.Errorf("generation %d: made, taken, shown (-want +got):\n%s", tt.generation, diff)
		}
	}
}

func configOf(t *testing.T, edge template) map[string]any {
	t.Helper()
	return only(t, edge, "AWS::CloudFront::Distribution").Properties["DistributionConfig"].(map[string]any)
}

// TestNothingOfAPersonIsKeptAtTheEdge holds that every path passes whole and uncached but the
// landing page and those whose answers are the same for everybody, of which nothing is kept that
// they do not say, and that no error is kept on any.
func TestNothingOfAPersonIsKeptAtTheEdge(t *testing.T) {
	edges(t, func(t *testing.T, _ environment.Environment, edge template, _ map[string]template) {
		c := configOf(t, edge)
		other := c["DefaultCacheBehavior"].(map[string]any)
		for key, want := range map[string]any{
			"CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "OriginRequestPolicyId": "216adef6-5c7f-47e4-b989-5492eafa07d3", "Compress": false, "ViewerProtocolPolicy": "redirect-to-https",
		} {
			if other[key] != want {
				t.Errorf("of all other paths %s is %v, want %v", key, other[key], want)
			}
		}
		if methods := other["AllowedMethods"].([]any); len(methods) != 7 {
			t.Errorf("methods that pass: %v", methods)
		}
		var paths []string
		for _, b := range c["CacheBehaviors"].([]any) {
			one := b.(map[string]any)
			paths = append(paths, one["PathPattern"].(string))
			if one["PathPattern"] == "/" { // TestTheLandingPageIsKeptByAllThatItDependsOn
				continue
			}
			if one["OriginRequestPolicyId"] != nil || one["ResponseHeadersPolicyId"] == nil || one["ViewerProtocolPolicy"] != "redirect-to-https" {
				t.Errorf("%s: what is kept depends on who asked: %v", one["PathPattern"], one)
			}
		}
		if diff := cmp.Diff([]string{"/static/*", "/api/v1/docs-*.css", "/api/v1/taxonomy/*", "/"}, paths); diff != "" {
			t.Errorf("what is kept (-want +got):\n%s", diff)
		}
		for name, p := range edge.of("AWS::CloudFront::CachePolicy") {
			of := p.Properties["CachePolicyConfig"].(map[string]any)
			if name == "Landing" {
				continue
			}
			if of["MinTTL"] != 0.0 || of["DefaultTTL"] != 0.0 || !strings.Contains(p.text, `"CookieBehavior":"none"`) || !strings.Contains(p.text, `"HeaderBehavior":"none"`) {
				t.Errorf("%s keeps what the answer does not say, or by who asked: %s", name, p.text)
			}
		}
		codes := map[float64]bool{}
		for _, r := range c["CustomErrorResponses"].([]any) {
			one := r.(map[string]any)
			codes[one["ErrorCode"].(float64)] = one["ErrorCachingMinTTL"] == 0.0
		}
		for _, code := range []float64{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504} { // all that CloudFront keeps
			if !codes[code] {
				t.Errorf("CloudFront keeps answers of %v", code)
			}
		}
	})
}

// TestTheProgramSaysWhatIsKept finds in the program's own source that the paths which are kept are
// those that it lets be kept.
func TestTheProgramSaysWhatIsKept(t *testing.T) {
	var files []string
	for _, dir := range []string{"web", "api", "httpx"} {
		found, err := filepath.Glob(filepath.Join("../../internal", dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	var public []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") && strings.Contains(string(text), `"public, max-age`) {
			public = append(public, filepath.Base(file))
		}
	}
	slices.Sort(public)
	if diff := cmp.Diff([]string{"api.go", "assets.go", "shared.go", "taxonomy.go"}, public); diff != "" {
		t.Errorf("what may be kept: say in sameForAll, or in newLanding, whether the edge does (-want +got):\n%s", diff)
	}
}

// TestStreamsLast compares how long CloudFront and the load balancer bear silence with how often
// a stream of events says something, and with each other.
func TestStreamsLast(t *testing.T) {
	text, err := os.ReadFile("../../internal/web/live.go")
	if err != nil || !strings.Contains(string(text), "streamBeat    = 15 * time.Second") {
		t.Fatalf("how often does a stream say something? %v", err)
	}
	const beats = 15.
	edges(t, func(t *testing.T, e environment.Environment, edge template, all map[string]template) {
		o := configOf(t, edge)["Origins"].([]any)[0].(map[string]any)["CustomOriginConfig"].(map[string]any)
		silent, idle := o["OriginReadTimeout"].(float64), o["OriginKeepaliveTimeout"].(float64)
		balancer := only(t, all["enishi-"+e.Name+"-service"], "AWS::ElasticLoadBalancingV2::LoadBalancer").text
		if silent < 2*beats || silent > 60 || idle >= 60 || !strings.Contains(balancer, `{"Key":"idle_timeout.timeout_seconds","Value":"60"}`) {
			t.Errorf("CloudFront bears %v s of silence and keeps a connection %v s; the load balancer: %s", silent, idle, balancer)
		}
		if o["OriginProtocolPolicy"] != "https-only" || fmt.Sprint(o["OriginSSLProtocols"]) != "[TLSv1.2]" {
			t.Errorf("the load balancer is asked by %v", o)
		}
	})
}

// TestTheClientIsCountedFromTheEnd holds that two proxies add to X-Forwarded-For: CloudFront the
// client's address, and the load balancer CloudFront's.
func TestTheClientIsCountedFromTheEnd(t *testing.T) {
	edges(t, func(t *testing.T, e environment.Environment, _ template, all map[string]template) {
		for name, task := range runs(all, e.Name).of("AWS::ECS::TaskDefinition") {
			if !strings.Contains(task.text, `{"Name":"ENISHI_PROXIES","Value":"2"}`) {
				t.Errorf("%s counts others", name)
			}
		}
		for _, b := range all["enishi-"+e.Name+"-service"].of("AWS::ElasticLoadBalancingV2::LoadBalancer") {
			if strings.Contains(b.text, "xff_header_processing") {
				t.Errorf("the load balancer does otherwise than add: %s", b.text)
			}
		}
	})
}

// TestTheFilter holds what is refused, what is only counted, and what is written of it.
func TestTheFilter(t *testing.T) {
	edges(t, func(t *testing.T, e environment.Environment, edge template, _ map[string]template) {
		acl := only(t, edge, "AWS::WAFv2::WebACL")
		if acl.Properties["Scope"] != "CLOUDFRONT" || !strings.Contains(fmt.Sprint(configOf(t, edge)["WebACLId"]), "Filter") {
			t.Errorf("nothing is filtered: %s", acl.text)
		}
		got := map[string][]string{}
		for _, r := range acl.Properties["Rules"].([]any) {
			rule := r.(map[string]any)
			statement := rule["Statement"].(map[string]any)
			if rate, ok := statement["RateBasedStatement"].(map[string]any); ok {
				if rate["AggregateKeyType"] != "IP" || rate["Limit"] != 10000.0 || rate["EvaluationWindowSec"] != 300.0 || rule["Action"].(map[string]any)["Block"] == nil {
					t.Errorf("the rate: %v", rule)
				}
				continue
			}
			group := statement["ManagedRuleGroupStatement"].(map[string]any)
			if fmt.Sprint(rule["OverrideAction"]) != "map[None:map[]]" {
				t.Errorf("%v is counted as a whole", group["Name"])
			}
			name := strings.TrimPrefix(group["Name"].(string), "AWSManagedRules")
			got[name] = nil
			overrides, _ := group["RuleActionOverrides"].([]any)
			for _, o := range overrides {
				got[name] = append(got[name], o.(map[string]any)["Name"].(string))
			}
		}
		want := map[string][]string{
			"AmazonIpReputationList": nil, "KnownBadInputsRuleSet": nil,
			"CommonRuleSet": {"SizeRestrictions_BODY", "SizeRestrictions_QUERYSTRING", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY"},
			"SQLiRuleSet":   {"SQLi_BODY", "SQLiExtendedPatterns_BODY"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("groups, and what of them is counted (-want +got):\n%s", diff)
		}
		if strings.Contains(acl.text, `"SampledRequestsEnabled":true`) {
			t.Error("whole requests are kept as samples")
		}
		log := only(t, edge, "AWS::WAFv2::LoggingConfiguration").text
		for _, part := range []string{`{"SingleHeader":{"Name":"authorization"}}`, `{"SingleHeader":{"Name":"cookie"}}`, `{"SingleHeader":{"Name":"referer"}}`, `{"QueryString":{}}`, `"DefaultBehavior":"DROP"`, `{"ActionCondition":{"Action":"BLOCK"}}`} {
			if !strings.Contains(log, part) {
				t.Errorf("what is written of refusals has no %s: %s", part, log)
			}
		}
		if group := only(t, edge, "AWS::Logs::LogGroup"); !strings.HasPrefix(group.Properties["LogGroupName"].(string), "aws-waf-logs-") || group.Properties["RetentionInDays"] != float64(e.LogDays) || group.Properties["KmsKeyId"] == nil {
			t.Errorf("refusals are written to %s", group.text)
		}
		fields := fmt.Sprint(only(t, edge, "AWS::Logs::Delivery").Properties["RecordFields"])
		if !strings.Contains(fields, "cs-uri-stem") || regexp.MustCompile(`(?i)query|cookie|referer`).MatchString(fields) {
			t.Errorf("lines about requests have %s", fields)
		}
	})
}

// TestTheName leads to CloudFront alone, is asked from outside, and people hear of it, also past
// the function that tells them.
func TestTheName(t *testing.T) {
	edges(t, func(t *testing.T, e environment.Environment, edge template, all map[string]template) {
		c := configOf(t, edge)
		for key, want := range map[string]string{"Aliases": "[" + e.Domain + "]", "HttpVersion": "http2and3", "IPV6Enabled": "true"} {
			if fmt.Sprint(c[key]) != want {
				t.Errorf("%s is %v, want %s", key, c[key], want)
			}
		}
		if v := c["ViewerCertificate"].(map[string]any); v["MinimumProtocolVersion"] != "TLSv1.2_2021" || v["SslSupportMethod"] != "sni-only" {
			t.Errorf("TLS: %v", v)
		}
		var kinds []string
		for _, r := range edge.of("AWS::Route53::RecordSet") {
			kinds = append(kinds, r.Properties["Type"].(string))
			if r.Properties["Name"] != e.Domain+"." || !strings.Contains(r.text, `"DNSName":{"Fn::GetAtt":["Distribution","DomainName"]},"HostedZoneId":"Z2FDTNDATAQYW2"`) {
				t.Errorf("a name is %s", r.text)
			}
		}
		slices.Sort(kinds)
		if !slices.Equal(kinds, []string{"A", "AAAA"}) {
			t.Errorf("names of the kinds %q", kinds)
		}
		check := only(t, edge, "AWS::Route53::HealthCheck").text
		for _, part := range []string{`"Type":"HTTPS"`, `"FullyQualifiedDomainName":"` + e.Domain + `"`, `"ResourcePath":"/readyz"`, `"EnableSNI":true`} {
			if !strings.Contains(check, part) {
				t.Errorf("it is asked otherwise than by %s: %s", part, check)
			}
		}
		alarm := only(t, edge, "AWS::CloudWatch::Alarm")
		if alarm.Properties["AlarmName"] != "Enishi-"+e.Name+"-EdgeAway" || alarm.Properties["TreatMissingData"] != "breaching" || !strings.Contains(alarm.text, `"AlarmActions":[{"Ref":"Topic`) {
			t.Errorf("the alarm: %s", alarm.text)
		}
		heard := map[string]int{}
		for _, s := range edge.of("AWS::SNS::Subscription") {
			heard[s.Properties["Protocol"].(string)]++
			if s.Properties["Protocol"] == "lambda" && !strings.Contains(s.text, ":lambda:"+e.Region+":") {
				t.Errorf("a function of another region hears: %s", s.text)
			}
		}
		if diff := cmp.Diff(map[string]int{"lambda": 1, "email": len(e.Told.To)}, heard); diff != "" {
			t.Errorf("who hears (-want +got):\n%s", diff)
		}
		if !has(all["enishi-"+e.Name+"-alarms"], "AWS::Lambda::Permission", `:sns:us-east-1:"`) {
			t.Error("the topic of the edge may not start the function")
		}
		if !has(all["enishi-"+e.Name+"-base"], "AWS::S3::BucketPolicy", `/CloudFront/*`) {
			t.Error("CloudFront's lines may not be delivered")
		}
	})
}

// TestTheNameLeadsElsewhere describes an environment whose name is still another's.
func TestTheNameLeadsElsewhere(t *testing.T) {
	e := environment.All()[2]
	e.Elsewhere = true
	all, _ := synthesised(t, e)
	edge := all["enishi-prod-edge"]
	only(t, edge, "AWS::CloudFront::Distribution")
	for _, kind := range []string{"AWS::Route53::RecordSet", "AWS::Route53::HealthCheck", "AWS::CloudWatch::Alarm", "AWS::SNS::Topic"} {
		if n := len(edge.of(kind)); n > 0 {
			t.Errorf("%d of %s", n, kind)
		}
	}
}

// TestRegions finds nothing in the edge that another stack exports: it is in another region.
func TestRegions(t *testing.T) {
	edges(t, func(t *testing.T, _ environment.Environment, edge template, _ map[string]template) {
		for name, r := range edge.Resources {
			if strings.Contains(r.text, "Fn::ImportValue") {
				t.Errorf("%s imports what is exported elsewhere: %s", name, r.text)
			}
		}
		if got := len(edge.Parameters); got != 2 {
			t.Errorf("it is given %d parameters, want the zone and the bucket of lines", got)
		}
	})
}
