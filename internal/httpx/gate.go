package httpx

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Gate is a handler that answers for another until that is ready: /livez says
// that the process lives, /readyz that it is not ready and why, /metrics what is
// measured so far. All else waits for a while, and is asked to come again after it.
type Gate struct {
	metrics http.Handler
	hold    time.Duration
	opened  chan struct{}
	ready   atomic.Pointer[http.Handler]
	state   atomic.Pointer[string]
	leave   atomic.Bool
}

// retryLoading is how soon to come again: a start takes seconds.
const retryLoading = 2 * time.Second

// HoldStarting is how long a request waits for a process that starts. One that died and
// starts again within the two seconds between two questions of a load balancer is sent
// requests all the while; a start takes less than this with 170,000 candidates.
const HoldStarting = 10 * time.Second

// NewGate gives a closed gate at which a request waits as long as hold says, and what
// answers /metrics meanwhile; nil: nothing does.
func NewGate(metrics http.Handler, hold time.Duration) *Gate {
	g := &Gate{metrics: metrics, hold: hold, opened: make(chan struct{})}
	g.Say("starting")
	return g
}

// Say tells /readyz what the process is doing: "loading candidates: 3000".
func (g *Gate) Say(state string) { g.state.Store(&state) }

// Open lets everything through to h from now on. It is called once.
func (g *Gate) Open(h http.Handler) {
	g.ready.Store(&h)
	close(g.opened)
}

// Leave makes /readyz say that the process stops, while everything else is
// still answered: a load balancer sends nothing new then.
func (g *Gate) Leave() { g.leave.Store(true) }

func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.leave.Load() && r.URL.Path == "/readyz" {
		write(w, http.StatusServiceUnavailable, "stopping\n")
		return
	}
	if h := g.ready.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	if g.metrics != nil && r.URL.Path == "/metrics" {
		g.metrics.ServeHTTP(w, r)
		return
	}
	again := strconv.Itoa(int(retryLoading / time.Second))
	switch r.URL.Path {
	case "/livez":
		write(w, http.StatusOK, "ok\n")
	case "/readyz":
		w.Header().Set("Retry-After", again)
		write(w, http.StatusServiceUnavailable, *g.state.Load()+"\n")
	default:
		if h := g.await(r.Context()); h != nil {
			(*h).ServeHTTP(w, r)
			return
		}
		p := NewProblem(http.StatusServiceUnavailable, "the service is starting; try again in a moment")
		tellLater(w, r, p.With("Retry-After", again))
	}
}

// await gives what the gate opens to; nil if it stays closed as long as a request waits.
func (g *Gate) await(ctx context.Context) *http.Handler {
	enough := time.NewTimer(g.hold)
	defer enough.Stop()
	select {
	case <-g.opened:
	case <-enough.C:
	case <-ctx.Done():
	}
	return g.ready.Load()
}

// Drain is the part of a process that stops first: it lets load balancers
// notice before the others stop.
type Drain struct {
	gate *Gate
	wait time.Duration
}

// NewDrain gives the drain of a gate, which takes as long as a load balancer
// needs to notice that /readyz says no.
func NewDrain(g *Gate, wait time.Duration) *Drain { return &Drain{g, wait} }

// Run waits until ctx is done, then says so at /readyz and waits once more.
func (d *Drain) Run(ctx context.Context) error {
	<-ctx.Done()
	d.gate.Leave()
	time.Sleep(d.wait)
	return nil
}

func write(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = strings.NewReader(text).WriteTo(w) // the client went away; nobody is left to tell
}
