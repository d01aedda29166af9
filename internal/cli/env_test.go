package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/cli"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
)

// environmentTemplates writes small templates of an environment, as infra's command does.
func environmentTemplates(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	real := "false"
	if name == "prod" {
		real = "true"
	}
	for file, text := range map[string]string{
		"environment.json":                          `{"Name": "` + name + `", "Real": ` + real + `, "Region": "` + deploytest.Region + `", "Domain": "` + name + `.enishi.example.jp", "Capacity": "fargate"}`,
		"enishi-" + name + "-base.template.json":    `{"Resources": {"Files": {"Type": "AWS::S3::Bucket"}}}`,
		"enishi-" + name + "-cluster.template.json": `{"Resources": {"Cluster": {"Type": "AWS::ECS::Cluster"}}}`,
		"enishi-" + name + "-service.template.json": `{"Parameters": {"ZoneId": {"Type": "String"}, "Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/enishi/` + name + `/image"}},
			"Resources": {"Web": {"Type": "AWS::ECS::Service"}}}`,
		"enishi-" + name + "-alarms.template.json": `{"Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm"}}}`,
		"enishi-" + name + "-edge.template.json":   `{"Parameters": {"ZoneId": {"Type": "String"}, "Access": {"Type": "String"}}, "Resources": {"Distribution": {"Type": "AWS::CloudFront::Distribution"}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestStepsSayWhatIsNotAllowed shows in a plan which rights are missing, and asks nobody about what would fail half-way.
func TestStepsSayWhatIsNotAllowed(t *testing.T) {
	for name, missing := range map[string]string{"restore": "rds:DeleteDBCluster", "copy": "backup:StartBackupJob", "move": "s3:GetObject"} {
		a := deploytest.Whole("dev")
		words, o := []string{"env", name, "dev"}, order{args: []string{"dev"}}
		switch name {
		case "restore":
			words = append(words, "--to", "latest")
		case "move":
			words = append(words, "--back", "--data", filepath.Join(t.TempDir(), "none"))
		}
		if code, said := inAccount(a, words, o, "--plan"); code != 0 || !strings.Contains(said, "good     rights: ") {
			t.Errorf("enishi env %s --plan = %d: %s", name, code, said)
		}
		a.Forbidden = []string{missing}
		if code, said := inAccount(a, words, o, "--plan"); code != 0 || !strings.Contains(said, "bad      rights: not allowed: "+missing+"\n") {
			t.Errorf("enishi env %s --plan, of whoever may not = %d: %s", name, code, said)
		}
		if code, said := inAccount(a, words, o, "--plan", "--json"); code != 0 || !strings.Contains(said, `"note": "not allowed: `+missing+`"`) {
			t.Errorf("enishi env %s --plan --json, of whoever may not = %d: %s", name, code, said)
		}
		before := len(a.Ran())
		if code, said := inAccount(a, words, o, "--why", "x"); code != 1 || !strings.Contains(said, "nothing was changed: rights: not allowed: "+missing) || len(a.Ran()) > before || a.Beside() != "" {
			t.Errorf("enishi env %s, of whoever may not = %d: %s", name, code, said) // with nobody to be asked, it would be 2
		}
	}
}

// TestEnvPlanShowsWhatIsLeft says what a restore has left, in words and as JSON, with the command that removes it.
func TestEnvPlanShowsWhatIsLeft(t *testing.T) {
	dir := environmentTemplates(t, "dev")
	begun, _, _ := asWhom("", "", "", false)
	if code := cli.Run([]string{"version"}, begun); code != 0 { // what waits for signals begins here: it must not be of a bubble
		t.Fatalf("enishi version = %d", code)
	}
	for _, tt := range []struct {
		name  string
		leave func(*deploytest.Account)
		says  string
		json  *environ.Beside
	}{
		{name: "nothing", leave: func(*deploytest.Account) {}},
		{
			name: "a restore's",
			leave: func(a *deploytest.Account) {
				a.Leave("2026-11-01T00:00:00Z", map[string]string{"enishi:restores": "2026-11-01T00:00:00Z"})
			},
			says: "the cluster enishi-dev-restored (available), which costs money: a restore, to 2026-11-01T00:00:00Z, has left it or goes on. To give that up and remove it: enishi env restore dev --drop\n",
			json: &environ.Beside{Cluster: "enishi-dev-restored", State: "available", Of: "2026-11-01T00:00:00Z", Drops: "enishi env restore dev --drop"},
		},
		{
			name: "somebody's", leave: func(a *deploytest.Account) { a.Leave("by hand", nil) },
			says: "was made by no restore", json: &environ.Beside{Cluster: "enishi-dev-restored", State: "available"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // AWS takes its time
				a := deploytest.Whole("dev")
				tt.leave(a)
				plan := func(more ...string) string {
					code, said := inAccount(a, []string{"env", "plan", "dev", "--templates", dir}, order{args: []string{"dev"}}, more...)
					if code != 0 {
						t.Fatalf("enishi env plan dev %q = %d: %s", more, code, said)
					}
					return said
				}
				if text := plan(); !strings.Contains(text, tt.says) || strings.Contains(text, "Beside the database") != (tt.json != nil) {
					t.Errorf("it says\n%s\nwant %q", text, tt.says)
				}
				var p environ.Plan
				if err := json.NewDecoder(strings.NewReader(plan("--json"))).Decode(&p); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.json, p.Beside); diff != "" {
					t.Errorf("as JSON (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestEnvAsks tries the ways in which an environment is asked for, shown and refused; what
// is done is tested where it is done.
func TestEnvAsks(t *testing.T) {
	source := t.TempDir()
	t.Chdir(source)
	if err := os.MkdirAll(filepath.Join(source, "cmd", "enishi"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"-c", "user.name=n", "-c", "user.email=n@example.jp", "commit", "--quiet", "--allow-empty", "--message", "a"}} {
		if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	with := map[string]string{"dev": environmentTemplates(t, "dev"), "prod": environmentTemplates(t, "prod")}
	for _, tt := range []struct {
		name, environment, args, in string
		terminal, made              bool
		code                        int
		out, err                    string
	}{
		{name: "a plan", environment: "dev", args: "plan dev --templates DIR", out: "enishi-dev-base is new: 1 to add"},
		{name: "what is set", environment: "dev", args: "plan dev --templates DIR", out: "Set, since there is none yet: /enishi/dev/image"},
		{name: "the account", environment: "dev", args: "plan dev --templates DIR", out: "good     rights: "},
		{name: "as JSON", environment: "dev", args: "plan dev --templates DIR --json", out: `"identity": "` + deploytest.Identity},
		{name: "no templates", environment: "dev", args: "plan dev", code: 2, err: "give --templates"},
		{name: "another's templates", environment: "dev", args: "plan staging --templates DIR", code: 1, err: "found the templates of dev"},
		{name: "no reason", environment: "dev", args: "up dev --templates DIR", code: 2, err: "--why is missing"},
		{name: "nobody there", environment: "dev", args: "up dev --templates DIR --why x", code: 2, err: "give --yes"},
		{name: "no", environment: "dev", args: "up dev --templates DIR --why x", terminal: true, in: "no\n", code: 1, err: "nothing was done"},
		{name: "yes alone, where people's data is", environment: "prod", args: "up prod --templates DIR --why x --yes", code: 2, err: "give --confirm prod"},
		{name: "another name", environment: "prod", args: "up prod --templates DIR --why x --confirm dev", code: 2, err: "--confirm dev: this is prod"},
		{name: "down, of nothing", environment: "dev", args: "down dev --why x", out: "Nothing of dev"},
		{name: "down, no reason", environment: "dev", args: "down dev", code: 2, err: "--why is missing"},
		{name: "down, shown", environment: "dev", made: true, args: "down dev --plan", out: "Goes: parameter /enishi/dev/kind"},
		{name: "down, nobody there", environment: "dev", made: true, args: "down dev --why x", code: 2, err: "give --confirm dev"},
		{name: "down, yes is not enough", environment: "dev", made: true, args: "down dev --why x", terminal: true, in: "yes\n", code: 1, err: "nothing was done"},
		{name: "down, another name", environment: "dev", made: true, args: "down dev --why x --confirm prod", code: 2, err: "--confirm prod: this is dev"},
		{name: "down, production", environment: "prod", made: true, args: "down prod --why x --confirm prod", code: 1, err: "prod is not taken down: /enishi/prod/kind is real"},
		{name: "down, production, shown", environment: "prod", made: true, args: "down prod --plan", code: 1, err: "prod is not taken down"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := deploytest.Empty(tt.environment)
			if tt.made {
				a = deploytest.New(tt.environment)
			}
			settings := a.Config(nil)
			var out, err bytes.Buffer
			w := cli.System()
			w.AWS, w.In, w.Out, w.Err, w.Terminal = &settings, strings.NewReader(tt.in), &out, &err, tt.terminal
			w.NameServers = func(context.Context, string) ([]string, error) { return []string{deploytest.NameServer}, nil }
			args := strings.Fields(strings.ReplaceAll(tt.args, "DIR", with[tt.environment]))
			if code := cli.Run(append([]string{"env"}, args...), w); code != tt.code || !strings.Contains(out.String(), tt.out) || !strings.Contains(err.String(), tt.err) {
				t.Errorf("enishi env %s = %d\n%s\n%s\nwant %d with %q and %q", tt.args, code, out.String(), err.String(), tt.code, tt.out, tt.err)
			}
			for _, asked := range a.Asked() {
				_, what, _ := strings.Cut(asked, ":")
				if slices.ContainsFunc([]string{"Create", "Execute", "Delete", "Run", "Put"}, func(prefix string) bool { return strings.HasPrefix(what, prefix) }) {
					t.Errorf("%s was asked for", asked)
				}
			}
			if strings.Contains(tt.args, "--json") {
				var p environ.Plan
				if err := json.Unmarshal(out.Bytes(), &p); err != nil || p.Account == "" {
					t.Errorf("%v: %s", err, out.String())
				}
			}
		})
	}
}

