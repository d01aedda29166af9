package e2e

import (
	"strconv"
	"strings"
)

// sideways lists what can be scrolled to the side: the document, and boxes other than
// those that are there for it, of the class scroll.
const sideways = `(() => {
	const root = document.documentElement, wide = [];
	if (root.scrollWidth > WIDTH) {
		const out = [...document.querySelectorAll("main *, header *, footer *")].filter((e) => e.getBoundingClientRect().right + scrollX > WIDTH && !e.closest(".scroll"));
		wide.push("the document is " + root.scrollWidth + " px wide, first of all " + (out[0]?.outerHTML ?? "something").slice(0, 160).replaceAll("\n", " "));
	}
	for (const e of document.querySelectorAll("body, body *")) {
		if (e.matches(".scroll, .unseen, .away") || !["auto", "scroll"].includes(getComputedStyle(e).overflowX)) continue;
		if (e.scrollWidth > e.clientWidth + 1) wide.push(e.scrollWidth + " px in " + e.clientWidth + ": " + e.outerHTML.slice(0, 160).replaceAll("\n", " "));
	}
	return wide.join("\n");
})()`

// Sideways gives what of the page that is open, in a window of a width, can be scrolled to
// the side though it is no place for that.
func (tab *Tab) Sideways(width int) []string {
	tab.t.Helper()
	wide := tab.Text(strings.ReplaceAll(sideways, "WIDTH", strconv.Itoa(width)))
	return strings.FieldsFunc(wide, func(r rune) bool { return r == '\n' })
}
