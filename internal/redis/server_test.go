package redis_test

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"enishi/internal/config"
	"enishi/internal/redis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// missing skips a test that has no server, or fails it where servers are
// required.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("ENISHI_TEST_SERVICES") == "required" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// given gives the address that a variable of the environment holds.
func given(t *testing.T, variable string) config.Redis {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		missing(t, variable+" is not set")
	}
	return address(t, text)
}

func address(t *testing.T, text string) config.Redis {
	t.Helper()
	a, ok := config.ParseRedis(text)
	if !ok {
		t.Fatalf("%s is no address of a Redis", text)
	}
	return a
}

// server is a redis-server of the test's own.
type server struct {
	t      *testing.T
	port   string
	folder string
	cmd    *exec.Cmd
}

func newServer(t *testing.T) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		missing(t, "redis-server is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, port: port, folder: t.TempDir()}
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *server) address() config.Redis { return address(s.t, "redis://127.0.0.1:"+s.port) }

// start starts the server and waits until it says that it takes connections.
func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", s.port, "--dir", s.folder, "--save", "", "--appendonly", "no")
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
			return
		}
	}
	s.t.Fatal("redis-server ended before it was ready")
}

func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()         // by the signal
	s.cmd = nil
}

// command gives the server an order.
func (s *server) command(words ...any) {
	s.t.Helper()
	raw := goredis.NewClient(&goredis.Options{Addr: "127.0.0.1:" + s.port})
	defer raw.Close() //nolint:errcheck // nothing is lost with it
	if err := raw.Do(s.t.Context(), words...).Err(); err != nil {
		s.t.Fatal(err)
	}
}

// lines is a log that keeps its lines.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, string(b))
	return len(b), nil
}

// with counts the lines that hold a text.
func (l *lines) with(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.text {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// connection is a client that runs, with its log and its changes of state.
type connection struct {
	*redis.Client
	t       *testing.T
	log     *lines
	changes chan bool
}

// checkEvery is short, so that tests need not wait.
const checkEvery = 20 * time.Millisecond

func connect(t *testing.T, a config.Redis) *connection {
	t.Helper()
	return connectEvery(t, a, checkEvery)
}

func connectEvery(t *testing.T, a config.Redis, every time.Duration) *connection {
	t.Helper()
	c := &connection{t: t, log: new(lines), changes: make(chan bool, 16)}
	var err error
	c.Client, err = redis.Open(t.Context(), slog.New(slog.NewTextHandler(c.log, nil)), a, redis.Options{
		CheckEvery: every, Changed: func(up bool) { c.changes <- up },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- c.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-over; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// becomes waits for the next change of state.
func (c *connection) becomes(up bool) {
	c.t.Helper()
	select {
	case got := <-c.changes:
		if got != up || c.Up() != up {
			c.t.Fatalf("Redis has become up: %v (Up %v), want %v", got, c.Up(), up)
		}
	case <-time.After(time.Minute):
		c.t.Fatalf("Redis does not become up: %v", up)
	}
}

// write puts a text into a file of the test.
func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
