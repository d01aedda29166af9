package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhatMayBeKeptIsTheSameForAll asks for what proxies before the service may keep (decision
// 0043), as several people: the answers are the same, and set no cookie. Where one fails,
// nobody may keep it.
func TestWhatMayBeKeptIsTheSameForAll(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	sheet := regexp.MustCompile(`/api/v1/docs-[0-9a-f]+\.css`).FindString(s.must(http.StatusOK, "GET", "/api/v1/docs", "", "").body)
	for _, path := range []string{sheet, "/api/v1/taxonomy/occupation", "/api/v1/taxonomy/residence?q=tokyo&limit=3"} {
		first := s.must(http.StatusOK, "GET", path, "", "")
		if !strings.HasPrefix(first.header.Get("Cache-Control"), "public, max-age=") {
			t.Errorf("%s may be kept as %q says", path, first.header.Get("Cache-Control"))
		}
		for _, headers := range [][]string{{"Accept-Language", "en"}, {"Cookie", "enishi_session=x; enishi_language=en"}, {"Authorization", "Bearer x"}, {"Accept", "text/html"}} {
			other := s.do("GET", path, "", "", headers...)
			if diff := cmp.Diff(first.body, other.body); diff != "" || other.status != http.StatusOK || other.header.Get("Set-Cookie") != "" || other.header.Get("Vary") != "" {
				t.Errorf("%s with %q is %d %v, and (-others +theirs):\n%s", path, headers, other.status, other.header, diff)
			}
		}
	}
	for _, path := range []string{"/api/v1/taxonomy/nothing", "/api/v1/docs", "/api/v1/status", "/api/v1/me"} {
		if got := s.do("GET", path, "", "").header.Get("Cache-Control"); strings.Contains(got, "public") {
			t.Errorf("%s may be kept: %s", path, got)
		}
	}
}
