package web_test

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/market"
)

// people registers n candidates: the ith has i years in software development (as far
// as there are steps), Go, and every other one English.
func (s *site) people(n int) {
	s.Helper()
	steps := []int{0, 1, 3, 5, 7, 10, 15}
	for i := range n {
		pay, years := 400+10*i, min(i, 70)
		p := candidate.Profile{
			Name:       "山田" + strconv.Itoa(i),
			Occupation: []candidate.Coded{{Code: "0312", Min: steps[i%len(steps)]}}, Skill: []candidate.Coded{{Code: "go", Min: 3}},
			Residence: "13", WillingPrefecture: []string{"13", "14"}, Pay: &pay, ExperienceYears: &years, Text: "Kubernetesの運用を担当しました。",
		}
		if i%2 == 0 {
			p.Language = []candidate.Coded{{Code: "en", Min: 5}}
		}
		_, err := s.market.SignUp(s.Context(), market.SignUp{
			Email: "p" + strconv.Itoa(i) + "@example.jp", Profile: p, Wishes: condition.Always(),
		}, market.Once{})
		s.must(err)
	}
}

// TestSearching goes through a search without scripts.
func TestSearching(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.holds(s.get("/company/candidates"), http.StatusOK, "0人が条件に合っています", "条件はまだありません")
	s.people(25)
	all := s.get("/company/candidates")
	s.holds(all, http.StatusOK, "25人から探せます", "次の20人", `id="skill-go"`, `<span class="count">25</span>`)
	if strings.Contains(all.body, "山田") {
		t.Error("a list says who somebody is")
	}
	next := regexp.MustCompile(`hx-get="(/company/candidates\?cursor=[^"]+)"`).FindStringSubmatch(all.body)
	if next == nil {
		t.Fatal("no next page")
	}
	if p := s.get(next[1]); strings.Count(p.body, `class="person"`) != 5 {
		t.Errorf("the second page has %d people, want 5", strings.Count(p.body, `class="person"`))
	}

	// What a browser without scripts sends has every field of the form in it.
	sent := url.Values{
		"occupation": {"0312"}, "occupation.min": {"3"}, "skill": {"go"}, "skill.min": {""}, "language": {"en"}, "language.min": {"5"},
		"pay.min": {"４００"}, "pay.max": {""}, "remote_ok": {""}, "text": {""},
	}
	p := s.get("/company/candidates?" + sent.Encode())
	s.holds(p, http.StatusOK, "ソフトウェア開発 3年以上、かつGoのスキルあり、かつ英語 C1以上、かつ現在の年収400万円以上",
		"「英語 C1以上」を外すと", "4/4", `value="400"`, "ソフトウェア開発 5年以上")
	s.holds(p, http.StatusOK, "あと1つで合う人", "なし：英語 C1以上", "3/4")
	s.holds(s.get("/company/candidates?skill=go&text=kubernetes"), http.StatusOK, "25人が条件に合っています", "<mark>Kubernetes</mark>")
	s.holds(s.get("/company/candidates?skill=go&text=kubernetes", "Accept-Language", "en"), http.StatusOK, "25 people meet this", "Meets ")
	s.holds(s.get("/company/candidates?pay.min=400", "Accept-Language", "en"), http.StatusOK, "<span>Current annual pay: JPY 4M or more</span>")
}

// TestWhatCannotBeSearched expects faults beneath their fields, and what was typed.
func TestWhatCannotBeSearched(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(3)
	for query, texts := range map[string][]string{
		"pay.min=many&skill=go":             {`value="many"`, "整数で入力してください", "3人が条件に合っています", `aria-invalid="true"`},
		"pay.min=800&pay.max=400":           {`value="800"`, `value="400"`, "下限が上限を上回っています"},
		"skill=nothing":                     {"一覧から選んでください"},
		"text=a":                            {"2文字以上", `value="a"`},
		"condition=%7B%22field%22%3A1%7D":   {"組み合わせ条件を読み取れませんでした", `{&#34;field&#34;:1}`},
		"find=skill.add&skill.add.q=zzzzzz": {"近いものが見つかりません", `value="zzzzzz"`},
	} {
		p := s.get("/company/candidates?" + query)
		want := http.StatusUnprocessableEntity
		if strings.HasPrefix(query, "find") {
			want = http.StatusOK
		}
		s.holds(p, want, texts...)
	}
}

