package oci_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"enishi/internal/errs"
	"enishi/internal/oci"
)

// TestPush puts an image into a real registry, two times.
func TestPush(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64 // the parts of an image are sent at once
	there := registry.New()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "AWS" || password != "token" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(w, "who is that?", http.StatusUnauthorized)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			sent.Add(1)
		}
		there.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	dir := filepath.Join(t.TempDir(), "image")
	digest, err := oci.Write(dir, "enishi:test", []v1.Image{image(t, program(t))})
	if err != nil {
		t.Fatal(err)
	}
	repository := strings.TrimPrefix(server.URL, "http://") + "/enishi"
	as := oci.Login{User: "AWS", Password: "token"}
	for range 2 {
		got, err := oci.Push(t.Context(), dir, repository, as)
		if err != nil || got != repository+"@"+digest.String() {
			t.Fatalf("Push = %q, %v; want %s@%s", got, err, repository, digest)
		}
	}
	once := sent.Load()
	if _, err := oci.Push(t.Context(), dir, repository, as); err != nil || sent.Load() != once {
		t.Errorf("a further time: %v, and %d parts were sent again", err, sent.Load()-once)
	}
	ref, err := name.NewDigest(repository + "@" + digest.String())
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref, remote.WithTransport(transportAs(as)))
	if err != nil {
		t.Fatal(err)
	}
	if manifest, err := index.IndexManifest(); err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].Platform.Architecture != runtime.GOARCH {
		t.Errorf("in the registry is %+v, %v", manifest, err)
	}
	if _, err := oci.Push(t.Context(), dir, repository, oci.Login{User: "AWS", Password: "old"}); err == nil || !strings.Contains(err.Error(), "who is that?") && !strings.Contains(err.Error(), "401") {
		t.Errorf("with a wrong password: %v", err)
	}
	if _, err := oci.Push(t.Context(), t.TempDir(), repository, as); !errs.Is(err, errs.NotFound) {
		t.Errorf("of an empty folder: %v", err)
	}
}

// TestPushFunction puts a function into a registry as the one image that Lambda takes.
func TestPushFunction(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New())
	t.Cleanup(server.Close)
	dir := filepath.Join(t.TempDir(), "image")
	one := image(t, program(t))
	if _, err := oci.Write(dir, "enishi-notify:test", []v1.Image{one}); err != nil {
		t.Fatal(err)
	}
	digest, err := one.Digest()
	if err != nil {
		t.Fatal(err)
	}
	repository := strings.TrimPrefix(server.URL, "http://") + "/enishi-notify"
	for range 2 {
		if got, err := oci.PushFunction(t.Context(), dir, repository, oci.Login{User: "AWS", Password: "token"}); err != nil || got != repository+"@"+digest.String() {
			t.Fatalf("PushFunction = %q, %v; want %s@%s", got, err, repository, digest)
		}
	}
	ref, err := name.NewDigest(repository + "@" + digest.String())
	if err != nil {
		t.Fatal(err)
	}
	if there, err := remote.Head(ref); err != nil || !there.MediaType.IsImage() {
		t.Errorf("in the registry is %+v, %v", there, err)
	}
	if _, err := oci.PushFunction(t.Context(), t.TempDir(), repository, oci.Login{}); !errs.Is(err, errs.NotFound) {
		t.Errorf("of an empty folder: %v", err)
	}
}

type transportAs oci.Login

func (as transportAs) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth(as.User, as.Password)
	return http.DefaultTransport.RoundTrip(r)
}
