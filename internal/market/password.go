package market

import (
	"context"
	"fmt"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/errs"
)

// Self is what an account is to its owner.
type Self struct {
	Kind        account.Kind
	Email       string // empty: a machine's
	Confirmed   bool
	HasPassword bool
	Language    string // empty: none was chosen
	Chosen      bool   // the language, by SetLanguage
	Sessions    int    // that have not ended
	Role        account.Role
	Company     string // name
}

// Self gives the actor's own account.
func (m *Market) Self(ctx context.Context, actor Actor) (Self, error) {
	var out Self
	err := m.read(ctx, func(tx Tx) error {
		a, err := tx.Account(actor.Account)
		if err != nil {
			return err
		}
		out = Self{
			Kind: a.Kind, Confirmed: actor.Confirmed, HasPassword: a.Password != "", Language: a.Language, Chosen: a.Language != "",
			Role: actor.Role,
		}
		if len(a.EmailHash) > 0 {
			if out.Email, err = m.vault.Open(a.Sealed); err != nil {
				return fmt.Errorf("address of account %d: %w", a.Key, err)
			}
		}
		list, err := tx.Sessions(a.Key)
		if err != nil {
			return err
		}
		for i := range list {
			if m.Now().Before(list[i].ExpiresAt) {
				out.Sessions++
			}
		}
		switch a.Kind {
		case account.Candidate:
			c, err := tx.Candidate(actor.Candidate)
			out.Language = c.Language
			return err
		case account.Member:
			k, err := tx.Company(actor.Company)
			out.Company = k.Name
			return err
		}
		return nil
	})
	return out, err
}

