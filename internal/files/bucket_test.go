package files_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"enishi/internal/errs"
	"enishi/internal/files"
	"enishi/internal/files/filestest"
)

// Over TLS, requests are signed otherwise, and sums follow what they are of.
func TestBucketOverTLS(t *testing.T) {
	filestest.Run(t, func(t *testing.T) filestest.Kept {
		return filestest.BucketBehind(t, func(endpoint string) string {
			u, err := url.Parse(endpoint)
			if err != nil {
				t.Fatal(err)
			}
			// Requests are signed with the name of whom they are sent to, which stays.
			front := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(u)
				r.Out.Host = r.In.Host
			}})
			t.Cleanup(front.Close)
			authority := filepath.Join(t.TempDir(), "ca.pem")
			text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
			if err := os.WriteFile(authority, text, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("AWS_CA_BUNDLE", authority)
			return front.URL
		})
	})
}

// A listing has a thousand files on a page.
func TestManyInABucket(t *testing.T) {
	b := filestest.Bucket(t)
	const many = 1003
	var all sync.WaitGroup
	for part := range 8 {
		all.Go(func() {
			for i := part; i < many; i += 8 {
				if err := b.Create(t.Context(), fmt.Sprintf("a-%04d", i), text("")); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	list, err := b.List(t.Context(), "a-")
	if err != nil || len(list) != many || list[0].Name != "a-0000" || list[many-1].Name != "a-1002" {
		t.Errorf("List gives %d files, %v", len(list), err)
	}
}

// What is below another prefix, or deeper, is somebody else's.
func TestPartsOfABucket(t *testing.T) {
	at := filestest.At(t)
	open := func(prefix string) *files.Bucket {
		t.Helper()
		place := at
		place.Prefix = prefix
		b, err := files.OpenBucket(t.Context(), place)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	above, deeper, beside := open(at.Prefix), open(at.Prefix+"/deeper"), open(at.Prefix+"-beside")
	for _, b := range []*files.Bucket{above, deeper, beside} {
		if err := b.Create(t.Context(), "x", text("")); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := beside.Remove(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := above.List(t.Context(), ""); err != nil || len(list) != 1 || list[0].Name != "x" {
		t.Errorf("List = %v, %v", list, err)
	}
}

// An error says what was done where, and never a key.
func TestBucketErrors(t *testing.T) {
	at := filestest.At(t)
	away := at
	away.Bucket = "enishi-there-is-none"
	closed := at
	closed.Endpoint = "http://" + closedPort(t)
	for _, tt := range []struct {
		name, secret string
		at           files.Place
		want         string
	}{
		{"no such bucket", "enishi-secret", away, "NoSuchBucket"},
		{"another secret", "another-secret-key", at, "SignatureDoesNotMatch"},
		{"no server", "enishi-secret", closed, "connection refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("AWS_SECRET_ACCESS_KEY", tt.secret)
			b, err := files.OpenBucket(t.Context(), tt.at)
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup // without a server each is tried for seconds
			for does, do := range map[string]func() error{
				"list the files in":           func() error { _, err := b.List(t.Context(), ""); return err },
				"open the file name-x in":     func() error { _, err := b.Open(t.Context(), "name-x"); return err },
				"write the file name-x to":    func() error { return b.Create(t.Context(), "name-x", text("y")) },
				"remove the file name-x from": func() error { return b.Remove(t.Context(), "name-x") },
				"list what was left":          func() error { return b.Sweep(t.Context(), time.Now()) },
			} {
				all.Go(func() {
					err := do()
					if err == nil || errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), does) || !strings.Contains(err.Error(), tt.at.String()) || !strings.Contains(err.Error(), tt.want) {
						t.Errorf("%s: %v", does, err)
					}
					if err != nil && strings.Contains(err.Error(), tt.secret) {
						t.Errorf("a secret is told: %v", err)
					}
				})
			}
			all.Wait()
		})
	}
}

func TestBucketWithoutARegion(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	if _, err := files.OpenBucket(t.Context(), files.Place{Bucket: "bucket"}); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "?region=REGION") {
		t.Errorf("OpenBucket = %v", err)
	}
	t.Setenv("AWS_REGION", "ap-northeast-1")
	if _, err := files.OpenBucket(t.Context(), files.Place{Bucket: "bucket"}); err != nil {
		t.Error(err)
	}
}

// A file that is cut again and again while it is read is read whole; one that
// is another by then is not.
func TestCutWhileRead(t *testing.T) {
	at := filestest.At(t)
	whole, err := files.OpenBucket(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte("0123456789abcde\n"), 1<<18) // 4 MiB
	if err := whole.Create(t.Context(), "x", text(string(want))); err != nil {
		t.Fatal(err)
	}
	var cuts atomic.Int64
	place := at
	place.Endpoint = "http://" + cutting(t, at.Endpoint, 1<<20+99, &cuts)
	cut, err := files.OpenBucket(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	cuts.Store(3)
	r, err := cut.Open(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, want) || cuts.Load() != 0 {
		t.Errorf("%d bytes are read, %d cuts are left: %v", len(got), cuts.Load(), err)
	}
	cuts.Store(1)
	r, err = cut.Open(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := whole.Create(t.Context(), "x", text(strings.ToUpper(string(want)))); err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(r)
	if closed := r.Close(); err == nil || !strings.Contains(err.Error(), "PreconditionFailed") || closed != nil {
		t.Errorf("half of one file and half of another: %v", errors.Join(err, closed))
	}
}

// closedPort gives an address that nobody listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// cutting stands in front of a server, and cuts a connection of which so many
// bytes were answered, as often as cuts says.
func cutting(t *testing.T, endpoint string, after int64, cuts *atomic.Int64) string {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = from.Close() }()
				var d net.Dialer
				to, err := d.DialContext(context.WithoutCancel(t.Context()), "tcp", u.Host)
				if err != nil {
					return
				}
				all.Go(func() {
					_, _ = io.Copy(to, from)
					_ = to.Close()
				})
				if _, err := io.CopyN(from, to, after); err == nil && cuts.Add(-1) >= 0 {
					_ = to.Close()
					return
				}
				cuts.CompareAndSwap(-1, 0)
				_, _ = io.Copy(from, to)
				_ = to.Close()
			})
		}
	})
	return l.Addr().String()
}
