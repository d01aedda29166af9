package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"enishi/internal/corpnum"
	"enishi/internal/e2e"
	"enishi/internal/fleet"
)

// tick ticks a box, unfolding what it is folded into.
func tick(tab *e2e.Tab, selector string) {
	tab.Has(selector)
	tab.Run(fmt.Sprintf(`for (let d = document.querySelector(%q).closest("details"); d; d = d.parentElement.closest("details")) d.open = true`, selector))
	tab.Click(selector)
}

// found gives how many people the search page says there are.
func found(t *testing.T, tab *e2e.Tab) string {
	t.Helper()
	tab.Open("/company/candidates")
	text := tab.Text(`document.querySelector("#total").innerText`)
	n := strings.ReplaceAll(regexp.MustCompile(`[0-9,]+`).FindString(text), ",", "")
	if n == "" {
		t.Fatalf("no number in %q", text)
	}
	return n
}

// aCompanyAndAStranger has a company register, write a position and begin to send by a
// rule; a stranger gets its offer, and then blocks it.
func aCompanyAndAStranger(s *stage) {
	person := s.tab(e2e.View{Width: e2e.Phone})
	stranger(person)
	person.Has("body[data-listening]")
	person.Run("window.same = true")

	firm := s.tab(e2e.View{})
	const name, title = "あさひ計測株式会社", "計測ソフトの設計と開発"
	number := corpnum.From(810_000_000_001).String()
	founds(firm, number, name)
	publishes(firm, title)
	starts(firm)
	person.Says("新しいオファーが届きました。", title, name)
	if person.Text("window.same") != "true" {
		s.Error("the inbox was loaded again")
	}
	blocks(s, person, firm, number, title)
}

// founds registers a company and its owner, whose address it gives.
func founds(firm *e2e.Tab, number, name string) (email string) {
	email = address("founder")
	firm.Open("/companies/new")
	firm.Fill("#corporate_number", number)
	firm.Fill("#name", name)
	firm.Choose("#size", "2")
	firm.Fill("#email", email)
	firm.Fill("#password", e2e.Password)
	firm.Click("main form.card button.primary")
	firm.At("/company")
	return email
}

// publishes writes a position with all that the law wants, and publishes it.
func publishes(firm *e2e.Tab, title string) {
	firm.Open("/company/positions/new")
	firm.Fill("#title", title)
	firm.Choose("#occupation", "0312")
	firm.Choose("#employment_type", "seishain")
	tick(firm, `input[name=prefecture][value="13"]`)
	firm.Fill("#pay_min", "600")
	firm.Fill("#pay_max", "800")
	firm.Run(`for (const e of document.querySelectorAll('textarea[name^="legal."]')) { e.value = "記載のとおり"; e.dispatchEvent(new Event("input", {bubbles: true})); }`)
	firm.Click(`main form[action^="/company/positions"] button.primary`)
	firm.Has(`form[action$="/publish"]`)
	firm.Click(`form[action$="/publish"] button`)
	firm.Says("公開しました。")
}

// starts builds a rule by clicking, looks at whom it reaches, and activates it.
func starts(firm *e2e.Tab) {
	firm.Open("/company/rules/new")
	firm.Click("#filter-occupation > summary")
	if firm.Text(`document.querySelector("#filter-occupation").open`) != "true" {
		firm.Click("#filter-occupation > summary") // it was open
	}
	firm.Click(`button[name=all][value=occupation]`)
	tick(firm, `#filter-occupation input[type=checkbox][value="0312"]`)
	firm.Has(`.clauses li`)
	firm.Run(`{ const list = document.querySelector("#position"); list.selectedIndex = list.options.length - 1; list.dispatchEvent(new Event("change", {bubbles: true})) }`)
	firm.Fill("#daily_budget", "500")
	firm.Fill("#total_budget", "500")
	firm.Click(`button[name=do][value=preview]`)
	firm.Says("いま有効にすると")
	firm.Click(`button[name=do][value=save]`)
	firm.Click(`main a[href$="/activate"]`)
	firm.Says("14日以内に面接の日程を決め")
	firm.Click("main form.row button.primary")
	firm.Says("停止する")
}

// aRuleThatIsNotSaved changes a rule and would activate it: it is told to save first, and
// nothing is activated; once it is saved, the way is free.
func aRuleThatIsNotSaved(s *stage) {
	tab := s.tab(e2e.View{})
	founds(tab, corpnum.From(810_000_000_002).String(), "まだ保存しない会社")
	publishes(tab, "保存を待つ求人")
	tab.Open("/company/rules/new")
	tab.Run(`{ const list = document.querySelector("#position"); list.selectedIndex = list.options.length - 1; list.dispatchEvent(new Event("change", {bubbles: true})) }`)
	tab.Click(`button[name=do][value=save]`)
	tab.Has(`main a[href$="/activate"]`)
	path := tab.Path()
	tab.Fill("#daily_budget", "7")
	tab.Click(`main a[href$="/activate"]`)
	tab.Says("保存していない変更があります。先に保存してください。")
	tab.Unbarred()
	tab.At(path)
	tab.Field("#daily_budget", "7")
	tab.Click(`button[name=do][value=save]`)
	tab.Has("body:not(:has([data-toast=unsaved]))")
	tab.Field("#daily_budget", "7")
	tab.Click(`main a[href$="/activate"]`)
	tab.Says("14日以内に面接の日程を決め")
}

