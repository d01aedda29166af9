package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/market"
)

type noMail struct{}

func (noMail) Send(context.Context, *market.Letter) error { return nil }

// opened opens the market of a database.
func opened(t *testing.T, s market.Store) *market.Market {
	t.Helper()
	vault, err := account.NewVault(bytes.Repeat([]byte{7}, account.SecretBytes))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, time.November, 24, 3, 0, 0, 0, time.UTC)
	m, err := market.Open(t.Context(), s, vault, market.Options{
		Mode: market.Auto, Demo: true, Mail: noMail{}, Clock: func() time.Time { return at },
		Report: func(_ context.Context, what string, err error) { t.Errorf("%s: %v", what, err) },
	}, nil)
	if err != nil {
		t.Fatalf("open the market: %v", err)
	}
	return m
}

func signUp(t *testing.T, m *market.Market, i int) error {
	t.Helper()
	in := market.SignUp{Email: fmt.Sprintf("p%d@example.jp", i), Wishes: condition.Condition{Op: condition.All}}
	in.Profile.Text = strings.Repeat("経歴", 1000)
	_, err := m.SignUp(t.Context(), in, market.Once{})
	return err
}

// held counts the candidates, and the rows of the log that are about one.
func held(t *testing.T, s market.Store) (candidates, rows int) {
	t.Helper()
	err := s.Read(t.Context(), func(tx market.Tx) error {
		list, err := tx.Candidates(0, 1000)
		if err != nil {
			return err
		}
		candidates = len(list)
		all, err := tx.Rows(0, 1000)
		for _, row := range all {
			if row.Change == market.CandidateChanged {
				rows++
			}
		}
		return err
	})
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return candidates, rows
}

// A database that cannot grow refuses whole sign-ups, says why, and goes on
// being read; with room again it takes the next one.
func TestFullDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "enishi.db")
	limited, err := open(t.Context(), path, Options{}, "max_page_count(130)")
	if err != nil {
		t.Fatal(err)
	}
	m := opened(t, limited)
	made := 0
	for err = error(nil); err == nil && made < 1000; made++ {
		err = signUp(t, m, made)
	}
	made--
	if !errs.Is(err, errs.Busy) || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("sign-up %d = %v, want Busy: the disk is full", made, err)
	}
	if made == 0 {
		t.Fatal("the database was full before the first sign-up")
	}
	if candidates, rows := held(t, limited); candidates != made || rows != made {
		t.Errorf("%d candidates and %d rows are held, want %d of each", candidates, rows, made)
	}
	if err := limited.Close(); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path, Options{})
	if err := signUp(t, opened(t, s), made); err != nil {
		t.Errorf("a sign-up with room again: %v", err)
	}
	if candidates, rows := held(t, s); candidates != made+1 || rows != made+1 {
		t.Errorf("%d candidates and %d rows are held, want %d of each", candidates, rows, made+1)
	}
}

// A database that is read-only refuses whole sign-ups, says why, and is read.
func TestReadOnlyDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "enishi.db")
	writable, err := open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := signUp(t, opened(t, writable), 0); err != nil {
		t.Fatal(err)
	}
	if err := writable.Close(); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path, Options{}, "query_only(1)")
	if err := signUp(t, opened(t, s), 1); !errs.Is(err, errs.Busy) || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("a sign-up in a read-only database = %v, want Busy: the database cannot be written", err)
	}
	if candidates, rows := held(t, s); candidates != 1 || rows != 1 {
		t.Errorf("%d candidates and %d rows are held, want 1 of each", candidates, rows)
	}
}

// A database that nobody may write and that is not there yet cannot be made:
// the error says so and names the file.
func TestReadOnlyFromTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "enishi.db")
	s, err := open(t.Context(), path, Options{}, "query_only(1)")
	if err == nil {
		err = s.Close()
		t.Fatalf("a database was made read-only; closed: %v", err)
	}
	if !errs.Is(err, errs.Busy) || !strings.Contains(err.Error(), path) {
		t.Errorf("open = %v, want Busy with the path", err)
	}
}
