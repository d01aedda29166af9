package web_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// form makes a form of name, value, name, value.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// mailed gives the link of the newest mail to an address.
func (s *site) mailed(to string) string {
	s.Helper()
	mails, err := s.market.Mails(s.Context(), 100)
	s.must(err)
	for _, m := range mails {
		if m.To == to {
			return regexp.MustCompile(`/(reset|invitations)\?code=\S+`).FindString(m.Body)
		}
	}
	s.Fatalf("no mail to %s", to)
	return ""
}

// code gives what a link's page sends back.
func code(link string) string {
	_, c, _ := strings.Cut(link, "code=")
	return c
}

const (
	firstWords = "correct horse"
	otherWords = "battery staple"
)

// employer founds a company and signs its owner in.
func (s *site) employer() (id string) {
	s.Helper()
	f, err := s.market.Found(s.Context(), market.Found{
		Number: corpnum.From(800_000_000_001), Name: "縁結び株式会社", Size: 2, Email: "owner@example.jp", Password: firstWords,
	}, market.Once{})
	s.must(err)
	s.signIn("owner@example.jp", firstWords, account.Member)
	return f.ID.String()
}

func (s *site) signIn(email, password string, as account.Kind) {
	s.Helper()
	s.forget()
	if p := s.post("/signin", form("email", email, "password", password, "as", string(as), "back", "/account")); p.status != http.StatusOK || p.path != "/account" {
		s.Fatalf("signing in as %s leads to %s: %d", email, p.path, p.status)
	}
}

func TestAPasswordIsForgotten(t *testing.T) {
	s := newSite(t)
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	s.forget()
	s.holds(s.get("/signin"), http.StatusOK, `href="/forgot"`)
	s.holds(s.post("/forgot", form("email", "taro")), http.StatusUnprocessableEntity, `value="taro"`, "メールアドレスの形")
	known := main(s.post("/forgot", form("email", "taro@example.jp")).body)
	unknown := main(s.post("/forgot", form("email", "jiro@example.jp")).body)
	if strings.ReplaceAll(known, "taro", "jiro") != unknown {
		t.Errorf("the answers differ:\n%s\n%s", known, unknown)
	}
	link := s.mailed("taro@example.jp")
	s.holds(s.get(link), http.StatusOK, "新しいパスワードを決めてください", `name="code" value="`+code(link)+`"`)
	s.holds(s.post("/reset", form("code", code(link), "password", "short")), http.StatusUnprocessableEntity, "8文字以上", `value="`+code(link)+`"`)
	done := s.post("/reset", form("code", code(link), "password", otherWords))
	s.holds(done, http.StatusOK, "新しいパスワードを設定しました", `href="/signin?as=candidate"`)
	s.holds(s.post("/reset", form("code", code(link), "password", otherWords)), http.StatusUnprocessableEntity, "もう使えません", `href="/forgot"`)
	for _, used := range []string{link, "/reset?code=nobodys"} {
		p := s.get(used)
		s.holds(p, http.StatusNotFound, "このリンクは、もう使えません", `href="/forgot"`)
		if strings.Contains(p.body, `type="password"`) {
			t.Errorf("%s still asks for a password", used)
		}
	}
	s.signIn("taro@example.jp", otherWords, account.Candidate)
}

func TestOnesOwnAccount(t *testing.T) {
	s := newSite(t)
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	s.holds(s.get("/account"), http.StatusOK, "taro@example.jp でログインしています", "求職者", "1台")
	s.holds(s.post("/account/password", form("current", "wrong", "password", otherWords)), http.StatusUnprocessableEntity, "いまのパスワードが違います")
	s.holds(s.post("/account/password", form("current", firstWords, "password", otherWords)), http.StatusOK, "パスワードを変更しました")
	s.holds(s.post("/account/language", form("language", "en")), http.StatusOK, "You are signed in as taro@example.jp", "Your language is changed")
	old := s.browser
	s.signIn("taro@example.jp", otherWords, account.Candidate)
	s.holds(s.get("/account"), http.StatusOK, "You are signed in", ">2<") // in the language that was chosen
	if p := s.post("/account/signout", nil); p.path != "/signin" {
		t.Errorf("signed out, the way leads to %s", p.path)
	}
	s.browser = old
	if p := s.get("/account"); p.path != "/signin" {
		t.Errorf("signed out everywhere, another browser still reads %s", p.path)
	}
}

