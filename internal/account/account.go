// Package account holds who may sign in: one account table for candidates,
// members of companies and operators; their e-mail addresses, passwords and
// tokens; and what each role of a company may do.
//
// It refuses to keep an e-mail address, a password or a token in the clear.
// Values are safe for concurrent use where the type does not say otherwise.
package account

import (
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"enishi/internal/errs"
)

// Kind is what an account is for; addresses are unique per kind.
type Kind string

// The kinds of account.
const (
	Candidate Kind = "candidate"
	Member    Kind = "member"
	Operator  Kind = "operator"
)

// Account is one row of the account table.
type Account struct {
	Key       int64
	ID        uuid.UUID
	Kind      Kind
	Sealed    []byte // the address, as Vault.Seal gives it
	EmailHash []byte // the address under the vault's key, for look-up
	Confirmed bool   // the address is known to be the owner's
	Password  string // argon2id in its encoded form; empty: none yet
	CodeHash  []byte // of the confirmation code that was sent; nil: none
	Language  string // "ja" or "en"; empty: none was chosen
	CreatedAt time.Time
}

// Session is a bearer token's row. The token itself is never stored.
type Session struct {
	TokenHash []byte
	Account   int64
	CreatedAt time.Time
	ExpiresAt time.Time
	Writes    int64 // transactions that it has written
}

// Reset is a way back in for who forgot their password: the hash of a code that
// was mailed. The code itself is never stored.
type Reset struct {
	TokenHash []byte
	Account   int64
	ExpiresAt time.Time
}

// ResetLife is how long a code lasts, MostResets how many of an account may wait
// at once: beyond, nothing more is mailed.
const (
	ResetLife  = time.Hour
	MostResets = 3
)

// SessionLife is how long a token lasts: long enough that a candidate who
// looks in once a month stays signed in.
const SessionLife = 60 * 24 * time.Hour

// emailBytes is the longest address that SMTP carries (RFC 5321, 4.5.3.1.3,
// less the angle brackets).
const emailBytes = 254

// ParseEmail gives the address in the form that it is compared and written to in:
// full-width letters and signs made narrow (NFKC), lower case, no display name.
// Anything that is no address is Invalid.
func ParseEmail(s string) (string, error) {
	const allowed = "an e-mail address such as taro@example.jp, at most 254 bytes"
	narrow := norm.NFKC.String(s)
	if len(narrow) > emailBytes || !utf8.ValidString(s) {
		return "", errs.AtPointer("", strconv.Quote(s), allowed)
	}
	parsed, err := mail.ParseAddress(narrow)
	if err != nil || parsed.Address != narrow || !strings.Contains(narrow[strings.LastIndex(narrow, "@"):], ".") {
		return "", errs.AtPointer("", strconv.Quote(s), allowed)
	}
	return strings.ToLower(narrow), nil
}
