package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestInboxIsNarrowedAndSorted looks at an inbox in its orders, and at an empty one.
func TestInboxIsNarrowedAndSorted(t *testing.T) {
	s := newSite(t)
	for i := range 3 {
		s.offer(i, 500+50*i)
	}
	s.seeker("taro@example.jp")
	p := s.get("/offers?sort=pay")
	s.holds(p, http.StatusOK, "いま 3件", "最も早い期限", "回答待ち <span class=\"figure\">3</span>", "終了 <span class=\"figure\">0</span>", "/accept", "/decline")
	if a, b := strings.Index(p.body, "サーバー開発 2"), strings.Index(p.body, "サーバー開発 0"); a < 0 || a > b {
		t.Error("what pays most is not first")
	}
	s.holds(s.get("/offers?show=ended"), http.StatusOK, "ここに入るオファーはありません")
	s.holds(s.get("/offers?show=waiting&sort=deadline", "Accept-Language", "en"), http.StatusOK, "The first to answer is from")
	link := regexp.MustCompile(`href="(/offers/[0-9a-f-]{36})"`).FindStringSubmatch(p.body)
	s.holds(s.get(link[1]), http.StatusOK, "年間休日", "125日", "フレックスタイム制", "企業が求める1つの条件に合いました", "あなた: ソフトウェア開発")
	s.holds(p, http.StatusOK, "届いた理由", "あなた: ソフトウェア開発")
	s.forget()
	other := chosen("email", "hana@example.jp", "password", "correct horse", "occupation", "")
	s.holds(s.post("/signup", other), http.StatusOK, "まだ届いていません", "ソフトウェア開発", "/profile#occupation", "3件")
}
