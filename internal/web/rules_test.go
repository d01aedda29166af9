package web_test

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/market"
	"enishi/internal/position"
)

// published has the employer that is signed in offer a position.
func (s *site) published() (id string) {
	s.Helper()
	token, err := s.market.SignIn(s.Context(), "owner@example.jp", firstWords, account.Member)
	s.must(err)
	actor, err := s.market.Authenticate(s.Context(), token)
	s.must(err)
	low, high := 500, 700
	t := position.Terms{Title: "サーバー開発", Occupation: "0312", Prefecture: []string{"13"}, EmploymentType: "seishain", PayMin: &low, PayMax: &high}
	legal := reflect.ValueOf(&t.Legal).Elem()
	for n := range legal.NumField() {
		legal.Field(n).SetString("記載のとおり")
	}
	p, err := s.market.AddPosition(s.Context(), actor, t, market.Once{})
	s.must(err)
	_, err = s.market.Publish(s.Context(), actor, p.ID)
	s.must(err)
	return p.ID.String()
}

// ruleForm is what a browser sends of a rule.
func ruleForm(position string, more ...string) url.Values {
	v := form("position", position, "kind", "interview", "daily_budget", "5", "total_budget", "20", "expires", "2027-03-31", "offer_days", "14",
		"occupation", "0312", "occupation.min", "", "pay.min", "", "age.exception", "", "age.min", "", "age.max", "", "age.reason", "")
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// TestARuleIsMade goes from the empty list to offers that were sent, and stops them.
func TestARuleIsMade(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(12)
	s.holds(s.get("/company/rules"), http.StatusOK, "有効なオファー条件はありません", "自動で届きます")
	s.holds(s.get("/company/rules", "Accept-Language", "en"), http.StatusOK, "No rule sends offers now")
	s.holds(s.get("/company/rules/new"), http.StatusOK, "必須条件に合う人は12人", "求人がまだありません", `<span class="count">12</span>`)
	of := s.published()

	typed := ruleForm(of, "language", "en", "do", `prefer:{"field":"language","in":["en"]}`)
	moved := s.post("/company/rules/new", typed)
	s.holds(moved, http.StatusOK, "必須条件に合う人は12人", `name="prefer" value="{&#34;field&#34;:&#34;language&#34;`, `name="daily_budget" type="text" value="5"`)

	typed = ruleForm(of, "prefer", `{"field":"language","in":["en"]}`, "weight", "7", "do", "preview")
	s.holds(s.post("/company/rules/new", typed), http.StatusOK, "届くまでの内訳", "いま有効にすると、5〜9人に届きます", `<option value="7" selected>`)
	typed.Set("do", "save")
	typed.Set("once", "a-key")
	saved := s.post("/company/rules/new", typed)
	s.holds(saved, http.StatusOK, "保存しました", "下書き", "まだオファーは届いていません")
	if again := s.post("/company/rules/new", typed); again.path != saved.path {
		t.Errorf("a second click made %s, the first %s", again.path, saved.path)
	}
	s.holds(s.get(saved.path+"/activate"), http.StatusOK, "有効にしますか", "5〜9人にすぐ届きます", "多くて20件（1日5件まで、残り20件）", "14日以内")
	s.holds(s.post(saved.path+"/activate", nil), http.StatusOK, "有効", "停止する")
	s.must(s.market.Drain(s.Context()))
	s.holds(s.get("/company/rules"), http.StatusOK, "1件のオファー条件が、自動でオファーを届けています", "サーバー開発", "ソフトウェア開発", "5/5")
	s.holds(s.post(saved.path+"/pause", nil), http.StatusOK, "停止中", "有効にする")
	// Five of its twelve were sent today, which a change of the budget does not undo.
	typed.Set("do", "preview")
	typed.Set("daily_budget", "10")
	s.holds(s.post(saved.path, typed), http.StatusOK, "届くまでの内訳", "いま有効にすると、5〜9人に届きます")
	typed.Set("daily_budget", "5")
	s.holds(s.post(saved.path, typed), http.StatusOK, "いま有効にすると、届く人は5人未満です")
}

// TestARuleWithFaults expects what was typed, and what is wrong, beneath its field.
func TestARuleWithFaults(t *testing.T) {
	s := newSite(t)
	s.employer()
	of := s.published()
	for _, c := range []struct {
		change []string
		texts  []string
	}{
		{[]string{"position", ""}, []string{"求人を選んでください"}},
		{[]string{"daily_budget", "many"}, []string{`value="many"`, "1〜100,000の整数"}},
		{[]string{"daily_budget", "0"}, []string{"1〜100,000の整数"}},
		{[]string{"expires", "2020-01-01"}, []string{`value="2020-01-01"`, "今日以降の日付"}},
		{[]string{"pay.min", "x"}, []string{`name="pay.min" value="x"`, "整数で入力してください"}},
		{[]string{"age", "on", "age.exception", "3号イ", "age.min", "15", "age.max", "34", "age.reason", "長期のキャリア形成のため"}, []string{"経験を必須にできません", `value="長期のキャリア形成のため"`}},
		{[]string{"age", "on", "age.exception", "1号", "age.min", "18", "age.max", "40", "age.reason", "定年のため"}, []string{"認められる年齢ではありません", `value="定年のため"`, `<option value="1号" selected>`}},
		{[]string{"age", "on", "age.exception", "", "age.min", "18", "age.max", "40", "age.reason", ""}, []string{"理由を1〜500文字"}},
	} {
		p := s.post("/company/rules/new", ruleForm(of, append(c.change, "do", "save")...))
		s.holds(p, http.StatusUnprocessableEntity, append(c.texts, "サーバー開発")...)
	}
	s.holds(s.get("/company/rules/01900000-0000-7000-8000-000000000000"), http.StatusNotFound)
}

// TestARuleThatSomebodyElseChanged expects both what was typed and a way to go on.
func TestARuleThatSomebodyElseChanged(t *testing.T) {
	s := newSite(t)
	s.employer()
	of := s.published()
	path := s.post("/company/rules/new", ruleForm(of, "do", "save")).path
	s.holds(s.post(path, ruleForm(of, "do", "save", "version", "1", "daily_budget", "6")), http.StatusOK, `value="6"`)
	p := s.post(path, ruleForm(of, "do", "save", "version", "1", "daily_budget", "7"))
	s.holds(p, http.StatusConflict, `value="7"`, "ほかの人がこのオファー条件を変更しました", `name="version" value="2"`)
	s.holds(s.post(path, ruleForm(of, "do", "save", "version", "2", "daily_budget", "7")), http.StatusOK, "保存しました", `value="7"`)
}

// TestASessionThatEndsWhileARuleIsBuilt expects nothing that would take the page away.
func TestASessionThatEndsWhileARuleIsBuilt(t *testing.T) {
	s := newSite(t)
	s.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for method, leads := range map[string]bool{http.MethodPost: false, http.MethodGet: true} {
		r, err := http.NewRequestWithContext(s.Context(), method, s.url+"/company/rules/new", http.NoBody)
		s.must(err)
		r.Header.Set("HX-Request", "true")
		answer, err := s.browser.Do(r)
		s.must(err)
		s.must(answer.Body.Close())
		if answer.StatusCode != http.StatusUnauthorized || leads != (answer.Header.Get("HX-Redirect") == "/signin?back=%2Fcompany%2Frules%2Fnew") {
			t.Errorf("%s: %d, to %q", method, answer.StatusCode, answer.Header.Get("HX-Redirect"))
		}
	}
}

// TestStepsOfAPreviewAgree asks for previews whose steps are less than five, and expects
// of no figure that it contradicts another; in approve mode the page of the activation
// must hold for what queues then.
func TestStepsOfAPreviewAgree(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Mode = market.Approve })
	s.employer()
	s.people(11)
	of := s.published()
	typed := ruleForm(of, "daily_budget", "3", "total_budget", "5", "do", "preview")
	p := s.post("/company/rules/new", typed)
	s.holds(p, http.StatusOK, "届く人は5人未満です", "−5〜9人", "11人")
	for _, wrong := range []string{"0人に届きます", "−5人", "<td>0人</td>"} {
		if strings.Contains(p.body, wrong) {
			t.Errorf("the preview says %q", wrong)
		}
	}
	s.holds(s.post("/company/rules/new", typed, "Accept-Language", "en"), http.StatusOK, "fewer than 5", "5 to 9")
	typed.Set("do", "save")
	s.post("/company/rules/new", typed)
	list, err := s.market.Rules(s.Context(), s.actor(), 0, 10)
	s.must(err)
	path := "/company/rules/" + list[0].ID.String()
	s.holds(s.get(path+"/activate"), http.StatusOK, "5〜11人が確認待ちに並びます")
	s.post(path+"/activate", nil)
	s.must(s.market.Drain(s.Context()))
	s.holds(s.get(path+"/proposals"), http.StatusOK, "11人が確認を待っています")
}

