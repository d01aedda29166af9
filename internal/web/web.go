// Package web serves the pages that people use: server-rendered, with the same use
// cases as the API. They work without JavaScript.
//
// It opens no transactions and holds no rule of the trade. Whatever somebody typed
// comes back with the error that names it. It is safe for concurrent use.
package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"
	"github.com/klauspost/compress/gzhttp"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// Options are what an installation decides about its pages.
type Options struct {
	// Demo shows the gallery of components.
	Demo bool
	// Permit is the number of the employment-placement permit, "" if there is none.
	Permit string
	// Contact is how operators are reached: an address of mail or of a page, or a text;
	// "" if nobody has said.
	Contact string
}

// Pages are the pages of an installation.
type Pages struct {
	log      *slog.Logger
	market   *market.Market
	options  Options
	assets   assets
	front    httpx.Front
	mux      *http.ServeMux // of all routes
	showcase showcase
}

// New gives the pages of a market.
func New(log *slog.Logger, m *market.Market, o Options) (*Pages, error) {
	a, err := newAssets()
	if err != nil {
		return nil, err
	}
	return &Pages{log: log, market: m, options: o, assets: a}, nil
}

// Add adds every page to a mux, behind what decides whether a request may run.
func (p *Pages) Add(mux *http.ServeMux, front httpx.Front) {
	p.front = front
	p.mux = mux
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(p.foreign))
	for _, route := range p.Routes() {
		handler := p.handle(route)
		if !route.lasting {
			handler = front.Admission.Admit(route.class, gzhttp.GzipHandler(handler))
		}
		mux.Handle(route.Pattern, cross.Handler(handler))
	}
	mux.Handle("GET /static/", p.assets)
}

// request is one request with who asks and in which words they are answered.
type request struct {
	*http.Request
	w     http.ResponseWriter
	words words
	actor *market.Actor // nil if nobody is signed in
	who   Audience      // whom the route is for, "": there is no route
	wide  bool          // the page is laid out for a desk
	heard int64         // position of the log that the page shows at least

	shared bool // the answer is the same for everybody who asks in this language
}

// handle makes the handler of a route: it finds out who asks, and answers what fails
// with a page.
func (p *Pages) handle(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := &request{Request: hr, w: w, words: p.wordsOf(hr), who: route.Who, wide: route.Who == Members || route.Who == Operators}
		r.heard = p.market.Heard() // before anything is read
		err := p.recognize(r)
		if err == nil && route.limited && p.front.Limiter != nil {
			err = p.front.Limiter.Allow(hr)
		}
		if err == nil {
			err = route.Who.admits(r)
		}
		if err == nil {
			err = route.serve(r)
		}
		if err != nil {
			p.fail(r, err)
		}
	})
}

// wordsOf gives the words for a request, which know how operators are reached.
func (p *Pages) wordsOf(r *http.Request) words {
	w := wordsOf(r)
	w.contact = p.options.Contact
	w.year = p.market.Today().At(0).In(day.Tokyo).Year()
	return w
}

// fail answers with a page that says what is wrong.
func (p *Pages) fail(r *request, err error) {
	problem := httpx.Failed(r.Context(), p.log, err)
	if problem.Status == http.StatusUnauthorized {
		err := p.askToSignIn(r)
		if err == nil {
			return
		}
		problem = httpx.Failed(r.Context(), p.log, err)
	}
	for name, values := range problem.GetHeaders() {
		r.w.Header()[name] = values
	}
	f := p.refusalOf(r, problem)
	if err := p.show(r, problem.Status, f.title, refusalPage(r.words, f)); err != nil {
		httpx.WriteProblem(r.w, problem)
	}
}

// Missing answers what has no route: with a page those who read pages.
func (p *Pages) Missing(w http.ResponseWriter, hr *http.Request, problem *httpx.Problem) {
	r := &request{Request: hr, w: w, words: p.wordsOf(hr)}
	f := p.refusalOf(r, problem)
	if !httpx.ReadsPages(hr) || p.show(r, problem.Status, f.title, refusalPage(r.words, f)) != nil {
		httpx.WriteProblem(w, problem)
	}
}

