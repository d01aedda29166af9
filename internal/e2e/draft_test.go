package e2e_test

import (
	"testing"

	"enishi/internal/e2e"
)

// draftsAreTheirAuthors types into a career without saving, goes each of the ways out, and
// lets somebody else sign in on the same tab: they find their own career and no trace of
// what was typed. Only who lost their session finds it again.
func draftsAreTheirAuthors(s *stage) {
	const typed = "前の人が書きかけた自己紹介"
	const traces = `Object.keys(sessionStorage).filter((key) => JSON.stringify([key, sessionStorage[key]]).includes("` + typed + `")).length`
	tab := s.tab(e2e.View{})
	tab.SignIn("demo4@example.jp")
	tab.Open("/profile")
	text, name := tab.Text(`document.querySelector("#text").value`), tab.Text(`document.querySelector("#name").value`)
	tab.SignOut()
	for _, way := range []struct {
		name  string
		out   func(*e2e.Tab)
		stays bool // until somebody else comes
	}{
		{"sign out", func(tab *e2e.Tab) {
			tab.Click(`form[action="/signout"] button`)
			tab.At("/")
		}, false},
		{"sign out everywhere", func(tab *e2e.Tab) {
			tab.Open("/account")
			tab.Click(`button[popovertarget="everywhere"]`)
			tab.Click(`form[action="/account/signout"] .primary`)
			tab.At("/signin")
		}, false},
		{"leave", func(tab *e2e.Tab) {
			tab.Open("/settings/leave")
			tab.Click("input[name=sure]")
			tab.Click("main form button.danger")
			tab.Says("退会しました。データは消えました")
		}, false},
		{"lose the session", (*e2e.Tab).SignOut, true},
	} {
		email := stranger(tab)
		tab.Open("/profile")
		tab.Fill("#text", typed)
		tab.Until(traces + " === 1")
		way.out(tab)
		if stays := tab.Number(traces) > 0; stays != way.stays {
			s.Errorf("%s: what was typed is still in the tab: %t", way.name, stays)
		}
		if way.stays {
			tab.SignIn(email)
			tab.Open("/profile")
			tab.Says("入力の続きを戻しました。")
			tab.Field("#text", typed)
			tab.SignOut()
		}
		tab.SignIn("demo4@example.jp")
		tab.Open("/profile")
		tab.Field("#text", text)
		tab.Field("#name", name)
		tab.Has("body:not(:has(.toast))")
		if tab.Number(traces) > 0 {
			s.Errorf("%s: what was typed is in the tab of somebody else", way.name)
		}
		tab.SignOut()
	}
	nobodysDraftsStay(tab)
}

// nobodysDraftsStay types while nobody is signed in: it is there again for as long as
// nobody is, whoever was meanwhile.
func nobodysDraftsStay(tab *e2e.Tab) {
	tab.Open("/")
	tab.Fill("#pay", "523")
	tab.SignIn("demo4@example.jp")
	tab.Open("/profile")
	tab.SignOut()
	tab.Open("/")
	tab.Says("入力の続きを戻しました。")
	tab.Field("#pay", "523")
}

// TestAPageWithAnotherBeside keeps an inbox open while another account signs in beside it: the
// page takes over nothing of theirs when news arrive, and what it sends is not theirs. It
// has a market of its own: an inbox takes so many a week.
func TestAPageWithAnotherBeside(t *testing.T) {
	s := newStage(t)
	tab := s.tab(e2e.View{})
	stranger(tab)
	tab.Has("body[data-listening]")
	signsInBeside(tab, "demo4@example.jp")
	const inbox = `document.querySelector("#inbox").innerText`
	before := tab.Text(inbox)
	tab.Run(`{ const real = window.fetch; window.fetch = (...all) => real(...all).finally(() => setTimeout(() => { window.read = true }, 500)) }`)
	s.sendsOffers("隣の人がいる間の会社", "隣の人がいる間の求人")
	tab.Says("新しいオファーが届きました。")
	tab.Until("window.read")
	if after := tab.Text(inbox); after != before {
		s.Errorf("the inbox was\n%s\nand is\n%s", before, after)
	}
	tab.Expect("401")
	tab.Click(`article button[popovertarget^="accept-"]`)
	tab.Fill(`article [popover]:popover-open input[name=name]`, "山田 花子")
	tab.Click(`article [popover]:popover-open form[action$="/accept"] button.primary`)
	tab.Says("ログインの有効期限が切れました。入力した内容は残っています。")
	tab.Expect()
}

// signsInBeside makes the session of a tab's browser another's, as another tab does.
func signsInBeside(tab *e2e.Tab, email string) {
	tab.Run(`fetch("/signin", { method: "POST", body: new URLSearchParams({ email: "` + email + `", password: "` + e2e.Password + `" }) }).then(() => { window.beside = true })`)
	tab.Until("window.beside")
}

// partsAreTheirs changes a rule and a career on pages that stayed open while another account
// signed in beside: what the page asks for while it is filled in, and what it sends,
// is not done as that account.
func partsAreTheirs(s *stage) {
	tab := s.tab(e2e.View{})
	for _, page := range []struct {
		of, beside, path string
		change           func()
	}{
		{"demo4@example.jp", "demo5@example.jp", "/profile", func() {
			tab.Fill("#pay", "641")
			tab.Press("\t") // which ends the change
		}},
		{"company1@example.jp", "company2@example.jp", "/company/rules/new", func() { tab.Choose(`form.builder [name="skill.min"]`, "3") }},
	} {
		tab.SignIn(page.of)
		tab.Open(page.path)
		signsInBeside(tab, page.beside)
		tab.Expect("401")
		page.change()
		tab.Says("ログインの有効期限が切れました。入力した内容は残っています。")
		tab.Expect()
		tab.SignOut()
	}
}
