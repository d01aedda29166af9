package market

import (
	"slices"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
)

type memoryAccounts struct {
	accounts  table[account.Account]
	accountID map[uuid.UUID]int64
	emails    index[address]
	confirmed map[address]int64
	sessions  map[string]account.Session
	tokens    map[int64][]string // by account
	guessed   map[int64]guess    // by account
}

// guess is how many wrong codes were given on the last day that knows any.
type guess struct {
	on day.Day
	n  int
}

// address is an e-mail address of a kind of account.
type address struct {
	kind account.Kind
	hash string
}

func newMemoryAccounts() memoryAccounts {
	return memoryAccounts{
		accountID: map[uuid.UUID]int64{}, emails: index[address]{}, confirmed: map[address]int64{},
		sessions: map[string]account.Session{}, tokens: map[int64][]string{}, guessed: map[int64]guess{},
	}
}

func addressOf(a *account.Account) address { return address{a.Kind, string(a.EmailHash)} }

func (t *memoryTx) AddAccount(a *account.Account) error {
	if err := t.writing(); err != nil {
		return err
	}
	if _, ok := t.accountID[a.ID]; ok {
		return twice("the account")
	}
	at := addressOf(a)
	if a.Confirmed {
		if _, ok := t.confirmed[at]; ok {
			return twice("the address is confirmed for another account")
		}
	}
	row := *a
	row.Key = t.accounts.next()
	row.CreatedAt = stored(a.CreatedAt)
	t.accounts.add(t, &row)
	put(t, t.accountID, a.ID, row.Key)
	t.emails.add(t, at, row.Key)
	if a.Confirmed {
		put(t, t.confirmed, at, row.Key)
	}
	a.Key = row.Key
	return nil
}

func (t *memoryTx) Account(key int64) (account.Account, error) {
	return found(t, &t.accounts, "account", key)
}

func (t *memoryTx) LockAccount(key int64) (account.Account, error) {
	return locked(t, &t.accounts, "account", key)
}

func (t *memoryTx) Guesses(key int64, on day.Day) (int, error) {
	if g := t.guessed[key]; g.on == on {
		return g.n, t.ready()
	}
	return 0, t.ready()
}

func (t *memoryTx) AddGuess(key int64, on day.Day) (int, error) {
	if err := t.writing(); err != nil {
		return 0, err
	}
	n, err := t.Guesses(key, on)
	put(t, t.guessed, key, guess{on, n + 1})
	return n + 1, err
}

// found gives a copy of a row, or NotFound.
func found[T any](t *memoryTx, in *table[T], what string, key int64) (T, error) {
	var none T
	if err := t.ready(); err != nil {
		return none, err
	}
	t.examined++
	row := in.find(key)
	if row == nil {
		return none, missing(what)
	}
	return *row, nil
}

// locked is found for those who will write the row.
func locked[T any](t *memoryTx, in *table[T], what string, key int64) (T, error) {
	if err := t.writing(); err != nil {
		var none T
		return none, err
	}
	return found(t, in, what, key)
}

func (t *memoryTx) Accounts(kind account.Kind, emailHash []byte) ([]account.Account, error) {
	if err := t.ready(); err != nil {
		return nil, err
	}
	var first, rest []account.Account
	for _, key := range slices.Backward(t.emails[address{kind, string(emailHash)}]) {
		if a := t.accounts.find(key); a.Confirmed {
			first = append(first, *a)
		} else {
			rest = append(rest, *a)
		}
	}
	return append(first, rest...), nil
}

func (t *memoryTx) SaveAccount(a *account.Account) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := t.accounts.find(a.Key)
	if before == nil {
		return missing("account")
	}
	row := *before
	row.Confirmed, row.Password, row.CodeHash, row.Language = a.Confirmed, a.Password, a.CodeHash, a.Language
	at := addressOf(before)
	switch {
	case row.Confirmed && !before.Confirmed:
		if _, ok := t.confirmed[at]; ok {
			return twice("the address is confirmed for another account")
		}
		put(t, t.confirmed, at, a.Key)
	case !row.Confirmed && before.Confirmed:
		drop(t, t.confirmed, at)
	}
	t.accounts.put(t, a.Key, &row)
	return nil
}

func (t *memoryTx) SetAddress(key int64, sealed, emailHash []byte) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := t.accounts.find(key)
	switch {
	case before == nil:
		return missing("account")
	case before.Confirmed:
		return errs.New(errs.Conflict, "the address is confirmed")
	}
	row := *before
	row.Sealed, row.EmailHash = sealed, emailHash
	t.emails.move(t, addressOf(before), addressOf(&row), key)
	t.accounts.put(t, key, &row)
	return nil
}

func (t *memoryTx) AddSession(s account.Session) error {
	if err := t.writing(); err != nil {
		return err
	}
	token := string(s.TokenHash)
	if _, ok := t.sessions[token]; ok {
		return twice("the session")
	}
	s.CreatedAt, s.ExpiresAt, s.Writes = stored(s.CreatedAt), stored(s.ExpiresAt), 0
	put(t, t.sessions, token, s)
	put(t, t.tokens, s.Account, append(slices.Clip(t.tokens[s.Account]), token))
	return nil
}

func (t *memoryTx) Session(tokenHash []byte) (account.Session, error) {
	if err := t.ready(); err != nil {
		return account.Session{}, err
	}
	s, ok := t.sessions[string(tokenHash)]
	if !ok {
		return account.Session{}, missing("session")
	}
	return s, nil
}

func (t *memoryTx) CountWrite(tokenHash []byte) error {
	if err := t.writing(); err != nil {
		return err
	}
	if s, ok := t.sessions[string(tokenHash)]; ok {
		s.Writes++
		put(t, t.sessions, string(tokenHash), s)
	}
	return nil
}

func (t *memoryTx) Sessions(key int64) ([]account.Session, error) {
	if err := t.ready(); err != nil {
		return nil, err
	}
	var list []account.Session
	for _, token := range slices.Sorted(slices.Values(t.tokens[key])) {
		list = append(list, t.sessions[token])
	}
	return list, nil
}

// deleteAccount removes an account and its sessions.
func (t *memoryTx) deleteAccount(key int64) {
	a := t.accounts.find(key)
	if a == nil {
		return
	}
	for _, token := range t.tokens[key] {
		drop(t, t.sessions, token)
	}
	drop(t, t.tokens, key)
	drop(t, t.guessed, key)
	for token, r := range t.resets {
		if r.Account == key {
			drop(t, t.resets, token)
		}
	}
	at := addressOf(a)
	t.emails.remove(t, at, key)
	if a.Confirmed {
		drop(t, t.confirmed, at)
	}
	drop(t, t.accountID, a.ID)
	t.accounts.put(t, key, nil)
}