// foreign answers a form that another site's page sent.
func (p *Pages) foreign(w http.ResponseWriter, hr *http.Request) {
	p.Missing(w, hr, httpx.NewProblem(http.StatusForbidden, "the form was sent by another site's page"))
}

// security is the same for every page: nothing comes from elsewhere, nothing is
// inline, nobody frames it.
const security = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// show answers with a page.
func (p *Pages) show(r *request, status int, title string, body templ.Component) error {
	banner, err := p.front.Maintenance.Banner()
	if err != nil {
		return err
	}
	r.shared = r.shared && banner == ""
	f := frame{
		words: r.words, title: title, styles: p.assets.path("enishi.css"), icon: p.assets.path("icon.svg"), script: p.assets.path("enishi.js"),
		banner: string(banner), path: r.URL.Path, back: r.returnPath(), wide: r.wide, permit: p.options.Permit,
	}
	if r.actor != nil {
		f.kind, f.heard = r.actor.Kind, r.heard
		if f.mark, err = p.market.SealCursor(markPurpose, r.actor.Account); err != nil {
			return err
		}
		f.wide = f.wide || r.actor.Kind != account.Candidate && r.who == SignedIn
	}
	return p.write(r, status, layout(f, body))
}

// part answers with a piece of a page, for a script that puts it in its place.
func (p *Pages) part(r *request, status int, body templ.Component) error {
	return p.write(r, status, body)
}

func (p *Pages) write(r *request, status int, page templ.Component) error {
	h := r.w.Header()
	h.Set("Content-Security-Policy", security)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	r.keeping(status)
	templ.Handler(page, templ.WithStatus(status), templ.WithErrorHandler(func(_ *http.Request, err error) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			h.Set("Cache-Control", "no-store")
			httpx.WriteProblem(w, httpx.Failed(r.Context(), p.log, fmt.Errorf("render a page: %w", err)))
		})
	})).ServeHTTP(r.w, r.Request)
	return nil
}

// The headers between a form that a script sends and its answer: the script is told
// where to go, and goes there itself, so that the page is read once. It says by the
// mark of its page who typed.
const (
	formHeader    = "Enishi-Form"
	seeHeader     = "Enishi-See"
	accountHeader = "Enishi-Account"
)

// see sends the reader on to another page.
func (r *request) see(path string) {
	if r.Header.Get(formHeader) != "" {
		r.w.Header().Set(seeHeader, path)
		r.w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(r.w, r.Request, path, http.StatusSeeOther)
}

// returnPath is where this request's page can be read again: a form's target is shown
// by the page that the form is on.
func (r *request) returnPath() string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return r.URL.RequestURI()
	}
	if from, err := url.Parse(r.Referer()); err == nil && from.Host == r.Host {
		return local(from.RequestURI())
	}
	return "/"
}

// partial says whether a script asks for a piece of a page. Going back in the browser
// asks for the whole again.
func (r *request) partial() bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Boosted") == "" && r.Header.Get("HX-History-Restore-Request") == ""
}

// once is the idempotency key of a form that creates something: the form carries it
// (onceField), so a second click creates nothing. Somebody who goes back and sends the
// form with something else in it means another: what it says is in the key.
func (r *request) once() market.Once {
	h := sha256.New()
	io.WriteString(h, r.Method+" "+r.URL.Path+"\n"+r.PostForm.Encode()) //nolint:errcheck // a hash does not fail
	o := market.Once{Scope: "visitor", Key: r.PostFormValue("once"), Digest: h.Sum(nil)}
	if r.actor != nil {
		o.Scope = "account:" + strconv.FormatInt(r.actor.Account, 10)
	}
	if o.Key != "" {
		o.Key += "." + hex.EncodeToString(o.Digest[:8])
	}
	if len(o.Key) > market.MostKeyBytes {
		o.Key = ""
	}
	return o
}

// needActor gives who asks; Unauthenticated if nobody is signed in.
func (r *request) needActor() (context.Context, market.Actor, error) {
	if r.actor == nil {
		return nil, market.Actor{}, errs.New(errs.Unauthenticated, "sign in first")
	}
	return r.Context(), *r.actor, nil
}
