// Package redistest gives tests a Redis: those that the environment names, and
// servers of a test's own, which it may kill. A test without its server is
// skipped, or fails where ENISHI_TEST_SERVICES is "required".
package redistest

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"enishi/internal/config"
)

// Missing skips a test that has no server, or fails it where servers are
// required.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("ENISHI_TEST_SERVICES") == "required" {
		t.Fatal(what + ": run make services")
	}
	t.Skip(what)
}

// Given gives the address that a variable of the environment holds.
func Given(t testing.TB, variable string) config.Redis {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		Missing(t, variable+" is not set")
	}
	return Address(t, text)
}

// Address gives the address that a URL is.
func Address(t testing.TB, url string) config.Redis {
	t.Helper()
	a, ok := config.ParseRedis(url)
	if !ok {
		t.Fatalf("%s is no address of a Redis", url)
	}
	return a
}

// Server is a redis-server of a test's own, on a port that stays the same.
type Server struct {
	URL string

	t       testing.TB
	port    string
	folder  string
	options []string
	cmd     *exec.Cmd
}

// New starts a server, which is killed at the end of the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := prepare(t)
	s.URL = "redis://127.0.0.1:" + s.port
	s.options = []string{"--port", s.port}
	s.begin()
	return s
}

// prepare gives a server that is yet to be started, on a free port.
func prepare(t testing.TB) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		Missing(t, "redis-server is not installed")
	}
	return &Server{t: t, port: FreePort(t), folder: t.TempDir()}
}

// FreePort gives a port of this machine that nobody listens on, and that the
// kernel gives to nobody who asks for any (32768 and more, in Linux), as other
// tests and each connection's own end do all the time.
func FreePort(t testing.TB) string {
	t.Helper()
	var lc net.ListenConfig
	for range 100 {
		port := strconv.Itoa(20_000 + rand.IntN(12_000))
		l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:"+port)
		if err != nil {
			continue // somebody has it
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no free port between 20,000 and 31,999")
	return ""
}

func (s *Server) begin() {
	s.t.Helper()
	s.Start()
	s.t.Cleanup(s.Kill)
}

// Start starts the server and waits until it says that it takes connections.
func (s *Server) Start() {
	s.t.Helper()
	options := append([]string{"--bind", "127.0.0.1", "--dir", s.folder, "--save", "", "--appendonly", "no"}, s.options...)
	s.cmd = exec.CommandContext(context.Background(), "redis-server", options...) //nolint:gosec // ports and folders of our own are all that varies
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			go func() { _, _ = io.Copy(io.Discard, out) }() // a full pipe would halt the server; ends with it
			return
		}
	}
	s.t.Fatal("redis-server ended before it was ready")
}

// Kill ends the server by SIGKILL, if it runs.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()         // by the signal
	s.cmd = nil
}
