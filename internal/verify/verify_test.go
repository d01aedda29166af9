package verify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
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
			s := httptest.NewServer(tt.serve)
			t.Cleanup(s.CloseClientConnections)
			var told []verify.Step
			steps, err := verify.New(verify.Options{
				URL: s.URL + "/", Token: "t", Address: "*@enishi.invalid", Patience: 300 * time.Millisecond, Now: time.Now,
				Done: func(s verify.Step) { told = append(told, s) },
			}).Run(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("it says %v, want %q", err, tt.want)
			}
			if len(steps) == 0 || len(told) != len(steps) || steps[len(steps)-1].Error == "" {
				t.Errorf("steps %+v, told %d", steps, len(told))
			}
		})
	}
	_, err := verify.New(verify.Options{URL: "http://127.0.0.1:1", Patience: time.Second, Now: time.Now}).Run(t.Context())
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
