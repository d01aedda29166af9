package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"enishi/internal/market"
)

// TestAtMostThreeAreCompared expects a fourth offer to be left out with a word.
func TestAtMostThreeAreCompared(t *testing.T) {
	s := newSite(t)
	for i := range 4 {
		s.offer(i, 500+50*i)
	}
	s.seeker("taro@example.jp")
	path := "/offers/compare?"
	for _, id := range regexp.MustCompile(`name="id" value="([0-9a-f-]{36})"`).FindAllStringSubmatch(s.get("/offers").body, -1) {
		path += "&id=" + id[1]
	}
	s.holds(s.get(path), http.StatusOK, "3件のオファーは", "一度に比べられるのは3件までです")
	s.holds(s.get(path, "Accept-Language", "en"), http.StatusOK, "Three fit side by side")
}

// TestInboxIsNarrowedAndSorted looks at an inbox in its orders, and at an empty one.
func TestInboxIsNarrowedAndSorted(t *testing.T) {
	s := newSite(t)
	for i := range 3 {
		s.offer(i, 500+50*i)
	}
	s.seeker("taro@example.jp")
	p := s.get("/offers?sort=pay")
	s.holds(p, http.StatusOK, "いま3件", "期限が最も早いのは", "回答待ち <span class=\"figure\">3</span>", "終了 <span class=\"figure\">0</span>", "/accept", "/decline", "理由（任意）", `name="reason" value="pay"`)
	if a, b := strings.Index(p.body, "サーバー開発 2"), strings.Index(p.body, "サーバー開発 0"); a < 0 || a > b {
		t.Error("what pays most is not first")
	}
	for _, asked := range []string{"show=zzz", "sort=zzz", "show=waiting&sort=zzz"} {
		s.holds(s.get("/offers?"+asked), http.StatusOK, "その絞り込みや並び順はありません", `aria-current="true">すべて`)
	}
	s.holds(s.get("/offers?show=ended"), http.StatusOK, "ここに入るオファーはありません")
	s.holds(s.get("/offers?show=waiting&sort=deadline", "Accept-Language", "en"), http.StatusOK, "The first to answer is from")
	link := regexp.MustCompile(`href="(/offers/[0-9a-f-]{36})"`).FindStringSubmatch(p.body)
	s.holds(s.get(link[1]), http.StatusOK, "年間休日", "125日", "フレックスタイム制", "企業が求める1つの条件に合いました", "あなた：ソフトウェア開発")
	s.holds(p, http.StatusOK, "届いた理由", "あなた：ソフトウェア開発")
	ids := regexp.MustCompile(`name="id" value="([0-9a-f-]{36})"`).FindAllStringSubmatch(p.body, -1)
	fresh := strings.Count(s.get("/offers").body, "未読")
	s.holds(s.get("/offers/compare?id="+ids[0][1]+"&id="+ids[2][1]), http.StatusOK, "2件のオファーは、1項目で条件が違います", "500〜600万円", "400〜500万円", "125日", `table compare of-2`, `<body class="wide"`)
	compared := s.get("/offers/compare?id=" + ids[0][1] + "&id=" + ids[2][1])
	for _, id := range []string{ids[0][1], ids[2][1]} {
		s.holds(compared, http.StatusOK, `<a class="button primary" href="/offers/`+id+`">回答する`)
	}
	if strings.Contains(compared.body, "横に動かすと") {
		t.Error("two offers, which fit a phone, are said to go on sideways")
	}
	s.holds(s.get("/offers/compare"), http.StatusOK, "比べるオファーを2〜3件選んでください")
	s.holds(s.get("/offers/compare?id="+ids[0][1]+"&id=00000000-0000-0000-0000-000000000001"), http.StatusNotFound)
	if got := strings.Count(s.get("/offers").body, "未読"); got != fresh {
		t.Error("comparing has made an offer seen")
	}
	back := url.Values{"back": {"/offers?show=waiting&sort=pay"}}
	declined := s.post("/offers/"+ids[0][1]+"/decline", back)
	s.holds(declined, http.StatusOK, `id="answered" tabindex="-1" role="status"`, "を辞退しました", "まで取り消せます", "/"+ids[0][1]+"/undo")
	if strings.Contains(declined.body, `id="offer-`+ids[0][1]) {
		t.Error("a shelf shows what it does not hold")
	}
	s.holds(s.post("/offers/"+ids[0][1]+"/undo", back), http.StatusOK, "辞退を取り消しました")
	paid := s.post("/offers/"+ids[0][1]+"/decline", url.Values{"back": {"/offers?sort=pay"}, "reason": {"pay"}})
	s.holds(paid, http.StatusOK, `<article class="card" id="offer-`+ids[0][1]+`"><p class="notice good" id="answered"`)
	s.holds(s.get("/offers/"+ids[0][1]), http.StatusOK, "年収")
	if declined.path != "/offers" {
		t.Errorf("answered in the inbox, one comes to %s", declined.path)
	}
	s.holds(s.post("/offers/"+ids[0][1]+"/undo", back), http.StatusOK, "辞退を取り消しました")
	s.holds(s.post("/offers/"+ids[0][1]+"/accept", back), http.StatusOK, "を受けました", "面接の日程が届きます")
	if p := s.post("/offers/"+ids[1][1]+"/decline", url.Values{"back": {"//evil.example/offers"}}); p.path != "/offers/"+ids[1][1] {
		t.Errorf("answered from elsewhere, one comes to %s", p.path)
	}
	s.forget()
	other := chosen("email", "hana@example.jp", "password", "correct horse", "occupation", "")
	s.holds(s.post("/signup", other), http.StatusOK, "まだ届いていません", "ソフトウェア開発", "/profile#occupation", "+1〜4件")
	advised := regexp.MustCompile(`<ul class="gains">.*?</ul>`)
	inbox, profile := advised.FindString(s.get("/offers").body), advised.FindString(s.get("/profile").body)
	if inbox == "" || gains(inbox) != gains(profile) {
		t.Errorf("the inbox advises %s, the profile's page %s", gains(inbox), gains(profile))
	}
}

