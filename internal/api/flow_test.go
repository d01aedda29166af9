package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/account"
	"enishi/internal/api"
	"enishi/internal/corpnum"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

func TestSignUpToHire(t *testing.T) {
	s := newServer(t)
	companyID, company := s.company(1)
	position := s.published(company)
	ruleID := s.activated(company, position)

	me := s.signUp("hanako@example.jp")
	if len(me.Offers) != 1 {
		t.Fatalf("sign-up offers %d, want 1", len(me.Offers))
	}
	got := me.Offers[0]
	want := map[string]any{
		"position": position, "position_version": 1.0, "kind": "interview", "sender": "auto", "state": "sent", "expires_on": "2026-12-08",
	}
	for name, v := range want {
		if got[name] != v {
			t.Errorf("offer %s = %v, want %v", name, got[name], v)
		}
	}
	if c, _ := got["company"].(map[string]any); c["id"] != companyID {
		t.Errorf("offer company %v, want id %s", got["company"], companyID)
	}
	if got["rule"] != nil || got["card"] != nil {
		t.Errorf("a candidate's offer shows the company's side: %v", got)
	}
	id, _ := got["id"].(string)

	seen := into[map[string]any](t, s.must(http.StatusOK, "GET", "/api/v1/me/offers/"+id, me.Token, ""))
	if seen["state"] != "seen" {
		t.Errorf("read offer is %v, want seen", seen["state"])
	}
	s.must(http.StatusOK, "POST", "/api/v1/me/offers/"+id+"/decline", me.Token, "")
	s.must(http.StatusOK, "POST", "/api/v1/me/offers/"+id+"/undo", me.Token, "")
	s.must(http.StatusOK, "POST", "/api/v1/me/offers/"+id+"/accept", me.Token, "")
	s.problem(http.StatusConflict, s.do("POST", "/api/v1/me/offers/"+id+"/decline", me.Token, ""))

	list := s.must(http.StatusOK, "GET", "/api/v1/offers?rule="+ruleID, company, "")
	page := into[struct{ Items []map[string]any }](t, list)
	if len(page.Items) != 1 || page.Items[0]["rule"] != ruleID || page.Items[0]["card"] == "" {
		t.Fatalf("company's offers %s", list.body)
	}
	for _, secret := range []string{me.ID, "花子", "hanako"} {
		if strings.Contains(list.body, secret) {
			t.Errorf("company's offers leak %q: %s", secret, list.body)
		}
	}
	for _, step := range []string{"schedule", "held", "hire"} {
		s.must(http.StatusOK, "POST", "/api/v1/offers/"+id+"/"+step, company, "")
	}
	if got := into[map[string]any](t, s.must(http.StatusOK, "GET", "/api/v1/offers/"+id, company, "")); got["state"] != "hired" {
		t.Errorf("state %v, want hired", got["state"])
	}
	status := into[map[string]any](t, s.must(http.StatusOK, "GET", "/api/v1/status", "", ""))
	if status["log_head"] != status["applied"] || status["day"] != "2026-11-24" {
		t.Errorf("status %v", status)
	}
}

func TestApproveModeAsksTheCompany(t *testing.T) {
	s := newServer(t, func(o *market.Options, _ *api.Options) { o.Mode = market.Approve })
	_, company := s.company(1)
	rule := s.activated(company, s.published(company))
	me := s.signUp("hanako@example.jp")
	if len(me.Offers) != 0 || me.Asked != 1 {
		t.Fatalf("sign-up offers %d and asks %d, want 0 and 1", len(me.Offers), me.Asked)
	}
	type list struct{ Items []map[string]any }
	waiting := into[list](t, s.must(http.StatusOK, "GET", "/api/v1/rules/"+rule+"/proposals", company, ""))
	if len(waiting.Items) != 1 || waiting.Items[0]["state"] != "proposed" {
		t.Fatalf("proposals %v, want one", waiting.Items)
	}
	id, _ := waiting.Items[0]["id"].(string)
	s.problem(http.StatusNotFound, s.do("GET", "/api/v1/me/offers/"+id, me.Token, ""))
	s.problem(http.StatusNotFound, s.do("GET", "/api/v1/offers/"+id, company, ""))
	confirm := "/api/v1/rules/" + rule + "/proposals/confirm"
	if sent := into[map[string]int](t, s.must(http.StatusOK, "POST", confirm, company, `{"except":["`+id+`"]}`)); sent["sent"] != 0 {
		t.Errorf("confirming all but one sent %v, want 0", sent)
	}
	s.problem(http.StatusUnprocessableEntity, s.do("POST", confirm, company, `{"except":["somebody"]}`))
	sent := into[map[string]int](t, s.must(http.StatusOK, "POST", confirm, company, ""))
	if sent["sent"] != 1 {
		t.Errorf("confirming sent %v, want 1", sent)
	}
	mine := into[list](t, s.must(http.StatusOK, "GET", "/api/v1/me/offers", me.Token, ""))
	if len(mine.Items) != 1 || mine.Items[0]["state"] != "sent" {
		t.Errorf("own offers %v, want one that is sent", mine.Items)
	}
}