// Forget mails a code to an address by which whoever reads it sets a new password:
// for the account of each kind that has confirmed the address. Where none has, whoever
// reads its mail may be a stranger whose address the account's author has typed by
// mistake: the mail says how to go on, and opens nothing. It answers alike whether there
// is one or not; what is no address is Invalid. A code lasts for account.ResetLife, and
// no more than account.MostResets wait at once.
func (m *Market) Forget(ctx context.Context, email string) error {
	address, err := account.ParseEmail(email)
	if err != nil {
		return errs.Below("/email", err)
	}
	hash := m.vault.EmailHash(address)
	err = m.transact(ctx, func(tx Tx) error {
		var keys []int64
		for _, kind := range []account.Kind{account.Candidate, account.Member, account.Operator} {
			list, err := tx.Accounts(kind, hash)
			if err != nil {
				return err
			}
			if len(list) > 0 { // the confirmed one, else the newest
				keys = append(keys, list[0].Key)
			}
		}
		locked, err := lockAll("account", keys, tx.LockAccount)
		if err != nil {
			return err
		}
		for _, key := range sortedKeys(locked) {
			a := locked[key]
			tell := m.offerReset
			if !a.Confirmed {
				tell = m.tellUnconfirmed
			}
			if err := tell(tx, &a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("ask for a new password: %w", err)
	}
	m.post()
	return nil
}

// offerReset mails a code to the owner of an account, which is locked.
func (m *Market) offerReset(tx Tx, a *account.Account) error {
	now := m.Now()
	n, err := tx.Resets(a.Key, now)
	if err != nil || n >= account.MostResets || !a.Confirmed {
		return err
	}
	code, hash := account.NewToken()
	if err := tx.AddReset(account.Reset{TokenHash: hash, Account: a.Key, ExpiresAt: now.Add(account.ResetLife)}); err != nil {
		return err
	}
	as := map[account.Kind]string{
		account.Candidate: "求職者 / candidate", account.Member: "企業の担当者 / company", account.Operator: "運営 / operator",
	}
	return m.addMail(tx, a, "【縁 Enishi】パスワードの再設定", "パスワードを再設定するには、1時間以内に次のページを開いてください（"+as[a.Kind]+"）。\n"+
		"お心当たりがない場合は、何もする必要はありません。パスワードは変わりません。\n\n"+
		"Open this page within an hour to set a new password. If you did not ask for it, there is nothing to do: your password stays as it is.\n\n"+
		m.link("/reset?code="+code)+"\n\nCode / コード: "+code)
}

// link gives the address of a page for a mail.
func (m *Market) link(path string) string { return m.options.Address + path }

// lapsedCode is the refusal of a code that is of no use any more, whatever it was.
func lapsedCode() error {
	return errs.AtPointer("/code", "a code that has lapsed, was used, or is none", "the code of the newest mail")
}

// CheckReset is Invalid if a code is no good, as ResetPassword says; nothing is used up.
func (m *Market) CheckReset(ctx context.Context, code string) error {
	return m.read(ctx, func(tx Tx) error {
		_, err := m.goodReset(tx, code)
		return err
	})
}

// goodReset gives what a code opens.
func (m *Market) goodReset(tx Tx, code string) (account.Reset, error) {
	r, err := tx.Reset(account.TokenHash(code))
	if errs.Is(err, errs.NotFound) || err == nil && !m.Now().Before(r.ExpiresAt) {
		return r, lapsedCode()
	}
	return r, err
}

// ResetPassword sets the password of the account that a code was mailed to, ends
// its sessions and every other code, and says what the account is for. A code that
// is no good is Invalid.
func (m *Market) ResetPassword(ctx context.Context, code, password string) (account.Kind, error) {
	if err := m.passwords.Check(password); err != nil {
		return "", errs.Below("/password", err)
	}
	if err := m.CheckReset(ctx, code); err != nil { // hashing is slow: not for a guesser
		return "", err
	}
	hashed, err := m.passwords.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	var a account.Account
	var sessions []account.Session
	err = m.transact(ctx, func(tx Tx) error {
		r, err := m.goodReset(tx, code)
		if err != nil {
			return err
		}
		if a, err = tx.LockAccount(r.Account); errs.Is(err, errs.NotFound) {
			return lapsedCode()
		} else if err != nil {
			return err
		}
		if _, err := m.goodReset(tx, code); err != nil { // another request has used it meanwhile
			return err
		}
		a.Password = hashed
		sessions, err = m.changed(tx, &a, AuditReset, nil)
		return err
	})
	m.forgetActors(ctx, sessions)
	if err != nil {
		return "", err
	}
	m.post()
	return a.Kind, nil
}

// changed saves an account, which is locked, with its new password: its codes and
// all sessions but one end, and its owner is told by mail. It gives the sessions
// that have ended.
func (m *Market) changed(tx Tx, a *account.Account, what Audited, but []byte) (ended []account.Session, err error) {
	if err := tx.SaveAccount(a); err != nil {
		return nil, err
	}
	if err := tx.DropResets(a.Key); err != nil {
		return nil, err
	}
	all, err := tx.Sessions(a.Key)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if but != nil && string(s.TokenHash) == string(but) {
			continue
		}
		ended = append(ended, s)
		if err := tx.DropSession(s.TokenHash); err != nil {
			return nil, err
		}
	}
	by, err := actorOf(tx, a)
	if err != nil {
		return nil, err
	}
	if err := m.audit(tx, by, what, SubjectAccount, a.Key); err != nil {
		return nil, err
	}
	return ended, m.addMail(tx, a, "【縁 Enishi】パスワードを変更しました", "パスワードが変更され、ほかの端末からはログアウトしました。\n"+
		"お心当たりがない場合は、すぐにパスワードを再設定してください。\n\n"+
		"Your password was changed, and other devices were signed out. If it was not you, set a new password at once.\n\n"+m.link("/forgot"))
}

// actorOf gives who an account is, as far as the audit log says it.
func actorOf(tx Tx, a *account.Account) (Actor, error) {
	by := Actor{Account: a.Key, Kind: a.Kind}
	if a.Kind != account.Member {
		return by, nil
	}
	member, err := tx.MemberByAccount(a.Key)
	by.Company = member.Company
	return by, notFoundIsNil(err)
}

// ChangePassword sets the actor's password, if the present one is right or there is
// none yet. Every other session ends. A wrong one is Invalid, and five of them a
// day are too many.
func (m *Market) ChangePassword(ctx context.Context, actor Actor, present, next string) error {
	if err := m.passwords.Check(next); err != nil {
		return errs.Below("/password", err)
	}
	var a account.Account
	err := m.read(ctx, func(tx Tx) error {
		var err error
		if a, err = human(tx.Account, actor); err != nil {
			return err
		}
		n, err := tx.Guesses(a.Key, m.Today())
		if err == nil && n >= guessesADay {
			err = errs.New(errs.TooMany, "too many wrong passwords today; try again tomorrow, or ask for a new one by mail")
		}
		return err
	})
	if err != nil {
		return err
	}
	if a.Password != "" {
		fits, err := m.passwords.Fits(ctx, present, a.Password)
		if err != nil {
			return err
		}
		if !fits {
			return m.guessed(ctx, a.Key)
		}
	}
	hashed, err := m.passwords.Hash(ctx, next)
	if err != nil {
		return err
	}
	session, _ := ctx.Value(sessionKey{}).([]byte)
	var ended []account.Session
	err = m.transact(ctx, func(tx Tx) error {
		now, err := human(tx.LockAccount, actor)
		if err != nil {
			return err
		}
		if now.Password != a.Password {
			return errs.New(errs.Stale, "the password was changed meanwhile: try again")
		}
		now.Password = hashed
		ended, err = m.changed(tx, &now, AuditPassword, session)
		return err
	})
	m.forgetActors(ctx, ended)
	if err == nil {
		m.post()
	}
	return err
}

// human gives the actor's account; a machine's is Denied.
func human(read func(int64) (account.Account, error), actor Actor) (account.Account, error) {
	a, err := read(actor.Account)
	if err == nil && len(a.EmailHash) == 0 {
		err = errs.New(errs.Denied, "this is for people, not for the token of a machine")
	}
	return a, err
}

// guessed notes a wrong password, and is the refusal.
func (m *Market) guessed(ctx context.Context, key int64) error {
	err := m.transact(ctx, func(tx Tx) error {
		if _, err := tx.LockAccount(key); err != nil {
			return err
		}
		_, err := tx.AddGuess(key, m.Today())
		return err
	})
	if err != nil {
		return err
	}
	return errs.AtPointer("/current", "another password", "the password that you sign in with")
}

// SetLanguage chooses the language in which the actor is addressed.
func (m *Market) SetLanguage(ctx context.Context, actor Actor, language string) error {
	if err := candidate.ValidateSettings(0, language); err != nil {
		return err
	}
	return m.write(ctx, func(tx Tx) error {
		a, err := human(tx.LockAccount, actor)
		if err != nil {
			return err
		}
		a.Language = language
		if err := tx.SaveAccount(&a); err != nil || a.Kind != account.Candidate {
			return err
		}
		c, err := tx.LockCandidate(actor.Candidate)
		if err != nil || c.Language == language {
			return err
		}
		c.Language, c.Version = language, c.Version+1
		if err := tx.SaveCandidate(&c); err != nil {
			return err
		}
		return tx.Append(&Row{Change: CandidateLess, Entity: c.Key, Version: c.Version, At: m.Now()})
	})
}

// SignOut ends the session of a token; one that there is not has ended.
func (m *Market) SignOut(ctx context.Context, token string) error {
	hash := account.TokenHash(token)
	err := m.store.Write(ctx, func(tx Tx) error { return tx.DropSession(hash) })
	m.forgetActors(ctx, []account.Session{{TokenHash: hash}})
	return err
}

// SignOutEverywhere ends every session of the actor, this one too.
func (m *Market) SignOutEverywhere(ctx context.Context, actor Actor) error {
	var ended []account.Session
	err := m.store.Write(ctx, func(tx Tx) error {
		a, err := human(tx.LockAccount, actor)
		if err != nil {
			return err
		}
		if ended, err = tx.Sessions(a.Key); err != nil {
			return err
		}
		if err := tx.DropSessions(a.Key); err != nil {
			return err
		}
		return m.audit(tx, actor, AuditSignOutAll, SubjectAccount, a.Key)
	})
	m.forgetActors(ctx, ended)
	return err
}
