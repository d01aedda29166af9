package redis_test

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/redis"
	"enishi/internal/redis/redistest"
)

// servers are the shapes that everything is tested on.
func servers() map[string]func(*testing.T) config.Redis {
	return map[string]func(*testing.T) config.Redis{
		"one server": func(t *testing.T) config.Redis { return redistest.Given(t, "ENISHI_TEST_REDIS_URL") },
		"Valkey":     func(t *testing.T) config.Redis { return redistest.Given(t, "ENISHI_TEST_VALKEY_URL") },
		"a cluster":  func(t *testing.T) config.Redis { return redistest.Given(t, "ENISHI_TEST_REDIS_CLUSTER") },
		"one endpoint of a cluster": func(t *testing.T) config.Redis {
			a := redistest.Given(t, "ENISHI_TEST_REDIS_CLUSTER")
			a.Hosts, a.Cluster = a.Hosts[:1], true
			return a
		},
		"TLS and a password": secure,
	}
}

// secure is a server with TLS and a password: one that the environment names,
// or one of the test's own.
func secure(t *testing.T) config.Redis {
	t.Helper()
	if os.Getenv("ENISHI_TEST_REDIS_TLS_URL") == "" {
		return redistest.Address(t, redistest.NewSecure(t).URL)
	}
	a := redistest.Given(t, "ENISHI_TEST_REDIS_TLS_URL")
	a.CA = os.Getenv("ENISHI_TEST_REDIS_CA")
	return a
}

func onServers(t *testing.T, test func(*testing.T, config.Redis)) {
	t.Helper()
	for name, at := range servers() {
		t.Run(name, func(t *testing.T) { test(t, at(t)) })
	}
}

func TestCache(t *testing.T) {
	onServers(t, func(t *testing.T, at config.Redis) {
		c := connect(t, at)
		c.becomes(true)
		cache, other := c.Cache("test"), c.Cache("other")
		for range 20 { // as many keys fall to every node
			key := []byte(rand.Text())
			find := func(from *redis.Cache, want string) {
				t.Helper()
				got, ok := from.Find(t.Context(), key)
				if string(got) != want || ok != (want != "") {
					t.Errorf("Find = %q, %v, want %q", got, ok, want)
				}
			}
			find(cache, "")
			cache.Keep(t.Context(), key, []byte{0, 255}, time.Minute)
			find(cache, "\x00\xff")
			find(other, "")
			cache.Keep(t.Context(), key, []byte("another"), time.Minute)
			find(cache, "\x00\xff")
			cache.Drop(t.Context(), time.Minute, key, []byte(rand.Text()), []byte(rand.Text()))
			find(cache, "")
			cache.Keep(t.Context(), key, []byte("from before"), time.Minute)
			find(cache, "")
		}
		if !c.Up() || c.log.with("away") != 0 {
			t.Errorf("Redis went away: %v", c.log.text)
		}
	})
}

func TestValuesEnd(t *testing.T) {
	at := redistest.Given(t, "ENISHI_TEST_REDIS_URL")
	c := connect(t, at)
	raw := goredis.NewClient(&goredis.Options{Addr: at.Hosts[0], DB: at.DB})
	defer raw.Close() //nolint:errcheck // nothing is lost with it
	key := []byte(rand.Text())
	ends := func(within time.Duration) {
		t.Helper()
		keys, err := raw.Keys(t.Context(), "enishi:ending:*").Result()
		if err != nil || len(keys) != 1 {
			t.Fatalf("keys %v, %v, want one", keys, err)
		}
		if left := raw.PTTL(t.Context(), keys[0]).Val(); left <= 0 || left > within {
			t.Errorf("it ends in %v, want at most %v", left, within)
		}
	}
	cache := c.Cache("ending")
	cache.Keep(t.Context(), key, []byte("value"), 10*time.Second)
	ends(10 * time.Second)
	cache.Drop(t.Context(), time.Second, key)
	ends(time.Second)
}

func TestLimits(t *testing.T) {
	onServers(t, func(t *testing.T, at config.Redis) {
		one, two := connect(t, at), connect(t, at)
		key := []byte(rand.Text())
		take := func(l *redis.Limits, of string) time.Duration {
			t.Helper()
			wait, ok := l.Take(t.Context(), of, 3, time.Hour)
			if !ok {
				t.Errorf("nobody knows")
			}
			return wait
		}
		here, there := one.Limits("test", key), two.Limits("test", key)
		for i, l := range []*redis.Limits{here, there, here} {
			if wait := take(l, "192.0.2.1/32"); wait != 0 {
				t.Errorf("token %d of a full bucket is there in %v", i, wait)
			}
		}
		for _, l := range []*redis.Limits{here, there} {
			if wait := take(l, "192.0.2.1/32"); wait < 59*time.Minute || wait > time.Hour {
				t.Errorf("an empty bucket has a token in %v, want an hour", wait)
			}
		}
		if take(there, "192.0.2.2/32") != 0 || take(one.Limits("else", key), "192.0.2.1/32") != 0 || take(one.Limits("test", []byte("other")), rand.Text()) != 0 {
			t.Error("buckets of others are empty too")
		}
	})
}

