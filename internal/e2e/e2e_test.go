package e2e_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"enishi/internal/e2e"
)

// stage is a server with a demo's market and a browser.
type stage struct {
	*testing.T
	server  *e2e.Server
	browser *e2e.Browser
}

// people is how many candidates the market of a test has.
const people = 2000

// newStage gives a test a market of its own and a browser.
func newStage(t *testing.T) *stage {
	t.Helper()
	e2e.Need(t)
	return &stage{t, e2e.NewServer(t, people), e2e.NewBrowser(t)}
}

// tab opens a tab.
func (s *stage) tab(v e2e.View) *e2e.Tab {
	s.Helper()
	return s.browser.Tab(s.T, s.server, v)
}

var counter struct {
	sync.Mutex
	n int
}

// address gives an e-mail address that nobody has.
func address(name string) string {
	counter.Lock()
	defer counter.Unlock()
	counter.n++
	return fmt.Sprintf("%s%d@e2e.example.jp", name, counter.n)
}

// stranger goes from the landing page to the first offers, and gives the address that
// was registered.
func stranger(tab *e2e.Tab) (email string) {
	email = address("stranger")
	tab.Open("/")
	tab.Choose("#occupation", "0312")
	tab.Choose("#years", "5")
	tab.Choose("#prefecture", "13")
	tab.Fill("#pay", "480")
	tab.Click("main form button.primary")
	tab.At("/insight")
	tab.Fill("#email", email)
	tab.Fill("#password", e2e.Password)
	tab.Click(`form[action="/signup"] button.primary`)
	tab.At("/offers")
	return email
}

// TestFlows goes the ways of people through one market, each with a browser's store of
// their own.
func TestFlows(t *testing.T) {
	all := newStage(t)
	for _, flow := range []struct {
		name string
		run  func(*stage)
	}{
		{"a stranger on a phone", func(s *stage) { s.strangerGetsAnOffer(e2e.Phone) }},
		{"a deal is made", aDealIsMade},
		{"a stranger at a desk", func(s *stage) { s.strangerGetsAnOffer(e2e.Desktop) }},
		{"in English", inEnglish},
		{"keyboard alone", keyboardAlone},
		{"without scripts", withoutScripts},
		{"a line that breaks", aLineThatBreaks},
		{"an editor whose line breaks", anEditorWhoseLineBreaks},
		{"a decline in the inbox", aDeclineInTheInbox},
		{"a fault is shown in place", aFaultIsShownInPlace},
		{"two clicks", twoClicks},
		{"offers arrive", offersArrive},
		{"those chosen stay", theChosenStay},
		{"a search answers its first key", aSearchAnswersItsFirstKey},
		{"a word is searched as it is typed", aWordIsSearchedAsItIsTyped},
		{"a session that ends", aSessionThatEnds},
		{"drafts are their author's", draftsAreTheirAuthors},
		{"parts of a page are its reader's", partsAreTheirs},
		{"a company and a stranger", aCompanyAndAStranger},
		{"a card that cannot move", aCardThatCannotMove},
		{"tables on paper", tablesOnPaper},
		{"a company on a phone", aCompanyOnAPhone},
		{"leaving", leaving},
		{"search by keyboard", searchByKeyboard},
		{"board by keyboard", boardByKeyboard},
		{"scouts", scouts},
		{"a builder comes back", aBuilderComesBack},
		{"nothing under the bar of a phone", nothingUnderTheBar},
		{"a session that ends in the rule builder", aBuilderWhoseSessionEnds},
		{"a rule that is not saved", aRuleThatIsNotSaved},
	} {
		t.Run(flow.name, func(t *testing.T) { flow.run(&stage{t, all.server, all.browser}) })
	}
}

// strangerGetsAnOffer goes from the landing page to the first offer.
func (s *stage) strangerGetsAnOffer(width int) {
	tab := s.tab(e2e.View{Width: width})
	tab.Within(3*time.Minute, func() {
		stranger(tab)
		tab.Click("main article h2 a")
		tab.Has("dl.terms")
	})
	const most = 25
	if tab.Inputs > most {
		s.Errorf("%d inputs from the landing page to the first offer, want at most %d", tab.Inputs, most)
	}
	s.Logf("%d inputs", tab.Inputs)
	tab.Says("条件（送付時点）", "受動喫煙対策")
	accepts(tab)
}

// accepts accepts the offer whose page is open, as somebody who has not said who they are.
func accepts(tab *e2e.Tab) {
	tab.Fill("#name", "山田 花子")
	tab.Click(`#accept button`)
	tab.Says("承諾済み")
}
