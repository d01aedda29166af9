package redis_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"enishi/internal/redis"
	"enishi/internal/redis/redistest"
)

// traced is a request whose spans are kept.
type traced struct {
	t     *testing.T
	spans *tracetest.SpanRecorder
	ctx   context.Context
	above trace.Span
}

func newTraced(t *testing.T, sampler sdk.Sampler) *traced {
	t.Helper()
	tr := &traced{t: t, spans: tracetest.NewSpanRecorder()}
	p := sdk.NewTracerProvider(sdk.WithSampler(sampler), sdk.WithSpanProcessor(tr.spans))
	t.Cleanup(func() { _ = p.Shutdown(context.Background()) })
	tr.ctx, tr.above = p.Tracer("test").Start(t.Context(), "request")
	return tr
}

// told gives the new spans as texts: name, kind of error, and whether it has
// failed. Each lies beneath the request's.
func (tr *traced) told() (list []string) {
	tr.t.Helper()
	for _, s := range tr.spans.Ended() {
		if s.Parent().SpanID() != tr.above.SpanContext().SpanID() || s.SpanKind() != trace.SpanKindClient {
			tr.t.Errorf("span %s of kind %v lies beneath %v", s.Name(), s.SpanKind(), s.Parent().SpanID())
		}
		text, operation := s.Name(), "redis" // which names none
		for _, a := range s.Attributes() {
			switch a.Key {
			case "db.system.name":
				if a.Value.AsString() != "redis" {
					tr.t.Errorf("span %s is of a %s", s.Name(), a.Value.AsString())
				}
			case "db.operation.name":
				operation = a.Value.AsString()
			case "error.type", "db.operation.batch.size":
				text += " " + a.Value.String()
			}
		}
		if operation != s.Name() {
			tr.t.Errorf("span %s is of the operation %s", s.Name(), operation)
		}
		if s.Status().Code == codes.Error {
			text += " failed"
		}
		list = append(list, text)
	}
	tr.spans.Reset()
	return list
}

func (tr *traced) expect(want ...string) {
	tr.t.Helper()
	if got := tr.told(); !slices.Equal(got, want) {
		tr.t.Errorf("the spans are %q, want %q", got, want)
	}
}

// TestSpans expects a span beneath the request's for each command, with its name
// and what became of it, and no word of what was asked.
func TestSpans(t *testing.T) {
	s := redistest.New(t)
	c := connectBy(t, redistest.Address(t, s.URL), unchecked())
	c.becomes(true)
	tr := newTraced(t, sdk.AlwaysSample())
	key, value := []byte("hash-of-somebody"), []byte("who-that-is")
	cache, l := c.Cache("test"), c.Limits("test", nil)

	cache.Find(tr.ctx, key) // there is nothing: no error
	cache.Keep(tr.ctx, key, value, time.Minute)
	cache.Find(tr.ctx, key)
	cache.Drop(tr.ctx, time.Minute, key)
	cache.Drop(tr.ctx, time.Minute, key, value)
	tr.expect("GET", "SET", "GET", "SET", "PIPELINE SET 2")
	l.Take(tr.ctx, "192.0.2.7", 5, time.Hour)
	l.Take(tr.ctx, "192.0.2.7", 5, time.Hour)
	tr.expect("EVALSHA NOSCRIPT", "EVAL", "EVALSHA")

	gone, leave := context.WithCancel(tr.ctx)
	leave()
	cache.Find(gone, key)
	tr.expect("GET canceled failed")

	// An answer that is an error tells its first word alone.
	other := []byte("a-list")
	command(t, s, "LPUSH", "enishi:test:"+base64.RawURLEncoding.EncodeToString(other), "x")
	cache.Find(tr.ctx, other)
	tr.expect("GET WRONGTYPE failed")
	cache.Find(tr.ctx, other) // it counts as away, and is not asked
	tr.expect("redis away failed")
}

