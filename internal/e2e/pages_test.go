package e2e_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"enishi/internal/corpnum"
	"enishi/internal/e2e"
	"enishi/internal/fleet"
	"enishi/internal/web"
)

// routes gives every page that is read: the patterns of what answers GET.
func routes(t *testing.T) []web.Route {
	t.Helper()
	pages, err := web.New(slog.New(slog.DiscardHandler), nil, web.Options{Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	var all []web.Route
	for _, r := range pages.Routes() {
		if path, ok := strings.CutPrefix(r.Pattern, "GET "); ok && !slices.Contains(noPages(), path) {
			r.Pattern = path
			all = append(all, r)
		}
	}
	return all
}

// noPages are routes that answer GET with something else than a page.
func noPages() []string {
	return []string{"/live", "/codes/{kind}", "/settings/export", "/offers/{id}/calendar.ics", "/company/offers/{id}/calendar.ics"}
}

// asked are the questions that some pages need in their address.
func asked() map[string]string {
	return map[string]string{"/insight": "?occupation=0312&years=5&prefecture=13&pay=480"}
}

// deciding are the pages whose pictures are taken in every variant.
func deciding() []string {
	return []string{
		"/{$}", "/insight", "/offers", "/offers/{id}", "/company/candidates", "/company/rules/new", "/company/pipeline", "/operator",
	}
}

// installation is a server with somebody of each kind.
type installation struct {
	name   string
	server *e2e.Server
	people map[web.Audience]string // addresses
}

// installations starts a full and an empty one. The company of the empty one is
func installations(t *testing.T, b *e2e.Browser) []installation {
	t.Helper()
	full := installation{"full", e2e.NewServer(t, people), map[web.Audience]string{
		web.Candidates: "demo1@example.jp", web.Members: "company1@example.jp", web.Operators: "operator@example.jp",
	}}
	var member struct {
		Token string `json:"token"`
	}
	text := full.server.Ask("POST", "/api/v1/sessions", "", map[string]any{"email": full.people[web.Members], "password": e2e.Password})
	if err := json.Unmarshal(text, &member); err != nil {
		t.Fatal(err)
	}
	full.server.Ask("POST", "/api/v1/searches", member.Token, map[string]any{
		"name": "Goの経験者", "condition": map[string]any{"field": "skill", "in": []string{"go"}},
	})
	bare := installation{"empty", e2e.NewServer(t, 0), map[web.Audience]string{web.Operators: "operator@example.jp"}}
	bare.people[web.Candidates] = stranger(b.Tab(t, bare.server, e2e.View{}))
	bare.people[web.Members] = address("company")
	bare.server.Ask("POST", "/api/v1/companies", "", map[string]any{
		"corporate_number": corpnum.From(900_000_000_001), "name": "からの会社", "size": 2, "email": bare.people[web.Members], "password": e2e.Password,
	})
	return []installation{full, bare}
}

// TestEveryPage opens each page that there is as those for whom it is, in a full and
// in an empty installation: nobody is kept out by it (WCAG 2.2 AA by axe-core), in
// both widths, both languages and both colour schemes, and pictures are taken.
func TestEveryPage(t *testing.T) {
	e2e.Need(t)
	b := e2e.NewBrowser(t)
	seen := map[string]bool{}
	for _, in := range installations(t, b) {
		t.Run(in.name, func(t *testing.T) {
			for _, who := range []web.Audience{web.Anyone, web.Candidates, web.Members, web.Operators} {
				t.Run(strings.ReplaceAll(string(who), " ", "-"), func(t *testing.T) {
					v := visit{T: t, in: in, who: who, tab: b.Tab(t, in.server, e2e.View{}), seen: seen}
					if who != web.Anyone {
						v.tab.SignIn(in.people[who])
					}
					v.all()
				})
			}
		})
	}
	for _, r := range routes(t) {
		if !seen[r.Pattern] {
			t.Errorf("no page leads to %s, in a full installation or in an empty one", r.Pattern)
		}
	}
}

// visit is somebody's way through the pages of an installation.
type visit struct {
	*testing.T
	in   installation
	who  web.Audience
	tab  *e2e.Tab
	seen map[string]bool // patterns, over all visits
}

// all opens each page: those without a variable in their address by it, the others
// by links on pages.
func (v *visit) all() {
	type place struct{ pattern, path string }
	var todo []place
	var open []web.Route // that still have no address
	for _, r := range routes(v.T) {
		switch {
		case r.Who != v.who && (r.Who != web.SignedIn || v.who == web.Anyone):
		case strings.Contains(r.Pattern, "{id}"), strings.Contains(r.Pattern, "{") && !strings.Contains(r.Pattern, "{$}"):
			open = append(open, r)
		default:
			todo = append(todo, place{r.Pattern, strings.TrimSuffix(r.Pattern, "{$}") + asked()[r.Pattern]})
		}
	}
	found := map[string]string{} // by pattern, the first address
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		found[next.pattern] = next.path
		v.page(next.pattern, next.path)
		links := strings.Fields(v.tab.Text(`[...document.querySelectorAll("a[href]")].map((a) => a.getAttribute("href")).join(" ")`))
		open = slices.DeleteFunc(open, func(r web.Route) bool {
			for _, link := range links {
				if matcher(r.Pattern).MatchString(link) {
					todo = append(todo, place{r.Pattern, link})
					return true
				}
			}
			return false
		})
	}
	// What a thing leads to only in some of its states is opened below the one that was found.
	for _, r := range open {
		for parent, path := range found {
			below, ok := strings.CutPrefix(r.Pattern, parent)
			if ok && strings.HasSuffix(parent, "}") && !strings.Contains(below, "{") {
				v.page(r.Pattern, path+below)
			}
		}
	}
}

var variable = regexp.MustCompile(`\\\{[^}]*\\\}`)

// matcher tells the links to a page.
func matcher(pattern string) *regexp.Regexp {
	return regexp.MustCompile("^" + variable.ReplaceAllString(regexp.QuoteMeta(pattern), `[0-9A-Za-z-]{20,}`) + `(\?.*)?$`)
}

// page looks at one page in each of its variants.
func (v *visit) page(pattern, path string) {
	v.seen[pattern] = true
	views := []e2e.View{{Width: e2e.Phone}, {Width: e2e.Desktop}}
	all := slices.Contains(deciding(), pattern)
	if all {
		views = nil
		for _, width := range []int{e2e.Phone, e2e.Desktop} {
			for _, lang := range []string{"ja", "en"} {
				for _, dark := range []bool{false, true} {
					views = append(views, e2e.View{Width: width, Lang: lang, Dark: dark})
				}
			}
		}
	}
	for _, view := range views {
		v.tab.View(view)
		v.tab.Open(path)
		what := fmt.Sprintf("%s as %s at %d px, %s, dark %t", pattern, v.who, view.Width, view.Lang, view.Dark)
		if status := v.tab.Number("performance.getEntriesByType('navigation')[0].responseStatus"); status != 200 {
			v.Errorf("%s: status %d", what, status)
			return
		}
		v.still(what)
		// Looked at as a whole: what is under a bar that stays at the window's edge can be
		// scrolled away from it.
		whole := view
		whole.Height = max(844, v.tab.Number("Math.ceil(document.documentElement.scrollHeight)"))
		v.tab.View(whole)
		for _, barrier := range v.tab.Barriers() {
			v.Errorf("%s: %s", what, barrier)
		}
		v.tab.View(view)
		for _, wide := range v.tab.Sideways(view.Width) {
			v.Errorf("%s: it scrolls sideways: %s", what, wide)
		}
		if all || v.in.name == "full" {
			v.keep(shotName(pattern, v.in.name, view), v.tab.Shot())
		}
	}
}

// TestWhatScrollsSidewaysIsFound widens a page of a phone by a table: it is found where it
// widens the document, or a box that is not there for that, and not where it scrolls in its
// own.
func TestWhatScrollsSidewaysIsFound(t *testing.T) {
	e2e.Need(t)
	tab := e2e.NewBrowser(t).Tab(t, e2e.NewServer(t, 0), e2e.View{Width: e2e.Phone})
	cells := `<table class="table"><tbody><tr>` + strings.Repeat(`<td>年間休日は百二十五日です</td>`, 20) + `</tr></tbody></table>`
	for around, want := range map[string]int{
		"<div>%s</div>": 1, `<div class="scroll">%s</div>`: 0, `<div class="choices every">%s</div>`: 1, "<p>ふつうの文</p>": 0,
	} {
		tab.Open("/signin")
		tab.Run(fmt.Sprintf("document.querySelector('main').insertAdjacentHTML('beforeend', `%s`)", strings.ReplaceAll(around, "%s", cells)))
		if got := tab.Sideways(e2e.Phone); len(got) != want {
			t.Errorf("in %s: %q scrolls, want %d", around, got, want)
		}
	}
}

// mostShift is how much of a page may move by itself, of which no page takes any.
const mostShift = 0.01

// still expects that nothing moves while the page is loaded, nor when the parts of it
// that show what others do are brought up to date.
func (v *visit) still(what string) {
	v.Helper()
	shift := v.tab.Shift()
	if v.tab.News() {
		shift = v.tab.Shift() // all since the page was opened
	}
	if shift.Score > mostShift {
		v.Errorf("%s: %.3f of it moved: %s", what, shift.Score, strings.Join(shift.Moved, "; "))
	}
}

// TestEveryPageIsListed finds the name of every page's picture in docs/pages.md. It needs
// no browser.
func TestEveryPageIsListed(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(fleet.Root(t), "docs", "pages.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes(t) {
		name := regexp.MustCompile("(?m)^.*[|,] `" + pictureName(r.Pattern) + "`[^|]*\\|$") // in the last column
		if n := len(name.FindAll(text, -1)); n != 1 {
			t.Errorf("docs/pages.md names the picture `%s` of GET %s %d times, want once", pictureName(r.Pattern), r.Pattern, n)
		}
	}
}

// pictureName gives a page's part of the names of its pictures.
func pictureName(pattern string) string {
	name := strings.Trim(regexp.MustCompile(`[^a-z]+`).ReplaceAllString(pattern, "-"), "-")
	if name == "" {
		return "landing"
	}
	return name
}

// shotName names the picture of a page.
func shotName(pattern, state string, v e2e.View) string {
	size, scheme, lang := "desktop", "light", v.Lang
	if v.Width == e2e.Phone {
		size = "phone"
	}
	if v.Dark {
		scheme = "dark"
	}
	if lang == "" {
		lang = "ja"
	}
	return strings.Join([]string{pictureName(pattern), size, lang, scheme, state}, ".") + ".png"
}

// keep writes a picture for review.
func (v *visit) keep(name string, picture []byte) {
	v.Helper()
	dir := filepath.Join(fleet.Root(v.T), "bin", "screenshots")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		v.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), picture, 0o600); err != nil {
		v.Fatal(err)
	}
}
