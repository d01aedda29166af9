package files_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/errs"
	"enishi/internal/files"
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

func read(t *testing.T, f *files.Folder, name string) string {
	t.Helper()
	r, err := f.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFolder(t *testing.T) {
	f, path := open(t)
	for _, name := range []string{"a-1", "b-1", "a-2"} {
		if err := f.Create(t.Context(), name, text(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Create(t.Context(), "a-1", text("again")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, f, "a-1") + read(t, f, "a-2"); got != "againa-2" {
		t.Errorf("read %q", got)
	}
	list, err := f.List(t.Context(), "a-")
	if err != nil || len(list) != 2 || list[0].Name != "a-1" || list[0].Bytes != 5 || list[1].Name != "a-2" {
		t.Errorf("List(a-) = %+v, %v", list, err)
	}
	for range 2 { // the second finds nothing to remove
		if err := f.Remove(t.Context(), "a-1"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Open(t.Context(), "a-1"); !errs.Is(err, errs.NotFound) {
		t.Errorf("a removed file: %v", err)
	}
	if d := cmp.Diff([]string{"a-2", "b-1"}, names(t, path)); d != "" {
		t.Error(d)
	}
}

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

func TestNames(t *testing.T) {
	f, _ := open(t)
	for _, name := range []string{"", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden"} {
		_, err := f.Open(t.Context(), name)
		if !errs.Is(err, errs.Invalid) || !errs.Is(f.Create(t.Context(), name, text("")), errs.Invalid) ||
			!errs.Is(f.Remove(t.Context(), name), errs.Invalid) {
			t.Errorf("%q is taken: %v", name, err)
		}
	}
}

// A file is there whole or not at all, and the one before it stays until then.
func TestWholeOrNot(t *testing.T) {
	f, path := open(t)
	if err := f.Create(t.Context(), "x", text("old")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("the disk is full")
	err := f.Create(t.Context(), "x", func(w io.Writer) error {
		if got := read(t, f, "x"); got != "old" {
			t.Errorf("while it is written the file reads %q", got)
		}
		if list, err := f.List(t.Context(), ""); err != nil || len(list) != 1 {
			t.Errorf("while it is written: %v, %v", list, err)
		}
		return errors.Join(text("half of")(w), full)
	})
	if !errors.Is(err, full) {
		t.Errorf("Create = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = f.Create(ctx, "x", func(w io.Writer) error {
		cancel()
		return text("half of")(w)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Create = %v", err)
	}
	if got := names(t, path); read(t, f, "x") != "old" || len(got) != 1 {
		t.Errorf("afterwards: %q in %v", read(t, f, "x"), got)
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
