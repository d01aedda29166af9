package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
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
	s.holds(s.get("/offers/compare?id="+ids[0][1]+"&id="+ids[2][1]), http.StatusOK, "2件のオファーは、1項目で条件が違います", "500〜600万円", "400〜500万円", "125日")
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
	s.holds(paid, http.StatusOK, `<article class="card" id="offer-`+ids[0][1]+`"><p class="notice" id="answered"`)
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
	s.holds(s.post("/signup", other), http.StatusOK, "まだ届いていません", "ソフトウェア開発", "/profile#occupation", "3件")
}
