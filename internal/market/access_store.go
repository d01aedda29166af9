package market

import (
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/day"
)

// accessTx is who may come in, and as what.
type accessTx interface {
	// DropSession removes a session, if there is one; DropSessions all of an
	// account.
	DropSession(tokenHash []byte) error
	DropSessions(account int64) error
	// StripAccount takes from an account all by which somebody could be told or
	// come in: address, password, code, sessions, resets, mails. The row stays,
	// so that what it did keeps its author.
	StripAccount(key int64) error
	AddReset(account.Reset) error
	Reset(tokenHash []byte) (account.Reset, error)
	// Resets counts those of an account that end after a moment.
	Resets(account int64, after time.Time) (int, error)
	DropResets(account int64) error

	// Members gives the members of a company, by account; tokens are members too.
	Members(company int64) ([]company.Member, error)
	// SaveMember writes the role.
	SaveMember(company.Member) error
	DropMember(account int64) error

	// AddInvitation is a Conflict if the company has invited the address already.
	AddInvitation(*company.Invitation) error
	InvitationByID(uuid.UUID) (company.Invitation, error)
	InvitationByToken(tokenHash []byte) (company.Invitation, error)
	Invitations(company int64) ([]company.Invitation, error)
	// SaveInvitation writes Role, TokenHash, Mails and ExpiresAt.
	SaveInvitation(*company.Invitation) error
	DropInvitation(key int64) error

	AddToken(company.Token) error
	Token(account int64) (company.Token, error)
	Tokens(company int64) ([]company.Token, error)
	// SaveToken writes Used.
	SaveToken(company.Token) error
	DropToken(account int64) error

	// ScoutQuota gives how many scouts a company may send in a month; NotFound if
	// nobody has said so.
	ScoutQuota(company int64) (int, error)
	SetScoutQuota(company int64, n int) error
	// Scouted gives how many scouts a company has sent in a month of Tokyo;
	// AddScouts adds to that.
	Scouted(company int64, in day.Month) (int, error)
	AddScouts(company int64, in day.Month, n int) error

	AddDecision(*company.Decision) error
	// Decisions gives what was decided about a company, the newest first.
	Decisions(company int64) ([]company.Decision, error)
}

// auditTx is the audit log. There is no way to change or remove an entry.
type auditTx interface {
	// AddEntry adds to the log and sets the entry's Key.
	AddEntry(*Entry) error
	// Entries gives up to limit entries that fit, the newest first, before a key
	// (0: from the newest).
	Entries(of EntryFilter, before int64, limit int) ([]Entry, error)
}
