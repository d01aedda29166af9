package stacks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
	"enishi/infra/scaling"
	"enishi/infra/stacks"
)

// scaled gives the target and the policies of a service, as a template has them.
func scaled(t *testing.T, service template, name string) (target resource, policies map[string]map[string]any) {
	t.Helper()
	policies = map[string]map[string]any{}
	for id, r := range service.of("AWS::ApplicationAutoScaling::ScalableTarget") {
		if !strings.Contains(r.text, `"/`+name+`"`) {
			continue
		}
		if target.Type != "" {
			t.Errorf("%s is scaled twice", name)
		}
		target = r
		for _, p := range service.of("AWS::ApplicationAutoScaling::ScalingPolicy") {
			if p.Properties["ScalingTargetId"].(map[string]any)["Ref"] == id {
				policies[p.Properties["PolicyName"].(string)] = p.Properties["TargetTrackingScalingPolicyConfiguration"].(map[string]any)
			}
		}
	}
	if target.Type == "" {
		t.Fatalf("%s is not scaled", name)
	}
	return target, policies
}

// TestWhatIsSimulatedIsDeployed compares the policies with the table that the simulation replays
// days against, and their targets with figures that are written here once more.
func TestWhatIsSimulatedIsDeployed(t *testing.T) {
	everywhere(t, func(t *testing.T, e environment.Environment, _, service template) {
		perCore := 24_000. // requests a minute: two fifths of a thousand a second
		known := map[string]float64{"web-cpu": 40, "web-requests": perCore * float64(e.WebPower.CPU) / 1024, "web-cpu-held": 40, "web-requests-held": perCore * float64(e.WebPower.CPU) / 1024, "worker-cpu": 60, "worker-queue": 10}
		for name, table := range map[string][]scaling.Policy{"web": scaling.Web(e.WebPower.CPU), "worker": scaling.Worker()} {
			_, got := scaled(t, service, name)
			want := map[string]map[string]any{}
			for _, p := range table {
				of := map[string]any{"TargetValue": p.Target, "ScaleOutCooldown": p.Out.Seconds(), "ScaleInCooldown": p.In.Seconds()}
				if want[name+"-"+p.Name] = of; known[name+"-"+p.Name] != p.Target {
					t.Errorf("%s is held at %v of %s, want %v", name, p.Target, p.Name, known[name+"-"+p.Name])
				}
			}
			for policy, p := range got {
				figure := "PredefinedMetricSpecification"
				if !strings.HasSuffix(policy, "-cpu") {
					figure = "CustomizedMetricSpecification"
				}
				for _, text := range looksAt(e, policy, known[policy]) {
					if asked := fmt.Sprint(p[figure]); !strings.Contains(asked, text) {
						t.Errorf("%s looks at %v, want %q in it", policy, asked, text)
					}
				}
				delete(p, figure)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("policies of %s (-want +got):\n%s", name, diff)
			}
		}
	})
}

// looksAt gives texts that the figure of a policy has. What holds tasks is computed here as
// CloudWatch reads it, with the number written once more.
func looksAt(e environment.Environment, policy string, target float64) []string {
	requests := []string{"AWS/ApplicationELB", "RequestCount", "ECS/ContainerInsights", "RunningTaskCount"}
	switch name := policy[strings.Index(policy, "-")+1:]; name {
	case "cpu":
		return []string{"PredefinedMetricType:ECSServiceAverageCPUUtilization"}
	case "cpu-held":
		return []string{"AWS/ECS", "CPUUtilization", "ServiceName Value:web", fmt.Sprintf("[Expression:IF(cpu * 1.05 > %v, %v, cpu * 1.05) Id:held ReturnData:true]", target, target)}
	case "requests":
		return append(requests, "[Expression:requests / tasks Id:each ReturnData:true]")
	case "requests-held":
		return append(requests, fmt.Sprintf("[Expression:IF(requests / tasks * 1.05 > %v, %v, requests / tasks * 1.05) Id:held ReturnData:true]", target, target))
	case "queue":
		return []string{"enishi_matcher_queue_age_seconds", "environment Value:" + e.Name, "Maximum"}
	}
	return []string{"no policy of that name"}
}

// TestASpikeIsAnnounced asks for more web tasks in time, in Tokyo's time, and afterwards for as many as operators
// chose; workers are left alone.
func TestASpikeIsAnnounced(t *testing.T) {
	e, err := environment.Find("prod")
	if err != nil {
		t.Fatal(err)
	}
	e.Spikes = []environment.Spike{{Name: "tv", From: "2026-12-24T19:45:00", To: "2026-12-24T21:00:00", Least: 16}}
	all, _ := synthesised(t, e)
	service := all["enishi-prod-service"]
	web, _ := scaled(t, service, "web")
	least := web.Properties["MinCapacity"]
	action := func(name, at string, least any) map[string]any {
		return map[string]any{"ScheduledActionName": name, "Schedule": "at(" + at + ")", "Timezone": "Asia/Tokyo", "ScalableTargetAction": map[string]any{"MinCapacity": least}}
	}
	want := []any{action("tv", "2026-12-24T19:45:00", 16.0), action("tv-over", "2026-12-24T21:00:00", least)}
	if diff := cmp.Diff(want, web.Properties["ScheduledActions"]); diff != "" {
		t.Errorf("what is scheduled (-want +got):\n%s", diff)
	}
	parameter := service.Parameters[fmt.Sprint(least.(map[string]any)["Ref"])]
	if parameter["Type"] != "AWS::SSM::Parameter::Value<String>" || parameter["Default"] != "/enishi/prod/web/least" {
		t.Errorf("afterwards there are %v at least, of %v", least, parameter)
	}
	if worker, _ := scaled(t, service, "worker"); fmt.Sprint(worker.Properties["ScheduledActions"]) != "[]" {
		t.Errorf("workers: %s", worker.text)
	}
}

// TestASpikeThatCannotBe is refused before there is a template.
func TestASpikeThatCannotBe(t *testing.T) {
	e, err := environment.Find("prod")
	if err != nil {
		t.Fatal(err)
	}
	for want, spike := range map[string]environment.Spike{
		"there may be 30 at most":  {Name: "tv", From: "2026-12-24T19:45:00", To: "2026-12-24T21:00:00", Least: 31},
		"called as the end of one": {Name: "tv-over", From: "2026-12-24T19:45:00", To: "2026-12-24T21:00:00", Least: 16},
		"accepted: a moment":       {Name: "tv", From: "19:45", To: "21:00", Least: 16},
	} {
		e.Spikes = []environment.Spike{spike}
		if err := stacks.Describe(stacks.NewApp(t.TempDir()), e, ".."); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", spike, err, want)
		}
	}
}
