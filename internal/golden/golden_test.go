package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorder is a testing.TB that keeps the failure it is told of.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) { r.failure = fmt.Sprintf(format, args...) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// failureOf runs f as a test of its own and gives what it failed with, "" if
// it passed.
func failureOf(f func(testing.TB)) string {
	r := new(recorder)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r.failure
}

func TestAssert(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "agreed"), "one\ntwo\n")
	write(t, filepath.Join(dir, "empty"), "")

	tests := []struct {
		name, file, got, failure string
	}{
		{"equal", "agreed", "one\ntwo\n", ""},
		{"other text", "agreed", "one\nthree\n", "three"},
		{"missing file", "absent", "one", "-update"},
		{"empty file", "empty", "one", "the file is empty"},
		{"nothing produced", "agreed", "", "produced nothing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := failureOf(func(t testing.TB) {
				assert(t, filepath.Join(dir, test.file), test.got, false)
			})
			if (got == "") != (test.failure == "") || !strings.Contains(got, test.failure) {
				t.Errorf("failure = %q, want one with %q", got, test.failure)
			}
		})
	}
}

func TestUpdateWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "page.html")
	for _, text := range []string{"first", "second"} {
		assert(t, path, text, true)
		assert(t, path, text, false)
	}
	if got := failureOf(func(t testing.TB) { assert(t, path, "", true) }); got == "" {
		t.Error("writing nothing passed")
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	b, a := filepath.Join(dir, "b.json"), filepath.Join(dir, "a.json")
	write(t, b, "{}")
	write(t, a, "{}")
	if diff := cmp.Diff([]string{a, b}, Files(t, filepath.Join(dir, "*.json"))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, pattern := range []string{filepath.Join(dir, "*.yaml"), "["} {
		if got := failureOf(func(t testing.TB) { Files(t, pattern) }); got == "" {
			t.Errorf("Files(%q) passed over nothing", pattern)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
