package redis

import (
	"context"
	"errors"
	"net"
	"strings"

	goredis "github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// scope names this package as what a span comes from.
const scope = "enishi/redis"

// under begins a span beneath the one of ctx, if that is recorded; else the
// span is nil and ctx as it was. The checks that Run makes have none.
func under(ctx context.Context, name string) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, nil
	}
	return parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.system.name", "redis")))
}

// asking begins the span of an operation likewise.
func asking(ctx context.Context, operation string) (context.Context, trace.Span) {
	ctx, span := under(ctx, operation)
	if span != nil {
		span.SetAttributes(attribute.String("db.operation.name", operation))
	}
	return ctx, span
}

// ended ends a span. Of an error only its kind is told: its text may quote the
// arguments of a command.
func ended(span trace.Span, err error) {
	if err == nil || errors.Is(err, goredis.Nil) {
		span.End()
		return
	}
	kind, status := kindOf(err)
	span.SetAttributes(attribute.String("error.type", kind))
	if status != "" {
		span.SetAttributes(attribute.String("db.response.status_code", status))
	}
	if status != unknownScript {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// unknownScript is how a server answers that has not seen a script yet, which
// is then sent whole: no failure.
const unknownScript = "NOSCRIPT"

// kindOf gives the kind of an error, and the word by which Redis names it if
// Redis has answered.
func kindOf(err error) (kind, status string) {
	var answer goredis.Error
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled", ""
	case errors.Is(err, goredis.ErrPoolTimeout):
		return "crowded", ""
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout", ""
	case errors.As(err, &network):
		return "connection", ""
	case errors.As(err, &answer):
		if status, _, _ = strings.Cut(answer.Error(), " "); isWord(status) {
			return status, status
		}
	}
	return "_OTHER", ""
}

// mostWord is longer than any word by which Redis names an error.
const mostWord = 24

// isWord says whether a text is made as Redis names errors: letters alone, all
// of them large.
func isWord(s string) bool {
	return s != "" && len(s) <= mostWord && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// awayNow records that a call was not made, so that a trace shows why the
// database was asked.
func awayNow(ctx context.Context) {
	if _, span := under(ctx, "redis"); span != nil {
		span.SetAttributes(attribute.String("error.type", "away"))
		span.SetStatus(codes.Error, "")
		span.End()
	}
}

// tracing makes a span of each command and of each pipeline, named by what they
// do: neither keys nor values are told.
type tracing struct{}

var _ goredis.Hook = tracing{}

// DialHook changes nothing: a new connection is part of the call that needs it.
func (tracing) DialHook(next goredis.DialHook) goredis.DialHook { return next }

// ProcessHook makes the span of a command.
func (tracing) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, command goredis.Cmder) error {
		ctx, span := asking(ctx, strings.ToUpper(command.Name()))
		err := next(ctx, command)
		if span != nil {
			ended(span, err)
		}
		return err
	}
}

// ProcessPipelineHook makes the span of commands that are sent at once.
func (tracing) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, commands []goredis.Cmder) error {
		if !trace.SpanFromContext(ctx).IsRecording() {
			return next(ctx, commands)
		}
		ctx, span := asking(ctx, pipelineOf(commands))
		if len(commands) > 1 { // one alone is no batch, by the conventions
			span.SetAttributes(attribute.Int("db.operation.batch.size", len(commands)))
		}
		err := next(ctx, commands)
		ended(span, err)
		return err
	}
}

// pipelineOf names commands that are sent at once.
func pipelineOf(commands []goredis.Cmder) string {
	name := ""
	for i, c := range commands {
		if i > 0 && c.Name() != name {
			return "PIPELINE"
		}
		name = c.Name()
	}
	if len(commands) == 1 {
		return strings.ToUpper(name)
	}
	return strings.TrimSpace("PIPELINE " + strings.ToUpper(name))
}
