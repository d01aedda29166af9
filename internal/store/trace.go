package store

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"enishi/internal/errs"
)

// scope names this package as what a span comes from.
const scope = "enishi/store"

// under begins a span beneath the one of ctx, if that is recorded; else the
// span is nil and ctx as it was.
func under(ctx context.Context, name string) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, nil
	}
	return parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))
}

// ended ends a span. Of an error only the kind is told: its text may hold what
// somebody sent. That a row was not found, or that somebody may not do what
// they asked for, is no failure of the database.
func ended(span trace.Span, err error) {
	if err != nil {
		kind := errs.KindOf(err)
		span.SetAttributes(attribute.String("error.type", kind.String()))
		if kind == errs.Internal || kind == errs.Busy {
			span.SetStatus(codes.Error, "")
		}
	}
	span.End()
}

// transaction begins the span of a transaction with all its repeats.
func (s *Store) transaction(ctx context.Context, write bool) (context.Context, trace.Span) {
	name := "read transaction"
	if write {
		name = "write transaction"
	}
	ctx, span := under(ctx, name)
	if span != nil && s.dialect.System != "" {
		span.SetAttributes(attribute.String("db.system.name", s.dialect.System))
	}
	return ctx, span
}

// statement begins the span of a statement: its text as it is written in this
// package, with ? where values stand. nil: it is not recorded.
func (t *tx) statement(query string) trace.Span {
	if !t.traced {
		return nil
	}
	operation, summary := summaryOf(query)
	_, span := under(t.ctx, summary)
	if span != nil {
		span.SetAttributes(
			attribute.String("db.system.name", t.dialect.System),
			attribute.String("db.operation.name", operation),
			attribute.String("db.query.summary", summary),
			attribute.String("db.query.text", query[:min(len(query), mostText)]))
	}
	return span
}

// mostText bounds the text of a statement on a span: an INSERT of many rows is
// as long as they are many.
const mostText = 1000

// summaryOf gives what a statement does, and the same with its first table.
func summaryOf(query string) (operation, summary string) {
	words := strings.Fields(query[:min(len(query), mostText)])
	if len(words) == 0 {
		return "", ""
	}
	operation = words[0]
	for i, word := range words[:len(words)-1] {
		if word == "FROM" || word == "INTO" || word == "UPDATE" {
			return operation, operation + " " + words[i+1]
		}
	}
	return operation, operation
}

// causeOf gives the trace that a transaction belongs to as a traceparent of
// W3C Trace Context, "" if it is in none that is recorded.
func causeOf(ctx context.Context) string {
	c := trace.SpanContextFromContext(ctx)
	if !c.IsValid() || !c.IsSampled() {
		return ""
	}
	return "00-" + c.TraceID().String() + "-" + c.SpanID().String() + "-01"
}
