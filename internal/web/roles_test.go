package web_test

import (
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/account"
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

// leastRoles gives, for each route of a company's members, the least of the roles that
// may use it.
func leastRoles() map[string]account.Role {
	all := map[string]account.Role{}
	for role, patterns := range map[account.Role]string{
		account.Viewer: `
			GET /company
			GET /company/pipeline
			GET /company/pipeline/{id}
			GET /company/offers/{id}
			GET /company/offers/{id}/calendar.ics
			GET /company/positions
			GET /company/positions/{id}
			GET /company/settings
			GET /company/members
			GET /company/candidates
			GET /company/rules
			GET /company/rules/{id}
			GET /company/rules/{id}/proposals`,
		account.Recruiter: `
			GET /company/positions/new
			POST /company/pipeline/{id}
			POST /company/offers/{id}/messages
			POST /company/offers/{id}/slots
			POST /company/offers/{id}/schedule
			POST /company/offers/{id}/reschedule
			POST /company/offers/{id}/held
			POST /company/offers/{id}/hire
			POST /company/offers/{id}/reject
			POST /company/offers/{id}/withdraw
			GET /company/rules/new
			POST /company/rules/new
			POST /company/rules/{id}
			GET /company/candidates/{card}
			GET /company/rules/{id}/activate
			POST /company/rules/{id}/activate
			POST /company/rules/{id}/pause
			POST /company/rules/{id}/proposals
			GET /company/scouts/new
			POST /company/scouts/new
			POST /company/positions
			POST /company/positions/{id}
			POST /company/positions/{id}/publish
			POST /company/positions/{id}/close
			GET /company/searches
			POST /company/searches
			GET /company/searches/{id}
			POST /company/searches/{id}
			POST /company/searches/{id}/delete`,
		account.Owner: `
			POST /company/members
			POST /company/members/{id}/role
			POST /company/members/{id}/remove
			POST /company/invitations/{id}/resend
			POST /company/invitations/{id}/revoke
			GET /company/tokens
			POST /company/tokens
			POST /company/tokens/{id}/revoke
			GET /company/audit`,
	} {
		for line := range strings.Lines(strings.TrimSpace(patterns)) {
			all[strings.TrimSpace(line)] = role
		}
	}
	return all
}

// TestEveryRouteAsEveryRole reads every page and sends every form of a company as a
// member who may only read, as one who recruits and as an owner, with real ids: who has
// not the role is refused, and nobody else. A route without a row is an error.
func TestEveryRouteAsEveryRole(t *testing.T) {
	least := leastRoles()
	pages, err := web.New(slog.New(slog.DiscardHandler), nil, web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, r := range pages.Routes() {
		if r.Who == web.Members {
			routes = append(routes, r.Pattern)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(least)), slices.Sorted(slices.Values(routes))); diff != "" {
		t.Fatalf("rows of the table, routes of members (-rows +routes):\n%s", diff)
	}
	for i, role := range ranks() {
		t.Run(string(role), func(t *testing.T) {
			s := newSite(t)
			ids := s.as(role)
			// Forms last, in the order of the table of routes: they change what pages show.
			for _, form := range []bool{false, true} {
				for _, pattern := range routes {
					if method, path, _ := strings.Cut(pattern, " "); form == (method != http.MethodGet) {
						s.mayOnly(pattern, i >= slices.Index(ranks(), least[pattern]), s.tryAs(method, path, ids))
					}
				}
			}
		})
	}
}

// TestNothingLeadsToARefusal follows every link and form of a company's pages as each
// role: none is for others.
func TestNothingLeadsToARefusal(t *testing.T) {
	least := leastRoles()
	targets := regexp.MustCompile(`(?:href|formaction|action)="(/company[^"#?]*)`)
	for i, role := range ranks() {
		t.Run(string(role), func(t *testing.T) {
			s := newSite(t)
			ids := s.as(role)
			seen := map[string]bool{}
			for pattern := range least {
				method, path, _ := strings.Cut(pattern, " ")
				if method != http.MethodGet || i < slices.Index(ranks(), least[pattern]) {
					continue
				}
				page := s.get(withID(path, ids))
				for _, m := range targets.FindAllStringSubmatch(page.body, -1) {
					method := map[bool]string{true: http.MethodGet, false: http.MethodPost}[strings.HasPrefix(m[0], "href")]
					for other, role := range least {
						if leads(other, method, m[1]) && i < slices.Index(ranks(), role) {
							s.Errorf("%s leads to %s", pattern, other)
						}
					}
					seen[method+m[1]] = true
				}
			}
			if len(seen) < 12 {
				t.Errorf("only %d links and forms were found", len(seen))
			}
		})
	}
}

// leads says whether a link or form has a route as its target.
func leads(pattern, method, path string) bool {
	return regexp.MustCompile("^" + regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(pattern, "[0-9a-z-]{20,}") + "$").MatchString(method + " " + path)
}

// ranks are the roles, each of which may do what those before it may.
func ranks() []account.Role { return []account.Role{account.Viewer, account.Recruiter, account.Owner} }

// mayOnly judges the answer to a route.
func (s *site) mayOnly(pattern string, may bool, status int) {
	s.Helper()
	switch {
	case !may && status == http.StatusForbidden:
	case !may:
		s.Errorf("%s: %d, want 403", pattern, status)
	case status == http.StatusForbidden, status == http.StatusUnauthorized, status == http.StatusNotFound, status >= http.StatusInternalServerError:
		s.Errorf("%s: %d for who may use it", pattern, status)
	case strings.HasPrefix(pattern, "GET ") && status != http.StatusOK:
		s.Errorf("%s: %d, want 200", pattern, status)
	}
}

// as is somebody with a role in a company that has something of everything, which it
// gives the ids of.
func (s *site) as(role account.Role) map[string]string {
	s.Helper()
	d := s.accepted()
	d.asCompany()
	s.saved("Go", false)
	s.holds(s.post(d.ours+"/slots", dates("2026-12-03T14:00")), http.StatusOK)
	d.asCandidate()
	slot := slotIDs.FindStringSubmatch(s.get(d.theirs).body)[1]
	s.holds(s.post(d.theirs+"/choose", form("slot", slot)), http.StatusOK)
	d.asCompany()
	s.post("/company/members", form("email", "new@example.jp", "role", "viewer"))
	s.post("/company/tokens", form("name", "t", "role", "viewer", "once", "k"))
	ids := s.idsOfAll(d)
	ids["/company/offers"] = strings.TrimPrefix(d.ours, "/company/offers/")
	if role == account.Owner {
		return ids
	}
	s.post("/company/members", form("email", "me@example.jp", "role", string(role)))
	link := s.mailed("me@example.jp")
	s.forget()
	s.post("/invitations", form("code", code(link), "password", otherWords))
	if role == account.Recruiter { // whose searches are their own
		path := s.saved("SQL", false)
		ids["/company/searches"] = strings.TrimPrefix(path, "/company/searches/")
	}
	return ids
}

// withID puts an id that there is into a path, and into its question what a page needs.
func withID(path string, ids map[string]string) string {
	if before, after, has := strings.Cut(path, "/{"); has {
		_, after, _ = strings.Cut(after, "}")
		return before + "/" + ids[before] + after
	}
	if path == "/company/scouts/new" {
		path += "?card=" + ids["/company/candidates"]
	}
	return path
}

// tryAs sends a form with something of everything that some form wants, each takes what
// is its own; or reads a page.
func (s *site) tryAs(method, path string, ids map[string]string) int {
	s.Helper()
	path = withID(path, ids)
	if method == http.MethodGet {
		return s.get(path).status
	}
	all := dates("2026-12-03T14:00")
	for name, value := range map[string]string{
		"role": "viewer", "to": "schedule", "title": "求人", "text": "こんにちは", "name": "検索", "card": ids["/company/candidates"],
		"position": ids["/company/positions"], "kind": "interview", "message": "こんにちは", "version": "1",
	} {
		all.Set(name, value)
	}
	return s.post(path, all).status
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
