package httpx

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Mail is one message of an outbox that stands in for real mail.
type Mail struct {
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Body    string    `json:"body"`
	At      time.Time `json:"at"`
}

// Handle makes a handler of a function that returns an error: the error is
// answered as a problem document, and logged if it is the service's fault. A
// function that returns an error must not have written anything.
func Handle(log *slog.Logger, f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			WriteProblem(w, Failed(r.Context(), log, err))
		}
	})
}

// Failed gives the problem that an error is, and logs those that are the
// service's fault.
func Failed(ctx context.Context, log *slog.Logger, err error) *Problem {
	p := ProblemOf(err)
	if p.Status == http.StatusInternalServerError {
		log.ErrorContext(ctx, "a request failed", "error", err)
	}
	return p
}

// Front is what a request passes before it is handled.
type Front struct {
	Admission   *Admission
	Maintenance *Maintenance
	// Limiter bounds sign-ups and sign-ins of one address; nil: there are no bounds.
	Limiter *Limiter
}

// ReadsPages says whether a request comes from somebody who reads pages.
func ReadsPages(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// Problems answers what a mux has no route for by show; nil: as problem documents.
func Problems(mux *http.ServeMux, show func(http.ResponseWriter, *http.Request, *Problem)) http.Handler {
	if show == nil {
		show = func(w http.ResponseWriter, _ *http.Request, p *Problem) { WriteProblem(w, p) }
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		missing, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		var told header
		missing.ServeHTTP(&told, r)
		p := NewProblem(http.StatusNotFound, "there is nothing at this path")
		if told.status == http.StatusMethodNotAllowed {
			allow := told.Header().Get("Allow")
			p = NewProblem(told.status, "this path takes "+allow).With("Allow", allow)
		}
		show(w, r, p)
	})
}

// header notes the status and the headers of an answer and drops its body.
type header struct {
	fields http.Header
	status int
}

func (h *header) Header() http.Header {
	if h.fields == nil {
		h.fields = http.Header{}
	}
	return h.fields
}

func (h *header) Write(b []byte) (int, error) { return len(b), nil }

func (h *header) WriteHeader(status int) { h.status = status }

// LimitBody refuses to read more than most bytes of a body.
func LimitBody(most int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next.ServeHTTP(w, r)
	})
}

// FromHere says whether a request comes from this machine, asks for it by a
// name of its own, and says nothing of a proxy: a web page that has its name
// point here, and most reverse proxies, look otherwise.
func FromHere(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(r.Host); err == nil {
		host = h
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	named := strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
	return named && clientOf(r, 0).IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == ""
}
