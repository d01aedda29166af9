package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"enishi/internal/e2e"
)

// TestTicksStayWhenOffersArrive ticks the last two offers of an inbox to compare them;
// another comes in above. The same two are compared. It has a market of its own: an inbox
// takes so many a week.
func TestTicksStayWhenOffersArrive(t *testing.T) {
	s := newStage(t)
	tab := s.tab(e2e.View{})
	stranger(tab)
	tab.Has("body[data-listening]")
	tab.Run("window.same = true")
	tab.Run(`[...document.querySelectorAll("#inbox input[name=id]")].slice(-2).forEach((box) => box.click())`)
	const ticked = `[...document.querySelectorAll("#inbox article:has(input[name=id]:checked) h2:has(a)")].map((h) => h.innerText).join(" + ")`
	before := tab.Text(ticked)
	if !strings.Contains(before, " + ") {
		s.Fatalf("a stranger has fewer than two offers: %q", before)
	}
	s.sendsOffers("あとから送る会社", "あとから届いた求人")
	tab.Says("あとから届いた求人")
	tab.Until("window.same")
	if after := tab.Text(ticked); after != before {
		s.Errorf("ticked are %q, want %q", after, before)
	}
	tab.Click("#compare button")
	tab.Says(strings.Split(before, " + ")...)
	tab.Until("document.querySelectorAll('table.compare thead th').length === 2")
}

// aSearchAnswersItsFirstKey opens a search and presses j at once: the first of the list has
// the focus, whatever had it before.
func aSearchAnswersItsFirstKey(s *stage) {
	tab := s.tab(e2e.View{})
	tab.SignIn("company1@example.jp")
	for range 3 {
		tab.Open("/company/candidates")
		tab.Press("j")
		tab.Has(".people > li:nth-child(1) h2 a:focus")
		tab.Press("j")
		tab.Has(".people > li:nth-child(2) h2 a:focus")
	}
	tab.Press("x")
	tab.Has(".people > li:nth-child(2) input:checked")
	tab.Click("#filter-skill .choices input") // the list is another
	tab.Has(".removable")
	tab.Press("j")
	tab.Has("[data-keys] h2 a:focus")
	tab.Press(kb.Enter)
	tab.Until(`/^\/company\/candidates\/./.test(location.pathname)`)
}

// aWordIsSearchedAsItIsTyped types a word into a search and presses nothing else: the
// total follows, and the field keeps the focus and what is typed.
func aWordIsSearchedAsItIsTyped(s *stage) {
	tab := s.tab(e2e.View{})
	tab.SignIn("company1@example.jp")
	tab.Open("/company/candidates")
	const total = `document.querySelector("#total").innerText`
	before := tab.Text(total)
	tab.Fill("#text", "開発")
	tab.Until(fmt.Sprintf("%s !== %q", total, before))
	tab.Has(`#text:focus`)
	tab.Field("#text", "開発")
	tab.Has(".removable")
	before = tab.Text(total)
	tab.Press("環境")
	tab.Until(fmt.Sprintf("%s !== %q", total, before))
	tab.Field("#text", "開発環境")
}
