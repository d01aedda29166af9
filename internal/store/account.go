package store

import (
	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
)

const accountColumns = "id, uuid, kind, sealed, email_hash, confirmed_key IS NOT NULL, password, code_hash, language, created_at"

const insertAccount = "INSERT INTO account (uuid, kind, sealed, email_hash, confirmed_key, password, code_hash, language, created_at)" +
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

func scanAccount(row scanner, a *account.Account) error {
	var at int64
	err := row.Scan(&a.Key, &a.ID, &a.Kind, &a.Sealed, &a.EmailHash, &a.Confirmed, &a.Password, &a.CodeHash, &a.Language, &at)
	a.CreatedAt = moment(at)
	return err
}

// confirmedKey is what may stand once in the table: the kind and the hash of a
// confirmed address, NULL for any other.
func confirmedKey(a *account.Account) any {
	if !a.Confirmed {
		return nil
	}
	return append([]byte(a.Kind+":"), a.EmailHash...)
}

// accountValues are the values of insertAccount.
func accountValues(a *account.Account) []any {
	return []any{
		a.ID[:], string(a.Kind), notNull(a.Sealed), notNull(a.EmailHash), confirmedKey(a), a.Password,
		bytesOrNull(a.CodeHash), a.Language, micros(a.CreatedAt),
	}
}

func (t *tx) AddAccount(a *account.Account) error {
	key, err := t.insert("add an account", insertAccount, accountValues(a)...)
	if err != nil {
		return err
	}
	a.Key = key
	return nil
}

func (t *tx) Account(key int64) (account.Account, error) {
	return one(t, "account", scanAccount, "SELECT "+accountColumns+" FROM account WHERE id = ?", key)
}

func (t *tx) LockAccount(key int64) (account.Account, error) {
	lock, err := t.locked("an account")
	if err != nil {
		return account.Account{}, err
	}
	return one(t, "account", scanAccount, "SELECT "+accountColumns+" FROM account WHERE id = ?"+lock, key)
}

func (t *tx) SetAddress(key int64, sealed, emailHash []byte) error {
	stored, err := t.Account(key)
	if err != nil {
		return err
	}
	if stored.Confirmed {
		return errs.New(errs.Conflict, "the address is confirmed")
	}
	_, err = t.update("set an address", "UPDATE account SET sealed = ?, email_hash = ? WHERE id = ? AND confirmed_key IS NULL", notNull(sealed), notNull(emailHash), key)
	return err
}

func (t *tx) Guesses(key int64, on day.Day) (int, error) {
	n, err := one(t, "guesses", func(row scanner, n *int) error { return row.Scan(n) },
		"SELECT guesses FROM guess WHERE account = ? AND day = ?", key, on)
	if errs.Is(err, errs.NotFound) {
		return 0, nil
	}
	return n, err
}

func (t *tx) AddGuess(key int64, on day.Day) (int, error) {
	n, err := t.Guesses(key, on)
	if err != nil {
		return 0, err
	}
	_, err = t.exec("add a guess", "REPLACE INTO guess (account, day, guesses) VALUES (?, ?, ?)", key, on, n+1)
	return n + 1, err
}

func (t *tx) Accounts(kind account.Kind, emailHash []byte) ([]account.Account, error) {
	return list(t, "accounts", scanAccount, "SELECT "+accountColumns+" FROM account WHERE email_hash = ? AND kind = ?"+
		" ORDER BY confirmed_key IS NULL, id DESC", notNull(emailHash), string(kind))
}

func (t *tx) SaveAccount(a *account.Account) error {
	// The key is made of the stored hash, so a caller cannot confirm an
	// address that the account does not have.
	stored, err := t.Account(a.Key)
	if err != nil {
		return err
	}
	stored.Confirmed = a.Confirmed
	_, err = t.update("save an account", "UPDATE account SET confirmed_key = ?, password = ?, code_hash = ?, language = ?"+
		" WHERE id = ?", confirmedKey(&stored), a.Password, bytesOrNull(a.CodeHash), a.Language, a.Key)
	return err
}

const insertSession = "INSERT INTO session (token_hash, account, created_at, expires_at) VALUES (?, ?, ?, ?)"

func sessionValues(s *account.Session) []any {
	return []any{notNull(s.TokenHash), s.Account, micros(s.CreatedAt), micros(s.ExpiresAt)}
}

func (t *tx) AddSession(s account.Session) error {
	_, err := t.exec("add a session", insertSession, sessionValues(&s)...)
	return err
}

const sessionColumns = "token_hash, account, created_at, expires_at, writes"

func scanSession(row scanner, s *account.Session) error {
	var created, expires int64
	err := row.Scan(&s.TokenHash, &s.Account, &created, &expires, &s.Writes)
	s.CreatedAt, s.ExpiresAt = moment(created), moment(expires)
	return err
}

func (t *tx) Session(tokenHash []byte) (account.Session, error) {
	return one(t, "session", scanSession, "SELECT "+sessionColumns+" FROM session WHERE token_hash = ?", notNull(tokenHash))
}

func (t *tx) CountWrite(tokenHash []byte) error {
	_, err := t.exec("count a write", "UPDATE session SET writes = writes + 1 WHERE token_hash = ?", notNull(tokenHash))
	return err
}

func (t *tx) Sessions(key int64) ([]account.Session, error) {
	return list(t, "sessions", scanSession, "SELECT "+sessionColumns+" FROM session WHERE account = ? ORDER BY token_hash", key)
}
