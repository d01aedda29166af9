package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
)

func access() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"ending sessions":          endingSessions,
		"stripping an account":     strippingAccount,
		"resets":                   resets,
		"members of a company":     membersOfCompany,
		"invitations":              invitations,
		"tokens of a company":      tokens,
		"scouts and their quota":   scouts,
		"decisions on a company":   decisions,
		"an erasure takes resets":  erasureTakesResets,
		"machines have no address": machines,
	}
}

func addSession(tx market.Tx, token string, of int64) error {
	return tx.AddSession(account.Session{TokenHash: []byte(token), Account: of, CreatedAt: when, ExpiresAt: when.Add(time.Hour)})
}

func tokensOf(t *testing.T, s market.Store, key int64) []string {
	t.Helper()
	list := load(t, s, func(tx market.Tx) ([]account.Session, error) { return tx.Sessions(key) })
	var out []string
	for _, session := range list {
		out = append(out, string(session.TokenHash))
	}
	return out
}

func endingSessions(t *testing.T, s market.Store) {
	write(t, s, func(tx market.Tx) error {
		return errors.Join(addSession(tx, "a", 1), addSession(tx, "b", 1), addSession(tx, "c", 1), addSession(tx, "d", 2))
	})
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.DropSession([]byte("b")), tx.DropSession([]byte("none")))
	})
	want(t, "Sessions less one", tokensOf(t, s, 1), []string{"a", "c"})
	refused(t, s, "DropSessions", errs.Conflict, func(tx market.Tx) error {
		return errors.Join(tx.DropSessions(1), errs.New(errs.Conflict, "given up"))
	})
	want(t, "Sessions after a failure", tokensOf(t, s, 1), []string{"a", "c"})
	write(t, s, func(tx market.Tx) error { return tx.DropSessions(1) })
	want(t, "Sessions after all have ended", tokensOf(t, s, 1), nil)
	want(t, "Sessions of another", tokensOf(t, s, 2), []string{"d"})
	missing(t, s, "Session that has ended", func(tx market.Tx) (account.Session, error) { return tx.Session([]byte("a")) })
}

func strippingAccount(t *testing.T, s market.Store) {
	a := newAccount(account.Member, "gone")
	a.Confirmed, a.Password, a.CodeHash, a.Language = true, "hash", []byte("code"), "en"
	write(t, s, func(tx market.Tx) error {
		if err := tx.AddAccount(a); err != nil {
			return err
		}
		_, err := tx.AddGuess(a.Key, today)
		return errors.Join(err, addSession(tx, "a", a.Key),
			tx.AddReset(account.Reset{TokenHash: []byte("r"), Account: a.Key, ExpiresAt: when}),
			tx.AddMail(&market.Mail{Account: a.Key, CreatedAt: when}))
	})
	write(t, s, func(tx market.Tx) error { return tx.StripAccount(a.Key) })
	expected := *a
	expected.Sealed, expected.EmailHash, expected.Confirmed, expected.Password, expected.CodeHash = []byte{}, []byte{}, false, "", nil
	want(t, "Account", load(t, s, func(tx market.Tx) (account.Account, error) { return tx.Account(a.Key) }), expected)
	want(t, "Sessions", tokensOf(t, s, a.Key), nil)
	missing(t, s, "Reset", func(tx market.Tx) (account.Reset, error) { return tx.Reset([]byte("r")) })
	want(t, "Guesses", load(t, s, func(tx market.Tx) (int, error) { return tx.Guesses(a.Key, today) }), 0)
	want(t, "Mails", load(t, s, func(tx market.Tx) ([]market.Mail, error) { return tx.Mails(9) }), nil)
	b := newAccount(account.Member, "gone") // the address is free again
	b.Confirmed = true
	write(t, s, func(tx market.Tx) error { return tx.AddAccount(b) })
	want(t, "Accounts of the address", load(t, s, func(tx market.Tx) ([]account.Account, error) {
		return tx.Accounts(account.Member, b.EmailHash)
	}), []account.Account{*b})
	refused(t, s, "StripAccount of none", errs.NotFound, func(tx market.Tx) error { return tx.StripAccount(99) })
}

func machines(t *testing.T, s market.Store) {
	a, b := newAccount(account.Member, ""), newAccount(account.Member, "")
	for _, m := range []*account.Account{a, b} {
		m.Sealed, m.EmailHash = []byte{}, []byte{}
	}
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddAccount(a), tx.AddAccount(b)) })
	want(t, "Account of a machine", load(t, s, func(tx market.Tx) (account.Account, error) { return tx.Account(a.Key) }), *a)
}

