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

// TestTrialsAreOrdered opens trials with and without a body, and reads who and why of their
// opening and of their end from the audit log.
func TestTrialsAreOrdered(t *testing.T) {
	s := newServer(t)
	operator := s.session(account.Account{Kind: account.Operator, Confirmed: true})
	for _, tt := range []struct{ body, by, why string }{
		{"", "", ""}, {"{}", "", ""}, {`{"by":"hana@host","why":"after the release"}`, "hana@host", "after the release"}, {`{"why":"縁"}`, "", "縁"},
	} {
		opened := into[struct{ ID string }](t, s.must(http.StatusCreated, "POST", "/api/v1/operator/trials", operator, tt.body))
		s.must(http.StatusNoContent, "DELETE", "/api/v1/operator/trials/"+opened.ID, operator, "")
		for _, what := range []string{"trial.open", "trial.end"} {
			log := into[struct{ Items []struct{ By, Why string } }](t, s.must(http.StatusOK, "GET", "/api/v1/operator/audit?limit=1&what="+what, operator, ""))
			if len(log.Items) != 1 || log.Items[0].By != tt.by || log.Items[0].Why != tt.why {
				t.Errorf("%s with %q is noted as %+v", what, tt.body, log.Items)
			}
		}
	}
	for _, wrong := range []string{`{"who":"hana"}`, `{"why":5}`, `{"why":"` + strings.Repeat("縁", market.MostWhy+1) + `"}`, `{"by":"` + strings.Repeat("a", market.MostBy+1) + `"}`} {
		s.problem(http.StatusUnprocessableEntity, s.do("POST", "/api/v1/operator/trials", operator, wrong))
	}
}

// TestSettingsNameTheInstallation reads which installation it is, and whose data may be there.
func TestSettingsNameTheInstallation(t *testing.T) {
	type settings struct {
		Environment *string `json:"environment"`
		DataKind    *string `json:"data_kind"`
	}
	for _, tt := range []struct {
		name string
		kind market.DataKind
	}{{"", ""}, {"prod", market.RealData}, {"dev", market.DemoData}} {
		s := newServer(t, func(m *market.Options, o *api.Options) {
			m.Demo, o.Demo, m.Data, o.Environment = false, false, tt.kind, tt.name
		})
		operator := s.session(account.Account{Kind: account.Operator, Confirmed: true})
		got := into[settings](t, s.must(http.StatusOK, "GET", "/api/v1/operator/settings", operator, ""))
		if got.Environment == nil || *got.Environment != tt.name || (got.DataKind != nil) != (tt.kind != "") || got.DataKind != nil && *got.DataKind != string(tt.kind) {
			t.Errorf("the settings of %+v are %+v", tt, got)
		}
	}
}
