// Package httpx is what every HTTP handler here stands on: errors as problem
// documents (RFC 9457), handlers that return errors, request ids, access log,
// metrics, limits, and the server as a lifecycle service.
//
// It refuses to log or label anything that a person sent: only the route, the
// status, the duration and the request id. Everything is safe for concurrent
// use.
package httpx

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"enishi/internal/errs"
)

// Problem is a problem document. As an error it carries the status and the
// headers that go with it.
type Problem struct {
	Type   string  `json:"type" format:"uri-reference" doc:"Kind of the problem; about:blank: the status says it."`
	Title  string  `json:"title" doc:"The status in words."`
	Status int     `json:"status" doc:"The HTTP status."`
	Detail string  `json:"detail" doc:"What is wrong, for a person."`
	Errors []Fault `json:"errors,omitempty" doc:"Each place of the input that is not valid."`

	header http.Header
	cause  error
}

// Fault is one place of an input that is not valid.
type Fault struct {
	Pointer string `json:"pointer" doc:"JSON pointer into the body, or /name of a parameter or header."`
	Found   string `json:"found" doc:"What was found there, cut short."`
	Allowed string `json:"allowed" doc:"What is allowed there."`
}

func (p *Problem) Error() string {
	if p.cause != nil {
		return p.cause.Error()
	}
	return p.Detail
}

// Unwrap gives the error that the problem was made of, if any.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus gives the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders gives the headers that belong to the status.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType gives the media type of a problem document for that of its
// syntax.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// NewProblem gives a problem of a status.
func NewProblem(status int, detail string, faults ...Fault) *Problem {
	return &Problem{Type: "about:blank", Title: title(status), Status: status, Detail: detail, Errors: faults}
}

// With adds a header.
func (p *Problem) With(name, value string) *Problem {
	out := *p
	out.header = p.header.Clone()
	if out.header == nil {
		out.header = http.Header{}
	}
	out.header.Set(name, value)
	return &out
}

// closedRequest is nginx's status for a client that went away; nobody reads
// it but the metrics.
const closedRequest = 499

func title(status int) string {
	if status == closedRequest {
		return "Client Closed Request"
	}
	return http.StatusText(status)
}

// statusOf gives the status of each kind of error.
func statusOf(k errs.Kind) int {
	switch k {
	case errs.NotFound:
		return http.StatusNotFound
	case errs.Invalid:
		return http.StatusUnprocessableEntity
	case errs.Conflict:
		return http.StatusConflict
	case errs.Stale:
		return http.StatusPreconditionFailed
	case errs.Missing:
		return http.StatusPreconditionRequired
	case errs.Unauthenticated:
		return http.StatusUnauthorized
	case errs.Denied:
		return http.StatusForbidden
	case errs.TooMany:
		return http.StatusTooManyRequests
	case errs.TooLarge:
		return http.StatusRequestEntityTooLarge
	case errs.Busy:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Seconds after which a refused request may be worth another try: a daily
// bound is not freed within a minute, but asking then costs nothing.
const (
	retryTooMany = 60 * time.Second
	retryBusy    = time.Second
)

// ProblemOf gives the problem that an error is. What no one outside can mend
// is told in general words; the error itself stays the cause.
func ProblemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var large *http.MaxBytesError
	var known *errs.Error
	switch {
	case errors.As(err, &large):
		p = NewProblem(http.StatusRequestEntityTooLarge, "the body is larger than "+strconv.FormatInt(large.Limit, 10)+" bytes")
	case errors.Is(err, context.Canceled):
		p = NewProblem(closedRequest, "the request was given up")
	case errors.Is(err, context.DeadlineExceeded):
		p = NewProblem(http.StatusServiceUnavailable, "this took too long; try again").With("Retry-After", seconds(retryBusy))
	case !errors.As(err, &known) || known.Kind == errs.Internal:
		p = NewProblem(http.StatusInternalServerError, "something went wrong here; it has been noted")
	default:
		p = NewProblem(statusOf(known.Kind), known.Message, faults(known.Problems)...)
		switch known.Kind {
		case errs.Unauthenticated:
			p = p.With("WWW-Authenticate", `Bearer realm="enishi"`)
		case errs.TooMany:
			p = p.With("Retry-After", seconds(retryTooMany))
		case errs.Busy:
			p = p.With("Retry-After", seconds(retryBusy))
		}
	}
	p.cause = err
	return p
}

func faults(list []errs.Problem) []Fault {
	out := make([]Fault, len(list))
	for i, p := range list {
		out[i] = Fault(p)
	}
	return out
}

func seconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}

// WriteProblem answers with a problem document.
func WriteProblem(w http.ResponseWriter, p *Problem) {
	body, err := json.Marshal(p)
	if err != nil {
		http.Error(w, p.Title, p.Status)
		return
	}
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	w.Write(append(body, '\n')) //nolint:errcheck // the client went away; nobody is left to tell
}
