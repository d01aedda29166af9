package web_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/golden"
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
	if after := s.idsOfAll(d); !maps.Equal(ids, after) {
		t.Errorf("strangers changed what is there: %v, then %v", ids, after)
	}
}

// callers are those who call each route: nobody, and somebody of every kind and role of
// two tenants. The first tenant's are the company and the candidate of an offer.
func callers() []string {
	return []string{"nobody", "candidate", "viewer", "recruiter", "owner", "other-candidate", "other-viewer", "other-recruiter", "other-owner", "operator"}
}

// rolesFile says what each caller is answered at each route: a status, or "signin" for
// who is led to sign in.
const rolesFile = "testdata/roles.golden"

// TestEveryRouteAsEveryRole reads every page and sends every form as everybody, with ids
// of what there is and is the first tenant's; rolesFile says what each is answered, and
// has a row for each route.
func TestEveryRouteAsEveryRole(t *testing.T) {
	if testing.Short() {
		t.Skip("one request follows another here, and the race detector finds nothing")
	}
	pages, err := web.New(slog.New(slog.DiscardHandler), nil, web.Options{Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	widest := 0
	for _, r := range pages.Routes() {
		patterns = append(patterns, r.Pattern)
	}
	// What is somebody's can be named in a question too, and one page answers nothing but a
	// question.
	patterns = append(patterns, "GET /insight?occupation=0312", "GET /company/pipeline?rule={rule}", "GET /offers/compare?id={offer}&id={second}")
	for _, pattern := range patterns {
		widest = max(widest, len(pattern))
	}
	// Pages before forms, which change what pages show; who leaves, leaves last.
	slices.SortFunc(patterns, func(a, b string) int {
		last := func(p string) int { return map[bool]int{true: 1}[p == "POST /settings/leave"] }
		return cmp.Or(last(a)-last(b), strings.Compare(a, b))
	})
	lines := map[string]string{}
	for _, as := range callers() {
		t.Run(as, func(t *testing.T) {
			s := newSite(t)
			c := s.caller(as)
			for _, pattern := range patterns {
				got := c.answer(pattern)
				c.judge(pattern, got)
				lines[pattern] += fmt.Sprintf(" %*s", len(as), got)
			}
		})
	}
	table := fmt.Sprintf("%-*s %s\n", widest, "route", strings.Join(callers(), " "))
	for _, pattern := range patterns {
		table += fmt.Sprintf("%-*s%s\n", widest, pattern, lines[pattern])
	}
	golden.Assert(t, rolesFile, table)
}

// caller is somebody who calls routes, and the ids of what is the first tenant's.
type caller struct {
	*site
	as    string
	email string
	kind  account.Kind
	token string // of the session, "": nobody's
	ids   map[string]string
	front *httptest.Server
}

// caller makes two tenants with everything that has an id, and is one of callers.
func (s *site) caller(as string) *caller {
	s.Helper()
	c := &caller{site: s, as: as, ids: s.everything()}
	people := map[string]string{
		"candidate": "c@example.jp", "other-candidate": "a@example.jp", "operator": "ops@example.jp", "owner": "k1@example.jp", "other-owner": "k2@example.jp",
	}
	c.email, c.kind = people[as], account.Member
	switch role := strings.TrimPrefix(as, "other-"); role {
	case "candidate":
		c.kind = account.Candidate
	case "operator":
		c.kind = account.Operator
	case "viewer", "recruiter":
		c.email = role + "@example.jp"
		s.signIn(people[strings.TrimSuffix(as, role)+"owner"], firstWords, account.Member)
		s.holds(s.post("/company/members", form("email", c.email, "role", role)), http.StatusOK)
		s.forget()
		s.holds(s.post("/invitations", form("code", code(s.mailed(c.email)), "password", firstWords)), http.StatusOK)
	}
	if as == "recruiter" { // whose searches are their own
		c.ids["/company/searches"] = strings.TrimPrefix(s.saved("SQL", false), "/company/searches/")
	}
	c.stays()
	// Each call comes from elsewhere, so that none is bounded by those before.
	calls := 0
	c.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		r.RemoteAddr = fmt.Sprintf("198.18.%d.%d:1024", calls/256, calls%256)
		s.handler.ServeHTTP(w, r)
	}))
	s.Cleanup(c.front.Close)
	return c
}

