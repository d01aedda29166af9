package redis_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"enishi/internal/config"
	"enishi/internal/redis"
	"enishi/internal/redis/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// command gives the server an order.
func command(t *testing.T, s *redistest.Server, words ...any) {
	t.Helper()
	raw := goredis.NewClient(&goredis.Options{Addr: redistest.Address(t, s.URL).Hosts[0]})
	defer raw.Close() //nolint:errcheck // nothing is lost with it
	if err := raw.Do(t.Context(), words...).Err(); err != nil {
		t.Fatal(err)
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

// patience is more than a slow machine takes to answer.
const patience = 2 * time.Second

// unchecked has the calls of a test find out alone.
func unchecked() redis.Options { return redis.Options{CheckEvery: time.Hour} }

func connect(t *testing.T, a config.Redis) *connection {
	t.Helper()
	return connectBy(t, a, redis.Options{CheckEvery: checkEvery, Wait: patience})
}

func connectBy(t *testing.T, a config.Redis, o redis.Options) *connection {
	t.Helper()
	c := &connection{t: t, log: new(lines), changes: make(chan bool, 16)}
	var err error
	o.Changed = func(up bool) { c.changes <- up }
	c.Client, err = redis.Open(t.Context(), slog.New(slog.NewTextHandler(c.log, nil)), a, o)
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
