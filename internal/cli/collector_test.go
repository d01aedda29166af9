package cli_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector takes OTLP over HTTP.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	raw   bytes.Buffer // all that came, for whoever looks for words in it
	spans []*spans.Span
	who   map[string]bool // resources
	auth  string
}

func newCollector(t *testing.T) *collector {
	c := &collector{who: map[string]bool{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.take(r); err != nil {
			t.Errorf("the collector cannot read what came: %v", err)
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) take(r *http.Request) error {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			return err
		}
		body = unzipped
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	var in collect.ExportTraceServiceRequest
	if err := proto.Unmarshal(b, &in); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(b)
	c.auth = r.Header.Get("Authorization")
	for _, rs := range in.GetResourceSpans() {
		for _, a := range rs.GetResource().GetAttributes() {
			if a.GetKey() == "enishi.roles" {
				c.who[a.GetValue().GetStringValue()] = true
			}
		}
		for _, ss := range rs.GetScopeSpans() {
			c.spans = append(c.spans, ss.GetSpans()...)
		}
	}
	return nil
}

// trace gives the spans of a trace.
func (c *collector) trace(id string) []*spans.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*spans.Span
	for _, s := range c.spans {
		if hex.EncodeToString(s.GetTraceId()) == id {
			out = append(out, s)
		}
	}
	return out
}

// named gives the spans of a name.
func named(list []*spans.Span, name string) []*spans.Span {
	var out []*spans.Span
	for _, s := range list {
		if s.GetName() == name {
			out = append(out, s)
		}
	}
	return out
}

func attribute(s *spans.Span, key string) *common.AnyValue {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue()
		}
	}
	return &common.AnyValue{}
}

// beneath says whether a span lies under another, by their parents.
func beneath(list []*spans.Span, s, above *spans.Span) bool {
	for s != nil {
		if bytes.Equal(s.GetParentSpanId(), above.GetSpanId()) {
			return true
		}
		var next *spans.Span
		for _, p := range list {
			if bytes.Equal(p.GetSpanId(), s.GetParentSpanId()) {
				next = p
			}
		}
		s = next
	}
	return false
}
