package environ_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/google/go-cmp/cmp"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

// made is the first image of an environment.
const made = deploytest.Before

type trouble = func(n int, operation string) deploytest.Trouble

// written writes templates as infra's command does, small ones; more is put into the stack base.
func written(t *testing.T, environment, more string) *environ.Wanted {
	t.Helper()
	return read(t, folder(t, environment, more), environment)
}

func read(t *testing.T, dir, environment string) *environ.Wanted {
	t.Helper()
	w, err := environ.Read(dir, environment)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func folder(t *testing.T, environment, more string) string {
	t.Helper()
	dir := t.TempDir()
	kept := func(names ...string) string {
		var out []string
		for i, name := range names {
			out = append(out, fmt.Sprintf(`"Kept%d": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/enishi/%s/%s"}`, i, environment, name))
		}
		return strings.Join(out, ", ")
	}
	row, err := json.Marshal(map[string]any{
		"Name": environment, "Real": environment == "prod", "Region": deploytest.Region, "Domain": environment + ".enishi.example.jp", "Capacity": "fargate", "NATs": 1,
		"Web": map[string]int{"Least": 1, "Most": 4}, "Worker": map[string]int{"Least": 1, "Most": 2}, "WebPower": map[string]int{"CPU": 512}, "WorkerPower": map[string]int{"CPU": 512},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"environment.json": string(row),
		"base": `{"Resources": {"Files": {"Type": "AWS::S3::Bucket", "Properties": {"Days": 1}}, "Registry": {"Type": "AWS::ECR::Repository"}, "TopicsRegistry": {"Type": "AWS::ECR::Repository"}, "Vault": {"Type": "AWS::Backup::BackupVault"}, "DataMail": {"Type": "AWS::SecretsManager::Secret"},
			"Database": {"Type": "AWS::RDS::DBCluster", "Properties": {"Name": "first", "Days": 7}}` + more + `}}`,
		"cluster": `{"Parameters": {` + kept("image") + `}, "Resources": {"Cluster": {"Type": "AWS::ECS::Cluster"}}}`,
		"service": `{"Parameters": {"ZoneId": {"Type": "String"}, ` + kept("image", "web/least", "web/most", "worker/least", "worker/most") + `}, "Resources": {"Web": {"Type": "AWS::ECS::Service"}}}`,
		"alarms":  `{"Parameters": {` + kept("notify/image") + `}, "Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm"}}}`,
		"edge": `{"Parameters": {"ZoneId": {"Type": "String"}, "Access": {"Type": "String"}}, "Resources": {"Distribution": {"Type": "AWS::CloudFront::Distribution"},
			"NameA": {"Type": "AWS::Route53::RecordSet", "Properties": {"Name": "` + environment + `.enishi.example.jp.", "Type": "A"}}}}`,
	} {
		if name != "environment.json" {
			name = "enishi-" + environment + "-" + name + ".template.json"
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func options(a *deploytest.Account, w *environ.Wanted, t trouble) *environ.Options {
	config := a.Config(t)
	image := func(of string) func(context.Context, deploy.Registry) (string, error) {
		return func(ctx context.Context, r deploy.Registry) (string, error) {
			time.Sleep(20 * time.Second) // as long as it takes to build one
			return deploytest.Build(ctx, &config, of, r.Repository, r.User, r.Password)
		}
	}
	return &environ.Options{
		Environment: a.Environment, AWS: config, By: "hanako", Why: "a test", Version: "v1.0.0", Wanted: w, Mail: "smtp://user:password@mail.example.jp:587", Guards: []string{"DeploymentFails", "NotThere"}, Image: image(made), Function: image(deploytest.Function),
		NameServers: func(context.Context, string) ([]string, error) { return []string{deploytest.NameServer + "."}, nil },
	}
}

// whole says that the environment is one that can be deployed to.
func whole(t *testing.T, a *deploytest.Account, what string) {
	t.Helper()
	e := a.Environment
	want := map[string]string{"enishi-" + e + "-base": "CREATE_COMPLETE", "enishi-" + e + "-cluster": "CREATE_COMPLETE", "enishi-" + e + "-service": "CREATE_COMPLETE", "enishi-" + e + "-alarms": "CREATE_COMPLETE", "enishi-" + e + "-edge": "CREATE_COMPLETE"}
	if diff := cmp.Diff(want, a.States()); diff != "" {
		t.Errorf("%s: stacks (-want +got):\n%s", what, diff)
	}
	if diff := cmp.Diff(map[string]string{"web": made, "worker": made, "image": made, "expire": made, "cleanup": made, "once": made, "accept": made}, a.Runs()); diff != "" {
		t.Errorf("%s: what runs (-want +got):\n%s", what, diff)
	}
	for name, want := range map[string]string{"web/least": "1", "web/most": "4", "worker/least": "1", "worker/most": "2", "notify/image": deploytest.Function} {
		if got := a.Parameter(name); got != want {
			t.Errorf("%s: %s is %q, want %q", what, name, got, want)
		}
	}
	if faults := a.Faults(); len(faults) > 0 {
		t.Errorf("%s: faults: %q", what, faults)
	}
	var last deploy.Record
	if err := json.Unmarshal(a.Object("deploy/current.json"), &last); err != nil || last.Hold != nil || last.Outcome != deploy.Made || last.Image != made {
		t.Errorf("%s: the record is %+v, %v", what, last, err)
	}
}

// TestBaseFirst stops where rows can be brought from elsewhere, and goes on from there; nobody
// deploys in between.
func TestBaseFirst(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		o := options(a, w, nil)
		o.BaseOnly = true
		for range 2 {
			if err := environ.Up(t.Context(), o); err != nil {
				t.Fatalf("Up: %v", err)
			}
			if diff := cmp.Diff(map[string]string{"enishi-dev-base": "CREATE_COMPLETE", "enishi-dev-cluster": "CREATE_COMPLETE"}, a.States()); diff != "" {
				t.Errorf("stacks (-want +got):\n%s", diff)
			}
			if ran := a.Ran(); len(ran) > 0 {
				t.Errorf("tasks were run: %v", ran)
			}
		}
		d := &deploy.Options{Environment: "dev", AWS: a.Config(nil), By: "hanako", Why: "a test", Version: "v1.1.0", Image: func(context.Context, deploy.Registry) (string, error) { return deploytest.Next, nil }}
		if _, err := deploy.Run(t.Context(), d); !errs.Is(err, errs.Conflict) {
			t.Errorf("a deployment into what is not whole: %v", err)
		}
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatalf("the rest: %v", err)
		}
		whole(t, a, "the base first")
	})
}

// TestUp makes an environment out of an empty account, brings it to the same templates once
// more, deploys to it, and takes it down.
func TestUp(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		o := options(a, w, nil)
		var said []string
		o.Tell = func(p deploy.Progress) { said = append(said, p.Step+": "+p.Note) }
		begun := time.Now()
		if err := environ.Up(t.Context(), o); err != nil {
			t.Fatalf("Up: %v\n%s", err, strings.Join(said, "\n"))
		}
		t.Log(time.Since(begun), len(a.Asked()), "requests")
		whole(t, a, "undisturbed")
		for _, want := range []string{
			"enishi-dev-base: create in progress AWS::CloudFormation::Stack enishi-dev-base", "enishi-dev-base: create complete AWS::RDS::DBCluster Database",
			"images: one for 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/enishi-notify is built and pushed", "operator: ", "acceptance: ",
		} {
			if !slices.Contains(said, want) {
				t.Errorf("nobody was told %q", want)
			}
		}
		noted := slices.IndexFunc(a.Ran(), func(r deploytest.Ran) bool { return r.Words[0] == "audit" })
		if noted < 0 {
			t.Fatal("the audit log was not told")
		}
		if r := a.Ran()[noted]; !slices.Equal(r.Words[:3], []string{"audit", "note", "environment.change"}) || !strings.Contains(r.Words[3], "enishi-dev-base") || r.Told["ENISHI_BY"] != o.By || r.Told["ENISHI_WHY"] != o.Why {
			t.Errorf("the audit log was told %+v", r)
		}
		a.Set("web/most", "9") // as an operator does
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatalf("once more: %v", err)
		}
		if got := a.Parameter("web/most"); got != "9" {
			t.Errorf("an operator's choice became %q", got)
		}
		d := &deploy.Options{Environment: "dev", AWS: a.Config(nil), By: "hanako", Why: "a test", Version: "v1.1.0", Image: func(context.Context, deploy.Registry) (string, error) { return deploytest.Next, nil }}
		if _, err := deploy.Run(t.Context(), d); err != nil {
			t.Fatalf("deploy: %v", err)
		}
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatalf("after a deployment: %v", err)
		}
		if got := a.Parameter("image"); got != deploytest.Next {
			t.Errorf("what was deployed became %q", got)
		}
		drift := func() []string {
			p, err := deploy.Look(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			return p.Drift
		}
		if got := drift(); len(got) > 0 {
			t.Errorf("after it was brought to its templates: %q", got)
		}
		a.Change("worker", func(in *ecs.RegisterTaskDefinitionInput) { in.Cpu = aws.String("256") })
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatalf("after a change by hand: %v", err)
		}
		if got := drift(); len(got) != 1 || !strings.Contains(got[0], "It differs in CPU") {
			t.Errorf("a change by hand is forgotten: %q", got)
		}
		if _, err := deploy.Rollback(t.Context(), d); err != nil {
			t.Errorf("what was deployed before cannot be taken back: %v", err)
		}
		a.Back("arn:aws:backup:ap-northeast-1:123456789012:recovery-point:1")
		if err := environ.Down(t.Context(), options(a, nil, nil)); err != nil {
			t.Fatalf("Down: %v", err)
		}
		if left := a.Left(); len(left) > 0 {
			t.Errorf("what is left: %q", left)
		}
		if got := a.Gone(); !strings.Contains(got, `"by":"hanako"`) || !strings.Contains(got, `-> gone"`) || !strings.Contains(got, `"why":"`) {
			t.Errorf("of whoever took it down the account keeps %s", got)
		}
		if faults := a.Faults(); len(faults) > 0 {
			t.Errorf("faults: %q", faults)
		}
	})
}