// TestConditionsAreCombined makes an "or" of two conditions, the contrary of one, and
// takes it apart again, without scripts.
func TestConditionsAreCombined(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(4)
	base := url.Values{"skill": {"go"}, "language": {"en"}, "pay.min": {"430"}, "pay.max": {""}}
	s.holds(s.get("/company/candidates?"+base.Encode()), http.StatusOK, "0人が条件に合っています")
	base["pick"] = []string{`{"field":"language","in":["en"]}`, `{"field":"pay","min":430}`}
	base.Set("do", "any")
	p := s.get("/company/candidates?" + base.Encode())
	s.holds(p, http.StatusOK, "3人が条件に合っています", `name="condition" value="{&#34;any&#34;`, "または現在の年収430万円以上")

	either := `{"any":[{"field":"language","in":["en"]},{"field":"pay","min":430}]}`
	next := url.Values{"skill": {"go"}, "condition": {either}, "pick": {either}, "do": {"not"}}
	s.holds(s.get("/company/candidates?"+next.Encode()), http.StatusOK, "1人が条件に合っています")
	next.Set("do", "split")
	s.holds(s.get("/company/candidates?"+next.Encode()), http.StatusOK, "0人が条件に合っています", `name="pay.min" value="430"`)
}

// TestNestedConditionsByClicking builds "(Go and English, or pay) and Tokyo" by
// pressing what the page shows, and expects the condition that was wanted.
func TestNestedConditionsByClicking(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(4)
	leaf := map[string]string{
		"go": `{"field":"skill","in":["go"]}`, "en": `{"field":"language","in":["en"]}`, "pay": `{"field":"pay","min":430}`,
	}
	form := url.Values{"skill": {"go"}, "language": {"en"}, "pay.min": {"430"}, "residence": {"13"}}
	press := func(do string, picks ...string) {
		t.Helper()
		form["pick"], form["do"] = picks, []string{do}
		p := s.get("/company/candidates?"+form.Encode(), "HX-Request", "true")
		s.holds(p, http.StatusOK)
		form = fieldsOf(t, p.body, "search")
	}
	// group is what is picked after two were put together.
	group := `{"any":[{"all":[` + leaf["go"] + `,` + leaf["en"] + `]}]}`
	press("all", leaf["go"], leaf["en"])
	s.wants(form, `{"all":[`+leaf["go"]+`,`+leaf["en"]+`,`+leaf["pay"]+`,{"field":"residence","in":["13"]}]}`)
	press("any", group, leaf["pay"])
	wanted := `{"all":[{"any":[{"all":[` + leaf["go"] + `,` + leaf["en"] + `]},` + leaf["pay"] + `]},{"field":"residence","in":["13"]}]}`
	s.wants(form, wanted)
	s.holds(s.get("/company/candidates?"+form.Encode(), "HX-Request", "true"), http.StatusOK, "3人が条件に合っています", "（Goのスキルあり、かつ英語を使える）、または現在の年収430万円以上")

	either := `{"any":[{"all":[` + leaf["go"] + `,` + leaf["en"] + `]},` + leaf["pay"] + `]}`
	press("not", either)
	s.wants(form, `{"all":[{"not":`+either+`},{"field":"residence","in":["13"]}]}`)
	press("not", `{"not":`+either+`}`)
	s.wants(form, wanted)
	press("split", either) // the two stay together
	s.holds(s.get("/company/candidates?"+form.Encode(), "HX-Request", "true"), http.StatusOK, `value="`+html.EscapeString(group)+`"`)
	press("any", group, leaf["pay"])
	s.wants(form, wanted)
	press("split", either)
	press("split", group)
	if form.Get("skill") != "go" || form.Get("language") != "en" || form.Get("pay.min") != "430" || form.Get("condition") != "" {
		t.Errorf("taken apart: %v", form)
	}
}

