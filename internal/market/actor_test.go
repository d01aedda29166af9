package market_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// shelved are actors as every process of an installation sees them, by the
// clock of a test.
type shelved struct {
	mu     sync.Mutex
	now    func() time.Time
	away   bool
	lazy   bool // nothing ends: what is too old is for the market to see
	values map[string][]byte
	ends   map[string]time.Time
}

func newShelved() *shelved {
	return &shelved{values: map[string][]byte{}, ends: map[string]time.Time{}}
}

func (s *shelved) live(key []byte) bool {
	end, ok := s.ends[string(key)]
	return ok && (s.lazy || s.now().Before(end))
}

func (s *shelved) Find(_ context.Context, key []byte) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := s.values[string(key)]
	return slices.Clone(value), !s.away && s.live(key) && value != nil
}

func (s *shelved) Keep(_ context.Context, key, value []byte, life time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.away && !s.live(key) {
		s.values[string(key)], s.ends[string(key)] = slices.Clone(value), s.now().Add(life)
	}
}

func (s *shelved) Up() bool { return true }

func (s *shelved) Drop(_ context.Context, life time.Duration, keys ...[]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if !s.away {
			s.values[string(key)], s.ends[string(key)] = nil, s.now().Add(life)
		}
	}
}

// counted counts how often a store is read, and can fall silent.
type counted struct {
	market.Store
	mu     sync.Mutex
	reads  int
	before func() // what happens between the rows and whoever reads them, once
}

func (c *counted) Read(ctx context.Context, fn func(market.Tx) error) error {
	c.mu.Lock()
	c.reads++
	before := c.before
	c.before = nil
	c.mu.Unlock()
	err := c.Store.Read(ctx, fn)
	if before != nil {
		before()
	}
	return err
}

// newShelvedWorld opens a market that keeps actors.
func newShelvedWorld(t *testing.T) (*world, *shelved, *counted) {
	t.Helper()
	actors, store := newShelved(), &counted{Store: market.NewMemory()}
	actors.now = func() time.Time { return beginning }
	w := newWorld(t, store, market.Options{Mode: market.Auto, Actors: actors})
	actors.now = w.options.Clock
	return w, actors, store
}

// asked says whether finding out who speaks reads the store.
func (c *counted) asked(w *world, token string) bool {
	w.Helper()
	before := c.reads
	w.actor(token)
	return c.reads != before
}

func TestActorsAreKept(t *testing.T) {
	w, actors, store := newShelvedWorld(t)
	p, f := w.someone(1), w.firm(1, 0)
	for name, token := range map[string]string{"candidate": p.token, "member": f.token} {
		if !store.asked(w, token) {
			t.Errorf("%s: the first look-up did not read the store", name)
		}
		first := w.actor(token)
		if store.asked(w, token) {
			t.Errorf("%s: the second look-up read the store", name)
		}
		actors.away = true
		if w.actor(token) != first || !store.asked(w, token) {
			t.Errorf("%s: kept as %+v, want what the rows say", name, first)
		}
		actors.away = false
	}
	actors.lazy = true
	w.pass(market.ActorLife - time.Second)
	if store.asked(w, p.token) {
		t.Error("an actor is kept for less than its life")
	}
	w.pass(time.Second)
	if !store.asked(w, p.token) {
		t.Error("an actor is believed beyond its life")
	}
}

func TestKeptActorsOfASessionThatEnds(t *testing.T) {
	w, actors, _ := newShelvedWorld(t)
	actors.lazy = true
	p := w.someone(1)
	w.pass(account.SessionLife - time.Second)
	w.actor(p.token)
	w.pass(2 * time.Second)
	if _, err := w.Authenticate(w.Context(), p.token); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("after its end, a session gives %v, want Unauthenticated", err)
	}
}

// TestKeptActorsVisitEveryDay expects that being known does not hide the first
// visit of a day.
func TestKeptActorsVisitEveryDay(t *testing.T) {
	w, _, store := newShelvedWorld(t)
	p := w.someone(1)
	w.pass(14*time.Hour - 10*time.Second) // ten seconds to midnight
	w.actor(p.token)
	before := w.Today()
	w.pass(market.ActorLife / 2)
	w.drain()
	if w.Today() != before+1 {
		t.Fatalf("it is %v, want the day after %v", w.Today(), before)
	}
	if !store.asked(w, p.token) {
		t.Error("on a new day, the store is not asked")
	}
	c, err := w.Candidate(w.Context(), w.actor(p.token))
	if err != nil || c.LastActive != w.Today() {
		t.Errorf("last active on %v, %v, want %v", c.LastActive, err, w.Today())
	}
}

// TestForgedActors puts what others wrote where actors are kept.
func TestForgedActors(t *testing.T) {
	w, actors, _ := newShelvedWorld(t)
	p, f := w.someone(1), w.firm(1, 0)
	who, member := w.actor(p.token), w.actor(f.token)
	mine, theirs := string(account.TokenHash(p.token)), string(account.TokenHash(f.token))
	genuine := actors.values[mine]
	forged := []byte(strings.Replace(string(genuine), `"candidate"`, `"operator"`, 1))
	if string(forged) == string(genuine) {
		t.Fatal("nothing was forged")
	}
	for name, value := range map[string][]byte{
		"another's": actors.values[theirs], "altered": forged, "cut": genuine[:20], "unsealed": genuine[32:], "empty": {},
	} {
		actors.values[mine] = value
		if got := w.actor(p.token); got != who {
			t.Errorf("%s: %+v, want %+v", name, got, who)
		}
	}
	actors.values[theirs] = genuine
	if got := w.actor(f.token); got != member {
		t.Errorf("a company's token has become %+v", got)
	}
}

