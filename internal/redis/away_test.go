package redis_test

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"enishi/internal/redis"
	"enishi/internal/redis/redistest"
)

// shows expects of the metric that it says whether Redis is there.
func (c *connection) shows(up string) {
	c.t.Helper()
	want := "# HELP enishi_redis_up 1 while Redis is used, 0 while the process goes on without it.\n# TYPE enishi_redis_up gauge\nenishi_redis_up " + up + "\n"
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "enishi_redis_up"); err != nil {
		c.t.Error(err)
	}
}

// TestGoingAwayAndComingBack kills a server twice and expects one line each way.
func TestGoingAwayAndComingBack(t *testing.T) {
	s := redistest.New(t)
	c := connect(t, redistest.Address(t, s.URL))
	c.becomes(true)
	c.shows("1")
	cache, l, key := c.Cache("test"), c.Limits("test", nil), []byte("key")
	for round := range 2 {
		cache.Keep(t.Context(), key, []byte("value"), time.Minute)
		if got, ok := cache.Find(t.Context(), key); !ok || string(got) != "value" {
			t.Fatalf("Find = %q, %v", got, ok)
		}
		if _, ok := l.Take(t.Context(), "somebody", 1, time.Hour); !ok {
			t.Error("nobody knows")
		}
		s.Kill()
		c.becomes(false)
		c.shows("0")
		began := time.Now()
		for range 1000 {
			if _, ok := cache.Find(t.Context(), key); ok {
				t.Fatal("a server that was killed finds something")
			}
			if _, ok := l.Take(t.Context(), "somebody", 1, time.Hour); ok {
				t.Fatal("a server that was killed knows something")
			}
			cache.Keep(t.Context(), key, []byte("value"), time.Minute)
			cache.Drop(t.Context(), time.Minute, key)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("4000 calls without Redis took %v", took)
		}
		s.Start()
		c.becomes(true)
		c.shows("1")
		if away, back := c.log.with("Redis is away"), c.log.with("Redis is back"); away != round+1 || back != round+1 {
			t.Errorf("after %d times, the log says %d times that it is away, %d that it is back:\n%v", round+1, away, back, c.log.text)
		}
		if _, ok := cache.Find(t.Context(), key); ok {
			t.Error("a server that forgot finds something")
		}
	}
	if n := len(c.log.text); n != 4 {
		t.Errorf("%d lines are in the log, want 4: %v", n, c.log.text)
	}
}

// TestStartingWithoutRedis expects that nobody need wait for a server.
func TestStartingWithoutRedis(t *testing.T) {
	s := redistest.New(t)
	s.Kill()
	c := connect(t, redistest.Address(t, s.URL))
	c.becomes(false)
	s.Start()
	c.becomes(true)
	if _, ok := c.Limits("test", nil).Take(t.Context(), "somebody", 1, time.Hour); !ok {
		t.Error("nobody knows")
	}
}

// hole is a proxy to a server, until it swallows everything without a word.
type hole struct {
	listener net.Listener
	mu       sync.Mutex
	open     []net.Conn
	deaf     bool
}

func newHole(t *testing.T, to string) *hole {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hole{listener: l}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			h.mu.Lock()
			h.open = append(h.open, from)
			deaf := h.deaf
			h.mu.Unlock()
			if deaf {
				continue
			}
			onto, err := net.Dial("tcp", to)
			if err != nil {
				_ = from.Close() // whoever asked finds out
				continue
			}
			h.mu.Lock()
			h.open = append(h.open, onto)
			h.mu.Unlock()
			all.Go(func() { h.copy(onto, from) })
			all.Go(func() { h.copy(from, onto) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		h.mu.Lock()
		for _, c := range h.open {
			_ = c.Close()
		}
		h.mu.Unlock()
		all.Wait()
	})
	return h
}

func (h *hole) copy(to io.Writer, from io.Reader) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		h.mu.Lock()
		deaf := h.deaf
		h.mu.Unlock()
		if deaf {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (h *hole) hear(hears bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deaf = !hears
}

// TestBlackHole has a server that takes connections and does not answer: the
// first call waits for a while, the others do not.
func TestBlackHole(t *testing.T) {
	s := redistest.New(t)
	h := newHole(t, redistest.Address(t, s.URL).Hosts[0])
	c := connectBy(t, redistest.Address(t, "redis://"+h.listener.Addr().String()), unchecked())
	c.becomes(true)
	cache, key := c.Cache("test"), []byte(rand.Text())
	cache.Keep(t.Context(), key, []byte("value"), time.Minute)
	h.hear(false)
	ask := func() time.Duration {
		began := time.Now()
		if _, ok := cache.Find(t.Context(), key); ok {
			t.Error("it answers")
		}
		return time.Since(began)
	}
	if took := ask(); took > time.Second {
		t.Errorf("the first call took %v", took)
	}
	c.becomes(false)
	began := time.Now()
	for range 1000 {
		ask()
	}
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("the next 1000 calls took %v", took)
	}
	if c.log.with("Redis is away") != 1 || len(c.log.text) != 1 {
		t.Errorf("log: %v", c.log.text)
	}
}

