package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"enishi/internal/market"
	"enishi/internal/store/sqlite"
)

// TestCancelledBegin ends the context of writes at about the moment in which
// they begin: none may leave a transaction open behind it.
func TestCancelledBegin(t *testing.T) {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "cancel.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	set := func(ctx context.Context) error {
		return s.Write(ctx, func(tx market.Tx) error { return tx.SetSetting("x", "y") })
	}
	for i := range 200 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*3*time.Microsecond)
		_ = set(ctx) // either way is fine
		cancel()
		patient, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err := set(patient)
		cancel()
		if err != nil {
			t.Fatalf("write after cancelled write %d: %v", i, err)
		}
	}
}
