package web_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"enishi/internal/web"
)

// mostWeight is what a page may weigh with everything that it loads, as it is sent.
const mostWeight = 150 << 10

// TestWeight opens every page as those for whom it is, with as much on it as it lists,
// as it is sent: compressed, with its style sheet, script and icon.
func TestWeight(t *testing.T) {
	s := newSite(t)
	d, people := s.full()
	ids := s.everyID(d, people)
	pages, err := web.New(slog.New(slog.DiscardHandler), nil, web.Options{Demo: true})
	s.must(err)
	weighed := 0
	for _, route := range pages.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method != http.MethodGet || slices.Contains([]string{"/live", "/codes/{kind}", "/settings/export"}, path) || strings.HasSuffix(path, ".ics") {
			continue
		}
		if before, after, has := strings.Cut(strings.TrimSuffix(path, "{$}"), "/{"); has {
			_, after, _ = strings.Cut(after, "}")
			if ids[before] == "" {
				t.Errorf("no id is known for %s", route.Pattern)
				continue
			}
			path = before + "/" + ids[before] + after
		}
		path = strings.TrimSuffix(path, "{$}") + map[string]string{"/insight": "?" + chosen().Encode(), "/company/scouts/new": "?card=" + ids["/company/candidates"]}[path]
		s.browser = people[route.Who]
		s.notTooHeavy(path)
		weighed++
	}
	const least = 50
	if weighed < least {
		t.Errorf("only %d pages were weighed", weighed)
	}
}

// notTooHeavy weighs a page and what it loads.
func (s *site) notTooHeavy(path string) {
	s.Helper()
	page, weight := s.weigh(path)
	for _, m := range regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		_, n := s.weigh(m[1])
		weight += n
	}
	if weight > mostWeight {
		s.Errorf("%s weighs %d bytes, want at most %d", path, weight, mostWeight)
	}
	s.Logf("%s weighs %d bytes", path, weight)
}

// full has a company with a deal, people to search, a saved search, members and tokens,
// and a candidate with an inbox of many offers; it gives a browser of everybody.
func (s *site) full() (dealt, map[web.Audience]*http.Client) {
	s.Helper()
	d := s.accepted()
	s.operatorIn()
	operator := s.browser
	for i := range 30 {
		s.offer(10+i, 500+10*i)
	}
	d.asCompany()
	s.people(60)
	s.saved("Go", false)
	for i := range 10 {
		s.post("/company/members", form("email", fmt.Sprintf("new%d@example.jp", i), "role", "viewer"))
		s.post("/company/tokens", form("name", "t", "role", "viewer", "once", fmt.Sprint(i)))
	}
	s.forget()
	return d, map[web.Audience]*http.Client{
		web.Anyone: s.browser, web.SignedIn: d.candidate, web.Candidates: d.candidate, web.Members: d.company, web.Operators: operator,
	}
}

// everyID gives an id for every page that has one.
func (s *site) everyID(d dealt, people map[web.Audience]*http.Client) map[string]string {
	s.Helper()
	d.asCompany()
	ids := s.idsOfAll(d)
	s.browser = people[web.Operators]
	maps.Copy(ids, s.idsOnPages("/operator/companies"))
	return ids
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