// gains is what a list of gains says, without its links.
func gains(list string) string {
	list = regexp.MustCompile(`<a .*?</a>`).ReplaceAllString(list, "")
	return regexp.MustCompile(`<[^>]*>`).ReplaceAllString(list, " ")
}

// TestCompaniesAreAsked registers where companies confirm what is sent: the page says
// how many are asked, as many as the API, and until when, and what they confirm comes.
func TestCompaniesAreAsked(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Mode = market.Approve })
	s.employer()
	path := s.post("/company/rules/new", ruleForm(s.published(), "do", "save")).path
	s.post(path+"/activate", nil)
	s.offer(1, 600)
	s.must(s.market.Drain(s.Context()))
	company := s.browser
	s.forget()

	s.holds(s.get("/"), http.StatusOK, "両方の条件が合い、会社が確認すると")
	seen := s.get("/insight?" + chosen().Encode())
	s.holds(seen, http.StatusOK, "条件の合う企業に、オファーを送るかを確認します。", "確認されたものが、1週間に10件まで届きます")
	if strings.Contains(seen.body, "条件の合うものから順に") {
		t.Error("the result promises what companies are yet to confirm")
	}
	s.english(s.get("/insight?"+chosen().Encode(), "Accept-Language", "en"), "")

	p := s.post("/signup", chosen("email", "taro@example.jp", "password", "correct horse"))
	s.holds(p, http.StatusOK, "2社に、オファーを送るか確認しています", `data-live="offers"`, "11月27日(金) 12:00", "待つあいだに")
	for _, wrong := range []string{"まだ届いていません", "探しています", "サーバー開発 1", "待っています"} {
		if strings.Contains(p.body, wrong) {
			t.Errorf("while companies are asked, the inbox says %q", wrong)
		}
	}
	asking, err := s.market.Asking(s.Context(), s.actor())
	if err != nil || asking.Companies != 2 {
		t.Errorf("%d companies are asked, %v; want 2", asking.Companies, err)
	}
	s.english(s.get("/offers", "Accept-Language", "en"), "")
	s.holds(s.get("/offers", "Accept-Language", "en"), http.StatusOK, "2 companies are being asked to confirm an offer to you", "Fri 27 Nov 12:00")

	person := s.browser
	s.browser = company
	s.holds(s.post(path+"/proposals", s.ticked(path)), http.StatusOK, "1件のオファーを届けました")
	s.browser = person
	s.holds(s.get("/offers"), http.StatusOK, "いま1件のオファーに答えられます", "1社に、オファーを送るか確認しています", "11月27日(金) 12:00")
}

