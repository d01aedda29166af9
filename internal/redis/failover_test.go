package redis_test

import (
	"net"
	"testing"
	"time"

	"enishi/internal/fleet"
	"enishi/internal/redis/redistest"
)

// TestAnotherServerTakesOver makes the primary a replica under connections that
// nobody cuts, as a managed Redis does, while its address comes to lead to
// another server: what is kept from then on is there.
func TestAnotherServerTakesOver(t *testing.T) {
	old, taker := redistest.New(t), redistest.New(t)
	link := fleet.NewLink(t, redistest.Address(t, old.URL).Hosts[0])
	c := connect(t, redistest.Address(t, "redis://"+link.Addr()))
	c.becomes(true)
	cache := c.Cache("test")
	cache.Keep(t.Context(), []byte("before"), []byte("value"), time.Minute)
	to := redistest.Address(t, taker.URL).Hosts[0]
	host, port, err := net.SplitHostPort(to)
	if err != nil {
		t.Fatal(err)
	}
	command(t, old, "REPLICAOF", host, port)
	link.Point(to)
	c.becomes(false)
	c.becomes(true)
	cache.Keep(t.Context(), []byte("after"), []byte("value"), time.Minute)
	direct := connect(t, redistest.Address(t, taker.URL))
	direct.becomes(true)
	if _, ok := direct.Cache("test").Find(t.Context(), []byte("after")); !ok {
		t.Errorf("what was kept afterwards is not where it belongs: %v", c.log.text)
	}
}
