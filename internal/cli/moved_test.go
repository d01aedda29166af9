package cli_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"enishi/internal/cli"
)

// TestNobodyServesWhatWasMoved gives a folder the mark that moves leave, asks of it what writes and what only looks,
// and takes the mark away.
func TestNobodyServesWhatWasMoved(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	if code, said := run("demo", "load", "--candidates", "30", "--companies", "4", "--rules", "8", "--seed", "2", "--data", data); code != 0 {
		t.Fatal(said)
	}
	mark := filepath.Join(data, "moved")
	if err := os.WriteFile(mark, []byte("to prod (account 123456789012, ap-northeast-1), 2026-11-27T06:00:00Z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"serve", "--addr", "127.0.0.1:0"},
		{"job", "run", "statistics"},
		{"migrate"},
		{"demo", "load", "--if-empty"},
		{"user", "add", "--role", "operator", "--email", "x@example.jp", "--password", "correct horse"},
		{"maintenance", "on", "--yes"},
		{"sql", "SELECT COUNT(*) FROM candidate"},
	} {
		code, said := run(append(args, "--data", data)...)
		if code != 1 || !strings.Contains(said, "were brought to prod (account 123456789012, ap-northeast-1), 2026-11-27T06:00:00Z, or are on their way") || !strings.Contains(said, "remove "+mark) {
			t.Errorf("enishi %q = %d: %s", args, code, said)
		}
	}
	for _, args := range [][]string{{"job", "list"}, {"audit"}, {"maintenance", "status"}, {"job", "run", "statistics", "--plan"}} {
		if code, said := run(append(args, "--data", data)...); code != 0 {
			t.Errorf("enishi %q = %d: %s", args, code, said)
		}
	}
	if err := os.Remove(mark); err != nil {
		t.Fatal(err)
	}
	if code, said := run("job", "run", "statistics", "--data", data); code != 0 {
		t.Errorf("without the mark: %d, %s", code, said)
	}
}

// TestAMarkIsItsOwners makes and undoes marks: an earlier one comes back, a later one stays, and there is something to
// undo even where none could be made.
func TestAMarkIsItsOwners(t *testing.T) {
	t.Parallel()
	folder, now := t.TempDir(), time.Date(2026, 11, 27, 6, 0, 0, 0, time.UTC)
	mark := func(to string) func() error {
		stay, err := cli.Leave(t.Context(), folder, to, now)
		if err != nil {
			t.Fatal(err)
		}
		return stay
	}
	is := func(want string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(folder, "moved"))
		if got := strings.TrimSpace(string(text)); got != want || err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the mark is %q (%v), want %q", got, err, want)
		}
	}
	undo := func(stay func() error) {
		t.Helper()
		if err := stay(); err != nil {
			t.Error(err)
		}
	}
	first := mark("dev")
	is("to dev, 2026-11-27T06:00:00Z")
	undo(first)
	is("")
	first, second := mark("dev"), mark("prod")
	undo(first) // another has marked it since
	is("to prod, 2026-11-27T06:00:00Z")
	undo(second)
	is("to dev, 2026-11-27T06:00:00Z")

	none := filepath.Join(folder, "moved", "none") // below a file
	stay, err := cli.Leave(t.Context(), none, "dev", now)
	if err == nil {
		t.Error("a folder was marked that cannot be")
	}
	undo(stay)
}
