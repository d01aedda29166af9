package httpx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"enishi/internal/httpx"
)

func TestDrainTurnsReadinessOffAlone(t *testing.T) {
	gate := httpx.NewGate(nil)
	gate.Open(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	ask := func(path string) int {
		w := httptest.NewRecorder()
		gate.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		return w.Code
	}
	if code := ask("/readyz"); code != http.StatusOK {
		t.Fatalf("before: /readyz says %d", code)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := httpx.NewDrain(gate, 0).Run(ctx); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/readyz": http.StatusServiceUnavailable, "/livez": http.StatusOK, "/api/v1/status": http.StatusOK} {
		if code := ask(path); code != want {
			t.Errorf("while it stops: %s says %d, want %d", path, code, want)
		}
	}
}
