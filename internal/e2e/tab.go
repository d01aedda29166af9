package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Open goes to a path of the site.
func (tab *Tab) Open(path string) {
	tab.t.Helper()
	tab.run(chromedp.Navigate(tab.url + path))
}

// Reload loads the page again.
func (tab *Tab) Reload() {
	tab.t.Helper()
	tab.run(chromedp.Reload())
}

// Click clicks what a selector finds.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.Inputs++
	tab.run(chromedp.WaitVisible(selector, chromedp.ByQuery))
	tab.until("nothing over "+selector, fmt.Sprintf(uncovered, selector))
	tab.run(chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible))
}

// uncovered scrolls to an element that lies under what floats above the page, as a
// person does, and says whether it can be clicked: whether it stands still, and its form
// waits for no answer that may move it.
const uncovered = `(() => {
	const element = document.querySelector(%[1]q);
	const free = () => {
		const box = element.getBoundingClientRect();
		const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)?.closest(".savebar, .toast");
		return !over || over.contains(element);
	};
	if (!element || element.closest("form")?.classList.contains("htmx-request")) return false;
	if (!free()) element.scrollIntoView({ block: "center", behavior: "instant" });
	const box = element.getBoundingClientRect(), at = [%[1]q, box.x, box.y].join();
	const still = window.stoodAt === at;
	window.stoodAt = at;
	return still && free();
})()`

// Fill replaces what stands in a field.
func (tab *Tab) Fill(selector, text string) {
	tab.t.Helper()
	tab.Inputs++
	tab.run(chromedp.Focus(selector, chromedp.ByQuery), chromedp.Evaluate(fmt.Sprintf("document.querySelector(%q).select?.()", selector), nil))
	if text == "" {
		tab.run(chromedp.KeyEvent(kb.Backspace))
		return
	}
	tab.run(chromedp.KeyEvent(text))
}

// Choose chooses an entry of a list by its value, as a person does.
func (tab *Tab) Choose(selector, value string) {
	tab.t.Helper()
	tab.Inputs++
	tab.until("a list "+selector, fmt.Sprintf("document.querySelector(%q)", selector))
	tab.Run(fmt.Sprintf(`(() => {
		const list = document.querySelector(%q);
		if (![...list.options].some((o) => o.value === %q)) throw new Error("no such entry: " + %q);
		list.value = %q;
		list.dispatchEvent(new Event("input", {bubbles: true}));
		list.dispatchEvent(new Event("change", {bubbles: true}));
	})()`, selector, value, value, value))
}

// Press presses a key on whatever has the focus.
func (tab *Tab) Press(key string) {
	tab.t.Helper()
	tab.run(chromedp.KeyEvent(key))
}

// Run runs a script.
func (tab *Tab) Run(script string) {
	tab.t.Helper()
	tab.run(chromedp.Evaluate(script, nil))
}

// Text gives the value of an expression as text.
func (tab *Tab) Text(expression string) string {
	tab.t.Helper()
	var text string
	tab.run(chromedp.Evaluate("String("+expression+")", &text))
	return text
}

// Number gives the value of an expression.
func (tab *Tab) Number(expression string) int {
	tab.t.Helper()
	n, err := strconv.Atoi(tab.Text(expression))
	if err != nil {
		tab.t.Fatalf("%s: %v", expression, err)
	}
	return n
}

// Path gives where the tab is.
func (tab *Tab) Path() string {
	tab.t.Helper()
	return tab.Text("location.pathname")
}

// At waits until the tab is at a path.
func (tab *Tab) At(path string) {
	tab.t.Helper()
	tab.until("to be at "+path, fmt.Sprintf(`location.pathname === %q && document.readyState === "complete"`, path))
}

// Says waits until the page says each of the texts.
func (tab *Tab) Says(texts ...string) {
	tab.t.Helper()
	for _, text := range texts {
		tab.until("the page says "+text, "document.body && "+saying(text))
	}
}

