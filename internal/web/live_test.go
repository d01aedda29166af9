package web_test

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"enishi/internal/corpnum"
	"enishi/internal/market"
)

// events reads a stream of the site's: each event as "id kind", comments left out.
func (s *site) events(ctx context.Context, after string) (<-chan string, int) {
	s.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/live?after="+after, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	client := *s.browser
	client.Timeout = 0
	answer, err := client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	out := make(chan string, 100)
	go func() {
		defer close(out)
		defer answer.Body.Close() //nolint:errcheck // it was only read
		id, kind := "", ""
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				id = value
			case "event":
				kind = value
			case "":
				if kind != "" {
					out <- id + " " + kind
				}
				id, kind = "", ""
			}
		}
	}()
	return out, answer.StatusCode
}

// next gives the next event.
func (s *site) next(events <-chan string) string {
	s.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(10 * time.Second):
		s.Fatal("no event came")
		return ""
	}
}

// heard is the position that a page was made at.
func heard(p page) string {
	_, rest, _ := strings.Cut(p.body, `data-heard="`)
	at, _, _ := strings.Cut(rest, `"`)
	return at
}

// TestLiveAcrossProcesses listens to one process while another writes: every change
// that concerns the listener comes once and in order, also across a connection that
// was cut; nothing comes of others.
func TestLiveAcrossProcesses(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Shared = true })
	other, err := market.Open(t.Context(), s.store, s.vault, market.Options{
		Mode: market.Auto, Demo: true, Clock: noon, Mail: nowhere{}, Shared: true,
		Report: func(_ context.Context, what string, err error) { t.Errorf("%s: %v", what, err) },
	}, nil)
	s.must(err)
	_, err = other.Lead(t.Context())
	s.must(err)
	here := s.market
	s.post("/signup", chosen("email", "taro@example.jp", "password", "correct horse"))
	follow := func() {
		t.Helper()
		s.market = other // offer writes there
		s.must(other.Drain(t.Context()))
		s.must(here.Follow(t.Context()))
		s.market = here
	}
	write := func(i int) {
		t.Helper()
		s.market = other
		s.offer(i, 500+10*i)
		follow()
	}
	follow()
	if _, status := s.events(t.Context(), heard(s.get("/offers"))); status != http.StatusOK {
		t.Fatalf("GET /live: %d", status)
	}
	begun := heard(s.get("/offers"))
	ctx, cut := context.WithCancel(t.Context())
	first, _ := s.events(ctx, begun)
	write(1)
	one := s.next(first)
	if !strings.HasSuffix(one, " arrived") {
		t.Fatalf("the first event is %q, want an offer that arrived", one)
	}
	cut()
	write(2)
	last, _, _ := strings.Cut(one, " ")
	second, _ := s.events(t.Context(), last)
	two := s.next(second)
	write(3)
	three := s.next(second)
	if !strings.HasSuffix(two, " arrived") || !strings.HasSuffix(three, " arrived") || one == two || two == three {
		t.Errorf("events %q, %q, %q: want three offers that arrived, once each", one, two, three)
	}

	s.forget() // somebody whom nothing of this concerns
	if _, status := s.events(t.Context(), "0"); status != http.StatusUnauthorized {
		t.Errorf("nobody listens: %d, want 401", status)
	}
	s.post("/signup", chosen("occupation", "0911", "email", "jiro@example.jp", "password", "correct horse"))
	follow()
	theirs, _ := s.events(t.Context(), heard(s.get("/offers")))
	write(4)
	here.StopListening()
	for e := range theirs {
		t.Errorf("somebody else is told %q", e)
	}
	for range second { // ends
	}
	if _, status := s.events(t.Context(), last); status != http.StatusServiceUnavailable {
		t.Errorf("listening to a process that stops: %d, want 503", status)
	}
}

// TestLiveTooLate comes with a position that is no longer known.
func TestLiveTooLate(t *testing.T) {
	s := newSite(t)
	s.offer(1, 500)
	s.post("/signup", chosen("email", "taro@example.jp", "password", "correct horse"))
	s.must(s.market.Follow(t.Context()))
	events, _ := s.events(t.Context(), "0")
	if e := s.next(events); !strings.HasSuffix(e, " again") {
		t.Errorf("the event is %q, want again", e)
	}
	if _, ok := <-events; ok {
		t.Error("the stream goes on")
	}
}

// TestLiveBlocked blocks a company that has sent an offer: it is told nothing of that,
// and of what concerns it afterwards it is told.
func TestLiveBlocked(t *testing.T) {
	s := newSite(t)
	s.offer(1, 500)
	s.post("/signup", chosen("email", "taro@example.jp", "password", "correct horse"))
	candidate := s.actor()
	s.ownerOf("k1@example.jp")
	s.must(s.market.Follow(t.Context()))
	board, _ := s.events(t.Context(), strconv.FormatInt(s.market.Heard(), 10))
	me, err := s.market.Candidate(t.Context(), candidate)
	s.must(err)
	_, err = s.market.SetBlocks(t.Context(), candidate, me.Version, []corpnum.Number{corpnum.From(700_000_000_001)}, nil)
	s.must(err)
	s.must(s.market.Drain(t.Context()))
	s.must(s.market.Follow(t.Context()))
	rules, err := s.market.Rules(t.Context(), s.actor(), 0, 1)
	s.must(err)
	_, err = s.market.Pause(t.Context(), s.actor(), rules[0].ID)
	s.must(err)
	s.must(s.market.Follow(t.Context()))
	if e := s.next(board); !strings.HasSuffix(e, " rule") {
		t.Errorf("after a block the company is told %q first, want of its rule alone", e)
	}
}
