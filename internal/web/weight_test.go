package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// mostWeight is what a page may weigh with everything that it loads, as it is sent.
const mostWeight = 150 << 10

// TestWeight opens the heaviest pages as they are sent: compressed, with their style
// sheet, script and icon.
func TestWeight(t *testing.T) {
	s := newSite(t)
	for i := range 30 {
		s.offer(i, 500+10*i)
	}
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	inbox := s.get("/offers")
	offer := regexp.MustCompile(`href="(/offers/[0-9a-f-]{36})"`).FindStringSubmatch(inbox.body)[1]
	for _, path := range []string{"/", "/insight?" + chosen().Encode(), "/offers", offer, "/profile", "/wishes", "/settings", "/dev/components"} {
		page, weight := s.weigh(path)
		for _, m := range regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`).FindAllStringSubmatch(page, -1) {
			_, n := s.weigh(m[1])
			weight += n
		}
		if weight > mostWeight {
			t.Errorf("%s weighs %d bytes, want at most %d", path, weight, mostWeight)
		}
		t.Logf("%s weighs %d bytes", path, weight)
	}
}

// weigh gives what is at a path and how many bytes were sent; it fails unless they
// were compressed.
func (s *site) weigh(path string) (text string, sent int) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+path, nil)
	s.must(err)
	r.Header.Set("Accept-Encoding", "gzip") // net/http leaves what it did not ask for compressed
	answer, err := s.browser.Do(r)
	s.must(err)
	defer answer.Body.Close() //nolint:errcheck // it was only read
	packed, err := io.ReadAll(answer.Body)
	s.must(err)
	if got := answer.Header.Get("Content-Encoding"); answer.StatusCode != http.StatusOK || got != "gzip" && len(packed) > 1<<10 {
		s.Fatalf("%s: status %d, encoding %q", path, answer.StatusCode, got)
	}
	if answer.Header.Get("Content-Encoding") != "gzip" {
		return string(packed), len(packed)
	}
	z, err := gzip.NewReader(strings.NewReader(string(packed)))
	s.must(err)
	plain, err := io.ReadAll(z)
	s.must(err)
	return string(plain), len(packed)
}