// TestErasedActorsAreForgotten erases a person in one process and asks another
// for them, one that read their rows just before too.
func TestErasedActorsAreForgotten(t *testing.T) {
	w, _, store := newShelvedWorld(t)
	other := w.open()
	gone := func(token string) {
		t.Helper()
		for range 2 {
			if a, err := other.Authenticate(w.Context(), token); !errs.Is(err, errs.Unauthenticated) {
				t.Errorf("an erased person is %+v, %v, want Unauthenticated", a, err)
			}
		}
	}
	p := w.someone(1, func(in *market.SignUp) { in.Password = "a long password" })
	second, err := w.SignIn(w.Context(), p.email, "a long password", account.Candidate)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{p.token, second} {
		if _, err := other.Authenticate(w.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Erase(w.Context(), w.actor(p.token)); err != nil {
		t.Fatal(err)
	}
	gone(p.token)
	gone(second)

	q := w.someone(2)
	who := w.actor(q.token)
	w.pass(market.ActorLife) // nothing is kept any more
	store.before = func() {
		if err := w.Erase(w.Context(), who); err != nil {
			t.Error(err)
		}
	}
	if _, err := other.Authenticate(w.Context(), q.token); err != nil {
		t.Fatalf("rows that were read before the erasure: %v", err)
	}
	gone(q.token)
}

// TestStaleActors gives every use case of a person an actor who was erased
// while nothing could be forgotten: rows decide, not what is kept.
func TestStaleActors(t *testing.T) {
	w, actors, _ := newShelvedWorld(t)
	p, f := w.someone(1), w.firm(1, 0)
	w.order(f, w.post(f, publishable()), plain())
	w.drain()
	who := w.actor(p.token)
	if err := w.Confirm(w.Context(), who, p.code); err != nil {
		t.Fatal(err)
	}
	page, _, err := w.OffersTo(w.Context(), who, 0, 10)
	if err != nil || len(page) != 1 {
		t.Fatalf("offers %v, %v, want one", page, err)
	}
	if _, err := w.Answer(w.Context(), who, page[0].ID, "accept"); err != nil {
		t.Fatal(err)
	}
	w.pass(market.ActorLife) // confirming was not to be forgotten either
	who = w.actor(p.token)
	actors.away = true
	if err := w.Erase(w.Context(), who); err != nil {
		t.Fatal(err)
	}
	actors.away = false
	if got := w.actor(p.token); got != who {
		t.Fatalf("the actor is not stale: %+v", got)
	}
	tries := map[string]func() error{
		"Candidate": func() error { _, err := w.Candidate(w.Context(), who); return err },
		"OffersTo":  func() error { _, _, err := w.OffersTo(w.Context(), who, 0, 10); return err },
		"OfferTo":   func() error { _, err := w.OfferTo(w.Context(), who, page[0].ID); return err },
		"Answer":    func() error { _, err := w.Answer(w.Context(), who, page[0].ID, "withdraw"); return err },
		"Views":     func() error { _, _, err := w.Views(w.Context(), who, 0, 10); return err },
		"Why":       func() error { _, err := w.Why(w.Context(), who); return err },
		"Erase":     func() error { return w.Erase(w.Context(), who) },
		"Confirm":   func() error { return w.Confirm(w.Context(), who, "00000000") },
		"SetWishes": func() error { _, err := w.SetWishes(w.Context(), who, 1, all()); return err },
		"SetBlocks": func() error { _, err := w.SetBlocks(w.Context(), who, 1, nil, nil); return err },
	}
	for name, try := range tries {
		if err := try(); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s of an erased person: %v, want NotFound", name, err)
		}
	}
	w.pass(market.ActorLife)
	if _, err := w.Authenticate(w.Context(), p.token); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("after its life, a stale actor gives %v, want Unauthenticated", err)
	}
}

// TestStatusIsNotKept expects a suspension to hold at once for a member who is
// known.
func TestStatusIsNotKept(t *testing.T) {
	w, _, store := newShelvedWorld(t)
	f := w.firm(1, 0)
	who := w.actor(f.token)
	search := func() error {
		_, err := w.Search(w.Context(), who, market.SearchInput{Condition: all(), Limit: 1})
		return err
	}
	if err := search(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.SetStatus(w.Context(), operator(), f.id, company.Suspended); err != nil {
		t.Fatal(err)
	}
	if store.asked(w, f.token) {
		t.Error("the member is not known")
	}
	if err := search(); !errs.Is(err, errs.Denied) {
		t.Errorf("a suspended company searches: %v, want Denied", err)
	}
}

func TestConfirmedActorsAreForgotten(t *testing.T) {
	w, _, _ := newShelvedWorld(t)
	p := w.someone(1)
	if w.actor(p.token).Confirmed {
		t.Fatal("they are confirmed already")
	}
	if err := w.Confirm(w.Context(), w.actor(p.token), "00000000"); errors.Is(err, nil) {
		t.Fatal("any code is right")
	}
	if err := w.Confirm(w.Context(), w.actor(p.token), p.code); err != nil {
		t.Fatal(err)
	}
	if !w.actor(p.token).Confirmed {
		t.Error("who has confirmed is not known as confirmed")
	}
}