// TestWhoAcceptsSaysWhoTheyAre accepts offers without a name, and with one that is given
// with the first of them.
func TestWhoAcceptsSaysWhoTheyAre(t *testing.T) {
	s := newSite(t)
	for i := range 3 {
		s.offer(i, 500+50*i)
	}
	p := s.post("/signup", chosen("email", "taro@example.jp", "password", "correct horse"))
	ids := regexp.MustCompile(`id="offer-([0-9a-f-]{36})"`).FindAllStringSubmatch(p.body, -1)
	first, second, third := "/offers/"+ids[0][1], "/offers/"+ids[1][1], "/offers/"+ids[2][1]
	s.holds(p, http.StatusOK, `popovertarget="accept-`+ids[0][1]+`"`, `<label for="name-`+ids[0][1]+`">氏名</label>`)
	s.holds(s.get(first), http.StatusOK, `<input id="name" name="name" value="" autocomplete="name" required`)

	// An old page, or another program, may accept without saying who it is.
	back := "/offers"
	p = s.post(first+"/accept", url.Values{"back": {back}})
	s.holds(p, http.StatusOK, `class="notice good"`, "あなたの経歴が伝わりました。名前は書かれていないため、伝わっていません。", `href="/profile#name"`)
	s.holds(s.get(first), http.StatusOK, "この会社には、あなたの氏名がまだ伝わっていません。")

	for name, fault := range map[string]string{" 　": "この会社に伝える氏名を入力してください", strings.Repeat("山", 101): "100文字以内の1行"} {
		p = s.post(second+"/accept", url.Values{"back": {back}, "name": {name}})
		s.holds(p, http.StatusUnprocessableEntity, fault, `aria-invalid="true"`, `value="`+name+`"`, "回答待ち")
	}
	for range 2 { // a second click changes nothing
		p = s.post(second+"/accept", url.Values{"back": {back}, "name": {" 山田 花子 "}})
		s.holds(p, http.StatusOK, "を受けました", "あなたの名前と経歴が伝わりました")
	}
	s.holds(s.get("/profile"), http.StatusOK, `value="山田 花子"`)
	p = s.get("/offers")
	s.holds(p, http.StatusOK, third+"/accept")
	if strings.Contains(p.body, `id="name-`) {
		t.Error("a name is asked for that is known")
	}
	p = s.get(third)
	s.holds(p, http.StatusOK, "氏名（山田 花子）")
	if strings.Contains(p.body, `name="name"`) {
		t.Error("a name is asked for that is known")
	}
	s.english(s.get(third, "Accept-Language", "en"), "サーバー開発", "会社", "記載のとおり", "山田 花子")
	s.post(third+"/accept", url.Values{"name": {"別の名前"}}) // of a page that was open before
	s.holds(s.get("/profile"), http.StatusOK, `value="山田 花子"`)

	// The first company too knows the name by now.
	if p = s.get(first); strings.Contains(p.body, "まだ伝わっていません") {
		t.Error("a name that was given since is said to be unknown")
	}
}

// TestACompanyReadsThatThereIsNoName looks at an offer that was accepted without a name.
func TestACompanyReadsThatThereIsNoName(t *testing.T) {
	s := newSite(t)
	d := s.accepted()
	says := func(name string) page {
		d.asCandidate()
		me, err := s.market.Candidate(s.Context(), s.actor())
		s.must(err)
		me.Profile.Name = name
		_, err = s.market.SetProfile(s.Context(), s.actor(), me.Version, me.Profile)
		s.must(err)
		d.asCompany()
		return s.get(d.ours)
	}
	s.holds(says(""), http.StatusOK, "候補者", "この候補者は、まだ氏名を書いていません。メッセージで尋ねられます。")
	s.english(s.get(d.ours, "Accept-Language", "en"), "サーバー開発", "縁結び株式会社", "記載のとおり")
	p := says("山田 花子")
	s.holds(p, http.StatusOK, "山田 花子 さん")
	if strings.Contains(p.body, "まだ氏名を書いていません") {
		t.Error("a company reads that somebody with a name has given none")
	}
}
