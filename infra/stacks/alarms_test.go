package stacks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
	"enishi/infra/program"
)

// TestEveryAlarmIsInTheTable compares the alarms of every template with the table from which
// messages are written (internal/alarm: its alarms and those Elsewhere): none tells people what no page says,
// and none of the table is missing. The budget, a copy and a rehearsal that failed are no alarms of CloudWatch; parts
// of an alarm tell nobody, nor does the one under which a deployment goes back.
func TestEveryAlarmIsInTheTable(t *testing.T) {
	table, err := program.Alarms()
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	parts := []string{"DeploymentFails"}
	for _, a := range table {
		if !slices.Contains([]string{"Budget", "BackupFailed", "RestoreFailed"}, a.Name) {
			told = append(told, a.Name)
		}
		for _, p := range a.Parts {
			parts = append(parts, p.Name)
		}
	}
	if len(told) < 20 || len(parts) < 2 {
		t.Fatalf("the table has %q, and parts %q", told, parts)
	}
	for _, e := range environment.All() {
		for _, capacity := range environment.Capacities() {
			e.Capacity = capacity
			all, _ := synthesised(t, e)
			var telling, silent []string
			for stack, one := range all {
				for _, kind := range []string{"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"} {
					for id, r := range one.of(kind) {
						name, ours := strings.CutPrefix(nameOf(r), "Enishi-"+e.Name+"-")
						if !ours {
							t.Errorf("%s: %s is named %q", stack, id, r.Properties["AlarmName"])
						}
						if actions, _ := r.Properties["AlarmActions"].([]any); len(actions) > 0 {
							telling = append(telling, name)
						} else {
							silent = append(silent, name)
						}
					}
				}
			}
			want := slices.Clone(told)
			if e.Elsewhere {
				want = slices.DeleteFunc(want, func(name string) bool { return name == "EdgeAway" })
			}
			for what, of := range map[string][2][]string{"tell people": {want, telling}, "tell nobody": {parts, silent}} {
				slices.Sort(of[0])
				slices.Sort(of[1])
				if diff := cmp.Diff(of[0], of[1]); diff != "" {
					t.Errorf("%s on %s: alarms that %s (-table +templates):\n%s", e.Name, capacity, what, diff)
				}
			}
		}
	}
}

// nameOf gives an alarm's name, whether it stands there or is put together.
func nameOf(r resource) string {
	name := r.Properties["AlarmName"]
	if sub, ok := name.(map[string]any); ok {
		name = sub["Fn::Sub"]
	}
	text, _ := name.(string)
	return text
}