// Signing out ends the session itself: a copy of the cookie is of no use.
func TestSigningOutEndsTheSession(t *testing.T) {
	s := newSite(t)
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	at, err := url.Parse(s.url)
	s.must(err)
	cookies := s.browser.Jar.Cookies(at)
	s.post("/signout", nil)
	s.browser.Jar.SetCookies(at, cookies)
	if p := s.get("/account"); p.path != "/signin" {
		t.Errorf("with a copy of the cookie: %s", p.path)
	}
}

func TestATeam(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.holds(s.get("/company/members"), http.StatusOK, "いまは、あなた1人です", "owner@example.jp", "管理者")
	s.holds(s.post("/company/members", form("email", "x", "role", "viewer")), http.StatusUnprocessableEntity, `value="x"`, "メールアドレスの形")
	s.holds(s.post("/company/members", form("email", "hito@example.jp", "role", "")), http.StatusUnprocessableEntity, `value="hito@example.jp"`, "役割を選んで")
	s.holds(s.post("/company/members", form("email", "hito@example.jp", "role", "viewer")), http.StatusOK, "招待のメールを送りました", "招待中", "hito@example.jp", "12月1日(火)")
	s.holds(s.post("/company/members", form("email", "hito@example.jp", "role", "viewer")), http.StatusUnprocessableEntity, "すでにメンバーか、招待済み")
	link := s.mailed("hito@example.jp")
	owner := s.browser

	s.forget()
	s.holds(s.get(link), http.StatusOK, "縁結び株式会社 の採用チームに招待されています", "hito@example.jp", "閲覧のみ")
	s.holds(s.post("/invitations", form("code", code(link), "password", "x")), http.StatusUnprocessableEntity, "8文字以上")
	s.post("/invitations", form("code", code(link), "password", otherWords))
	s.holds(s.get("/account"), http.StatusOK, "hito@example.jp でログインしています", "縁結び株式会社", "閲覧のみ")
	s.holds(s.get("/company/members"), http.StatusOK, "2人 で採用を進めています", "管理者ができます")
	s.holds(s.get("/company/tokens"), http.StatusForbidden)
	s.holds(s.get("/company/audit"), http.StatusForbidden)
	s.holds(s.get(link), http.StatusNotFound, "この招待は、もう使えません")
	viewer := s.browser

	s.browser = owner
	page := s.get("/company/members").body
	ids := regexp.MustCompile(`/company/members/([0-9a-f-]{36})/remove`).FindAllStringSubmatch(page, -1)
	if len(ids) != 2 {
		t.Fatalf("%d members can be removed, want 2", len(ids))
	}
	s.holds(s.post("/company/members/"+ids[0][1]+"/remove", nil), http.StatusConflict, "管理者が1人もいなくなる")
	s.holds(s.post("/company/members/"+ids[1][1]+"/role", form("role", "recruiter")), http.StatusOK, "役割を変えました", "採用担当")
	s.holds(s.post("/company/members/"+ids[1][1]+"/remove", nil), http.StatusOK, "メンバーを外しました", "いまは、あなた1人です")
	s.browser = viewer
	if p := s.get("/company/members"); p.path != "/signin" {
		t.Errorf("who was removed still reads %s", p.path)
	}
	s.browser = owner
	s.holds(s.get("/company/settings"), http.StatusOK, "縁結び株式会社の設定", "/company/tokens", "/company/audit")
	s.holds(s.get("/company/audit"), http.StatusOK, "owner@example.jp", "メンバーを外した", "役割の変更", "メンバーの招待", "企業の登録")
	s.holds(s.get("/company/audit?what=member.role"), http.StatusOK, "役割の変更", `<option value="member.role" selected>`)
}

