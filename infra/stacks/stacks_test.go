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
	"enishi/infra/scaling"
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
	Outputs    map[string]struct {
		Value  any
		Export struct{ Name string }
	} `json:",omitempty"`
}

type resource struct {
	Type       string
	Properties map[string]any
	DependsOn  []string `json:",omitempty"`
	// What becomes of it when it is taken out of its stack, and when another takes its place.
	DeletionPolicy, UpdateReplacePolicy string `json:",omitempty"`

	text string // all of it, as JSON
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

// runs gives what tasks are described by, in one: the stacks cluster and service.
func runs(all map[string]template, environment string) template {
	both := template{Parameters: map[string]map[string]any{}, Resources: map[string]resource{}}
	for _, part := range []string{"cluster", "service"} {
		maps.Copy(both.Parameters, all["enishi-"+environment+"-"+part].Parameters)
		maps.Copy(both.Resources, all["enishi-"+environment+"-"+part].Resources)
	}
	return both
}

// everywhere runs a test with the templates of every environment on every capacity: what is kept, and
// what runs.
func everywhere(t *testing.T, test func(t *testing.T, e environment.Environment, base, service template)) {
	t.Helper()
	for _, e := range environment.All() {
		for _, capacity := range environment.Capacities() {
			e.Capacity = capacity
			t.Run(e.Name+" on "+string(capacity), func(t *testing.T) {
				all, _ := synthesised(t, e)
				test(t, e, all["enishi-"+e.Name+"-base"], runs(all, e.Name))
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
			for key, want := range map[string]any{"HealthCheckIntervalSeconds": 5.0, "HealthCheckTimeoutSeconds": 4.0, "HealthyThresholdCount": 2.0, "UnhealthyThresholdCount": 2.0, "HealthCheckPath": "/readyz"} {
				if p[key] != want {
					t.Errorf("a task is taken in after two good answers, 5 s apart, and out after two bad ones: %s has the %s %v, want %v", name, key, p[key], want)
				}
			}
			if !strings.Contains(g.text, `{"Key":"deregistration_delay.timeout_seconds","Value":"30"}`) {
				t.Errorf("%s lets a task go slowly: %s", name, g.text)
			}
		}
		web := service.Resources["WebService"].Properties["DeploymentConfiguration"].(map[string]any)
		if web["Strategy"] != "CANARY" || web["BakeTimeInMinutes"] != e.Bake.Minutes() {
			t.Errorf("web is deployed by %v", web)
		}
		if diff := cmp.Diff(map[string]any{"CanaryPercent": 10.0, "CanaryBakeTimeInMinutes": e.Canary.Minutes()}, web["CanaryConfiguration"]); diff != "" {
			t.Errorf("the canary (-want +got):\n%s", diff)
		}
		for key, want := range map[string]string{"canary_percent": "10", "canary_minutes": "1", "serves_assumed": scaling.Serving.String()} {
			if simulated(t)[key] != want {
				t.Errorf("deployments are simulated with %s %s, want %s", key, simulated(t)[key], want)
			}
		}
	})
}

// simulated gives what the three minutes are counted with: internal/deploy writes it.
func simulated(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../internal/deploy/testdata/pace.golden")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		out[key] = value
	}
	return out
}

// TestWhatOperatorsChoseIsKept finds nothing in a template that would take back an image, a
// number of tasks or a bound that was set since.
func TestWhatOperatorsChoseIsKept(t *testing.T) {
	everywhere(t, func(t *testing.T, e environment.Environment, _, service template) {
		for name, s := range service.of("AWS::ECS::Service") {
			if n, said := s.Properties["DesiredCount"]; said {
				t.Errorf("%s says that there are %v tasks", name, n)
			}
			if s.Properties["EnableExecuteCommand"] != false {
				t.Errorf("%s lets somebody have a shell in its tasks", name)
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
	for _, d := range runs(all, "dev").of("AWS::ECS::TaskDefinition") {
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
	for _, d := range runs(all, "dev").of("AWS::ECS::TaskDefinition") {
		family := d.Properties["Family"].(string)
		told := map[string]string{}
		for _, one := range d.Properties["ContainerDefinitions"].([]any)[0].(map[string]any)["Environment"].([]any) {
			v := one.(map[string]any)
			told[v["Name"].(string)], _ = v["Value"].(string)
		}
		job := slices.ContainsFunc(p.Jobs, func(j program.Task) bool { return family == "enishi-dev-"+j.Name })
		if told["ENISHI_ENVIRONMENT"] != "dev" || told["ENISHI_DATA_KIND"] != "demo" || (told["ENISHI_SCHEDULED"] == "true") != job {
			t.Errorf("%s is told %v", family, told)
		}
	}
	for _, name := range stacks.OfCommands() {
		if !said[name] {
			t.Errorf("no task is told %s", name)
		}
		delete(said, name)
	}
	for name := range said {
		t.Errorf("the tasks are told %s, which the program does not know", name)
	}
}

// deployerHas gives what the role that deploys may do, which is said action by action.
func deployerHas(t *testing.T, service template) map[string]bool {
	t.Helper()
	has := map[string]bool{}
	for name, r := range service.of("AWS::IAM::Policy") {
		if !strings.HasPrefix(name, "Deployer") {
			continue
		}
		for _, s := range r.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			statement := s.(map[string]any)
			actions, ok := statement["Action"].([]any)
			if !ok {
				actions = []any{statement["Action"]}
			}
			for _, action := range actions {
				has[action.(string)] = true
				if strings.Contains(action.(string), "*") {
					t.Errorf("the deployer may do %s", action)
				}
			}
		}
	}
	return has
}

// TestDeployerMayDeploy finds every right that a deployment asks for (internal/deploy lists
// them) with the role that deploys, and no right on everything that knows a resource.
func TestDeployerMayDeploy(t *testing.T) {
	text, err := os.ReadFile("../../internal/deploy/testdata/rights.golden")
	if err != nil {
		t.Fatal(err)
	}
	wanted := strings.Fields(string(text))
	if len(wanted) < 15 {
		t.Fatalf("a deployment asks for %q", wanted)
	}
	everywhere(t, func(t *testing.T, e environment.Environment, _, service template) {
		has := deployerHas(t, service)
		has["sts:GetCallerIdentity"] = true // which needs no right
		for _, right := range wanted {
			if !has[right] {
				t.Errorf("the deployer may not %s", right)
			}
		}
	})
}

// TestWorkflowsDeploy lets the workflows of one repository deploy an environment, by the name
// that GitHub says, and nobody else's.
func TestWorkflowsDeploy(t *testing.T) {
	e := environment.All()[2]
	e.Source = "enishi/enishi"
	all, _ := synthesised(t, e)
	found := ""
	for name, r := range all["enishi-prod-service"].of("AWS::IAM::Role") {
		if strings.HasPrefix(name, "Deployer") {
			found = r.text
		}
	}
	for _, want := range []string{`"token.actions.githubusercontent.com:sub":"repo:enishi/enishi:environment:prod"`, `"sts:AssumeRoleWithWebIdentity"`, `"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"`} {
		if !strings.Contains(found, want) {
			t.Errorf("the role has no %s: %s", want, found)
		}
	}
}

// TestMountsAreVolumes finds every folder that a task may write to among those that the image declares
// (internal/oci): ECS makes others for root alone, and the program is not root. A file system says itself whose it is.
func TestMountsAreVolumes(t *testing.T) {
	everywhere(t, func(t *testing.T, e environment.Environment, _, runs template) {
		for name, d := range runs.of("AWS::ECS::TaskDefinition") {
			for _, m := range d.Properties["ContainerDefinitions"].([]any)[0].(map[string]any)["MountPoints"].([]any) {
				if at := m.(map[string]any)["ContainerPath"]; at != "/data" && at != "/tmp" {
					t.Errorf("%s may write to %v, which is no volume of the image", name, at)
				}
			}
			once := strings.HasSuffix(name, "Once") || strings.HasPrefix(name, "WorkOnce") || strings.HasPrefix(name, "WorkAccept")
			if _, asked := d.Properties["ContainerDefinitions"].([]any)[0].(map[string]any)["HealthCheck"]; asked && once {
				t.Errorf("%s serves nobody, and is asked how it is", name)
			}
		}
	})
}

// TestLogServer gives an environment a log server of its own: every task has a router, which
// sends to CloudWatch and to it.
func TestLogServer(t *testing.T) {
	e := environment.All()[1]
	e.LogServer = "logs.example.jp:6514"
	all, _ := synthesised(t, e)
	tasks := runs(all, e.Name).of("AWS::ECS::TaskDefinition")
	if len(tasks) < 5 {
		t.Fatalf("%d tasks", len(tasks))
	}
	for name, r := range tasks {
		for _, want := range []string{
			`"LogDriver":"awsfirelens"`, `"Name":"cloudwatch_logs"`, `"FirelensConfiguration":{`, `"Type":"fluentbit"`,
			`{"Name":"LOG_SERVER_HOST","Value":"logs.example.jp"},{"Name":"LOG_SERVER_PORT","Value":"6514"}`, `/fluent-bit/log-server.conf`,
		} {
			if !strings.Contains(r.text, want) {
				t.Errorf("%s has no %s: %s", name, want, r.text)
			}
		}
	}
	text, err := os.ReadFile("../../deploy/fluent-bit/log-server.conf")
	if err != nil || !strings.Contains(string(text), "${LOG_SERVER_HOST}") || !strings.Contains(string(text), "${LOG_SERVER_PORT}") {
		t.Errorf("the router's configuration: %v\n%s", err, text)
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
			if r.Properties["SecurityGroupIngress"] != nil {
				t.Errorf("%s lets in somebody by itself: %s", name, r.text)
			}
		}
		if others := service.of("AWS::EC2::SecurityGroupIngress"); len(others) > 0 {
			t.Errorf("the service opens %v", others)
		}
		reaches := map[string][]string{}
		for _, r := range base.of("AWS::EC2::SecurityGroupIngress") {
			to, from := doorOf(r.Properties["GroupId"]), doorOf(r.Properties["SourceSecurityGroupId"])
			if r.Properties["SourcePrefixListId"] == e.Edge {
				from = "CloudFront"
			}
			if strings.Contains(fmt.Sprint(r.Properties["CidrIp"]), "NetworkWay") && r.Properties["FromPort"] == 8443.0 {
				from = "a gateway of ours"
			}
			if r.Properties["IpProtocol"] != "tcp" || r.Properties["FromPort"] != r.Properties["ToPort"] {
				t.Errorf("%s is open for more than one port: %s", to, r.text)
			}
			reaches[to] = append(reaches[to], fmt.Sprintf("%s by %v", from, r.Properties["ToPort"]))
		}
		for _, from := range reaches {
			slices.Sort(from)
		}
		own := func(port int) []string {
			return []string{fmt.Sprint("JobDoor by ", port), fmt.Sprint("WebDoor by ", port), fmt.Sprint("WorkerDoor by ", port)}
		}
		want := map[string][]string{
			"DatabaseDoor": own(3306), "CacheDoor": own(6379), "EndpointDoor": own(443), "WebDoor": {"BalancerDoor by 8080"},
			"BalancerDoor": append([]string{"CloudFront by 443"}, slices.Repeat([]string{"a gateway of ours by 8443"}, e.NATs)...),
		}
		if diff := cmp.Diff(want, reaches); diff != "" {
			t.Errorf("who reaches what (-want +got):\n%s", diff)
		}
	})
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