// stays signs the caller in if they are not.
func (c *caller) stays() {
	c.Helper()
	if c.email == "" {
		return
	}
	if _, err := c.market.Authenticate(c.Context(), c.token); err == nil {
		return
	}
	var err error
	c.token, err = c.market.SignIn(c.Context(), c.email, firstWords, c.kind)
	c.must(err)
}

// everything gives an id of each kind that is the first tenant's: its company has an
// offer with an agreed date, one that it broke and one whose pay is disputed.
func (s *site) everything() map[string]string {
	s.Helper()
	d := s.accepted()
	s.agreed(d)
	broken, disputed := s.acceptedBy("a@example.jp"), s.acceptedBy("b@example.jp")
	b := s.browser
	d.asCompany()
	s.holds(s.post("/company"+broken+"/withdraw", nil), http.StatusOK)
	s.post("/company"+disputed+"/held", nil)
	s.holds(s.post("/company"+disputed+"/hire", form("final_pay", "460")), http.StatusOK)
	s.browser = b
	s.holds(s.post(disputed+"/confirm-pay", form("final_pay", "400")), http.StatusOK)
	ids := s.idsAsCompany(d)
	s.operatorIn()
	for at, id := range s.idsOnPages("/operator/breaches", "/operator/disputes") {
		ids[at] = id
	}
	ids["/operator/companies"] = s.idsOnPages("/operator/companies?q=" + url.QueryEscape("会社1"))["/operator/companies"]
	s.offer(2, 700)
	d.asCandidate()
	for _, m := range regexp.MustCompile(`href="/offers/([0-9a-f-]{36})"`).FindAllStringSubmatch(s.get("/offers").body, -1) {
		if m[1] != ids["/offers"] {
			ids["second"] = m[1]
		}
	}
	s.ownerOf("k2@example.jp")
	return ids
}

// acceptedBy signs a candidate in, who accepts an offer; it gives its path.
func (s *site) acceptedBy(email string) string {
	s.Helper()
	s.signIn(email, firstWords, account.Candidate)
	link := regexp.MustCompile(`href="(/offers/[0-9a-f-]{36})"`).FindStringSubmatch(s.get("/offers").body)
	if link == nil {
		s.Fatalf("%s has no offer", email)
	}
	s.holds(s.post(link[1]+"/accept", nil), http.StatusOK)
	return link[1]
}

// answer calls a route as a browser does and gives its status; no answer's end is waited for.
func (c *caller) answer(pattern string) string {
	c.Helper()
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		c.Fatalf("the pattern %q has no method", pattern)
	}
	if before, _, has := strings.Cut(path, "/{id}"); has && c.ids[before] == "" {
		c.Fatalf("no id is known for %s", pattern)
	}
	_, path = tried(method + " " + strings.NewReplacer("{rule}", c.ids["/company/rules"], "{offer}", c.ids["/offers"], "{second}", c.ids["second"]).Replace(withID(path, c.ids)))
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.front.URL+path, nil)
	c.must(err)
	if method != http.MethodGet {
		r.Body = io.NopCloser(strings.NewReader(somethingOf(c.ids).Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "text/html")
	if c.token != "" {
		r.AddCookie(&http.Cookie{Name: "enishi_session", Value: c.token})
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	c.must(err)
	c.must(answer.Body.Close())
	if method != http.MethodGet && pattern != "POST /settings/leave" {
		c.stays()
	}
	if strings.HasPrefix(answer.Header.Get("Location"), "/signin") {
		return "signin"
	}
	return strconv.Itoa(answer.StatusCode)
}

// judge holds an answer to what no table may say otherwise: no route fails, and nothing
// that is somebody's is there for nobody or another tenant.
func (c *caller) judge(pattern, got string) {
	c.Helper()
	closed := []string{"403", "404"}
	if c.as == "nobody" {
		closed = []string{"401", "signin"}
	}
	switch theirs := c.as == "nobody" || strings.HasPrefix(c.as, "other-"); {
	case got == "429" || got >= "500" && got != "signin":
		c.Errorf("%s: %s", pattern, got)
	case theirs && regexp.MustCompile(`\{(id|card|rule|offer|second)\}`).MatchString(pattern) && !slices.Contains(closed, got):
		c.Errorf("%s as %s, of another tenant's: %s", pattern, c.as, got)
	}
}

// mayReach gives the routes at which a caller is not refused, as rolesFile says; all
// says which there are.
func mayReach(t *testing.T, as string) (may map[string]bool, all []string) {
	t.Helper()
	text, err := os.ReadFile(rolesFile)
	if err != nil {
		t.Fatal(err)
	}
	may = map[string]bool{}
	at := slices.Index(callers(), as)
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); f[0] != "route" && !strings.Contains(f[1], "?") {
			pattern := f[0] + " " + f[1]
			all, may[pattern] = append(all, pattern), f[2+at] != strconv.Itoa(http.StatusForbidden)
		}
	}
	return may, all
}

