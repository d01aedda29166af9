package market_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/sqlite"
)

// past is a replica that has what the database held at a moment.
type past struct {
	testing.TB
	file  string // the database
	mu    sync.Mutex
	now   *store.Store // nil: away
	asked func()       // is called when it is asked; may be nil
}

// take makes the replica what the database is now.
func (p *past) take() {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.copied()
}

func (p *past) copied() *store.Store {
	p.Helper()
	db, err := sql.Open("sqlite", p.file)
	if err != nil {
		p.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	to := filepath.Join(p.TempDir(), "copy.db")
	if _, err := db.ExecContext(context.Background(), "VACUUM INTO ?", to); err != nil {
		p.Fatal(err)
	}
	s, err := sqlite.Open(context.Background(), to, sqlite.Options{})
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		if err := s.Close(); err != nil {
			p.Error(err)
		}
	})
	return s
}

func (p *past) become(s *store.Store) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = s
}

// Read reads what was.
func (p *past) Read(ctx context.Context, fn func(market.Tx) error) error {
	p.mu.Lock()
	s, asked := p.now, p.asked
	p.mu.Unlock()
	if asked != nil {
		asked()
	}
	if s == nil {
		return errs.New(errs.Busy, "the database does not answer")
	}
	return s.Read(ctx, fn)
}

// filming is a store of which a copy is taken after each of its writes.
type filming struct {
	market.Store
	of     *past
	on     bool
	copies []*store.Store
}

func (f *filming) Write(ctx context.Context, fn func(market.Tx) error) error {
	err := f.Store.Write(ctx, fn)
	if f.on && err == nil {
		f.copies = append(f.copies, f.of.copied())
	}
	return err
}

// copiedWorld is a world with a replica, with what it reports.
type copiedWorld struct {
	*world
	replica  *past
	film     *filming
	reported []string
}

