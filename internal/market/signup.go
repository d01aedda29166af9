package market

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/errs"
)

// SignUp is what a person gives to register.
type SignUp struct {
	Email     string
	Password  string // empty: none yet
	Profile   candidate.Profile
	Wishes    condition.Condition
	Employers []candidate.Employment
	Blocks    []corpnum.Number
	Trial     string // key of the trial that they are of; empty: they are real
}

// SignedUp is a new candidate: the bearer token, and what they are offered at
// once. Asked is how many companies are being asked to confirm.
type SignedUp struct {
	ID     uuid.UUID
	Token  string
	Offers []Delivered `json:"-"`
	Asked  int         `json:"-"`
}

// SignUp registers a candidate and makes the offers that are due, so that the
// answer holds them. A known address answers like any other; its owner is told
// by mail. Whatever is wrong with the input is Invalid, and nothing is written.
// Once somebody is registered it is a success: if the database goes away before
// the offers can be read, the answer holds none.
func (m *Market) SignUp(ctx context.Context, in SignUp, once Once) (SignedUp, error) {
	var out SignedUp
	_, signedUp := m.begin(ctx, Work{Kind: SignUpWork})
	c, err := m.newCandidate(ctx, in)
	if err != nil { // whatever else is wrong is said with it
		_, wrong := m.checkAccount(in.Email, in.Password)
		return out, errs.Join(err, wrong)
	}
	a, code, err := m.newAccount(ctx, account.Candidate, in.Email, in.Password)
	if err != nil {
		return out, err
	}
	made := false
	err = again(func() error {
		return m.transact(ctx, func(tx Tx) error {
			out, made = SignedUp{}, false
			if found, err := m.recall(tx, once, &out); err != nil || found {
				return err
			}
			trial, err := m.joining(tx, in.Trial)
			if err != nil {
				return err
			}
			c.Trial = trial.Key
			known, token, err := m.addAccount(tx, &a)
			if err != nil {
				return err
			}
			out.Token = token
			c.Account, c.Confirmed, out.ID, made = a.Key, a.Confirmed, c.ID, true
			if err := m.greet(tx, &a, code, known); err != nil {
				return err
			}
			if err := m.addCandidate(tx, &c); err != nil {
				return err
			}
			return m.remember(tx, once, out)
		})
	})
	if err != nil {
		return SignedUp{}, fmt.Errorf("sign up: %w", err)
	}
	m.wake()
	// What was committed is followed to its end, though nobody may wait for
	// the answer any more.
	ctx = InSession(context.WithoutCancel(ctx), out.Token)
	if !made {
		if c, err = m.repeated(ctx, out.ID); err != nil {
			return SignedUp{}, fmt.Errorf("repeat a sign-up: %w", err)
		}
	}
	m.post()
	out.Offers, out.Asked, err = m.instantOffers(ctx, &c)
	signedUp(Outcome{Offers: len(out.Offers), Err: err})
	return out, nil
}

// addCandidate writes a new candidate and their row of the log. One of a trial is noted
// as counted, so that nobody counts them, also when they are gone.
func (m *Market) addCandidate(tx Tx, c *candidate.Candidate) error {
	if err := MakeMask(tx, c); err != nil {
		return err
	}
	if err := tx.AddCandidate(c); err != nil {
		return err
	}
	if c.Trial != 0 {
		if err := tx.SetCounted(CandidateChanged, c.Key, Figure{0, day.Of(c.CreatedAt), FigureSignUps, 1}); err != nil {
			return err
		}
	}
	return tx.Append(&Row{Change: CandidateChanged, Entity: c.Key, Version: c.Version, At: m.Now()})
}

// instantOffers makes the offers that are due to somebody who has just registered,
// and gives what they were offered and how many companies are asked. They stay
// registered whatever fails: the matcher makes what this request could not, and
// late says why.
func (m *Market) instantOffers(ctx context.Context, c *candidate.Candidate) (offers []Delivered, asked int, late error) {
	late = m.Follow(ctx)
	if late == nil {
		late = m.matchNow(ctx, c)
	}
	if late != nil {
		m.report(ctx, "instant offers are left to the matcher", late)
	}
	offers, asking, err := m.delivered(ctx, c.Key)
	if err != nil {
		m.report(ctx, "a sign-up is answered without its offers", err)
	}
	return offers, asking.Companies, errors.Join(late, err)
}