// TestSpansOfACluster expects one span for a pipeline, whichever nodes it goes to.
func TestSpansOfACluster(t *testing.T) {
	url, _ := redistest.NewCluster(t)
	c := connect(t, redistest.Address(t, url))
	if !<-c.changes { // the nodes may not all know yet that they are one
		c.becomes(true)
	}
	tr := newTraced(t, sdk.AlwaysSample())
	cache := c.Cache("test")
	cache.Keep(tr.ctx, []byte("a"), []byte("value"), time.Minute)
	cache.Find(tr.ctx, []byte("a"))
	cache.Drop(tr.ctx, time.Minute, []byte("a"), []byte("b"), []byte("c"))
	tr.expect("SET", "GET", "PIPELINE SET 3")
}

// TestSpansOfAServerThatIsKilled expects an error on the call that finds out, and
// on those that are not made from then on.
func TestSpansOfAServerThatIsKilled(t *testing.T) {
	s := redistest.New(t)
	c := connectBy(t, redistest.Address(t, s.URL), unchecked())
	c.becomes(true)
	tr := newTraced(t, sdk.AlwaysSample())
	s.Kill()
	cache := c.Cache("test")
	cache.Find(tr.ctx, []byte("key"))
	if got := tr.told(); len(got) != 1 || !strings.HasPrefix(got[0], "GET ") || !strings.HasSuffix(got[0], " failed") {
		t.Errorf("the spans are %q, want one GET that failed", got)
	}
	c.becomes(false)
	cache.Keep(tr.ctx, []byte("key"), []byte("value"), time.Minute)
	tr.expect("redis away failed")
}

// TestNoSpansOfTheirOwn expects none without a request that is recorded: neither
// of calls, nor of the checks.
func TestNoSpansOfTheirOwn(t *testing.T) {
	s := redistest.New(t)
	c := connectBy(t, redistest.Address(t, s.URL), redis.Options{CheckEvery: checkEvery, Wait: patience})
	c.becomes(true)
	tr := newTraced(t, sdk.NeverSample())
	cache := c.Cache("test")
	for _, ctx := range []context.Context{tr.ctx, t.Context()} {
		cache.Keep(ctx, []byte("key"), []byte("value"), time.Minute)
		cache.Drop(ctx, time.Minute, []byte("key"), []byte("other"))
	}
	s.Kill()
	c.becomes(false)
	cache.Find(tr.ctx, []byte("key"))
	tr.expect()
}

// TestSpansNameNobody expects no key, value or address in anything that a span
// tells.
func TestSpansNameNobody(t *testing.T) {
	s := redistest.New(t)
	c := connectBy(t, redistest.Address(t, s.URL), unchecked())
	tr := newTraced(t, sdk.AlwaysSample())
	key, value := []byte("hash-of-somebody"), []byte("who-that-is")
	cache, l := c.Cache("test"), c.Limits("test", nil)
	l.Take(tr.ctx, "192.0.2.7", 5, time.Hour)
	cache.Keep(tr.ctx, key, value, time.Minute)
	cache.Drop(tr.ctx, time.Minute, key, value)
	command(t, s, "LPUSH", "enishi:test:"+base64.RawURLEncoding.EncodeToString([]byte("a-list")), "x")
	cache.Find(tr.ctx, []byte("a-list"))
	cache.Find(tr.ctx, key)
	s.Kill()
	cache.Find(tr.ctx, key)
	all := ""
	for _, span := range tr.spans.Ended() {
		all += fmt.Sprintf("%s %v %v %v %+v\n", span.Name(), span.Attributes(), span.Events(), span.Links(), span.Status())
	}
	for _, secret := range []string{string(key), string(value), base64.RawURLEncoding.EncodeToString(key), "enishi:", "192.0.2.7", "a-list"} {
		if strings.Contains(all, secret) {
			t.Errorf("the spans tell %q:\n%s", secret, all)
		}
	}
	if strings.Count(all, "\n") < 6 {
		t.Errorf("there are few spans:\n%s", all)
	}
}
