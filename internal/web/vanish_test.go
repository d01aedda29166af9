package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/corpnum"
)

var (
	anyID    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyCard  = regexp.MustCompile(`[0-9a-f]{32}|候補者 [0-9a-f]{6}|…[0-9a-f]{8}`)
	numbered = regexp.MustCompile(`name="(once|before)" value="[^"]*"`)
)

// seenAfter has a person with an offer vanish in some way, and gives all that the
// company can see of it.
func seenAfter(t *testing.T, accepted bool, vanish func(s *site, theirs string)) map[string]string {
	s := newSite(t)
	step := s.onTheBoard()
	ours := strings.Replace(step, "/pipeline/", "/offers/", 1)
	company := s.browser
	if !accepted { // the one who only opened theirs
		for _, card := range strings.Split(s.get("/company/pipeline").body, `<li class="card"`) {
			if strings.Contains(card, "開封済み") {
				ours = "/company/offers/" + anyID.FindString(card)
			}
		}
		step = strings.Replace(ours, "/offers/", "/pipeline/", 1)
		s.signIn("b@example.jp", firstWords, account.Candidate)
	} else {
		s.signIn("c@example.jp", firstWords, account.Candidate)
	}
	vanish(s, strings.Replace(ours, "/company", "", 1))
	s.must(s.market.Drain(s.Context()))
	s.browser = company
	out := map[string]string{}
	for name, path := range map[string]string{
		"offer": ours, "step": step, "board": "/company/pipeline", "over": "/company/pipeline?column=over", "home": "/company",
		"search": "/company/candidates", "audit": "/company/audit",
	} {
		p := s.get(path)
		if p.status != http.StatusOK {
			t.Errorf("%s: %d", path, p.status)
		}
		out[name] = numbered.ReplaceAllString(anyCard.ReplaceAllString(anyID.ReplaceAllString(main(p.body), "ID"), "CARD"), "")
	}
	return out
}

// TestNobodyTellsHowSomebodyVanished compares, byte for byte but for ids, what a company
// sees of somebody who blocked it, who left, and who withdrew.
func TestNobodyTellsHowSomebodyVanished(t *testing.T) {
	block := func(s *site, _ string) {
		s.holds(s.post("/settings/blocks", url.Values{"company": {corpnum.From(700_000_000_001).String()}}), http.StatusOK, "解除する")
	}
	leave := func(s *site, _ string) {
		s.holds(s.post("/settings/leave", form("sure", "on", "password", firstWords)), http.StatusOK)
	}
	withdraw := func(s *site, theirs string) { s.holds(s.post(theirs+"/withdraw", nil), http.StatusOK) }
	same := func(what string, got, want map[string]string, names ...string) {
		t.Helper()
		for _, name := range names {
			if got[name] != want[name] {
				t.Errorf("%s: %s differs:\n%s\n---\n%s", what, name, got[name], want[name])
			}
		}
	}
	blocked, left := seenAfter(t, false, block), seenAfter(t, false, leave)
	same("before the answer", blocked, left, "offer", "step", "board", "over", "home", "search", "audit")
	for _, page := range []string{"offer", "over"} {
		if !strings.Contains(blocked[page], "表示できない方") || strings.Contains(blocked[page], "退会") {
			t.Errorf("the page says %s", blocked[page])
		}
	}
	blocked, withdrawn := seenAfter(t, true, block), seenAfter(t, true, withdraw)
	same("after the acceptance", blocked, withdrawn, "offer", "step", "board", "over", "home", "audit")
}
