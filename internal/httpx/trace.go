package httpx

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// unobserved are what machines ask every few seconds: it is not traced, and
// logged at debug level only.
func unobserved(path string) bool { return path == "/livez" || path == "/readyz" || path == "/metrics" }

// begin gives the context of a request's own span. The caller's trace
// (traceparent of W3C Trace Context) goes on, without what else the caller says
// of it; without one there is a new trace, whether it is recorded or not, so
// that the lines of a request can be found by one id.
//
// Beneath a span that is recorded, everything else finds the tracer through
// the context; see docs/decisions/0013-telemetry.md.
func begin(tracer trace.Tracer, r *http.Request, requestID string) (context.Context, trace.Span) {
	ctx := r.Context()
	caller := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header)))
	caller = caller.WithTraceState(trace.TraceState{})
	if caller.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, caller)
	}
	if unobserved(r.URL.Path) {
		return ctx, trace.SpanFromContext(ctx)
	}
	if tracer == nil {
		if !caller.IsValid() {
			ctx = trace.ContextWithSpanContext(ctx, anyTrace())
		}
		return ctx, trace.SpanFromContext(ctx)
	}
	method := methodOf(r.Method)
	return tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", method), attribute.String("enishi.request_id", requestID)))
}

// end ends the span of a request. The names are those of the semantic
// conventions; the path, the address and the name of the client's program are
// left out, since they may tell who asked for what.
func end(span trace.Span, method, route string, status int) {
	if !span.IsRecording() {
		return
	}
	name := route
	if r := pathOf(route); r != "" {
		span.SetAttributes(attribute.String("http.route", r))
	} else {
		name = method
	}
	span.SetName(name)
	span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.SetAttributes(attribute.Int("error.type", status))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// anyTrace gives the ids of a trace that nobody records.
func anyTrace() trace.SpanContext {
	var c trace.SpanContextConfig
	for !c.TraceID.IsValid() || !c.SpanID.IsValid() {
		binary.NativeEndian.PutUint64(c.TraceID[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(c.TraceID[8:], rand.Uint64())
		binary.NativeEndian.PutUint64(c.SpanID[:], rand.Uint64())
	}
	return trace.NewSpanContext(c)
}
