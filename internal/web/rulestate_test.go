package web_test

import (
	"net/http"
	"strings"
	"testing"

	"enishi/internal/market"
)

// TestARuleOfAClosedPosition expects every page of it to say that it sends nothing more.
func TestARuleOfAClosedPosition(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Mode = market.Approve })
	s.employer()
	s.people(1)
	of, other := s.published(), s.published()
	path := s.post("/company/rules/new", ruleForm(of, "do", "save")).path
	s.post(path+"/activate", nil)
	s.post(s.post("/company/rules/new", ruleForm(other, "do", "save")).path+"/activate", nil)
	s.holds(s.get("/company/rules"), http.StatusOK, "2件のオファー条件が、合う人を探しています")
	s.holds(s.post("/company/positions/"+of+"/close", nil), http.StatusOK)
	s.holds(s.get("/company/rules"), http.StatusOK, "1件のオファー条件が、合う人を探しています", "求人が終了", ">有効<")
	s.holds(s.get("/company"), http.StatusOK, "いま対応が必要なものはありません", "求人が終了")
	p := s.get(path)
	s.holds(p, http.StatusOK, "求人が終了", "求人の募集が終了したため、このオファー条件から新しいオファーは送られません")
	for _, wrong := range []string{">有効<", path + "/proposals", path + "/pause", path + "/activate"} {
		if strings.Contains(p.body, wrong) {
			t.Errorf("the page of the rule says %q", wrong)
		}
	}
	s.holds(s.get(path+"/activate"), http.StatusOK, "求人の募集が終了しているため、有効にできません")
	s.holds(s.post("/company/positions/"+other+"/close", nil), http.StatusOK)
	s.holds(s.get("/company/rules"), http.StatusOK, "有効なオファー条件はありません")
	s.holds(s.get("/company"), http.StatusOK, "オファーを送る条件を決めましょう")
	s.holds(s.get("/company/rules", "Accept-Language", "en"), http.StatusOK, "Position closed")
	for _, at := range []string{"/company/rules", path + "/activate"} {
		s.english(s.get(at, "Accept-Language", "en"), "サーバー開発")
	}
}
