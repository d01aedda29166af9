package stacks_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"enishi/infra/environment"
)

// compared gives the types of which enishi deploy --plan has CloudFormation compare what is there (internal/deploy).
func compared(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../internal/deploy/testdata/compared.golden")
	if err != nil {
		t.Fatal(err)
	}
	kinds := strings.Fields(string(text))
	if len(kinds) < 6 {
		t.Fatalf("only %q is compared", kinds)
	}
	return kinds
}

// TestWhatIsComparedIsInOneStack finds every type that is compared in the stack of services, and in no other, since a
// deployment lists that one alone.
func TestWhatIsComparedIsInOneStack(t *testing.T) {
	for _, e := range environment.All() {
		all, _ := synthesised(t, e)
		for _, kind := range compared(t) {
			for name, one := range all {
				if many := len(one.of(kind)); many > 0 != (name == "enishi-"+e.Name+"-service") {
					t.Errorf("%s has %d of %s", name, many, kind)
				}
			}
		}
	}
}

// TestDeployerMayCompare finds with the role that deploys each right that reading these types asks for, by CloudFormation's
// registry: CloudFormation reads them in the name of whoever asks. It has no other right on what it only reads.
func TestDeployerMayCompare(t *testing.T) {
	known := registry(t)
	everywhere(t, func(t *testing.T, _ environment.Environment, _, service template) {
		has, reads := map[string]bool{}, map[string]bool{}
		for right := range deployerHas(t, service) {
			has[strings.ToLower(right)] = true
		}
		for _, kind := range compared(t) {
			if len(known[kind]["read"]) == 0 {
				t.Errorf("cfn-lint knows nothing of reading %s", kind)
			}
			for _, right := range known[kind]["read"] {
				reads[right] = true
				if !has[right] {
					t.Errorf("the deployer may not %s, so that no %s is compared", right, kind)
				}
			}
		}
		for right := range has {
			of, _, _ := strings.Cut(right, ":")
			if slices.Contains([]string{"application-autoscaling", "elasticloadbalancing"}, of) && !reads[right] {
				t.Errorf("the deployer may %s, for which nothing asks", right)
			}
		}
		if !has["cloudformation:batchdescribetypeconfigurations"] {
			t.Error("CloudFormation's guide asks for one more right for whatever is compared")
		}
	})
}
