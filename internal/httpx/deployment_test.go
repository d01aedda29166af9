package httpx_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"enishi/internal/httpx"
)

func TestOfDeployment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		of, meant string
		status    int
		told      string
	}{
		{"a", "", http.StatusTeapot, ""},
		{"a", "a", http.StatusTeapot, "a"},
		{"a", "b", http.StatusMisdirectedRequest, ""},
		{"", "", http.StatusTeapot, ""},
		{"", "a", http.StatusMisdirectedRequest, ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
		if tt.meant != "" {
			r.Header.Set(httpx.DeploymentHeader, tt.meant)
		}
		w := httptest.NewRecorder()
		httpx.OfDeployment(tt.of, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })).ServeHTTP(w, r)
		if got := w.Header().Get(httpx.DeploymentHeader); w.Code != tt.status || got != tt.told {
			t.Errorf("of %q, meant for %q: %d and %q, want %d and %q", tt.of, tt.meant, w.Code, got, tt.status, tt.told)
		}
	}
}