// saying is whether the page says a text, whatever is in either that only tells the
// browser where a line may end.
func saying(text string) string {
	const breaks = "\u2060\u200b"
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(breaks, r) {
			return -1
		}
		return r
	}, text)
	return fmt.Sprintf("document.body.innerText.replace(/[\\u2060\\u200b]/g, '').includes(%q)", text)
}

// Lacks waits until the page does not say a text.
func (tab *Tab) Lacks(text string) {
	tab.t.Helper()
	tab.until("the page does not say "+text, "document.body && !"+saying(text))
}

// Has waits until a selector finds something.
func (tab *Tab) Has(selector string) {
	tab.t.Helper()
	tab.until("there is "+selector, fmt.Sprintf("document.querySelector(%q)", selector))
}

// Until waits until an expression is true.
func (tab *Tab) Until(expression string) {
	tab.t.Helper()
	tab.until(expression, expression)
}

// Offline cuts the tab's line, or joins it.
func (tab *Tab) Offline(cut bool) {
	tab.t.Helper()
	tab.run(network.EmulateNetworkConditions(cut, 0, -1, -1))
}

// SignIn signs in with the demo's password.
func (tab *Tab) SignIn(email string) {
	tab.t.Helper()
	tab.Open("/signin")
	tab.Fill("#email", email)
	tab.Fill("#password", Password)
	tab.Click("main form button.primary")
	tab.until("to be signed in", `location.pathname !== "/signin" && document.readyState === "complete"`)
}

// SignOut forgets the session, as a browser does when it has ended. The page that is open may be
// about to listen for what is new: that it is refused from now on is no fault.
func (tab *Tab) SignOut() {
	tab.t.Helper()
	tab.mu.Lock()
	tab.signedOut = true
	tab.mu.Unlock()
	tab.run(network.DeleteCookies("enishi_session").WithURL(tab.url))
}

// Tabs presses the Tab key until the focus is on what a selector finds, and fails if
// it does not come there or cannot be seen on its way.
func (tab *Tab) Tabs(selector string) {
	tab.t.Helper()
	const most = 120
	for range most {
		tab.Press(kb.Tab)
		where := tab.Text(fmt.Sprintf(`(() => {
			const e = document.activeElement;
			if (!e || e === document.body) return "body";
			const s = getComputedStyle(e);
			if (s.outlineStyle === "none" || parseFloat(s.outlineWidth) < 2) return "unseen: " + e.outerHTML.slice(0, 200);
			return e.matches(%q) ? "there" : "on";
		})()`, selector))
		switch {
		case where == "there":
			return
		case strings.HasPrefix(where, "unseen"):
			tab.t.Errorf("the focus cannot be seen: %s", where)
		}
	}
	tab.t.Fatalf("Tab does not reach %s, on %s", selector, tab.told())
}

// Shot keeps a picture of the whole page.
func (tab *Tab) Shot() []byte {
	tab.t.Helper()
	var picture []byte
	tab.run(chromedp.FullScreenshot(&picture, 100))
	return picture
}

// Within runs f and fails if it takes longer.
func (tab *Tab) Within(limit time.Duration, f func()) {
	tab.t.Helper()
	begun := time.Now()
	f()
	if took := time.Since(begun); took > limit {
		tab.t.Errorf("it took %s, want at most %s", took, limit)
	}
}

// Field fails unless a field has a value.
func (tab *Tab) Field(selector, want string) {
	tab.t.Helper()
	tab.Has(selector)
	if got := tab.Text(fmt.Sprintf("document.querySelector(%q).value", selector)); got != want {
		tab.t.Errorf("%s holds %q, want %q", selector, got, want)
	}
}

// Unbarred fails if axe finds something on the page.
func (tab *Tab) Unbarred() {
	tab.t.Helper()
	for _, barrier := range tab.Barriers() {
		tab.t.Error(barrier)
	}
}
