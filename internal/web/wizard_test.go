package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// kept are the answers that a page's form would send on.
func kept(p page) url.Values {
	v := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([a-z_.]+)" value="([^"]*)"`).FindAllStringSubmatch(p.body, -1) {
		if value := html.UnescapeString(m[2]); value != "" && m[1] != "back" && !slices.Contains(v[m[1]], value) {
			v.Add(m[1], value)
		}
	}
	return v
}

// TestTheWizardForthAndBack answers every question without scripts, goes back to the
// first and forth again, and registers: nothing that was said is lost.
func TestTheWizardForthAndBack(t *testing.T) {
	s := newSite(t)
	for i := range 6 {
		s.offer(i, 500+50*i)
	}
	// step fills a form with what the page keeps, as a browser does.
	step := func(p page, status int, add ...string) page {
		t.Helper()
		v := kept(p)
		for i := 0; i < len(add); i += 2 {
			v.Add(add[i], add[i+1])
		}
		next := s.get(p.path + "?" + v.Encode())
		if next.status != status {
			t.Fatalf("%s?%s = %d, want %d: %s", p.path, v.Encode(), next.status, status, next.body)
		}
		return next
	}
	p := s.get("/insight/occupation")
	s.holds(step(p, http.StatusUnprocessableEntity, "go", "next"), http.StatusUnprocessableEntity, "職種を入力してください")
	p = step(p, http.StatusOK, "occupation.q", "sofutowea", "find", "occupation")
	s.holds(p, http.StatusOK, "ソフトウェア開発", `type="radio"`)
	p = step(p, http.StatusOK, "occupation.q", "sofutowea", "occupation.hit", "0312", "go", "next")
	p = step(p, http.StatusOK, "years", "5", "go", "next")
	p = step(p, http.StatusOK, "prefecture", "13", "go", "next")
	s.holds(step(p, http.StatusUnprocessableEntity, "pay", "48百", "go", "next"), http.StatusUnprocessableEntity, `value="48百"`, "0〜100,000の整数（万円）")
	p = step(p, http.StatusOK, "pay", "480", "go", "next")
	p = step(p, http.StatusOK, "addskill.q", "Go", "level", "4", "go", "add")
	s.holds(p, http.StatusOK, "人を助けられる", `value="go:4"`)
	p = step(p, http.StatusOK, "addskill.q", "kubernetes", "level", "2", "go", "next")
	p = step(p, http.StatusOK, "addlanguage.q", "英語", "level", "4", "go", "next")
	p = step(p, http.StatusOK, "go", "next")
	if p.path != "/insight/wishes" {
		t.Fatalf("after certifications: %s", p.path)
	}
	p = step(p, http.StatusOK, "floor", "500", "places", "13", "places", "14", "remote", "", "go", "back")
	for p.path != "/insight/occupation" {
		fields := []string{"go", "back"}
		for _, name := range []string{"years", "prefecture"} { // what the selects say
			if m := regexp.MustCompile(`id="` + name + `"[\s\S]*?value="([^"]*)" selected`).FindStringSubmatch(p.body); m != nil {
				fields = append(fields, name, m[1])
			}
		}
		if m := regexp.MustCompile(`id="pay" name="pay" type="text" value="([^"]*)"`).FindStringSubmatch(p.body); m != nil {
			fields = append(fields, "pay", m[1])
		}
		p = step(p, http.StatusOK, fields...)
	}
	want := url.Values{
		"occupation": {"0312"}, "years": {"5"}, "prefecture": {"13"}, "pay": {"480"}, "skill": {"go:4", "kubernetes:2"}, "language": {"en:4"},
		"floor": {"500"}, "places": {"13", "14"},
	}
	if got := kept(p); got.Encode() != want.Encode() {
		t.Fatalf("back at the first question: %s, want %s", got.Encode(), want.Encode())
	}
	result := s.get("/insight?" + want.Encode())
	s.holds(result, http.StatusOK, "いま5件以上", "人を助けられる", "厚生労働省「賃金構造基本統計調査」（2025年）", "統計の中央値", "届くオファーの例", "十分なデータがありません")
	if got := kept(result); got.Get("skill") != "go:4" {
		t.Errorf("the form to register keeps %s", got.Encode())
	}
	form := kept(result)
	form.Set("email", "taro@example.jp")
	form.Set("password", "correct horse")
	s.holds(s.post("/signup", form), http.StatusOK, "オファーに答えられます")
	token, err := s.market.SignIn(t.Context(), "taro@example.jp", "correct horse", "")
	if err != nil {
		t.Fatal(err)
	}
	actor, err := s.market.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.market.Candidate(t.Context(), actor)
	if err != nil || len(c.Profile.Skill) != 2 || len(c.Profile.Language) != 1 || len(c.Wishes.Kids) != 2 || len(c.Profile.WillingPrefecture) != 2 {
		t.Errorf("registered: %+v, %+v, %v", c.Profile, c.Wishes, err)
	}
}

// TestTheBestEditIsALink: the answers with the edit, and back to less of it.
func TestTheBestEditIsALink(t *testing.T) {
	s := newSite(t)
	for i := range 6 {
		s.offer(i, 500)
	}
	p := s.get("/insight?" + chosen("floor", "550").Encode())
	s.holds(p, http.StatusOK, "いま条件に合うオファーはありません", "これを変えると広がります", "+5件以上")
	link := regexp.MustCompile(`href="(/insight\?[^"]*floor=490[^"]*)"`).FindStringSubmatch(p.body)
	if link == nil {
		t.Fatalf("no link to a lower floor: %s", p.body)
	}
	s.holds(s.get(html.UnescapeString(link[1])), http.StatusOK, "いま5件以上")
}

// TestLandingIsHonest: an installation without anything in it shows the census and 0.
func TestLandingIsHonest(t *testing.T) {
	s := newSite(t)
	p := s.get("/")
	s.holds(p, http.StatusOK, "いま条件に合うオファーはありません", "この職種の年収（統計）", "0件", "0社", "週10件まで")
	if strings.Contains(p.body, "style=") {
		t.Error("the page has an inline style")
	}
	s.holds(s.get("/insight/nothing"), http.StatusNotFound, "ページが見つかりません")
}