// TestWhatWasChangedByHandIsShown holds that a plan says of it how it is brought back, and nothing of what was deployed.
func TestWhatWasChangedByHandIsShown(t *testing.T) {
	const back = "To bring that back: enishi env revert prod enishi-prod-base\n"
	deployed := environ.Drift{Type: "AWS::ECS::Service", Name: "Web", Property: "/TaskDefinition", Deployed: true}
	for name, drift := range map[string][]environ.Drift{
		"nothing": nil, "deployed": {deployed}, "changed": {deployed, {Type: "AWS::IAM::Role", Name: "Role", ID: "r", Property: "/Description", Template: "a", Account: "b"}}, "deleted": {{Type: "AWS::IAM::Role", Name: "Role", ID: "r"}},
	} {
		var out, services bytes.Buffer
		cli.PrintStack(&services, "prod", &environ.StackPlan{Stack: "enishi-prod-service", State: "UPDATE_COMPLETE", Drift: drift})
		if strings.Contains(services.String(), "env revert") || strings.Contains(services.String(), "each where it was changed") != (name == "changed" || name == "deleted") {
			t.Errorf("%s, of services: %s", name, services.String())
		}
		cli.PrintStack(&out, "prod", &environ.StackPlan{Stack: "enishi-prod-base", State: "UPDATE_COMPLETE", Drift: drift})
		if told := strings.Contains(out.String(), back); told != (name == "changed" || name == "deleted") {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}
