package onehost_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"enishi/internal/onehost"
)

// TestOneHost brings the stack up as an operator does, and goes through what is
// promised of it. The order is that of a day: each part leaves the stack well.
func TestOneHost(t *testing.T) {
	s := onehost.New(t)
	took := s.Eventually(5*time.Minute, "all containers are healthy", func() string { return unwell(s) })
	t.Logf("all are healthy %.0f s after they were started", took.Seconds())
	for _, part := range []struct {
		name string
		test func(*testing.T, *onehost.Stack)
	}{
		{"accepted", accepted},
		{"logs", followed},
		{"watched", watched},
		{"jobs", jobs},
		{"healing", healing},
		{"restarted", restarted},
		{"slips", slips},
		{"halfway", halfway},
		{"crowded", crowded},
		{"rolling", rolling},
		{"settled", settled},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, s.For(t)) }) {
			break
		}
	}
}

func unwell(s *onehost.Stack) string {
	var ill []string
	for _, c := range s.Containers() {
		if !c.Healthy() {
			ill = append(ill, c.Name+" is "+c.State.Status)
		}
	}
	if len(ill) == 0 {
		if _, err := s.Get(s.URL + "/readyz"); err != nil {
			return err.Error()
		}
	}
	return strings.Join(ill, ", ")
}

// settled finds, after everything that was done to the stack, all of it well.
func settled(t *testing.T, s *onehost.Stack) {
	s.Eventually(time.Minute, "all containers are healthy", func() string { return unwell(s) })
	if n := len(s.Containers()); n != s.Copies {
		t.Errorf("%d containers run, want %d", n, s.Copies)
	}
}

// accepted makes an operator, runs the acceptance suite from outside, and finds the
// mails that it caused with the mail catcher.
func accepted(t *testing.T, s *onehost.Stack) {
	s.Compose("run", "--rm", "-T", "-e", "ENISHI_USER_PASSWORD="+operatorPassword, "enishi",
		"user", "add", "--role", "operator", "--email", operatorEmail)
	said := s.Run("env", "ENISHI_VERIFY_EMAIL="+operatorEmail, "ENISHI_VERIFY_PASSWORD="+operatorPassword,
		os.Getenv("ENISHI_PROGRAM"), "verify", s.URL)
	t.Log(said)
	s.Eventually(time.Minute, "the mail of a sign-up is caught", func() string {
		text, err := s.Get(s.Mail + "/api/v1/messages")
		if err != nil {
			return err.Error()
		}
		var caught struct {
			Messages []struct{ Subject string }
		}
		if err := json.Unmarshal([]byte(text), &caught); err != nil {
			return err.Error()
		}
		if len(caught.Messages) == 0 {
			return "no mail"
		}
		for _, m := range caught.Messages {
			if m.Subject == "" || strings.ContainsRune(m.Subject, '\uFFFD') {
				t.Errorf("a mail has the subject %q", m.Subject)
			}
		}
		return ""
	})
}

const (
	operatorEmail    = "operator@verify.example.jp"
	operatorPassword = "enishi-verify-7"
)

// followed sends a request and finds its line in the log server's file; in none of
// its files is anything of those who signed up, whom the acceptance suite made.
func followed(t *testing.T, s *onehost.Stack) {
	id := fmt.Sprintf("followed-%d", time.Now().UnixNano())
	s.Run("curl", "-sSf", "-o", "/dev/null", "-H", "X-Request-Id: "+id, s.URL+"/")
	var file string
	s.Eventually(30*time.Second, "the line of a request is in a file of the log server", func() string {
		out, err := s.Try(os.Getenv("COMPOSE"), "--env-file", os.Getenv("ENISHI_ENV_FILE"), "exec", "-T", "rsyslog",
			"grep", "-rl", id, "/var/log/enishi")
		if err != nil {
			return err.Error()
		}
		file = strings.TrimSpace(out)
		return ""
	})
	if day := time.Now().UTC().Format("2006-01-02"); !strings.Contains(file, "web") || !strings.Contains(file, "20"+day[2:4]) {
		t.Errorf("the line is in %s, want a file of web and of a day", file)
	}
	line := s.Compose("exec", "-T", "rsyslog", "grep", "-rh", id, "/var/log/enishi")
	if !strings.Contains(line, `"status":200`) {
		t.Errorf("the line says %s, want the status", line)
	}
	for _, private := range []string{"verify-", "動作 検証", "@example.jp", operatorEmail, operatorPassword} {
		out, err := s.Try(os.Getenv("COMPOSE"), "--env-file", os.Getenv("ENISHI_ENV_FILE"), "exec", "-T", "rsyslog",
			"grep", "-rhm1", "-F", "-e", private, "/var/log/enishi")
		var ended *exec.ExitError
		if err == nil {
			t.Errorf("the log holds %s: %s", private, out)
		} else if !errors.As(err, &ended) || ended.ExitCode() != 1 { // which says that grep found nothing
			t.Errorf("look for %s: %v", private, err)
		}
	}
}

