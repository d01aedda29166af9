package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/market"
)

// saved saves the search for those who know Go and gives its path.
func (s *site) saved(name string, alerts bool) string {
	s.Helper()
	sent := form("skill", "go", "skill.min", "3", "name", name, "once", name)
	if alerts {
		sent.Set("alerts", "on")
	}
	p := s.post("/company/searches", sent)
	s.holds(p, http.StatusOK, "検索を保存しました", name)
	return p.path
}

// TestASearchIsKept saves a search, is told of somebody new, renames it and removes it.
func TestASearchIsKept(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(3)
	s.holds(s.get("/company/searches"), http.StatusOK, "保存した検索はまだありません", "よく使う条件を保存できます")
	if p := s.get("/company/candidates"); strings.Contains(p.body, "この検索を保存する") {
		t.Error("a search without a condition can be saved")
	}
	s.holds(s.get("/company/candidates?skill=go&skill.min=3"), http.StatusOK, "この検索を保存する", `name="skill.min" value="3"`, `href="/company/searches"`)
	path := s.saved("Goの経験者", true)
	if again := s.saved("Goの経験者", true); again != path {
		t.Errorf("a second click made %s, the first %s", again, path)
	}
	s.holds(s.get(path), http.StatusOK, "新しく合った人はまだいません", "Go レベル3以上")
	if p := s.get("/company"); strings.Contains(p.body, "新着が") {
		t.Error("those who were there when the search was saved are news")
	}

	_, err := s.market.SignUp(s.Context(), market.SignUp{Email: "new@example.jp", Wishes: condition.Always(), Profile: candidate.Profile{
		Name: "新田葵", Skill: []candidate.Coded{{Code: "go", Min: 4}}, Residence: "13",
	}}, market.Once{})
	s.must(err)
	s.must(s.market.Drain(s.Context()))
	s.holds(s.get("/company"), http.StatusOK, "保存した検索に新着が1件あります", `href="/company/searches"`)
	s.holds(s.get("/company/searches"), http.StatusOK, "保存した検索に新着が1件あります", `href="/company/candidates?skill=go&amp;skill.min=3"`, "オン")
	p := s.get(path)
	s.holds(p, http.StatusOK, "新しく1人が合いました", "新着</span>", "1/1")
	if strings.Contains(p.body, "新田") {
		t.Error("a list says who somebody is")
	}
	card := regexp.MustCompile(`href="(/company/candidates/[0-9a-f]+\?[^"]*)"`).FindStringSubmatch(p.body)
	if card == nil {
		t.Fatal("no card is linked")
	}
	s.holds(s.get(strings.ReplaceAll(card[1], "&amp;", "&")), http.StatusOK, "検索条件 1件のうち 1件に合っています")
	s.holds(s.get(path), http.StatusOK, "新着はすべて確認済みです", `class="person"`)

	s.holds(s.post(path, form("version", "1", "name", "")), http.StatusUnprocessableEntity, "1〜100文字")
	s.holds(s.post(path, form("version", "1", "name", "Go")), http.StatusOK, "変更しました", "「Go」のお知らせはオフです")
	s.holds(s.post(path, form("version", "1", "name", "別の名前")), http.StatusConflict, "別の画面で変更されていました", `value="別の名前"`)
	s.holds(s.post(path+"/delete", nil), http.StatusOK, "検索を削除しました", "保存した検索はまだありません")
	s.holds(s.get(path), http.StatusNotFound)
}

// TestASearchThatCannotBeKept expects the condition, what was typed and the fault.
func TestASearchThatCannotBeKept(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.holds(s.post("/company/searches", form("skill", "go", "name", " ", "alerts", "on")), http.StatusUnprocessableEntity, "1〜100文字", `name="skill" value="go"`, `value="on" checked`)
	s.holds(s.post("/company/searches", form("skill", "go", "pay.min", "x", "name", "高年収")), http.StatusUnprocessableEntity, "読み取れない条件", `value="高年収"`, `name="pay.min" value="x"`)
}