// TestCombiningNothingSaysWhatIsMissing presses what combines conditions while too few are
// ticked: the page says so beside the buttons, keeps the ticks, and changes nothing.
func TestCombiningNothingSaysWhatIsMissing(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(2)
	const one, two = `{"field":"skill","in":["go"]}`, `{"field":"language","in":["en"]}`
	for _, c := range []struct {
		do     string
		picks  []string
		ja, en string
	}{
		{"any", nil, "「または」にする条件を、上から2つ以上選んでください。", "Tick two or more of the conditions above, of which one is to hold."},
		{"any", []string{one}, "「または」にする条件を、上から2つ以上選んでください。", "Tick two or more"},
		{"all", []string{one}, "ひとまとめにする条件を、上から2つ以上選んでください。", "to group them."},
		{"not", nil, "「以外」にする条件を、上から選んでください。", "that are not to hold."},
		{"split", []string{one, two}, "分けられるのは、組み合わせた条件だけです。", "Only combined ones can be."},
	} {
		form := url.Values{"skill": {"go"}, "language": {"en"}, "do": {c.do}, "pick": c.picks}
		for _, partial := range []string{"true", "false"} {
			p := s.get("/company/candidates?"+form.Encode(), "HX-Request", partial)
			s.holds(p, http.StatusOK, c.ja, `id="pick-fault" role="alert"`)
			if n := strings.Count(p.body, `name="pick"`); n != 2 {
				t.Errorf("%s of %q leaves %d conditions, want 2", c.do, c.picks, n)
			}
			if n := strings.Count(p.body, `name="pick" value="`+html.EscapeString(one)+`" checked`); n != min(len(c.picks), 1) {
				t.Errorf("%s of %q: the tick is kept %d times", c.do, c.picks, n)
			}
		}
		s.holds(s.get("/company/candidates?"+form.Encode(), "Accept-Language", "en"), http.StatusOK, c.en)
		s.holds(s.post("/company/rules/new", form), http.StatusOK, c.ja)
	}
}

// wants fails unless a form of a search asks for a condition.
func (s *site) wants(form url.Values, want string) {
	s.Helper()
	w, err := condition.Parse(condition.Profiles, []byte(want), true)
	s.must(err)
	form = maps.Clone(form)
	form.Set("name", "Go")
	p := s.post("/company/searches", form)
	s.holds(p, http.StatusOK, "検索を保存しました")
	list, err := s.market.Searches(s.Context(), s.actor(), 0, 100)
	s.must(err)
	if got := list[0].Condition; got.Hash() != w.Hash() {
		s.Errorf("the form asks for %s, want %s", got.Sentence(condition.Profiles, "en"), w.Sentence(condition.Profiles, "en"))
	}
	s.must(s.market.DeleteSearch(s.Context(), s.actor(), list[0].ID))
}

