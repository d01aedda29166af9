package redis_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/condition"
	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/redis"
	"enishi/internal/redis/redistest"
)

// counted counts how often a store is read.
type counted struct {
	market.Store
	reads atomic.Int64
}

func (c *counted) Read(ctx context.Context, fn func(market.Tx) error) error {
	c.reads.Add(1)
	return c.Store.Read(ctx, fn)
}

// process is what a process of an installation has of the service: a market,
// and limits of two requests an hour.
type process struct {
	*connection
	*market.Market
	store   *counted
	limiter *httpx.Limiter
}

const burst = 2

func newProcess(t *testing.T, store market.Store, at config.Redis, o redis.Options) *process {
	t.Helper()
	p := &process{connection: connectBy(t, at, o), store: &counted{Store: store}}
	p.becomes(true)
	vault, err := account.NewVault(bytes.Repeat([]byte{7}, account.SecretBytes))
	if err != nil {
		t.Fatal(err)
	}
	p.Market, err = market.Open(t.Context(), p.store, vault, market.Options{
		Mode: market.Auto, Demo: true, Clock: time.Now, Mail: nowhere{}, Actors: p.Cache("actor"),
		Report: func(_ context.Context, what string, err error) { t.Errorf("%s: %v", what, err) },
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := vault.Key("addresses")
	if err != nil {
		t.Fatal(err)
	}
	p.limiter = httpx.NewLimiter(burst, time.Hour, 0, time.Now)
	p.limiter.Share(p.Limits("address", key))
	return p
}

type nowhere struct{}

func (nowhere) Send(context.Context, *market.Letter) error { return nil }

// asks authenticates a token, and says whether that read the store.
func (p *process) asks(token string) (read bool, err error) {
	before := p.store.reads.Load()
	_, err = p.Authenticate(p.t.Context(), token)
	return p.store.reads.Load() != before, err
}

// lets counts how many of some requests of an address are let through.
func (p *process) lets(requests int, addr string) (n int) {
	for range requests {
		r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
		r.RemoteAddr = addr + ":1000"
		if p.limiter.Allow(r) == nil {
			n++
		}
	}
	return n
}

func signUp(t *testing.T, m *market.Market, email string) (token string) {
	t.Helper()
	in := market.SignUp{Email: email, Wishes: condition.Condition{Op: condition.All}}
	in.Profile.Residence = "13"
	out, err := m.SignUp(t.Context(), in, market.Once{})
	if err != nil {
		t.Fatal(err)
	}
	return out.Token
}

// TestServiceGoesOnWithoutRedis has two processes of one installation: they
// share limits and sessions while Redis is there, go on each by itself when it
// is killed, and share again when it is back.
func TestServiceGoesOnWithoutRedis(t *testing.T) {
	s, store := redistest.New(t), market.NewMemory()
	at, steady := redistest.Address(t, s.URL), redis.Options{CheckEvery: checkEvery, Wait: patience}
	one, two := newProcess(t, store, at, steady), newProcess(t, store, at, steady)
	token := signUp(t, one.Market, "a@example.jp")
	expect := func(when string, p *process, read bool) {
		t.Helper()
		if got, err := p.asks(token); err != nil || got != read {
			t.Errorf("%s, a token is found: %v, by the store: %v; want %v", when, err, got, read)
		}
	}
	shared := func(when, addr string) {
		t.Helper()
		if a, b := one.lets(1, addr), two.lets(10, addr); a+b != burst {
			t.Errorf("%s, %d and %d requests of one address are let through, want %d in all", when, a, b, burst)
		}
	}
	expect("at first", one, true)
	expect("then", one, false)
	expect("in the other process", two, false)
	shared("with Redis", "192.0.2.1")

	s.Kill()
	one.becomes(false)
	two.becomes(false)
	expect("without Redis", one, true)
	expect("without Redis", two, true)
	if a, b := one.lets(10, "192.0.2.2"), two.lets(10, "192.0.2.2"); a != burst || b != burst {
		t.Errorf("without Redis, %d and %d requests of one address are let through, want %d in each process", a, b, burst)
	}
	if one.lets(1, "192.0.2.1") != 1 || two.lets(1, "192.0.2.1") != 0 {
		t.Error("without Redis, a process does not know what it let through before")
	}

	s.Start()
	one.becomes(true)
	two.becomes(true)
	expect("with Redis again", two, true)
	expect("with Redis again", one, false)
	shared("with Redis again", "192.0.2.3")
	actor, err := one.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Erase(t.Context(), actor); err != nil {
		t.Fatal(err)
	}
	if _, err := two.asks(token); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("an erased person is still known: %v", err)
	}
	for _, p := range []*process{one, two} {
		if p.log.with("Redis is away") != 1 || p.log.with("Redis is back") != 1 || len(p.log.text) != 2 {
			t.Errorf("log: %v", p.log.text)
		}
	}
}

// TestServiceBesideABlackHole has requests at once when Redis stops to answer:
// those wait once and are answered all the same, later ones do not wait.
func TestServiceBesideABlackHole(t *testing.T) {
	s := redistest.New(t)
	h := newHole(t, redistest.Address(t, s.URL).Hosts[0])
	p := newProcess(t, market.NewMemory(), redistest.Address(t, "redis://"+h.listener.Addr().String()), unchecked())
	token := signUp(t, p.Market, "a@example.jp")
	if _, err := p.asks(token); err != nil {
		t.Fatal(err)
	}
	h.hear(false)
	wave := func(requests int) time.Duration {
		began := time.Now()
		var all sync.WaitGroup
		for range requests {
			all.Go(func() {
				if _, err := p.Authenticate(t.Context(), token); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		return time.Since(began)
	}
	first, second := wave(200), wave(200)
	if first > 2*time.Second || second > first/2 {
		t.Errorf("200 requests took %v when Redis stopped to answer and %v afterwards", first, second)
	}
	t.Logf("200 requests at once: %v when Redis stopped to answer, %v afterwards", first, second)
	p.becomes(false)
	if n := p.lets(10, "192.0.2.1"); n != burst {
		t.Errorf("%d requests of an address are let through, want %d", n, burst)
	}
	if p.log.with("Redis is away") != 1 || len(p.log.text) != 1 {
		t.Errorf("log: %v", p.log.text)
	}
}
