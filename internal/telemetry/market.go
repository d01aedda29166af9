package telemetry

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// Observer makes spans and metrics of what a market does.
type Observer struct {
	tracer trace.Tracer // nil: no spans

	rows    *prometheus.CounterVec
	failed  prometheus.Counter
	row     prometheus.Histogram
	offers  *prometheus.CounterVec
	step    prometheus.Histogram
	signUp  *prometheus.HistogramVec
	mails   *prometheus.CounterVec
	engine  *prometheus.HistogramVec
	handled map[market.WorkKind]prometheus.Observer
}

var _ market.Observer = (*Observer)(nil)

// How a sign-up ends.
const (
	answered = "answered"
	later    = "later"
)

// What came of a try to send a mail.
const (
	mailSent    = "sent"
	mailFailed  = "failed"
	mailRefused = "refused"
)

// byRequest is the cause of offers that a sign-up makes in its own request.
const byRequest = "request"

// NewObserver gives an observer; tracer may be nil.
func NewObserver(tracer trace.Tracer) *Observer {
	o := &Observer{
		tracer: tracer,
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "enishi_matcher_rows_total", Help: "Rows of the log that the matcher has handled, by kind of change.",
		}, []string{"kind"}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "enishi_matcher_failures_total", Help: "Times that handling a row of the log failed; it is tried again.",
		}),
		row: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "enishi_matcher_row_duration_seconds", Help: "How long the matcher took for a row.", Buckets: transactionBuckets(),
		}),
		offers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "enishi_offers_made_total", Help: "Offers made, by the kind of the row that they follow from, or request: a sign-up's own.",
		}, []string{"cause"}),
		step: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "enishi_step_duration_seconds", Help: "How long the transactions took that make offers.", Buckets: transactionBuckets(),
		}),
		signUp: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "enishi_signup_offers_seconds",
			Help: "How long sign-ups took until their offers were in the answer, by outcome: answered, or later: the matcher makes what the request could not.",
			// 2 s is what is promised: internal/alarm.
			Buckets: []float64{.025, .05, .1, .25, .5, 1, 2, 5, 10},
		}, []string{"outcome"}),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "enishi_mails_total", Help: "Mails tried: sent, failed (tried again later), or refused (given up).",
		}, []string{"outcome"}),
		engine: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "enishi_engine_duration_seconds", Help: "How long the engine took, by operation.",
			Buckets: []float64{.00001, .000025, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1},
		}, []string{"operation"}),
		handled: map[market.WorkKind]prometheus.Observer{},
	}
	for _, kind := range []market.WorkKind{market.SearchWork, market.MatchWork, market.MissesWork, market.ApplyWork} {
		o.handled[kind] = o.engine.WithLabelValues(string(kind))
	}
	o.handled[market.RowWork], o.handled[market.StepWork] = o.row, o.step
	for _, kind := range matching() { // so that their rates begin at 0
		o.rows.WithLabelValues(string(kind))
		o.offers.WithLabelValues(string(kind))
	}
	o.offers.WithLabelValues(byRequest)
	o.signUp.WithLabelValues(answered)
	o.signUp.WithLabelValues(later)
	for _, outcome := range []string{mailSent, mailFailed, mailRefused} {
		o.mails.WithLabelValues(outcome)
	}
	return o
}

func transactionBuckets() []float64 {
	return []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
}

// matching are the changes that can make somebody match.
func matching() []market.Change {
	return []market.Change{
		market.CandidateChanged, market.BlockRemoved, market.RuleChanged, market.PositionChanged, market.CompanyChanged, market.DayBegan,
	}
}

// works says whether the matcher does more with a row than to step over it.
func works(c market.Change) bool {
	switch c {
	case market.OfferChanged, market.CandidateLess, market.CandidateErased, market.BlockAdded, market.RuleLess:
		return false
	}
	return true
}

// Collectors gives the metrics.
func (o *Observer) Collectors() []prometheus.Collector {
	return []prometheus.Collector{o.rows, o.failed, o.row, o.offers, o.step, o.signUp, o.mails, o.engine}
}

type causeKey struct{}

// Begin is told that work begins; see market.Observer.
func (o *Observer) Begin(ctx context.Context, w market.Work) (context.Context, func(market.Outcome)) {
	start := time.Now()
	if w.Kind == market.SignUpWork { // the request's own span says the rest
		return ctx, func(out market.Outcome) {
			outcome := answered
			if out.Err != nil {
				outcome = later
			}
			o.signUp.WithLabelValues(outcome).Observe(time.Since(start).Seconds())
		}
	}
	ctx, span := o.begin(ctx, w)
	return ctx, func(out market.Outcome) {
		if d, ok := o.handled[w.Kind]; ok {
			d.Observe(time.Since(start).Seconds())
		}
		o.count(ctx, w, out)
		if span != nil {
			end(span, w, out)
		}
	}
}

func (o *Observer) count(ctx context.Context, w market.Work, out market.Outcome) {
	switch {
	case w.Kind == market.MailWork:
		o.mails.WithLabelValues(mailOutcome(out.Err)).Inc()
	case w.Kind == market.RowWork && out.Err != nil:
		o.failed.Inc()
	case w.Kind == market.RowWork:
		o.rows.WithLabelValues(string(w.Row.Change)).Inc()
	case w.Kind == market.StepWork && out.Offers > 0:
		cause, ok := ctx.Value(causeKey{}).(market.Change)
		if !ok {
			cause = byRequest
		}
		o.offers.WithLabelValues(string(cause)).Add(float64(out.Offers))
	}
}

func mailOutcome(err error) string {
	switch {
	case err == nil:
		return mailSent
	case errors.Is(err, market.ErrRefused):
		return mailRefused
	}
	return mailFailed
}

// begin begins the span of work: of a row one in the trace of the request that
// wrote it, if that is recorded, else in a trace of its own; of all else one
// beneath the span of its context, if that is recorded.
func (o *Observer) begin(ctx context.Context, w market.Work) (context.Context, trace.Span) {
	if w.Kind != market.RowWork {
		parent := trace.SpanFromContext(ctx)
		if !parent.IsRecording() {
			return ctx, nil
		}
		return parent.TracerProvider().Tracer("enishi/market").Start(ctx, spanName(w.Kind))
	}
	ctx = context.WithValue(ctx, causeKey{}, w.Row.Change)
	if o.tracer == nil || !works(w.Row.Change) {
		return ctx, nil
	}
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": w.Row.Trace})
	return o.tracer.Start(ctx, spanName(w.Kind), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("enishi.row.kind", string(w.Row.Change)), attribute.Int64("enishi.row.position", w.Row.Pos)))
}

func spanName(kind market.WorkKind) string {
	switch kind {
	case market.RowWork:
		return "handle row"
	case market.StepWork:
		return "make offers"
	case market.MailWork:
		return "send mail"
	}
	return "engine " + string(kind)
}

// end ends a span. An error's text may hold what somebody sent.
func end(span trace.Span, w market.Work, out market.Outcome) {
	if w.Kind == market.StepWork {
		span.SetAttributes(attribute.Int("enishi.offers", out.Offers), attribute.Int64Slice("enishi.rules", out.Rules))
	}
	if out.Err != nil {
		span.SetAttributes(attribute.String("error.type", errs.KindOf(out.Err).String()))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
