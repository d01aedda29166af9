package httpx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"enishi/internal/errs"
	"enishi/internal/httpx"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestProblemOf(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		header string
	}{
		{errs.New(errs.NotFound, "no such offer"), http.StatusNotFound, ""},
		{errs.AtPointer("/pay", "-1", "0 or more"), http.StatusUnprocessableEntity, ""},
		{errs.New(errs.Conflict, "taken"), http.StatusConflict, ""},
		{errs.New(errs.Stale, "changed"), http.StatusPreconditionFailed, ""},
		{errs.New(errs.Missing, "send If-Match"), http.StatusPreconditionRequired, ""},
		{errs.New(errs.Unauthenticated, "sign in"), http.StatusUnauthorized, "WWW-Authenticate"},
		{errs.New(errs.Denied, "no"), http.StatusForbidden, ""},
		{errs.New(errs.TooMany, "slow down"), http.StatusTooManyRequests, "Retry-After"},
		{errs.New(errs.TooLarge, "less"), http.StatusRequestEntityTooLarge, ""},
		{errs.New(errs.Busy, "later"), http.StatusServiceUnavailable, "Retry-After"},
		{&http.MaxBytesError{Limit: 10}, http.StatusRequestEntityTooLarge, ""},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), http.StatusServiceUnavailable, "Retry-After"},
		{errors.New("disk full at /var/secret"), http.StatusInternalServerError, ""},
		{errs.Wrap(errs.Internal, "password is hunter2", errors.New("x")), http.StatusInternalServerError, ""},
	} {
		wrapped := fmt.Errorf("do: %w", tt.err)
		w := httptest.NewRecorder()
		httpx.WriteProblem(w, httpx.ProblemOf(wrapped))
		var got httpx.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%v: %v", tt.err, err)
		}
		if w.Code != tt.status || got.Status != tt.status || got.Title != http.StatusText(tt.status) {
			t.Errorf("%v = %d %+v, want %d", tt.err, w.Code, got, tt.status)
		}
		if tt.header != "" && w.Header().Get(tt.header) == "" {
			t.Errorf("%v lacks %s", tt.err, tt.header)
		}
		if strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%v tells too much: %s", tt.err, w.Body)
		}
		if !errors.Is(httpx.ProblemOf(wrapped), tt.err) {
			t.Errorf("the problem of %v lost its cause", tt.err)
		}
	}
}

// observed serves one request and gives the answer, the log and the metrics.
func observed(t *testing.T, r *http.Request, h http.Handler) (*httptest.ResponseRecorder, string, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	metrics, err := httpx.NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	w := httptest.NewRecorder()
	httpx.Observe(slog.New(httpx.Correlated(slog.NewTextHandler(&log, nil))), metrics, nil, h).ServeHTTP(w, r)
	return w, log.String(), registry
}

func TestObserveAnswersAPanic(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /x/{id}", func(_ http.ResponseWriter, r *http.Request) { _ = []string{}[len(r.URL.Path)] })
	w, log, registry := observed(t, httptest.NewRequest("GET", "/x/himitsu", nil), mux)
	if w.Code != http.StatusInternalServerError || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("a panic = %d %s", w.Code, w.Header())
	}
	for _, want := range []string{"index out of range", `route="GET /x/{id}"`, "status=500", w.Header().Get("X-Request-Id")} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q: %s", want, log)
		}
	}
	if strings.Contains(log, "himitsu") || strings.Contains(w.Body.String(), "index") {
		t.Errorf("too much is told: %s %s", log, w.Body)
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 3 {
		t.Errorf("metrics %v, %v; want 3", families, err)
	}
}

// TestWhatLastsIsNotSlow expects that neither probes nor what lasts as long as
// somebody listens is among the times of requests, and all of them are counted.
func TestWhatLastsIsNotSlow(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics, err := httpx.NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /page", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /events", func(_ http.ResponseWriter, r *http.Request) { _ = httpx.Lasting(r.Context()) })
	h := httpx.Observe(silent(), metrics, nil, mux)
	for _, path := range []string{"/livez", "/page", "/events"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	routes := map[string][]string{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "route" {
					routes[f.GetName()] = append(routes[f.GetName()], l.GetValue())
				}
			}
		}
	}
	want := map[string][]string{"http_requests_total": {"GET /events", "GET /livez", "GET /page"}, "http_request_duration_seconds": {"GET /page"}}
	if diff := cmp.Diff(want, routes); diff != "" {
		t.Errorf("routes by metric (-want +got):\n%s", diff)
	}
}

