package web

import (
	"net/http"
	"strings"
	"time"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// The cookies: who is signed in, and the language that was chosen.
const (
	sessionCookie  = "enishi_session"
	languageCookie = "enishi_language"
	sessionLife    = 60 * 24 * time.Hour
	languageLife   = 365 * 24 * time.Hour
)

// recognize finds out who asks. A token that is no longer good is forgotten.
func (p *Pages) recognize(r *request) error {
	token := ""
	if c, err := r.Cookie(sessionCookie); err == nil {
		token = c.Value
	}
	if token == "" {
		return nil
	}
	actor, err := p.market.Authenticate(r.Context(), token)
	if errs.Is(err, errs.Unauthenticated) {
		r.keep(sessionCookie, "", -1)
		return nil
	}
	if err != nil {
		return err
	}
	r.actor = &actor
	r.Request = r.WithContext(market.InSession(r.Context(), token))
	return nil
}

// keep sets a cookie that no script reads and no other site sends.
func (r *request) keep(name, value string, life time.Duration) {
	http.SetCookie(r.w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"),
	})
}

func (p *Pages) signInForm(r *request) error {
	return p.show(r, http.StatusOK, r.words.Say("ログイン", "Sign in"), signInPage(r.words, "", ""))
}

func (p *Pages) signIn(r *request) error {
	email := r.PostFormValue("email")
	token, err := p.market.SignIn(r.Context(), email, r.PostFormValue("password"), account.Candidate)
	if errs.Is(err, errs.Unauthenticated) {
		return p.show(r, http.StatusUnprocessableEntity, r.words.Say("ログイン", "Sign in"), signInPage(r.words, email,
			r.words.Say("メールアドレスかパスワードが違います。もう一度ご確認ください。", "The address or the password is not right. Please look again.")))
	}
	if err != nil {
		return err
	}
	r.keep(sessionCookie, token, sessionLife)
	r.see("/offers")
	return nil
}

func (p *Pages) signOut(r *request) error {
	r.keep(sessionCookie, "", -time.Second)
	r.see("/")
	return nil
}

func (p *Pages) setLanguage(r *request) error {
	r.keep(languageCookie, r.PostFormValue("to"), languageLife)
	r.see(local(r.PostFormValue("back")))
	return nil
}

// local gives a path of this site, / if it is something else.
func local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}
