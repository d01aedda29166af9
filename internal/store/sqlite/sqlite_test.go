package sqlite

import (
	"path/filepath"
	"testing"

	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/storetest"
)

// openAt opens a database for a test and closes it at its end.
func openAt(t testing.TB, path string, o Options, more ...string) *store.Store {
	t.Helper()
	s, err := open(t.Context(), path, o, more...)
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) market.Store {
		return openAt(t, filepath.Join(t.TempDir(), "enishi.db"), Options{})
	})
}
