package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	for _, args := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"job", "run", "statistics"}, {"migrate"}, {"demo", "load", "--if-empty"}} {
		code, said := run(append(args, "--data", data)...)
		if code != 1 || !strings.Contains(said, "were brought to prod (account 123456789012, ap-northeast-1), 2026-11-27T06:00:00Z, or are on their way") || !strings.Contains(said, "remove "+mark) {
			t.Errorf("enishi %q = %d: %s", args, code, said)
		}
	}
	for _, args := range [][]string{{"job", "list"}, {"audit"}, {"sql", "SELECT COUNT(*) FROM candidate"}} {
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
