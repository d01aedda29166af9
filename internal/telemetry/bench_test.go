package telemetry_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"

	"enishi/internal/account"
	"enishi/internal/api"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/store/sqlite"
	"enishi/internal/telemetry"
)

// benchTraces are what a handler is measured with: no traces at all, traces of
// which this request is none, and one that is recorded and dropped at the end.
func benchTraces(b *testing.B, run func(b *testing.B, h http.Handler)) {
	for name, sampler := range map[string]trace.Sampler{
		"traces=off": nil, "traces=not-sampled": trace.ParentBased(trace.NeverSample()), "traces=sampled": trace.AlwaysSample(),
	} {
		b.Run(name, func(b *testing.B) {
			run(b, benchHandler(b, sampler))
		})
	}
}

// nowhere takes spans and sends them nowhere: what is measured is ours.
type nowhere struct{}

func (nowhere) ExportSpans(context.Context, []trace.ReadOnlySpan) error { return nil }

func (nowhere) Shutdown(context.Context) error { return nil }

func (nowhere) Send(context.Context, *market.Letter) error { return nil }

func benchHandler(b *testing.B, sampler trace.Sampler) http.Handler {
	b.Helper()
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"), sqlite.Options{Relaxed: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	vault, err := account.NewVault(bytes.Repeat([]byte("k"), account.SecretBytes))
	if err != nil {
		b.Fatal(err)
	}
	o := api.Options{Demo: true}
	if sampler != nil {
		p := trace.NewTracerProvider(trace.WithSampler(sampler), trace.WithBatcher(nowhere{}))
		b.Cleanup(func() { _ = p.Shutdown(context.Background()) })
		o.Tracer = p.Tracer("bench")
	}
	m, err := market.Open(b.Context(), s, vault, market.Options{
		Mode: market.Auto, Demo: true, Clock: time.Now, Mail: nowhere{}, Observer: telemetry.NewObserver(o.Tracer),
		Report: func(_ context.Context, what string, err error) { b.Errorf("%s: %v", what, err) },
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	h, err := api.New(slog.New(httpx.Correlated(slog.NewJSONHandler(io.Discard, nil))), m, o)
	if err != nil {
		b.Fatal(err)
	}
	return h
}

func BenchmarkStatus(b *testing.B) {
	benchTraces(b, func(b *testing.B, h http.Handler) {
		for b.Loop() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/status", nil))
			if w.Code != http.StatusOK {
				b.Fatal(w.Body)
			}
		}
	})
}

func BenchmarkSignUp(b *testing.B) {
	benchTraces(b, func(b *testing.B, h http.Handler) {
		n := 0
		for b.Loop() {
			n++
			body := fmt.Sprintf(`{"email":"p%d@example.jp","profile":{"occupation":[{"code":"0312","min":5}]},"wishes":{"all":[]}}`, n)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", "/api/v1/candidates", strings.NewReader(body)))
			if w.Code != http.StatusCreated {
				b.Fatal(w.Body)
			}
		}
	})
}
