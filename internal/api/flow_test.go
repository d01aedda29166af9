package api_test

import (
	"net/http"
	"strings"
	"testing"
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
