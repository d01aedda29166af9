package httpx

import (
	_ "embed"
	"maps"
	"net/http"
	"sync"
)

//go:embed busy.html
var busyPage string

// busyPolicy lets the one style sheet of that page through.
var busyPolicy = sync.OnceValue(func() string { return onlyStyle(busyPage) })

// tellLater answers that a request cannot be taken now: with a page, in both languages,
// to whoever reads pages, and with the problem to everybody else.
func tellLater(w http.ResponseWriter, r *http.Request, p *Problem) {
	if p.Status != http.StatusServiceUnavailable || !ReadsPages(r) {
		WriteProblem(w, p)
		return
	}
	h := w.Header()
	maps.Copy(h, p.header)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", busyPolicy())
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	w.Write([]byte(busyPage)) //nolint:errcheck // the client went away; nobody is left to tell
}
