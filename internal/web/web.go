// Package web serves the pages that people use: server-rendered, with the same use
// cases as the API. They work without JavaScript.
//
// It opens no transactions and holds no rule of the trade. Whatever somebody typed
// comes back with the error that names it. It is safe for concurrent use.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/a-h/templ"

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
}

// Pages are the pages of an installation.
type Pages struct {
	log     *slog.Logger
	market  *market.Market
	options Options
	assets  assets
	front   httpx.Front
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
	cross := http.NewCrossOriginProtection()
	add := func(pattern string, class httpx.Class, f func(*request) error) {
		mux.Handle(pattern, cross.Handler(front.Admission.Admit(class, p.handle(f))))
	}
	limited := func(f func(*request) error) func(*request) error {
		return func(r *request) error {
			if front.Limiter != nil {
				if err := front.Limiter.Allow(r.Request); err != nil {
					return err
				}
			}
			return f(r)
		}
	}
	add("GET /{$}", httpx.Ordinary, p.landing)
	add("GET /insight", httpx.Insight, p.insight)
	add("POST /signup", httpx.SignUp, limited(p.signUp))
	add("GET /signin", httpx.Ordinary, p.signInForm)
	add("POST /signin", httpx.SignIn, limited(p.signIn))
	add("GET /confirm", httpx.Own, p.confirmForm)
	add("POST /confirm", httpx.SignIn, limited(p.confirm))
	add("POST /signout", httpx.Own, p.signOut)
	add("POST /language", httpx.Own, p.setLanguage)
	add("GET /offers", httpx.Own, p.offers)
	add("GET /offers/{id}", httpx.Own, p.offer)
	add("POST /offers/{id}/{action}", httpx.Answers, p.answer)
	if p.options.Demo {
		add("GET /dev/components", httpx.Ordinary, p.gallery)
	}
	mux.Handle("GET /static/", p.assets)
}

// request is one request with who asks and in which words they are answered.
type request struct {
	*http.Request
	w     http.ResponseWriter
	words words
	actor *market.Actor // nil if nobody is signed in
}

// handle makes a handler of a page: it finds out who asks, and answers what fails
// with a page.
func (p *Pages) handle(f func(*request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := &request{Request: hr, w: w, words: wordsOf(hr)}
		err := p.recognize(r)
		if err == nil {
			err = f(r)
		}
		if err != nil {
			p.fail(r, err)
		}
	})
}

// fail answers with a page that says what is wrong.
func (p *Pages) fail(r *request, err error) {
	problem := httpx.Failed(r.Context(), p.log, err)
	if problem.Status == http.StatusUnauthorized {
		http.Redirect(r.w, r.Request, "/signin", http.StatusSeeOther)
		return
	}
	for name, values := range problem.GetHeaders() {
		r.w.Header()[name] = values
	}
	if err := p.show(r, problem.Status, r.words.Say("エラー", "Error"), errorPage(r.words, problem)); err != nil {
		httpx.WriteProblem(r.w, problem)
	}
}

// Missing answers what has no route: with a page those who read pages.
func (p *Pages) Missing(w http.ResponseWriter, hr *http.Request, problem *httpx.Problem) {
	r := &request{Request: hr, w: w, words: wordsOf(hr)}
	if !httpx.ReadsPages(hr) || p.show(r, problem.Status, r.words.Say("ページがありません", "No such page"), errorPage(r.words, problem)) != nil {
		httpx.WriteProblem(w, problem)
	}
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
	page := layout(frame{
		words: r.words, title: title, styles: p.assets.path("enishi.css"), icon: p.assets.path("icon.svg"), banner: string(banner),
		path: r.URL.RequestURI(), signedIn: r.actor != nil, permit: p.options.Permit,
	}, body)
	h := r.w.Header()
	h.Set("Content-Security-Policy", security)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	templ.Handler(page, templ.WithStatus(status), templ.WithErrorHandler(func(_ *http.Request, err error) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			httpx.WriteProblem(w, httpx.Failed(r.Context(), p.log, fmt.Errorf("render a page: %w", err)))
		})
	})).ServeHTTP(r.w, r.Request)
	return nil
}

// see sends the reader on to another page.
func (r *request) see(path string) { http.Redirect(r.w, r.Request, path, http.StatusSeeOther) }

// needActor gives who asks; Unauthenticated if nobody is signed in.
func (r *request) needActor() (context.Context, market.Actor, error) {
	if r.actor == nil {
		return nil, market.Actor{}, errs.New(errs.Unauthenticated, "sign in first")
	}
	return r.Context(), *r.actor, nil
}