func resets(t *testing.T, s market.Store) {
	one := account.Reset{TokenHash: []byte{0, 1}, Account: 1, ExpiresAt: when.Add(time.Hour)}
	two := account.Reset{TokenHash: []byte{0}, Account: 1, ExpiresAt: when}
	other := account.Reset{TokenHash: []byte{2}, Account: 2, ExpiresAt: when.Add(time.Hour)}
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddReset(one), tx.AddReset(two), tx.AddReset(other)) })
	refused(t, s, "AddReset of a second", errs.Conflict, func(tx market.Tx) error { return tx.AddReset(one) })
	want(t, "Reset", load(t, s, func(tx market.Tx) (account.Reset, error) { return tx.Reset(one.TokenHash) }), one)
	for at, n := range map[time.Duration]int{-time.Second: 2, 0: 1, time.Hour: 0} {
		want(t, "Resets", load(t, s, func(tx market.Tx) (int, error) { return tx.Resets(1, when.Add(at)) }), n)
	}
	write(t, s, func(tx market.Tx) error { return tx.DropResets(1) })
	for _, token := range [][]byte{one.TokenHash, two.TokenHash, nil, {9}} {
		missing(t, s, "Reset", func(tx market.Tx) (account.Reset, error) { return tx.Reset(token) })
	}
	want(t, "Reset of another", load(t, s, func(tx market.Tx) (account.Reset, error) { return tx.Reset(other.TokenHash) }), other)
}

func erasureTakesResets(t *testing.T, s market.Store) {
	a, c := newAccount(account.Candidate, "a"), newCandidate(1)
	write(t, s, func(tx market.Tx) error {
		if err := tx.AddAccount(a); err != nil {
			return err
		}
		c.Account = a.Key
		return errors.Join(tx.AddCandidate(c), tx.AddReset(account.Reset{TokenHash: []byte("r"), Account: a.Key, ExpiresAt: when}))
	})
	write(t, s, func(tx market.Tx) error { return tx.DeleteCandidate(c.Key) })
	missing(t, s, "Reset", func(tx market.Tx) (account.Reset, error) { return tx.Reset([]byte("r")) })
}

func membersOfCompany(t *testing.T, s market.Store) {
	all := []company.Member{{Account: 3, Company: 1, Role: account.Owner}, {Account: 1, Company: 1, Role: account.Viewer}, {Account: 2, Company: 2, Role: account.Owner}}
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.AddMember(all[0]), tx.AddMember(all[1]), tx.AddMember(all[2]))
	})
	of := func(key int64) []company.Member {
		return load(t, s, func(tx market.Tx) ([]company.Member, error) { return tx.Members(key) })
	}
	want(t, "Members", of(1), []company.Member{all[1], all[0]})
	want(t, "Members of none", of(9), nil)
	all[1].Role = account.Recruiter
	for range 2 { // once more changes nothing
		write(t, s, func(tx market.Tx) error {
			return tx.SaveMember(company.Member{Account: 1, Company: 7, Role: account.Recruiter})
		})
	}
	want(t, "Members with a new role", of(1), []company.Member{all[1], all[0]})
	refused(t, s, "SaveMember of none", errs.NotFound, func(tx market.Tx) error { return tx.SaveMember(company.Member{Account: 9}) })
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.DropMember(1), tx.DropMember(9)) })
	want(t, "Members less one", of(1), all[:1])
	missing(t, s, "MemberByAccount", func(tx market.Tx) (company.Member, error) { return tx.MemberByAccount(1) })
}

func newInvitation(of int64, address string) *company.Invitation {
	return &company.Invitation{
		ID: uuid.New(), Company: of, Role: account.Recruiter, Sealed: []byte("sealed " + address), EmailHash: []byte(address),
		TokenHash: []byte{0, byte(of), address[0]}, Mails: 1, CreatedAt: when, ExpiresAt: when.Add(time.Hour),
	}
}

