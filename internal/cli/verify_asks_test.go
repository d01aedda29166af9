package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"enishi/internal/cli"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/fleet"
)

// verify runs the command here, told what is set and nothing else.
func (v *verified) verify(set map[string]string, how try) (code int, out, said string) {
	w, printed, told := asWhom("", "", how.typed, how.terminal)
	w.Env = func(name string) (string, bool) {
		value, ok := set[name]
		return value, ok
	}
	code = cli.Run(append([]string{"verify", v.url}, how.more...), w)
	return code, printed.String(), told.String()
}

// last gives the newest line of a kind in the audit log.
func (v *verified) last(t *testing.T, what string) entry {
	t.Helper()
	for _, e := range entries(t, v.data, true) {
		if e.What == what {
			return e
		}
	}
	t.Fatalf("the audit log has no %s", what)
	return entry{}
}

// TestVerifyAsks verifies servers that have a name: somebody by hand is asked why, and where
// people's data is for the name; a task is told both. Until then there is no trial, and of each
// that is made the log has who and why.
func TestVerifyAsks(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs it")
	}
	program, tasks := fleet.Build(t, t.TempDir()), verifications(t)
	for kind, says := range map[string]struct{ holds, typed string }{
		"real": {"In prod, which holds people's data (", "prod\n"}, "demo": {"In prod, which holds demo data (", "yes\n"},
	} {
		t.Run(kind, func(t *testing.T) {
			v := &verified{program: program, data: filepath.Join(t.TempDir(), "data")}
			named := []string{"ENISHI_ENVIRONMENT=prod", "ENISHI_DATA_KIND=" + kind}
			v.run(t, 0, named, "user", "add", "--role", "operator", "--email", "ops@example.jp", "--password", "0123456789", "--data", v.data, "--why", "before it", "--confirm", "prod")
			v.server = startServing(t, program, []string{"--data", v.data}, named...)
			token := map[string]string{"ENISHI_VERIFY_TOKEN": v.token(t)}
			v.holdsBack(t, kind, says.holds, token)
			code, out, said := v.verify(token, try{more: []string{"--why", "a good reason"}, typed: says.typed, terminal: true})
			if code != 0 || !strings.Contains(out, "All of it holds.") || !strings.Contains(said, says.holds+v.url+")") {
				t.Fatalf("with an answer: %d, %s%s", code, out, said)
			}
			v.noted(t, func(e entry) bool { return e.By != "" && e.Why == "a good reason" })
			v.toldAsTask(t, token["ENISHI_VERIFY_TOKEN"], tasks)
			v.fromBefore(t, kind, token)
			v.kill()
		})
	}
}

// holdsBack lets it slip in every way there is; nothing is opened, and whoever was signed in for
// it is signed out.
func (v *verified) holdsBack(t *testing.T, kind, holds string, token map[string]string) {
	t.Helper()
	before := len(entries(t, v.data, true))
	for _, how := range tries(kind) {
		code, out, said := v.verify(token, how)
		if code != how.code || !strings.Contains(said, how.says) {
			t.Errorf("%s: %d and %q; want %d and %q", how.what, code, said, how.code, how.says)
		}
		for _, want := range []string{holds, "a trial is made", "To take it back: "} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is missing from %q", how.what, want, said)
			}
		}
		if strings.Contains(out, "All of it holds.") {
			t.Errorf("%s: it says\n%s", how.what, out)
		}
	}
	var report struct {
		Environment string
		OK, Planned bool
		Steps       []struct{ Name string }
	}
	code, out, said := v.verify(token, try{more: []string{"--plan", "--json"}})
	if err := json.Unmarshal([]byte(out), &report); code != 0 || err != nil || !report.OK || !report.Planned || report.Environment != "prod" || len(report.Steps) != 5 {
		t.Errorf("a plan as JSON is %d, %s%s", code, out, said)
	}
	long := []string{"--why", strings.Repeat("x", 501), "--confirm", "prod"}
	if code, _, said := v.verify(token, try{more: long}); code != 2 || !strings.Contains(said, "--why: found 501 characters; accepted: at most 500") {
		t.Errorf("with too long a reason: %d, %s", code, said)
	}
	if n := len(entries(t, v.data, true)); n != before {
		t.Fatalf("%d more lines in the audit log", n-before)
	}
	operator := map[string]string{"ENISHI_VERIFY_EMAIL": "ops@example.jp", "ENISHI_VERIFY_PASSWORD": "0123456789"}
	if code, out, said := v.verify(operator, try{}); code != 2 || !strings.Contains(out, "ok  ") || !strings.Contains(out, "the operator signs out") {
		t.Errorf("one who signs in, without a reason: %d, %s%s", code, out, said)
	}
}

