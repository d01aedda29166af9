package e2e

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Shift is how much of a page has moved by itself since it was opened: the sum of the
// browser's own scores, of which the best known measure (CLS) takes the worst five
// seconds, and what moved.
type Shift struct {
	Score float64
	Moved []string
}

// moved reads the scores once what is on its way has been drawn.
const moved = `new Promise((done) => {
	let score = 0;
	const moved = [];
	const add = (list) => list.filter((e) => !e.hadRecentInput).forEach((e) => {
		score += e.value;
		moved.push(...e.sources.map((s) => {
			const e = s.node?.nodeType === Node.TEXT_NODE ? s.node.parentElement : s.node;
			return (e?.outerHTML ?? "something that is gone").slice(0, 160) + " from " + [s.previousRect, s.currentRect].map((r) => [r.x, r.y, r.width, r.height].map(Math.round).join(",")).join(" to ");
		}));
	});
	const observer = new PerformanceObserver((list) => add(list.getEntries()));
	observer.observe({type: "layout-shift", buffered: true});
	const drawn = (then) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(then)));
	const idle = () => document.querySelector(".htmx-request") ? drawn(idle) : drawn(() => {
		add(observer.takeRecords());
		observer.disconnect();
		done(JSON.stringify({score, moved}));
	});
	idle();
})`

// Shift gives what has moved on the page that is open, without anybody having done
// anything there.
func (tab *Tab) Shift() Shift {
	tab.t.Helper()
	var s Shift
	if err := json.NewDecoder(strings.NewReader(tab.promised(moved))).Decode(&s); err != nil {
		tab.t.Fatalf("what moved: %v", err)
	}
	return s
}

// listens keeps the page's stream of events, for News.
const listens = `{ const Real = window.EventSource; window.EventSource = class extends Real { constructor(...all) { super(...all); window.source = this; } }; }`

func (tab *Tab) keepStreams() {
	tab.t.Helper()
	tab.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(listens).Do(ctx)
		return err
	}))
}

// again tells a page that it has missed something, and waits until it has been read again.
const again = `new Promise((done) => {
	const read = () => performance.getEntriesByType("resource").filter((e) => e.name === location.href).length;
	const before = read();
	window.source.dispatchEvent(new MessageEvent("again", {lastEventId: document.body.dataset.heard}));
	const wait = () => read() > before ? setTimeout(() => done("")) : setTimeout(wait, 10);
	wait();
})`

// News has the page bring every part up to date that shows what others do, and says
// whether it has one.
func (tab *Tab) News() bool {
	tab.t.Helper()
	if tab.Number(`document.querySelectorAll("[data-live][id]").length`) == 0 {
		return false
	}
	tab.Has("body[data-listening]")
	tab.promised(again)
	return true
}

// promised gives the text that an expression promises.
func (tab *Tab) promised(expression string) string {
	tab.t.Helper()
	var text string
	tab.run(chromedp.Evaluate(expression, &text, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return text
}