// TestTogether begins a deployment, and another change, while the environment is made or
// changed; and a change while something is deployed.
func TestTogether(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	more := written(t, "dev", `, "More": {"Type": "AWS::SNS::Topic"}`)
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatal(err)
		}
		d := func() *deploy.Options {
			return &deploy.Options{Environment: "dev", AWS: a.Config(nil), By: "taro", Why: "a test", Version: "v1.1.0", Image: func(context.Context, deploy.Registry) (string, error) { return deploytest.Next, nil }}
		}
		// Killed while it changes a stack: nobody deploys, however long that lasts.
		killed := false
		err := environ.Up(t.Context(), options(a, more, func(_ int, operation string) deploytest.Trouble {
			if killed = killed || operation == "cloudformation:ExecuteChangeSet"; killed {
				return deploytest.KilledAfter
			}
			return deploytest.None
		}))
		if err == nil {
			t.Fatal("it was killed, and ended well")
		}
		for range 2 {
			if _, err := deploy.Run(t.Context(), d()); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "is changing the environment dev") {
				t.Errorf("a deployment meanwhile: %v", err)
			}
			if _, err := deploy.Rollback(t.Context(), d()); !errs.Is(err, errs.Conflict) {
				t.Errorf("a rollback meanwhile: %v", err)
			}
			if err := environ.Up(t.Context(), options(a, more, at(0, deploytest.None))); (err == nil) == killed {
				t.Errorf("a further change: %v", err)
			}
			if err := environ.Down(t.Context(), options(a, nil, nil)); killed && !errs.Is(err, errs.Conflict) {
				t.Errorf("taken down meanwhile: %v", err)
			}
			if killed {
				killed = false
				time.Sleep(2 * time.Minute)
				continue
			}
			break
		}
	})
}