func invitations(t *testing.T, s market.Store) {
	a, b, other := newInvitation(1, "a"), newInvitation(1, "b"), newInvitation(2, "a")
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.AddInvitation(a), tx.AddInvitation(b), tx.AddInvitation(other))
	})
	refused(t, s, "AddInvitation of an address that is invited", errs.Conflict, func(tx market.Tx) error {
		again := newInvitation(1, "a")
		again.TokenHash = []byte("another")
		return tx.AddInvitation(again)
	})
	of := func(key int64) []company.Invitation {
		return load(t, s, func(tx market.Tx) ([]company.Invitation, error) { return tx.Invitations(key) })
	}
	want(t, "Invitations", of(1), []company.Invitation{*a, *b})
	want(t, "InvitationByID", load(t, s, func(tx market.Tx) (company.Invitation, error) { return tx.InvitationByID(other.ID) }), *other)
	want(t, "InvitationByToken", load(t, s, func(tx market.Tx) (company.Invitation, error) { return tx.InvitationByToken(b.TokenHash) }), *b)
	changed := *a
	changed.Role, changed.TokenHash, changed.Mails, changed.ExpiresAt = account.Viewer, []byte("new"), 2, when.Add(2*time.Hour)
	write(t, s, func(tx market.Tx) error { return tx.SaveInvitation(&changed) })
	want(t, "Invitations with a new link", of(1), []company.Invitation{changed, *b})
	missing(t, s, "the link before", func(tx market.Tx) (company.Invitation, error) { return tx.InvitationByToken(a.TokenHash) })
	refused(t, s, "SaveInvitation of none", errs.NotFound, func(tx market.Tx) error { return tx.SaveInvitation(&company.Invitation{Key: 99}) })
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.DropInvitation(a.Key), tx.DropInvitation(99)) })
	want(t, "Invitations less one", of(1), []company.Invitation{*b})
	missing(t, s, "InvitationByID", func(tx market.Tx) (company.Invitation, error) { return tx.InvitationByID(a.ID) })
}

func tokens(t *testing.T, s market.Store) {
	a := company.Token{Account: 2, Company: 1, Name: hard, CreatedAt: when}
	b := company.Token{Account: 1, Company: 1, Name: "b", CreatedAt: when, Used: today}
	other := company.Token{Account: 3, Company: 2, Name: "b", CreatedAt: when}
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddToken(a), tx.AddToken(b), tx.AddToken(other)) })
	refused(t, s, "AddToken of a second", errs.Conflict, func(tx market.Tx) error { return tx.AddToken(a) })
	of := func(key int64) []company.Token {
		return load(t, s, func(tx market.Tx) ([]company.Token, error) { return tx.Tokens(key) })
	}
	want(t, "Tokens", of(1), []company.Token{b, a})
	a.Used = today + 1
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.SaveToken(a), tx.SaveToken(company.Token{Account: 99}))
	})
	want(t, "Token", load(t, s, func(tx market.Tx) (company.Token, error) { return tx.Token(2) }), a)
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.DropToken(2), tx.DropToken(99)) })
	want(t, "Tokens less one", of(1), []company.Token{b})
	missing(t, s, "Token", func(tx market.Tx) (company.Token, error) { return tx.Token(2) })
}

func scouts(t *testing.T, s market.Store) {
	missing(t, s, "ScoutQuota of who has none", func(tx market.Tx) (int, error) { return tx.ScoutQuota(1) })
	for _, n := range []int{0, 30, 30} {
		write(t, s, func(tx market.Tx) error { return tx.SetScoutQuota(1, n) })
		want(t, "ScoutQuota", load(t, s, func(tx market.Tx) (int, error) { return tx.ScoutQuota(1) }), n)
	}
	month := day.Date(2026, time.April, 1).Month()
	sent := func(key int64, in day.Month) int {
		return load(t, s, func(tx market.Tx) (int, error) { return tx.Scouted(key, in) })
	}
	want(t, "Scouted by nobody", sent(1, month), 0)
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.AddScouts(1, month, 2), tx.AddScouts(1, month, 3), tx.AddScouts(1, month+1, 1), tx.AddScouts(2, month, 7))
	})
	refused(t, s, "AddScouts", errs.Conflict, func(tx market.Tx) error {
		return errors.Join(tx.AddScouts(1, month, 9), errs.New(errs.Conflict, "given up"))
	})
	want(t, "Scouted", []int{sent(1, month), sent(1, month+1), sent(1, month+2), sent(2, month)}, []int{5, 1, 0, 7})
}

func decisions(t *testing.T, s market.Store) {
	a := &company.Decision{Company: 1, Account: 7, Status: company.Verified, Reason: hard, At: when}
	b := &company.Decision{Company: 1, Account: 8, Status: company.Suspended, At: when}
	other := &company.Decision{Company: 2, Status: company.Verified, At: when}
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.AddDecision(a), tx.AddDecision(b), tx.AddDecision(other))
	})
	want(t, "Decisions", load(t, s, func(tx market.Tx) ([]company.Decision, error) { return tx.Decisions(1) }), []company.Decision{*b, *a})
	want(t, "Decisions on none", load(t, s, func(tx market.Tx) ([]company.Decision, error) { return tx.Decisions(9) }), nil)
}
