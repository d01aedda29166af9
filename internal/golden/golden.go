// Package golden compares what a test got with a file that people have read
// and agreed to. `go test ./that/package -update` writes the files anew.
//
// It refuses to pass on nothing: a missing or empty file fails, and so does a
// pattern that matches no file. It is for tests alone; different files may be
// asserted concurrently.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew instead of comparing with them")

// Assert fails t unless the file at path, relative to the package under test,
// holds got. With -update it writes the file and its folder instead. An empty
// got fails in both cases.
func Assert[Text ~string | ~[]byte](t testing.TB, path string, got Text) {
	t.Helper()
	assert(t, path, string(got), *update)
}

func assert(t testing.TB, path, got string, write bool) {
	t.Helper()
	if got == "" {
		t.Fatalf("golden %s: the test produced nothing to compare", path)
	}
	if write {
		save(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("golden: %v (run the test with -update to write it)", err)
	}
	if len(want) == 0 {
		t.Fatalf("golden %s: the file is empty", path)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("golden %s (-want +got):\n%s", path, diff)
	}
}

func save(t testing.TB, path, got string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatalf("golden: %v", err)
	}
	if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
		t.Fatalf("golden: %v", err)
	}
}

// Files gives the files that match pattern (as filepath.Match), sorted; it
// fails t if there is none, so that a test over a folder never runs over
// nothing.
func Files(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatalf("golden %s: %v", pattern, err)
	}
	if len(files) == 0 {
		t.Fatalf("golden %s: no file matches", pattern)
	}
	return files
}
