package oci_test

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"enishi/internal/oci"
)

// BenchmarkBuildAndPush builds this project's image of a commit, with a cache that has the commit
// before, and pushes it to a registry on this machine, as a deployment does. The commit changes the
// pages, the market, or what every package uses.
func BenchmarkBuildAndPush(b *testing.B) {
	dir := b.TempDir()
	git := func(args ...string) {
		b.Helper()
		cmd := exec.CommandContext(b.Context(), "git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	here, err := filepath.Abs("../..")
	if err != nil {
		b.Fatal(err)
	}
	git("clone", "--quiet", here, ".")
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	b.Cleanup(server.Close)
	n := time.Now().UnixNano() // what no cache knows
	deploy := func(b *testing.B) {
		build := oci.Program(filepath.Join(b.TempDir(), "image"), []string{"linux/arm64"}, io.Discard)
		build.Dir = dir
		if _, err := build.Run(b.Context()); err != nil {
			b.Fatal(err)
		}
		if _, err := oci.Push(b.Context(), build.Out, strings.TrimPrefix(server.URL, "http://")+"/enishi", oci.Login{}); err != nil {
			b.Fatal(err)
		}
	}
	deploy(b) // what is warm afterwards
	for _, name := range []string{"web", "market", "errs"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				n++
				text := fmt.Sprintf("package %s\n\n// Benched is of no use.\nconst Benched = %d\n", name, n)
				if err := os.WriteFile(filepath.Join(dir, "internal", name, "benched.go"), []byte(text), 0o600); err != nil {
					b.Fatal(err)
				}
				git("add", ".")
				git("-c", "user.name=n", "-c", "user.email=n@example.jp", "commit", "--quiet", "--message", "benched")
				b.StartTimer()
				deploy(b)
			}
		})
	}
}