// fieldsOf gives what a browser would send of a form.
func fieldsOf(t *testing.T, page, id string) url.Values {
	t.Helper()
	_, body, ok := strings.Cut(page, `<form id="`+id+`"`)
	if !ok {
		t.Fatalf("there is no form %s in %s", id, page)
	}
	body, _, _ = strings.Cut(body, "</form>")
	v := url.Values{}
	for _, tag := range regexp.MustCompile(`<input [^>]*>`).FindAllString(body, -1) {
		attribute := func(name string) string {
			m := regexp.MustCompile(` ` + name + `="([^"]*)"`).FindStringSubmatch(tag)
			if m == nil {
				return ""
			}
			return html.UnescapeString(m[1])
		}
		kind := attribute("type")
		if name := attribute("name"); name != "" && (kind != "checkbox" && kind != "radio" || strings.Contains(tag, " checked")) {
			v.Add(name, attribute("value"))
		}
	}
	for _, menu := range regexp.MustCompile(`(?s)<select [^>]*name="([^"]+)".*?</select>`).FindAllStringSubmatch(body, -1) {
		if m := regexp.MustCompile(`<option value="([^"]*)" selected`).FindStringSubmatch(menu[0]); m != nil {
			v.Add(menu[1], html.UnescapeString(m[1]))
		}
	}
	return v
}

// TestPartsOfASearch expects a script to get the part that follows, and its address.
func TestPartsOfASearch(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(2)
	p := s.get("/company/candidates?skill=go&pay.min=&all=skill", "HX-Request", "true")
	s.holds(p, http.StatusOK, "2人が条件に合っています", "<title>2人")
	if strings.Contains(p.body, "<html") || !strings.Contains(p.body, `name="few" value="skill"`) {
		t.Errorf("the part is %s", p.body)
	}
	s.holds(s.get("/company/candidates?skill=go", "HX-Request", "true", "HX-History-Restore-Request", "true"), http.StatusOK, "<html")
}

// TestOpeningACard opens a card, which its owner can see.
func TestOpeningACard(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(1)
	link := regexp.MustCompile(`href="(/company/candidates/[0-9a-f]+\?[^"]*)"`).FindStringSubmatch(s.get("/company/candidates?skill=go&pay.min=300").body)
	if link == nil {
		t.Fatal("no card is linked")
	}
	p := s.get(strings.ReplaceAll(link[1], "&amp;", "&"))
	s.holds(p, http.StatusOK, "検索条件 2件のうち 2件に合っています", "400万円", "Kubernetes", "東京都")
	if strings.Contains(main(p.body), "山田") {
		t.Error("a card says who somebody is")
	}
	scout := regexp.MustCompile(`href="(/company/scouts/new\?card=[0-9a-f]+)"`).FindStringSubmatch(p.body)
	if scout == nil {
		t.Fatal("the card does not lead to a scout")
	}
	s.holds(s.get(scout[1]), http.StatusOK, "1人にスカウトを送ります")
	path, _, _ := strings.Cut(link[1], "?")
	s.holds(s.get(path+"?text=ｋｕｂｅｒｎｅｔｅｓ"), http.StatusOK, `<mark>Kubernetes</mark>の運用`)
	s.holds(s.get("/company/candidates/00000000000000000000000000000000"), http.StatusNotFound, "ページが見つかりません")
}

// TestAGroupIsOneCondition asks for any of three skills, of which everybody has one: what is
// enough is met, in the list and on the card.
func TestAGroupIsOneCondition(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(1)
	search := url.Values{"condition": {`{"any":[{"field":"skill","in":["go"]},{"field":"skill","in":["aws"]},{"field":"skill","in":["java"]}]}`}}
	list := s.get("/company/candidates?" + search.Encode())
	s.holds(list, http.StatusOK, "1人が条件に合っています", "1/1", "✓ </span>Go")
	if strings.Contains(main(list.body), "なし：") {
		t.Errorf("what need not be met is said to be missed: %s", main(list.body))
	}
	link := regexp.MustCompile(`href="(/company/candidates/[0-9a-f]+\?[^"]*)"`).FindStringSubmatch(list.body)
	s.holds(s.get(strings.ReplaceAll(link[1], "&amp;", "&")), http.StatusOK, "検索条件 1件のうち 1件に合っています", "✓ Go")
}