// TestRefused begins where an environment must not be made, changed or taken down.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		given      func(*deploytest.Account, *environ.Options)
	}{
		{"another region", "the table of infra has ap-northeast-1", func(_ *deploytest.Account, o *environ.Options) { o.AWS.Region = "us-east-1" }},
		{"no zone", "aws route53 create-hosted-zone --name dev.enishi.example.jp", func(a *deploytest.Account, _ *environ.Options) { a.Zones = []string{"example.jp"} }},
		{"two zones", "several public zones", func(a *deploytest.Account, _ *environ.Options) { a.Zones = append(a.Zones, a.Zones[0]) }},
		{"another's zone", "the world asks ns.other.example", func(_ *deploytest.Account, o *environ.Options) {
			o.NameServers = func(context.Context, string) ([]string, error) { return []string{"ns.other.example."}, nil }
		}},
		{"nobody's zone", "nobody in the world's DNS answers", func(_ *deploytest.Account, o *environ.Options) {
			o.NameServers = func(context.Context, string) ([]string, error) { return nil, nil }
		}},
		{"no rights", "rights: not allowed: ecs:CreateService", func(a *deploytest.Account, _ *environ.Options) { a.Forbidden = []string{"ecs:CreateService"} }},
		{"a role without rights", "rights: not allowed: rds:CreateDBCluster", func(a *deploytest.Account, _ *environ.Options) {
			a.Identity, a.Forbidden = "arn:aws:sts::123456789012:assumed-role/Admin/hanako", []string{"rds:CreateDBCluster"}
		}},
		{"no addresses", "0 are allowed, 1 are needed: ask for more", func(a *deploytest.Account, _ *environ.Options) { a.Quotas = map[string]float64{"L-0263D0A3": 0} }},
		{"few functions", "10 are allowed, 105 are needed", func(a *deploytest.Account, _ *environ.Options) { a.Quotas = map[string]float64{"L-B99A9384": 10} }},
		{"a region that is forbidden", "where CloudFront has its certificate", func(a *deploytest.Account, _ *environ.Options) { a.Closed = []string{deploytest.Edge} }},
		{"a name that leads elsewhere", "the name leads elsewhere (A 192.0.2.7). Until people may be led here, set Elsewhere", func(a *deploytest.Account, _ *environ.Options) {
			a.Addresses = map[string]string{"dev.enishi.example.jp.": "192.0.2.7", "other.dev.enishi.example.jp.": "192.0.2.8"}
		}},
		{"no mail server", "give it as ENISHI_MAIL_URL", func(_ *deploytest.Account, o *environ.Options) { o.Mail = "" }},
		{"nobody", "says who changes it", func(_ *deploytest.Account, o *environ.Options) { o.By = "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := written(t, "dev", "")
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Empty("dev")
				o := options(a, w, nil)
				tt.given(a, o)
				if err := environ.Up(t.Context(), o); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Up = %v, want %q", err, tt.want)
				}
				if left := a.Left(); len(left) > 0 {
					t.Errorf("it made %q", left)
				}
			})
		})
	}
}

