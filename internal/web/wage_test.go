package web_test

import (
	"net/http"
	"testing"
)

// TestAPositionBelowTheMinimumWage cannot be published: its field says by how much, and
// what would do.
func TestAPositionBelowTheMinimumWage(t *testing.T) {
	s := newSite(t)
	s.employer()
	typed := form("title", "店舗スタッフ", "occupation", "0312", "pay_min", "240", "pay_max", "300", "employment_type", "seishain", "prefecture", "13",
		"holidays_per_year", "120", "start_hour", "9", "end_hour", "18")
	for _, key := range []string{
		"work", "work_change", "place", "place_change", "contract_term", "renewal_limit", "trial_period", "hours", "overtime", "holidays", "pay",
		"fixed_overtime_pay", "insurance", "smoking",
	} {
		typed.Set("legal."+key, "記載のとおり")
	}
	saved := s.post("/company/positions", typed)
	s.holds(saved, http.StatusOK, "公開まで、あと1項目", "要修正", "1時間あたり1,224円（年1,960時間）", "令和7年度地域別最低賃金, 厚生労働省")
	s.holds(s.post(saved.path+"/publish", nil), http.StatusUnprocessableEntity, "あと1項目の入力か修正が必要です",
		"最低賃金を下回っています。年収の下限240万円は、年1,960時間で割ると1時間1,224円です。東京都の最低賃金1,226円に届くのは、241万円以上です。")
	s.holds(s.get(saved.path, "Accept-Language", "en"), http.StatusOK, "too low", "Compared with the minimum wage: at least JPY 1,224 an hour (1,960 hours a year), against JPY 1,226 in Tokyo")
	typed.Set("pay_min", "241")
	typed.Set("version", "1")
	s.holds(s.post(saved.path, typed), http.StatusOK, "公開に必要な項目がそろっています")
	s.holds(s.post(saved.path+"/publish", nil), http.StatusOK, "公開しました")
}
