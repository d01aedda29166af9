package api_test

import (
	"net/http"
	"strings"
	"testing"

	"enishi/internal/api"
	"enishi/internal/market"
)

// mailed gives the code at the end of the link of the newest mail to an address.
func (s *server) mailed(to, path string) string {
	s.t.Helper()
	mails, err := s.market.Mails(s.t.Context(), 100)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, m := range mails {
		if _, rest, ok := strings.Cut(m.Body, path); ok && m.To == to {
			return strings.Fields(rest)[0]
		}
	}
	s.t.Fatalf("no mail to %s has a link to %s", to, path)
	return ""
}

// employ gives the world's company a second owner, an invitation and a machine.
func (w *world) employ() {
	w.t.Helper()
	type made struct{ ID string }
	w.must(http.StatusCreated, "POST", "/api/v1/invitations", w.company, `{"email":"futari@example.jp","role":"owner"}`)
	w.must(http.StatusCreated, "POST", "/api/v1/invitations/accept", "", `{"code":"`+w.mailed("futari@example.jp", "/invitations?code=")+`","password":"futari-me-no-hito"}`)
	w.invitation = into[made](w.t, w.must(http.StatusCreated, "POST", "/api/v1/invitations", w.company, `{"email":"susumu@example.jp","role":"viewer"}`)).ID
	w.machine = into[made](w.t, w.must(http.StatusCreated, "POST", "/api/v1/tokens", w.company, `{"name":"kikai","role":"recruiter"}`)).ID
	for _, m := range into[struct{ Items []struct{ ID, Email string } }](w.t, w.must(http.StatusOK, "GET", "/api/v1/members", w.company, "")).Items {
		if m.Email == "futari@example.jp" {
			w.member = m.ID
		}
	}
}

// Asking for a new password answers alike for whoever is known and whoever is not.
func TestForgettingTellsNothing(t *testing.T) {
	s := newServer(t)
	s.signUp("shitteiru@example.jp")
	var answers []answer
	for _, email := range []string{"shitteiru@example.jp", "shiranai@example.jp"} {
		answers = append(answers, s.must(http.StatusNoContent, "POST", "/api/v1/password/forgot", "", `{"email":"`+email+`"}`))
	}
	for _, a := range answers {
		a.header.Del("X-Request-Id")
	}
	if answers[0].body != answers[1].body || encoded(t, answers[0].header) != encoded(t, answers[1].header) {
		t.Errorf("answers differ: %+v", answers)
	}
}

// A token of a machine is a member's, in its role, until it is revoked.
func TestTokensOfMachines(t *testing.T) {
	w := newWorld(t)
	token := into[struct{ ID, Token string }](t, w.must(http.StatusCreated, "POST", "/api/v1/tokens", w.company, `{"name":"x","role":"viewer"}`))
	w.must(http.StatusOK, "GET", "/api/v1/rules", token.Token, "")
	w.problem(http.StatusForbidden, w.do("POST", "/api/v1/positions", token.Token, terms))
	w.problem(http.StatusForbidden, w.do("DELETE", "/api/v1/sessions", token.Token, ""))
	list := w.must(http.StatusOK, "GET", "/api/v1/tokens", w.company, "")
	if strings.Contains(list.body, token.Token) || !strings.Contains(list.body, w.market.Today().String()) {
		t.Errorf("the list of tokens: %s", list.body)
	}
	w.must(http.StatusNoContent, "DELETE", "/api/v1/tokens/"+token.ID, w.company, "")
	w.problem(http.StatusUnauthorized, w.do("GET", "/api/v1/rules", token.Token, ""))
}

// A company is verified with a reason or without, and the file keeps it.
func TestDecisionsKeepTheirReason(t *testing.T) {
	w := newWorld(t, func(o *market.Options, _ *api.Options) { o.Demo = true })
	base := "/api/v1/operator/companies/" + w.companyID
	w.must(http.StatusOK, "POST", base+"/suspend", w.operator, `{"reason":"所在を確認できません。"}`)
	w.must(http.StatusOK, "POST", base+"/verify", w.operator, "")
	file := into[struct {
		Decisions []struct{ Status, Reason string }
		Members   []struct{ Domain string }
	}](t, w.must(http.StatusOK, "GET", base, w.operator, ""))
	if len(file.Decisions) != 2 || file.Decisions[1].Reason != "所在を確認できません。" || file.Decisions[0].Status != "verified" {
		t.Errorf("decisions %+v", file.Decisions)
	}
	if strings.Contains(encoded(t, file.Members), "@") {
		t.Errorf("members %+v tell an address", file.Members)
	}
	found := w.must(http.StatusOK, "GET", "/api/v1/operator/companies?q=zzz", w.operator, "")
	if strings.Contains(found.body, w.companyID) {
		t.Errorf("a search for something else finds %s", found.body)
	}
}

