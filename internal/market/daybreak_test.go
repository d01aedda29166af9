package market_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/sqlite"
)

// counting is a store that counts the rows that its transactions examine.
type counting struct {
	market.Store
	examined *atomic.Int64
}

func (s counting) Write(ctx context.Context, fn func(market.Tx) error) error {
	return s.Store.Write(ctx, s.count(fn))
}

func (s counting) Read(ctx context.Context, fn func(market.Tx) error) error {
	return s.Store.Read(ctx, s.count(fn))
}

func (s counting) count(fn func(market.Tx) error) func(market.Tx) error {
	return func(tx market.Tx) error {
		defer func() { s.examined.Add(tx.Examined()) }() // a load reads in several transactions at once
		return fn(tx)
	}
}

// Where those live for whom the day brings something, and why.
const (
	freedHome   = "46" // their room is full until an offer of a week ago leaves it
	pacedHome   = "45" // rules that reach them used up the budget of the day
	datedHome   = "44" // they become available in time
	crowdedHome = "13" // it brings them nothing
)

// eve is a market of some size on the evening before a day on which the same is
// due, whatever its size: six to people who get room again, two from a rule each
// whose budget was used up, and four to whom a date brings rules.
func eve(t *testing.T, size int) (w *world, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "enishi.db")
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	w = newWorld(t, s, demo())
	home := func(code string) func(*market.SignUp) {
		return func(s *market.SignUp) { s.Profile.Residence = code }
	}
	rules := func(first, n int, change func(*market.RuleInput)) {
		for i := range n {
			in := plain()
			in.OfferDays = 30
			change(&in)
			f := w.firm(first+i, 0)
			w.order(f, w.post(f, publishable()), in)
		}
	}
	// What there is more of in a larger market: rules that wait for nobody, and
	// people with an offer of no day that matters.
	rules(1000, size, func(in *market.RuleInput) { in.Must = livesIn(crowdedHome, "47") })
	w.someone(1, home("47"))
	for i := range size {
		w.someone(1000+i, home(crowdedHome))
	}
	w.drain()
	w.nextDay(1)
	for i := range 6 {
		w.setLimit(w.someone(10+i, home(freedHome)), 1)
	}
	rules(10, 2, func(in *market.RuleInput) { in.Must = livesIn(freedHome) })
	w.drain()
	w.nextDay(6)
	for i := range 4 {
		w.someone(20+i, home(pacedHome))
		w.someone(30+i, home(datedHome), func(s *market.SignUp) { s.Profile.AvailableFrom = ptr(day.Of(w.Now()) + 6) })
	}
	rules(20, 2, func(in *market.RuleInput) { in.Must, in.DailyBudget = livesIn(pacedHome), 1 })
	rules(30, 1, func(in *market.RuleInput) { in.Must = all(livesIn(datedHome), atMost("available_in_days", 5)) })
	w.drain()
	return w, path
}

func livesIn(codes ...string) condition.Condition { return in("residence", codes...) }

// dawn plays the next day in a process of its own, and gives the store that it
// had, how many rows it examined, and how many offers it made.
func (w *world) dawn(path string) (s *store.Store, rows int64, made int) {
	w.Helper()
	s, err := sqlite.Open(w.Context(), path, sqlite.Options{Beside: true}) // it has prepared nothing yet
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		if err := s.Close(); err != nil {
			w.Errorf("close the database: %v", err)
		}
	})
	var examined atomic.Int64
	m, err := market.Open(w.Context(), counting{s, &examined}, w.vault, w.options, nil)
	if err != nil {
		w.Fatal(err)
	}
	before := len(w.allOffers())
	if err := w.MoveClock(w.Context(), day.Of(w.Now())+1); err != nil {
		w.Fatal(err)
	}
	examined.Store(0)
	if err := m.Drain(w.Context()); err != nil {
		w.Fatal(err)
	}
	if m.Today() != day.Of(w.Now()) {
		w.Fatalf("the day is %s, want %s", m.Today(), day.Of(w.Now()))
	}
	return s, examined.Load(), len(w.allOffers()) - before
}

// Ten times the rules, people and offers, the same that waits: the beginning of
// a day examines at most half as many rows more.
func TestDayWorksByWhatWaits(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	t.Parallel()
	var examined [2]int64
	for i, size := range []int{15, 150} {
		w, path := eve(t, size)
		began := time.Now()
		_, n, made := w.dawn(path)
		t.Logf("of %d rules and people more, the day examined %d rows for %d offers in %v", size, n, made, time.Since(began))
		if examined[i] = n; made != 6+2+4 {
			t.Errorf("of %d rules and people more, the day made %d offers", size, made)
		}
	}
	if float64(examined[1]) > 1.5*float64(examined[0]) {
		t.Errorf("the day examined %d rows, of ten times as many %d", examined[0], examined[1])
	}
}

// No statement of a day reads a whole table, or a whole index, nor does one of
// what people and companies did before.
func TestPlansOfDay(t *testing.T) {
	t.Parallel()
	w, path := eve(t, 15)
	s, _, _ := w.dawn(path)
	list := s.Statements()
	if len(list) < 20 {
		t.Errorf("the day has used %d statements only: %q", len(list), list)
	}
	before := w.raw.(*store.Store).Statements()
	if len(before) < 50 {
		t.Errorf("what was done before has used %d statements only: %q", len(before), before)
	}
	// Of the newest of all, as many are read as are wanted.
	noScan(t, path, slices.DeleteFunc(append(list, before...), func(query string) bool { return strings.HasSuffix(query, " ORDER BY id DESC LIMIT ?") }))
}