func TestTokensAreShownOnce(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.holds(s.get("/company/tokens"), http.StatusOK, "有効なトークンはありません")
	s.holds(s.post("/company/tokens", form("name", "", "role", "viewer")), http.StatusUnprocessableEntity, "1〜60文字")
	made := s.post("/company/tokens", form("name", "採用管理", "role", "viewer", "once", "k"))
	s.holds(made, http.StatusOK, "いま控えてください")
	token := regexp.MustCompile(`class="secret">([^<]+)<`).FindStringSubmatch(made.body)
	if token == nil {
		t.Fatal("no token is shown")
	}
	actor, err := s.market.Authenticate(t.Context(), token[1])
	if err != nil || actor.Role != account.Viewer {
		t.Errorf("the token is of %+v, %v", actor, err)
	}
	list := s.get("/company/tokens")
	s.holds(list, http.StatusOK, "1個 のトークンが有効です", "採用管理", "11月24日(火)")
	if strings.Contains(list.body, token[1]) {
		t.Error("the token is shown again")
	}
	id := regexp.MustCompile(`/company/tokens/([0-9a-f-]{36})/revoke`).FindStringSubmatch(list.body)
	s.holds(s.post("/company/tokens/"+id[1]+"/revoke", nil), http.StatusOK, "無効にしました", "有効なトークンはありません")
	if _, err := s.market.Authenticate(t.Context(), token[1]); err == nil {
		t.Error("a revoked token is good")
	}
}

// operatorIn signs an operator in, who has a session and no password.
func (s *site) operatorIn() {
	s.Helper()
	s.must(market.AddOperator(s.Context(), s.store, s.vault, s.options, market.Order{}, "ops@example.jp", firstWords))
	s.signIn("ops@example.jp", firstWords, account.Operator)
}

func TestOperatorsDecide(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Demo = false })
	id := s.employer()
	s.operatorIn()
	s.holds(s.get("/operator"), http.StatusOK, "1社が確認を待っています", "縁結び株式会社", "最も古い申請は1分前")
	file := "/operator/companies/" + id
	seen := s.get(file)
	s.holds(seen, http.StatusOK, "検査用数字は正しい", "example.jp", "未確認", "確認待ち")
	if strings.Contains(main(seen.body), "owner@") {
		t.Error("an address is shown")
	}
	s.holds(s.post(file+"/verify", form("reason", "")), http.StatusUnprocessableEntity, "理由を")
	s.holds(s.post(file+"/verify", form("reason", "登記と一致。")), http.StatusOK, "確認済みにしました", "登記と一致。")
	s.holds(s.get("/operator"), http.StatusOK, "確認を待っている企業はありません")
	s.holds(s.get(file), http.StatusOK, "を停止しますか？", "回答待ちのオファー0件が取り下げられ", `popovertarget="suspend"`)
	s.holds(s.post(file+"/suspend", form("reason", "所在不明。")), http.StatusUnprocessableEntity, "停止していません。", "理由を")
	s.holds(s.post(file+"/suspend", form("suspend.reason", "所在不明。")), http.StatusOK, "停止しました", "所在不明。")
	s.holds(s.post(file+"/quota", form("scouts", "x")), http.StatusUnprocessableEntity, `value="x"`, "整数で")
	s.holds(s.post(file+"/quota", form("scouts", "30")), http.StatusOK, `value="30"`)
	s.holds(s.get("/operator/companies?q="+url.QueryEscape("縁結び")+"&status=suspended"), http.StatusOK, "縁結び株式会社", "停止中")
	s.holds(s.get("/operator/companies?q=zzz"), http.StatusOK, "あてはまる企業はありません")
	s.holds(s.get("/operator/audit?company="+id), http.StatusOK, "企業の停止", "スカウト数の上限の変更（30件）")
}

