package web_test

import (
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// ask gives the status of a form with little in it, or of a page.
func (s *site) ask(method, path string) int {
	s.Helper()
	if method == http.MethodGet {
		return s.get(path).status
	}
	return s.post(path, form("role", "viewer")).status
}

// TestIDsOfOthers calls each route that has an id with one that is real and somebody
// else's: a company's with another company's, a candidate's with another candidate's.
// It is not found, whatever is asked of it, and nothing has become of it.
func TestIDsOfOthers(t *testing.T) {
	s := newSite(t)
	d := s.accepted()
	d.asCompany()
	s.saved("Go", false)
	s.post("/company/members", form("email", "new@example.jp", "role", "viewer"))
	s.post("/company/tokens", form("name", "t", "role", "viewer", "once", "k"))
	strangers := map[web.Audience]*http.Client{}
	s.offer(2, 700)
	s.ownerOf("k2@example.jp")
	strangers[web.Members] = s.browser
	s.forget()
	s.post("/signup", chosen("email", "other@example.jp", "password", firstWords))
	strangers[web.Candidates] = s.browser
	d.asCompany()
	ids := s.idsOfAll(d)
	pages, err := web.New(slog.New(slog.DiscardHandler), nil, web.Options{})
	s.must(err)
	tried := map[string]bool{}
	for _, route := range pages.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		before, after, has := strings.Cut(path, "/{")
		stranger := strangers[route.Who]
		if !has || stranger == nil {
			continue
		}
		id := ids[before]
		if id == "" {
			t.Errorf("no id is known for %s", route.Pattern)
			continue
		}
		_, after, _ = strings.Cut(after, "}")
		s.browser = stranger
		if got := s.ask(method, before+"/"+id+after); got != http.StatusNotFound {
			t.Errorf("%s of somebody else's: %d, want 404", route.Pattern, got)
		}
		tried[before] = true
	}
	if len(tried) != len(ids) {
		t.Errorf("tried %d kinds of ids of %d", len(tried), len(ids))
	}
	d.asCompany()
	if diff := cmp.Diff(ids, s.idsOfAll(d)); diff != "" {
		t.Errorf("strangers changed what is there (-before +after):\n%s", diff)
	}
}

// TestViewersChangeNothing sends every form of a company as a member who may only read.
func TestViewersChangeNothing(t *testing.T) {
	s := newSite(t)
	d := s.accepted()
	d.asCompany()
	s.saved("Go", false)
	s.post("/company/members", form("email", "new@example.jp", "role", "viewer"))
	s.post("/company/tokens", form("name", "t", "role", "viewer", "once", "k"))
	ids := s.idsOfAll(d)
	link := s.mailed("new@example.jp")
	s.forget()
	s.post("/invitations", form("code", code(link), "password", otherWords))
	pages, err := web.New(slog.New(slog.DiscardHandler), nil, web.Options{})
	s.must(err)
	tried := 0
	for _, route := range pages.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method == http.MethodGet || route.Who != web.Members {
			continue
		}
		if before, after, has := strings.Cut(path, "/{"); has {
			_, after, _ = strings.Cut(after, "}")
			path = before + "/" + ids[before] + after
		}
		// Of everything that some form wants; each takes what is its own.
		all := dates("2026-12-03T14:00")
		for name, value := range map[string]string{
			"role": "viewer", "to": "schedule", "title": "求人", "text": "こんにちは", "name": "検索", "card": ids["/company/candidates"],
			"position": ids["/company/positions"], "kind": "interview", "message": "こんにちは", "version": "1",
		} {
			all.Set(name, value)
		}
		if got := s.post(path, all).status; got != http.StatusForbidden {
			t.Errorf("%s as a viewer: %d, want 403", route.Pattern, got)
		}
		tried++
	}
	if tried < 15 {
		t.Errorf("only %d forms were tried", tried)
	}
}

// idsOfAll gives an id of each kind that the two sides of an offer have.
func (s *site) idsOfAll(d dealt) map[string]string {
	s.Helper()
	ids := s.idsOnPages("/company/members", "/company/tokens", "/company/positions", "/company/rules", "/company/searches", "/company/pipeline", d.ours)
	ids["/offers"] = strings.TrimPrefix(d.theirs, "/offers/")
	return ids
}

var idOnPage = regexp.MustCompile(`"((?:/[a-z]+)+)/([0-9a-f-]{36}|[0-9a-z]{20,})(?:[/?"])`)

// idsOnPages gives the first id of each kind that pages lead to, by the path before it.
func (s *site) idsOnPages(paths ...string) map[string]string {
	s.Helper()
	ids := map[string]string{}
	for _, path := range paths {
		p := s.get(path)
		s.holds(p, http.StatusOK)
		for _, m := range idOnPage.FindAllStringSubmatch(p.body, -1) {
			if ids[m[1]] == "" {
				ids[m[1]] = m[2]
			}
		}
	}
	return ids
}
