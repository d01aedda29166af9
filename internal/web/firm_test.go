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
	s.holds(s.get("/company"), http.StatusOK, "1人が日程の提示を待っています", "67%", "日程決定", "3 / 100")
	s.holds(s.get("/company?days=180"), http.StatusOK, "この180日に送ったオファー", "週ごとの送信")
	board := s.get("/company/pipeline")
	s.holds(board, http.StatusOK, "日程の提示を待つ方が1人います", "未開封", "開封済み", "12月8日(火)まで", `data-steps="schedule held withdraw "`)
	s.holds(s.get("/company/pipeline?column=sent"), http.StatusOK, "回答待ち 2人")
	s.holds(s.get("/company/pipeline?rule=00000000-0000-0000-0000-000000000001"), http.StatusNotFound)
	s.holds(s.get("/company/pipeline?column=sent&after=x"), http.StatusUnprocessableEntity)

	s.holds(s.get(step), http.StatusOK, "次の段階を選んでください", "日程が決まった", "約束の不履行として記録され")
	s.holds(s.get(step+"?to=hire"), http.StatusConflict, "その操作ができません", "日程が決まった")
	s.holds(s.post(step, url.Values{"to": {"accept"}}), http.StatusUnprocessableEntity, "次の操作を選んでください")
	s.holds(s.post(step, url.Values{"to": {"hire"}}), http.StatusConflict, "その操作ができません")
	for _, to := range []string{"schedule", "held"} {
		if p := s.post(step, url.Values{"to": {to}}); p.path != "/company/pipeline" {
			t.Fatalf("%s leads to %s: %s", to, p.path, main(p.body))
		}
	}
	s.holds(s.get(step+"?to=hire"), http.StatusOK, "90％以上", `name="final_pay"`, "450万円")
	s.holds(s.post(step, url.Values{"to": {"hire"}, "final_pay": {"5O0"}}), http.StatusUnprocessableEntity, `value="5O0"`, "整数（万円）", "採用する")
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

// TestAPositionIsWritten goes from an empty form to a position that is closed.
func TestAPositionIsWritten(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.holds(s.get("/company/positions"), http.StatusOK, "求人はまだありません")
	s.holds(s.get("/company/positions/new"), http.StatusOK, "公開まで、あと19項目", "受動喫煙対策", "該当なし（期間の定めなし）")
	typed := form("title", "サーバー開発", "text", "若い女性が活躍中", "occupation", "0312", "pay_min", "5O0", "pay_max", "400", "legal.work", "開発")
	s.holds(s.post("/company/positions", typed), http.StatusUnprocessableEntity, `value="5O0"`, "0〜100,000の整数", "サーバー開発", "男女雇用機会均等法")
	typed.Set("pay_min", "500")
	s.holds(s.post("/company/positions", typed), http.StatusUnprocessableEntity, "上限は下限以上に", `aria-invalid="true"`)
	typed.Set("pay_min", "５００万円")
	typed.Set("pay_max", "７００")
	saved := s.post("/company/positions", typed)
	s.holds(saved, http.StatusOK, "保存しました", "公開まで、あと15項目", "下書き・第1版", "見直したい言葉")
	s.holds(s.post(saved.path+"/publish", nil), http.StatusUnprocessableEntity, "公開するには、あと15項目の入力か修正が必要です")
	for _, key := range []string{
		"work_change", "place", "place_change", "contract_term", "renewal_limit", "trial_period", "hours", "overtime", "holidays", "pay",
		"fixed_overtime_pay", "insurance", "smoking",
	} {
		typed.Set("legal."+key, "記載のとおり")
	}
	typed.Set("prefecture", "13")
	typed.Set("employment_type", "seishain")
	typed.Set("flextime", "true")
	typed.Set("version", "1")
	s.holds(s.post(saved.path, typed), http.StatusOK, "第2版", "公開に必要な項目がそろっています", "最低賃金とは比べていません")
	typed.Set("title", "あとから")
	s.holds(s.post(saved.path, typed), http.StatusConflict, "ほかの方が先に保存しました", `value="あとから"`, `name="version" value="2"`)
	s.holds(s.post(saved.path+"/publish", nil), http.StatusOK, "公開しました", "公開中")
	s.holds(s.get("/company/positions"), http.StatusOK, "1件の求人を公開しています", "500〜700万円")
	for _, path := range []string{"/company/positions", "/company/positions/new"} {
		s.english(s.get(path, "Accept-Language", "en"), "サーバー開発")
	}
	s.holds(s.post(saved.path+"/close", nil), http.StatusOK, "募集を終了しました", "募集終了")
	typed.Set("version", "2")
	s.holds(s.post(saved.path, typed), http.StatusConflict, "募集を終了したため、変更を保存できません", `value="あとから"`, `action="/company/positions"`, "新しい求人の下書きとして保存する")
	s.holds(s.post(saved.path+"/publish", nil), http.StatusConflict, "募集を終了した求人は、公開できません")
	s.holds(s.post("/company/positions", typed), http.StatusOK, "保存しました", "あとから", "下書き・第1版")
	s.offer(3, 500)
	s.ownerOf("k3@example.jp")
	s.holds(s.get(saved.path), http.StatusNotFound)
	s.holds(s.post(saved.path+"/close", nil), http.StatusNotFound)
}

// TestACompanyRegisters types numbers as people do, wrong ones first.
func TestACompanyRegisters(t *testing.T) {
	s := newSite(t)
	s.holds(s.get("/companies/new"), http.StatusOK, "書類選考免除のオファー", "法人番号")
	typed := form("corporate_number", "700001205000", "name", "縁結び株式会社", "size", "2", "email", "owner@example.jp", "password", firstWords)
	s.holds(s.post("/companies/new", typed), http.StatusUnprocessableEntity, "13桁の数字です。いまは12文字", `value="700001205000"`, `value="縁結び株式会社"`)
	typed.Set("corporate_number", "8000012050002")
	s.holds(s.post("/companies/new", typed), http.StatusUnprocessableEntity, "残りの12桁と合いません")
	typed.Set("corporate_number", "７０００-0120-50002")
	typed.Set("password", "short")
	s.holds(s.post("/companies/new", typed), http.StatusUnprocessableEntity, "8文字以上、128文字以内にして")
	typed.Set("password", firstWords)
	typed.Set("size", "")
	s.holds(s.post("/companies/new", typed), http.StatusUnprocessableEntity, "従業員数を選んで")
	typed.Set("size", "2")
	if p := s.post("/companies/new", typed); p.path != "/company" {
		t.Fatalf("registering leads to %s: %d %s", p.path, p.status, main(p.body))
	}
	s.forget()
	typed.Set("email", "other@example.jp")
	s.holds(s.post("/companies/new", typed), http.StatusConflict, "すでに登録されています")
	s.english(s.get("/companies/new", "Accept-Language", "en"))
}