// TestADraftIsGivenAnotherPosition changes the position of a rule until it is activated,
// and tells positions apart that have the same title.
func TestADraftIsGivenAnotherPosition(t *testing.T) {
	s := newSite(t)
	s.employer()
	first, second := s.published(), s.published()
	s.holds(s.post("/company/positions", form("title", "サーバー開発")), http.StatusOK)
	path := s.post("/company/rules/new", ruleForm(first, "do", "save")).path
	s.holds(s.get(path), http.StatusOK, ">サーバー開発・500〜700万円・東京都<", ">サーバー開発・500〜700万円・東京都 (2)<", "（下書き・未公開）<")
	s.holds(s.post(path, ruleForm(second, "do", "save", "version", "1")), http.StatusOK, "保存しました", `value="`+second+`" selected`)
	s.holds(s.post(path+"/activate", nil), http.StatusOK, "有効", "一度有効にしたオファー条件の求人は変えられません")
	s.holds(s.post(path, ruleForm(first, "do", "save", "version", "3")), http.StatusUnprocessableEntity, "別の求人には、新しいオファー条件を作ってください")
}

// TestWhatASuspendedCompanyIsTold reads the pages of one that an operator has suspended,
// and of one that waits to be verified.
func TestWhatASuspendedCompanyIsTold(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Demo = false })
	id := s.employer()
	owner := s.browser
	s.holds(s.get("/company/candidates"), http.StatusForbidden, "企業の確認が終わると、候補者を探せます")
	s.holds(s.get("/company/scouts/new"), http.StatusForbidden, "企業の確認が終わるまで、オファーは送られません")
	s.operatorIn()
	file := "/operator/companies/" + id
	operator := s.browser
	s.holds(s.post(file+"/verify", form("reason", "登記と一致。")), http.StatusOK)
	s.browser = owner
	path := s.post("/company/rules/new", ruleForm(s.published(), "do", "save")).path
	s.holds(s.post(path+"/activate", nil), http.StatusOK)
	s.holds(s.get("/company/rules"), http.StatusOK, "1件のオファー条件が、自動でオファーを届けています")
	s.browser = operator
	s.holds(s.post(file+"/suspend", form("suspend.reason", "所在不明。")), http.StatusOK, "停止しました")
	s.browser = owner
	s.holds(s.get("/company/candidates"), http.StatusForbidden, "停止中のため、候補者の検索とスカウトはできません")
	s.holds(s.get("/company/rules"), http.StatusOK, "企業の利用が停止されているため、オファーは送られません", "有効（送信は停止中）")
	s.holds(s.get(path), http.StatusOK, "企業の利用が停止されているため")
	s.holds(s.get("/company/scouts/new?card=x"), http.StatusForbidden, "企業の利用が停止されているため")
	scout := form("card", "x", "position", "00000000-0000-0000-0000-000000000001", "kind", "interview", "message", "お話ししませんか")
	s.holds(s.post("/company/scouts/new", scout), http.StatusForbidden, "企業の利用が停止されているため", "お話ししませんか")
	for _, path := range []string{"/company/candidates", "/company/rules", "/company/scouts/new"} {
		s.english(s.get(path, "Accept-Language", "en"), "サーバー開発")
	}
}

