package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"enishi/internal/store/sqlite"
)

func TestUsage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usage.db")
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if u.Connections != 0 || u.MostConnections != 0 {
		t.Errorf("a file has %d of %d connections", u.Connections, u.MostConnections)
	}
	if err := s.Close(); err != nil { // which leaves all in one file
		t.Fatal(err)
	}
	file, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if file.Size() != u.Bytes {
		t.Errorf("the database takes %d bytes, and says %d", file.Size(), u.Bytes)
	}
}
