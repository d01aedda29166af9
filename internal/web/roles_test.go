package web_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"enishi/internal/web"
)

// TestEveryRouteAsEverybody calls each route as nobody and as somebody of every kind:
// nobody is asked to sign in, other kinds are refused, and what is not there is not
// found by those for whom the route is. What has an id is tried with one of nobody's.
func TestEveryRouteAsEverybody(t *testing.T) {
	s := newSite(t)
	pages, err := web.New(slog.New(slog.DiscardHandler), nil, web.Options{Demo: true})
	s.must(err)
	people := map[web.Audience]*http.Client{}
	s.forget()
	people[web.Anyone] = s.browser
	s.forget()
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	people[web.Candidates] = s.browser
	s.forget()
	s.employer()
	people[web.Members] = s.browser
	s.forget()
	s.operatorIn()
	people[web.Operators] = s.browser
	for _, route := range pages.Routes() {
		method, path, ok := strings.Cut(route.Pattern, " ")
		if !ok {
			t.Fatalf("the pattern %q has no method", route.Pattern)
		}
		if path == "/signout" || path == "/live" { // for anybody; the other never ends
			continue
		}
		path = strings.NewReplacer("{$}", "", "{id}", "00000000-0000-0000-0000-000000000001", "{kind}", "occupation").Replace(path)
		for as, browser := range people {
			client := *browser
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			if method != http.MethodGet && as != web.Anyone && (route.Who == as || route.Who == web.SignedIn || route.Who == web.Anyone) {
				continue // what a form does is for its own test: here it might end the session
			}
			s.browser = &client
			got := s.ask(method, path)
			switch {
			case got >= http.StatusInternalServerError:
				t.Errorf("%s as %s: %d", route.Pattern, as, got)
			case route.Who == web.Anyone || route.Who == web.SignedIn && as != web.Anyone:
			case as == web.Anyone:
				if want := map[bool]int{true: http.StatusSeeOther, false: http.StatusUnauthorized}[method == http.MethodGet]; got != want {
					t.Errorf("%s as nobody: %d, want %d", route.Pattern, got, want)
				}
			case as != route.Who:
				if got != http.StatusForbidden {
					t.Errorf("%s as %s: %d, want 403", route.Pattern, as, got)
				}
			case strings.Contains(route.Pattern, "{id}"):
				if got != http.StatusNotFound {
					t.Errorf("%s with an id of nobody's: %d, want 404", route.Pattern, got)
				}
			}
		}
	}
}

// ask gives the status of an empty form, or of a page.
func (s *site) ask(method, path string) int {
	s.Helper()
	if method == http.MethodGet {
		return s.get(path).status
	}
	return s.post(path, url.Values{}).status
}
