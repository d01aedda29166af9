package api_test

import (
	"net/http"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/api"
	"enishi/internal/market"
)

// opened opens a trial and gives its id, its key and its number.
func (s *server) opened(operator string) (id, key, number string) {
	s.t.Helper()
	t := into[struct {
		ID, Key string
		Number  string `json:"corporate_number"`
	}](s.t, s.must(http.StatusCreated, "POST", "/api/v1/operator/trials", operator, ""))
	return t.ID, t.Key, t.Number
}

// The key of a trial lets its few registrations past what bounds an address; no
// other text does.
func TestATrialIsNotBoundByItsAddress(t *testing.T) {
	if testing.Short() {
		t.Skip("one request follows another here, and the race detector finds nothing")
	}
	s := newServer(t, func(m *market.Options, o *api.Options) { m.Demo, o.Demo, o.RateLimits = false, false, true })
	operator := s.session(account.Account{Kind: account.Operator, Confirmed: true})
	id, key, number := s.opened(operator)
	for range 40 {
		s.do("POST", "/api/v1/sessions", "", `{"email":"nobody@example.jp","password":"0123456789"}`)
	}
	for _, wrong := range []string{"", "no-such-key", strings.Repeat("k", len(key))} {
		s.problem(http.StatusTooManyRequests, s.do("POST", "/api/v1/candidates", "", signUpBody("x@verify.invalid"), "Enishi-Trial", wrong))
	}
	who := into[signedUp](t, s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", signUpBody("h@verify.invalid"), "Enishi-Trial", key))
	s.must(http.StatusCreated, "POST", "/api/v1/companies", "",
		`{"corporate_number":"`+number+`","name":"検証","size":1,"email":"k@verify.invalid"}`, "Enishi-Trial", key)
	mails := into[struct {
		Items []struct{ To, Text, State string }
	}](t, s.must(http.StatusOK, "GET", "/api/v1/operator/trials/"+id+"/mails", operator, ""))
	if len(mails.Items) != 2 || mails.Items[0].To != "h@verify.invalid" || mails.Items[0].State != "kept" {
		t.Fatalf("mails of the trial: %+v", mails)
	}
	text := mails.Items[0].Text
	s.must(http.StatusNoContent, "POST", "/api/v1/me/confirm", who.Token, `{"code":"`+text[len(text)-8:]+`"}`, "Enishi-Trial", key)
	s.must(http.StatusNoContent, "DELETE", "/api/v1/operator/trials/"+id, operator, "")
	s.problem(http.StatusNotFound, s.do("DELETE", "/api/v1/operator/trials/"+id, operator, ""))
	s.problem(http.StatusUnauthorized, s.do("GET", "/api/v1/me", who.Token, ""))
	s.problem(http.StatusTooManyRequests, s.do("POST", "/api/v1/candidates", "", signUpBody("x@verify.invalid"), "Enishi-Trial", key))
}
