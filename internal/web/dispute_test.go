package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestADisputedPayIsSaidAgain has the two sides of a hire say different pays; an operator
// sees both, and lets them say it again.
func TestADisputedPayIsSaidAgain(t *testing.T) {
	s := newSite(t)
	d := s.accepted()
	d.asCompany()
	s.post(d.ours+"/held", nil)
	s.holds(s.post(d.ours+"/hire", form("final_pay", "460")), http.StatusOK, "採用しました")
	d.asCandidate()
	s.holds(s.post(d.theirs+"/confirm-pay", form("final_pay", "400")), http.StatusOK, "400万円")

	s.operatorIn()
	operator := s.browser
	s.holds(s.get("/operator/breaches"), http.StatusOK, `href="/operator/disputes"`, "90%に届かない")
	page := s.get("/operator/disputes")
	s.holds(page, http.StatusOK, "1件の年収が食い違っています", "会社1", "460万円", "400万円", "−60万円", "500万円", "数えている")
	if strings.Contains(page.body, "c@example.jp") {
		t.Error("the page says who was hired")
	}
	s.english(s.get("/operator/disputes", "Accept-Language", "en"), "会社1")
	action := regexp.MustCompile(`action="(/operator/disputes/[0-9a-f-]{36}/reopen)"`).FindStringSubmatch(page.body)
	s.holds(s.post(action[1], nil), http.StatusOK, "年収の食い違いはありません", "登録し直せるようにしました")
	s.holds(s.get("/operator/audit?what=pay.reopen"), http.StatusOK, "年収の確認のやり直し", "オファー …")

	d.asCandidate()
	s.holds(s.post(d.theirs+"/confirm-pay", form("final_pay", "460")), http.StatusOK, "確認されました")
	s.browser = operator
	s.holds(s.post(action[1], nil), http.StatusOK, "すでに食い違いはありません")
}
