package httpx_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"enishi/internal/httpx"
)

// TestLaterIsToldToPeopleAsAPage asks a process that is not ready, as a program and as
// somebody who reads pages.
func TestLaterIsToldToPeopleAsAPage(t *testing.T) {
	t.Parallel()
	gate := httpx.NewGate(nil, 0)
	for _, tt := range []struct{ accept, content, text string }{
		{"application/json", "application/problem+json", "the service is starting"},
		{"text/html,application/xhtml+xml", "text/html; charset=utf-8", "ただいま混み合っています"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/offers", http.NoBody)
		r.Header.Set("Accept", tt.accept)
		w := httptest.NewRecorder()
		gate.ServeHTTP(w, r)
		h := w.Header()
		if w.Code != http.StatusServiceUnavailable || h.Get("Content-Type") != tt.content || h.Get("Retry-After") == "" || !strings.Contains(w.Body.String(), tt.text) {
			t.Errorf("who accepts %s is told %d %v %s", tt.accept, w.Code, h, w.Body)
		}
		if policy := h.Get("Content-Security-Policy"); strings.HasPrefix(tt.content, "text/html") && (!strings.Contains(policy, "sha256-") || strings.Contains(policy, "unsafe")) {
			t.Errorf("the policy is %q", policy)
		}
	}
}
