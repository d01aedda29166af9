package stacks_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
	"enishi/infra/program"
)

// TestTheLandingPageIsKeptByAllThatItDependsOn holds that CloudFront tells kept landing pages apart
// by every cookie that the program knows, and by the query but for marks of advertisers, that the program gets nothing to look at by which they
// are not told apart, that nothing is kept which it does not say, and that no browser keeps any.
func TestTheLandingPageIsKeptByAllThatItDependsOn(t *testing.T) {
	p, err := program.Read()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.Cookies); n == 0 || n > 10 {
		t.Fatalf("the program knows %d cookies; CloudFront takes ten", n)
	}
	var cookies []any
	for _, name := range p.Cookies {
		cookies = append(cookies, name)
	}
	edges(t, func(t *testing.T, e environment.Environment, edge template, _ map[string]template) {
		name := "enishi-" + e.Name + "-landing"
		want := map[string]any{
			"Landing": map[string]any{"CachePolicyConfig": map[string]any{
				"Name": name, "Comment": "as long as the answer says, by all that it depends on", "MinTTL": 0.0, "DefaultTTL": 0.0, "MaxTTL": 60.0,
				"ParametersInCacheKeyAndForwardedToOrigin": map[string]any{
					"CookiesConfig":              map[string]any{"CookieBehavior": "whitelist", "Cookies": cookies},
					"HeadersConfig":              map[string]any{"HeaderBehavior": "whitelist", "Headers": []any{"Accept-Language", "Enishi-Deployment"}},
					"QueryStringsConfig":         map[string]any{"QueryStringBehavior": "allExcept", "QueryStrings": []any{"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "gclid", "fbclid", "yclid", "msclkid", "ttclid"}},
					"EnableAcceptEncodingGzip":   true,
					"EnableAcceptEncodingBrotli": false,
				},
			}},
			"LandingAsked": map[string]any{"OriginRequestPolicyConfig": map[string]any{
				"Name": name, "Comment": "besides what tells kept pages apart", "CookiesConfig": map[string]any{"CookieBehavior": "none"},
				"HeadersConfig": map[string]any{"HeaderBehavior": "whitelist", "Headers": []any{"Accept"}}, "QueryStringsConfig": map[string]any{"QueryStringBehavior": "none"},
			}},
			"LandingTold": map[string]any{"ResponseHeadersPolicyConfig": map[string]any{
				"Name": name, "Comment": "no browser keeps it",
				"CustomHeadersConfig": map[string]any{"Items": []any{map[string]any{"Header": "Cache-Control", "Value": "no-store", "Override": true}}},
			}},
			"/": map[string]any{
				"PathPattern": "/", "TargetOriginId": "balancer", "ViewerProtocolPolicy": "redirect-to-https", "Compress": false,
				"AllowedMethods": []any{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}, "CachedMethods": []any{"GET", "HEAD"},
				"CachePolicyId": map[string]any{"Ref": "Landing"}, "OriginRequestPolicyId": map[string]any{"Ref": "LandingAsked"}, "ResponseHeadersPolicyId": map[string]any{"Ref": "LandingTold"},
			},
		}
		got := map[string]any{}
		for name, r := range edge.Resources {
			if strings.HasPrefix(name, "Landing") {
				got[name] = r.Properties
			}
		}
		c := configOf(t, edge)
		for _, b := range c["CacheBehaviors"].([]any) {
			if one := b.(map[string]any); one["PathPattern"] == "/" {
				got["/"] = one
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the landing page is kept otherwise (-want +got):\n%s", diff)
		}
		if root, ok := c["DefaultRootObject"]; ok {
			t.Errorf("/ is another path: %v", root)
		}
	})
}

// TestTheLandingPageIsKeptAsLongAsItSays compares the longest that CloudFront keeps the landing
// page with what the program says of it.
func TestTheLandingPageIsKeptAsLongAsItSays(t *testing.T) {
	text, err := os.ReadFile("../../internal/web/shared.go")
	if err != nil || !strings.Contains(string(text), `"public, max-age=0, s-maxage=60, stale-if-error=0"`) {
		t.Errorf("how long may the landing page be kept? %v", err)
	}
}