// noted fails unless who and why of the newest trial are noted, of its opening and of its end.
func (v *verified) noted(t *testing.T, right func(entry) bool) {
	t.Helper()
	for _, what := range []string{"trial.open", "trial.end"} {
		if e := v.last(t, what); !right(e) {
			t.Errorf("the audit log has %+v", e)
		}
	}
	v.left(t, 0)
}

// toldAsTask verifies told what the tasks are of a deployment, of enishi deploy verify and of
// env up, who answer nothing.
func (v *verified) toldAsTask(t *testing.T, token string, tasks []deploytest.Ran) {
	t.Helper()
	for _, task := range tasks {
		told := maps.Clone(task.Told)
		told["ENISHI_VERIFY_TOKEN"] = token
		if code, out, said := v.verify(told, try{}); code != 0 || !strings.Contains(out, "All of it holds.") {
			t.Errorf("told %v: %d, %s%s", task.Told, code, out, said)
		}
		v.noted(t, func(e entry) bool {
			return e.By != "" && e.By == told["ENISHI_BY"] && e.Why != "" && e.Why == told["ENISHI_WHY"]
		})
		told["ENISHI_CONFIRM"] = "staging"
		if code, _, said := v.verify(told, try{}); code != 2 || !strings.Contains(said, "--confirm staging: this is prod") {
			t.Errorf("as a task of another environment: %d, %s", code, said)
		}
	}
}

// verifications are the tasks that run enishi verify in prod: of a deployment, of somebody who
// asks for it, and of a change of the templates.
func verifications(t *testing.T) []deploytest.Ran {
	t.Helper()
	t.Chdir(smallProject(t))
	templates := environmentTemplates(t, "prod")
	signalsBeginHere(t)
	var out []deploytest.Ran
	synctest.Test(t, func(t *testing.T) {
		accounts := []*deploytest.Account{afterADeployment(t, "prod")}
		for _, command := range [][]string{{"deploy", "verify", "prod"}, {"env", "up", "prod", "--templates", templates}} {
			a := deploytest.New("prod")
			if command[1] == "up" {
				a = beforeUp(t, "prod")
			}
			if code, said := inAccount(a, command, order{args: []string{"prod"}}, "--why", "a good reason", "--confirm", "prod"); code != 0 {
				t.Fatalf("%q = %d: %s", command, code, said)
			}
			accounts = append(accounts, a)
		}
		for i, a := range accounts {
			before := len(out)
			for _, r := range a.Ran() {
				if r.Words[0] == "verify" {
					out = append(out, r)
				}
			}
			if len(out) != before+1 {
				t.Fatalf("account %d: %d tasks verify, want one of %+v", i, len(out)-before, a.Ran())
			}
		}
	})
	return out
}

// fromBefore verifies a program that says no name, and is told of nobody, and one that says
// whose data it holds, and no name: people's are not forgotten.
func (v *verified) fromBefore(t *testing.T, kind string, token map[string]string) {
	t.Helper()
	var sent int64
	saying := func(settings string) *verified {
		said := fmt.Appendf(nil, `"environment":"prod","data_kind":%q`, kind)
		through := v.behind(t, func(r *http.Response) error {
			switch {
			case strings.HasSuffix(r.Request.URL.Path, "/operator/trials"):
				sent = r.Request.ContentLength
			case strings.HasSuffix(r.Request.URL.Path, "/operator/settings"):
				body, err := io.ReadAll(r.Body)
				if !bytes.Contains(body, said) {
					return fmt.Errorf("the settings are %s, %w", body, err)
				}
				changed := bytes.Replace(body, said, []byte(settings), 1)
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
				r.Header.Set("Content-Length", fmt.Sprint(len(changed)))
			}
			return nil
		})
		return &verified{server: &server{url: through}}
	}
	if code, out, said := saying(`"permit":""`).verify(token, try{}); code != 0 || sent != 0 || !strings.Contains(out, "All of it holds.") {
		t.Errorf("of a program from before, after %d bytes about who: %d, %s%s", sent, code, out, said)
	}
	v.noted(t, func(e entry) bool { return e.By == "" && e.Why == "" })
	code, _, said := saying(`"environment":"","data_kind":"`+kind+`"`).verify(token, try{})
	if kind == "real" && (code != 2 || !strings.Contains(said, "holds people's data: set ENISHI_ENVIRONMENT")) || kind == "demo" && code != 0 {
		t.Errorf("without a name: %d, %s", code, said)
	}
}
