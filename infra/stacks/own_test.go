package stacks_test

import (
	"fmt"
	"strings"
	"testing"

	"enishi/infra/environment"
)

// TestOwnMetricsAreOfTheirEnvironment finds the environment among what each task is told, and
// as a dimension of every own metric that an alarm or the dashboard asks for.
func TestOwnMetricsAreOfTheirEnvironment(t *testing.T) {
	for _, e := range environment.All() {
		all, _ := synthesised(t, e)
		for name, d := range runs(all, e.Name).of("AWS::ECS::TaskDefinition") {
			if want := `{"Name":"ENISHI_ENVIRONMENT","Value":"` + e.Name + `"}`; !strings.Contains(d.text, want) {
				t.Errorf("%s: %s is not told %s", e.Name, name, want)
			}
		}
		found := 0
		for name, a := range all["enishi-"+e.Name+"-alarms"].of("AWS::CloudWatch::Alarm") {
			queries, _ := a.Properties["Metrics"].([]any)
			for _, q := range queries {
				stat, _ := q.(map[string]any)["MetricStat"].(map[string]any)
				metric, _ := stat["Metric"].(map[string]any)
				if metric["Namespace"] != "Enishi" {
					continue
				}
				found++
				dimensions, _ := metric["Dimensions"].([]any)
				if first, _ := dimensions[0].(map[string]any); first["Name"] != "environment" || first["Value"] != e.Name {
					t.Errorf("%s: %s asks for %v", e.Name, name, metric)
				}
			}
		}
		if found < 10 {
			t.Errorf("%s: alarms ask for %d own metrics", e.Name, found)
		}
		for _, d := range all["enishi-"+e.Name+"-alarms"].of("AWS::CloudWatch::Dashboard") {
			for _, part := range strings.Split(d.text, `\\\"Enishi\\\"`)[1:] {
				if before, _, _ := strings.Cut(part, "{"); !strings.Contains(before, "environment") {
					t.Errorf("%s: the dashboard asks for %s of all environments", e.Name, before)
				}
			}
		}
	}
}

// TestTheProgramReadsOneSecret finds what the program itself may read in Secrets Manager: the
// password that RDS changes, and no other, but for tasks that run once, which a restore has read the cluster beside;
// and that each task is told of it.
func TestTheProgramReadsOneSecret(t *testing.T) {
	for _, e := range environment.All() {
		all, _ := synthesised(t, e)
		service := runs(all, e.Name)
		found, besides := 0, 0
		for name, p := range service.of("AWS::IAM::Policy") {
			if !strings.HasPrefix(name, "TasksMay") && !strings.HasPrefix(name, "WorkMay") {
				continue
			}
			for _, one := range p.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
				s := one.(map[string]any)
				if !strings.Contains(fmt.Sprint(s["Action"]), "secretsmanager:") {
					continue
				}
				if name, beside := strings.CutPrefix(name, "WorkMay"); beside && s["Condition"] != nil {
					besides++
					text := fmt.Sprint(s["Condition"])
					if s["Action"] != "secretsmanager:GetSecretValue" || !strings.Contains(fmt.Sprint(s["Resource"]), ":secret:rds!cluster-*") ||
						!strings.Contains(text, "StringEquals") || !strings.Contains(text, "secretsmanager:ResourceTag/aws:rds:primaryDBClusterArn") || !strings.Contains(text, ":cluster:enishi-"+e.Name+"-restored]") {
						t.Errorf("%s: tasks that run once (%s) may %v on %v if %v", e.Name, name, s["Action"], s["Resource"], s["Condition"])
					}
					continue
				}
				found++
				if s["Action"] != "secretsmanager:GetSecretValue" || !strings.Contains(fmt.Sprint(s["Resource"]), "DataDatabase") || !strings.Contains(fmt.Sprint(s["Resource"]), "MasterUserSecret") {
					t.Errorf("%s: the program may %v on %v", e.Name, s["Action"], s["Resource"])
				}
			}
		}
		if besides != 1 {
			t.Errorf("%s: %d statements let tasks read what a restore makes, want one", e.Name, besides)
		}
		if found != 2 {
			t.Errorf("%s: %d statements let the program read secrets, want one for services and jobs, and one for tasks that run once", e.Name, found)
		}
		for name, d := range service.of("AWS::ECS::TaskDefinition") {
			if !strings.Contains(d.text, `{"Name":"ENISHI_DATABASE_SECRET_ARN","Value":{"Fn::ImportValue":"`) {
				t.Errorf("%s: %s is not told where the password is", e.Name, name)
			}
		}
	}
}
