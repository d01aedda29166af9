package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"enishi/internal/fleet"
)

// Password is that of every sign-in of the demo.
const Password = "enishi-demo"

// Server is a process that serves, and its folder: both outlive Stop and Start.
// It belongs to one goroutine.
type Server struct {
	URL string

	t       testing.TB
	program string
	dir     string
	flags   []string
	cmd     *exec.Cmd
}

// Operator is the address of an operator.
const Operator = "operator@example.jp"

// NewServer starts a server with --demo on a new folder; unless people is 0 the folder
// is filled with as many candidates, and with companies and rules to fit. It ends with
// the test.
func NewServer(t testing.TB, people int) *Server {
	t.Helper()
	return begun(t, people, "--demo")
}

// NewEarnestServer starts such a server as it runs for real people: operators verify
// companies, addresses are confirmed, and members confirm what rules send.
func NewEarnestServer(t testing.TB, people int) *Server {
	t.Helper()
	return begun(t, people)
}

func begun(t testing.TB, people int, flags ...string) *Server {
	t.Helper()
	s := place(t, flags...)
	if people > 0 {
		s.Run("demo", "load", "--candidates", fmt.Sprint(people), "--companies", fmt.Sprint(people/20), "--rules", fmt.Sprint(people/5), "--seed", "1")
	} else {
		s.Run("user", "add", "--role", "operator", "--email", Operator, "--password", Password)
	}
	s.Start()
	return s
}

// place gives a server that does not run yet, with more flags for it.
func place(t testing.TB, flags ...string) *Server {
	t.Helper()
	program := filepath.Join(fleet.Root(t), "bin", "enishi")
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("the program is not built: run make e2e: %v", err)
	}
	s := &Server{URL: "http://" + fleet.FreeAddr(t), t: t, program: program, dir: filepath.Join(t.TempDir(), "data"), flags: flags}
	t.Cleanup(func() {
		s.Stop()
		if log, err := os.ReadFile(s.log()); err == nil && t.Failed() {
			t.Logf("the server said:\n%s", failures(string(log)))
		}
	})
	return s
}

func (s *Server) log() string { return s.dir + ".log" }

// failures are the lines of a log that are no ordinary requests.
func failures(log string) string {
	var out strings.Builder
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "level=INFO msg=request ") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// Run runs another command of the program on the server's folder.
func (s *Server) Run(args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), s.program, append(args, "--data", s.dir)...) //nolint:gosec // the program that was built
	cmd.Env = fleet.Environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("enishi %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// Start starts the server and waits until it serves.
func (s *Server) Start() {
	s.t.Helper()
	log, err := os.OpenFile(s.log(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // the process has its own
	flags := append([]string{"serve", "--addr", strings.TrimPrefix(s.URL, "http://"), "--data", s.dir}, s.flags...)
	s.cmd = exec.CommandContext(context.Background(), s.program, flags...) //nolint:gosec // the program that was built
	s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = fleet.Environment(), log, log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	const limit = 2 * time.Minute
	for begun := time.Now(); time.Since(begun) < limit; fleet.Wait(s.t, 20*time.Millisecond) {
		if s.ready() {
			return
		}
	}
	s.t.Fatalf("the server is not ready within %s", limit)
}

func (s *Server) ready() bool {
	status, _ := s.ask("/readyz")
	return status == http.StatusOK
}

func (s *Server) ask(path string) (int, string) {
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, ""
	}
	return answer.StatusCode, string(body)
}

// Stop stops the server in order, if it runs.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may be over
	_ = s.cmd.Wait()                          // by the signal
	s.cmd = nil
}

// Ask asks the API, as whom a token is of ("": nobody), which must do it.
func (s *Server) Ask(method, path, token string, body any) []byte {
	s.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			s.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %d %s %v", method, path, answer.StatusCode, said, err)
	}
	return said
}