// TestOperatorsFreeANumber takes the number of a company that is suspended from it, for
// the company whose it is.
func TestOperatorsFreeANumber(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Demo = false })
	id := s.employer()
	owner := s.browser
	rule := s.post("/company/rules/new", ruleForm(s.published(), "do", "save")).path
	s.operatorIn()
	file := "/operator/companies/" + id
	free := func(reason string) page { return s.post(file+"/free-number", form("free.reason", reason)) }
	if strings.Contains(s.get(file).body, "登録を解除する") {
		t.Error("the number of a company that is not suspended can be freed")
	}
	s.holds(free("他社の番号。"), http.StatusConflict, "登録を解除していません。")
	s.holds(s.post(file+"/suspend", form("suspend.reason", "他社の名での登録。")), http.StatusOK, "停止しました")
	s.holds(s.get(file), http.StatusOK, "の法人番号の登録を解除しますか？", "元には戻せません", `popovertarget="free"`)
	s.holds(s.get(file, "Accept-Language", "en"), http.StatusOK, "Free the corporate number of", "This cannot be undone")
	s.holds(free(""), http.StatusUnprocessableEntity, "登録を解除していません。", "理由を")
	freed := free("登記上の企業から申し出。")
	s.holds(freed, http.StatusOK, "法人番号の登録を解除しました", "法人番号は解除済みです", "申告していた法人番号", "登記上の企業から申し出。", "停止中（法人番号は解除済み）")
	for _, gone := range []string{file + "/verify", file + "/quota", `popovertarget="free"`} {
		if strings.Contains(freed.body, gone) {
			t.Errorf("the page of a company whose number was freed has %q", gone)
		}
	}
	s.holds(free("もう一度。"), http.StatusConflict, "登録を解除していません。")
	s.holds(s.post(file+"/verify", form("reason", "登記と一致。")), http.StatusConflict)
	s.holds(s.get("/operator/audit?company="+id), http.StatusOK, "法人番号の登録の解除")
	operator := s.browser

	s.browser = owner
	s.holds(s.get("/company"), http.StatusOK, "この企業は再開できません", "の登録を解除しました")
	s.holds(s.get("/company", "Accept-Language", "en"), http.StatusOK, "This company does not reopen")
	s.holds(s.get("/company/candidates"), http.StatusForbidden, "法人番号の登録を解除したため")
	s.holds(s.post(rule+"/activate", nil), http.StatusConflict, "停止されたままです")

	_, err := s.market.Found(t.Context(), market.Found{
		Number: corpnum.From(800_000_000_001), Name: "本物の株式会社", Size: 2, Email: "real@example.jp", Password: firstWords,
	}, market.Once{})
	s.must(err)
	s.browser = operator
	number := corpnum.From(800_000_000_001).String()
	s.holds(s.get("/operator/companies?q="+number), http.StatusOK, "2社が見つかりました", "本物の株式会社", "縁結び株式会社", "法人番号は解除済み")
	s.holds(s.get(file), http.StatusOK, number)
}

func TestOperatorsLookAtTheInstallation(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.operatorIn()
	s.holds(s.get("/operator/settings"), http.StatusOK, "条件が合うと、自動でオファーを送ります", "ENISHI_PERMIT", "設定されていません")
	s.holds(s.get("/operator/kpis"), http.StatusOK, "昨日までの30日で0件を送り", "今日の分は、日が変わると加わります", "<svg")
	s.holds(s.get("/operator/jobs"), http.StatusOK, "ジョブはすべて順調です", "集計", "毎日 08:00")
	failing := s.market.Jobs(func(context.Context) (int64, error) { return 0, errs.New(errs.Busy, "the disk is full") })
	if _, err := failing.Run(t.Context(), market.JobSnapshot, market.RunOptions{}); err == nil {
		t.Error("a job that fails went through")
	}
	s.holds(s.get("/operator/jobs"), http.StatusOK, "1つのジョブが失敗しています", "the disk is full")
	s.holds(s.post("/operator/jobs/statistics/run", nil), http.StatusOK, "実行を受け付けました")
	s.holds(s.post("/operator/jobs/nothing/run", nil), http.StatusNotFound)
	s.holds(s.get("/operator/jobs/runs?job=trim"), http.StatusOK, "まだ実行されていません", "変更ログの整理")
	s.holds(s.get("/operator/jobs/runs?job=nothing"), http.StatusNotFound)
	s.holds(s.get("/operator/health"), http.StatusOK, "求職者 0人", "Redis", "使用なし")
	s.holds(s.get("/operator/audit"), http.StatusOK, "運営アカウントの作成", "ジョブの実行", "ログイン")
	s.signIn("owner@example.jp", firstWords, account.Member)
	for _, path := range []string{"/operator", "/operator/companies", "/operator/settings", "/operator/kpis", "/operator/jobs", "/operator/health", "/operator/audit"} {
		s.holds(s.get(path), http.StatusForbidden)
	}
}

