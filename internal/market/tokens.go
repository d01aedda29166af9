package market

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/errs"
)

// Machine is a token of a company as its members see it: never the token itself.
type Machine struct {
	company.Token
	ID   uuid.UUID
	Role account.Role
}

// Machines gives the tokens of the actor's company that are not revoked.
func (m *Market) Machines(ctx context.Context, actor Actor) ([]Machine, error) {
	if err := actor.Role.May(account.ManageTokens); err != nil {
		return nil, err
	}
	var out []Machine
	err := m.read(ctx, func(tx Tx) error {
		out = nil
		list, err := tx.Tokens(actor.Company)
		if err != nil {
			return err
		}
		for _, k := range list {
			a, err := tx.Account(k.Account)
			if err != nil {
				return fmt.Errorf("account of token %d: %w", k.Account, err)
			}
			member, err := tx.MemberByAccount(k.Account)
			if err != nil {
				return fmt.Errorf("role of token %d: %w", k.Account, err)
			}
			out = append(out, Machine{k, a.ID, member.Role})
		}
		return nil
	})
	return out, err
}

// Minted is a new token. Token is shown this once and stored only as a hash.
type Minted struct {
	ID    uuid.UUID
	Token string
}

// Mint makes a token by which a machine acts for the actor's company in a role. A
// machine makes none: that is Denied.
func (m *Market) Mint(ctx context.Context, actor Actor, name string, role account.Role, once Once) (Minted, error) {
	var out Minted
	if err := actor.Role.May(account.ManageTokens); err != nil {
		return out, err
	}
	_, errRole := account.ParseRole(string(role))
	if err := errs.Join(company.CheckTokenName(name), errs.Below("/role", errRole)); err != nil {
		return out, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return out, fmt.Errorf("make an id: %w", err)
	}
	err = again(func() error {
		return m.transact(ctx, func(tx Tx) error {
			out = Minted{}
			if found, err := m.recall(tx, once, &out); err != nil || found {
				return err
			}
			if _, err := human(tx.Account, actor); err != nil {
				return err
			}
			// A machine is an account without an address: nobody can sign in to it.
			a := account.Account{ID: id, Kind: account.Member, Sealed: []byte{}, EmailHash: []byte{}, CreatedAt: m.Now()}
			if err := tx.AddAccount(&a); err != nil {
				return err
			}
			k, err := tx.LockCompany(actor.Company)
			if err != nil {
				return err
			}
			if err := stillManages(tx, actor); err != nil {
				return err
			}
			out, err = m.mint(tx, &a, &k, name, role)
			if err != nil {
				return err
			}
			if err := m.audit(tx, actor, AuditTokenMake, SubjectAccount, a.Key); err != nil {
				return err
			}
			return m.remember(tx, once, out)
		})
	})
	return out, err
}

// mint makes the account of a machine a member of a company, which is locked.
func (m *Market) mint(tx Tx, a *account.Account, k *company.Company, name string, role account.Role) (Minted, error) {
	list, err := tx.Tokens(k.Key)
	if err != nil {
		return Minted{}, err
	}
	if len(list) >= company.MostTokens {
		return Minted{}, errs.New(errs.TooMany, "too many tokens: revoke some first")
	}
	if slices.ContainsFunc(list, func(t company.Token) bool { return t.Name == name }) {
		return Minted{}, errs.AtPointer("/name", "the name of another token", "a name of its own")
	}
	if err := tx.AddMember(company.Member{Account: a.Key, Company: k.Key, Role: role}); err != nil {
		return Minted{}, err
	}
	if err := tx.AddToken(company.Token{Account: a.Key, Company: k.Key, Name: name, CreatedAt: m.Now()}); err != nil {
		return Minted{}, err
	}
	token, hash := account.NewToken()
	now := m.Now()
	return Minted{a.ID, token}, tx.AddSession(account.Session{
		TokenHash: hash, Account: a.Key, CreatedAt: now, ExpiresAt: now.Add(company.TokenLife),
	})
}

// Revoke ends a token of the actor's company: every process refuses it at once.
func (m *Market) Revoke(ctx context.Context, actor Actor, id uuid.UUID) error {
	if err := actor.Role.May(account.ManageTokens); err != nil {
		return err
	}
	var sessions []account.Session
	err := m.transact(ctx, func(tx Tx) error {
		sessions = nil
		list, err := tx.Tokens(actor.Company)
		if err != nil {
			return err
		}
		for _, k := range list {
			a, err := tx.Account(k.Account)
			if err != nil {
				return err
			}
			if a.ID != id {
				continue
			}
			if _, err := tx.LockAccount(a.Key); err != nil {
				return err
			}
			if sessions, err = tx.Sessions(a.Key); err != nil {
				return err
			}
			for _, drop := range []func(int64) error{tx.DropSessions, tx.DropMember, tx.DropToken} {
				if err := drop(a.Key); err != nil {
					return err
				}
			}
			return m.audit(tx, actor, AuditTokenRevoke, SubjectAccount, a.Key)
		}
		return errs.New(errs.NotFound, "no such token")
	})
	m.forgetActors(ctx, sessions)
	return err
}

// used notes the day on which a machine last came.
func (m *Market) used(tx Tx, a *account.Account) error {
	k, err := tx.Token(a.Key)
	if err != nil {
		return notFoundIsNil(err)
	}
	k.Used = m.Today()
	return tx.SaveToken(k)
}
