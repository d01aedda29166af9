package market_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/market"
	"enishi/internal/store/sqlite"
)

// crowdedStore counts how many reads of a matcher go on at once, and fails one.
type crowdedStore struct {
	market.Store
	now, most, all, fails atomic.Int32 // fails: which of all, from 1; 0: none
}

var errOnce = errors.New("the database is away for a moment")

func (c *crowdedStore) Read(ctx context.Context, fn func(market.Tx) error) error {
	if ctx.Value(matcherKey{}) == nil {
		return c.Store.Read(ctx, fn)
	}
	defer c.now.Add(-1)
	for now := c.now.Add(1); ; {
		most := c.most.Load()
		if now <= most || c.most.CompareAndSwap(most, now) {
			break
		}
	}
	if n := c.all.Add(1); n == c.fails.Load() {
		return errOnce
	}
	time.Sleep(200 * time.Microsecond) // as a database that others read beside it
	return c.Store.Read(ctx, fn)
}

// manyWait writes a database in which sixty people, whom nothing suited at first, wish for anything, and the matcher has not come
// to it; there is less to be had than they could have. In the middle a rule is activated, and a day begins.
func manyWait(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "enishi.db")
	s, err := sqlite.Open(t.Context(), file, sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, s, demo())
	const people, firms, scarce = 60, 6, 7 // a person may be offered all of them in a week
	in := plain()
	in.DailyBudget, in.TotalBudget = scarce, 2*scarce
	var late func()
	for i := range firms {
		f := w.firm(i+1, 0)
		p := w.post(f, publishable())
		if late = func() { w.order(f, p, in) }; i < firms-1 {
			late()
		}
	}
	var everybody []person
	for i := range people {
		everybody = append(everybody, w.someone(i, func(in *market.SignUp) { in.Wishes = atLeast("pay_min", 9000) }))
	}
	w.drain()
	for i, p := range everybody {
		switch i {
		case people / 2:
			late()
		case 3 * people / 4:
			if err := w.MoveClock(t.Context(), w.Today()+1); err != nil {
				t.Fatal(err)
			}
		}
		who := w.actor(p.token)
		c, err := w.Candidate(t.Context(), who)
		if err == nil {
			_, err = w.SetWishes(t.Context(), who, c.Version, all())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

// worked works the rows of a copy of a database off, with so many people read about at once, and gives the offers
// in the order in which they were made.
func worked(t *testing.T, file string, abreast int, fails int32) (offers []string, store *crowdedStore) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "enishi.db")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), file, sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	o := demo()
	o.Abreast = abreast
	store = &crowdedStore{Store: s}
	store.fails.Store(fails)
	w := newWorld(t, store, o)
	for err := errOnce; err != nil; {
		if err = w.Drain(context.WithValue(t.Context(), matcherKey{}, true)); err != nil && !errors.Is(err, errOnce) {
			t.Fatal(err)
		}
	}
	w.drain()
	made := readRows(t, s).offers
	for _, key := range slices.Sorted(maps.Keys(made)) {
		offers = append(offers, fmt.Sprintf("%d to %d by %d", key, made[key].Candidate, made[key].Rule))
	}
	return offers, store
}

// TestReadAhead lets rows wait, of which those of people are read several at a time, and finds the same offers in the same
// order as when they are read one by one, at their turn; also when the database fails a read in between.
func TestReadAhead(t *testing.T) {
	t.Parallel()
	file := manyWait(t)
	want, alone := worked(t, file, 1, 0)
	if len(want) < 80 || alone.most.Load() > 1 {
		t.Fatalf("%d offers, with %d reads at once", len(want), alone.most.Load())
	}
	compare := func(fails int32) *crowdedStore {
		t.Helper()
		got, store := worked(t, file, 0, fails)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("failing read %d, -one by one +ahead:\n%s", fails, diff)
		}
		return store
	}
	whole := compare(0)
	if most := whole.most.Load(); most < 2 || most > 8 {
		t.Errorf("%d reads went on at once", most)
	}
	for n := int32(1); n <= whole.all.Load(); n += 9 {
		compare(n)
	}
}
