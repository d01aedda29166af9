package web_test

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/market"
)

// seeker registers somebody and signs them in.
func (s *site) seeker(email string) {
	s.Helper()
	s.holds(s.post("/signup", chosen("email", email, "password", "correct horse")), http.StatusOK)
}

var (
	inputs  = regexp.MustCompile(`<input[^>]*>`)
	areas   = regexp.MustCompile(`(?s)<textarea[^>]* name="([^"]*)"[^>]*>(.*?)</textarea>`)
	selects = regexp.MustCompile(`(?s)<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>`)
	picked  = regexp.MustCompile(`<option value="([^"]*)" selected>`)
	boxed   = regexp.MustCompile(`type="(checkbox|radio)"`)
)

func attribute(tag, name string) (string, bool) {
	m := regexp.MustCompile(`[ ]` + name + `="([^"]*)"`).FindStringSubmatch(tag)
	if m == nil {
		return "", false
	}
	return html.UnescapeString(m[1]), true
}

// filled gives what a browser would send of a page's form as it stands.
func filled(p page) url.Values {
	v := url.Values{}
	_, form, _ := strings.Cut(main(p.body), `id="editor"`)
	form, _, _ = strings.Cut(form, "</form>")
	for _, tag := range inputs.FindAllString(form, -1) {
		name, ok := attribute(tag, "name")
		value, _ := attribute(tag, "value")
		if boxed.MatchString(tag) && !strings.Contains(tag, " checked") {
			continue
		}
		if boxed.MatchString(tag) && value == "" {
			value = "on"
		}
		if ok {
			v.Add(name, value)
		}
	}
	for _, m := range areas.FindAllStringSubmatch(form, -1) {
		v.Add(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range selects.FindAllStringSubmatch(form, -1) {
		value := ""
		if o := picked.FindStringSubmatch(m[2]); o != nil {
			value = o[1]
		}
		v.Add(m[1], value)
	}
	return v
}

func with(v url.Values, more ...string) url.Values {
	out := maps.Clone(v)
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = []string{more[i+1]}
	}
	return out
}

// TestCareerIsEdited fills in everything of a profile without a script, and finds it
// again.
func TestCareerIsEdited(t *testing.T) {
	s := newSite(t)
	for i := range 6 {
		s.offer(i, 500+50*i)
	}
	s.seeker("taro@example.jp")
	first := s.get("/profile")
	s.holds(first, http.StatusOK, "この経歴は5件以上のオファー条件に合っています", `value="ソフトウェア開発"`)
	again := s.post("/profile", filled(first))
	s.holds(again, http.StatusOK, "保存しました")
	before, after := filled(first), filled(again)
	before.Del("version")
	after.Del("version")
	if before.Encode() != after.Encode() {
		t.Errorf("saved as it was, the form is\n%s, want\n%s", after.Encode(), before.Encode())
	}

	p := again
	for _, field := range []string{"skill", "language", "certification", "history"} {
		p = s.post("/profile", with(filled(p), "do", "add:"+field))
		s.holds(p, http.StatusOK, `name="`+field+`.row" value="0"`, "autofocus")
	}
	form := with(filled(p),
		"skill.0.q", "go", "skill.0.min", "4", "language.0", "en", "language.0.min", "4", "certification.0.q", "futuu",
		"education", "3", "management", "2", "employment_status", "employed", "pay", "５２０", "available_from", "2027-01-01", "remote_ok", "true",
		"history.0.employer", "青葉システム", "history.0.from", "2019年4月", "history.0.occupation.q", "ソフトウェア開発", "history.0.role", "リーダー",
		"history.0.duties", "決済の開発\n運用", "name", "山田 太郎", "text", "<b>よろしく</b>", "birth_month", "1990/4", "birth_ok", "on")
	form["willing_prefecture"] = []string{"13", "14"}
	found := s.post("/profile", with(form, "find", "certification.0"))
	s.holds(found, http.StatusOK, "近いものを選んで", `name="certification.0.hit"`, "普通自動車")
	hit := regexp.MustCompile(`name="certification\.0\.hit" value="([^"]*)"`).FindStringSubmatch(found.body)
	saved := s.post("/profile", with(filled(found), "certification.0.hit", hit[1]))
	s.holds(saved, http.StatusOK, "保存しました", `value="Go"`, `name="skill.0" value="go"`, `value="520"`, `value="2027-01-01"`, `value="2019-04"`, `value="青葉システム"`,
		"決済の開発\n運用", "&lt;b&gt;よろしく", `value="1990-04"`, `value="山田 太郎"`, `name="certification.0" value="`+hit[1]+`"`, "東京都、神奈川県")
	dropped := s.post("/profile", with(filled(saved), "do", "drop:skill.0"))
	if strings.Contains(dropped.body, `name="skill.0"`) {
		t.Error("a row that was removed is still there")
	}
	s.holds(s.get("/profile", "Accept-Language", "en"), http.StatusOK, "This career meets the terms of 5 or more offers", "Work history")
}

// TestCareerWithFaults sends what cannot be kept: nothing typed is lost, and each
// fault stands at its field.
func TestCareerWithFaults(t *testing.T) {
	s := newSite(t)
	s.seeker("taro@example.jp")
	form := filled(s.post("/profile", with(filled(s.post("/profile", with(filled(s.get("/profile")), "do", "add:history"))), "do", "add:skill")))
	for _, c := range []struct{ name, value, fault string }{
		{"pay", "48x", "整数で"},
		{"pay", "100001", "整数で"},
		{"available_from", "tomorrow", "2027-04-01"},
		{"birth_month", "1990-04", "同意するチェック"},
		{"birth_month", "2020-04", "15歳以上"},
		{"skill.0.q", "zzzzzzzzzzz", "見つかりません"},
		{"skill.0.q", "jav", "近いものを選んで"},
		{"skill.0.q", "Java", "レベルを選んで"},
		{"history.0.role", "部長", "会社名か13桁"},
		{"history.0.employer", "1234567890123", "検査数字"},
		{"history.0.to", "1999-01", "入社した月以降"},
		{"residence", "99", "一覧から"},
		{"name", strings.Repeat("長", 101), "100文字以内"},
	} {
		sent := with(form, c.name, c.value)
		switch c.name {
		case "history.0.to":
			sent = with(sent, "history.0.employer", "会社", "history.0.from", "2001-01")
		case "skill.0.q":
			sent = with(sent, "skill.0", "")
		case "birth_month":
			if c.value == "2020-04" {
				sent = with(sent, "birth_ok", "on")
			}
		}
		p := s.post("/profile", sent)
		s.holds(p, http.StatusUnprocessableEntity, c.fault, "まだ保存していません")
		if got := filled(p); c.name != "residence" && got.Get(c.name) != c.value {
			t.Errorf("%s: %q came back as %q", c.name, c.value, got.Get(c.name))
		}
	}
}

// TestStaleCareer saves from two windows.
func TestStaleCareer(t *testing.T) {
	s := newSite(t)
	s.seeker("taro@example.jp")
	form := filled(s.get("/profile"))
	s.holds(s.post("/profile", with(form, "pay", "600")), http.StatusOK, "保存しました")
	stale := s.post("/profile", with(form, "name", "山田"))
	s.holds(stale, http.StatusConflict, "別の画面で", "現在の年収", `value="山田"`, `value="480"`)
	s.holds(s.post("/profile", filled(stale)), http.StatusOK, "保存しました", `value="山田"`, `value="480"`)
}

// TestProspectFollows asks what a profile that is not saved would reach.
func TestProspectFollows(t *testing.T) {
	s := newSite(t)
	for i := range 6 {
		s.offer(i, 500+50*i)
	}
	s.seeker("taro@example.jp")
	form := with(filled(s.get("/profile")), "occupation.0.q", "", "occupation.0", "")
	part := s.post("/profile/prospect", form, "HX-Request", "true")
	s.holds(part, http.StatusOK, "いまありません", "+5件以上", "ソフトウェア開発", `hx-swap-oob`)
	if strings.Contains(part.body, "<html") {
		t.Error("a whole page comes where a piece was asked for")
	}
	s.holds(s.post("/profile", with(form, "do", "count")), http.StatusOK, "いまありません", "+5件以上")
	s.holds(s.get("/profile"), http.StatusOK, "5件以上")
}

// TestAPresentEmployerIsToldToBeBlocked names present employers: one that is here, one
// that is not, and one of a name that two companies bear.
func TestAPresentEmployerIsToldToBeBlocked(t *testing.T) {
	s := newSite(t)
	for i := range 3 {
		s.offer(i, 500+50*i)
	}
	s.found(8, "株式会社青葉")
	s.found(9, "青葉㈱")
	s.seeker("taro@example.jp")
	p := s.post("/profile", with(filled(s.get("/profile")), "do", "add:history"))
	form := func(employer, to string) url.Values {
		return with(filled(p), "history.0.employer", employer, "history.0.from", "2019-04", "history.0.to", to)
	}
	lacks := func(p page, text string) {
		t.Helper()
		if strings.Contains(p.body, text) {
			t.Errorf("the page says %q", text)
		}
	}
	p = s.post("/profile", form("無い会社", ""))
	s.holds(p, http.StatusOK, "保存しました", "この名前の登録企業はありません")
	p = s.post("/profile", form("会社１（株）", ""))
	s.holds(p, http.StatusOK, "いまの勤め先「会社1」をブロックしています", "登録企業「会社1」とそのグループをブロックします")
	s.holds(s.get("/offers"), http.StatusOK, "いま2件")
	s.holds(s.get("/settings"), http.StatusOK, "いまの勤め先", "会社1")
	p = s.post("/profile", form("会社１（株）", "2020-03"))
	lacks(p, "ブロックしています")
	lacks(s.get("/settings"), "会社1<")

	p = s.post("/profile", form("青葉", ""))
	one, other := number(8), number(9)
	s.holds(p, http.StatusOK, "同じ名前の企業が2社あり、すべてブロックしています", "どの企業ですか", one, other)
	s.holds(s.get("/settings"), http.StatusOK, "株式会社青葉", "青葉㈱")
	p = s.post("/profile", with(filled(p), "do", "is:history.0:"+other))
	s.holds(p, http.StatusOK, `name="history.0.employer" type="text" value="`+other+`"`, "autofocus")
	s.holds(s.post("/profile", filled(p)), http.StatusOK, "保存しました")
	s.holds(s.get("/settings"), http.StatusOK, "青葉㈱")
	lacks(s.get("/settings"), "株式会社青葉")

	s.holds(s.post("/profile", with(filled(p), "do", "drop:history.0")), http.StatusOK)
	empty := filled(s.get("/profile"))
	for name := range empty {
		if strings.HasPrefix(name, "history.") {
			empty.Del(name)
		}
	}
	s.holds(s.post("/profile", empty), http.StatusOK, "保存しました")
	s.holds(s.get("/settings"), http.StatusOK, "青葉㈱", "いまの勤め先ではない") // nothing says that it was left
	lacks(s.post("/settings/blocks", url.Values{"left": {other}}), "青葉㈱")
}

// number is that of the site's company i.
func number(i int) string { return corpnum.From(700_000_000_000 + int64(i)).String() }

// found registers a verified company.
func (s *site) found(i int, name string) {
	s.Helper()
	f, err := s.market.Found(s.Context(), market.Found{
		Number: corpnum.From(700_000_000_000 + int64(i)), Name: name, Size: 2, Email: fmt.Sprintf("k%d@example.jp", i),
	}, market.Once{})
	s.must(err)
	_, err = s.market.SetStatus(s.Context(), market.Actor{Kind: account.Operator}, f.ID, company.Verified)
	s.must(err)
}