// TestViewersKeepNoSearches expects no button and no page where nothing may be saved.
func TestViewersKeepNoSearches(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(1)
	path := s.saved("Go", false)
	s.joins("viewer@example.jp", account.Viewer)
	p := s.get("/company/candidates?skill=go")
	s.holds(p, http.StatusOK, "1人が条件に合っています")
	if strings.Contains(p.body, "保存") {
		t.Error("a viewer is offered to save a search")
	}
	s.holds(s.get("/company"), http.StatusOK)
	s.holds(s.get("/company/searches"), http.StatusForbidden)
	s.holds(s.get(path), http.StatusForbidden)
	s.holds(s.post("/company/searches", form("skill", "go", "name", "Go")), http.StatusForbidden)
	s.joins("recruiter@example.jp", account.Recruiter)
	s.holds(s.get(path), http.StatusNotFound) // a colleague's
}

// TestTheChosenStay changes a search after somebody was chosen.
func TestTheChosenStay(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(2)
	ids := regexp.MustCompile(`name="card" form="search" value="([0-9a-f]+)"`).FindAllStringSubmatch(s.get("/company/candidates").body, -1)
	if len(ids) != 2 {
		t.Fatalf("%d people can be chosen, want 2", len(ids))
	}
	one, other := ids[0][1], ids[1][1]
	q := url.Values{"skill": {"go"}, "card": {one}}
	s.holds(s.get("/company/candidates?"+q.Encode(), "HX-Request", "true"), http.StatusOK, `id="choose-`+one+`" checked`, `id="choose-`+other+`" aria`)
	q = url.Values{"skill": {"sql"}, "skill.2": {"java"}, "card": {one, other, one}}
	p := s.get("/company/candidates?"+q.Encode(), "HX-Request", "true")
	s.holds(p, http.StatusOK, "0人が条件に合っています", "この一覧にいない2人も選んでいます", "選択をすべて外す")
	for _, id := range []string{one, other} {
		if strings.Count(p.body, `<input type="hidden" name="card" form="search" value="`+id+`"`) != 1 {
			t.Errorf("%s is not chosen once", id)
		}
	}
}

// TestTheChosenStayWithoutScripts sends the form of a search as a browser without
// scripts does, with somebody ticked: to change a condition, the order, the page, and to
// write to those ticked.
func TestTheChosenStayWithoutScripts(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(22)
	p := s.get("/company/candidates")
	of := ""
	for _, input := range regexp.MustCompile(`<(input|button|select)[^>]* name="(card|cursor|sort|skill|scout)"[^>]*>`).FindAllString(p.body, -1) {
		owned := strings.Contains(input, `form="search"`)
		if within := strings.Index(p.body, input) > strings.Index(p.body, `<form id="search"`); !owned && !within {
			t.Errorf("%s is not of the form that is sent", input)
		}
		if m := regexp.MustCompile(`name="card".* value="([0-9a-f]+)"`).FindStringSubmatch(input); m != nil && of == "" {
			of = m[1]
		}
	}
	ticked := `id="choose-` + of + `" checked`
	form := func(more ...string) string {
		v := url.Values{"skill": {""}, "pay.min": {""}, "text": {""}, "sort": {""}, "card": {of}}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return "/company/candidates?" + v.Encode()
	}
	s.holds(s.get(form("skill", "go")), http.StatusOK, ticked)
	s.holds(s.get(form("all", "skill")), http.StatusOK, ticked)
	s.holds(s.get(form("more", "skill")), http.StatusOK, ticked)
	cursor := regexp.MustCompile(`name="cursor" value="([^"]+)"`).FindStringSubmatch(p.body)
	if cursor == nil {
		t.Fatal("no button leads to the next page")
	}
	s.holds(s.get(form("cursor", cursor[1])), http.StatusOK, `<input type="hidden" name="card" form="search" value="`+of+`"`)
	s.holds(s.get(form("sort", "pay", "cursor", cursor[1])), http.StatusOK, "22人") // a cursor of another order is not followed
	s.holds(s.get(form("scout", "1")), http.StatusOK, "1人にスカウトを送ります")
}

// joins has the owner invite somebody, who the browser then is.
func (s *site) joins(email string, role account.Role) {
	s.Helper()
	s.signIn("owner@example.jp", firstWords, account.Member)
	s.holds(s.post("/company/members", form("email", email, "role", string(role))), http.StatusOK)
	link := s.mailed(email)
	s.forget()
	s.post("/invitations", form("code", code(link), "password", otherWords))
}
