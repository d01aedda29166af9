package e2e_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"enishi/internal/e2e"
)

// onInsight comes to the form that registers, and types into it.
func onInsight(tab *e2e.Tab) (email string) {
	email = address("typed")
	tab.Open("/insight?occupation=0312&years=5&prefecture=13&pay=480")
	tab.Fill("#email", email)
	tab.Fill("#password", e2e.Password)
	return email
}

const register = `form[action="/signup"] button.primary`

// aLineThatBreaks sends a form while there is no line, and again when there is.
func aLineThatBreaks(s *stage) {
	tab := s.tab(e2e.View{Width: e2e.Phone})
	email := onInsight(tab)
	tab.Expect("ERR_INTERNET_DISCONNECTED")
	tab.Offline(true)
	tab.Click(register)
	tab.Says("送信できませんでした。入力した内容は残っています。")
	tab.Field("#email", email)
	tab.Field("#password", e2e.Password)
	tab.Unbarred()
	tab.Offline(false)
	tab.Click("[data-toast=send] button")
	tab.At("/offers")
	tab.Expect()
}

// TestARestartWhileSomebodyTypes stops the server in the middle of a form, sends it to
// nobody, reloads a page that is not there, and goes on when the server is back.
func TestARestartWhileSomebodyTypes(t *testing.T) {
	s := newStage(t)
	tab := s.tab(e2e.View{})
	tab.Open("/")
	tab.Choose("#years", "5")
	tab.Fill("#pay", "523")
	tab.Open("/signin")
	tab.Open("/")
	tab.Says("入力の続きを戻しました。")
	tab.Field("#pay", "523")
	tab.Field("#years", "5")

	email := onInsight(tab)
	tab.Expect("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
	s.server.Stop()
	tab.Click(register)
	tab.Says("送信できませんでした。入力した内容は残っています。")
	tab.Field("#email", email)
	s.server.Start()
	tab.Reload()
	tab.Says("入力の続きを戻しました。")
	tab.Field("#email", email)
	tab.Field("#password", "")
	tab.Expect()
	tab.Fill("#password", e2e.Password)
	tab.Click(register)
	tab.At("/offers")
	tab.Open("/insight?occupation=0312&years=5&prefecture=13&pay=480")
	tab.SignOut()
	tab.Reload()
	tab.Field("#email", "") // it was sent, and forgotten
}

// aFaultIsShownInPlace sends a form that is refused: it comes back with the fault,
// the focus on its field, under the same address.
func aFaultIsShownInPlace(s *stage) {
	tab := s.tab(e2e.View{})
	tab.Open("/insight?occupation=0312&years=5&prefecture=13&pay=480")
	tab.Fill("#email", "taro@example.jp")
	tab.Fill("#password", "short")
	tab.Expect("422")
	tab.Click(register)
	tab.Says("8文字以上")
	tab.Has("#password[aria-invalid=true]:focus")
	tab.Field("#email", "taro@example.jp")
	tab.At("/insight")
	tab.Unbarred()
	tab.Expect()
}

// twoClicks sends a form twice at once: it is sent once.
func twoClicks(s *stage) {
	tab := s.tab(e2e.View{})
	onInsight(tab)
	tab.Run(`window.sent = 0; const real = window.fetch; window.fetch = (...all) => { window.sent++; return new Promise((go) => setTimeout(() => go(real(...all)), 500)); }; 0`)
	tab.Run(`for (let i = 0; i < 3; i++) document.querySelector('` + register + `').click()`)
	if n := tab.Number("window.sent"); n != 1 {
		s.Errorf("it was sent %d times, want once", n)
	}
	tab.At("/offers")
}

// aSessionThatEnds loses its session on the page of an offer: the answer waits
// until its owner has signed in again.
func aSessionThatEnds(s *stage) {
	for _, plain := range []bool{false, true} {
		tab := s.tab(e2e.View{NoJS: plain})
		email := stranger(tab)
		tab.Click("main article h2 a")
		tab.Has(`form[action$="/accept"]`)
		path := tab.Path()
		tab.SignOut()
		tab.Expect("401")
		tab.Fill("#name", "山田 花子")
		tab.Click("#accept button")
		tab.Says("ログインの有効期限が切れました。入力した内容は残っています。")
		tab.Fill("#email", email)
		tab.Fill("#password", e2e.Password)
		tab.Click("main form button.primary")
		tab.Says("ログインしました。")
		tab.Click("main form button.primary")
		tab.At(path)
		tab.Says("承諾済み")
		tab.Expect()
	}
}

// aBuilderWhoseSessionEnds loses its session while a rule is being built: the page
// stays, says so, and goes on once somebody has signed in beside it.
func aBuilderWhoseSessionEnds(s *stage) {
	tab := s.tab(e2e.View{})
	tab.SignIn("company1@example.jp")
	tab.Open("/company/rules/new")
	tab.Fill("#daily_budget", "7")
	tab.SignOut()
	tab.Expect("401")
	tab.Click("#filter-skill .choices input")
	tab.Says("ログインの有効期限が切れました。入力した内容は残っています。")
	tab.Has(`.toast a[href="/signin"][target=_blank]`)
	tab.Unbarred()
	tab.At("/company/rules/new")
	tab.Field("#daily_budget", "7")
	tab.Run(`fetch("/signin", { method: "POST", body: new URLSearchParams({ email: "company1@example.jp", password: "` + e2e.Password + `" }) }).then(() => { window.again = true })`)
	tab.Until("window.again") // which takes a busy machine a while
	tab.Expect()
	tab.Fill("#total_budget", "70")
	tab.Click("#filter-occupation .choices input")
	tab.Has(".clauses li:nth-child(2)") // the choice that failed is asked with the next
	tab.Field("#daily_budget", "7")
	tab.Field("#total_budget", "70")
	tab.Has("body:not(:has(.toast))")
}

// theChosenStay ticks somebody in a search, and changes its conditions.
func theChosenStay(s *stage) {
	tab := s.tab(e2e.View{})
	tab.SignIn("company1@example.jp")
	tab.Open("/company/candidates")
	tab.Click(".person:first-child input[name=card]")
	tab.Click("#filter-skill .choices input")
	tab.Has(".removable")
	tab.Has(".choose-bar input[name=card], .person input[name=card]:checked")
	tab.Click(".removable")
	tab.Says("条件はまだありません")
	tab.Has(".person:first-child input[name=card]:checked")
	tab.Click(".person:first-child input[name=card]")
	tab.Click("#filter-skill .choices input")
	tab.Has(".removable")
	tab.Has("body:not(:has(.choose-bar input[name=card], .person input[name=card]:checked))")
}

// withoutScripts goes from the landing page to an accepted offer where no scripts
// run.
func withoutScripts(s *stage) {
	tab := s.tab(e2e.View{NoJS: true, Width: e2e.Phone})
	stranger(tab)
	tab.Click("main article h2 a")
	accepts(tab)
}

// keyboardAlone goes the same way with Tab, Enter and what is typed.
func keyboardAlone(s *stage) {
	tab := s.tab(e2e.View{})
	tab.Open("/")
	tab.Tabs("#occupation")
	tab.Press("ソ") // a letter chooses in a list
	tab.Choose("#occupation", "0312")
	tab.Tabs("#years")
	tab.Press(kb.ArrowDown)
	tab.Press(kb.ArrowDown)
	tab.Tabs("#prefecture")
	for range 13 {
		tab.Press(kb.ArrowDown)
	}
	tab.Tabs("#pay")
	tab.Press("480")
	tab.Press(kb.Enter)
	tab.At("/insight")
	tab.Tabs("#email")
	tab.Press(address("keys"))
	tab.Tabs("#password")
	tab.Press(e2e.Password)
	tab.Press(kb.Enter)
	tab.At("/offers")
	tab.Tabs("main article h2 a")
	tab.Press(kb.Enter)
	tab.Has("dl.terms")
	tab.Tabs("#name")
	tab.Press("Hanako Yamada")
	tab.Press(kb.Enter)
	tab.Says("承諾済み")
}

// inEnglish goes the way of a stranger in English.
func inEnglish(s *stage) {
	tab := s.tab(e2e.View{Lang: "en", Width: e2e.Phone})
	stranger(tab)
	tab.Says("Offers")
	tab.Click("main article h2 a")
	tab.Says("Terms, as sent", "Annual pay")
	tab.Click(`form[action="/language"] button`)
	tab.Says("条件（送付時点）")
}

// anEditorWhoseLineBreaks fills in the two longest forms on a phone while there is no
// line: each stays with what was typed, and is sent when the line is back. What is said
// meanwhile does not lie over the buttons.
func anEditorWhoseLineBreaks(s *stage) {
	tab := s.tab(e2e.View{Width: e2e.Phone})
	stranger(tab)
	for path, field := range map[string]string{"/profile": "#pay", "/wishes": "#pay_min"} {
		tab.Open(path)
		tab.Fill(field, "612")
		tab.Expect("ERR_INTERNET_DISCONNECTED")
		tab.Offline(true)
		tab.Click(".savebar .primary")
		tab.Says("送信できませんでした。入力した内容は残っています。")
		tab.At(path)
		tab.Field(field, "612")
		const covered = `(() => {
			const r = document.querySelector(".savebar .primary").getBoundingClientRect();
			return document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2)?.closest(".toast") ? 1 : 0;
		})()`
		if tab.Number(covered) != 0 {
			s.Errorf("%s: what is said lies over the button", path)
		}
		tab.Offline(false)
		tab.Reload()
		tab.Says("入力の続きを戻しました。")
		if tab.Number(covered) != 0 {
			s.Errorf("%s: what is said of a draft lies over the button", path)
		}
		tab.Expect()
		tab.Field(field, "612")
		tab.Click(".savebar .primary")
		tab.Says("保存しました")
		tab.Field(field, "612")
		tab.Has("body:not(:has(.toast))")
	}
	tab.Open("/profile")
	tab.Click("#add-skill") // a step on the form: it is not sent for good
	tab.Has("#skill .rowed")
	tab.At("/profile")
	rowsComeBack(tab)
}

// rowsComeBack adds rows to a career, types into them, and comes back to them by a
// reload, and from another page.
func rowsComeBack(tab *e2e.Tab) {
	const employer, skill = `[name^="history."][name$=".employer"]`, `#skill .rowed select`
	tab.Click("#add-history")
	tab.Has(employer)
	tab.Fill(employer, "株式会社つづき")
	tab.Run(`{ const level = document.querySelector("` + skill + `"); level.value = "4"; level.dispatchEvent(new Event("change", { bubbles: true })) }`)
	for _, leave := range []func(){tab.Reload, func() { tab.Open("/wishes"); tab.Open("/profile") }} {
		leave()
		tab.Says("入力の続きを戻しました。")
		tab.Field(employer, "株式会社つづき")
		tab.Field(skill, "4")
	}
	tab.Click("#skill .rowed:last-of-type button") // what was taken away stays away
	tab.Until(`!document.querySelector("#skill .rowed")`)
	tab.Reload()
	tab.Field(employer, "株式会社つづき")
	tab.Until(`!document.querySelector("#skill .rowed")`)
}

// aDeclineInTheInbox declines an offer in the middle of a list, with and without
// scripts: the reason is asked there, and the reader goes on from there.
func aDeclineInTheInbox(s *stage) {
	for _, plain := range []bool{false, true} {
		tab := s.tab(e2e.View{NoJS: plain, Width: e2e.Phone})
		stranger(tab)
		tab.Has("article:nth-of-type(3)")
		tab.Click("article:nth-of-type(3) button[popovertarget^=decline]")
		tab.Click("article:nth-of-type(3) [popover]:popover-open input[value=place]")
		tab.Click("article:nth-of-type(3) [popover]:popover-open .primary")
		tab.At("/offers")
		tab.Says("を辞退しました")
		tab.Has("article:nth-of-type(3) #answered")
		tab.Has("#answered:focus, #answered:target")
		const inSight = `(() => { const r = document.querySelector("#answered").getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight && scrollY > 0 ? 1 : 0; })()`
		if tab.Number(inSight) != 1 {
			s.Errorf("without scripts %t: the answer is out of sight", plain)
		}
		tab.Click("article:nth-of-type(3) form[action$='/undo'] button")
		tab.Says("辞退を取り消しました")
	}
}

// aBuilderComesBack ticks options, whose lists are sorted anew each time, joins two of
// them by an or, and finds the same condition after a reload.
func aBuilderComesBack(s *stage) {
	tab := s.tab(e2e.View{})
	tab.SignIn("company1@example.jp")
	tab.Open("/company/rules/new")
	const total, clauses = `document.querySelector("#total").innerText`, `[...document.querySelectorAll(".clauses li")].map((li) => li.innerText.trim()).join(" / ")`
	before := tab.Text(total)
	for _, option := range []string{"#skill-word", "#skill-excel", "#willing_prefecture-27"} {
		tab.Click(option)
		tab.Has(option + ":checked")
		tab.Until(fmt.Sprintf("%s !== %q", total, before))
		before = tab.Text(total)
	}
	wanted := tab.Text(clauses)
	tab.Reload()
	tab.Says("入力の続きを戻しました。")
	tab.Until(fmt.Sprintf("%s === %q", total, before))
	if is := tab.Text(clauses); is != wanted {
		s.Errorf("the condition was %q and comes back as %q", wanted, is)
	}
	for _, pick := range []string{"#pick-0", "#pick-1"} {
		tab.Click(pick)
		tab.Has(pick + ":checked")
	}
	tab.Click(`button[value="any"]`)
	tab.Until(fmt.Sprintf("%s !== %q", total, before))
	before, wanted = tab.Text(total), tab.Text(clauses)
	tab.Reload()
	tab.Until(fmt.Sprintf("%s === %q", total, before))
	if is := tab.Text(clauses); is != wanted {
		s.Errorf("the group was %q and comes back as %q", wanted, is)
	}
}
