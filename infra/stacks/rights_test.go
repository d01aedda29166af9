package stacks_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// beyond are rights that the registry's own lists leave out and AWS asks for all the same, by whatever its
// guides say.
func beyond() []string {
	return []string{
		"AWS::CloudFront::Distribution cloudfront:UpdateDistribution",            // one is disabled before it is deleted
		"AWS::EFS::MountTarget ec2:CreateNetworkInterface",                       // in the name of whoever asks
		"AWS::ElasticLoadBalancingV2::LoadBalancer iam:CreateServiceLinkedRole",  // the first one of an account
		"AWS::ECS::Service ecs:UpdateService",                                    // one has no tasks before it is deleted
		"AWS::Logs::DeliverySource cloudfront:AllowVendedLogDeliveryForResource", // what the source is of
	}
}

// registry gives what cfn-lint knows of CloudFormation's registry: which rights making, removing and reading a type asks
// for, in small letters, by the type and what is done. Where cfn-lint is not there, the test is skipped.
func registry(t *testing.T) map[string]map[string][]string {
	t.Helper()
	data := filepath.Join("..", "..", "bin", "infra-test")
	if _, err := os.Stat(data); err != nil {
		t.Skipf("scripts/infra-test installs cfn-lint: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(data, "lib", "python3*", "site-packages", "cfnlint", "data", "schemas", "resources", "*.json"))
	if err != nil || len(files) < 1000 {
		t.Fatalf("%d types in cfn-lint: %v", len(files), err)
	}
	out := map[string]map[string][]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var of struct {
			TypeName string
			Handlers map[string]struct{ Permissions []string }
		}
		if err := json.Unmarshal(text, &of); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[of.TypeName] = map[string][]string{}
		for handler, asks := range of.Handlers {
			for _, action := range asks.Permissions {
				out[of.TypeName][handler] = append(out[of.TypeName][handler], strings.ToLower(action))
			}
		}
	}
	return out
}

// TestRightsAreOnesOfAWS holds the table of rights that are asked for before an environment is made
// (internal/environ/rights.txt) to what cfn-lint knows of AWS: the lists of CloudFormation's registry of what making and
// removing a type asks for. A name that is no action would be refused to everybody.
func TestRightsAreOnesOfAWS(t *testing.T) {
	known := registry(t)
	table, err := os.ReadFile("../../internal/environ/rights.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines, left := 0, beyond()
	for line := range strings.Lines(string(table)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		lines++
		asked := slices.Concat(known[words[0]]["create"], known[words[0]]["delete"])
		if len(asked) == 0 {
			t.Errorf("cfn-lint knows no rights of %s", words[0])
		}
		for _, action := range words[1:] {
			if slices.Contains(asked, strings.ToLower(action)) {
				continue
			}
			if n := slices.Index(left, words[0]+" "+action); n >= 0 {
				left = slices.Delete(left, n, n+1)
			} else {
				t.Errorf("neither making nor removing %s asks for %s, by CloudFormation's registry", words[0], action)
			}
		}
	}
	if lines < 70 || len(left) > 0 {
		t.Errorf("%d lines, and without need among the exceptions: %q", lines, left)
	}
}