// TestTheNameIsTaken meets a name that leads to another installation: everything is made but
// that, and afterwards the name is led here.
func TestTheNameIsTaken(t *testing.T) {
	t.Parallel()
	named, nameless := folder(t, "dev", ""), folder(t, "dev", "")
	file := filepath.Join(nameless, "enishi-dev-edge.template.json")
	if err := os.WriteFile(file, []byte(`{"Parameters": {"ZoneId": {"Type": "String"}, "Access": {"Type": "String"}}, "Resources": {"Distribution": {"Type": "AWS::CloudFront::Distribution"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		a.Addresses = map[string]string{"dev.enishi.example.jp.": "192.0.2.7"}
		for i, dir := range []string{nameless, named} {
			w, err := environ.Read(dir, "dev")
			if err != nil {
				t.Fatal(err)
			}
			if i > 0 {
				if err := environ.Up(t.Context(), options(a, w, nil)); err == nil || !strings.Contains(err.Error(), "the name leads elsewhere") {
					t.Errorf("before what was there is deleted: %v", err)
				}
				a.Addresses = nil
			}
			if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				whole(t, a, "without its name")
			}
		}
		a.Addresses = map[string]string{"dev.enishi.example.jp.": "d111111abcdef8.cloudfront.net."}
		w, err := environ.Read(named, "dev")
		if err == nil {
			err = environ.Up(t.Context(), options(a, w, nil))
		}
		if err != nil {
			t.Errorf("once more, when it is led here: %v", err)
		}
		if got := a.States()["enishi-dev-edge"]; got != "UPDATE_COMPLETE" || len(a.Faults()) > 0 {
			t.Errorf("the edge is in %s, with faults %q", got, a.Faults())
		}
	})
}

// TestBroken meets stacks whose change failed.
func TestBroken(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	t.Run("the first making", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.Empty("dev")
			a.Failing = map[string]string{"enishi-dev-service": "no such certificate"}
			o := options(a, w, nil)
			var said []string
			o.Tell = func(p deploy.Progress) { said = append(said, p.Step+": "+p.Note) }
			for range 2 {
				if err := environ.Up(t.Context(), o); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "enishi env mend dev service") {
					t.Errorf("Up = %v", err)
				}
			}
			if !slices.Contains(said, "enishi-dev-service: create failed AWS::Test::Broken Broken: no such certificate") {
				t.Errorf("it was told %q", said)
			}
			p, err := environ.Look(t.Context(), options(a, w, nil))
			if err != nil || len(p.Bad()) != 1 || !strings.Contains(p.Bad()[0], "ROLLBACK_COMPLETE") {
				t.Errorf("Look = %+v, %v", p, err)
			}
			if err := environ.Down(t.Context(), options(a, nil, nil)); err != nil || len(a.Left()) > 0 {
				t.Errorf("Down = %v, left %q", err, a.Left())
			}
		})
	})
	t.Run("a change", func(t *testing.T) {
		t.Parallel()
		more := written(t, "dev", `, "More": {"Type": "AWS::SNS::Topic"}`)
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.Empty("dev")
			if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
				t.Fatal(err)
			}
			a.Failing = map[string]string{"enishi-dev-base": "too many topics"}
			if err := environ.Up(t.Context(), options(a, more, nil)); err == nil || !strings.Contains(err.Error(), "CloudFormation has taken it back") {
				t.Errorf("Up = %v", err)
			}
			d := &deploy.Options{Environment: "dev", AWS: a.Config(nil), By: "hanako", Why: "a test", Version: "v1.1.0", Image: func(context.Context, deploy.Registry) (string, error) { return deploytest.Next, nil }}
			if _, err := deploy.Run(t.Context(), d); err != nil {
				t.Errorf("nothing can be deployed after it: %v", err)
			}
			a.Failing = nil
			if err := environ.Up(t.Context(), options(a, more, nil)); err != nil {
				t.Errorf("once more = %v", err)
			}
		})
	})
}

// TestLook plans a change that loses data, and finds what was changed by hand.
func TestLook(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	other := written(t, "dev", `, "More": {"Type": "AWS::SNS::Topic"}`)
	for i := range other.Templates {
		other.Templates[i].Body = strings.NewReplacer(`"first"`, `"second"`, `"Days":1`, `"Days":3`).Replace(other.Templates[i].Body)
	}
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		p, err := environ.Look(t.Context(), options(a, w, nil))
		if err != nil || len(p.Stacks) != 5 || p.Stacks[0].State != "new" || len(p.Stacks[0].Changes) != 6 || len(p.Sets) != 6 || len(p.Bad()) > 0 {
			t.Errorf("of an empty account: %+v, %v", p, err)
		}
		if left := a.Left(); len(left) > 0 {
			t.Errorf("it made %q", left)
		}
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatal(err)
		}
		a.Drifted = []cfntypes.StackResourceDrift{{
			StackId: aws.String("enishi-dev-service"), LogicalResourceId: aws.String("Web"), PhysicalResourceId: aws.String("web"), ResourceType: aws.String("AWS::ECS::Service"),
			StackResourceDriftStatus: cfntypes.StackResourceDriftStatusModified, PropertyDifferences: []cfntypes.PropertyDifference{
				{PropertyPath: aws.String("/TaskDefinition"), ExpectedValue: aws.String("web:1"), ActualValue: aws.String("web:7")},
				{PropertyPath: aws.String("/HealthCheckGracePeriodSeconds"), ExpectedValue: aws.String("60"), ActualValue: aws.String("600")},
			},
		}, {
			StackId: aws.String("enishi-dev-service"), LogicalResourceId: aws.String("WebTasks"), PhysicalResourceId: aws.String("service/enishi-dev/web|ecs:service:DesiredCount|ecs"), ResourceType: aws.String("AWS::ApplicationAutoScaling::ScalableTarget"),
			StackResourceDriftStatus: cfntypes.StackResourceDriftStatusModified, PropertyDifferences: []cfntypes.PropertyDifference{
				{PropertyPath: aws.String("/MinCapacity"), ExpectedValue: aws.String("2"), ActualValue: aws.String("1")}, // what is kept,
				{PropertyPath: aws.String("/MaxCapacity"), ExpectedValue: aws.String("9"), ActualValue: aws.String("99")},
			},
		}, {
			StackId: aws.String("enishi-dev-base"), LogicalResourceId: aws.String("Files"), PhysicalResourceId: aws.String("files"), ResourceType: aws.String("AWS::S3::Bucket"),
			StackResourceDriftStatus: cfntypes.StackResourceDriftStatusDeleted,
		}}
		if p, err = environ.Look(t.Context(), options(a, other, nil)); err != nil {
			t.Fatal(err)
		}
		want := []environ.StackPlan{
			{
				Stack: "enishi-dev-base", State: "CREATE_COMPLETE", Changes: []environ.Change{
					{Does: "replace", Type: "AWS::RDS::DBCluster", Name: "Database", ID: "id-Database", What: []string{"Name: first -> second"}, LosesData: true},
					{Does: "change", Type: "AWS::S3::Bucket", Name: "Files", ID: "id-Files", What: []string{"Days: 1 -> 3"}},
					{Does: "add", Type: "AWS::SNS::Topic", Name: "More"},
				}, Drift: []environ.Drift{{Type: "AWS::S3::Bucket", Name: "Files", ID: "files"}},
			},
			{Stack: "enishi-dev-cluster", State: "CREATE_COMPLETE", Changes: []environ.Change{}, Drift: []environ.Drift{}},
			{Stack: "enishi-dev-service", State: "CREATE_COMPLETE", Changes: []environ.Change{}, Drift: []environ.Drift{
				{Type: "AWS::ECS::Service", Name: "Web", ID: "web", Property: "/TaskDefinition", Template: "web:1", Account: "web:7", Deployed: true},
				{Type: "AWS::ECS::Service", Name: "Web", ID: "web", Property: "/HealthCheckGracePeriodSeconds", Template: "60", Account: "600"},
				{Type: "AWS::ApplicationAutoScaling::ScalableTarget", Name: "WebTasks", ID: "service/enishi-dev/web|ecs:service:DesiredCount|ecs", Property: "/MinCapacity", Template: "2", Account: "1", Deployed: true},
				{Type: "AWS::ApplicationAutoScaling::ScalableTarget", Name: "WebTasks", ID: "service/enishi-dev/web|ecs:service:DesiredCount|ecs", Property: "/MaxCapacity", Template: "9", Account: "99"},
			}},
			{Stack: "enishi-dev-alarms", State: "CREATE_COMPLETE", Changes: []environ.Change{}, Drift: []environ.Drift{}},
			{Stack: "enishi-dev-edge", State: "CREATE_COMPLETE", Changes: []environ.Change{}, Drift: []environ.Drift{}},
		}
		if diff := cmp.Diff(want, p.Stacks); diff != "" {
			t.Errorf("the plan (-want +got):\n%s", diff)
		}
		whole(t, a, "looked at")
		o := options(a, other, nil)
		if err := environ.Up(t.Context(), o); !errs.Is(err, errs.Denied) || !strings.Contains(err.Error(), "replace AWS::RDS::DBCluster Database") {
			t.Errorf("a change that loses data = %v", err)
		}
		whole(t, a, "refused")
		o.DespiteLoss = true
		if err := environ.Up(t.Context(), o); err != nil {
			t.Errorf("despite it = %v", err)
		}
	})
}

// TestAnOldSecretOfTheEdgeGoes removes what the load balancer takes no more, without being asked whether
// that may be lost. Of any other it is asked.
func TestAnOldSecretOfTheEdgeGoes(t *testing.T) {
	t.Parallel()
	before := written(t, "dev", `, "DataEdgeKey1AB": {"Type": "AWS::SecretsManager::Secret"}, "DataOther": {"Type": "AWS::SecretsManager::Secret"}`)
	after := written(t, "dev", `, "DataOther": {"Type": "AWS::SecretsManager::Secret"}`)
	neither := written(t, "dev", "")
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		for _, w := range []*environ.Wanted{before, after} {
			if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
				t.Fatal(err)
			}
		}
		if err := environ.Up(t.Context(), options(a, neither, nil)); !errs.Is(err, errs.Denied) || !strings.Contains(err.Error(), "remove AWS::SecretsManager::Secret DataOther") {
			t.Errorf("another secret goes: %v", err)
		}
	})
}

// TestARuleOfTheTrafficIsChangedInItsPlace changes the rule by which ECS moves the traffic, as a new secret
// of the edge does: not while the weights are others than the template's, which an odd number of
// deployments leaves; not while that cannot be told; and not together with a service.
func TestARuleOfTheTrafficIsChangedInItsPlace(t *testing.T) {
	t.Parallel()
	with := func(key, more string) *environ.Wanted {
		w := written(t, "dev", "")
		w2 := *w
		for i := range w2.Templates {
			w2.Templates[i].Body = strings.Replace(w2.Templates[i].Body, `{"Web":{"Type":"AWS::ECS::Service"}`, `{"Rule":{"Type":"AWS::ElasticLoadBalancingV2::ListenerRule","Properties":{"Conditions":"`+key+
				`","Actions":[{"Type":"forward","ForwardConfig":{"TargetGroups":[{"TargetGroupArn":"blue","Weight":1},{"TargetGroupArn":"green","Weight":0}]}}]}},"Web":{"Type":"AWS::ECS::Service","Properties":{"Grace":"60`+more+`"}}`, 1)
		}
		return &w2
	}
	weights := func(blue, green string) *string {
		return aws.String(`{"Actions":[{"Type":"forward","ForwardConfig":{"TargetGroups":[{"TargetGroupArn":"green","Weight":` + green + `},{"TargetGroupArn":"blue","Weight":` + blue + `}]}}]}`)
	}
	for name, tt := range map[string]struct {
		actual *string
		state  cfntypes.StackResourceDriftStatus
		more   string
		want   string // of the error; "": it is changed
	}{
		"as the template says":             {},
		"as the template says, in percent": {actual: weights("100", "0"), state: cfntypes.StackResourceDriftStatusModified},
		"as the template says, as texts":   {actual: weights(`"100"`, `"0"`), state: cfntypes.StackResourceDriftStatusModified},
		"all on the next":                  {actual: weights("0", "100"), state: cfntypes.StackResourceDriftStatusModified, want: "in which no task is. Nothing of it was changed: deploy what runs once more (enishi deploy dev)"},
		"a canary":                         {actual: weights("90", "10"), state: cfntypes.StackResourceDriftStatusModified, want: "deploy what runs once more"},
		"the rule is gone":                 {actual: weights("1", "0"), state: cfntypes.StackResourceDriftStatusDeleted, want: "cannot be told: CloudFormation says of it: deleted"},
		"nothing is told":                  {state: cfntypes.StackResourceDriftStatusModified, want: "cannot be told"},
		"together with a service's change": {more: "0", want: "leave EdgeKey as it was"},
		"a service, and all on the next":   {actual: weights("0", "100"), state: cfntypes.StackResourceDriftStatusModified, more: "0", want: "deploy what runs once more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := with("1", ""), with("2", tt.more)
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Empty("dev")
				if err := environ.Up(t.Context(), options(a, before, nil)); err != nil {
					t.Fatal(err)
				}
				if tt.state != "" {
					a.Drifted = []cfntypes.StackResourceDrift{{
						StackId: aws.String("enishi-dev-service"), LogicalResourceId: aws.String("Rule"), StackResourceDriftStatus: tt.state, ExpectedProperties: weights("1", "0"), ActualProperties: tt.actual,
					}}
				}
				p, err := environ.Look(t.Context(), options(a, after, nil))
				if err != nil || len(p.Bad()) > 0 != (tt.want != "") || !strings.Contains(strings.Join(p.Bad(), ""), tt.want) {
					t.Errorf("Look = %+v, %v, want %q", p, err, tt.want)
				}
				err = environ.Up(t.Context(), options(a, after, nil))
				if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("Up = %v, want %q", err, tt.want)
				}
				want := "UPDATE_COMPLETE"
				if tt.want != "" {
					want = "CREATE_COMPLETE"
				}
				if got := a.States()["enishi-dev-service"]; got != want {
					t.Errorf("the stack is in %s, want %s", got, want)
				}
			})
		})
	}
}

