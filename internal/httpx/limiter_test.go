package httpx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"enishi/internal/httpx"
)

// buckets are shared ones that a test decides over: the processes that take
// from them take from one map.
type buckets struct {
	left  map[string]int
	asked int
	away  bool
}

func (b *buckets) Take(_ context.Context, of string, burst int, every time.Duration) (time.Duration, bool) {
	b.asked++
	if b.away {
		return 0, false
	}
	if _, ok := b.left[of]; !ok {
		b.left[of] = burst
	}
	if b.left[of] == 0 {
		return every, true
	}
	b.left[of]--
	return 0, true
}

func TestLimitersThatShare(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	shared := &buckets{left: map[string]int{}}
	var processes []*httpx.Limiter
	for range 2 {
		l := httpx.NewLimiter(4, 2*time.Second, 0, func() time.Time { return now })
		l.Share(shared)
		processes = append(processes, l)
	}
	allow := func(process int, want bool) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
		r.RemoteAddr = "192.0.2.1:1000"
		err := processes[process].Allow(r)
		if (err == nil) != want {
			t.Errorf("process %d allows: %v, want %v", process, err, want)
		}
		if p := httpx.ProblemOf(err); !want && (p.Status != http.StatusTooManyRequests || p.GetHeaders().Get("Retry-After") != "2") {
			t.Errorf("process %d refuses by %+v %v, want 429 after 2 seconds", process, p, p.GetHeaders())
		}
	}
	for i := range 4 {
		allow(i%2, true)
	}
	for range 6 {
		allow(0, false)
		allow(1, false)
	}
	if shared.left["192.0.2.1/32"] != 0 || len(shared.left) != 1 {
		t.Errorf("buckets %v, want one of the whole address", shared.left)
	}
	if shared.asked != 8 { // two tokens of its own were left to each
		t.Errorf("the shared bucket was asked %d times, want 8: a flood asks too", shared.asked)
	}

	shared.away = true
	allow(0, false)
	now = now.Add(2 * time.Second)
	allow(0, true)
	allow(1, true)
	allow(0, false)

	shared.away = false
	now = now.Add(2 * time.Second)
	shared.left["192.0.2.1/32"] = 1
	allow(1, true)
	allow(0, false)
}
