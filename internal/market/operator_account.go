package market

import (
	"context"
	"fmt"

	"enishi/internal/account"
	"enishi/internal/errs"
)

// AddOperator makes an operator's account with a confirmed address in a store,
// beside whoever serves it: it loads nothing. An address that is taken is a
// Conflict.
func AddOperator(ctx context.Context, store Store, vault *account.Vault, o Options, by Order, email, password string) error {
	m, err := besideOthers(ctx, store, vault, o, by)
	if err != nil {
		return err
	}
	a, _, err := m.newAccount(ctx, account.Operator, email, password)
	if err != nil {
		return err
	}
	a.Confirmed = true
	return store.Write(ctx, func(tx Tx) error {
		if err := tx.AddAccount(&a); errs.Is(err, errs.Conflict) {
			return errs.New(errs.Conflict, "an operator with this address exists already")
		} else if err != nil {
			return err
		}
		return m.audit(tx, Actor{}, AuditOperator, SubjectAccount, a.Key, ordered(by, "no account -> operator"))
	})
}

// RemoveOperator takes an operator's account away, beside whoever serves the store: its
// sessions end at once, address and password are forgotten; what it did keeps its author. It is
// NotFound if no operator has the address. A dry run only looks.
func RemoveOperator(ctx context.Context, store Store, vault *account.Vault, o Options, by Order, email string, dry bool) error {
	m, err := besideOthers(ctx, store, vault, o, by)
	if err != nil {
		return err
	}
	address, err := account.ParseEmail(email)
	if err != nil {
		return errs.Below("/email", err)
	}
	find := func(tx Tx) (account.Account, error) {
		list, err := tx.Accounts(account.Operator, vault.EmailHash(address))
		if err == nil && len(list) == 0 {
			err = errs.New(errs.NotFound, "no operator has this address")
		}
		if err != nil {
			return account.Account{}, err
		}
		return list[0], nil
	}
	if dry {
		return store.Read(ctx, func(tx Tx) error {
			_, err := find(tx)
			return err
		})
	}
	var sessions []account.Session
	err = store.Write(ctx, func(tx Tx) error {
		sessions = nil
		a, err := find(tx)
		if err != nil {
			return err
		}
		if _, err := tx.LockAccount(a.Key); err != nil {
			return err
		}
		if sessions, err = tx.Sessions(a.Key); err != nil {
			return err
		}
		if err := tx.StripAccount(a.Key); err != nil {
			return err
		}
		return m.audit(tx, Actor{}, AuditRemoveOperator, SubjectAccount, a.Key, ordered(by, "operator -> no account"))
	})
	m.forgetActors(ctx, sessions)
	return err
}

// besideOthers gives a market that has loaded nothing, for what is done by a command beside
// those who serve.
func besideOthers(ctx context.Context, store Store, vault *account.Vault, o Options, by Order) (*Market, error) {
	if err := by.Check(); err != nil {
		return nil, err
	}
	m := &Market{store: store, vault: vault, passwords: account.NewPasswords(), options: o}
	if err := m.install(ctx); err != nil {
		return nil, fmt.Errorf("set up the installation: %w", err)
	}
	return m, nil
}