// TestBlackHoleHeals expects that a server which hears again is used again,
// though nobody closed the old connections.
func TestBlackHoleHeals(t *testing.T) {
	s := redistest.New(t)
	h := newHole(t, redistest.Address(t, s.URL).Hosts[0])
	c := connectBy(t, redistest.Address(t, "redis://"+h.listener.Addr().String()), redis.Options{CheckEvery: checkEvery})
	c.becomes(true)
	h.hear(false)
	c.becomes(false)
	h.hear(true)
	c.becomes(true)
	cache, key := c.Cache("test"), []byte("key")
	cache.Keep(t.Context(), key, []byte("value"), time.Minute)
	if _, ok := cache.Find(t.Context(), key); !ok {
		t.Error("it does not answer")
	}
}

// TestWhoLeavesHarmsNobody expects that a caller who gives up is no sign that
// Redis is away.
func TestWhoLeavesHarmsNobody(t *testing.T) {
	c := connect(t, redistest.Address(t, redistest.New(t).URL))
	c.becomes(true)
	left, leave := context.WithCancel(t.Context())
	leave()
	if _, ok := c.Cache("test").Find(left, []byte("key")); ok {
		t.Error("it answers one who has left")
	}
	if _, ok := c.Limits("test", nil).Take(t.Context(), "somebody", 1, time.Hour); !ok || !c.Up() {
		t.Error("one who left took Redis along")
	}
}

// TestReplicasAreAway expects that a server which cannot be written counts as
// away, and is not asked again and again by requests.
func TestReplicasAreAway(t *testing.T) {
	s := redistest.New(t)
	c := connect(t, redistest.Address(t, s.URL))
	c.becomes(true)
	command(t, s, "REPLICAOF", "127.0.0.1", "1")
	c.becomes(false)
	if c.log.with("READONLY") != 1 {
		t.Errorf("log: %v", c.log.text)
	}
	command(t, s, "REPLICAOF", "NO", "ONE")
	c.becomes(true)
}

// TestFallingAgainAndAgain expects a server that keeps falling to be left alone
// for longer each time.
func TestFallingAgainAndAgain(t *testing.T) {
	s := redistest.New(t)
	const every = 100 * time.Millisecond
	c := connectBy(t, redistest.Address(t, s.URL), redis.Options{CheckEvery: every, Wait: patience})
	c.becomes(true)
	began := time.Now()
	for range 3 {
		command(t, s, "REPLICAOF", "127.0.0.1", "1")
		c.Cache("test").Drop(t.Context(), time.Minute, []byte("key"))
		c.becomes(false)
		command(t, s, "REPLICAOF", "NO", "ONE")
		c.becomes(true)
	}
	if took := time.Since(began); took < 7*every-every/2 {
		t.Errorf("it was back three times within %v, want it left alone for 1, 2 and 4 times %v", took, every)
	}
}

// TestAClusterLosesANode expects a cluster of which a part cannot be written to
// be away as a whole, once, until that part is back.
func TestAClusterLosesANode(t *testing.T) {
	url, nodes := redistest.NewCluster(t)
	c := connect(t, redistest.Address(t, url))
	if !<-c.changes { // the nodes may not all know yet that they are one
		c.becomes(true)
	}
	before := len(c.log.text)
	cache := c.Cache("test")
	works := func() {
		t.Helper()
		for i := range 50 {
			cache.Keep(t.Context(), []byte{byte(i)}, []byte("value"), time.Minute)
			if _, ok := cache.Find(t.Context(), []byte{byte(i)}); !ok {
				t.Fatalf("key %d is not kept: %v", i, c.log.text)
			}
		}
	}
	works()
	nodes[1].Kill()
	c.becomes(false)
	nodes[1].Start()
	c.becomes(true)
	works()
	if n := len(c.log.text) - before; n != 2 {
		t.Errorf("%d lines are in the log, want one each way: %v", n, c.log.text)
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	s := redistest.New(t)
	c := connect(t, redistest.Address(t, s.URL))
	registry.MustRegister(c)
	cache := c.Cache("test")
	cache.Find(t.Context(), []byte("key"))
	s.Kill()
	c.becomes(true)
	c.becomes(false)
	cache.Find(t.Context(), []byte("key"))
	want := `# HELP enishi_redis_calls_total Calls to Redis: answered, failed, not made while it is away, left by whoever asked, or crowded out of the pool.
# TYPE enishi_redis_calls_total counter
enishi_redis_calls_total{outcome="answered"} 1
enishi_redis_calls_total{outcome="away"} 1
# HELP enishi_redis_up 1 while Redis is used, 0 while the process goes on without it.
# TYPE enishi_redis_up gauge
enishi_redis_up 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