// TestTheWayToAConfirmedAddress goes from a mistyped address to the right one, and says
// the same whoever else has it.
func TestTheWayToAConfirmedAddress(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Demo = false })
	s.post("/signup", chosen("email", "tarou@example.jp", "password", firstWords))
	s.holds(s.get("/confirm"), http.StatusOK, "tarou@example.jp に送りました", "コードをもう一度送る", "アドレスが違うとき")
	s.holds(s.post("/confirm/resend", nil), http.StatusOK, "新しい確認コードを送りました")
	s.holds(s.post("/confirm/address", form("email", "taro")), http.StatusUnprocessableEntity, `value="taro"`, "メールアドレスの形")
	other := s.post("/confirm/address", form("email", "taro@example.jp"))
	s.holds(other, http.StatusOK, "訂正し、確認コードを送りました", "taro@example.jp に送りました")
	mails, err := s.market.Mails(t.Context(), 1)
	s.must(err)
	code := regexp.MustCompile(`\d{8}`).FindString(mails[0].Body)
	if mails[0].To != "taro@example.jp" {
		t.Fatalf("the code went to %s", mails[0].To)
	}
	s.holds(s.post("/confirm/resend", nil), http.StatusOK)
	s.holds(s.post("/confirm", form("code", code)), http.StatusUnprocessableEntity, "違います")
	s.holds(s.post("/confirm/resend", nil), http.StatusOK)
	s.holds(s.post("/confirm/resend", nil), http.StatusTooManyRequests, "24時間に送れるメール", "確認コード")
	mails, err = s.market.Mails(t.Context(), 1)
	s.must(err)
	s.holds(s.post("/confirm", form("code", regexp.MustCompile(`\d{8}`).FindString(mails[0].Body))), http.StatusOK)
	p := s.get("/confirm")
	s.holds(p, http.StatusOK, "メールアドレスは確認済みです", `href="/offers"`)
	if strings.Contains(main(p.body), `name="code"`) {
		t.Error("a confirmed address is still asked for its code")
	}
	s.holds(s.post("/confirm/address", form("email", "new@example.jp")), http.StatusConflict, "確認済みです")

	s.forget() // somebody else gives an address that is confirmed
	s.post("/signup", chosen("email", "jiro@example.jp", "password", firstWords))
	taken := s.post("/confirm/address", form("email", "taro@example.jp"))
	if main(taken.body) != main(other.body) {
		t.Errorf("the answers differ:\n%s\n%s", main(taken.body), main(other.body))
	}
}

// TestInvitingBeforeOnesOwnAddress expects the way to what stands in the way.
func TestInvitingBeforeOnesOwnAddress(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Demo = false })
	s.employer()
	s.holds(s.get("/company"), http.StatusOK, "メールアドレスの確認がまだです", `href="/confirm"`)
	p := s.get("/company/members")
	s.holds(p, http.StatusOK, "先に、ご自身のメールアドレスを確認してください", `href="/confirm"`)
	if strings.Contains(p.body, `action="/company/members"`) {
		t.Error("a form is offered that cannot work")
	}
	s.holds(s.post("/company/members", form("email", "v@example.jp", "role", "viewer")), http.StatusForbidden, "ご自身のメールアドレスを確認", `href="/confirm"`)
}
