package httpx

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Limiter bounds how often one network address may do something: a bucket of
// tokens for each, filled at a steady rate. It forgets everything when the
// process ends.
type Limiter struct {
	proxies int
	shared  Buckets       // nil: none
	every   time.Duration // one token
	burst   time.Duration // what a full bucket holds, as time
	now     func() time.Time

	mu    sync.Mutex
	empty map[netip.Prefix]time.Time // when each bucket is full again
}

// mostBuckets bounds the memory that buckets take; beyond, full ones are
// dropped, and if none is full all are.
const mostBuckets = 100_000

// NewLimiter gives a limiter of burst requests at once and one more each time
// that every has passed. proxies is how many reverse proxies of our own stand
// in front: each adds the address that it was asked from to X-Forwarded-For, so
// the client's is that many from the end; what is before may be made up.
func NewLimiter(burst int, every time.Duration, proxies int, now func() time.Time) *Limiter {
	return &Limiter{proxies: proxies, every: every, burst: time.Duration(burst) * every, now: now, empty: map[netip.Prefix]time.Time{}}
}

// Buckets are such buckets that several processes take tokens from.
type Buckets interface {
	// Take takes a token from somebody's bucket, of so many, one more each
	// time that every has passed. wait says when there will be one, 0 if it
	// was taken; ok is false if nobody knows.
	Take(ctx context.Context, of string, burst int, every time.Duration) (wait time.Duration, ok bool)
}

// Share makes the limits hold for all processes that share buckets, instead of
// for each. While nobody knows what is in those, the process's own decide. It is
// called before the first request.
func (l *Limiter) Share(b Buckets) { l.shared = b }

// Allow takes a token of the request's address. Without one left it gives the
// problem to answer with.
func (l *Limiter) Allow(r *http.Request) error {
	from := networkOf(clientOf(r, l.proxies))
	// Its own bucket gives a token to those too whom the shared one refuses, so
	// that a flood stays here; it never holds less than that one by more than one.
	wait := l.take(from)
	if wait == 0 && l.shared != nil {
		if shared, ok := l.shared.Take(r.Context(), from.String(), int(l.burst/l.every), l.every); ok {
			wait = shared
		}
	}
	if wait > 0 {
		return NewProblem(http.StatusTooManyRequests, "too many requests from this address").With("Retry-After", seconds(wait))
	}
	return nil
}

// take takes a token from the process's own bucket of a network, or says when
// there will be one.
func (l *Limiter) take(from netip.Prefix) (wait time.Duration) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	full, ok := l.empty[from]
	if !ok {
		l.makeRoom(now)
	}
	if full.Before(now) {
		full = now
	}
	full = full.Add(l.every)
	if wait := full.Sub(now) - l.burst; wait > 0 {
		return wait
	}
	l.empty[from] = full
	return 0
}

func (l *Limiter) makeRoom(now time.Time) {
	if len(l.empty) < mostBuckets {
		return
	}
	for from, full := range l.empty {
		if !full.After(now) {
			delete(l.empty, from)
		}
	}
	if len(l.empty) >= mostBuckets {
		clear(l.empty)
	}
}

// clientOf gives the address that a request came from; the zero one if it is
// not known, which is one client like any other.
func clientOf(r *http.Request, proxies int) netip.Addr {
	if proxies > 0 {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		addr, err := netip.ParseAddr(strings.TrimSpace(hops[max(0, len(hops)-proxies)]))
		if err != nil {
			return netip.Addr{}
		}
		return addr
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr()
}

// networkOf gives what one subscriber has: an IPv4 address or an IPv6 /64.
func networkOf(addr netip.Addr) netip.Prefix {
	addr, bits := addr.Unmap().WithZone(""), 32
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
