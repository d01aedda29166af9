// Package telemetry tells operators what a process does: it sends the spans of
// traces to a collector, makes spans and metrics of what a market does, and
// metrics of its log, its populations and its store.
//
// It refuses to tell anything of a person: rows are named by their kind and
// position, rules by their key, and errors by their kind alone. Everything is
// safe for concurrent use.
package telemetry

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TracesOptions say where traces go.
type TracesOptions struct {
	// URL is where a collector takes OTLP over HTTP; a user and a password in
	// it are sent as basic authorization. Empty: there are no traces.
	URL string
	// Ratio is the part of traces that begin here and are recorded. One that
	// a caller has begun is recorded if the caller records it.
	Ratio float64
	// Version is the program's, Roles are what the process plays, and Instance
	// tells it from others.
	Version, Roles, Instance string
}

// Traces sends spans to a collector; it is a lifecycle service.
type Traces struct {
	provider *sdk.TracerProvider // nil: there are no traces
	exporter *exporter
}

// The queue holds some seconds of spans of a busy process, about 4 MB; when it
// is full, spans are dropped, and nobody waits.
const (
	queueSpans  = 4096
	batchSpans  = 512
	batchEvery  = 2 * time.Second
	exportTime  = 10 * time.Second
	flushTime   = 5 * time.Second // at the end
	defaultPath = "/v1/traces"
)

// NewTraces begins to send spans. It does not ask whether the collector is
// there: that it is away harms nobody.
func NewTraces(ctx context.Context, log *slog.Logger, o TracesOptions) (*Traces, error) {
	if o.URL == "" {
		return &Traces{exporter: newExporter(log, nil)}, nil
	}
	to, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("read the address that traces go to: %w", err)
	}
	options := []otlptracehttp.Option{otlptracehttp.WithTimeout(exportTime), otlptracehttp.WithCompression(otlptracehttp.GzipCompression)}
	if user := to.User; user != nil {
		password, _ := user.Password()
		basic := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		options = append(options, otlptracehttp.WithHeaders(map[string]string{"Authorization": "Basic " + basic}))
		to.User = nil
	}
	if strings.Trim(to.Path, "/") == "" {
		to.Path = defaultPath
	}
	sender, err := otlptracehttp.New(ctx, append(options, otlptracehttp.WithEndpointURL(to.String()))...)
	if err != nil {
		return nil, fmt.Errorf("send traces: %w", err)
	}
	t := &Traces{exporter: newExporter(log, sender)}
	t.provider = sdk.NewTracerProvider(
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Ratio))),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "enishi"), attribute.String("service.version", o.Version),
			attribute.String("service.instance.id", o.Instance), attribute.String("enishi.roles", o.Roles))),
		sdk.WithSpanProcessor(counting{t.exporter}),
		sdk.WithBatcher(t.exporter, sdk.WithMaxQueueSize(queueSpans), sdk.WithMaxExportBatchSize(batchSpans),
			sdk.WithBatchTimeout(batchEvery), sdk.WithExportTimeout(exportTime)),
	)
	return t, nil
}

// Tracer makes the spans of requests and of the matcher; nil if there are no
// traces.
func (t *Traces) Tracer() trace.Tracer {
	if t.provider == nil {
		return nil
	}
	return t.provider.Tracer("enishi")
}

// Run waits until ctx is done, then sends what is left, for a few seconds at
// most. That it cannot be sent is no failure of the process.
func (t *Traces) Run(ctx context.Context) error {
	<-ctx.Done()
	if t.provider == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	if err := t.provider.Shutdown(last); err != nil {
		t.exporter.log.WarnContext(last, "the last spans of traces were not sent", "error", err)
	}
	return nil
}

// exporter counts what is sent, and says once when nothing can be sent and once
// when it can again.
type exporter struct {
	log     *slog.Logger
	sender  sdk.SpanExporter
	failing atomic.Bool
	ended   atomic.Int64 // spans that were recorded
	sent    atomic.Int64
	lost    atomic.Int64 // spans that the collector did not take
}

func newExporter(log *slog.Logger, sender sdk.SpanExporter) *exporter {
	return &exporter{log: log, sender: sender}
}

// ExportSpans sends spans, or loses them.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.sender.ExportSpans(ctx, spans)
	if err == nil {
		e.sent.Add(int64(len(spans)))
	} else {
		e.lost.Add(int64(len(spans)))
	}
	// The line belongs to no request; its context would be traced again.
	switch was := e.failing.Swap(err != nil); {
	case err != nil && !was:
		e.log.WarnContext(ctx, "the collector takes no spans; they are lost until it does", "error", err)
	case err == nil && was:
		e.log.InfoContext(ctx, "the collector takes spans again")
	}
	return nil // it is said
}

// Shutdown ends the sender.
func (e *exporter) Shutdown(ctx context.Context) error { return e.sender.Shutdown(ctx) }

// counting counts spans as they end, before the queue may drop them.
type counting struct{ exporter *exporter }

// OnStart does nothing.
func (counting) OnStart(context.Context, sdk.ReadWriteSpan) {}

// OnEnd counts.
func (c counting) OnEnd(s sdk.ReadOnlySpan) {
	if s.SpanContext().IsSampled() {
		c.exporter.ended.Add(1)
	}
}

// Shutdown does nothing.
func (counting) Shutdown(context.Context) error { return nil }

// ForceFlush does nothing.
func (counting) ForceFlush(context.Context) error { return nil }

// Collectors gives the metrics of what was sent. Spans that were recorded and
// are in none of the others are queued, or dropped.
func (t *Traces) Collectors() []prometheus.Collector {
	count := func(name, help string, n *atomic.Int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(n.Load()) })
	}
	return []prometheus.Collector{
		count("enishi_trace_spans_recorded_total", "Spans that were recorded.", &t.exporter.ended),
		count("enishi_trace_spans_sent_total", "Spans that the collector has taken.", &t.exporter.sent),
		count("enishi_trace_spans_lost_total", "Spans that could not be sent.", &t.exporter.lost),
	}
}
