package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// ticked is what the page of a rule's batch sends as it is.
func (s *site) ticked(path string) url.Values {
	s.Helper()
	v := url.Values{}
	for _, one := range regexp.MustCompile(`name="take" value="([^"]+)"[^>]* checked`).FindAllStringSubmatch(s.get(path+"/proposals").body, -1) {
		v.Add("take", one[1])
	}
	return v
}

// TestABatchIsConfirmed confirms what waits where members decide.
func TestABatchIsConfirmed(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Mode = market.Approve })
	s.employer()
	of := s.published()
	typed := ruleForm(of, "do", "save")
	typed["prefer"] = []string{`{"field":"skill","in":["go"]}`, `{"field":"language","in":["zh"]}`}
	typed["weight"] = []string{"3", "5"}
	path := s.post("/company/rules/new", typed).path
	s.holds(s.get(path+"/activate"), http.StatusOK)
	s.holds(s.post(path+"/activate", nil), http.StatusOK, "確認待ちを見る", "<strong>サーバー開発</strong>")
	s.holds(s.get(path+"/proposals"), http.StatusOK, "確認を待っている人はいません")
	s.people(3)
	p := s.get(path + "/proposals")
	s.holds(p, http.StatusOK, "3人が確認を待っています", `<p class="prose quiet">サーバー開発</p>`, "スコアの高い人から", "選んだ人に届ける", "ソフトウェア開発", "現在400万円", "必須はすべて満たしています", "優先 1/2", "なし：")
	if n := len(regexp.MustCompile(`/company/candidates/[0-9a-f]{32}`).FindAllString(p.body, -1)); n != 3 {
		t.Errorf("%d cards are linked, want 3", n)
	}
	if strings.Contains(p.body, "山田") {
		t.Error("a proposal says who somebody is")
	}
	s.holds(s.get(path+"/proposals", "Accept-Language", "en"), http.StatusOK, "Meets all that is required", "Preferred: 1/2")
	takes := regexp.MustCompile(`name="take" value="([^"]+)"`).FindAllStringSubmatch(p.body, -1)
	sent := s.post(path+"/proposals", form("take", takes[0][1]))
	s.holds(sent, http.StatusOK, "1件のオファーを届けました", "2人が確認を待っています")
	if strings.Contains(sent.body, " checked") {
		t.Error("who was left out is ticked again")
	}
	s.holds(s.post(path+"/proposals", nil), http.StatusUnprocessableEntity, "誰も選ばれていないため、送られませんでした", "2人が確認を待っています")
	s.holds(s.post(path+"/proposals", form("take", "x")), http.StatusUnprocessableEntity)
	s.holds(s.post(path+"/proposals", s.ticked(path)), http.StatusOK, "2件のオファーを届けました", "確認を待っている人はいません")
	s.holds(s.get("/company/rules"), http.StatusOK, "1件のオファー条件が、合う人を探しています")
}

// TestABatchWaitsForTomorrow says why nobody more is reached when a day's budget is used.
func TestABatchWaitsForTomorrow(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Mode = market.Approve })
	s.employer()
	s.people(7)
	path := s.post("/company/rules/new", ruleForm(s.published(), "do", "save")).path
	s.post(path+"/activate", nil)
	s.must(s.market.Drain(s.Context()))
	p := s.post(path+"/proposals", s.ticked(path))
	s.holds(p, http.StatusOK, "5件のオファーを届けました", "2人が確認を待っています", "本日の上限（5件）まで送りました")
	if strings.Contains(p.body, "選んだ人に届ける") {
		t.Error("a button is offered that can reach nobody")
	}
	s.english(s.get(path+"/proposals", "Accept-Language", "en"), "サーバー開発")
}

// TestWhoWasNotShownIsNotSentTo confirms a page to which people came after it was shown.
func TestWhoWasNotShownIsNotSentTo(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Mode = market.Approve })
	s.employer()
	path := s.post("/company/rules/new", ruleForm(s.published(), "do", "save", "daily_budget", "200", "total_budget", "200")).path
	s.post(path+"/activate", nil)
	s.people(2)
	s.must(s.market.Drain(s.Context()))
	shown := s.ticked(path)
	if len(shown["take"]) != 2 {
		t.Fatalf("%d people are listed, want 2", len(shown["take"]))
	}
	s.people(103)
	s.must(s.market.Drain(s.Context()))
	s.holds(s.post(path+"/proposals", shown), http.StatusOK, "2件のオファーを届けました", "103人が確認を待っています", "このほかに3人が待っています")
	first := s.ticked(path)
	if len(first["take"]) != 100 {
		t.Fatalf("%d people are listed, want 100", len(first["take"]))
	}
	p := s.get(path + "/proposals")
	next := regexp.MustCompile(`/proposals\?cursor=[^"]+`).FindString(p.body)
	p = s.get(path + next)
	s.holds(p, http.StatusOK, "103人が確認を待っています", "このほかに100人が待っています")
	if n := strings.Count(p.body, `name="take"`); n != 3 || strings.Contains(p.body, "送らずに次の人を見る") {
		t.Errorf("the last page lists %d people, want 3 and no next page", n)
	}
	s.english(s.get(path+"/proposals", "Accept-Language", "en"), "サーバー開発")
	// Two of them have the address of somebody who confirmed it first: theirs are reserved.
	s.holds(s.post(path+"/proposals", first), http.StatusOK, "98件のオファーを届けました", "2件は、ご本人のメールアドレスの確認が済みしだい届きます", "3人が確認を待っています")
}

