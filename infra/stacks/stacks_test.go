package stacks_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
	"enishi/infra/program"
	"enishi/infra/stacks"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// template is one of CloudFormation, as far as the tests look at it.
type template struct {
	Parameters map[string]map[string]any
	Resources  map[string]resource
}

type resource struct {
	Type       string
	Properties map[string]any
	text       string // all of it, as JSON
}

// of gives the resources of a type, by name.
func (t template) of(kind string) map[string]resource {
	out := map[string]resource{}
	for name, r := range t.Resources {
		if r.Type == kind {
			out[name] = r
		}
	}
	return out
}

// synthesised gives the templates of an environment by the names of their stacks, and
// the folder in which they lie.
func synthesised(t *testing.T, e environment.Environment) (map[string]template, string) {
	t.Helper()
	dir := t.TempDir()
	app := stacks.NewApp(dir)
	if err := stacks.Describe(app, e, ".."); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	files, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d templates, %v", len(files), err)
	}
	all := map[string]template{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var one template
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatal(err)
		}
		for name, r := range one.Resources {
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			r.text = string(text)
			one.Resources[name] = r
		}
		all[strings.TrimSuffix(filepath.Base(file), ".template.json")] = one
	}
	return all, dir
}

// everywhere runs a test with the templates of every environment on every capacity.
func everywhere(t *testing.T, test func(t *testing.T, e environment.Environment, base, service template)) {
	t.Helper()
	for _, e := range environment.All() {
		for _, capacity := range environment.Capacities() {
			e.Capacity = capacity
			t.Run(e.Name+" on "+string(capacity), func(t *testing.T) {
				all, _ := synthesised(t, e)
				test(t, e, all["enishi-"+e.Name+"-base"], all["enishi-"+e.Name+"-service"])
			})
		}
	}
}

// TestADeploymentIsFast holds what the three minutes from a commit to all traffic are
// made of.
func TestADeploymentIsFast(t *testing.T) {
	everywhere(t, func(t *testing.T, e environment.Environment, _, service template) {
		groups := service.of("AWS::ElasticLoadBalancingV2::TargetGroup")
		if len(groups) != 2 {
			t.Errorf("%d target groups, want the version that serves and the next", len(groups))
		}
		for name, g := range groups {
			p := g.Properties
			if p["HealthCheckIntervalSeconds"] != 5.0 || p["HealthyThresholdCount"] != 2.0 || p["HealthCheckPath"] != "/readyz" {
				t.Errorf("%s asks every %v s, %v times, at %v", name, p["HealthCheckIntervalSeconds"], p["HealthyThresholdCount"], p["HealthCheckPath"])
			}
			if !strings.Contains(g.text, `{"Key":"deregistration_delay.timeout_seconds","Value":"30"}`) {
				t.Errorf("%s lets a task go slowly: %s", name, g.text)
			}
		}
		web := service.Resources["WebService"].Properties["DeploymentConfiguration"].(map[string]any)
		if web["Strategy"] != "CANARY" || web["BakeTimeInMinutes"] != e.Bake.Minutes() {
			t.Errorf("web is deployed by %v", web)
		}
	})
}

// TestWhatOperatorsChoseIsKept finds nothing in a template that would take back an image, a
// number of tasks or a bound that was set since.
func TestWhatOperatorsChoseIsKept(t *testing.T) {
	everywhere(t, func(t *testing.T, e environment.Environment, _, service template) {
		for name, s := range service.of("AWS::ECS::Service") {
			if n, said := s.Properties["DesiredCount"]; said {
				t.Errorf("%s says that there are %v tasks", name, n)
			}
		}
		kept := map[string]bool{}
		for name, p := range service.Parameters {
			if p["Type"] == "AWS::SSM::Parameter::Value<String>" {
				kept[p["Default"].(string)] = strings.Contains(fmt.Sprint(slices.Collect(maps.Values(service.Resources))), name)
			}
		}
		for _, want := range []string{"image", "web/least", "web/most", "worker/least", "worker/most"} {
			if path := "/enishi/" + e.Name + "/" + want; !kept[path] {
				t.Errorf("%s is not read from the account", path)
			}
		}
		for name, d := range service.of("AWS::ECS::TaskDefinition") {
			image := d.Properties["ContainerDefinitions"].([]any)[0].(map[string]any)["Image"]
			if _, said := image.(string); said {
				t.Errorf("%s says its image: %v", name, image)
			}
		}
	})
}

// TestEverySettingIsSaid finds each setting of the program in the tasks, or among those that
// are left to their default.
func TestEverySettingIsSaid(t *testing.T) {
	p, err := program.Read()
	if err != nil {
		t.Fatal(err)
	}
	all, _ := synthesised(t, environment.All()[0])
	said := map[string]bool{}
	for _, d := range all["enishi-dev-service"].of("AWS::ECS::TaskDefinition") {
		container := d.Properties["ContainerDefinitions"].([]any)[0].(map[string]any)
		for _, list := range []string{"Environment", "Secrets"} {
			for _, one := range container[list].([]any) {
				said[one.(map[string]any)["Name"].(string)] = true
			}
		}
	}
	for _, s := range p.Settings {
		if said[s.Env] == slices.Contains(stacks.Unsaid(), s.Env) {
			t.Errorf("%s is said: %t; add it to tasks.environment, or to Unsaid with a reason", s.Env, said[s.Env])
		}
		delete(said, s.Env)
	}
	for _, name := range []string{"ENISHI_VERIFY_EMAIL", "ENISHI_VERIFY_PASSWORD", "ENISHI_USER_PASSWORD"} {
		if !said[name] {
			t.Errorf("no task is told %s, which the commands verify and user take", name)
		}
		delete(said, name)
	}
	for name := range said {
		t.Errorf("the tasks are told %s, which the program does not know", name)
	}
}

