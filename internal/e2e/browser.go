package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"enishi/internal/fleet"
)

// Browser is one Chromium, which ends with the test.
type Browser struct{ ctx context.Context }

// NewBrowser starts a Chromium.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Fatal("there is no Chromium: run make e2e, which installs it on Debian and Ubuntu")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.Flag("lang", "ja"),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("force-color-profile", "srgb"))
	if os.Geteuid() == 0 { // Chromium's sandbox refuses root
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	// The protocol's Go types are older than the browser: events that they do not
	// know are reported as errors, and matter to nobody.
	ctx, end := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for its end, and deletes its folder
		end()
		stop()
	})
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return &Browser{ctx}
}

// View is what a tab looks like to a page.
type View struct {
	Width  int    // in CSS pixels
	Lang   string // of Accept-Language
	Dark   bool
	NoJS   bool
	Motion bool // false: reduced, as most tests want it
	Height int  // in CSS pixels, 0: a phone's
}

// Phone and Desktop are the widths that pages are made for.
const (
	Phone   = 390
	Desktop = 1280
)

// Tab is a page of a browser with cookies and a store of its own. Its methods end the
// test if they fail; it belongs to one goroutine.
type Tab struct {
	Inputs int // what a person has done: each click, choice and field filled

	t   testing.TB
	ctx context.Context
	url string

	mu        sync.Mutex
	faults    []string
	expected  []string // parts of faults that the test is about
	signedOut bool     // a page may still ask for what is new, and is refused
}

// Tab opens a tab on a server's site; at the end of the test it must have no fault.
func (b *Browser) Tab(t testing.TB, s *Server, v View) *Tab {
	t.Helper()
	id, err := b.window()
	if err != nil {
		t.Fatalf("open a window: %v", err)
	}
	ctx, end := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id))
	tab := &Tab{t: t, ctx: ctx, url: s.URL}
	t.Cleanup(func() {
		for _, f := range tab.Faults() {
			t.Error(f)
		}
		end()
	})
	chromedp.ListenTarget(ctx, tab.watch)
	tab.run(network.Enable(), cdplog.Enable(), runtime.Enable())
	tab.keepStreams()
	tab.View(v)
	return tab
}

// window opens a window with cookies of its own; chromedp's own way opens a tab, for
// which there is no window yet.
func (b *Browser) window() (target.ID, error) {
	ctx := cdp.WithExecutor(b.ctx, chromedp.FromContext(b.ctx).Browser)
	own, err := target.CreateBrowserContext().WithDisposeOnDetach(true).Do(ctx)
	if err != nil {
		return "", err
	}
	return target.CreateTarget("about:blank").WithBrowserContextID(own).WithNewWindow(true).Do(ctx)
}

// View changes what the tab looks like; pages are to be loaded again for it.
func (tab *Tab) View(v View) {
	tab.t.Helper()
	if v.Width == 0 {
		v.Width = Desktop
	}
	if v.Lang == "" {
		v.Lang = "ja"
	}
	scheme, motion := "light", "reduce"
	if v.Dark {
		scheme = "dark"
	}
	if v.Motion {
		motion = "no-preference"
	}
	if v.Height == 0 {
		v.Height = 844
	}
	phone := v.Width < 600
	tab.run(
		emulation.SetDeviceMetricsOverride(int64(v.Width), int64(v.Height), 1, phone),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: motion},
		}),
		emulation.SetUserAgentOverride("Mozilla/5.0 (X11; Linux x86_64) Chrome/130").WithAcceptLanguage(v.Lang),
		emulation.SetScriptExecutionDisabled(v.NoJS),
	)
}

// watch notes what no page may do.
func (tab *Tab) watch(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning || e.Type == runtime.APITypeAssert {
			said := make([]string, len(e.Args))
			for i, a := range e.Args {
				said[i] = string(a.Value) + a.Description
			}
			tab.fault("console %s: %s", e.Type, strings.Join(said, " "))
		}
	case *runtime.EventExceptionThrown:
		tab.fault("exception: %s", e.ExceptionDetails.Error())
	case *cdplog.EventEntryAdded:
		// What failed to load is judged by its answer, below.
		if e.Entry.Source != cdplog.SourceNetwork && (e.Entry.Level == cdplog.LevelError || e.Entry.Level == cdplog.LevelWarning) {
			tab.fault("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if to, err := url.Parse(e.Request.URL); err != nil || (to.Scheme != "data" && to.Scheme != "blob" && to.Scheme != "about" && "http://"+to.Host != tab.url) {
			tab.fault("another host is asked: %s", e.Request.URL)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 && e.Type != network.ResourceTypeDocument {
			tab.fault("%d of %s", e.Response.Status, e.Response.URL)
		}
		if e.Response.Status >= 500 {
			tab.fault("%d of %s", e.Response.Status, e.Response.URL)
		}
	case *network.EventLoadingFailed:
		if !e.Canceled && e.ErrorText != "net::ERR_ABORTED" {
			tab.fault("%s was not loaded: %s", e.Type, e.ErrorText)
		}
	}
}

func (tab *Tab) fault(format string, args ...any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if tab.signedOut && strings.HasPrefix(text, "401 of "+tab.url+"/live") {
		return
	}
	for _, part := range tab.expected {
		if strings.Contains(text, part) {
			return
		}
	}
	tab.faults = append(tab.faults, text)
}

// Expect lets faults pass from now on that hold one of the parts; none: every fault
// counts again.
func (tab *Tab) Expect(parts ...string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.expected = parts
}

// Faults gives what the pages did that no page may do, and forgets it.
func (tab *Tab) Faults() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	all := tab.faults
	tab.faults = nil
	return all
}

// stepLimit is how long a step may take, the page's own work and its server's.
const stepLimit = 15 * time.Second

func (tab *Tab) run(actions ...chromedp.Action) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, stepLimit)
	defer cancel()
	if chromedp.FromContext(tab.ctx).Target == nil { // its first run makes the tab, which must outlive it
		ctx = tab.ctx
	}
	if err := chromedp.Run(ctx, actions...); err != nil {
		tab.t.Fatalf("%v\non %s", err, tab.told())
	}
}

// told is what a person would see, for messages; "" if the tab does not answer.
func (tab *Tab) told() string {
	ctx, cancel := context.WithTimeout(tab.ctx, time.Second)
	defer cancel()
	var text string
	if err := chromedp.Run(ctx, chromedp.Evaluate(`location.href + "\n" + (document.querySelector("main") ?? document.body).innerText.slice(0, 1500)`, &text)); err != nil {
		return ""
	}
	return text
}

// until waits for an expression to be true.
func (tab *Tab) until(what, expression string) {
	tab.t.Helper()
	for begun := time.Now(); ; fleet.Wait(tab.t, 25*time.Millisecond) {
		var is bool
		ctx, cancel := context.WithTimeout(tab.ctx, stepLimit)
		err := chromedp.Run(ctx, chromedp.Evaluate("!!("+expression+")", &is))
		cancel()
		if err == nil && is {
			return
		}
		if time.Since(begun) > stepLimit { // an error may be a page that is being replaced
			tab.t.Fatalf("%s: not within %s (%v), on %s", what, stepLimit, err, tab.told())
		}
	}
}
