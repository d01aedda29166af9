package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"enishi/internal/fleet"
)

// verified is a real server that is verified.
type verified struct {
	*server
	program, data string
}

// TestVerify verifies a real server as a demo and not, where a company confirms what
// leaves and where rules send, again and again from one address, and is stopped,
// killed and lied to: of a trial nothing is ever left.
func TestVerify(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs it several times")
	}
	t.Parallel()
	program := fleet.Build(t, t.TempDir())
	for name, tt := range map[string]struct {
		flags []string
		mode  string
	}{
		"approve": {nil, "approve"}, "auto": {nil, "auto"}, "a demo": {[]string{"--demo"}, "auto"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := &verified{program: program, data: filepath.Join(t.TempDir(), "data")}
			v.run(t, 0, nil, "user", "add", "--role", "operator", "--email", "ops@example.jp", "--password", "0123456789", "--data", v.data)
			v.server = startServing(t, program, append([]string{"--data", v.data}, tt.flags...), "ENISHI_MATCHING_MODE="+tt.mode, "ENISHI_DEPLOYMENT=20261126T000000Z-v1")
			v.whole(t)
			v.deployed(t)
			v.lied(t)
			v.stopped(t, os.Interrupt)
			v.left(t, 0)
			if name == "a demo" {
				v.killed(t)
			}
			v.kill()
		})
	}
}

// run runs the program and gives what it prints.
func (v *verified) run(t *testing.T, code int, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(v.program, args...)
	cmd.Env = append(append(os.Environ(), "ENISHI_VERIFY_EMAIL=ops@example.jp", "ENISHI_VERIFY_PASSWORD=0123456789"), env...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("enishi %v: %v, want code %d\n%s", args, err, code, out)
	}
	return string(out)
}

// deployed verifies the deployment that serves here, and one that does not.
func (v *verified) deployed(t *testing.T) {
	t.Helper()
	if out := v.run(t, 0, nil, "verify", v.url, "--deployment", "20261126T000000Z-v1"); !strings.Contains(out, "the deployment answers") || !strings.Contains(out, "All of it holds.") {
		t.Errorf("it says\n%s", out)
	}
	if out := v.run(t, 1, nil, "verify", v.url, "--deployment", "20261126T000000Z-v2", "--patience", "300ms", "--await", "1s"); !strings.Contains(out, "the deployment 20261126T000000Z-v2 does not answer within 1s") {
		t.Errorf("it says\n%s", out)
	}
	v.left(t, 0)
}

// whole verifies more often than the limits for one address bear.
func (v *verified) whole(t *testing.T) {
	t.Helper()
	token := v.token(t)
	for range 12 {
		if out := v.run(t, 0, []string{"ENISHI_VERIFY_TOKEN=" + token}, "verify", v.url); !strings.Contains(out, "All of it holds.") {
			t.Fatalf("it says\n%s", out)
		}
	}
	var report struct {
		OK    bool
		Steps []struct{ Name, Error string }
	}
	code, out, said := v.verify(map[string]string{"ENISHI_VERIFY_EMAIL": "ops@example.jp", "ENISHI_VERIFY_PASSWORD": "0123456789"}, try{more: []string{"--json"}})
	if err := json.Unmarshal([]byte(out), &report); code != 0 || err != nil || !report.OK || len(report.Steps) != 19 {
		t.Fatalf("the report is %+v, %v: %d, %s", report, err, code, said)
	}
	if last := report.Steps[18].Name; last != "the operator signs out" {
		t.Errorf("the last step is %q", last)
	}
	if by := v.last(t, "trial.end"); by.By == "" || by.Why != "" {
		t.Errorf("without a name, who has it verified is noted as %+v", by)
	}
	v.left(t, 0)
}

// asked asks the server.
func (v *verified) asked(t *testing.T, method, path, token, body string, into any) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, v.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close() //nolint:errcheck // it is only read
	if into != nil {
		if err := json.NewDecoder(a.Body).Decode(into); err != nil {
			t.Fatal(err)
		}
	}
	return a.StatusCode
}

func (v *verified) token(t *testing.T) string {
	t.Helper()
	var s struct{ Token string }
	v.asked(t, "POST", "/api/v1/sessions", "", `{"email":"ops@example.jp","password":"0123456789","kind":"operator"}`, &s)
	return s.Token
}

// trials gives how many trials were opened and not ended, by the audit log.
func (v *verified) trials(t *testing.T) int {
	t.Helper()
	counts := map[string]int{}
	for _, what := range []string{"trial.open", "trial.end"} {
		var list struct{ Items []any }
		if err := json.Unmarshal([]byte(v.run(t, 0, nil, "audit", "--data", v.data, "--what", what, "--limit", "1000", "--json")), &list); err != nil {
			t.Fatal(err)
		}
		counts[what] = len(list.Items)
	}
	return counts["trial.open"] - counts["trial.end"]
}