func TestLimitsFill(t *testing.T) {
	c := connect(t, redistest.Given(t, "ENISHI_TEST_REDIS_URL"))
	l := c.Limits("test", []byte(rand.Text()))
	const every = 50 * time.Millisecond
	wait, ok := time.Duration(0), true
	for i := 0; wait == 0 && i < 100; i++ {
		wait, ok = l.Take(t.Context(), "somebody", 3, every)
	}
	if !ok || wait <= 0 || wait > every {
		t.Fatalf("an empty bucket has a token in %v (%v), want at most %v", wait, ok, every)
	}
	<-time.After(wait) // the server's clock cannot be moved
	if wait, ok = l.Take(t.Context(), "somebody", 3, every); wait != 0 || !ok {
		t.Errorf("when it said, there is none for another %v (%v)", wait, ok)
	}
}

// TestLimitsRacing has several processes take from one bucket at once: as many
// get a token as it holds.
func TestLimitsRacing(t *testing.T) {
	onServers(t, func(t *testing.T, at config.Redis) {
		const burst = 25
		key, of := []byte("key"), rand.Text()
		var taken, refused atomic.Int64
		var all sync.WaitGroup
		for range 3 {
			l := connect(t, at).Limits("test", key)
			for range 4 {
				all.Go(func() {
					for range 10 {
						switch wait, ok := l.Take(t.Context(), of, burst, time.Hour); {
						case !ok:
							t.Error("nobody knows")
						case wait == 0:
							taken.Add(1)
						default:
							refused.Add(1)
						}
					}
				})
			}
		}
		all.Wait()
		if taken.Load() != burst || refused.Load() != 120-burst {
			t.Errorf("%d were let through and %d were not, want %d of 120", taken.Load(), refused.Load(), burst)
		}
	})
}

// TestNothingPersonalIsKept looks at every key and value of a server.
func TestNothingPersonalIsKept(t *testing.T) {
	s := redistest.New(t)
	c := connect(t, redistest.Address(t, s.URL))
	l := c.Limits("address", []byte("key"))
	for i := range 10 {
		if _, ok := l.Take(t.Context(), fmt.Sprintf("192.0.2.%d/32", i), 3, time.Hour); !ok {
			t.Fatal("nobody knows")
		}
	}
	raw := goredis.NewClient(&goredis.Options{Addr: redistest.Address(t, s.URL).Hosts[0]})
	defer raw.Close() //nolint:errcheck // nothing is lost with it
	keys, err := raw.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 11 {
		t.Fatalf("keys %v, %v, want one for each address and the check's", keys, err)
	}
	for _, key := range keys {
		text := key + "=" + raw.Get(t.Context(), key).Val()
		if strings.Contains(text, "192.0.2.") {
			t.Errorf("%s holds an address", text)
		}
		if left := raw.TTL(t.Context(), key).Val(); left <= 0 {
			t.Errorf("%s never ends", key)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	at := redistest.Address(t, "rediss://127.0.0.1:1")
	for name, ca := range map[string]string{"no file": "/no/such/file", "no certificate": write(t, "-----")} {
		at.CA = ca
		if c, err := redis.Open(t.Context(), slog.New(slog.DiscardHandler), at, redis.Options{}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v, %v, want Invalid", name, c, err)
		}
	}
}

// TestStrangersAreNotTrusted expects that a server whose certificate or
// password is not right counts as away, and is not told what is asked.
func TestStrangersAreNotTrusted(t *testing.T) {
	right := secure(t)
	unverified, wrong, plain := right, right, right
	unverified.CA = ""
	wrong.Password = config.Secret("wrong")
	plain.TLS = false
	for name, at := range map[string]config.Redis{"unknown authority": unverified, "wrong password": wrong, "without TLS": plain} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, at)
			c.becomes(false)
			if _, ok := c.Limits("test", nil).Take(t.Context(), "somebody", 1, time.Hour); ok {
				t.Error("it answers")
			}
			if c.log.with("Redis is away") != 1 || c.log.with("wrong\"") != 0 {
				t.Errorf("log: %v", c.log.text)
			}
		})
	}
}
