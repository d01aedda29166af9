package storetest

import (
	"errors"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

func races() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"one of many confirms an address":     oneConfirms,
		"one of many sends an offer":          oneSends,
		"one of many is a company":            oneCompany,
		"racing updates lose nothing":         nothingIsLost,
		"a budget holds":                      aBudgetHolds,
		"a reader sees one moment":            oneMoment,
		"the log has no gaps and no repeats":  logInOrder,
		"one of many saves over a version":    oneSaves,
		"many readers and writers get a turn": manyTurns,
	}
}

// racers is how many take part in a race.
const racers = 12

// race runs fn in parallel and gives the errors.
func race(n int, fn func(i int) error) []error {
	out := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			out[i] = fn(i)
		})
	}
	close(start)
	all.Wait()
	return out
}

// wantOneWinner expects one nil, and a kind of error from all others.
func wantOneWinner(t *testing.T, list []error, kind errs.Kind) {
	t.Helper()
	won := 0
	for _, err := range list {
		switch {
		case err == nil:
			won++
		case !errs.Is(err, kind):
			t.Errorf("a loser got %v, want an error of kind %v", err, kind)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d won, want 1", won, len(list))
	}
}

func oneConfirms(t *testing.T, s market.Store) {
	list := make([]*account.Account, racers)
	write(t, s, func(tx market.Tx) error {
		for i := range list {
			list[i] = newAccount(account.Candidate, "same")
			if err := tx.AddAccount(list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	wantOneWinner(t, race(racers, func(i int) error {
		return s.Write(t.Context(), func(tx market.Tx) error {
			a, err := tx.Account(list[i].Key)
			if err != nil {
				return err
			}
			a.Confirmed = true
			return tx.SaveAccount(&a)
		})
	}), errs.Conflict)
	confirmed := 0
	for _, a := range load(t, s, func(tx market.Tx) ([]account.Account, error) {
		return tx.Accounts(account.Candidate, list[0].EmailHash)
	}) {
		if a.Confirmed {
			confirmed++
		}
	}
	if confirmed != 1 {
		t.Errorf("%d accounts are confirmed, want 1", confirmed)
	}
}

func oneSends(t *testing.T, s market.Store) {
	wantOneWinner(t, race(racers, func(i int) error {
		return s.Write(t.Context(), func(tx market.Tx) error {
			return tx.AddOffer(with(newOffer(1, 1), func(o *offer.Offer) { o.Rule = int64(1 + i) }))
		})
	}), errs.Conflict)
	if n := load(t, s, func(tx market.Tx) (int, error) { return tx.Taken(1, today) }); n != 1 {
		t.Errorf("%d offers were sent, want 1", n)
	}
}

func oneCompany(t *testing.T, s market.Store) {
	wantOneWinner(t, race(racers, func(int) error {
		return s.Write(t.Context(), func(tx market.Tx) error { return tx.AddCompany(newCompany(1)) })
	}), errs.Conflict)
}

func oneSaves(t *testing.T, s market.Store) {
	c := newCandidate(1)
	write(t, s, func(tx market.Tx) error { return tx.AddCandidate(c) })
	wantOneWinner(t, race(racers, func(i int) error {
		return s.Write(t.Context(), func(tx market.Tx) error {
			mine := *c
			mine.Version, mine.WeeklyLimit = 2, i
			return tx.SaveCandidate(&mine)
		})
	}), errs.Stale)
}

func nothingIsLost(t *testing.T, s market.Store) {
	c := newCandidate(1)
	c.WeeklyLimit = 0
	write(t, s, func(tx market.Tx) error { return tx.AddCandidate(c) })
	const each = 10
	list := race(racers, func(int) error {
		for range each {
			if err := s.Write(t.Context(), func(tx market.Tx) error {
				got, err := tx.LockCandidate(c.Key)
				if err != nil {
					return err
				}
				got.Version++
				got.WeeklyLimit++
				return tx.SaveCandidate(&got)
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(list...); err != nil {
		t.Fatal(err)
	}
	got := load(t, s, func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(c.Key) })
	if got.WeeklyLimit != racers*each || got.Version != racers*each+1 {
		t.Errorf("after %d raises the limit is %d at version %d", racers*each, got.WeeklyLimit, got.Version)
	}
}

func aBudgetHolds(t *testing.T, s market.Store) {
	r := newRule(1, 1)
	write(t, s, func(tx market.Tx) error { return tx.AddRule(r) })
	const budget = racers / 2
	refused := errs.New(errs.TooMany, "spent")
	for _, err := range race(racers, func(int) error {
		return s.Write(t.Context(), func(tx market.Tx) error {
			if _, err := tx.LockRule(r.Key); err != nil {
				return err
			}
			spent, _, err := tx.Spent(r.Key, today)
			if err != nil {
				return err
			}
			if spent >= budget {
				return refused
			}
			return tx.Spend(r.Key, today, today, 1)
		})
	}) {
		if err != nil && !errors.Is(err, refused) {
			t.Error(err)
		}
	}
	if err := s.Read(t.Context(), func(tx market.Tx) error {
		day, total, err := tx.Spent(r.Key, today)
		if day != budget || total != budget {
			t.Errorf("%d was spent that day and %d in all, want %d", day, total, budget)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// oneMoment moves a unit between two candidates while readers add them up.
func oneMoment(t *testing.T, s market.Store) {
	a, b := newCandidate(1), newCandidate(2)
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddCandidate(a), tx.AddCandidate(b)) })
	const moves = 60
	var g errgroup.Group
	g.Go(func() error {
		for range moves {
			if err := s.Write(t.Context(), func(tx market.Tx) error {
				a.Version++
				b.Version++
				a.WeeklyLimit--
				b.WeeklyLimit++
				return errors.Join(tx.SaveCandidate(a), tx.SaveCandidate(b))
			}); err != nil {
				return err
			}
		}
		return nil
	})
	for range 2 {
		g.Go(func() error {
			for range moves {
				if err := s.Read(t.Context(), func(tx market.Tx) error {
					x, err := tx.Candidate(1)
					if err != nil {
						return err
					}
					y, err := tx.Candidate(2)
					if x.WeeklyLimit+y.WeeklyLimit != 20 || x.Version != y.Version {
						t.Errorf("one moment shows %d at version %d and %d at %d", x.WeeklyLimit, x.Version, y.WeeklyLimit, y.Version)
					}
					return err
				}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

func logInOrder(t *testing.T, s market.Store) {
	for _, err := range race(racers, func(i int) error {
		return s.Write(t.Context(), func(tx market.Tx) error {
			row := &market.Row{Change: market.RuleChanged, Entity: int64(i), At: when}
			if err := tx.Append(row, &market.Row{Change: market.RuleLess, Entity: int64(i), At: when}); err != nil {
				return err
			}
			if i%3 == 0 {
				return errStop
			}
			return nil
		})
	}) {
		if err != nil && !errors.Is(err, errStop) {
			t.Fatal(err)
		}
	}
	rows := load(t, s, func(tx market.Tx) ([]market.Row, error) { return tx.Rows(0, 1000) })
	if len(rows) != 2*racers*2/3 {
		t.Fatalf("the log has %d rows, want %d", len(rows), 2*racers*2/3)
	}
	begun := map[int64]bool{}
	for i, r := range rows {
		if r.Pos != rows[0].Pos+int64(i) {
			t.Errorf("position %d is the %d. after %d", r.Pos, i, rows[0].Pos)
		}
		if begun[r.Entity] != (r.Change == market.RuleLess) {
			t.Errorf("rows of one transaction are out of order: %+v", r)
		}
		begun[r.Entity] = true
	}
}

func manyTurns(t *testing.T, s market.Store) {
	const many = 60
	for _, err := range race(many, func(i int) error {
		if i%2 == 0 {
			return s.Write(t.Context(), func(tx market.Tx) error { return tx.AddOffer(newOffer(int64(i), 1)) })
		}
		return s.Read(t.Context(), func(tx market.Tx) error { return second(tx.OffersOn(1, 0, 100)) })
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	got := load(t, s, func(tx market.Tx) ([]offer.Offer, error) { return tx.OffersOn(1, 0, 100) })
	if len(got) != many/2 {
		t.Errorf("%d offers, want %d", len(got), many/2)
	}
}