// blocks has a person block a company that has sent an offer: it waits no longer for the
// person, looks expired to the company, and the company finds one fewer.
func blocks(s *stage, person, firm *e2e.Tab, number, title string) {
	before := found(s.T, firm)
	firm.Open("/company/pipeline")
	const over = `document.querySelector("#column-over .figure").innerText`
	if n := firm.Text(over); n != "0" {
		s.Errorf("%s offers are over before anybody answered, want 0", n)
	}
	person.Open("/settings")
	person.Fill("#company", number)
	person.Click(`#blocks form.tight button`)
	person.Says(number, "解除する")
	firm.Reload()
	if n := firm.Text(over); n != "1" {
		s.Errorf("%s offers are over after the block, want 1", n)
	}
	firm.Says("期限切れ")
	person.Open("/offers?show=waiting")
	if strings.Contains(person.Text("document.body.innerText"), title) {
		s.Error("an offer of a blocked company still waits for an answer")
	}
	var n, m int
	_, _ = fmt.Sscan(before, &n)
	for begun := time.Now(); ; fleet.Wait(s.T, 100*time.Millisecond) {
		if _, _ = fmt.Sscan(found(s.T, firm), &m); m == n-1 {
			return
		}
		if time.Since(begun) > 10*time.Second {
			s.Fatalf("the company finds %d people after the block, want %d", m, n-1)
		}
	}
}

// leaving erases a person, who cannot sign in after it.
func leaving(s *stage) {
	tab := s.tab(e2e.View{Width: e2e.Phone})
	email := stranger(tab)
	tab.Open("/settings/leave")
	tab.Click("input[name=sure]")
	tab.Click("main form button.danger")
	tab.Says("退会しました。データは消えました")
	tab.Open("/signin")
	tab.Fill("#email", email)
	tab.Fill("#password", e2e.Password)
	tab.Expect("401", "422")
	tab.Click("main form button.primary")
	tab.Says("メールアドレスかパスワードが違います。")
	tab.Expect()
}

// searchByKeyboard goes through the people that were found, chooses one and opens
// another.
func searchByKeyboard(s *stage) {
	tab := s.tab(e2e.View{})
	tab.SignIn("company1@example.jp")
	tab.Open("/company/candidates")
	at := func(n int) { s.Helper(); tab.Has(fmt.Sprintf(".people > li:nth-child(%d) h2 a:focus", n)) }
	tab.Tabs("[data-keys] h2 a")
	at(1)
	tab.Press("j")
	at(2)
	tab.Press("x")
	tab.Has(".people > li:nth-child(2) input:checked")
	tab.Press("k")
	at(1)
	tab.Press(kb.Enter)
	tab.Until(`/^\/company\/candidates\/./.test(location.pathname)`)
}

// boardByKeyboard takes a card of the board one step further by Tab and Enter; the
// board that is open elsewhere follows.
func boardByKeyboard(s *stage) {
	tab := s.tab(e2e.View{})
	tab.SignIn("company1@example.jp")
	tab.Open("/company/pipeline")
	other := s.tab(e2e.View{})
	other.SignIn("company1@example.jp")
	other.Open("/company/pipeline")
	other.Has("body[data-listening]")
	const figures = `[...document.querySelectorAll("#board h2 .figure")].map((e) => e.innerText).join()`
	before := other.Text(figures)
	other.Run("window.same = true")
	tab.Tabs("[data-card] a.button")
	tab.Press(kb.Enter)
	tab.Until(`/^\/company\/pipeline\/./.test(location.pathname)`)
	tab.Tabs(`form[action^="/company/pipeline/"] button`)
	tab.Press(kb.Enter)
	tab.At("/company/pipeline")
	other.Until(fmt.Sprintf("window.same && %s !== %q", figures, before))
}

// nothingUnderTheBar gives each box of the search the focus on a phone, where a bar
// stands at the foot of the window: none stays under it.
func nothingUnderTheBar(s *stage) {
	tab := s.tab(e2e.View{Width: e2e.Phone})
	tab.SignIn("company1@example.jp")
	tab.Open("/company/candidates")
	const hidden = `(() => {
		const fields = [...document.querySelectorAll("#search input[type=checkbox], #search input[type=radio]")];
		for (const e of fields) for (let d = e.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
		if (fields.length < 20) return "only " + fields.length + " fields";
		return fields.filter((e) => {
			window.scrollTo(0, 0);
			e.focus({preventScroll: true});
			e.scrollIntoView({block: "nearest"});
			const r = e.getBoundingClientRect(), hit = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
			return hit !== e && !hit?.closest("label")?.contains(e);
		}).map((e) => e.id).join(" ");
	})()`
	if under := tab.Text(hidden); under != "" {
		s.Errorf("these are covered when they have the focus: %s", under)
	}
}
