package files

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// asking gives a bucket on a server that does what handle does, which is waited
// for only shortly.
func asking(t *testing.T, handle http.HandlerFunc) *Bucket {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	p := &patient{newClient(), 50 * time.Millisecond, 50 * time.Millisecond}
	return &Bucket{s3.New(s3.Options{
		Region: anyRegion, BaseEndpoint: &server.URL, UsePathStyle: true, HTTPClient: p,
		Credentials: credentials.NewStaticCredentialsProvider("key", "a-secret", ""),
		Retryer:     aws.NopRetryer{},
	}), Place{Bucket: "bucket"}}
}

// A server that takes a request and says nothing is left, and asked again.
func TestSilentServer(t *testing.T) {
	var asked atomic.Int64
	b := asking(t, func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // to know that the other side has gone
		<-r.Context().Done()
	})
	if _, err := b.List(t.Context(), ""); !errors.Is(err, errQuiet) {
		t.Errorf("List = %v", err)
	}
	if err := b.Remove(t.Context(), "x"); !errors.Is(err, errQuiet) {
		t.Errorf("Remove = %v", err)
	}
	err := b.Create(t.Context(), "x", func(w io.Writer) error {
		_, err := w.Write(bytes.Repeat([]byte("x"), 1<<20))
		return err
	})
	if !errors.Is(err, errQuiet) || strings.Contains(err.Error(), "a-secret") {
		t.Errorf("Create = %v", err)
	}
	if asked.Load() != 3 {
		t.Errorf("the server was asked %d times", asked.Load())
	}
	if retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) != aws.TrueTernary {
		t.Errorf("%v is not tried again", err)
	}
}

// A file of which nothing more comes is gone on with, as often as it is worth it.
func TestSilentFile(t *testing.T) {
	var mu sync.Mutex
	var ranges []string
	b := asking(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		ranges = append(ranges, r.Header.Get("Range")+" "+r.Header.Get("If-Match"))
		mu.Unlock()
		if r.Header.Get("Range") != "" {
			w.WriteHeader(http.StatusPartialContent)
		} else {
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("Etag", `"one"`)
		}
		_, _ = io.WriteString(w, "0123456789")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	r, err := b.Open(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if !errors.Is(err, errQuiet) || !strings.Contains(err.Error(), "at byte 50 of 1000") || len(got) != 50 || r.Close() != nil {
		t.Errorf("read %q, %v", got, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := ` |bytes=10- "one"|bytes=20- "one"|bytes=30- "one"|bytes=40- "one"`; strings.Join(ranges, "|") != want {
		t.Errorf("asked for %q", ranges)
	}
}