// TestNothingLeadsToARefusal follows every link and form of a company's pages as each
// role: none is for others.
func TestNothingLeadsToARefusal(t *testing.T) {
	if testing.Short() {
		t.Skip("one request follows another here, and the race detector finds nothing")
	}
	targets := regexp.MustCompile(`(?:href|formaction|action)="(/company[^"#?]*)`)
	for _, role := range []account.Role{account.Viewer, account.Recruiter, account.Owner} {
		t.Run(string(role), func(t *testing.T) {
			s := newSite(t)
			ids := s.as(role)
			may, all := mayReach(t, string(role))
			seen := map[string]bool{}
			for _, pattern := range all {
				method, path, _ := strings.Cut(pattern, " ")
				if method != http.MethodGet || !strings.HasPrefix(path, "/company") || !may[pattern] {
					continue
				}
				page := s.get(withID(path, ids))
				for _, m := range targets.FindAllStringSubmatch(page.body, -1) {
					method := map[bool]string{true: http.MethodGet, false: http.MethodPost}[strings.HasPrefix(m[0], "href")]
					for _, other := range all {
						if leads(other, method, m[1]) && !may[other] {
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

// as is somebody with a role in a company that has something of everything, which it
// gives the ids of.
func (s *site) as(role account.Role) map[string]string {
	s.Helper()
	d := s.accepted()
	s.agreed(d)
	ids := s.idsAsCompany(d)
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

// agreed has the two sides of an offer agree on a date.
func (s *site) agreed(d dealt) {
	s.Helper()
	d.asCompany()
	s.holds(s.post(d.ours+"/slots", dates("2026-12-03T14:00")), http.StatusOK)
	d.asCandidate()
	slot := slotIDs.FindStringSubmatch(s.get(d.theirs).body)[1]
	s.holds(s.post(d.theirs+"/choose", form("slot", slot)), http.StatusOK)
}

// idsAsCompany gives the company of an offer something of everything, signs its owner in
// and gives the ids.
func (s *site) idsAsCompany(d dealt) map[string]string {
	s.Helper()
	d.asCompany()
	s.saved("Go", false)
	s.post("/company/members", form("email", "new@example.jp", "role", "viewer"))
	s.post("/company/tokens", form("name", "t", "role", "viewer", "once", "k"))
	ids := s.idsOfAll(d)
	ids["/company/offers"] = strings.TrimPrefix(d.ours, "/company/offers/")
	return ids
}

// withID puts an id that there is into a path, and into its question what a page needs.
func withID(path string, ids map[string]string) string {
	if before, after, has := strings.Cut(path, "/{"); has && ids[before] != "" {
		_, after, _ = strings.Cut(after, "}")
		return before + "/" + ids[before] + after
	}
	if path == "/company/scouts/new" {
		path += "?card=" + ids["/company/candidates"]
	}
	return path
}

// somethingOf is a form with something of everything that some form wants: each takes
// what is its own.
func somethingOf(ids map[string]string) url.Values {
	all := dates("2026-12-03T14:00")
	for name, value := range map[string]string{
		"role": "viewer", "to": "schedule", "title": "求人", "text": "こんにちは", "name": "検索", "card": ids["/company/candidates"],
		"position": ids["/company/positions"], "kind": "interview", "message": "こんにちは", "version": "1",
	} {
		all.Set(name, value)
	}
	return all
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
