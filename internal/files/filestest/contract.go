package filestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"enishi/internal/errs"
	"enishi/internal/files"
)

// Run runs the suite; open gives an empty store for each test.
func Run(t *testing.T, open func(t *testing.T) Kept) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Kept){
		"files are written, replaced, listed and removed": keeps,
		"of each size":                       sizes,
		"names":                              names,
		"whole or not at all":                whole,
		"nothing is left of what is ended":   ended,
		"what was left behind is removed":    swept,
		"several write the same":             races,
		"nothing is done for who has gone":   gone,
		"a large one is read in any portion": portions,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// large is more than a store of parts sends at once, and no round number.
const large = 20<<20 + 12345

// data gives bytes that are no pattern.
func data(n int) []byte {
	out := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(out) // which never fails
	return out
}

func writes(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

// create writes a file, which must succeed.
func create(t *testing.T, k Kept, name, text string) {
	t.Helper()
	if err := k.Create(t.Context(), name, writes([]byte(text))); err != nil {
		t.Fatal(err)
	}
}

// read reads a file that must be there.
func read(t *testing.T, k Kept, name string) string {
	t.Helper()
	r, err := k.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// holds fails unless these are the names of all that is kept.
func holds(t *testing.T, k Kept, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, k.Left(t), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("what is kept (-want +got):\n%s", d)
	}
}

func keeps(t *testing.T, k Kept) {
	if list, err := k.List(t.Context(), ""); err != nil || len(list) != 0 {
		t.Errorf("List of an empty store = %v, %v", list, err)
	}
	before := time.Now().Add(-time.Minute)
	for _, name := range []string{"a-1", "b-1", "a-2", "a"} {
		create(t, k, name, name)
	}
	create(t, k, "a-1", "again")
	if got := read(t, k, "a-1") + read(t, k, "a-2"); got != "againa-2" {
		t.Errorf("read %q", got)
	}
	list, err := k.List(t.Context(), "a-")
	if err != nil || len(list) != 2 || list[0].Name != "a-1" || list[0].Bytes != 5 || list[1].Name != "a-2" || list[1].Bytes != 3 {
		t.Errorf("List(a-) = %+v, %v", list, err)
	}
	for _, f := range list {
		if f.Written.Before(before) || f.Written.After(time.Now().Add(time.Minute)) {
			t.Errorf("%s was written at %v", f.Name, f.Written)
		}
	}
	for range 2 { // the second finds nothing to remove
		if err := k.Remove(t.Context(), "a-1"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Open(t.Context(), "a-1"); !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), "a-1") {
		t.Errorf("a removed file: %v", err)
	}
	holds(t, k, "a", "a-2", "b-1")
}

func sizes(t *testing.T, k Kept) {
	for _, n := range []int{0, 1, 8 << 20, 16 << 20, large} {
		want := data(n)
		if err := k.Create(t.Context(), "x", func(w io.Writer) error {
			for from := 0; from < n; from += 1 << 16 {
				if got, err := w.Write(want[from:min(n, from+1<<16)]); err != nil || got != min(n-from, 1<<16) {
					return fmt.Errorf("wrote %d: %w", got, err)
				}
			}
			return nil
		}); err != nil {
			t.Fatalf("a file of %d bytes: %v", n, err)
		}
		if got := read(t, k, "x"); got != string(want) {
			t.Errorf("a file of %d bytes is read as another one of %d", n, len(got))
		}
		if list, err := k.List(t.Context(), "x"); err != nil || len(list) != 1 || list[0].Bytes != int64(n) {
			t.Errorf("a file of %d bytes is listed as %+v, %v", n, list, err)
		}
	}
	holds(t, k, "x")
}

func names(t *testing.T, k Kept) {
	for _, name := range []string{"", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden", "a/", `a\b`, "a\x00", "a\nb", "a\xff", strings.Repeat("a", 201)} {
		r, err := k.Open(t.Context(), name)
		if r != nil || !errs.Is(err, errs.Invalid) || !errs.Is(k.Create(t.Context(), name, writes(nil)), errs.Invalid) ||
			!errs.Is(k.Remove(t.Context(), name), errs.Invalid) {
			t.Errorf("%q is taken: %v", name, err)
		}
	}
	holds(t, k)
	odd := []string{" ", "%2F", "+&=?#", "a b", "a..b", "~'\"<>|*", strings.Repeat("b", 200), "縁"}
	for _, name := range odd {
		create(t, k, name, name)
		if got := read(t, k, name); got != name {
			t.Errorf("%q reads %q", name, got)
		}
	}
	list, err := k.List(t.Context(), "")
	var listed []string
	for _, f := range list {
		listed = append(listed, f.Name)
	}
	if d := cmp.Diff(odd[:2], listed[:min(2, len(listed))]); err != nil || d != "" || len(listed) != len(odd) {
		t.Errorf("List = %q, %v", listed, err)
	}
	for _, name := range odd {
		if err := k.Remove(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	holds(t, k)
}

// A file is there whole or not at all, and the one before it stays until then.
func whole(t *testing.T, k Kept) {
	create(t, k, "x", "old")
	var wrote bool
	err := k.Create(t.Context(), "x", func(w io.Writer) error {
		if err := writes(data(large))(w); err != nil {
			return err
		}
		if got := read(t, k, "x"); got != "old" {
			t.Errorf("while it is written the file reads %q", got)
		}
		list, err := k.List(t.Context(), "")
		if err != nil || len(list) != 1 || list[0].Bytes != 3 {
			t.Errorf("while it is written: %v, %v", list, err)
		}
		wrote = true
		return nil
	})
	if err != nil || !wrote {
		t.Fatal(err)
	}
	if got := read(t, k, "x"); got != string(data(large)) {
		t.Errorf("afterwards %d bytes are read", len(got))
	}
	holds(t, k, "x")
}

// A file of which writing fails or is ended leaves nothing, and the one before it.
func ended(t *testing.T, k Kept) {
	create(t, k, "x", "old")
	full := errors.New("the disk is full")
	for _, n := range []int{7, large} {
		err := k.Create(t.Context(), "x", func(w io.Writer) error { return errors.Join(writes(data(n))(w), full) })
		if !errors.Is(err, full) || !strings.Contains(err.Error(), "file x") {
			t.Errorf("Create of %d bytes that fails = %v", n, err)
		}
		holds(t, k, "x")
		ctx, cancel := context.WithCancel(t.Context())
		err = k.Create(ctx, "x", func(w io.Writer) error {
			if err := writes(data(n))(w); err != nil {
				return err
			}
			cancel()
			return writes(data(n))(w)
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Create of %d bytes that is ended = %v", n, err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		err = k.Create(ctx, "y", func(w io.Writer) error {
			defer cancel()
			_ = writes(data(n))(w) // whoever loses the error does not get a file for it
			cancel()
			_ = writes(data(n))(w)
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("half a file of %d bytes is kept: %v", n, err)
		}
		holds(t, k, "x")
	}
	if got := read(t, k, "x"); got != "old" {
		t.Errorf("afterwards the file reads %q", got)
	}
}

// What a process left behind that died while it wrote is removed, what another
// is writing is not.
func swept(t *testing.T, k Kept) {
	k.Abandon(t, "left")
	err := k.Create(t.Context(), "x", func(w io.Writer) error {
		if err := writes(data(large))(w); err != nil {
			return err
		}
		return k.Sweep(t.Context(), time.Now().Add(-time.Hour))
	})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := k.List(t.Context(), ""); err != nil || len(list) != 1 || list[0].Name != "x" {
		t.Errorf("List = %v, %v", list, err)
	}
	if len(k.Left(t)) != 2 {
		t.Errorf("what was just begun is gone: %q", k.Left(t))
	}
	for range 2 { // the second finds nothing to remove
		if err := k.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, k, "x")
}

func races(t *testing.T, k Kept) {
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			name := []byte(fmt.Sprint(i))
			if err := k.Create(t.Context(), "x", writes(bytes.Repeat(name, 9<<20))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got := read(t, k, "x")
	if len(got) != 9<<20 || strings.Trim(got, got[:1]) != "" {
		t.Errorf("%d bytes, of several writers", len(got))
	}
	holds(t, k, "x")
}

func gone(t *testing.T, k Kept) {
	create(t, k, "x", "y")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := k.List(ctx, "")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("List = %v", err)
	}
	if err := k.Sweep(ctx, time.Now()); !errors.Is(err, context.Canceled) {
		t.Errorf("Sweep = %v", err)
	}
	if err := k.Create(ctx, "z", writes([]byte("z"))); !errors.Is(err, context.Canceled) {
		t.Errorf("Create = %v", err)
	}
	holds(t, k, "x")
}

func portions(t *testing.T, k Kept) {
	want := data(large)
	if err := k.Create(t.Context(), "x", writes(want)); err != nil {
		t.Fatal(err)
	}
	r, err := k.Open(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 1000)
	if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, want[:1000]) {
		t.Errorf("the first bytes are others: %v", err)
	}
	if err := r.Close(); err != nil { // most of it is unread
		t.Error(err)
	}
}

var _ = []files.Store{(*files.Folder)(nil), (*files.Bucket)(nil)}
