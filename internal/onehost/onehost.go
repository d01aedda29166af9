// Package onehost drives the installation that compose.yaml describes, for tests:
// real containers of a real Docker, which scripts/compose-test provides. Without
// them a test is skipped, or fails where ENISHI_TEST_COMPOSE is "required".
package onehost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"enishi/internal/stack"
)

// Stack is an installation on one host.
type Stack struct {
	URL        string // of the service
	Mail       string // of the mail catcher's API
	Prometheus string
	Alerts     string // of Alertmanager's API
	Copies     int    // containers that it has

	t testing.TB
}

// New starts the stack and ends it, with all that it kept, after the test.
func New(t testing.TB) *Stack {
	t.Helper()
	if os.Getenv("ENISHI_TEST_COMPOSE") == "" {
		t.Skip("no Docker: run make compose-test")
	}
	at := func(setting string) string { return "http://" + os.Getenv(setting) }
	s := &Stack{
		t: t, URL: at("ENISHI_LISTEN"), Mail: at("MAIL_LISTEN"), Prometheus: at("PROMETHEUS_LISTEN"), Alerts: at("ALERTMANAGER_LISTEN"),
	}
	s.Compose("down", "--volumes", "--timeout", "5") // what a test that was killed has left
	t.Cleanup(func() {
		if t.Failed() {
			s.tell()
		}
		s.Compose("down", "--volumes", "--timeout", "5")
	})
	// Grafana is in no package of Debian, so nothing stands in for its image.
	up := []string{"up", "--detach"}
	for _, service := range stack.Services() {
		if service.Name != "grafana" {
			up = append(up, service.Name)
			s.Copies += service.Copies
		}
	}
	s.Compose(up...)
	return s
}

// For gives the stack to a part of the test.
func (s *Stack) For(t testing.TB) *Stack {
	part := *s
	part.t = t
	return &part
}

// Compose runs Docker Compose and gives what it prints.
func (s *Stack) Compose(args ...string) string {
	s.t.Helper()
	return s.Run(os.Getenv("COMPOSE"), append([]string{"--env-file", os.Getenv("ENISHI_ENV_FILE")}, args...)...)
}

// Docker runs Docker's client.
func (s *Stack) Docker(args ...string) string {
	s.t.Helper()
	return s.Run(os.Getenv("DOCKER"), args...)
}

// Run runs a program in the project's folder, expects that it succeeds, and gives what
// it prints.
func (s *Stack) Run(program string, args ...string) string {
	s.t.Helper()
	out, err := s.Try(program, args...)
	if err != nil {
		s.t.Fatalf("%s %s: %v", program, strings.Join(args, " "), err)
	}
	return out
}

// Try is Run for what may fail; the error has what was printed.
func (s *Stack) Try(program string, args ...string) (string, error) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), program, args...)
	if s.t.Context().Err() != nil { // cleaning up
		cmd = exec.Command(program, args...) //nolint:noctx // the context is over
	}
	cmd.Dir = root
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w\n%s\n%s", err, out.String(), said.String())
	}
	return out.String(), nil
}

var root = filepath.Join("..", "..")

// Container is a container of a service as Docker sees it.
type Container struct {
	ID           string
	Name         string
	RestartCount int
	Config       struct{ Labels map[string]string }
	State        struct {
		Status    string
		Pid       int
		StartedAt time.Time
		Health    *struct {
			Status string
			Log    []struct{ Output string }
		}
	}
}

// Healthy reports whether it runs and its health check says so.
func (c *Container) Healthy() bool {
	return c.State.Status == "running" && c.State.Health != nil && c.State.Health.Status == "healthy"
}

// Containers gives those of services, or of all.
func (s *Stack) Containers(services ...string) []Container {
	s.t.Helper()
	all := s.all(services...)
	if len(all) == 0 {
		s.t.Fatalf("no container of %q", services)
	}
	return all
}

func (s *Stack) all(services ...string) []Container {
	s.t.Helper()
	var all []Container
	args := []string{
		"ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project=" + os.Getenv("COMPOSE_PROJECT_NAME"),
		"--filter", "label=com.docker.compose.oneoff=False",
	}
	ids := strings.Fields(s.Docker(args...))
	if len(ids) == 0 {
		return nil
	}
	if err := json.Unmarshal([]byte(s.Docker(append([]string{"inspect"}, ids...)...)), &all); err != nil {
		s.t.Fatalf("docker inspect: %v", err)
	}
	if len(services) > 0 {
		all = slices.DeleteFunc(all, func(c Container) bool {
			return !slices.Contains(services, c.Config.Labels["com.docker.compose.service"])
		})
	}
	slices.SortFunc(all, func(a, b Container) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Get asks a page or an API and gives its body, with status 200.
func (s *Stack) Get(url string) (string, error) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s answers %s: %.300s", url, answer.Status, body)
	}
	return string(body), err
}

// Eventually asks until there is no reason to wait, and gives how long it took.
func (s *Stack) Eventually(within time.Duration, what string, reason func() string) time.Duration {
	s.t.Helper()
	begin := time.Now()
	for {
		why := reason()
		if why == "" {
			return time.Since(begin)
		}
		if time.Since(begin) > within {
			s.t.Fatalf("%s: not within %v: %s", what, within, why)
		}
		pause := time.NewTimer(250 * time.Millisecond)
		select {
		case <-pause.C:
		case <-s.t.Context().Done():
			s.t.Fatal("the test is over")
		}
	}
}

// tell shows what containers are not well and their last words.
func (s *Stack) tell() {
	for _, c := range s.all() {
		if c.Healthy() {
			continue
		}
		said, err := s.Try(os.Getenv("DOCKER"), "logs", "--tail", "15", c.ID)
		s.t.Logf("%s is %s, health %+v:\n%s %v", c.Name, c.State.Status, c.State.Health, said, err)
	}
}