func newCopiedWorld(t *testing.T) *copiedWorld {
	t.Helper()
	file := filepath.Join(t.TempDir(), "market.db")
	s, err := sqlite.Open(t.Context(), file, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &copiedWorld{replica: &past{TB: t, file: file}}
	w.film = &filming{Store: s, of: w.replica}
	w.world = newWorld(t, w.film, market.Options{Mode: market.Auto, Demo: true, Shared: true, Replica: w.replica})
	w.options.Report = func(_ context.Context, what string, err error) {
		w.reported = append(w.reported, fmt.Sprint(what, ": ", err))
	}
	w.Market = w.open()
	w.settle()
	return w
}

// settle does what a matcher does, as the process that leads.
func (w *copiedWorld) settle() {
	w.Helper()
	if ok, err := w.Lead(w.Context()); err != nil || !ok {
		w.Fatalf("Lead = %v, %v", ok, err)
	}
	w.drain()
}

// later lets time pass in a process that follows the log.
func (w *copiedWorld) later(d time.Duration) {
	w.Helper()
	w.pass(d)
	if err := w.Follow(w.Context()); err != nil {
		w.Fatalf("Follow: %v", err)
	}
}

// came gives what reads came to since the last time.
func (w *copiedWorld) came(before market.ReplicaReads) string {
	now := w.ReplicaReads()
	var all []string
	for _, n := range []struct {
		name     string
		now, was int64
	}{
		{"replica", now.Replica, before.Replica},
		{"not yet", now.NotYet, before.NotYet},
		{"behind", now.Behind, before.Behind},
		{"away", now.Away, before.Away},
	} {
		for range n.now - n.was {
			all = append(all, n.name)
		}
	}
	return strings.Join(all, ",")
}

// titles gives the titles of a company's positions as a session sees them, and
// who answered.
func (w *copiedWorld) titles(token string) (titles, by string) {
	w.Helper()
	before := w.ReplicaReads()
	list, err := w.Positions(market.InSession(w.Context(), token), w.actor(token), 0, 100)
	if err != nil {
		w.Fatalf("Positions: %v", err)
	}
	var all []string
	for i := range list {
		all = append(all, list[i].Terms.Title)
	}
	return strings.Join(all, ","), w.came(before)
}

// add adds a position in a session.
func (w *copiedWorld) add(token, title string) {
	w.Helper()
	terms := publishable()
	terms.Title = title
	if _, err := w.AddPosition(market.InSession(w.Context(), token), w.actor(token), terms, market.Once{}); err != nil {
		w.Fatalf("AddPosition: %v", err)
	}
}

// TestReplica follows who answers lists while a replica has what it should,
// lacks the session's own write, lags, is away, and comes back.
func TestReplica(t *testing.T) {
	w := newCopiedWorld(t)
	f := w.firm(1, 0)
	w.settle()
	w.replica.take()
	is := func(what, token, titles, by string) {
		t.Helper()
		if got, who := w.titles(token); got != titles || who != by {
			t.Errorf("%s: positions %q from %q, want %q from %q", what, got, who, titles, by)
		}
	}
	is("with all there", f.token, "", "replica")
	w.add(f.token, "一")
	is("before the own write has arrived", f.token, "一", "not yet")
	is("the same again", f.token, "一", "not yet")
	w.replica.take()
	is("after it has arrived", f.token, "一", "replica")

	w.settle()
	w.replica.take()
	w.pass(2 * time.Second) // the replica stays, the log goes on
	for i := range 3 {
		w.someone(i)
		w.settle()
		w.pass(time.Second)
	}
	is("from a replica that lags", f.token, "一", "behind")
	w.replica.take()
	is("while it rests", f.token, "一", "behind")
	w.pass(time.Second)
	is("after it has caught up", f.token, "一", "replica")

	w.replica.become(nil)
	is("while it is away", f.token, "一", "away")
	w.replica.take()
	is("while it is left alone", f.token, "一", "away")
	w.later(3 * time.Second)
	is("after it has come back", f.token, "一", "replica")
	if len(w.reported) != 1 || !strings.Contains(w.reported[0], "does not answer") {
		t.Errorf("reported %q, want once that it does not answer", w.reported)
	}
	if _, err := w.Positions(w.Context(), w.actor(f.token), 0, 1); err != nil {
		t.Errorf("Positions without a session: %v", err)
	}
}

// TestReplicaBeforeAnythingIsRecent does not believe a replica before it is known
// what is recent: at the start, and after a pause, however little is asked for.
func TestReplicaBeforeAnythingIsRecent(t *testing.T) {
	w := newCopiedWorld(t)
	f := w.firm(1, 0)
	w.settle()
	w.replica.take() // and stops there
	for i := range 3 {
		w.someone(i)
	}
	w.settle()
	behind := func(what string) {
		t.Helper()
		if _, who := w.titles(f.token); who != "behind" {
			t.Errorf("%s: read from %q, want the replica to be behind", what, who)
		}
	}
	leader := w.Market
	w.Market = w.open()
	behind("a process that has just started")
	w.later(time.Second)
	behind("a second later")
	w.replica.take()
	w.later(time.Second)
	if _, who := w.titles(f.token); who != "replica" {
		t.Errorf("once it has caught up: read from %q, want the replica", who)
	}
	for i := range 3 {
		w.someone(3 + i)
	}
	w.pass(time.Minute)
	behind("a process that was paused")
	paused := w.Market
	w.Market = leader
	w.settle()
	w.Market = paused
	w.later(time.Second)
	behind("once it has followed the log")
}

// TestReplicaThatHangs lets one reader wait for a replica that was away and
// says nothing; the store answers the others at once. A second time that it is
// away is reported as well.
func TestReplicaThatHangs(t *testing.T) {
	w := newCopiedWorld(t)
	f := w.firm(1, 0)
	w.settle()
	ctx, actor := market.InSession(w.Context(), f.token), w.actor(f.token)
	list := func() {
		if _, err := w.Positions(ctx, actor, 0, 1); err != nil {
			t.Errorf("Positions: %v", err)
		}
	}
	list() // it is away
	w.later(3 * time.Second)
	w.replica.take()
	waits, goes := make(chan struct{}), make(chan struct{})
	w.replica.asked = func() { close(waits); <-goes }
	over := make(chan struct{})
	go func() {
		defer close(over)
		list()
	}()
	<-waits
	for range 3 {
		list() // would close the channel again if it asked
	}
	close(goes)
	<-over
	w.replica.asked = nil
	list()
	if got := w.ReplicaReads(); got != (market.ReplicaReads{Replica: 2, Away: 4}) {
		t.Errorf("reads are %+v, want two by the replica, and four while it was away", got)
	}
	w.replica.become(nil)
	list()
	if len(w.reported) != 2 {
		t.Errorf("reported %q, want twice that it does not answer", w.reported)
	}
}

// TestReplicaOfAnother expects that a copy of another installation answers
// nothing.
func TestReplicaOfAnother(t *testing.T) {
	w, another := newCopiedWorld(t), newCopiedWorld(t)
	f := w.firm(1, 0)
	w.settle()
	another.replica.take()
	w.replica.become(another.replica.now)
	if titles, by := w.titles(f.token); titles != "" || by != "away" {
		t.Errorf("positions %q from %q, want none, and the replica left alone", titles, by)
	}
	if len(w.reported) != 1 || !strings.Contains(w.reported[0], "another installation") {
		t.Errorf("reported %q, want what is wrong with the replica", w.reported)
	}
}

// TestReplicaThatWentItsOwnWay expects nothing of a copy that was written to: it was
// restored from a backup of this installation, or was the writer once.
func TestReplicaThatWentItsOwnWay(t *testing.T) {
	w := newCopiedWorld(t)
	f := w.firm(1, 0)
	w.settle()
	w.replica.take()
	err := w.replica.now.Write(t.Context(), func(tx market.Tx) error {
		for i := range int64(50) { // far ahead
			if err := tx.Append(&market.Row{Change: market.CandidateChanged, Entity: 900 + i, Version: 1, At: w.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.someone(1)
	w.settle()
	w.later(time.Second)
	w.later(time.Second)
	if _, by := w.titles(f.token); by != "away" {
		t.Errorf("positions from %q, want the replica left alone", by)
	}
	if len(w.reported) != 1 || !strings.Contains(w.reported[0], "another") {
		t.Errorf("reported %q, want what is wrong with the replica", w.reported)
	}
}

// TestReplicaBeforeNumbers expects that what nobody has numbered yet counts too.
func TestReplicaBeforeNumbers(t *testing.T) {
	w := newCopiedWorld(t)
	f := w.firm(1, 0)
	w.settle()
	w.replica.take()
	w.someone(1) // and no matcher runs
	w.later(time.Second)
	w.later(time.Second)
	if _, by := w.titles(f.token); by != "behind" {
		t.Errorf("positions from %q, want the replica to be behind", by)
	}
}

// TestReplicaAfterSignUp stops the replica after each transaction of a sign-up
// in turn: the person's list always has the offers that the sign-up gave.
func TestReplicaAfterSignUp(t *testing.T) {
	w := newCopiedWorld(t)
	for i := range 3 {
		f := w.firm(i+1, 0)
		w.order(f, w.post(f, publishable()), plain())
	}
	w.settle()
	w.film.on = true
	p := w.someone(1)
	w.film.on = false
	ctx, actor := market.InSession(w.Context(), p.token), w.actor(p.token)
	if len(w.film.copies) < 2 {
		t.Fatalf("a sign-up with offers took %d transactions", len(w.film.copies))
	}
	for i, s := range w.film.copies {
		w.replica.become(s)
		list, _, err := w.OffersTo(ctx, actor, 0, 100)
		if err != nil || len(list) != 3 {
			t.Errorf("with a replica that has %d of %d transactions: %d offers, %v, want 3", i+1, len(w.film.copies), len(list), err)
		}
	}
	if n := w.ReplicaReads().Replica; n != 1 {
		t.Errorf("the replica answered %d times, want once: with all transactions", n)
	}
	before := w.ReplicaReads()
	if _, err := w.Figures(market.InSession(w.Context(), p.token), operator(), 0, day.Day(1<<20)); err != nil || w.came(before) != "replica" {
		t.Errorf("figures are from %q, %v", w.came(before), err)
	}
}