// TestScoutingThoseChosen sends a scout to two people of a list.
func TestScoutingThoseChosen(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(2)
	of := s.published()
	ids := regexp.MustCompile(`name="card" form="search" value="([0-9a-f]+)"`).FindAllStringSubmatch(s.get("/company/candidates").body, -1)
	if len(ids) != 2 {
		t.Fatalf("%d people can be chosen, want 2", len(ids))
	}
	s.holds(s.get("/company/scouts/new"), http.StatusOK, "まだ誰も選ばれていません")
	s.holds(s.get("/company/scouts/new?card="+ids[0][1]+"&card="+ids[1][1]), http.StatusOK, "2人にスカウトを送ります", "サーバー開発")
	s.holds(s.get("/company/scouts/new?card="+ids[0][1]+"&card="+ids[1][1]+"&card="+ids[0][1]), http.StatusOK, "2人にスカウトを送ります")
	sent := url.Values{"card": {ids[0][1], ids[1][1]}, "position": {of}, "kind": {"interview"}, "message": {""}}
	s.holds(s.post("/company/scouts/new", sent), http.StatusUnprocessableEntity, "メッセージを入力してください")
	sent.Set("message", "　\u200b")
	s.holds(s.post("/company/scouts/new", sent), http.StatusUnprocessableEntity, "メッセージを入力してください")
	sent.Set("message", "お話ししませんか。")
	s.holds(s.post("/company/scouts/new", sent), http.StatusOK, "2人にスカウトを送りました")
	s.holds(s.post("/company/scouts/new", sent), http.StatusOK, "すでに送っているため")
}

// TestAScoutsMessageIsRead expects what a recruiter had to write to reach the candidate:
// its beginning in the inbox, all of it with the offer, and to stay with both sides.
func TestAScoutsMessageIsRead(t *testing.T) {
	s := newSite(t)
	s.post("/signup", chosen("email", "p1@example.jp", "password", firstWords))
	s.forget()
	s.employer()
	of := s.published()
	card := regexp.MustCompile(`name="card" form="search" value="([0-9a-f]+)"`).FindStringSubmatch(s.get("/company/candidates").body)[1]
	last := "ご都合は、いかがですか。"
	message := "はじめまして。\n<b>ぜひ</b>一度お話ししませんか。" + strings.Repeat("経歴を拝見しました。", 20) + last
	s.holds(s.post("/company/scouts/new", url.Values{"card": {card}, "position": {of}, "kind": {"interview"}, "message": {message}}), http.StatusOK, "1人にスカウトを送りました")
	employer := s.browser
	s.signIn("p1@example.jp", firstWords, account.Candidate)
	inbox := s.get("/offers")
	s.holds(inbox, http.StatusOK, "「はじめまして。 &lt;b&gt;ぜひ&lt;/b&gt;一度お話ししませんか。", "…」")
	if strings.Contains(inbox.body, last) {
		t.Error("the inbox shows all of a long message")
	}
	path := regexp.MustCompile(`href="(/offers/[0-9a-f-]{36})"`).FindStringSubmatch(inbox.body)[1]
	says := []string{"担当者からのメッセージ", "はじめまして。\n&lt;b&gt;ぜひ&lt;/b&gt;一度", last}
	s.holds(s.get(path), http.StatusOK, says...)
	s.holds(s.post(path+"/accept", nil), http.StatusOK, says...)
	s.browser = employer
	s.holds(s.get("/company"+path), http.StatusOK, "スカウトに添えたメッセージ", last)
}

// TestAViewersSearch offers nothing that a viewer may not do.
func TestAViewersSearch(t *testing.T) {
	s := newSite(t)
	s.as(account.Viewer)
	p := s.get("/company/candidates?skill=go&residence=13")
	s.holds(p, http.StatusOK, "管理者と採用担当です", `class="person"`)
	for _, offered := range []string{`href="/company/candidates/`, `name="card"`, "/company/scouts/new", `action="/company/searches"`, "keys-hint"} {
		if strings.Contains(main(p.body), offered) {
			t.Errorf("a viewer is offered %s", offered)
		}
	}
}