// repeated gives the candidate of an earlier request. While the address is not
// confirmed, a new code is mailed: the first mail may never have left.
func (m *Market) repeated(ctx context.Context, id uuid.UUID) (candidate.Candidate, error) {
	code, err := newCode()
	if err != nil {
		return candidate.Candidate{}, err
	}
	var c candidate.Candidate
	err = m.transact(ctx, func(tx Tx) error {
		var err error
		if c, err = tx.CandidateByID(id); err != nil || c.Confirmed || m.options.Demo {
			return err
		}
		a, err := tx.LockAccount(c.Account)
		if err != nil || a.Confirmed {
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
	return c, err
}

// matchNow makes the offers that are due to a candidate.
func (m *Market) matchNow(ctx context.Context, c *candidate.Candidate) error {
	positions, rules := map[int64]bool{}, map[int64]bool{}
	proposals, err := m.proposeTo(c, positions, rules, m.Today())
	if err != nil {
		return err
	}
	_, err = m.stepAll(ctx, proposals, Fence{})
	m.wake() // the offers' own rows are to be stepped over
	return err
}

// newCandidate checks what a sign-up gives and makes the candidate of it.
func (m *Market) newCandidate(ctx context.Context, in SignUp) (candidate.Candidate, error) {
	today := m.Today()
	employers, errEmployers := candidate.CleanEmployers(in.Employers)
	blocks, errBlocks := candidate.CleanBlocks(in.Blocks)
	profile := in.Profile
	err := errs.Join(
		errs.Below("/profile", profile.Validate(today)),
		errs.Below("/wishes", in.Wishes.Validate(condition.Positions, false)),
		errs.Below("/employers", errEmployers),
		errs.Below("/blocks", errBlocks),
	)
	if err != nil {
		return candidate.Candidate{}, err
	}
	named, err := m.presentNamesakes(ctx, profile.History)
	if err != nil {
		return candidate.Candidate{}, fmt.Errorf("look for employers by name: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return candidate.Candidate{}, fmt.Errorf("make an id: %w", err)
	}
	return candidate.Candidate{
		ID: id, Version: 1, Open: true, WeeklyLimit: candidate.DefaultWeeklyLimit, Language: "ja",
		LastActive: today, Profile: profile.Derived(today, named.listed(employers)), Wishes: in.Wishes, Blocks: blocks,
		Employers: named.withHistory(employers, nil, profile.History, today), CreatedAt: m.Now(),
	}, nil
}

// checkAccount gives the address in its one form; what is not allowed of it or
// of the password, which may be empty, is Invalid.
func (m *Market) checkAccount(email, password string) (address string, err error) {
	address, err = account.ParseEmail(email)
	err = errs.Below("/email", err)
	if password != "" {
		err = errs.Join(err, errs.Below("/password", m.passwords.Check(password)))
	}
	return address, err
}

// newAccount makes an account and the code that confirms its address.
func (m *Market) newAccount(ctx context.Context, kind account.Kind, email, password string) (account.Account, string, error) {
	address, err := m.checkAccount(email, password)
	if err != nil {
		return account.Account{}, "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return account.Account{}, "", fmt.Errorf("make an id: %w", err)
	}
	a := account.Account{
		ID: id, Kind: kind, Sealed: m.vault.Seal(address), EmailHash: m.vault.EmailHash(address), CreatedAt: m.Now(),
	}
	if password != "" {
		if a.Password, err = m.passwords.Hash(ctx, password); err != nil {
			return account.Account{}, "", err
		}
	}
	code, err := newCode()
	a.CodeHash = account.TokenHash(id.String() + code)
	return a, code, err
}

// newCode gives eight digits: at five tries a code, one guess in 20 million.
func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return "", fmt.Errorf("make a code: %w", err)
	}
	return fmt.Sprintf("%08d", n), nil
}

// addAccount writes an account and a session, and says whether the address was
// known before. In a demo the first account of an address is confirmed.
func (m *Market) addAccount(tx Tx, a *account.Account) (known bool, token string, err error) {
	others, err := tx.Accounts(a.Kind, a.EmailHash)
	if err != nil {
		return false, "", err
	}
	known = len(others) > 0
	taken := known && others[0].Confirmed
	a.Confirmed = m.options.Demo && !taken
	if err := tx.AddAccount(a); err != nil {
		return known, "", err
	}
	token, err = m.addSession(tx, a.Key)
	return known, token, err
}

func (m *Market) addSession(tx Tx, key int64) (string, error) {
	token, hash := account.NewToken()
	now := m.Now()
	return token, tx.AddSession(account.Session{
		TokenHash: hash, Account: key, CreatedAt: now, ExpiresAt: now.Add(account.SessionLife),
	})
}

// greet writes the mail that confirms the address of a new account, or tells
// the owner of a known one.
func (m *Market) greet(tx Tx, to *account.Account, code string, known bool) error {
	subject, body := "【縁 Enishi】メールアドレスの確認", "縁（Enishi）へのご登録ありがとうございます。次の確認コードを入力すると、メールアドレスの確認が完了します。\n"+
		"お心当たりがない場合は、このメールを破棄してください。\n\n"+
		"Thank you for signing up to Enishi. Enter this code to confirm your address; if it was not you, ignore this mail.\n\n"
	if known {
		subject, body = "【縁 Enishi】登録済みのメールアドレスです", "登録済みのこのメールアドレスで、縁（Enishi）に新しい登録がありました。\n"+
			"ご自身の操作でなければ、何もする必要はありません。これまでの登録はそのままです。\n\n"+
			"Somebody signed up to Enishi with this address, which is registered already. If it was not you, there is nothing to do: your account stays as it is.\n\n"
	}
	return m.addMail(tx, to, subject, body+"Code / 確認コード: "+code)
}
