package httpx

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// Correlated gives a log handler that puts the ids of the request and of the
// trace that a line's context belongs to on the line, so that call sites need
// not: request_id, trace_id and, while the trace is recorded, span_id.
func Correlated(h slog.Handler) slog.Handler { return correlated{h} }

type correlated struct{ slog.Handler }

// Handle adds the ids to a line.
func (c correlated) Handle(ctx context.Context, line slog.Record) error {
	id, span := RequestID(ctx), trace.SpanContextFromContext(ctx)
	if id == "" && !span.HasTraceID() {
		return c.Handler.Handle(ctx, line)
	}
	line = line.Clone() // its attributes are shared with other handlers
	if id != "" {
		line.AddAttrs(slog.String("request_id", id))
	}
	if span.HasTraceID() {
		line.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	if span.IsSampled() && span.HasSpanID() {
		line.AddAttrs(slog.String("span_id", span.SpanID().String()))
	}
	return c.Handler.Handle(ctx, line)
}

// WithAttrs and WithGroup are the handler's own. The ids of a line in a group
// are in the group.
func (c correlated) WithAttrs(attrs []slog.Attr) slog.Handler {
	return correlated{c.Handler.WithAttrs(attrs)}
}

// WithGroup opens a group.
func (c correlated) WithGroup(name string) slog.Handler {
	return correlated{c.Handler.WithGroup(name)}
}