// watched finds every target of Prometheus answering, the rules loaded, and
// Alertmanager told of nothing that pages a person.
func watched(t *testing.T, s *onehost.Stack) {
	var targets struct {
		Data struct {
			Active []struct {
				Labels          map[string]string
				Health, LastErr string
			} `json:"activeTargets"`
		}
	}
	s.Eventually(time.Minute, "all targets answer Prometheus", func() string {
		targets.Data.Active = nil
		text, err := s.Get(s.Prometheus + "/api/v1/targets?state=active")
		if err == nil {
			err = json.Unmarshal([]byte(text), &targets)
		}
		if err != nil {
			return err.Error()
		}
		jobs := map[string]int{}
		for _, a := range targets.Data.Active {
			if a.Health != "up" {
				return fmt.Sprintf("%v is %s", a.Labels, a.Health)
			}
			jobs[a.Labels["job"]]++
		}
		if jobs["web"] != 2 || jobs["worker"] != 2 || jobs["job"] != 1 || jobs["haproxy"] != 1 || jobs["node"] != 1 {
			return fmt.Sprintf("targets: %v", jobs)
		}
		return ""
	})
	text, err := s.Get(s.Prometheus + "/api/v1/rules?type=alert")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile(filepath.Join("..", "..", "deploy", "prometheus", "alarms.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if n, want := strings.Count(text, `"type":"alerting"`), strings.Count(string(rules), "alert: "); n != want || n == 0 {
		t.Errorf("Prometheus has %d alarms, want %d", n, want)
	}
	text, err = s.Get(s.Prometheus + "/api/v1/alertmanagers")
	if err != nil || !strings.Contains(text, "alertmanager:9093") {
		t.Errorf("Prometheus tells %s %v, want Alertmanager", text, err)
	}
	text, err = s.Get(s.Alerts + "/api/v2/alerts?filter=severity%3Dpage")
	if err != nil || strings.TrimSpace(text) != "[]" {
		t.Errorf("a person is paged: %s %v", text, err)
	}
}

// jobs runs a scheduled job by hand, as a scheduler of one's own would.
func jobs(t *testing.T, s *onehost.Stack) {
	if out := s.Compose("run", "--rm", "-T", "statistics"); !strings.Contains(out, "statistics") {
		t.Errorf("the job says %q", out)
	}
	s.Compose("run", "--rm", "-T", "retention", "--dry-run")
	var list []struct {
		Name    string
		Outcome string
	}
	out := s.Compose("run", "--rm", "-T", "enishi", "job", "list", "--json")
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) < 8 {
		t.Errorf("the list of jobs: %v\n%s", err, out)
	}
}

// restarted kills every service of other makers, as the end of the host's memory would,
// and finds all well again without anybody's help.
func restarted(t *testing.T, s *onehost.Stack) {
	for _, name := range []string{"valkey", "mail", "rsyslog", "prometheus", "alertmanager", "node", "haproxy", "mariadb"} {
		victim := s.Containers(name)[0]
		if err := syscall.Kill(victim.State.Pid, syscall.SIGKILL); err != nil {
			t.Fatalf("kill %s: %v", name, err)
		}
		took := s.Eventually(2*time.Minute, name+" is back", func() string {
			now := s.Containers(name)[0]
			if !now.State.StartedAt.After(victim.State.StartedAt) {
				return "it was not started again"
			}
			return unwell(s)
		})
		t.Logf("%s: well after %.0f s", name, took.Seconds())
	}
}

// slips makes a deploy of an image that is not there, and one of a setting that is
// wrong: neither takes a process away, nor fails a request.
func slips(t *testing.T, s *onehost.Stack) {
	before := s.Containers("web", "worker", "job")
	load := onehost.NewLoad(t.Context(), s.URL)
	for _, slip := range []string{"ENISHI_IMAGE=enishi:nope", "ENISHI_MATCHING_MODE=bogus"} {
		if out, err := s.Try("env", slip, "deploy/roll"); err == nil {
			t.Errorf("a deploy with %s succeeds: %s", slip, out)
		}
	}
	for _, r := range load.Stop() {
		if r.Failure != "" {
			t.Errorf("%s: %s", r.What, r.Failure)
		}
	}
	after := s.Containers("web", "worker", "job")
	if len(after) != len(before) {
		t.Fatalf("%d processes after, %d before", len(after), len(before))
	}
	for i := range after {
		if after[i].ID != before[i].ID {
			t.Errorf("%s was replaced by %s", before[i].Name, after[i].Name)
		}
	}
}
