package web_test

import (
	"html"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/web"
)

// routes gives every route of the pages.
func (s *site) routes() []web.Route {
	s.Helper()
	pages, err := web.New(slog.New(slog.DiscardHandler), nil, web.Options{})
	s.must(err)
	return pages.Routes()
}

// tried is a path of a pattern, with ids of nobody's.
func tried(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	return method, strings.NewReplacer(
		"{$}", "", "{id}", "00000000-0000-0000-0000-000000000001", "{kind}", "occupation", "{card}", strings.Repeat("0", 32), "{action}", "accept", "{name}", "trim",
	).Replace(path)
}

// formPaths gives the target of every form for which one has to be signed in.
func (s *site) formPaths() (paths []string) {
	s.Helper()
	for _, route := range s.routes() {
		if method, path := tried(route.Pattern); method == http.MethodPost && route.Who != web.Anyone {
			paths = append(paths, path)
		}
	}
	return paths
}

var (
	tags      = regexp.MustCompile(`(?s)<script.*?</script>|<[^>]*>`)
	inEnglish = regexp.MustCompile(`(?s)<(\w+)[^>]* lang="en"[^>]*>.*?</\w+>`)
	sentence  = regexp.MustCompile(`\b[A-Za-z]+(?: [a-z]+){2,}\b`)
)

// japanese fails if a page has an English sentence on it.
func (s *site) japanese(what string, p page) {
	s.Helper()
	text := html.UnescapeString(tags.ReplaceAllString(inEnglish.ReplaceAllString(main(p.body), " "), "\n"))
	if main(p.body) == "" && strings.TrimSpace(p.body) != "" && !strings.HasPrefix(strings.TrimSpace(p.body), "<") {
		text = p.body // no page at all
	}
	if found := sentence.FindString(text); found != "" {
		s.Errorf("%s: %d %s says %q", what, p.status, p.path, found)
	}
}

// TestNoPageSpeaksEnglishToAJapaneseReader goes through every route as everybody: as it
// is meant, with a form that cannot be read, from another site, and by opening the
// target of a form.
func TestNoPageSpeaksEnglishToAJapaneseReader(t *testing.T) {
	if testing.Short() {
		t.Skip("one request follows another here, and the race detector finds nothing")
	}
	people := map[string]func(*site) map[string]string{
		"nobody": func(s *site) map[string]string { return nil },
		"candidate": func(s *site) map[string]string {
			s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
			return nil
		},
		"operator": func(s *site) map[string]string { s.operatorIn(); return nil },
		"stranger": func(s *site) map[string]string { s.employer(); return nil },
	}
	for _, role := range []account.Role{account.Viewer, account.Recruiter, account.Owner} {
		people[string(role)] = func(s *site) map[string]string { return s.as(role) }
	}
	for name, signIn := range people {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			ids := signIn(s)
			n := 0
			for _, route := range s.routes() {
				method, path := tried(route.Pattern)
				if before, after, has := strings.Cut(route.Pattern[len(method)+1:], "/{"); has && ids[before] != "" {
					_, after, _ = strings.Cut(after, "}")
					path = before + "/" + ids[before] + after
				}
				if ends := map[string]bool{"/live": true, "/signout": true, "/account/signout": true, "/settings/leave": true}; ends[path] || strings.HasPrefix(path, "/settings/export") || strings.HasSuffix(path, ".ics") {
					continue
				}
				n++
				if method == http.MethodGet {
					s.japanese(name+" "+route.Pattern, s.get(path))
					continue
				}
				s.japanese(name+" opens "+path, s.get(path))
				s.japanese(name+" from another site "+path, s.post(path, form("a", "b"), "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"))
				s.japanese(name+" unreadable "+path, s.unreadable(path))
				s.japanese(name+" "+route.Pattern, s.post(path, form("role", "viewer", "version", "1")))
			}
			if n < 50 {
				t.Errorf("%d routes were tried", n)
			}
		})
	}
}

// unreadable sends what is no form.
func (s *site) unreadable(path string) page {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+path, io.NopCloser(strings.NewReader("a=%zz;b")))
	s.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.send(r)
}

// TestRefusalsSayTheWayOn expects each refusal to name its reason and to lead on.
func TestRefusalsSayTheWayOn(t *testing.T) {
	s := newSite(t)
	ids := s.as(account.Viewer)
	s.holds(s.get("/company/tokens"), http.StatusForbidden, "この役割では、APIトークンを管理することはできません", "「閲覧のみ」", "管理者の役割が必要", `href="/company/members"`)
	s.holds(s.get("/company/candidates/"+ids["/company/candidates"]), http.StatusForbidden, "候補者の経歴を開くことはできません", "管理者か採用担当", `href="/company/candidates"`)
	s.holds(s.post("/company/positions", form("title", "x")), http.StatusForbidden, "求人を編集する", `href="/company/positions"`)
	s.holds(s.get("/company/tokens", "Accept-Language", "en"), http.StatusForbidden, "Your role may not manage API tokens", "You are a viewer")
	s.holds(s.get("/offers"), http.StatusForbidden, "この画面は、求職者のものです", "me@example.jp（企業の担当者）", `href="/signin?as=candidate&amp;back=%2Foffers"`, `href="/company"`)
	for path, holder := range map[string]string{
		"/signout": "/", "/offers/00000000-0000-0000-0000-000000000001/accept": "/offers/00000000-0000-0000-0000-000000000001",
		"/account/password": "/account", "/company/members/00000000-0000-0000-0000-000000000001/remove": "/company/members",
	} {
		s.holds(s.get(path), http.StatusMethodNotAllowed, "この操作は画面から行ってください", "何も変わっていません", `href="`+holder+`"`)
	}
	s.holds(s.post("/signin", form("a", "b"), "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden, "この操作はできませんでした", `href="/"`)
	s.holds(s.unreadable("/signin"), http.StatusUnprocessableEntity, "読み取れませんでした", `href="/signin"`)
	if p := s.get("/nowhere", "Accept-Language", "en"); !strings.Contains(p.body, "no longer there") {
		t.Error("the English page lacks its text")
	}
}
