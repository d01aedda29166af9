package web_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFilesAreTheSameForAll asks for the files that pages name, as nobody and as somebody who is
// signed in: proxies before the service keep them (decision 0043), and keep no page.
func TestFilesAreTheSameForAll(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	landing := s.get("/")
	files := regexp.MustCompile(`/static/[0-9a-f]+/[a-z.]+`).FindAllString(landing.body, -1)
	if len(files) < 2 {
		t.Fatalf("the landing page names %q", files)
	}
	ask := func(path string, headers ...string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, http.NoBody)
		s.must(err)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		answer, err := s.browser.Do(r)
		s.must(err)
		body, err := io.ReadAll(answer.Body)
		s.must(err)
		s.must(answer.Body.Close())
		return answer, string(body)
	}
	before := map[string]string{}
	for _, file := range files {
		_, before[file] = ask(file)
	}
	s.seeker("a@example.jp")
	for _, file := range files {
		answer, body := ask(file, "Accept-Language", "en")
		if diff := cmp.Diff(before[file], body); diff != "" || answer.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || answer.Header.Get("Set-Cookie") != "" || answer.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %v, and (-nobody's +somebody's):\n%s", file, answer.Header, diff)
		}
	}
	for _, path := range []string{"/", "/insight", "/offers", "/nothing", "/static/000000000000/enishi.css"} {
		if answer, _ := ask(path); strings.Contains(answer.Header.Get("Cache-Control"), "public") {
			t.Errorf("%s may be kept: %s", path, answer.Header.Get("Cache-Control"))
		}
	}
}
