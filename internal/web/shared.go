package web

import (
	"net/http"

	"enishi/internal/httpx"
)

// sharedKeeping lets a cache between browsers and the service give one answer to everybody for a
// minute, and not a moment longer, even if it gets an error in place of the next one: that may say
// that the service is closed. A browser has to ask each time. CloudFront tells it no-store instead,
// as the program does where no cache stands between.
const sharedKeeping = "public, max-age=0, s-maxage=60, stale-if-error=0"

// sharedVary is what such an answer depends on besides its address.
const sharedVary = "Accept-Language, Cookie"

// sameForAll says whether a page that depends on nothing but who asks, their language, its address
// and the moment is one that everybody would get who asks for it in this language: nobody is signed
// in or was before, nothing is asked in the address, and nothing is planned. It is false where no
// cache stands between (Via, which each has to add): a browser alone would keep it for nobody.
func (r *request) sameForAll() bool {
	for c := range cookies {
		if c != languageCookie && c.sent(r.Request) {
			return false
		}
	}
	answer := r.w.Header()
	return r.actor == nil && r.URL.RequestURI() == r.URL.Path && r.Header.Get("Via") != "" && r.Header.Get(httpx.DeploymentHeader) == "" &&
		answer.Get("Set-Cookie") == "" && answer.Get(httpx.NoticeHeader) == ""
}

// keeping says how long an answer may be kept: not at all but for a page that was found to be the
// same for all, and is there.
func (r *request) keeping(status int) {
	h := r.w.Header()
	h.Set("Cache-Control", "no-store")
	if r.shared && status == http.StatusOK {
		h.Set("Cache-Control", sharedKeeping)
		h.Add("Vary", sharedVary)
	}
}