// The number of a company is freed once it is suspended, for a reason; operators read
// what it had claimed, and that it has it no longer.
func TestANumberIsFreed(t *testing.T) {
	w := newWorld(t)
	base := "/api/v1/operator/companies/" + w.companyID
	reason := `{"reason":"別の企業の番号でした。"}`
	free := func(body string) answer { return w.do("POST", base+"/free-number", w.operator, body) }
	type file struct {
		Number    string `json:"corporate_number"`
		Freed     bool   `json:"number_freed"`
		Status    string
		Decisions []struct{ Status, Reason string }
	}
	before := into[file](t, w.must(http.StatusOK, "GET", base, w.operator, ""))
	w.problem(http.StatusConflict, free(reason))
	w.must(http.StatusOK, "POST", base+"/suspend", w.operator, "")
	w.problem(http.StatusUnprocessableEntity, free(`{}`))
	w.problem(http.StatusUnprocessableEntity, free(`{"reason":""}`))
	w.must(http.StatusNoContent, "POST", base+"/free-number", w.operator, reason)
	w.problem(http.StatusConflict, free(reason))
	w.problem(http.StatusConflict, w.do("POST", base+"/verify", w.operator, ""))
	after := into[file](t, w.must(http.StatusOK, "GET", base, w.operator, ""))
	if before.Freed || !after.Freed || after.Number != before.Number || after.Status != "suspended" || after.Decisions[0].Status != "freed" ||
		after.Decisions[0].Reason != "別の企業の番号でした。" {
		t.Errorf("the company was %+v and is %+v", before, after)
	}
	w.must(http.StatusCreated, "POST", "/api/v1/companies", "",
		`{"corporate_number":"`+before.Number+`","name":"本物","size":2,"email":"real@example.jp"}`)
}

// Whoever is not confirmed can have another code, and mend an address that they mistyped;
// the code before is of no use any more.
func TestConfirmingAgain(t *testing.T) {
	s := newServer(t, func(o *market.Options, _ *api.Options) { o.Demo = false })
	me := s.signUp("hanaco@example.jp").Token
	code := func(to string) string { return s.mailed(to, "確認コード: ") }
	first := code("hanaco@example.jp")
	s.must(http.StatusNoContent, "POST", "/api/v1/me/confirm/resend", me, "")
	second := code("hanaco@example.jp")
	s.problem(http.StatusUnprocessableEntity, s.do("POST", "/api/v1/me/confirm", me, `{"code":"`+first+`"}`))
	if p := s.problem(http.StatusUnprocessableEntity, s.do("POST", "/api/v1/me/confirm/address", me, `{"email":"hanako"}`)); p.Errors[0].Pointer != "/email" {
		t.Errorf("what is no address is refused at %q", p.Errors[0].Pointer)
	}
	s.must(http.StatusNoContent, "POST", "/api/v1/me/confirm/address", me, `{"email":"hanako@example.jp"}`)
	s.problem(http.StatusUnprocessableEntity, s.do("POST", "/api/v1/me/confirm", me, `{"code":"`+second+`"}`))
	s.must(http.StatusNoContent, "POST", "/api/v1/me/confirm", me, `{"code":"`+code("hanako@example.jp")+`"}`)
	s.problem(http.StatusConflict, s.do("POST", "/api/v1/me/confirm/address", me, `{"email":"betsu@example.jp"}`))
}

// An operator reads what the two sides of a hire say of its pay, and lets them say it again.
func TestDisputes(t *testing.T) {
	w := newWorld(t)
	w.before(t)["reopen-pay"]()
	type dispute struct {
		Offer        string
		Company      struct{ ID string }
		FinalPay     int  `json:"final_pay"`
		ConfirmedPay int  `json:"confirmed_pay"`
		PayMin       *int `json:"pay_min"`
		Breach       bool
	}
	list := func() []dispute {
		return into[struct{ Items []dispute }](t, w.must(http.StatusOK, "GET", "/api/v1/operator/disputes", w.operator, "")).Items
	}
	got := list()
	if len(got) != 1 || got[0].Offer != w.offer || got[0].Company.ID != w.companyID || got[0].FinalPay != 640 || got[0].ConfirmedPay != 530 || got[0].PayMin == nil {
		t.Fatalf("disputed are %+v", got)
	}
	for range 2 { // a repeat changes nothing
		w.must(http.StatusNoContent, "POST", "/api/v1/operator/disputes/"+w.offer+"/reopen", w.operator, "")
	}
	if got := list(); len(got) != 0 {
		t.Errorf("reopened, disputed are %+v", got)
	}
	w.must(http.StatusOK, "POST", "/api/v1/me/offers/"+w.offer+"/confirm-pay", w.candidate, `{"final_pay":640}`)
	w.problem(http.StatusConflict, w.do("POST", "/api/v1/operator/disputes/"+w.offer+"/reopen", w.operator, ""))
}
