package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"enishi/internal/corpnum"
)

// TestSettings changes who finds one and whom one blocks, and leaves.
func TestSettings(t *testing.T) {
	s := newSite(t)
	for i := range 3 {
		s.offer(i, 500+50*i)
	}
	s.seeker("taro@example.jp")
	number := corpnum.From(700_000_000_001).String()
	s.holds(s.get("/settings"), http.StatusOK, "7日間に10件まで", "自分で加えた企業はありません")
	s.holds(s.post("/settings", url.Values{"open": {"false"}, "weekly_limit": {"３"}}), http.StatusOK, "休んでいます", "保存しました", `value="3"`)
	s.holds(s.post("/settings", url.Values{"open": {"true"}, "weekly_limit": {"0"}}), http.StatusOK, "自動のオファーを止めています")
	s.holds(s.post("/settings", url.Values{"open": {"true"}, "weekly_limit": {"101"}}), http.StatusUnprocessableEntity, "0〜100の整数", `value="101"`)

	s.holds(s.post("/settings/blocks", url.Values{"company": {"会社１"}}), http.StatusOK, "どの企業ですか", number)
	s.holds(s.post("/settings", url.Values{"open": {"x"}, "weekly_limit": {"7"}}), http.StatusUnprocessableEntity, "を選んでください", `value="7"`)
	s.holds(s.get("/settings"), http.StatusOK, "自動のオファーを止めています")
	s.holds(s.post("/settings/blocks", url.Values{"company": {"㈱会社１"}}), http.StatusOK, "どの企業ですか", number)
	s.holds(s.post("/settings/blocks", url.Values{"company": {"（株） 会社"}}), http.StatusOK, "どの企業ですか", number)
	s.holds(s.post("/settings/blocks", url.Values{"company": {"無い会社"}}), http.StatusOK, "見つかりません", `value="無い会社"`)
	s.holds(s.post("/settings/blocks", url.Values{"company": {"1234567890123"}}), http.StatusUnprocessableEntity, "検査数字", `value="1234567890123"`)
	s.holds(s.post("/settings/blocks", url.Values{"company": {number}}), http.StatusOK, "会社1", number, "解除する")
	again := s.post("/settings/blocks", url.Values{"company": {"会社1"}})
	s.holds(again, http.StatusOK, "ブロック済み")
	if strings.Contains(again.body, "ブロックする<span") {
		t.Error("a company that is blocked can be blocked again")
	}
	s.holds(s.get("/offers"), http.StatusOK, "いま2件")
	unknown := corpnum.From(1).String()
	s.holds(s.post("/settings/blocks", url.Values{"company": {unknown}}), http.StatusOK, "未登録の企業", unknown)
	if p := s.post("/settings/blocks", url.Values{"unblock": {number}}); strings.Contains(p.body, number) {
		t.Error("a company that was unblocked is still listed")
	}
	s.holds(s.get("/settings/views"), http.StatusOK, "まだありません")
	for _, path := range []string{"/settings", "/settings/views", "/settings/leave"} {
		s.holds(s.get(path, "Accept-Language", "en"), http.StatusOK)
	}
	s.holds(s.get("/settings/leave"), http.StatusOK, "元に戻せません")
	s.holds(s.post("/settings/leave", nil), http.StatusUnprocessableEntity, "チェックを入れて")
	s.holds(s.post("/settings/leave", url.Values{"sure": {"on"}}), http.StatusOK, "退会しました")
	if p := s.get("/offers"); p.path != "/signin" {
		t.Errorf("after leaving, /offers leads to %s", p.path)
	}
	s.holds(s.post("/signin", url.Values{"email": {"taro@example.jp"}, "password": {"correct horse"}}), http.StatusUnprocessableEntity)
}

// TestExportIsAFile downloads what is kept of somebody.
func TestExportIsAFile(t *testing.T) {
	s := newSite(t)
	s.offer(1, 500)
	s.seeker("taro@example.jp")
	s.holds(s.get("/settings"), http.StatusOK, `href="/settings/export"`)
	s.holds(s.get("/settings/export"), http.StatusOK, `"email": "taro@example.jp"`, `"title": "サーバー開発 1"`, `"wishes": {`)
}
