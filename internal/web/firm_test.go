package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"enishi/internal/account"
	"enishi/internal/market"
)

// onTheBoard has a company offer something to three people, one of whom accepts, and
// signs its owner in. It gives the path of the accepted one's step.
func (s *site) onTheBoard() (step string) {
	s.Helper()
	s.offer(1, 600)
	for i, email := range []string{"a@example.jp", "b@example.jp", "c@example.jp"} {
		s.forget()
		inbox := s.post("/signup", chosen("email", email, "password", firstWords))
		link := regexp.MustCompile(`href="(/offers/[0-9a-f-]{36})"`).FindStringSubmatch(inbox.body)
		if link == nil {
			s.Fatalf("no offer reached %s: %s", email, main(inbox.body))
		}
		switch i {
		case 1:
			s.holds(s.get(link[1]), http.StatusOK)
		case 2:
			s.holds(s.post(link[1]+"/accept", nil), http.StatusOK)
			step = strings.Replace(link[1], "/offers/", "/company/pipeline/", 1)
		}
	}
	s.ownerOf("k1@example.jp")
	return step
}

// ownerOf signs in an owner who was registered without a password.
func (s *site) ownerOf(email string) {
	s.Helper()
	s.forget()
	s.holds(s.post("/forgot", form("email", email, "as", string(account.Member))), http.StatusOK)
	s.holds(s.post("/reset", form("code", code(s.mailed(email)), "password", firstWords)), http.StatusOK)
	s.signIn(email, firstWords, account.Member)
}

// TestACompanyBegins shows what somebody sees who has nothing yet.
func TestACompanyBegins(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.holds(s.get("/company"), http.StatusOK, "まず、求人を1つ作りましょう", "/company/positions/new")
	s.holds(s.get("/company/pipeline"), http.StatusOK, "選考はまだ始まっていません", "承諾されると、ここに名前が並びます")
	s.holds(s.get("/company/settings"), http.StatusOK, "縁結び株式会社", "確認済み")
	for _, path := range []string{"/company", "/company/pipeline", "/company/pipeline?column=over", "/company/settings"} {
		s.english(s.get(path, "Accept-Language", "en"), "縁結び株式会社")
	}
}

// TestACompanyIsTold says how far the operator is.
func TestACompanyIsTold(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Demo = false })
	s.employer()
	s.holds(s.get("/company"), http.StatusOK, "いま、運営が企業情報を確認しています", "オファーが送られるのは、確認が終わってからです")
}

// TestTheBoard takes one who accepted to the hire, and refuses what is not allowed.
func TestTheBoard(t *testing.T) {
	s := newSite(t)
	step := s.onTheBoard()
	s.holds(s.get("/company"), http.StatusOK, "1人 が日程の提示を待っています", "67%", "日程決定", "3 / 100")
	s.holds(s.get("/company?days=180"), http.StatusOK, "この180日に送ったオファー", "週ごとの送信")
	board := s.get("/company/pipeline")
	s.holds(board, http.StatusOK, "日程の提示を待つ方が 1人います", "未開封", "開封済み", "12月8日(火)まで", `data-steps="schedule held withdraw "`)
	s.holds(s.get("/company/pipeline?column=sent"), http.StatusOK, "回答待ち 2人")
	s.holds(s.get("/company/pipeline?rule=00000000-0000-0000-0000-000000000001"), http.StatusNotFound)
	s.holds(s.get("/company/pipeline?column=sent&after=x"), http.StatusUnprocessableEntity)

	s.holds(s.get(step), http.StatusOK, "次の操作を選びます", "日程が決まった", "約束の不履行として記録され")
	s.holds(s.get(step+"?to=hire"), http.StatusConflict, "その操作ができません", "日程が決まった")
	s.holds(s.post(step, url.Values{"to": {"accept"}}), http.StatusUnprocessableEntity, "次の操作を選んでください")
	s.holds(s.post(step, url.Values{"to": {"hire"}}), http.StatusConflict, "その操作ができません")
	for _, to := range []string{"schedule", "held"} {
		if p := s.post(step, url.Values{"to": {to}}); p.path != "/company/pipeline" {
			t.Fatalf("%s leads to %s: %s", to, p.path, main(p.body))
		}
	}
	s.holds(s.get(step+"?to=hire"), http.StatusOK, "90％以上")
	s.holds(s.post(step, url.Values{"to": {"hire"}}), http.StatusOK, "選考は予定どおり進んでいます")
	s.holds(s.get("/company"), http.StatusOK, "いま対応が必要なものはありません")
	for _, path := range []string{"/company", "/company/pipeline", step} {
		s.english(s.get(path, "Accept-Language", "en"), "サーバー開発", "会社1")
	}
	s.ownerOf("k1@example.jp")
	s.offer(2, 700)
	s.ownerOf("k2@example.jp")
	s.holds(s.get(step), http.StatusNotFound)
	s.holds(s.post(step, url.Values{"to": {"reject"}}), http.StatusNotFound)
}

// english fails if a page has Japanese on it beside some names.
func (s *site) english(p page, names ...string) {
	s.Helper()
	text := main(p.body)
	for _, name := range names {
		text = strings.ReplaceAll(text, name, "")
	}
	if at := strings.IndexFunc(text, func(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }); at >= 0 {
		s.Errorf("%s has Japanese on it: %.60q", p.path, text[at:])
	}
}
