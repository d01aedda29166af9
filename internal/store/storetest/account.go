package storetest

import (
	"errors"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
)

func accounts() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"an account comes back as it was":   accountRoundTrip,
		"accounts of an address in order":   accountsInOrder,
		"an address is confirmed once":      confirmedOnce,
		"saving an account":                 savingAccount,
		"sessions":                          sessions,
		"a confirmation can be given back":  confirmationBack,
		"an account with the id of another": accountTwice,
		"locking an account":                lockingAccount,
		"guesses of a day":                  guesses,
		"an address is mended":              addressMended,
	}
}

func accountRoundTrip(t *testing.T, s market.Store) {
	full := newAccount(account.Operator, "full")
	full.Confirmed, full.Password, full.CodeHash, full.Language = true, "$argon2id$"+hard, []byte{0, 1, 255}, "en"
	bare := newAccount(account.Member, "bare")
	for _, a := range []*account.Account{full, bare} {
		write(t, s, func(tx market.Tx) error { return tx.AddAccount(a) })
		got := load(t, s, func(tx market.Tx) (account.Account, error) { return tx.Account(a.Key) })
		want(t, "Account", got, *a)
		if (got.CodeHash == nil) != (a.CodeHash == nil) {
			t.Errorf("CodeHash came back as %v, want %v", got.CodeHash, a.CodeHash)
		}
	}
	for _, key := range []int64{0, -1, bare.Key + 1} {
		missing(t, s, "Account", func(tx market.Tx) (account.Account, error) { return tx.Account(key) })
	}
	refused(t, s, "SaveAccount of none", errs.NotFound, func(tx market.Tx) error {
		return tx.SaveAccount(&account.Account{Key: 99})
	})
}

func accountTwice(t *testing.T, s market.Store) {
	a := newAccount(account.Candidate, "a")
	write(t, s, func(tx market.Tx) error { return tx.AddAccount(a) })
	b := newAccount(account.Candidate, "b")
	b.ID = a.ID
	refused(t, s, "AddAccount", errs.Conflict, func(tx market.Tx) error { return tx.AddAccount(b) })
}

func accountsInOrder(t *testing.T, s market.Store) {
	var list []*account.Account
	for i := range 4 {
		a := newAccount(account.Candidate, "same")
		a.Confirmed = i == 1
		list = append(list, a)
	}
	member := newAccount(account.Member, "same")
	member.Confirmed = true // unique per kind only
	write(t, s, func(tx market.Tx) error {
		for _, a := range append(list, member, newAccount(account.Candidate, "other")) {
			if err := tx.AddAccount(a); err != nil {
				return err
			}
		}
		return nil
	})
	got := load(t, s, func(tx market.Tx) ([]account.Account, error) {
		return tx.Accounts(account.Candidate, list[0].EmailHash)
	})
	want(t, "Accounts", got, []account.Account{*list[1], *list[3], *list[2], *list[0]})
	want(t, "Accounts of an unknown address", load(t, s, func(tx market.Tx) ([]account.Account, error) {
		return tx.Accounts(account.Candidate, []byte("unknown"))
	}), nil)
}

func confirmedOnce(t *testing.T, s market.Store) {
	a, b := newAccount(account.Candidate, "same"), newAccount(account.Candidate, "same")
	a.Confirmed = true
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddAccount(a), tx.AddAccount(b)) })
	c := newAccount(account.Candidate, "same")
	c.Confirmed = true
	refused(t, s, "AddAccount of a second confirmed one", errs.Conflict, func(tx market.Tx) error { return tx.AddAccount(c) })
	refused(t, s, "SaveAccount that confirms a second one", errs.Conflict, func(tx market.Tx) error {
		mine := *b
		mine.Confirmed = true
		return tx.SaveAccount(&mine)
	})
	write(t, s, func(tx market.Tx) error { return tx.SaveAccount(a) }) // once more changes nothing
}

func confirmationBack(t *testing.T, s market.Store) {
	a, b := newAccount(account.Candidate, "same"), newAccount(account.Candidate, "same")
	a.Confirmed = true
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddAccount(a), tx.AddAccount(b)) })
	a.Confirmed, b.Confirmed = false, true
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.SaveAccount(a), tx.SaveAccount(b)) })
	got := load(t, s, func(tx market.Tx) ([]account.Account, error) { return tx.Accounts(account.Candidate, a.EmailHash) })
	want(t, "Accounts", got, []account.Account{*b, *a})
}

func savingAccount(t *testing.T, s market.Store) {
	a := newAccount(account.Candidate, "a")
	a.CodeHash = []byte("code")
	write(t, s, func(tx market.Tx) error { return tx.AddAccount(a) })
	changed := *a
	changed.Confirmed, changed.Password, changed.CodeHash, changed.Language = true, "new", nil, "ja"
	changed.EmailHash, changed.Sealed, changed.Kind = []byte("another"), []byte("another"), account.Member
	write(t, s, func(tx market.Tx) error { return tx.SaveAccount(&changed) })
	expected := *a
	expected.Confirmed, expected.Password, expected.CodeHash, expected.Language = true, "new", nil, "ja"
	want(t, "Account", load(t, s, func(tx market.Tx) (account.Account, error) { return tx.Account(a.Key) }), expected)
	second := newAccount(account.Candidate, "a") // the confirmation is of the address that it has
	second.Confirmed = true
	refused(t, s, "AddAccount", errs.Conflict, func(tx market.Tx) error { return tx.AddAccount(second) })
}

