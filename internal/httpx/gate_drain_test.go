package httpx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/httpx"
)

// TestStartingHoldsRequests asks a closed gate, and opens it after they have come.
func TestStartingHoldsRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := httpx.NewGate(nil, 10*time.Second)
		ask := func(ctx context.Context, path string) int {
			w := httptest.NewRecorder()
			gate.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, path, http.NoBody))
			return w.Code
		}
		begun := time.Now()
		if code := ask(t.Context(), "/offers"); code != http.StatusServiceUnavailable || time.Since(begun) != 10*time.Second {
			t.Errorf("a request was answered %d after %v", code, time.Since(begun))
		}
		left, leave := context.WithCancel(t.Context())
		leave()
		begun = time.Now()
		if code := ask(left, "/offers"); code != http.StatusServiceUnavailable || time.Since(begun) != 0 {
			t.Errorf("one whose client left was answered %d after %v", code, time.Since(begun))
		}
		for _, path := range []string{"/livez", "/readyz"} {
			if ask(t.Context(), path); time.Since(begun) != 0 {
				t.Errorf("%s waits", path)
			}
		}
		var asked sync.WaitGroup
		for range 3 {
			asked.Go(func() {
				if code := ask(t.Context(), "/offers"); code != http.StatusCreated || time.Since(begun) != 4*time.Second {
					t.Errorf("one that waited was answered %d after %v", code, time.Since(begun))
				}
			})
		}
		time.Sleep(4 * time.Second)
		gate.Open(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }))
		asked.Wait()
	})
}

func TestDrainTurnsReadinessOffAlone(t *testing.T) {
	gate := httpx.NewGate(nil, 0)
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
