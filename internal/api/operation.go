package api

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// audience is who may call an operation.
type audience account.Kind

const (
	anyone     audience = ""
	signedIn   audience = "signed in"
	candidates audience = audience(account.Candidate)
	members    audience = audience(account.Member)
	operators  audience = audience(account.Operator)
)

// accounts says whose a token is.
var accounts = map[audience]string{
	candidates: "a candidate", members: "a company's member", operators: "an operator",
}

// operation describes one operation for the router and for the document.
type operation struct {
	method, path, id, tag string
	summary, detail       string
	who                   audience
	class                 httpx.Class
	status                int    // of success; 0: 200
	errors                []int  // beyond those that follow from the rest
	request, answer       any    // examples
	kind                  string // media type of the answer; empty: JSON
	limited               bool   // bounded per address
	optional              bool   // the body may be left out
	noted                 bool   // though it is a GET, it must not go by without a trace
}

// exchange is a request while it is handled.
type exchange struct {
	request *http.Request
	actor   market.Actor
	token   string // of the actor; empty: anyone may ask
	digest  []byte // of method, path and body, once the body is read
}

type exchangeKey struct{}

// exchangeOf gives the exchange of a handler's context.
func exchangeOf(ctx context.Context) *exchange {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		return &exchange{}
	}
	return x
}

func actorOf(ctx context.Context) market.Actor { return exchangeOf(ctx).actor }

// none is the input of an operation without parameters.
type none struct{}

// answered is an answer with a body.
type answered[T any] struct{ Body T }

// tagged is an answer with the version of what it shows.
type tagged[T any] struct {
	ETag string `header:"ETag" doc:"The version, for If-Match."`
	Body T
}

// handle adds an operation that takes no body.
func handle[I, O any](s *service, op operation, f func(context.Context, *I) (*O, error)) {
	huma.Register(s.huma, s.describe(op, nil), func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, httpx.Failed(ctx, s.log, err)
		}
		return out, nil
	})
}

// handleBody adds an operation that takes a body.
func handleBody[I, B, O any](s *service, op operation, f func(context.Context, *I, *B) (*O, error)) {
	huma.Register(s.huma, s.describe(op, new(B)), func(ctx context.Context, in *I) (*O, error) {
		var body B
		err := exchangeOf(ctx).read(&body, op.optional)
		var out *O
		if err == nil {
			out, err = f(ctx, in, &body)
		}
		if err != nil {
			return nil, httpx.Failed(ctx, s.log, err)
		}
		return out, nil
	})
}

// read reads the body; an optional one that is empty leaves what it is read into as
// it is.
func (x *exchange) read(into any, optional bool) error {
	if err := understood(x.request.Header); err != nil {
		return err
	}
	body, err := io.ReadAll(x.request.Body)
	if err != nil {
		if p := httpx.ProblemOf(err); p.Status == http.StatusRequestEntityTooLarge {
			return p
		}
		return malformed("the body did not arrive whole", "the beginning of a body")
	}
	h := sha256.New()
	io.WriteString(h, x.request.Method+" "+x.request.URL.Path+"\n") //nolint:errcheck // a hash does not fail
	h.Write(body)
	x.digest = h.Sum(nil)
	if optional && len(body) == 0 {
		return nil
	}
	return decode(body, into)
}

// understood refuses a body that says it is no JSON, or packed; one that says
// nothing is read.
func understood(h http.Header) error {
	if kind := h.Get("Content-Type"); kind != "" {
		name, parameters, err := mime.ParseMediaType(kind)
		isJSON := name == jsonType || strings.HasSuffix(name, "+json")
		if charset := parameters["charset"]; err != nil || !isJSON || charset != "" && !strings.EqualFold(charset, "utf-8") {
			return httpx.NewProblem(http.StatusUnsupportedMediaType, "send the body as "+jsonType+" in UTF-8, not as "+strconv.Quote(kind))
		}
	}
	if packed := h.Get("Content-Encoding"); packed != "" && packed != "identity" {
		return httpx.NewProblem(http.StatusUnsupportedMediaType, "send the body as it is, not packed by "+strconv.Quote(packed))
	}
	return nil
}

// admit lets those through for whom an operation is.
func (s *service) admit(op operation) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(c)
		x := &exchange{request: r}
		w.Header().Set("Cache-Control", "no-store") // unless the answer says otherwise
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if err := s.authenticate(x, op); err != nil {
			httpx.WriteProblem(w, httpx.Failed(r.Context(), s.log, err))
			return
		}
		within := context.WithValue(c.Context(), exchangeKey{}, x)
		if x.token != "" {
			within = market.InSession(within, x.token)
		}
		next(huma.WithContext(c, within))
	}
}

func (s *service) authenticate(x *exchange, op operation) error {
	if op.limited && s.limiter != nil && !s.rehearses(x.request) {
		if err := s.limiter.Allow(x.request); err != nil {
			return err
		}
	}
	if op.who == anyone {
		return nil
	}
	token, err := bearer(x.request.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	if x.actor, err = s.market.Authenticate(x.request.Context(), token); err != nil {
		return err
	}
	x.token = token
	if op.who != signedIn && audience(x.actor.Kind) != op.who {
		return errs.New(errs.Denied, "this needs the token of "+accounts[op.who]+", and yours is of "+accounts[audience(x.actor.Kind)])
	}
	return nil
}

func bearer(header string) (string, error) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errs.New(errs.Unauthenticated, "send Authorization: Bearer and the token of POST /api/v1/sessions")
	}
	return token, nil
}

// Creation are the parameters of a create.
type Creation struct {
	Key string `header:"Idempotency-Key" doc:"A text of your choice, at most 200 bytes, such as a UUID: a repeat with the same key and body within 24 hours creates nothing and answers with what the first created."`
}

// once gives the idempotency key of a request whose body was read.
func (in *Creation) once(ctx context.Context) (market.Once, error) {
	x := exchangeOf(ctx)
	if len(in.Key) > market.MostKeyBytes {
		return market.Once{}, errs.AtPointer("/Idempotency-Key", fmt.Sprintf("%d bytes", len(in.Key)),
			fmt.Sprintf("at most %d bytes", market.MostKeyBytes))
	}
	scope := "anonymous"
	if x.actor.Account != 0 {
		scope = market.ReplyScope(x.actor.Account)
	}
	return market.Once{Scope: scope, Key: in.Key, Digest: x.digest}, nil
}

// Edition are the parameters of an edit.
type Edition struct {
	IfMatch string `header:"If-Match" doc:"The ETag of the answer that you edit."`
}

// version gives the version that the client saw; 0, which nothing has, for a
// tag that is none of ours.
func (in *Edition) version() (int64, error) {
	tag := strings.TrimSpace(in.IfMatch)
	if tag == "" || tag == "*" {
		return 0, errs.New(errs.Missing, "send If-Match with the ETag that you read, so that nobody's edit is lost")
	}
	if n, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64); err == nil && etag(n) == tag {
		return n, nil
	}
	return 0, nil
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }
