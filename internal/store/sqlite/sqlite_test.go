package sqlite

import (
	"database/sql"
	"errors"
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

// The audit log is only added to, whoever opens the file.
func TestAuditLogIsOnlyAddedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "enishi.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Write(t.Context(), func(tx market.Tx) error { return tx.AddEntry(&market.Entry{What: market.AuditSignIn}) })
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // what was written is in question, not this
	for _, statement := range []string{"UPDATE audit SET what = 'x'", "DELETE FROM audit", "REPLACE INTO audit (id, at, account, company, what, kind, entity, n) VALUES (1, 0, 0, 0, '', '', 0, 0)"} {
		if _, err := db.ExecContext(t.Context(), statement); err == nil {
			t.Errorf("%s is let through", statement)
		}
	}
}
