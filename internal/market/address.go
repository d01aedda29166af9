package market

import (
	"context"
	"time"

	"enishi/internal/account"
	"enishi/internal/errs"
)

// mailsADay is how many mails an account whose address is not confirmed is sent in 24
// hours because somebody asks for them, the first of all included: the address may be
// a stranger's.
const mailsADay = 5

// mayMail is TooMany if an account was sent as many mails as may be asked for.
func (m *Market) mayMail(tx Tx, key int64) error {
	n, err := tx.MailsTo(key, m.Now().Add(-24*time.Hour))
	if err == nil && n >= mailsADay {
		err = errs.New(errs.TooMany, "too many mails were asked for today; try again tomorrow")
	}
	return err
}

// SendCode mails the actor a new code to confirm their address by; the one before is of
// no use any more. Nothing is mailed if it is confirmed; TooMany if the mails of the
// day are used up.
func (m *Market) SendCode(ctx context.Context, actor Actor) error {
	return m.greetAgain(ctx, actor, func(Tx, *account.Account) error { return nil })
}

// MendAddress gives the actor another address, to be confirmed by a code that is mailed
// there; nothing that was mailed to the one before is of any use. It answers alike
// whether others have the address or not. What is no address is Invalid, an address
// that is confirmed stays, which is a Conflict, and mails are bounded as SendCode says.
func (m *Market) MendAddress(ctx context.Context, actor Actor, email string) error {
	address, err := account.ParseEmail(email)
	if err != nil {
		return errs.Below("/email", err)
	}
	return m.greetAgain(ctx, actor, func(tx Tx, a *account.Account) error {
		if a.Confirmed {
			return errs.New(errs.Conflict, "the address is confirmed")
		}
		a.Sealed, a.EmailHash = m.vault.Seal(address), m.vault.EmailHash(address)
		if err := tx.SetAddress(a.Key, a.Sealed, a.EmailHash); err != nil {
			return err
		}
		if err := tx.DropResets(a.Key); err != nil {
			return err
		}
		return m.audit(tx, actor, AuditAddress, SubjectAccount, a.Key)
	})
}

// greetAgain changes the actor's account, which is locked, and mails it a new code.
func (m *Market) greetAgain(ctx context.Context, actor Actor, change func(Tx, *account.Account) error) error {
	code, err := newCode()
	if err != nil {
		return err
	}
	err = m.transact(ctx, func(tx Tx) error {
		a, err := human(tx.LockAccount, actor)
		if err != nil {
			return err
		}
		if !a.Confirmed {
			if err := m.mayMail(tx, a.Key); err != nil {
				return err
			}
		}
		if err := change(tx, &a); err != nil || a.Confirmed {
			return err
		}
		others, err := tx.Accounts(a.Kind, a.EmailHash)
		if err != nil {
			return err
		}
		a.CodeHash = account.TokenHash(a.ID.String() + code)
		if err := tx.SaveAccount(&a); err != nil {
			return err
		}
		return m.greet(tx, &a, code, len(others) > 1)
	})
	if err == nil {
		m.post()
	}
	return err
}

// tellUnconfirmed mails the newest account of an address that none has confirmed how to
// go on without its password. The account is locked.
func (m *Market) tellUnconfirmed(tx Tx, a *account.Account) error {
	if err := m.mayMail(tx, a.Key); errs.Is(err, errs.TooMany) {
		return nil // it was told, and nobody learns of it
	} else if err != nil {
		return err
	}
	return m.addMail(tx, a, "【縁 Enishi】パスワードの再設定について", "このメールアドレスでの登録は、アドレスの確認が終わっていないため、パスワードを再設定できません。\n"+
		"ログインしたままの端末があれば、次のページで確認コードを受け取り、確認を終えてから、もう一度お試しください。\n"+m.link("/confirm")+"\n"+
		"なければ、もう一度ご登録ください。同じアドレスで登録できます。\n"+m.link("/")+"\n"+
		"お心当たりがない場合は、何もする必要はありません。\n\n"+
		"Somebody signed up with this address and has not confirmed it, so its password cannot be set anew by mail. On a device where you are still signed in, "+
		"open the first page to get a code, confirm, and try again. Otherwise sign up once more, with the same address. If it was not you, there is nothing to do.")
}
