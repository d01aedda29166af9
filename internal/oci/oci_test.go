package oci_test

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"enishi/internal/oci"
)

func spec() *oci.Spec {
	return &oci.Spec{
		Platform: v1.Platform{OS: "linux", Architecture: runtime.GOARCH}, Name: "enishi", Args: []string{"guard", "--", "serve"}, Env: []string{"ENISHI_DATA=/data"},
		Port: 8080, Health: []string{"health"}, Labels: map[string]string{oci.LabelTitle: "Enishi", oci.LabelVersion: "v1"},
		Created: time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC), Folders: []string{"/data"},
	}
}

// program builds a small program of Go.
func program(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module small\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", "small", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "small")
}

func image(t *testing.T, file string) v1.Image {
	t.Helper()
	img, err := oci.Image(file, spec())
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestAnImageIsTheProgramAlone lists every file of an image.
func TestAnImageIsTheProgramAlone(t *testing.T) {
	t.Parallel()
	img := image(t, program(t))
	var got []string
	files := mutate.Extract(img)
	defer files.Close() //nolint:errcheck // it was only read
	r := tar.NewReader(files)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %o %d:%d %d", h.Name, h.Mode, h.Uid, h.Gid, h.ModTime.Unix()))
		if h.Name == "sbom.cdx.json" {
			text, err := io.ReadAll(r)
			if err != nil || !strings.Contains(string(text), `"pkg:golang/std@`) {
				t.Errorf("the SBOM is %.200s, %v", text, err)
			}
		}
	}
	want := []string{
		"enishi 755 0:0 0", "sbom.cdx.json 644 0:0 0",
		"etc/passwd 644 0:0 0", "etc/group 644 0:0 0", "tmp 1777 0:0 0", "data 700 65532:65532 0",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	// What infra/stacks mounts (TestMountsAreVolumes): without this, root's alone.
	if d := cmp.Diff(map[string]struct{}{"/data": {}, "/tmp": {}}, c.Config.Volumes); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"guard", "--", "serve"}, c.Config.Cmd); d != "" {
		t.Error(d)
	}
	if c.Config.User != "65532:65532" || c.Config.Entrypoint[0] != "/enishi" || c.Config.Healthcheck.Test[1] != "/enishi" || c.Config.Labels[oci.LabelVersion] != "v1" {
		t.Errorf("the configuration is %+v", c.Config)
	}
}

// TestTwoBuildsAreOne makes an image twice from one file, and once from another.
func TestTwoBuildsAreOne(t *testing.T) {
	t.Parallel()
	file := program(t)
	digest := func(img v1.Image) string {
		dir := filepath.Join(t.TempDir(), "image")
		d, err := oci.Write(dir, "enishi:v1", []v1.Image{img})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, runtime.GOARCH+".tar")); err != nil {
			t.Error(err)
		}
		return d.String()
	}
	first := digest(image(t, file))
	if again := digest(image(t, file)); again != first {
		t.Errorf("one program is %s and %s", first, again)
	}
	other := spec()
	other.Env = nil
	img, err := oci.Image(file, other)
	if err != nil {
		t.Fatal(err)
	}
	if digest(img) == first {
		t.Error("another configuration has the same digest")
	}
}

// project is a small program under git, with a variable for its version and a lock file.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module small\n\ngo 1.26\n", "main.go": "package main\n\nvar version string\n\nfunc main() { println(version) }\n",
		"package-lock.json": `{"packages": {"": {}, "node_modules/@a/shown": {"version": "1.2.3"}, "node_modules/compiler": {"version": "4.5.6", "dev": true}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "."}, {"-c", "user.name=n", "-c", "user.email=n@example.jp", "commit", "--quiet", "--message", "a"}} {
		git(t, dir, args...)
	}
	return dir
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

// TestOneCommitIsOneDigest builds a commit in two folders, of which the environments
// differ in all that a person may have set for Go, and then one with a file that git
// does not know.
func TestOneCommitIsOneDigest(t *testing.T) {
	here := project(t)
	there := filepath.Join(t.TempDir(), "another")
	git(t, here, "clone", "--quiet", here, there)
	build := func(dir string) string {
		t.Helper()
		b := oci.Build{
			Dir: dir, Package: ".", Version: "main.version", Locks: []string{"package-lock.json"}, Out: filepath.Join(t.TempDir(), "image"), Tag: "small:v1", Progress: io.Discard,
		}
		digest, err := b.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return digest.String()
	}
	first := build(here)
	for name, value := range map[string]string{"GOFLAGS": "-buildvcs=true", "GOAMD64": "v3", "GOFIPS140": "latest", "CGO_ENABLED": "1", "TZ": "Asia/Tokyo"} {
		t.Setenv(name, value)
	}
	if again := build(there); again != first {
		t.Errorf("one commit is %s and %s", first, again)
	}
	if err := os.WriteFile(filepath.Join(there, "more.go"), []byte("package main\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if build(there) == first {
		t.Error("a file that git does not know is in the image of a commit")
	}
}

// TestAFunctionIsOneImage builds a function of Lambda: its digest is that of an image that
// listens nowhere and is asked nothing.
func TestAFunctionIsOneImage(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "image")
	b := oci.Build{Dir: project(t), Package: ".", Out: out, Tag: "small:v1", Progress: io.Discard, Function: "small", Platforms: []string{"linux/arm64"}}
	digest, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(out)
	if err != nil {
		t.Fatal(err)
	}
	img, err := index.Image(digest)
	if err != nil {
		t.Fatal(err)
	}
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c.Architecture != "arm64" || c.Config.Healthcheck != nil || len(c.Config.ExposedPorts)+len(c.Config.Cmd)+len(c.Config.Env) > 0 {
		t.Errorf("the function's image says %+v", c)
	}
	if diff := cmp.Diff([]string{"/small"}, c.Config.Entrypoint); diff != "" {
		t.Errorf("what is started (-want +got):\n%s", diff)
	}
	b.Platforms = []string{"linux/arm64", "linux/amd64"}
	if _, err := b.Run(t.Context()); err == nil {
		t.Error("Lambda is given a list of platforms")
	}
}

// TestContentsNameWhatPagesRun finds the packages of npm of which parts are in the program,
// and not those that only build it.
func TestContentsNameWhatPagesRun(t *testing.T) {
	t.Parallel()
	s := spec()
	s.Locks = []string{filepath.Join(project(t), "package-lock.json")}
	text, err := oci.SBOM(program(t), s)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"purl": "pkg:npm/%40a/shown@1.2.3"`) || strings.Contains(string(text), "compiler@") {
		t.Errorf("the contents are %s", text)
	}
}

func TestWhatIsNoProgram(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{"no file": file + "2", "no program": file} {
		if _, err := oci.Image(file, spec()); err == nil {
			t.Errorf("%s made an image", name)
		}
	}
}

func TestAnImageHasItsBound(t *testing.T) {
	t.Parallel()
	b := oci.Build{Dir: project(t), Package: ".", Out: filepath.Join(t.TempDir(), "image"), Tag: "small:v1", Progress: io.Discard, Most: 100_000}
	if _, err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "allowed: 0.1 MB") {
		t.Errorf("an image of more than 100 kB: %v", err)
	}
}
