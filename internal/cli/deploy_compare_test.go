package cli_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/cli"
	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/golden"
)

// untouched is an account that is as it was made, in which nobody waits long.
func untouched() *deploytest.Account {
	a := deploytest.New("staging")
	a.Pace = 20
	return a
}

// byHand is one in which somebody has changed settings on which deployments depend.
func byHand() *deploytest.Account {
	a := untouched()
	a.Alter("WebService", func(p map[string]any) {
		p["DeploymentConfiguration"].(map[string]any)["BakeTimeInMinutes"] = 0
		p["HealthCheckGracePeriodSeconds"] = 600
	})
	a.Alter("WebScaling", func(p map[string]any) { p["MaxCapacity"] = 99 })
	a.Alter("Blue", func(p map[string]any) {
		p["TargetGroupAttributes"].([]any)[0].(map[string]any)["Value"] = "300"
	})
	a.Alter("ProductionRule", func(p map[string]any) {
		forward := p["Actions"].([]any)[0].(map[string]any)["ForwardConfig"].(map[string]any)
		forward["TargetGroups"].([]any)[1].(map[string]any)["Weight"] = 1
	})
	a.Alter("ProductionInside", func(p map[string]any) { delete(p, "Conditions") })
	a.Remove("WebByCpu")
	return a
}

// planned gives what a deployment prints that ends before it changes anything, and how it ends.
func planned(t *testing.T, a *deploytest.Account, trouble func(int, string) deploytest.Trouble, args ...string) (code int, out, err string) {
	t.Helper()
	settings := a.Config(trouble)
	var printed, told bytes.Buffer
	w := cli.System()
	w.AWS, w.In, w.Out, w.Err = &settings, strings.NewReader(""), &printed, &told
	code = cli.Run(append([]string{"deploy", "staging"}, args...), w)
	return code, printed.String(), told.String()
}

// deny denies every comparison of a resource.
func deny(_ int, operation string) deploytest.Trouble {
	if operation == "cloudformation:DetectStackResourceDrift" {
		return deploytest.Denied
	}
	return deploytest.None
}

// TestDeployShowsWhatWasChangedByHand prints a plan: everything, and in a deployment only what it would overwrite.
func TestDeployShowsWhatWasChangedByHand(t *testing.T) {
	known, err := filepath.Abs("testdata/deploy_plan.golden")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(smallProject(t))
	var all strings.Builder
	for _, tt := range []struct {
		name    string
		account *deploytest.Account
		trouble func(int, string) deploytest.Trouble
		args    []string
		code    int
	}{
		{"a plan", byHand(), nil, []string{"--plan"}, 0},
		{"a plan of what nobody has changed", untouched(), nil, []string{"--plan"}, 0},
		{"a plan that may not compare", byHand(), deny, []string{"--plan"}, 0},
		{"a deployment, which nobody confirms", byHand(), nil, []string{"--why", "a test"}, 2},
		{"a deployment that may not compare", byHand(), deny, []string{"--why", "a test"}, 2},
	} {
		code, out, err := planned(t, tt.account, tt.trouble, tt.args...)
		if code != tt.code || out != "" {
			t.Errorf("%s = %d, %q\n%s", tt.name, code, out, err)
		}
		before, _, ok := strings.Cut(err, "Next: ") // after which is what is checked out here
		if !ok {
			t.Errorf("%s ends without what comes next: %s", tt.name, err)
		}
		all.WriteString("# " + tt.name + "\n" + before + "\n")
	}
	golden.Assert(t, known, all.String())
}

// TestPlanAsJSONHasTheComparison reads what the plan is said to have, in a field that "status" leaves out.
func TestPlanAsJSONHasTheComparison(t *testing.T) {
	t.Chdir(smallProject(t))
	code, out, _ := planned(t, byHand(), nil, "--plan", "--json")
	var p deploy.Plan
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 || p.Compared == nil || len(p.Compared.Changed) != 6 || len(p.Compared.Unknown) != 0 {
		t.Fatalf("%d, %v: %s", code, err, out)
	}
	want := deploy.Changed{
		Type: "AWS::ApplicationAutoScaling::ScalableTarget", Name: "WebScaling", ID: "service/enishi-staging/web|ecs:service:DesiredCount|ecs",
		Settings: []deploy.Setting{{Setting: "MaxCapacity", Template: "9", Account: "99"}},
	}
	if diff := cmp.Diff(want, p.Compared.Changed[4]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	settings := byHand().Config(nil)
	var status bytes.Buffer
	w := cli.System()
	w.AWS, w.Out, w.Err = &settings, &status, &bytes.Buffer{}
	if code := cli.Run([]string{"deploy", "status", "staging", "--json"}, w); code != 0 || strings.Contains(status.String(), `"compared"`) {
		t.Errorf("status = %d: %s", code, status.String())
	}
}
