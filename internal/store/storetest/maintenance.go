package storetest

import (
	"errors"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

func maintenance() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"pauses come back in order":            pauses,
		"answers leave pauses out":             answersOverPauses,
		"staff are confirmed and by key":       staff,
		"offers for which a clock runs":        timed,
		"a pause of a failed transaction":      pauseUndone,
		"a pause is not written while reading": pauseRefused,
	}
}

func pauses(t *testing.T, s market.Store) {
	want(t, "Pauses of an empty store", load(t, s, func(tx market.Tx) ([]market.Pause, error) { return tx.Pauses() }), nil)
	given := []market.Pause{
		{From: when, Until: when.Add(time.Hour)},
		{From: when.Add(-48 * time.Hour), Until: when.Add(-47*time.Hour + 999*time.Nanosecond)},
		{From: when.Add(time.Hour), Until: when.Add(2 * time.Hour)},
	}
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.AddPause(given[0]), tx.AddPause(given[1]), tx.AddPause(given[2]))
	})
	given[1].Until = given[1].Until.Truncate(time.Microsecond)
	want(t, "Pauses", load(t, s, func(tx market.Tx) ([]market.Pause, error) { return tx.Pauses() }), given)
}

func pauseUndone(t *testing.T, s market.Store) {
	wantKind(t, "Write", s.Write(t.Context(), func(tx market.Tx) error {
		return errors.Join(tx.AddPause(market.Pause{From: when, Until: when}), errs.New(errs.Denied, "given up"))
	}), errs.Denied)
	want(t, "Pauses", load(t, s, func(tx market.Tx) ([]market.Pause, error) { return tx.Pauses() }), nil)
}

func pauseRefused(t *testing.T, s market.Store) {
	wantKind(t, "AddPause in a transaction that reads", s.Read(t.Context(), func(tx market.Tx) error {
		return tx.AddPause(market.Pause{From: when, Until: when})
	}), errs.Internal)
}

// answersOverPauses: with an hour to answer in, a pause of two between
// acceptance and answer does not count; one before, or after, does not help.
func answersOverPauses(t *testing.T, s market.Store) {
	within := time.Hour
	for i, r := range []struct{ accepted, took time.Duration }{
		{0, 3 * time.Hour},                              // with the pause: an hour
		{0, 3*time.Hour + time.Microsecond},             // a little more
		{-24 * time.Hour, 2 * time.Hour},                // both before the pause
		{4 * time.Hour, 2 * time.Hour},                  // both after
		{30 * time.Minute, time.Hour},                   // accepted at its beginning: over two pauses it takes none
		{0, 30*time.Minute + 2*time.Hour - time.Second}, // answered at its end
	} {
		addOffers(t, s, with(newOffer(int64(i), 1), func(o *offer.Offer) {
			o.Company, o.State = int64(i+1), offer.Accepted
			o.AnsweredAt = when.Add(r.accepted)
			o.RespondedAt = o.AnsweredAt.Add(r.took)
		}))
	}
	write(t, s, func(tx market.Tx) error {
		return tx.AddPause(market.Pause{From: when.Add(30 * time.Minute), Until: when.Add(150 * time.Minute)})
	})
	got := load(t, s, func(tx market.Tx) (map[int64]rule.Answers, error) {
		return tx.AllAnswers(when.AddDate(0, 0, -2), when.AddDate(0, 0, 2), within)
	})
	want(t, "AllAnswers", got, map[int64]rule.Answers{
		1: {Accepted: 1, Answered: 1}, 2: {Accepted: 1}, 3: {Accepted: 1}, 4: {Accepted: 1},
		5: {Accepted: 1, Answered: 1}, 6: {Accepted: 1, Answered: 1},
	})
}

func staff(t *testing.T, s market.Store) {
	var expect []int64
	for i, a := range []*account.Account{
		newAccount(account.Member, "a"), newAccount(account.Candidate, "b"), newAccount(account.Operator, "c"),
		newAccount(account.Member, "d"), newAccount(account.Member, "e"),
	} {
		a.Confirmed = i != 3
		write(t, s, func(tx market.Tx) error { return tx.AddAccount(a) })
		if a.Confirmed && a.Kind != account.Candidate {
			expect = append(expect, a.Key)
		}
	}
	page := func(after int64, limit int) []int64 {
		return keys(load(t, s, func(tx market.Tx) ([]account.Account, error) { return tx.Staff(after, limit) }),
			func(a *account.Account) int64 { return a.Key })
	}
	want(t, "Staff", page(0, 10), expect)
	want(t, "Staff, two of them", page(0, 2), expect[:2])
	want(t, "Staff after the second", page(expect[1], 2), expect[2:])
}

func timed(t *testing.T, s market.Store) {
	var expect []int64
	for i, r := range []struct {
		state offer.State
		due   time.Time
		runs  bool
	}{
		{offer.Sent, time.Time{}, true},
		{offer.Accepted, time.Time{}, false},
		{offer.Seen, time.Time{}, true},
		{offer.Reserved, when, true},
		{offer.Declined, when, true},
		{offer.Declined, time.Time{}, false},
		{offer.Proposed, when, true},
		{offer.Expired, time.Time{}, false},
	} {
		o := with(newOffer(int64(i), 1), func(o *offer.Offer) { o.State, o.DueAt = r.state, r.due })
		addOffers(t, s, o)
		if r.runs {
			expect = append(expect, o.Key)
		}
	}
	page := func(after int64, limit int) []int64 {
		return keys(load(t, s, func(tx market.Tx) ([]offer.Offer, error) { return tx.Timed(after, limit) }),
			func(o *offer.Offer) int64 { return o.Key })
	}
	want(t, "Timed", page(0, 10), expect)
	want(t, "Timed after the second, two of them", page(expect[1], 2), expect[2:4])
}
