package web_test

import (
	"net/http"
	"strings"
	"testing"

	"enishi/internal/condition"
)

// TestWishesAreEdited says wishes, finds them again, and keeps what the form has no
// place for.
func TestWishesAreEdited(t *testing.T) {
	s := newSite(t)
	for i := range 6 {
		s.offer(i, 500+50*i)
	}
	s.seeker("taro@example.jp")
	s.holds(s.get("/wishes"), http.StatusOK, "この希望条件には5件以上が合っています")
	form := with(filled(s.get("/wishes")), "pay_max", "９９９")
	s.holds(s.post("/wishes/prospect", form, "HX-Request", "true"), http.StatusOK, "いまありません", "をゆるめる", "+5件以上")
	form = filled(s.post("/wishes", with(form, "do", "add:occupation")))
	form["prefecture"], form["employment_type"] = []string{"13", "14"}, []string{"seishain"}
	saved := s.post("/wishes", with(form, "pay_max", "500", "overtime_hours", "20", "remote", "1", "flextime", "true", "relocation", "false", "occupation.0.q", "0312"))
	s.holds(saved, http.StatusOK, "保存しました", `value="500"`, `value="20"`, `name="occupation.0" value="0312"`, "東京都、神奈川県", "転勤なしに限る")
	actor := s.actor()
	c, err := s.market.Candidate(t.Context(), actor)
	s.must(err)
	want, err := condition.Parse(condition.Positions, []byte(`{"all":[{"field":"pay_max","min":500},{"field":"remote","min":1},{"field":"overtime_hours","max":20},
		{"field":"flextime","is":true},{"field":"relocation","is":false},{"field":"prefecture","in":["13","14"]},{"field":"employment_type","in":["seishain"]},{"field":"occupation","in":["0312"]}]}`), false)
	s.must(err)
	if c.Wishes.Hash() != want.Hash() {
		t.Errorf("the wishes are %s", c.Wishes.Sentence(condition.Positions, "ja"))
	}
	s.holds(s.post("/wishes", with(filled(saved), "holidays_per_year", "400")), http.StatusUnprocessableEntity, "0〜366の整数", `value="400"`)

	odd, err := condition.Parse(condition.Positions, []byte(`{"all":[{"any":[{"field":"pay_min","min":700},{"field":"remote","min":2}]},{"field":"pay_min","min":300},{"field":"pay_min","min":400,"max":900}]}`), false)
	s.must(err)
	_, err = s.market.SetWishes(t.Context(), actor, c.Version, odd)
	s.must(err)
	stale := s.post("/wishes", with(filled(saved), "pay_max", "510"))
	s.holds(stale, http.StatusConflict, "希望条件", `value="510"`)
	shown := s.get("/wishes")
	s.holds(shown, http.StatusOK, "この画面で変えられない条件", `value="300"`)
	kept := s.post("/wishes", filled(shown))
	s.holds(kept, http.StatusOK, "保存しました")
	c, err = s.market.Candidate(t.Context(), actor)
	s.must(err)
	if c.Wishes.Hash() != odd.Hash() {
		t.Errorf("what the form cannot show is now %s", c.Wishes.Sentence(condition.Positions, "ja"))
	}
	if p := s.post("/wishes", with(filled(kept), "forget", "0")); strings.Count(p.body, `name="kept"`) != 1 {
		t.Error("a wish that was ticked is still there")
	}
	s.holds(s.get("/wishes", "Accept-Language", "en"), http.StatusOK, "Wishes that this form cannot change")
}