func TestPanicsTellNothingOfAPerson(t *testing.T) {
	for _, failure := range []any{
		"himitsu", errors.New("no such person: himitsu"), struct{ name string }{"himitsu"}, fmt.Errorf("load himitsu: %w", io.EOF),
	} {
		h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(failure) })
		w, log, registry := observed(t, httptest.NewRequest("GET", "/himitsu?himitsu", nil), h)
		if w.Code != http.StatusInternalServerError || strings.Contains(log+w.Body.String(), "himitsu") {
			t.Errorf("a panic of %T is told: %s %s", failure, log, w.Body)
		}
		for _, want := range []string{fmt.Sprintf("%T", failure), "httpx_test.go", "a handler panicked", "level=ERROR"} {
			if !strings.Contains(log, want) {
				t.Errorf("the log of a panic of %T lacks %q: %s", failure, want, log)
			}
		}
		families, err := registry.Gather()
		if err != nil || !strings.Contains(fmt.Sprint(families), `value:"500"`) {
			t.Errorf("a panic is not counted: %v %v", families, err)
		}
	}
}

func TestLinesHaveTheIDsOfTheirContext(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(httpx.Correlated(slog.NewJSONHandler(&out, nil)))
	log.Info("alone")
	if strings.Contains(out.String(), "_id") {
		t.Errorf("a line of no request has ids: %s", out.String())
	}
	out.Reset()
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		log.With("part", "x").WarnContext(r.Context(), "inside")
	})
	registry := prometheus.NewRegistry()
	metrics, err := httpx.NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Request-Id", "mine")
	r.Header.Set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
	httpx.Observe(log, metrics, nil, h).ServeHTTP(httptest.NewRecorder(), r)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("the log has %d lines: %s", len(lines), out.String())
	}
	for _, line := range lines {
		if strings.Count(line, `"request_id":"mine"`) != 1 || strings.Count(line, `"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"`) != 1 {
			t.Errorf("a line lacks its ids: %s", line)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	var inside string
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inside = httpx.RequestID(r.Context()) })
	for sent, kept := range map[string]bool{
		"abc-123_X": true, "": false, "a b": false, "a\tb": false, "日本": false, strings.Repeat("x", 65): false, strings.Repeat("x", 64): true,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Request-Id", sent)
		w, _, _ := observed(t, r, h)
		got := w.Header().Get("X-Request-Id")
		if got != inside || got == "" || (got == sent) != kept {
			t.Errorf("X-Request-Id %q: answered %q, inside %q, want kept %v", sent, got, inside, kept)
		}
	}
}

func TestProblemsOfAMux(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /a", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, tt := range []struct {
		method, path, allow string
		status              int
	}{
		{"GET", "/a", "", http.StatusNoContent},
		{"GET", "/b", "", http.StatusNotFound},
		{"PUT", "/a", "GET, HEAD", http.StatusMethodNotAllowed},
	} {
		w := httptest.NewRecorder()
		httpx.Problems(mux, nil).ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.status || w.Header().Get("Allow") != tt.allow {
			t.Errorf("%s %s = %d, Allow %q; want %d, %q", tt.method, tt.path, w.Code, w.Header().Get("Allow"), tt.status, tt.allow)
		}
	}
}

func TestHandleAnswersErrors(t *testing.T) {
	var log bytes.Buffer
	h := httpx.Handle(slog.New(slog.NewTextHandler(&log, nil)), func(_ http.ResponseWriter, r *http.Request) error {
		_, err := io.ReadAll(r.Body)
		return err
	})
	w := httptest.NewRecorder()
	httpx.LimitBody(3, h).ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader("four")))
	if w.Code != http.StatusRequestEntityTooLarge || log.Len() > 0 {
		t.Errorf("too large a body = %d, log %q", w.Code, log.String())
	}
	h = httpx.Handle(slog.New(slog.NewTextHandler(&log, nil)), func(http.ResponseWriter, *http.Request) error { return errors.New("disk full") })
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
	if w.Code != http.StatusInternalServerError || !strings.Contains(log.String(), "disk full") {
		t.Errorf("a failure = %d, log %q", w.Code, log.String())
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	l := httpx.NewLimiter(3, 2*time.Second, 0, func() time.Time { return now })
	from := func(addr string) bool {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = addr
		return l.Allow(r) == nil
	}
	for i := range 3 {
		if !from("192.0.2.1:1000") {
			t.Errorf("request %d of a full bucket is refused", i)
		}
	}
	r := httptest.NewRequest("POST", "/", nil)
	r.RemoteAddr = "192.0.2.1:2000"
	if p := httpx.ProblemOf(l.Allow(r)); p.Status != http.StatusTooManyRequests || p.GetHeaders().Get("Retry-After") != "2" {
		t.Errorf("an empty bucket = %+v %v, want 429 after 2 seconds", p, p.GetHeaders())
	}
	if !from("192.0.2.2:1000") {
		t.Error("another address is refused")
	}
	now = now.Add(2 * time.Second)
	if !from("192.0.2.1:1000") || from("192.0.2.1:1000") {
		t.Error("two seconds do not give exactly one request")
	}
	for _, addr := range []string{"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::ffff:3]:1"} {
		if !from(addr) {
			t.Errorf("%s is refused", addr)
		}
	}
	if from("[2001:db8::4]:1") || !from("[2001:db8:0:1::4]:1") {
		t.Error("an IPv6 /64 is not one bucket")
	}
}

