package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// line is one end of a stream of events in a test's own time: it notes when something
// comes, or takes nothing, as the line to a computer that sleeps.
type line struct {
	header http.Header
	stuck  bool

	mu       sync.Mutex
	deadline time.Time
	came     []time.Time
	text     strings.Builder
}

func (l *line) Header() http.Header { return l.header }
func (l *line) WriteHeader(int)     {}
func (l *line) Flush()              {}

func (l *line) SetReadDeadline(time.Time) error { return nil }

func (l *line) SetWriteDeadline(at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deadline = at
	return nil
}

func (l *line) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stuck {
		<-time.After(time.Until(l.deadline))
		return 0, os.ErrDeadlineExceeded
	}
	l.came = append(l.came, time.Now())
	return l.text.Write(text)
}

// listens answers a stream to a line, as the browser that is signed in, until it ends.
func (s *site) listens(l *line, after string) {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodGet, "/live?after="+after, http.NoBody)
	r.Header.Set("Accept", "text/event-stream")
	for _, c := range s.cookies() {
		r.AddCookie(c)
	}
	s.handler.ServeHTTP(l, r)
}

// mostSilent is how long nothing may be said: a quarter of the minute after which load
// balancers cut a line, so that one beat may be lost or late.
const mostSilent = 15 * time.Second

// TestAStreamNeverFallsSilent listens while nothing happens: something is said often
// enough to be kept by load balancers, until the stream ends by itself.
func TestAStreamNeverFallsSilent(t *testing.T) {
	s := newSite(t)
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	after := heard(s.get("/offers"))
	synctest.Test(t, func(t *testing.T) {
		l := &line{header: http.Header{}}
		begun := time.Now()
		s.listens(l, after)
		if took := time.Since(begun); took != 5*time.Minute {
			t.Errorf("the stream lasted %s, want 5m", took)
		}
		last := begun
		for _, at := range append(l.came, time.Now()) {
			if at.Sub(last) > mostSilent {
				t.Errorf("nothing was said for %s, want at most %s", at.Sub(last), mostSilent)
			}
			last = at
		}
		if text := l.text.String(); len(l.came) < 20 || strings.Contains(text, "event:") {
			t.Errorf("%d times something was said: %q", len(l.came), text)
		}
	})
}

// TestALineThatTakesNothing gives each place that an account has to a line on which
// nothing arrives: the next is told to come later, and the places are free again after
// ten seconds.
func TestALineThatTakesNothing(t *testing.T) {
	s := newSite(t)
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	after := heard(s.get("/offers"))
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		const places = 8
		for range places {
			all.Go(func() { s.listens(&line{header: http.Header{}, stuck: true}, after) })
		}
		synctest.Wait()
		if l, err := s.market.Listen(s.actor(), 0); !errs.Is(err, errs.Busy) {
			t.Errorf("one more listens: %v, %v; want Busy", l, err)
		}
		begun := time.Now()
		all.Wait()
		if took := time.Since(begun); took != 10*time.Second {
			t.Errorf("a line that takes nothing is let go after %s, want 10s", took)
		}
		l, err := s.market.Listen(s.actor(), 0)
		if err != nil {
			t.Fatalf("listen after they are gone: %v", err)
		}
		l.Close()
	})
}

// toggles pauses and activates a rule of the company that is signed in n times, and has
// the listeners told.
func (s *site) toggles(n int) {
	s.Helper()
	rules, err := s.market.Rules(s.Context(), s.actor(), 0, 1)
	s.must(err)
	for i := range n {
		if i%2 == 0 {
			_, err = s.market.Pause(s.Context(), s.actor(), rules[0].ID)
		} else {
			_, _, err = s.market.Activate(s.Context(), s.actor(), rules[0].ID)
		}
		s.must(err)
	}
	s.must(s.market.Follow(s.Context()))
}

// TestOneWhoDoesNotRead lets go of a listener that leaves more unread than is kept for
// it, and tells everybody else everything, in order.
func TestOneWhoDoesNotRead(t *testing.T) {
	s := newSite(t)
	s.offer(1, 500)
	s.ownerOf("k1@example.jp")
	s.must(s.market.Follow(t.Context()))
	listen := func() *market.Listener {
		l, err := s.market.Listen(s.actor(), s.market.Heard())
		s.must(err)
		t.Cleanup(l.Close)
		return l
	}
	slow, quick := listen(), listen()
	const kept, all, atOnce = 64, 200, 20
	var told []market.News
	for range all / atOnce {
		s.toggles(atOnce)
		for range atOnce {
			told = append(told, <-quick.News)
		}
	}
	for i := 1; i < len(told); i++ {
		if told[i].Pos <= told[i-1].Pos || told[i].Kind != "rule" {
			t.Fatalf("news %d is %+v after %+v", i, told[i], told[i-1])
		}
	}
	n := 0
	for news := range slow.News {
		if news != told[n] {
			t.Fatalf("news %d is %+v to one and %+v to another", n, news, told[n])
		}
		n++
	}
	if n != kept || !slow.Missed() || quick.Missed() {
		t.Errorf("%d news were kept for who does not read, want %d; missed %t, who reads %t", n, kept, slow.Missed(), quick.Missed())
	}
	l, err := s.market.Listen(s.actor(), told[kept-1].Pos)
	s.must(err)
	defer l.Close()
	if news := <-l.News; news != told[kept] {
		t.Errorf("listening goes on with %+v, want %+v", news, told[kept])
	}
}

// TestTooManyListen fills every place: one more is told to come later, pages are shown,
// those who listen are told, and what is kept for all of them is bounded.
func TestTooManyListen(t *testing.T) {
	s := newSite(t)
	s.offer(1, 500)
	s.ownerOf("k1@example.jp")
	s.must(s.market.Follow(t.Context()))
	const places = 4096
	before := heap()
	me := s.actor()
	all := make([]*market.Listener, places)
	for i := range all {
		somebody := market.Actor{Account: 1_000 + int64(i), Company: me.Company, CompanyID: me.CompanyID, Kind: me.Kind, Role: me.Role}
		l, err := s.market.Listen(somebody, s.market.Heard())
		if err != nil {
			t.Fatalf("listener %d: %v", i, err)
		}
		all[i] = l
	}
	if _, status := s.events(t.Context(), heard(s.get("/company"))); status != http.StatusServiceUnavailable {
		t.Errorf("one more listens: %d, want 503", status)
	}
	s.holds(s.get("/company"), http.StatusOK)
	s.toggles(1)
	for i, l := range all {
		if news := <-l.News; news.Kind != "rule" || news.ID == uuid.Nil {
			t.Fatalf("listener %d is told %+v", i, news)
		}
	}
	s.toggles(200) // which nobody reads
	const most = 32 << 20
	if grown := heap() - before; grown > most {
		t.Errorf("%d listeners who do not read hold %d bytes, want at most %d", places, grown, most)
	} else {
		t.Logf("%d listeners who do not read hold %d bytes", places, grown)
	}
	for i, l := range all {
		n := 0
		for range l.News { // ends
			n++
		}
		if !l.Missed() || n == 0 {
			t.Fatalf("listener %d has %d news, missed %t", i, n, l.Missed())
		}
	}
	if _, status := s.events(t.Context(), heard(s.get("/company"))); status != http.StatusOK {
		t.Errorf("one listens when they are gone: %d, want 200", status)
	}
}

// heap gives the bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