// TestNothingIsKeptForEver finds the days that the table says on everything that holds lines.
func TestNothingIsKeptForEver(t *testing.T) {
	everywhere(t, func(t *testing.T, e environment.Environment, base, service template) {
		groups := slices.Concat(slices.Collect(maps.Values(base.of("AWS::Logs::LogGroup"))), slices.Collect(maps.Values(service.of("AWS::Logs::LogGroup"))))
		if len(groups) < 10 {
			t.Errorf("%d groups of logs", len(groups))
		}
		for _, g := range groups {
			if g.Properties["RetentionInDays"] != float64(e.LogDays) || g.Properties["KmsKeyId"] == nil {
				t.Errorf("a group of logs is kept %v days, want %d: %s", g.Properties["RetentionInDays"], e.LogDays, g.text)
			}
		}
	})
}

// TestCapacityIsAValue compares where tasks run with what the table says.
func TestCapacityIsAValue(t *testing.T) {
	everywhere(t, func(t *testing.T, e environment.Environment, _, service template) {
		want := map[environment.Capacity][2]string{
			environment.Fargate: {"FARGATE", "FARGATE"}, environment.FargateSpot: {"FARGATE", "FARGATE FARGATE_SPOT"}, environment.EC2: {"enishi-hosts-" + e.Name, "enishi-hosts-" + e.Name},
		}[e.Capacity]
		for i, name := range []string{"WebService", "WorkerService"} {
			var on []string
			for _, one := range service.Resources[name].Properties["CapacityProviderStrategy"].([]any) {
				on = append(on, one.(map[string]any)["CapacityProvider"].(string))
			}
			if got := strings.Join(on, " "); got != want[i] {
				t.Errorf("%s runs on %s, want %s", name, got, want[i])
			}
		}
		own := service.of("AWS::ECS::CapacityProvider")
		if (len(own) == 1) != (e.Capacity == environment.EC2) {
			t.Errorf("%d capacity providers of our own", len(own))
		}
		for _, p := range own {
			if !strings.Contains(p.text, `"ManagedDraining":"ENABLED"`) || !strings.Contains(p.text, `"Status":"ENABLED"`) {
				t.Errorf("hosts go before they are empty, or by hand: %s", p.text)
			}
		}
	})
}

// TestDoorsLetInOneRole finds out who may reach what.
func TestDoorsLetInOneRole(t *testing.T) {
	everywhere(t, func(t *testing.T, e environment.Environment, base, service template) {
		for name, r := range base.of("AWS::EC2::SecurityGroup") {
			inside, _ := r.Properties["SecurityGroupIngress"].([]any)
			if doorOf(name) == "BalancerDoor" {
				inside = others(t, e, inside)
			}
			if len(inside) > 0 {
				t.Errorf("%s lets in somebody by itself: %s", name, r.text)
			}
		}
		if more := service.of("AWS::EC2::SecurityGroupIngress"); len(more) > 0 {
			t.Errorf("the service opens %v", more)
		}
		reaches := map[string][]string{}
		for _, r := range base.of("AWS::EC2::SecurityGroupIngress") {
			to, from := doorOf(r.Properties["GroupId"]), doorOf(r.Properties["SourceSecurityGroupId"])
			if r.Properties["SourcePrefixListId"] == e.Edge {
				from = "CloudFront"
			}
			reaches[to] = append(reaches[to], from)
		}
		for _, from := range reaches {
			slices.Sort(from)
		}
		own := []string{"JobDoor", "WebDoor", "WorkerDoor"}
		want := map[string][]string{"DatabaseDoor": own, "CacheDoor": own, "EndpointDoor": own, "WebDoor": {"BalancerDoor"}, "BalancerDoor": {"CloudFront"}}
		if diff := cmp.Diff(want, reaches); diff != "" {
			t.Errorf("who reaches what (-want +got):\n%s", diff)
		}
	})
}

// others gives what lets somebody in beside the environment's own gateways, each of which may
// ask for the version that nobody is sent to yet.
func others(t *testing.T, e environment.Environment, rules []any) (more []any) {
	t.Helper()
	ways := 0
	for _, one := range rules {
		rule := one.(map[string]any)
		from := fmt.Sprint(rule["CidrIp"])
		if strings.Contains(from, "NetworkWay") && strings.Contains(from, "PublicIp") && strings.Contains(from, "/32") && rule["FromPort"] == 8443.0 && rule["ToPort"] == 8443.0 {
			ways++
			continue
		}
		more = append(more, one)
	}
	if ways != e.NATs {
		t.Errorf("%d gateways reach the version that nobody is sent to yet, want %d", ways, e.NATs)
	}
	return more
}

// doorOf gives the name of a security group that a template refers to.
func doorOf(reference any) string {
	text := fmt.Sprint(reference)
	for _, name := range []string{"BalancerDoor", "WebDoor", "WorkerDoor", "JobDoor", "DatabaseDoor", "CacheDoor", "EndpointDoor"} {
		if strings.Contains(text, name) {
			return name
		}
	}
	return text
}