// TestACompanyIsToldWhoWaits looks at every page that says that people wait to be
// confirmed, before and after, and as who may not confirm.
func TestACompanyIsToldWhoWaits(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Mode = market.Approve })
	s.employer()
	path := s.post("/company/rules/new", ruleForm(s.published(), "do", "save")).path
	s.post(path+"/activate", nil)
	quiet := func() {
		t.Helper()
		for _, at := range []string{"/company", "/company/rules", path} {
			if p := s.get(at); strings.Contains(p.body, "人が確認を待っています") || strings.Contains(p.body, "確認待ちを見る（") || strings.Contains(p.body, "取り下げられます") {
				t.Errorf("%s says that people wait:\n%s", at, main(p.body))
			}
		}
	}
	quiet()
	s.people(2)
	s.must(s.market.Drain(s.Context()))
	until := noon().Add(offer.ProposeWindow).In(day.Tokyo)
	date, proposals := fmt.Sprintf("%d月%d日", until.Month(), until.Day()), path+"/proposals"
	s.holds(s.get("/company"), http.StatusOK, "<h1>2人が確認を待っています</h1>", `id="waiting" data-live="rules offers"`, "サーバー開発", proposals,
		"早い人は"+date, "3日以内に確認されないもの")
	s.holds(s.get("/company/rules"), http.StatusOK, "2人が確認を待っています（"+date+"まで）", proposals)
	s.holds(s.get(path), http.StatusOK, "確認待ちを見る（2人）", `id="rule-waiting" data-live="rules offers"`)
	s.holds(s.get("/company", "Accept-Language", "en"), http.StatusOK, "2 people wait to be confirmed", "The first lapses ")
	s.holds(s.get("/company/rules", "Accept-Language", "en"), http.StatusOK, "2 people wait to be confirmed (until "+until.Format("2 Jan")+")")
	s.holds(s.get(path, "Accept-Language", "en"), http.StatusOK, "See who waits to be confirmed (2)")
	for _, at := range []string{"/company", "/company/rules"} {
		s.english(s.get(at, "Accept-Language", "en"), "サーバー開発", "縁結び株式会社")
	}
	owner := s.browser
	s.joins("viewer@example.jp", account.Viewer)
	s.holds(s.get("/company"), http.StatusOK, "2人が確認を待っています", "確認できるのは、管理者と採用担当です")
	s.holds(s.get(path), http.StatusOK, "確認待ちを見る（2人）")
	s.browser = owner
	s.holds(s.post(proposals, form("take", s.ticked(path)["take"][0])), http.StatusOK, "1人が確認を待っています")
	s.holds(s.get("/company"), http.StatusOK, "1人が確認を待っています", date)
	s.holds(s.post(path+"/pause", nil), http.StatusOK)
	quiet()
	s.post(path+"/activate", nil)
	second := s.post("/company/rules/new", ruleForm(s.published(), "do", "save")).path
	s.post(second+"/activate", nil)
	s.must(s.market.Drain(s.Context()))
	s.holds(s.get("/company"), http.StatusOK, "<h1>3件のオファーが確認を待っています</h1>", proposals, second+"/proposals") // of two people
	s.holds(s.get("/company", "Accept-Language", "en"), http.StatusOK, "<h1>3 offers wait to be confirmed</h1>")
	s.post(second+"/pause", nil)
	s.post(proposals, s.ticked(path))
	quiet()
}

// TestACompanyHearsWhoWaits listens while somebody comes to a batch.
func TestACompanyHearsWhoWaits(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Mode = market.Approve })
	s.employer()
	path := s.post("/company/rules/new", ruleForm(s.published(), "do", "save")).path
	s.post(path+"/activate", nil)
	s.must(s.market.Drain(s.Context()))
	events, _ := s.events(t.Context(), heard(s.get("/company")))
	s.people(1)
	s.must(s.market.Drain(s.Context()))
	s.must(s.market.Follow(s.Context()))
	if e := s.next(events); !strings.HasSuffix(e, " rule") {
		t.Errorf("the event is %q, want one of the rule", e)
	}
	s.holds(s.get("/company"), http.StatusOK, "1人が確認を待っています")
}

// TestABatchOfUnconfirmedAddresses confirms somebody whose address is not: their offer
// waits, and the page says so instead of nothing.
func TestABatchOfUnconfirmedAddresses(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Mode = market.Approve })
	s.employer()
	path := s.post("/company/rules/new", ruleForm(s.published(), "do", "save")).path
	s.people(1)
	s.people(1) // with the same address, which only the first has confirmed
	s.post(path+"/activate", nil)
	s.must(s.market.Drain(s.Context()))
	take := s.ticked(path)["take"]
	if len(take) != 2 {
		t.Fatalf("%d people wait, want 2", len(take))
	}
	var pages []page
	for _, one := range take {
		pages = append(pages, s.post(path+"/proposals", form("take", one)))
	}
	all := pages[0].body + pages[1].body
	for _, text := range []string{"1件のオファーを届けました。", "1件は、ご本人のメールアドレスの確認が済みしだい届きます"} {
		if strings.Count(all, text) != 1 {
			t.Errorf("%q is said %d times, want once", text, strings.Count(all, text))
		}
	}
	if strings.Contains(all, "0件") {
		t.Errorf("a page says that nothing was done:\n%s", main(all))
	}
	s.holds(s.get(path+"/proposals?sent=3&reserved=2", "Accept-Language", "en"), http.StatusOK,
		"Offers sent: 3. Sent once the person&#39;s address is confirmed: 2.")
	s.holds(s.get(path+"/proposals?sent=0&reserved=0"), http.StatusOK, "届けられる人がいませんでした")
}