// TestTheHistoryOfARule reads who did what to a rule, as somebody who may not read the
// whole audit log, and finds the rule from there by its position's title.
func TestTheHistoryOfARule(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.people(3)
	path := s.post("/company/rules/new", ruleForm(s.published(), "do", "save")).path
	s.holds(s.get(path), http.StatusOK, "変更の記録", "<td>作成</td>", "owner@example.jp")
	owner := s.browser
	s.joins("recruiter@example.jp", account.Recruiter)
	s.post(path, ruleForm("", "do", "save", "version", "1", "daily_budget", "6", "position", s.positionOf(path)))
	s.post(path+"/activate", nil)
	s.post(path+"/pause", nil)
	s.post(path+"/activate", nil)
	s.must(s.market.Drain(s.Context()))
	s.holds(s.get("/company/audit"), http.StatusForbidden)
	p := s.get(path)
	s.holds(p, http.StatusOK, "recruiter@example.jp", "日程決定", `id="rule-steps" data-live="rules offers company"`)
	steps := []string{"<td>再開</td>", "<td>停止</td>", "<td>有効にした</td>", "<td>内容を変更</td>", "<td>作成</td>"}
	rest := p.body
	for _, step := range steps {
		var found bool
		if _, rest, found = strings.Cut(rest, step); !found {
			t.Fatalf("the history lacks %q after those before it:\n%s", step, main(p.body))
		}
	}
	s.holds(s.get(path, "Accept-Language", "en"), http.StatusOK, "History", "Resumed", "Paused", "Activated", "Changed", "Made", "Scheduled")
	s.browser = owner
	s.joins("viewer@example.jp", account.Viewer)
	s.holds(s.get(path), http.StatusOK, "再開", "recruiter@example.jp", "日程決定")
	s.browser = owner
	s.holds(s.get("/company/audit"), http.StatusOK, `<a href="`+path+`">オファー条件「サーバー開発」</a>`, "オファー条件の作成", "オファー条件の変更")
	s.holds(s.get("/company/audit?what=rule.edit", "Accept-Language", "en"), http.StatusOK, "rule for “サーバー開発”", "Changed a rule")
	s.post("/company/positions/"+s.positionOf(path)+"/close", nil)
	s.holds(s.get(path), http.StatusOK, "求人の募集が終了し、停止")
}

// positionOf gives the id of the position of the rule at a path.
func (s *site) positionOf(path string) string {
	s.Helper()
	id, err := uuid.Parse(path[strings.LastIndex(path, "/")+1:])
	s.must(err)
	r, err := s.market.Rule(s.Context(), s.actor(), id)
	s.must(err)
	return r.PositionID.String()
}