func TestWithoutOffersTheMissedLeavesAreTold(t *testing.T) {
	s := newServer(t)
	_, company := s.company(1)
	s.activated(company, s.published(company))
	body := strings.Replace(signUpBody("hanako@example.jp"), `"min":550`, `"min":2000`, 1)
	token := into[signedUp](t, s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", body)).Token
	got := into[map[string]any](t, s.must(http.StatusOK, "GET", "/api/v1/me/offers", token, ""))
	want := map[string]any{"items": []any{}, "next_cursor": "", "missed": []any{map[string]any{
		"wish": true, "pointer": "/all/0", "condition": map[string]any{"field": "pay_max", "min": 2000.0}, "rules": 1.0, "alone": true,
		"sentence": map[string]any{"ja": "年収の上限が2,000万円以上", "en": "highest annual pay: JPY 20M or more"},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("own offers (-want +got):\n%s", diff)
	}
}

func TestSearchAndViews(t *testing.T) {
	s := newServer(t)
	companyID, company := s.company(1)
	me := s.signUp("hanako@example.jp")
	s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", strings.NewReplacer("hanako", "jiro", `"residence":"13"`, `"residence":"27"`).Replace(signUpBody("hanako@example.jp")))
	a := s.must(http.StatusOK, "POST", "/api/v1/candidates/search", company,
		`{"condition":{"all":[{"field":"skill","in":["go"],"min":3},{"field":"residence","in":["r-kanto"]}]},"facets":["residence"],"sort":"pay","limit":1}`)
	got := into[struct {
		Count  int
		Facets map[string][]map[string]any
		Impact []map[string]any
		Items  []struct {
			ID      string
			Profile map[string]any
		}
		Next string `json:"next_cursor"`
	}](t, a)
	if got.Count != 1 || len(got.Items) != 1 {
		t.Fatalf("search %s, want one", a.body)
	}
	if diff := cmp.Diff([]map[string]any{{"clause": "/all/0", "gain": 0.0}, {"clause": "/all/1", "gain": 1.0}}, got.Impact); diff != "" {
		t.Errorf("impact (-want +got):\n%s", diff)
	}
	counts := map[any]any{}
	for _, v := range got.Facets["residence"] {
		counts[v["code"]] = v["count"]
	}
	if counts["13"] != 1.0 || counts["27"] != 1.0 {
		t.Errorf("residence %v, want 1 in 13 and 1 in 27", counts)
	}
	if strings.Contains(a.body, "花子") || strings.Contains(a.body, me.ID) {
		t.Errorf("a card tells who it is: %s", a.body)
	}
	s.must(http.StatusOK, "GET", "/api/v1/candidates/"+got.Items[0].ID, company, "")
	views := into[struct {
		Items []struct{ Company struct{ ID string } }
	}](t, s.must(http.StatusOK, "GET", "/api/v1/me/views", me.Token, ""))
	if len(views.Items) != 1 || views.Items[0].Company.ID != companyID {
		t.Errorf("views %+v, want one by %s", views, companyID)
	}
	s.must(http.StatusOK, "PUT", "/api/v1/me/blocks", me.Token, `{"blocks":["`+number(1).String()+`"]}`,
		"If-Match", s.must(http.StatusOK, "GET", "/api/v1/me/blocks", me.Token, "").header.Get("ETag"))
	s.problem(http.StatusNotFound, s.do("GET", "/api/v1/candidates/"+got.Items[0].ID, company, ""))
	s.must(http.StatusNoContent, "DELETE", "/api/v1/me", me.Token, "")
	s.problem(http.StatusUnauthorized, s.do("GET", "/api/v1/me", me.Token, ""))
}

func TestTaxonomy(t *testing.T) {
	s := newServer(t)
	type list struct{ Items []api.Entry }
	for _, kind := range []string{
		"occupation", "industry", "skill", "language", "certification", "willing_prefecture", "residence", "prefecture",
		"employment_status", "education", "management", "employment_type", "kind", "remote", "company_size", "weekly_days_off",
	} {
		if got := into[list](t, s.must(http.StatusOK, "GET", "/api/v1/taxonomy/"+kind, "", "")); len(got.Items) == 0 {
			t.Errorf("taxonomy %s is empty", kind)
		}
	}
	for _, kind := range []string{"company", "pay", "remote_ok", "text", "sex", "x"} {
		s.problem(http.StatusNotFound, s.do("GET", "/api/v1/taxonomy/"+kind, "", ""))
	}
	got := into[list](t, s.must(http.StatusOK, "GET", "/api/v1/taxonomy/residence?limit=1&q="+url.QueryEscape("とうきょう"), "", ""))
	want := list{[]api.Entry{{Code: "13", Parent: "r-kanto", JA: "東京都", EN: "Tokyo"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("residence とうきょう (-want +got):\n%s", diff)
	}
}

// TestTaxonomyOfLanguagesSaysLevels: what a test's result is worth is asked of
// this list, so its bands must say what the taxonomy does.
func TestTaxonomyOfLanguagesSaysLevels(t *testing.T) {
	s := newServer(t)
	all := into[api.Entries](t, s.must(http.StatusOK, "GET", "/api/v1/taxonomy/language", "", ""))
	var found []string
	for _, item := range all.Items {
		for _, test := range item.Tests {
			found = append(found, item.Code+" "+test.Code)
			for _, b := range test.Bands {
				result := b.Grade
				if b.From > 0 {
					result += " " + strconv.Itoa(b.From)
				}
				if level, ok := taxonomy.CEFR(test.Code, result); !ok || level != b.Level {
					t.Errorf("%s %s: level %d, want %d", test.Code, result, b.Level, level)
				}
			}
		}
	}
	if diff := cmp.Diff([]string{"ja jlpt", "en toeic-lr", "en eiken"}, found); diff != "" {
		t.Errorf("tests (-want +got):\n%s", diff)
	}
	body := s.must(http.StatusOK, "GET", "/api/v1/taxonomy/language?q=TOEIC&limit=1", "", "").body
	for _, want := range []string{`"code":"en","parent":"","ja":"英語","en":"English"`, `{"from":785,"level":4}`, `{"grade":"準1級","level":4}`} {
		if !strings.Contains(body, want) {
			t.Errorf("language TOEIC = %s, want %s in it", body, want)
		}
	}
	if body := s.must(http.StatusOK, "GET", "/api/v1/taxonomy/skill", "", "").body; strings.Contains(body, "tests\"") {
		t.Error("skills carry tests; want languages alone")
	}
}

func TestNothingPersonalIsLogged(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "/api/v1/me/offers/"+w.offer+"?q=hanako@example.jp", w.candidate, "", "User-Agent", "secret-agent")
	w.do("POST", "/api/v1/candidates", "", `{"email":"himitsu@example.jp"`)
	w.do("GET", "/himitsu@example.jp", w.candidate, "")
	log := w.log.String()
	for _, secret := range []string{"example.jp", "山田", w.candidate, w.company, w.offer, w.card, "kyou-mo-genki", "secret-agent", "192.0.2.1"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !strings.Contains(log, `route="GET /api/v1/me/offers/{id}" status=200`) {
		t.Errorf("the log lacks a request: %s", log)
	}
	metrics := w.must(http.StatusOK, "GET", "/metrics", "", "")
	if !strings.Contains(metrics.body, `http_requests_total{method="GET",route="GET /api/v1/me/offers/{id}",status="200"} 1`) {
		t.Errorf("metrics lack the request:\n%s", metrics.body)
	}
}

func TestProbes(t *testing.T) {
	s := newServer(t)
	s.must(http.StatusOK, "GET", "/livez", "", "")
	s.must(http.StatusOK, "GET", "/readyz", "", "")
	// Another process has written more than this one has followed.
	rows := make([]*market.Row, 1001)
	for i := range rows {
		rows[i] = &market.Row{Change: market.OfferChanged, Entity: int64(i + 1), Version: 1, At: noon()}
	}
	if err := s.store.Write(t.Context(), func(tx market.Tx) error { return tx.Append(rows...) }); err != nil {
		t.Fatal(err)
	}
	s.must(http.StatusServiceUnavailable, "GET", "/readyz", "", "")
	s.must(http.StatusOK, "GET", "/livez", "", "")
	if err := s.market.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.must(http.StatusOK, "GET", "/readyz", "", "")
}

// Words that read as if sex or age decided are marked on the position, which
// can be published nevertheless; an answer can be sent back as it came.
func TestWordingsAreMarked(t *testing.T) {
	s := newServer(t)
	_, company := s.company(1)
	id := s.published(company)
	got := into[map[string]any](t, s.must(http.StatusOK, "GET", "/api/v1/positions/"+id, company, ""))
	if w, ok := got["warnings"].([]any); !ok || len(w) != 0 {
		t.Errorf("warnings of a plain position = %v, want an empty list", got["warnings"])
	}
	got["text"] = "女性歓迎。３０歳以下の方。"
	body, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	edit := s.must(http.StatusOK, "PUT", "/api/v1/positions/"+id, company, string(body), "If-Match", `"1"`)
	marked := into[struct {
		Warnings []struct{ Pointer, Found, About, JA, EN string }
	}](t, edit)
	if len(marked.Warnings) != 2 || marked.Warnings[0].Pointer != "/text" || marked.Warnings[0].Found != "女性歓迎" ||
		marked.Warnings[1].About != "age" || marked.Warnings[1].JA == "" || marked.Warnings[1].EN == "" {
		t.Errorf("warnings = %+v, want 女性歓迎 (sex) and 30歳以下 (age), explained", marked.Warnings)
	}
	s.must(http.StatusOK, "PUT", "/api/v1/positions/"+id, company, edit.body, "If-Match", edit.header.Get("ETag"))
	s.must(http.StatusOK, "POST", "/api/v1/positions/"+id+"/publish", company, "")
}

// A batch is read best first, page by page.
func TestProposalsAreReadBestFirst(t *testing.T) {
	s := newServer(t, func(o *market.Options, _ *api.Options) { o.Mode = market.Approve })
	_, company := s.company(1)
	rule := s.activated(company, s.published(company))
	plain := strings.Replace(signUpBody("a@example.jp"), `"residence":"13"`, `"residence":"27"`, 1) // the rule prefers 13
	s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", plain)
	s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", strings.Replace(plain, "a@", "b@", 1))
	s.signUp("preferred@example.jp")
	s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", strings.Replace(plain, "a@", "c@", 1))
	type list struct {
		Items []struct{ ID, Card string }
		Next  string `json:"next_cursor"`
	}
	path := "/api/v1/rules/" + rule + "/proposals"
	whole := into[list](t, s.must(http.StatusOK, "GET", path, company, ""))
	if len(whole.Items) != 4 || whole.Next != "" {
		t.Fatalf("%d proposals, next %q; want 4 on one page", len(whole.Items), whole.Next)
	}
	var paged []string
	for next, pages := "", 0; pages == 0 || next != ""; pages++ {
		part := into[list](t, s.must(http.StatusOK, "GET", path+"?limit=3&cursor="+next, company, ""))
		for _, o := range part.Items {
			paged = append(paged, o.ID)
		}
		next = part.Next
	}
	for i, o := range whole.Items {
		if i >= len(paged) || paged[i] != o.ID {
			t.Fatalf("paged %v, want the order of %v", paged, whole.Items)
		}
	}
	best := into[map[string]any](t, s.must(http.StatusOK, "GET", "/api/v1/candidates/"+whole.Items[0].Card, company, ""))
	profile, _ := best["profile"].(map[string]any)
	if profile["residence"] != "13" {
		t.Errorf("the best proposal lives in %v, want 13", profile["residence"])
	}
	s.problem(http.StatusUnprocessableEntity, s.do("GET", path+"?cursor=zzz", company, ""))
}

// One address may stand for a candidate and a member; the session says which.
func TestSessionsOfAKind(t *testing.T) {
	s := newServer(t)
	s.must(http.StatusCreated, "POST", "/api/v1/candidates", "",
		`{"email":"both@example.jp","password":"correct horse","profile":{}}`)
	s.must(http.StatusCreated, "POST", "/api/v1/companies", "",
		fmt.Sprintf(`{"corporate_number":%q,"name":"兼","size":1,"email":"both@example.jp","password":"correct horse"}`, corpnum.From(99)))
	sign := func(kind string) answer {
		return s.do("POST", "/api/v1/sessions", "", `{"email":"both@example.jp","password":"correct horse"`+kind+`}`)
	}
	for kind, path := range map[string]string{"": "/api/v1/me", `,"kind":"candidate"`: "/api/v1/me", `,"kind":"member"`: "/api/v1/positions"} {
		token := into[struct{ Token string }](t, sign(kind)).Token
		s.must(http.StatusOK, "GET", path, token, "")
	}
	s.problem(http.StatusUnauthorized, sign(`,"kind":"operator"`))
	s.problem(http.StatusUnprocessableEntity, sign(`,"kind":"robot"`))
}

// The ground of an age condition is checked on the newest terms and on those
// that are offered: when the rule is written, when it is activated, and when
// other terms are published.
func TestAgeConditionsNeedTheirGround(t *testing.T) {
	s := newServer(t)
	_, company := s.company(1)
	fixed := strings.Replace(terms, `"seishain"`, `"keiyaku"`, 1)
	id := s.published(company)
	path := "/api/v1/positions/" + id
	body := strings.TrimSuffix(ruleBody(id), "}") + `,"age":{"exception":"3号イ","min":18,"max":34,"reason":"長期勤続によるキャリア形成のため"}}`
	rule := into[struct{ ID string }](t, s.must(http.StatusCreated, "POST", "/api/v1/rules", company, body)).ID
	refused := func() {
		t.Helper()
		p := s.problem(http.StatusUnprocessableEntity, s.do("POST", "/api/v1/rules", company, body))
		if len(p.Errors) != 1 || p.Errors[0].Pointer != "/age/exception" {
			t.Errorf("an age condition without its ground: %+v", p.Errors)
		}
	}

	s.must(http.StatusAccepted, "POST", "/api/v1/rules/"+rule+"/activate", company, "")
	s.must(http.StatusOK, "PUT", path, company, fixed, "If-Match", `"1"`)
	refused() // the newest terms
	s.problem(http.StatusConflict, s.do("POST", path+"/publish", company, ""))
	s.must(http.StatusOK, "POST", "/api/v1/rules/"+rule+"/pause", company, "")
	s.must(http.StatusOK, "POST", path+"/publish", company, "")
	s.problem(http.StatusConflict, s.do("POST", "/api/v1/rules/"+rule+"/activate", company, ""))
	s.must(http.StatusOK, "PUT", path, company, terms, "If-Match", `"2"`)
	refused() // the terms that are offered
}

// Operators see who waits for them, and with which number and head.
func TestOperatorsSeeWhoApplies(t *testing.T) {
	s := newServer(t, func(o *market.Options, _ *api.Options) { o.Demo = false })
	operator := s.session(account.Account{Kind: account.Operator, Confirmed: true})
	var ids []string
	for n := range int64(3) {
		id, _ := s.company(n + 1)
		ids = append(ids, id)
	}
	s.must(http.StatusOK, "POST", "/api/v1/operator/companies/"+ids[1]+"/verify", operator, "")
	type list struct {
		Items []struct{ ID, Name, Status, Head string }
		Next  string `json:"next_cursor"`
	}
	read := func(query string) list {
		t.Helper()
		return into[list](t, s.must(http.StatusOK, "GET", "/api/v1/operator/companies?"+query, operator, ""))
	}
	if all := read(""); len(all.Items) != 3 || all.Items[1].Status != "verified" || all.Items[0].Name != "会社1" || all.Items[0].Head != number(1).String() {
		t.Errorf("the companies are %+v", all)
	}
	first := read("status=applied&limit=1")
	second := read("status=applied&limit=1&cursor=" + first.Next)
	if len(first.Items) != 1 || len(second.Items) != 1 || first.Items[0].ID != ids[0] || second.Items[0].ID != ids[2] || second.Next != "" {
		t.Errorf("those who apply are %+v, then %+v; want the first and the third", first, second)
	}
	s.problem(http.StatusUnprocessableEntity, s.do("GET", "/api/v1/operator/companies?status=odd", operator, ""))
}

// TestCalendarsSpeakTheLanguageOfTheAccount reads the agreed date as both sides, each in
// its own language.
func TestCalendarsSpeakTheLanguageOfTheAccount(t *testing.T) {
	w := newWorld(t)
	w.before(t)["calendar"]()
	ours, theirs := "/api/v1/offers/"+w.offer+"/calendar.ics", "/api/v1/me/offers/"+w.offer+"/calendar.ics"
	says := func(path, token, text string) {
		t.Helper()
		if a := w.must(http.StatusOK, "GET", path, token, ""); !strings.Contains(a.body, "SUMMARY:"+text) {
			t.Errorf("GET %s lacks %q: %s", path, text, a.body)
		}
	}
	says(ours, w.company, "面接：")
	says(theirs, w.candidate, "面接：")
	w.must(http.StatusNoContent, "POST", "/api/v1/account/language", w.candidate, `{"language":"en"}`)
	says(ours, w.company, "面接：")
	says(theirs, w.candidate, "Interview: ")
	w.must(http.StatusNoContent, "POST", "/api/v1/account/language", w.company, `{"language":"en"}`)
	says(ours, w.company, "Interview: ")
}
