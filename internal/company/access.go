package company

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
)

// Invitation is an address that a company has asked to become a member.
type Invitation struct {
	Key       int64
	ID        uuid.UUID
	Company   int64
	Role      account.Role
	Sealed    []byte // the address, as Vault.Seal gives it
	EmailHash []byte // the address under the vault's key
	TokenHash []byte // of the link that was mailed last
	Mails     int    // how often it was mailed
	CreatedAt time.Time
	ExpiresAt time.Time
}

// What bounds invitations: how long one lasts, how many wait at once, and how
// often one is mailed.
const (
	InvitationLife  = 7 * 24 * time.Hour
	MostInvitations = 50
	MostMails       = 5
)

// Token is a machine that acts for a company. It is a member with an account of
// its own, which has no address and one session.
type Token struct {
	Account   int64
	Company   int64
	Name      string
	CreatedAt time.Time
	Used      day.Day // the last day; 0: never
}

// What bounds tokens: their number, and the length of a name.
const (
	MostTokens     = 50
	tokenNameRunes = 60
)

// TokenLife is how long a token lasts that nobody revokes.
const TokenLife = 10 * 365 * 24 * time.Hour

// CheckTokenName is Invalid unless a token may be called so.
func CheckTokenName(name string) error {
	return line("/name", name, tokenNameRunes)
}

// Decision is what an operator decided about a company, and why.
type Decision struct {
	Key     int64
	Company int64
	Account int64 // of the operator
	Status  Status
	Reason  string
	At      time.Time
}

const reasonRunes = 500

// CheckReason is Invalid unless a decision may have this reason; it may have none.
func CheckReason(reason string) error {
	if reason == "" {
		return nil
	}
	return line("/reason", reason, reasonRunes)
}

// line is Invalid unless a text is one line of 1 to most characters.
func line(pointer, text string, most int) error {
	n := utf8.RuneCountInString(text)
	if strings.TrimSpace(text) == "" || n > most || !utf8.ValidString(text) {
		return errs.AtPointer(pointer, strconv.Itoa(n)+" characters", "1 to "+strconv.Itoa(most)+" characters")
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return errs.AtPointer(pointer, "a control character", "one line of text")
	}
	return nil
}

// DefaultScoutQuota is how many scouts a company may send in a month unless an
// operator says otherwise, MostScoutQuota the most that one may say.
const (
	DefaultScoutQuota = 100
	MostScoutQuota    = 10_000
)
