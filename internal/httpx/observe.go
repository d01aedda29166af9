package httpx

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"
)

type requestIDKey struct{}

// RequestID gives the id of the request that a context belongs to, "" if none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

type lastingKey struct{}

// lasting is a request's context without its deadline, and whether it was asked for.
type lasting struct {
	ctx   context.Context
	asked atomic.Bool
}

// Lasting gives the context of a request without the deadline that requests have: it
// ends when whoever asked leaves. For what is answered for as long as somebody listens:
// how long that was is not counted among the times that requests take.
func Lasting(ctx context.Context) context.Context {
	if l, ok := ctx.Value(lastingKey{}).(*lasting); ok {
		l.asked.Store(true)
		return l.ctx
	}
	return ctx
}

// requestLife is how long a request may take: longer, and whoever asked has
// gone.
const requestLife = 15 * time.Second

// Observe gives each request an id, a span of the tracer (nil: none) and a
// deadline, answers a panic as a 500, and logs and counts what was answered
// under the route that a mux in next found. It must be the outermost handler.
func Observe(log *slog.Logger, metrics *Metrics, tracer trace.Tracer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := requestID(r)
		w.Header().Set("X-Request-Id", id)
		ctx, span := begin(tracer, r, id)
		ctx = context.WithValue(ctx, requestIDKey{}, id)
		whole := &lasting{ctx: ctx}
		ctx, cancel := context.WithTimeout(context.WithValue(ctx, lastingKey{}, whole), requestLife)
		defer cancel()
		r = r.WithContext(ctx)
		rec := &recorder{ResponseWriter: w}
		done := metrics.begin()
		defer func() {
			done()
			if failure := recover(); failure != nil {
				rec.recovered(ctx, log, failure)
			}
			took := time.Since(start)
			route := routeOf(r)
			metrics.count(r.Method, route, rec.answered())
			if !whole.asked.Load() && !unobserved(r.URL.Path) {
				metrics.took(r.Method, route, took)
			}
			end(span, methodOf(r.Method), route, rec.answered())
			log.LogAttrs(ctx, levelOf(r), "request",
				slog.String("method", methodOf(r.Method)), slog.String("route", route),
				slog.Int("status", rec.answered()), slog.Int64("bytes", rec.bytes), slog.Duration("took", took))
		}()
		next.ServeHTTP(rec, r)
	})
}

// levelOf keeps what machines ask every few seconds out of the log.
func levelOf(r *http.Request) slog.Level {
	if unobserved(r.URL.Path) {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// requestID gives the id that came with the request if it is a plain one, or
// a new one.
func requestID(r *http.Request) string {
	const most = 64
	id := r.Header.Get("X-Request-Id")
	plain := id != "" && len(id) <= most
	for i := range len(id) {
		c := id[i]
		plain = plain && (c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
	}
	if plain {
		return id
	}
	return uuid.NewString()
}

// routeOf gives the pattern that the request matched: never the path, which
// may hold anything.
func routeOf(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

// pathOf gives the path of a route, "" if the request had none.
func pathOf(route string) string {
	_, path, _ := strings.Cut(route, " ")
	return path
}

// methodOf gives one of the known methods, so that nobody can make up labels.
func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// recorder notes what is answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// Unwrap gives the writer below, for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

func (r *recorder) answered() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

func (r *recorder) recovered(ctx context.Context, log *slog.Logger, failure any) {
	if ctx.Err() == nil {
		log.ErrorContext(ctx, "a handler panicked", "panic", told(failure), "stack", string(debug.Stack()))
	}
	if r.status == 0 {
		WriteProblem(r, NewProblem(http.StatusInternalServerError, "something went wrong here; it has been noted"))
	}
}

// told gives what may be said of a panic: what the runtime has to say is of
// types and lengths; anything else may hold what a person sent, so only its
// type is told. The stack says where it was.
func told(failure any) string {
	if err, ok := failure.(runtime.Error); ok { // not errors.As: one that is wrapped has a text around it
		return err.Error()
	}
	return fmt.Sprintf("%T", failure)
}
