package web

import (
	"net/http"
	"strings"
	"time"
)

// cookie is one that the pages set and read. All of them are here, and none is set or read
// elsewhere: what stands before the service tells people apart by their names (Cookies) where it
// keeps a page.
type cookie int

const (
	// sessionCookie says who is signed in.
	sessionCookie cookie = iota
	// ownerCookie says whose pages a browser read last. It is no proof of anything: it
	// outlives the session, so that a form that is sent afterwards has an owner.
	ownerCookie
	// languageCookie says which language was chosen.
	languageCookie

	cookies // how many there are
)

// How long browsers keep them.
const (
	sessionLife  = 60 * 24 * time.Hour
	ownerLife    = 400 * 24 * time.Hour // the longest that they do: a session's goes when its time is over
	languageLife = 365 * 24 * time.Hour
)

func (c cookie) name() string {
	return [cookies]string{sessionCookie: "enishi_session", ownerCookie: "enishi_owner", languageCookie: "enishi_language"}[c]
}

// Cookies gives the names of all cookies on which a page can depend.
func Cookies() []string {
	var all []string
	for c := range cookies {
		all = append(all, c.name())
	}
	return all
}

// of gives what a request has in a cookie, "" also if it has no such cookie.
func (c cookie) of(r *http.Request) string {
	if got, err := r.Cookie(c.name()); err == nil {
		return got.Value
	}
	return ""
}

// sent says whether a request has a cookie, be it empty.
func (c cookie) sent(r *http.Request) bool { return len(r.CookiesNamed(c.name())) > 0 }

// keep sets a cookie that no script reads and no other site sends.
func (r *request) keep(c cookie, value string, life time.Duration) {
	http.SetCookie(r.w, &http.Cookie{
		Name: c.name(), Value: value, Path: "/", MaxAge: int(life.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"),
	})
}