// left fails unless so many trials stand; of none that was ended is anything counted.
func (v *verified) left(t *testing.T, want int) {
	t.Helper()
	if n := v.trials(t); n != want {
		t.Errorf("%d trials are left, want %d", n, want)
	}
	var companies struct{ Items []any }
	var kpis struct{ Items []struct{ Name string } }
	token := v.token(t)
	v.asked(t, "GET", "/api/v1/operator/companies", token, "", &companies)
	v.asked(t, "GET", "/api/v1/operator/kpis", token, "", &kpis)
	if len(companies.Items) != 0 || len(kpis.Items) != 0 {
		t.Errorf("operators are shown %d companies and figures %+v, and nobody is there", len(companies.Items), kpis.Items)
	}
}

// behind gives a server before the server that changes an answer.
func (v *verified) behind(t *testing.T, change func(*http.Response) error) string {
	t.Helper()
	to, err := url.Parse(v.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, ModifyResponse: change, FlushInterval: -1}
	s := httptest.NewServer(proxy)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

// lied verifies a server that finds somebody else too, and one whose mails never leave.
func (v *verified) lied(t *testing.T) {
	t.Helper()
	for _, tt := range []struct{ path, from, to, want string }{
		{"/api/v1/candidates/search", `"count":1`, `"count":2`, "a search for everybody finds 2 people"},
		{"/mails", `"state":"sent"`, `"state":"kept"`, `is "kept", not sent`},
		{"/api/v1/operator/jobs", `"outcome":"done"`, `"outcome":"failed"`, "is failed"},
		{"/api/v1/me/offers", firmOfTrial, "株式会社カガミ", "of \"株式会社カガミ\", which is not the trial's"},
	} {
		through := v.behind(t, func(r *http.Response) error {
			if !strings.HasSuffix(r.Request.URL.Path, tt.path) {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			changed := bytes.ReplaceAll(body, []byte(tt.from), []byte(tt.to))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
			r.Header.Set("Content-Length", fmt.Sprint(len(changed)))
			return err
		})
		out := v.run(t, 1, nil, "verify", through, "--patience", "2s")
		if !strings.Contains(out, tt.want) || !strings.Contains(out, "ms  the trial is erased and nothing of it is left\n") {
			t.Errorf("of a server that lies at %s it says\n%s", tt.path, out)
		}
	}
}

const firmOfTrial = "動作検証用の会社"

// during runs a verification against a server that hangs where messages are written,
// and gives it when it has come there.
func (v *verified) during(t *testing.T) (cmd *exec.Cmd, out *bufio.Scanner) {
	t.Helper()
	through := v.behind(t, func(r *http.Response) error {
		if strings.HasSuffix(r.Request.URL.Path, "/messages") {
			<-r.Request.Context().Done()
		}
		return nil
	})
	cmd = exec.Command(v.program, "verify", through, "--patience", "1m")
	cmd.Env = append(os.Environ(), "ENISHI_VERIFY_EMAIL=ops@example.jp", "ENISHI_VERIFY_PASSWORD=0123456789")
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	out = bufio.NewScanner(pipe)
	for out.Scan() {
		if strings.Contains(out.Text(), "an acceptance reaches") {
			return cmd, out
		}
	}
	t.Fatal("the verification ended before it came to messages")
	return nil, nil
}

// stopped stops a verification in the middle: it removes its trial first.
func (v *verified) stopped(t *testing.T, by os.Signal) {
	t.Helper()
	cmd, out := v.during(t)
	if err := cmd.Process.Signal(by); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for out.Scan() {
		said.WriteString(out.Text() + "\n")
	}
	err := cmd.Wait()
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(said.String(), "it was stopped") || !strings.Contains(said.String(), "ok  ") {
		t.Errorf("a stopped one ends with %v and says\n%s", err, said.String())
	}
}

// killed kills a verification in the middle: its trial stands until its time is over.
func (v *verified) killed(t *testing.T) {
	t.Helper()
	cmd, out := v.during(t)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for out.Scan() {
		continue
	}
	_ = cmd.Wait() // it was killed
	v.left(t, 1)
	tomorrow := time.Now().In(time.FixedZone("", 9*3600)).Add(24 * time.Hour).Format(time.DateOnly)
	if status := v.asked(t, "POST", "/dev/clock", "", `{"day":"`+tomorrow+`"}`, nil); status >= 300 {
		t.Fatalf("the clock was not moved: %d", status)
	}
	if status := v.asked(t, "POST", "/api/v1/operator/jobs/trials/run", v.token(t), "", nil); status != http.StatusNoContent {
		t.Fatalf("the job was not asked for: %d", status)
	}
	tick := time.NewTicker(500 * time.Millisecond) // a process that runs jobs looks every ten seconds
	defer tick.Stop()
	for over := time.Now().Add(time.Minute); v.trials(t) > 0 && time.Now().Before(over); {
		<-tick.C
	}
	v.left(t, 0)
}