func TestLimiterBehindProxies(t *testing.T) {
	l := httpx.NewLimiter(1, time.Hour, 2, func() time.Time { return time.Unix(1_000_000, 0) })
	for _, tt := range []struct {
		forwarded string
		want      bool
	}{
		{"192.0.2.1, 10.0.0.2", true},
		{"203.0.113.9, 192.0.2.1, 10.0.0.3", false}, // what the client made up changes nothing
		{"192.0.2.1, 192.0.2.7, 10.0.0.2", true},
		{"10.0.0.2", true}, // shorter than it should be: the first there is
		{"nonsense, 10.0.0.2", true},
		{"", false}, // unknown addresses are one client
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("X-Forwarded-For", tt.forwarded)
		if got := l.Allow(r) == nil; got != tt.want {
			t.Errorf("X-Forwarded-For %q: allowed %v, want %v", tt.forwarded, got, tt.want)
		}
	}
}

func TestServerLetsRequestsEnd(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	begun, release := make(chan struct{}), make(chan struct{})
	s := httpx.NewServer(silent(), listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-release
		fmt.Fprint(w, "done")
	}))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	body := make(chan string, 1)
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Get("http://" + listener.Addr().String())
		if err != nil {
			body <- err.Error()
			return
		}
		b, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			b = []byte(err.Error())
		}
		body <- string(b)
	}()
	<-begun
	stop()
	close(release)
	if got := <-body; got != "done" {
		t.Errorf("the open request got %q, want done", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	if _, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		t.Error("the port is still open")
	}
}

func TestServerFailsWithItsListener(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := httpx.NewServer(silent(), listener, http.NotFoundHandler()).Run(t.Context()); err == nil {
		t.Error("Run on a closed listener = nil, want an error")
	}
}

// A server that has begun says that it lives and is not ready, until its gate
// is opened.
func TestGate(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gate := httpx.NewGate(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "measured") }), 0)
	s := httpx.NewServer(silent(), listener, gate)
	s.Begin()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(path string) (*http.Response, string) {
		t.Helper()
		resp, err := client.Get("http://" + listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			t.Fatal(err)
		}
		return resp, string(b)
	}
	want := func(path string, status int, text string) *http.Response {
		t.Helper()
		resp, body := get(path)
		if resp.StatusCode != status || !strings.Contains(body, text) {
			t.Errorf("%s = %d %q, want %d with %q", path, resp.StatusCode, body, status, text)
		}
		return resp
	}
	want("/livez", http.StatusOK, "ok")
	want("/readyz", http.StatusServiceUnavailable, "starting")
	gate.Say("loading: 170 candidates")
	want("/readyz", http.StatusServiceUnavailable, "loading: 170 candidates")
	want("/metrics", http.StatusOK, "measured")
	for _, path := range []string{"/", "/api/v1/status"} {
		resp := want(path, http.StatusServiceUnavailable, `"status":503`)
		if resp.Header.Get("Retry-After") != "2" || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: headers %v", path, resp.Header)
		}
	}
	gate.Open(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "served ", r.URL.Path) }))
	for _, path := range []string{"/livez", "/readyz", "/metrics", "/api/v1/status"} {
		want(path, http.StatusOK, "served "+path)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Run(ctx); err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

func TestServerIsClosedBeforeItRuns(t *testing.T) {
	for _, begun := range []bool{false, true} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := httpx.NewServer(silent(), listener, httpx.NewGate(nil, 0))
		if begun {
			s.Begin()
		}
		if err := s.Close(); err != nil {
			t.Errorf("begun %v: Close = %v", begun, err)
		}
		if _, err := net.Dial("tcp", listener.Addr().String()); err == nil {
			t.Errorf("begun %v: the port is still open", begun)
		}
	}
}
