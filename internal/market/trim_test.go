package market_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// trimmable is a market whose log is old enough to be trimmed, and folded.
func trimmable(t *testing.T, s market.Store) *world {
	t.Helper()
	w := newWorld(t, s, demo())
	w.throng(60, 6, plain())
	w.nextDay(31)
	w.job("statistics")
	w.job("digests")
	w.drain()
	w.pass(2 * time.Second)
	w.drain() // the matcher notes how far it has come
	return w
}

func (w *world) log() []market.Row {
	w.Helper()
	return loaded(w, func(tx market.Tx) ([]market.Row, error) { return tx.Rows(0, 1_000_000) })
}

func TestTrimKilled(t *testing.T) {
	t.Parallel()
	var before []market.Row
	killing(t, "trim", func(t *testing.T) *world {
		t.Helper()
		w := trimmable(t, market.NewMemory())
		before = w.log()
		return w
	}, func(w *world) {
		cutoff := w.Now().Add(-30 * 24 * time.Hour)
		n := 0
		for before[n].At.Before(cutoff) {
			n++
		}
		left := w.log()
		if n < 400 || len(left) != len(before)-n || left[0] != before[n] {
			w.Fatalf("of %d rows, %d of them old, %d are left", len(before), n, len(left))
		}
		if got := loaded(w, func(tx market.Tx) (string, error) { return tx.Setting("log_trimmed") }); got == "" {
			w.Fatal("up to where it was trimmed is not noted")
		}
		w.someone(1000)
		w.drain()
		w.job("statistics")
		again, err := w.openJobs().Count(w.Context(), "trim")
		if err != nil || again != 0 {
			w.Fatalf("Count after it = %d, %v", again, err)
		}
	})
}

// What a job or the matcher has not come to stays, and so does the last row.
func TestTrimKeepsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	w.throng(5, 2, plain())
	w.nextDay(31)
	w.pass(2 * time.Second)
	w.drain()
	rows := len(w.log())
	for _, folds := range []string{"statistics", "digests"} {
		if r := w.job("trim"); r.Changed != 0 || len(w.log()) != rows {
			t.Errorf("before %s had run it removed %d", folds, r.Changed)
		}
		w.job(folds)
	}
	w.write(func(tx market.Tx) error { return tx.SetSetting("matched", "3") })
	if r := w.job("trim"); r.Changed != 3 {
		t.Errorf("with the matcher at row 3 it removed %d", r.Changed)
	}
	w.write(func(tx market.Tx) error { return tx.SetSetting("matched", "100000") })
	head := loaded(w, market.Tx.Head)
	w.pass(365 * 24 * time.Hour)
	w.job("trim")
	if left := w.log(); len(left) != 1 || left[0].Pos != head {
		t.Errorf("of a log that is old, %+v is left, want the last row, %d", left, head)
	}
}

// A process that has followed less far than the log is kept answers as before
// until it has read the rows again, then right.
func TestAFollowerBehindTheLogRebuilds(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			c := w.throng(5, 2, plain())
			var said []string
			w.options.Report = func(_ context.Context, what string, err error) { said = append(said, what+": "+err.Error()) }
			late := w.open()
			firm := c.firms[0]
			count := func(m *market.Market) int {
				t.Helper()
				out, err := m.Search(t.Context(), w.actor(firm.token), market.SearchInput{Condition: all(), Limit: 20})
				if err != nil {
					t.Fatal(err)
				}
				return out.Count
			}
			if n := count(late); n != 5 {
				t.Fatalf("at first %d are found", n)
			}
			if err := w.Erase(t.Context(), w.actor(c.people[0].token)); err != nil {
				t.Fatal(err)
			}
			one := w.actor(c.people[1].token)
			if _, err := w.SetSettings(t.Context(), one, 1, market.Settings{Open: false, WeeklyLimit: 10, Language: "ja"}); err != nil && !errs.Is(err, errs.Stale) {
				t.Fatal(err)
			}
			w.someone(77)
			w.nextDay(31)
			w.someone(78)
			w.job("statistics")
			w.job("digests")
			w.pass(2 * time.Second)
			w.drain()
			if r := w.job("trim"); r.Changed == 0 {
				t.Fatal("nothing was trimmed")
			}
			wanted := count(w.Market)
			if n := count(late); n != 5 {
				t.Errorf("before it follows, %d are found", n)
			}
			if err := late.Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(said) != 1 || !strings.Contains(said[0], "loaded again") {
				t.Errorf("it reported %q", said)
			}
			if n := count(late); n != wanted || n != 5 {
				t.Errorf("after it followed, %d are found, want %d", n, wanted)
			}
			status, err := late.Status(t.Context())
			if err != nil || status.Applied != status.LogHead {
				t.Errorf("after it followed: %+v, %v", status, err)
			}
			w.someone(79)
			if err := late.Follow(t.Context()); err != nil || count(late) != wanted+1 || len(said) != 1 {
				t.Errorf("the next change: %v, %d found, said %q", err, count(late), said)
			}
		})
	}
}
