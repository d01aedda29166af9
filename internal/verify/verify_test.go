package verify_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"enishi/internal/verify"
)

// What is no installation, or none that answers, is told as such, at once or when
// the patience is over.
func TestWhatIsNoInstallation(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"it hangs":           {func(http.ResponseWriter, *http.Request) { <-ended }, "GET /livez has no answer after 300ms"},
		"it stops midway":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK); flush(w); <-ended }, "GET /livez has no answer after 300ms"},
		"it is not ready":    {readiness(http.StatusServiceUnavailable), "GET /readyz answers 503 instead of 200"},
		"another site":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>It works!</html>") }, "is not the landing page"},
		"it leads elsewhere": {http.RedirectHandler("https://example.jp/", http.StatusFound).ServeHTTP, "GET /livez answers 302 instead of 200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := httptest.NewServer(tt.serve)
			t.Cleanup(site.CloseClientConnections)
			var told []verify.Step
			s := verify.New(verify.Options{
				URL: site.URL + "/", Token: "t", Address: "*@enishi.invalid", Patience: 300 * time.Millisecond, Now: time.Now,
				Done: func(s verify.Step) { told = append(told, s) },
			})
			_, err := s.Look(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("it says %v, want %q", err, tt.want)
			}
			if steps := s.Steps(); len(steps) == 0 || len(told) != len(steps) || steps[len(steps)-1].Error == "" {
				t.Errorf("steps %+v, told %d", steps, len(told))
			}
		})
	}
	_, err := verify.New(verify.Options{URL: "http://127.0.0.1:1", Patience: time.Second, Now: time.Now}).Look(t.Context())
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("of nobody it says %v", err)
	}
}

func flush(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

func readiness(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			w.WriteHeader(status)
		}
	}
}

// TestOneDeployment asks an address at which another version serves at first, in every second
// answer for a while, or for good.
func TestOneDeployment(t *testing.T) {
	t.Parallel()
	const id = "20261126T000000Z-v1"
	for name, tt := range map[string]struct {
		of   func(n int64) string // the deployment that the n-th request reaches; "-": a program that knows of none
		want string
	}{
		"it is there":              {func(int64) string { return id }, "is not the landing page"},
		"it comes":                 {func(n int64) string { return map[bool]string{true: id, false: "another"}[n > 4] }, "is not the landing page"},
		"it comes after an old":    {func(n int64) string { return map[bool]string{true: id, false: "-"}[n > 1] }, "is not the landing page"},
		"another answers at times": {func(n int64) string { return map[bool]string{true: id, false: "another"}[n%2 == 0] }, "is not the landing page"},
		"an old one comes back":    {func(n int64) string { return map[bool]string{true: id, false: "-"}[n < 4] }, "another version than the one to be verified answered"},
		"it never comes":           {func(int64) string { return "another" }, "does not answer within 2s: GET /readyz has no answer after 1s"},
		"an old one stays":         {func(int64) string { return "-" }, "does not answer within 2s: GET /readyz"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests, done atomic.Int64
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				const header = "Enishi-Deployment"
				switch of := tt.of(requests.Add(1)); {
				case of == "-":
				case r.Header.Get(header) != of:
					w.WriteHeader(http.StatusMisdirectedRequest)
					return
				default:
					w.Header().Set(header, of)
				}
				done.Add(1)
			}))
			var connections atomic.Int64
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					connections.Add(1)
				}
			}
			s.Start()
			t.Cleanup(s.Close)
			_, err := verify.New(verify.Options{
				URL: s.URL, Token: "t", Address: "*@enishi.invalid", Patience: time.Second, Deployment: id, Await: 2 * time.Second, Now: time.Now,
			}).Look(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("it says %v, want %q", err, tt.want)
			}
			if name == "it is there" && connections.Load() < 4 { // three until it is reached, and one at least of the walk
				t.Errorf("it was reached by %d connections", connections.Load())
			}
			if name == "it never comes" && done.Load() > 0 {
				t.Errorf("another deployment has done %d requests", done.Load())
			}
		})
	}
}

// TestAStreamThatHasEndedHadBegun looks at streams that have begun, ended, both or neither.
func TestAStreamThatHasEndedHadBegun(t *testing.T) {
	t.Parallel()
	yes, no := make(chan struct{}), make(chan struct{})
	close(yes)
	for range 64 { // of two channels that are ready, either may be taken
		for _, tt := range []struct {
			here, ended chan struct{}
			want        string
		}{
			{yes, no, ""}, {yes, yes, ""}, {no, yes, "ends before it has begun"}, {no, no, "says nothing in 1ms"},
		} {
			err := verify.Begun(tt.here, tt.ended, time.Millisecond)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("it says %v, want %q", err, tt.want)
			}
		}
	}
}