// TestDownRefuses asks for an environment with people's data, and for one of which nobody
// knows.
func TestDownRefuses(t *testing.T) {
	t.Parallel()
	w := written(t, "prod", "")
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("prod")
		if err := environ.Down(t.Context(), options(a, nil, nil)); err != nil {
			t.Errorf("of nothing: %v", err)
		}
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatal(err)
		}
		before := a.Left()
		for _, kind := range []string{"real", "other", ""} {
			if a.Set("kind", kind); kind == "" {
				a.Unset("kind")
			}
			if err := environ.Down(t.Context(), options(a, nil, nil)); !errs.Is(err, errs.Denied) {
				t.Errorf("with kind %q: %v", kind, err)
			}
		}
		a.Set("kind", "demo") // by a slip
		a.Protect("enishi-prod-base")
		if err := environ.Down(t.Context(), options(a, nil, nil)); !errs.Is(err, errs.Denied) {
			t.Errorf("of a protected stack: %v", err)
		}
		if diff := cmp.Diff(before, a.Left()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestRead reads templates that describe what must not be.
func TestRead(t *testing.T) {
	t.Parallel()
	if _, err := environ.Read(t.TempDir(), "dev"); !errs.Is(err, errs.NotFound) {
		t.Errorf("of an empty folder: %v", err)
	}
	if _, err := environ.Read(folder(t, "dev", ""), "staging"); !errs.Is(err, errs.Invalid) {
		t.Errorf("of another environment: %v", err)
	}
	copied := `, "Other": {"Type": "AWS::RDS::DBCluster", "Properties": {"SnapshotIdentifier": "prod"}}`
	if _, err := environ.Read(folder(t, "dev", copied), "dev"); !errs.Is(err, errs.Denied) {
		t.Errorf("of a database that begins as a copy, for demo data: %v", err)
	}
	if _, err := environ.Read(folder(t, "prod", copied), "prod"); err != nil {
		t.Errorf("of a restored database, for people's data: %v", err)
	}
	strange := folder(t, "dev", "")
	if err := os.WriteFile(filepath.Join(strange, "enishi-dev-more.template.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := environ.Read(strange, "dev"); !errs.Is(err, errs.Invalid) {
		t.Errorf("of a stack that is not known: %v", err)
	}
}

// TestKnownTemplates reads the templates that infra's own tests keep, and makes the
// environment of them.
func TestKnownTemplates(t *testing.T) {
	t.Parallel()
	w := prod(t)
	if got, want := w.Templates[2].Kept, []string{"image", "web/least", "web/most", "worker/least", "worker/most"}; !slices.Equal(got, want) {
		t.Errorf("the service reads %q, want %q", got, want)
	}
	if !strings.Contains(w.Templates[0].Body, `"DataEdgeKey1`) {
		t.Error("the base has no secret of the edge by the name that its going is known by")
	}
	if got, want := w.Templates[4].Parameters, []string{"Access", "ZoneId"}; !slices.Equal(got, want) {
		t.Errorf("the edge is given %q, want %q", got, want)
	}
	if got, want := w.Templates[3].Kept, []string{"notify/image"}; !slices.Equal(got, want) {
		t.Errorf("the alarms read %q, want %q", got, want)
	}
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("prod")
		o := options(a, w, nil)
		o.Mail = ""
		if err := environ.Up(t.Context(), o); err == nil || !strings.Contains(err.Error(), "give it as ENISHI_MAIL_URL") {
			t.Errorf("without a mail server: %v", err)
		}
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatal(err)
		}
		whole(t, a, "of the known templates")
	})
}
