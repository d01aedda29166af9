package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// recognize finds out who asks. A token that is no longer good is forgotten. What is sent
// from a page of another account than the one signed in comes from nobody: it is not theirs.
func (p *Pages) recognize(r *request) error {
	token := sessionCookie.of(r.Request)
	if token == "" {
		return nil
	}
	actor, err := p.market.Authenticate(r.Context(), token)
	if errs.Is(err, errs.Unauthenticated) {
		r.keep(sessionCookie, "", -time.Second)
		return nil
	}
	if err != nil {
		return err
	}
	if r.Header.Get(accountHeader) != "" && p.typist(r) != actor.Account {
		return nil
	}
	r.actor = &actor
	r.Request = r.WithContext(market.InSession(r.Context(), token))
	return p.owned(r)
}

func (p *Pages) sessionRoutes() []Route {
	return []Route{
		{Pattern: "GET /signin", Who: Anyone, class: httpx.Ordinary, serve: p.signInForm},
		{Pattern: "POST /signin", Who: Anyone, class: httpx.SignIn, serve: p.signIn, limited: true},
		{Pattern: "POST /signout", Who: Anyone, class: httpx.Own, serve: p.signOut},
		{Pattern: "POST /language", Who: Anyone, class: httpx.Own, serve: p.setLanguage},
	}
}

// signing is what the page to sign in keeps: where its reader wanted to go, and what
// they had typed there when their session had ended.
type signing struct {
	Email string
	Wrong string
	As    account.Kind // "": whatever fits
	Back  string       // a path, "": the start of whoever signs in
	Kept  string       // a form, sealed, that waits to be sent; "": none
}

// askToSignIn answers what needs a session. A form that was sent without one is kept
// on the page, and offered again to be sent. A question that a script asks has what is
// asked in its address, to which signing in leads back.
func (p *Pages) askToSignIn(r *request) error {
	if r.Header.Get("Accept") == "text/event-stream" { // nobody would see a page
		r.w.WriteHeader(http.StatusUnauthorized)
		return nil
	}
	if r.partial() && r.Method != http.MethodGet { // the page stays with what is typed: its script says why
		r.w.WriteHeader(http.StatusUnauthorized)
		return nil
	}
	if r.partial() {
		r.w.Header().Set("HX-Redirect", "/signin?back="+url.QueryEscape(r.returnPath()))
		r.w.WriteHeader(http.StatusUnauthorized)
		return nil
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		r.see("/signin?back=" + url.QueryEscape(r.URL.RequestURI()))
		return nil
	}
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	s := signing{Back: p.pageOf(r)}
	if as := account.Kind(r.who); as == account.Candidate || as == account.Member || as == account.Operator {
		s.As = as
	}
	var err error
	if s.Kept, err = p.keepForm(r); err != nil {
		return err
	}
	s.Wrong = r.words.Say(
		"ログインの有効期限が切れたため、送信されませんでした。ログインして、もう一度入力してください。",
		"Your session has ended, and nothing was sent. Sign in, and do it again.")
	if s.Kept != "" {
		s.Wrong = r.words.Say(
			"ログインの有効期限が切れました。入力した内容は残っています。同じアカウントでログインすると、続きから送信できます。",
			"Your session has ended. What you typed is kept: sign in with the same account, and go on where you were.")
	}
	return p.showSignIn(r, http.StatusUnauthorized, s)
}

func (p *Pages) showSignIn(r *request, status int, s signing) error {
	return p.show(r, status, r.words.Say("ログイン", "Sign in"), signInPage(r.words, s))
}

func (p *Pages) signInForm(r *request) error {
	q := r.URL.Query()
	return p.showSignIn(r, http.StatusOK, signing{As: kindOf(q.Get("as")), Back: local(q.Get("back"))})
}

// kindOf gives the kind of account that a link asks for.
func kindOf(name string) account.Kind {
	switch k := account.Kind(name); k {
	case account.Candidate, account.Member, account.Operator:
		return k
	}
	return ""
}

func (p *Pages) signIn(r *request) error {
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	s := signing{Email: r.PostForm.Get("email"), As: kindOf(r.PostForm.Get("as")), Back: local(r.PostForm.Get("back")), Kept: r.PostForm.Get("kept")}
	start := time.Now()
	token, err := p.market.SignIn(r.Context(), s.Email, r.PostForm.Get("password"), s.As)
	if errs.Is(err, errs.Unauthenticated) {
		httpx.Unhurried(r.Context(), start)
		s.Wrong = r.words.Say("メールアドレスかパスワードが違います。もう一度ご確認ください。", "The address or the password is not right. Please look again.")
		return p.showSignIn(r, http.StatusUnprocessableEntity, s)
	}
	if err != nil {
		return err
	}
	actor, err := p.market.Authenticate(r.Context(), token)
	if err != nil {
		return err
	}
	r.keep(sessionCookie, token, sessionLife)
	if err := p.keepLanguage(r, actor); err != nil {
		return err
	}
	if k, ok := p.openForm(s.Kept); ok {
		return p.resume(r, k, actor)
	}
	if s.Back == "/" {
		s.Back = home(actor.Kind)
	}
	r.see(s.Back)
	return nil
}

// keepLanguage brings the language that somebody has chosen for their account to the
// device that they sign in on.
func (p *Pages) keepLanguage(r *request, actor market.Actor) error {
	self, err := p.market.Self(r.Context(), actor)
	if err == nil && self.Chosen {
		r.keep(languageCookie, self.Language, languageLife)
	}
	return err
}

// home is where somebody begins.
func home(kind account.Kind) string {
	switch kind {
	case account.Member:
		return "/company"
	case account.Operator:
		return "/operator"
	}
	return "/offers"
}

// signOut ends the session, not only the cookie: a copy of it is of no use then.
func (p *Pages) signOut(r *request) error {
	if token := sessionCookie.of(r.Request); token != "" {
		if err := p.market.SignOut(r.Context(), token); err != nil {
			return err
		}
	}
	r.keep(sessionCookie, "", -time.Second)
	r.see("/")
	return nil
}

func (p *Pages) setLanguage(r *request) error {
	r.keep(languageCookie, r.PostFormValue("to"), languageLife)
	r.see(local(r.PostFormValue("back")))
	return nil
}

// local gives a path of this site with its query, / if it is something else, also for
// "". Browsers leave tabs and line ends out of an address before they read it, and take
// \ for /; no address of a page holds either, so what does is none.
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, unaddressed) {
		return "/"
	}
	return path
}

func unaddressed(r rune) bool { return r == '\\' || r == utf8.RuneError || unicode.IsControl(r) }
