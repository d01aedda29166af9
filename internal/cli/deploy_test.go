package cli_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"enishi/internal/cli"
	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
)

// TestDeployAsks tries the ways in which a deployment is asked for, shown and refused;
// what it does is tested where it is done.
func TestDeployAsks(t *testing.T) {
	t.Chdir(smallProject(t))
	for _, tt := range []struct {
		name, environment, args, in string
		terminal                    bool
		code                        int
		out, err                    string
	}{
		{name: "a plan", environment: "staging", args: "staging --plan", err: "staging: account 123456789012, ap-northeast-1, as " + deploytest.Identity},
		{name: "its steps", environment: "staging", args: "staging --plan", err: "image, schema, tasks, next version, acceptance, traffic, workers, bake, keep"},
		{name: "what becomes of the schema", environment: "staging", args: "staging --plan", err: "The schema becomes "},
		{name: "as JSON", environment: "staging", args: "staging --plan --json", out: `"identity": "` + deploytest.Identity},
		{name: "no reason", environment: "staging", args: "staging", code: 2, err: "--why is missing"},
		{name: "another account", environment: "staging", args: "prod --plan", code: 1, err: "is it the one of prod"},
		{name: "nobody there", environment: "staging", args: "staging --why x", code: 2, err: "give --yes"},
		{name: "nobody there, in production", environment: "prod", args: "rollback prod --why x --yes", code: 1, err: "nothing is there to be taken back"},
		{name: "no", environment: "staging", args: "staging --why x", terminal: true, in: "no\n", code: 1, err: "nothing was done"},
		{name: "no answer", environment: "staging", args: "staging --why x", terminal: true, code: 1, err: "nothing was done"},
		{name: "nobody there, where people's data is", environment: "prod", args: "prod --why x --yes", code: 2, err: "give --confirm prod"},
		{name: "yes alone, where people's data is", environment: "prod", args: "prod --why x", terminal: true, in: "yes\n", code: 1, err: "Type its name to go on"},
		{name: "another name", environment: "staging", args: "staging --why x --confirm prod", code: 2, err: "--confirm prod: this is staging"},
		{name: "nothing to take back", environment: "staging", args: "rollback staging --why x --yes", code: 1, err: "nothing is there to be taken back"},
		{name: "a digest that is none", environment: "staging", args: "staging --why x --yes --digest latest", code: 2, err: "give sha256: and 64 digits"},
		{name: "a walk that nobody confirms", environment: "prod", args: "verify prod --why x", code: 2, err: "give --confirm prod"},
		{name: "a task that nobody confirms", environment: "prod", args: "task prod --why x -- job run expire", code: 2, err: "give --confirm prod"},
		{name: "a task without a command", environment: "staging", args: "task staging --why x", code: 2, err: "expected \"<command> ...\""},
		{name: "a task without a reason", environment: "staging", args: "task staging -- job run expire", code: 2, err: "--why is missing"},
		{name: "a task with a password", environment: "prod", args: "task prod --why x --confirm prod -- user add --password y", code: 2, err: "a password is not given to a task"},
		{name: "the status", environment: "prod", args: "status prod", out: "Now: " + deploytest.Before},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := deploytest.New(tt.environment)
			a.Pace = 20
			settings := a.Config(nil)
			var out, err bytes.Buffer
			w := cli.System()
			w.AWS, w.In, w.Out, w.Err, w.Terminal = &settings, strings.NewReader(tt.in), &out, &err, tt.terminal
			if code := cli.Run(commandLine(tt.args), w); code != tt.code || !strings.Contains(out.String(), tt.out) || !strings.Contains(err.String(), tt.err) {
				t.Errorf("enishi deploy %s = %d\n%s\n%s\nwant %d with %q and %q", tt.args, code, out.String(), err.String(), tt.code, tt.out, tt.err)
			}
			for _, asked := range a.Asked() {
				if slices.ContainsFunc([]string{":Put", ":Update", ":Register", ":Run"}, func(part string) bool { return strings.Contains(asked, part) }) {
					t.Errorf("%s was asked for", asked)
				}
			}
			var p deploy.Plan
			if strings.Contains(tt.args, "--json") {
				if err := json.Unmarshal(out.Bytes(), &p); err != nil || p.Account == "" {
					t.Errorf("%v: %s", err, out.String())
				}
			}
		})
	}
}

// commandLine gives the words of a command, which is deploy unless it is said.
func commandLine(args string) []string {
	words := strings.Fields(args)
	if words[0] != "task" {
		words = append([]string{"deploy"}, words...)
	}
	return words
}
