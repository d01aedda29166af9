package files_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/errs"
	"enishi/internal/files"
	"enishi/internal/files/filestest"
)

func open(t *testing.T) (*files.Folder, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "new", "files")
	f, err := files.OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	return f, path
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// names gives what lies in a folder, hidden files too.
func names(t *testing.T, path string) []string {
	t.Helper()
	list, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, at := range list {
		out = append(out, at.Name())
	}
	return out
}

func TestFolder(t *testing.T) { filestest.Run(t, filestest.Folder) }

func TestBucket(t *testing.T) { filestest.Run(t, filestest.Bucket) }

// Others on the machine read neither the folder nor its files.
func TestModes(t *testing.T) {
	f, path := open(t)
	if err := f.Create(t.Context(), "x", text("y")); err != nil {
		t.Fatal(err)
	}
	for place, want := range map[string]os.FileMode{path: 0o700, filepath.Join(path, "x"): 0o600} {
		info, err := os.Stat(place)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v (%v)", place, info.Mode().Perm(), want, err)
		}
	}
}

func at(day, hour int) time.Time { return time.Date(2026, time.November, day, hour, 0, 0, 0, time.UTC) }

func TestSnapshots(t *testing.T) {
	f, path := open(t)
	s := files.NewSnapshots(f)
	for _, made := range []struct {
		applied int64
		made    time.Time
	}{{7, at(20, 1)}, {900, at(20, 2)}, {899, at(20, 3)}, {12_000, at(24, 1)}} {
		got, err := s.Save(t.Context(), made.applied, made.made, bytes.NewReader(make([]byte, 10)))
		if err != nil || got.Bytes != 10 {
			t.Fatalf("Save = %+v, %v", got, err)
		}
	}
	for _, other := range []string{"snapshot-", "snapshot-7-20261120T010000Z", "snapshot-0000000000000000007-yesterday", "notes"} {
		if err := f.Create(t.Context(), other, text("")); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.List(t.Context())
	if err != nil || len(list) != 4 {
		t.Fatalf("List = %+v, %v", list, err)
	}
	want := files.Snapshot{Name: "snapshot-0000000000000012000-20261124T010000Z", Applied: 12_000, Made: at(24, 1), Bytes: 10}
	if d := cmp.Diff(want, list[0]); d != "" {
		t.Errorf("the newest (-want +got):\n%s", d)
	}
	found, err := s.Names(t.Context())
	if err != nil || len(found) != 4 || found[0] != want.Name || found[1] != list[1].Name || list[1].Applied != 899 {
		t.Errorf("Names = %v, %v", found, err)
	}
	if removed, err := s.Prune(t.Context(), 2, at(20, 0)); err != nil || removed != 2 {
		t.Errorf("Prune to two removed %d, %v; want 2", removed, err)
	}
	if removed, err := s.Prune(t.Context(), 2, at(21, 0)); err != nil || removed != 1 {
		t.Errorf("Prune of the old removed %d, %v; want 1", removed, err)
	}
	if removed, err := s.Prune(t.Context(), 2, at(25, 0)); err != nil || removed != 1 {
		t.Errorf("Prune of all removed %d, %v; want 1", removed, err)
	}
	if got := strings.Join(names(t, path), " "); strings.Count(got, "snapshot-") != 3 || !strings.Contains(got, "notes") {
		t.Errorf("what is none of ours is gone: %s", got)
	}
}

// What a process left behind that died while it wrote is removed, what another
// is writing is not.
func TestSweep(t *testing.T) {
	f, path := open(t)
	s := files.NewSnapshots(f)
	left := filepath.Join(path, ".writing-123")
	if err := os.WriteFile(left, []byte("half of"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	err := f.Create(t.Context(), "x", func(w io.Writer) error {
		if err := text("a")(w); err != nil {
			return err
		}
		_, err := s.Prune(t.Context(), 2, at(1, 0))
		return err
	})
	if got := names(t, path); err != nil || len(got) != 1 || got[0] != "x" {
		t.Errorf("afterwards there are %v, %v", got, err)
	}
}

func TestNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := files.OpenFolder(filepath.Join(file, "below")); !errs.Is(err, errs.Invalid) {
		t.Errorf("a folder below a file: %v", err)
	}
}