func sessions(t *testing.T, s market.Store) {
	a := account.Session{TokenHash: []byte{0, 1}, Account: 1, CreatedAt: when, ExpiresAt: when.Add(time.Hour)}
	b := account.Session{TokenHash: []byte{0}, Account: 1, CreatedAt: when, ExpiresAt: when}
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddSession(a), tx.AddSession(b)) })
	refused(t, s, "AddSession of a second", errs.Conflict, func(tx market.Tx) error { return tx.AddSession(a) })
	for _, session := range []account.Session{a, b} {
		want(t, "Session", load(t, s, func(tx market.Tx) (account.Session, error) { return tx.Session(session.TokenHash) }), session)
	}
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.CountWrite(a.TokenHash), tx.CountWrite([]byte{9})) })
	write(t, s, func(tx market.Tx) error { return tx.CountWrite(a.TokenHash) })
	refused(t, s, "CountWrite", errs.Conflict, func(tx market.Tx) error {
		return errors.Join(tx.CountWrite(a.TokenHash), errs.New(errs.Conflict, "given up"))
	})
	a.Writes = 2
	want(t, "Session that has written", load(t, s, func(tx market.Tx) (account.Session, error) { return tx.Session(a.TokenHash) }), a)
	for key, expected := range map[int64][]account.Session{1: {b, a}, 2: nil} {
		want(t, "Sessions", load(t, s, func(tx market.Tx) ([]account.Session, error) { return tx.Sessions(key) }), expected)
	}
	for _, token := range [][]byte{nil, {}, {1}, {0, 1, 0}} {
		missing(t, s, "Session", func(tx market.Tx) (account.Session, error) { return tx.Session(token) })
	}
}

func lockingAccount(t *testing.T, s market.Store) {
	a := newAccount(account.Member, "a")
	write(t, s, func(tx market.Tx) error { return tx.AddAccount(a) })
	write(t, s, func(tx market.Tx) error {
		got, err := tx.LockAccount(a.Key)
		want(t, "LockAccount", got, *a)
		return err
	})
	refused(t, s, "LockAccount of none", errs.NotFound, func(tx market.Tx) error { return second(tx.LockAccount(a.Key + 1)) })
	_, err := find(t.Context(), s, func(tx market.Tx) (account.Account, error) { return tx.LockAccount(a.Key) })
	if err == nil {
		t.Error("LockAccount in a transaction that reads gives no error")
	}
}

func guesses(t *testing.T, s market.Store) {
	c := newCandidate(1)
	a := newAccount(account.Candidate, "a")
	write(t, s, func(tx market.Tx) error {
		if err := tx.AddAccount(a); err != nil {
			return err
		}
		c.Account = a.Key
		return tx.AddCandidate(c)
	})
	given := func(on day.Day) int {
		t.Helper()
		return load(t, s, func(tx market.Tx) (int, error) { return tx.Guesses(a.Key, on) })
	}
	want(t, "Guesses of nobody", given(today), 0)
	for i := range 3 {
		write(t, s, func(tx market.Tx) error {
			n, err := tx.AddGuess(a.Key, today)
			want(t, "AddGuess", n, i+1)
			return err
		})
	}
	want(t, "Guesses", given(today), 3)
	want(t, "Guesses of the next day", given(today+1), 0)
	refused(t, s, "AddGuess", errs.Conflict, func(tx market.Tx) error {
		if _, err := tx.AddGuess(a.Key, today); err != nil {
			return err
		}
		return errs.New(errs.Conflict, "given up")
	})
	want(t, "Guesses after a failure", given(today), 3)
	write(t, s, func(tx market.Tx) error { return second(tx.AddGuess(a.Key, today+1)) })
	want(t, "Guesses of a new day", given(today+1), 1)
	want(t, "Guesses of the day before", given(today), 0)
	write(t, s, func(tx market.Tx) error { return tx.DeleteCandidate(c.Key) })
	want(t, "Guesses of one who is erased", given(today+1), 0)
}

func addressMended(t *testing.T, s market.Store) {
	first, a, sure := newAccount(account.Candidate, "right"), newAccount(account.Candidate, "wrong"), newAccount(account.Candidate, "sure")
	sure.Confirmed = true
	last := newAccount(account.Candidate, "right")
	for _, one := range []*account.Account{first, a, sure, last} {
		write(t, s, func(tx market.Tx) error { return tx.AddAccount(one) })
	}
	sealed, hash := []byte("sealed anew"), first.EmailHash
	write(t, s, func(tx market.Tx) error { return tx.SetAddress(a.Key, sealed, hash) })
	mended := *a
	mended.Sealed, mended.EmailHash = sealed, hash
	want(t, "Account", load(t, s, func(tx market.Tx) (account.Account, error) { return tx.Account(a.Key) }), mended)
	want(t, "Accounts", load(t, s, func(tx market.Tx) ([]account.Account, error) {
		return tx.Accounts(account.Candidate, hash)
	}), []account.Account{*last, mended, *first})
	want(t, "Accounts of the address before", load(t, s, func(tx market.Tx) ([]account.Account, error) {
		return tx.Accounts(account.Candidate, a.EmailHash)
	}), nil)
	refused(t, s, "SetAddress of one that is confirmed", errs.Conflict, func(tx market.Tx) error { return tx.SetAddress(sure.Key, sealed, hash) })
	refused(t, s, "SetAddress of none", errs.NotFound, func(tx market.Tx) error { return tx.SetAddress(99, sealed, hash) })
	last.Confirmed = true
	write(t, s, func(tx market.Tx) error { return tx.SaveAccount(last) })
	mended.Confirmed = true // the confirmation is of the address that it has now
	refused(t, s, "SaveAccount that confirms it twice", errs.Conflict, func(tx market.Tx) error { return tx.SaveAccount(&mended) })
}
