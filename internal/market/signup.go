package market

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// SignUp is what a person gives to register.
type SignUp struct {
	Email     string
	Password  string // empty: none yet
	Profile   candidate.Profile
	Wishes    condition.Condition
	Employers []candidate.Employment
	Blocks    []corpnum.Number
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
func (m *Market) SignUp(ctx context.Context, in SignUp, once Once) (SignedUp, error) {
	var out SignedUp
	c, err := m.newCandidate(in)
	if err != nil {
		return out, err
	}
	a, code, err := m.newAccount(ctx, account.Candidate, in.Email, in.Password)
	if err != nil {
		return out, err
	}
	known, made := false, false
	err = m.store.Write(ctx, func(tx Tx) error {
		out, made = SignedUp{}, false
		if found, err := m.recall(tx, once, &out); err != nil || found {
			return err
		}
		var err error
		if known, out.Token, err = m.addAccount(tx, &a); err != nil {
			return err
		}
		c.Account, c.Confirmed, out.ID, made = a.Key, a.Confirmed, c.ID, true
		if err := tx.AddCandidate(&c); err != nil {
			return err
		}
		if err := tx.Append(&Row{Change: CandidateChanged, Entity: c.Key, Version: c.Version, At: m.Now()}); err != nil {
			return err
		}
		return m.remember(tx, once, out)
	})
	if err != nil {
		return SignedUp{}, fmt.Errorf("sign up: %w", err)
	}
	m.wake()
	// What was committed is followed to its end, though nobody may wait for
	// the answer any more.
	ctx = context.WithoutCancel(ctx)
	if made {
		m.greet(ctx, in.Email, code, known)
	} else if c, err = m.repeated(ctx, out.ID, in.Email); err != nil {
		return SignedUp{}, fmt.Errorf("repeat a sign-up: %w", err)
	}
	if err = m.Follow(ctx); err == nil {
		err = m.matchNow(ctx, &c)
	}
	if err != nil {
		// The candidate is registered; the matcher makes the offers that
		// this request could not.
		m.options.Report(ctx, "instant offers are left to the matcher", err)
	}
	out.Offers, out.Asked, err = m.delivered(ctx, c.Key)
	return out, err
}

// repeated gives the candidate of an earlier request. While the address is not
// confirmed, a new code is mailed: the first mail may never have left.
func (m *Market) repeated(ctx context.Context, id uuid.UUID, email string) (candidate.Candidate, error) {
	code, err := newCode()
	if err != nil {
		return candidate.Candidate{}, err
	}
	var c candidate.Candidate
	mail := false
	err = m.store.Write(ctx, func(tx Tx) error {
		mail = false
		var err error
		if c, err = tx.CandidateByID(id); err != nil || c.Confirmed || m.options.Demo {
			return err
		}
		a, err := tx.Account(c.Account)
		if err != nil {
			return err
		}
		mail, a.CodeHash = true, account.TokenHash(a.ID.String()+code)
		return tx.SaveAccount(&a)
	})
	if err == nil && mail {
		m.greet(ctx, email, code, false)
	}
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
func (m *Market) newCandidate(in SignUp) (candidate.Candidate, error) {
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
	id, err := uuid.NewV7()
	if err != nil {
		return candidate.Candidate{}, fmt.Errorf("make an id: %w", err)
	}
	return candidate.Candidate{
		ID: id, Version: 1, Open: true, WeeklyLimit: candidate.DefaultWeeklyLimit, Language: "ja",
		LastActive: today, Profile: profile.Derived(today, employers), Wishes: in.Wishes, Blocks: blocks,
		Employers: withHistory(employers, profile.History, today, true), CreatedAt: m.Now(),
	}, nil
}

// withHistory adds the employers that the history knows by number; one without
// an end, or whose last month is not over, is current. stays keeps employers
// current that the list says are, whatever the history says of them.
func withHistory(list []candidate.Employment, history []candidate.Job, today day.Day, stays bool) []candidate.Employment {
	out := slices.Clone(list)
	named := map[corpnum.Number]bool{}
	for _, j := range history {
		if j.Employer.Number == nil {
			continue
		}
		e := candidate.Employment{Number: *j.Employer.Number, Current: j.To == nil || *j.To >= today.Month()}
		i := slices.IndexFunc(out, func(o candidate.Employment) bool { return o.Number == e.Number })
		switch {
		case i < 0:
			out = append(out, e)
		case !stays && !named[e.Number]:
			out[i].Current = e.Current
		default:
			out[i].Current = out[i].Current || e.Current
		}
		named[e.Number] = true
	}
	slices.SortFunc(out, func(a, b candidate.Employment) int { return cmp.Compare(a.Number, b.Number) })
	return out
}

// newAccount makes an account and the code that confirms its address.
func (m *Market) newAccount(ctx context.Context, kind account.Kind, email, password string) (account.Account, string, error) {
	address, err := account.ParseEmail(email)
	err = errs.Below("/email", err)
	if password != "" {
		err = errs.Join(err, errs.Below("/password", m.passwords.Check(password)))
	}
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

func (m *Market) greet(ctx context.Context, email, code string, known bool) {
	subject, body := "メールアドレスの確認", "確認コード: "+code
	if known {
		subject, body = "登録済みのメールアドレスです", "このメールアドレスで新しい登録がありました。心当たりがなければ何もする必要はありません。\n確認コード: "+code
	}
	if err := m.options.Mail.Send(ctx, email, subject, body); err != nil {
		m.options.Report(ctx, "a mail was not accepted", err)
	}
}

// accountsTried bounds how many accounts of one address and kind a sign-in
// tries, of those with a password, the confirmed one first: hashes are slow,
// and anyone can sign up with somebody else's address.
const accountsTried = 20

// SignIn gives a new token for an address and its password, of a kind of
// account, or "" for the first that fits: candidate, member, operator.
// Whatever does not fit is Unauthenticated, without saying what.
func (m *Market) SignIn(ctx context.Context, email, password string, of account.Kind) (string, error) {
	refused := errs.New(errs.Unauthenticated, "the address or the password is not right")
	address, err := account.ParseEmail(email)
	if err != nil {
		return "", refused
	}
	hash := m.vault.EmailHash(address)
	var all []account.Account
	err = m.read(ctx, func(tx Tx) error {
		all = nil
		for _, kind := range []account.Kind{account.Candidate, account.Member, account.Operator} {
			if of != "" && kind != of {
				continue
			}
			list, err := tx.Accounts(kind, hash)
			if err != nil {
				return err
			}
			list = slices.DeleteFunc(list, func(a account.Account) bool { return a.Password == "" })
			all = append(all, list[:min(len(list), accountsTried)]...)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	if len(all) == 0 {
		if err := m.passwords.FitsNobody(ctx, password); err != nil {
			return "", err
		}
	}
	for _, a := range all {
		fits, err := m.passwords.Fits(ctx, password, a.Password)
		if err != nil {
			return "", err
		}
		if fits {
			var token string
			err := m.store.Write(ctx, func(tx Tx) error {
				var err error
				if token, err = m.addSession(tx, a.Key); err != nil {
					return err
				}
				return m.active(tx, a)
			})
			return token, err
		}
	}
	return "", refused
}

// active moves a candidate's last activity to the log's day, at most once a day.
func (m *Market) active(tx Tx, a account.Account) error {
	if a.Kind != account.Candidate {
		return nil
	}
	c, err := tx.CandidateByAccount(a.Key)
	if err != nil {
		return notFoundIsNil(err)
	}
	today := m.Today()
	if c.LastActive >= today {
		return nil
	}
	if c, err = tx.LockCandidate(c.Key); err != nil {
		return err
	}
	c.LastActive, c.Version = today, c.Version+1
	if err := tx.SaveCandidate(&c); err != nil {
		return err
	}
	return tx.Append(&Row{Change: CandidateChanged, Entity: c.Key, Version: c.Version, At: m.Now()})
}

// Actor is who speaks: the account of a token and what it stands for.
type Actor struct {
	Account   int64
	Kind      account.Kind
	Candidate int64
	Company   int64
	CompanyID uuid.UUID
	Role      account.Role
	Confirmed bool
}

// Authenticate gives the actor of a bearer token; an unknown or expired one is
// Unauthenticated. A candidate's first visit of a day counts as activity.
func (m *Market) Authenticate(ctx context.Context, token string) (Actor, error) {
	var actor Actor
	stale := false
	var a account.Account
	err := m.read(ctx, func(tx Tx) error {
		s, err := tx.Session(account.TokenHash(token))
		if err != nil {
			return err
		}
		if m.Now().After(s.ExpiresAt) {
			return errs.New(errs.NotFound, "the session has ended")
		}
		if a, err = tx.Account(s.Account); err != nil {
			return err
		}
		actor = Actor{Account: a.Key, Kind: a.Kind, Confirmed: a.Confirmed}
		switch a.Kind {
		case account.Candidate:
			c, err := tx.CandidateByAccount(a.Key)
			if err != nil {
				return err
			}
			actor.Candidate, stale = c.Key, c.LastActive < m.Today()
		case account.Member:
			member, err := tx.MemberByAccount(a.Key)
			if err != nil {
				return err
			}
			actor.Company, actor.Role = member.Company, member.Role
			k, err := tx.Company(member.Company)
			if err != nil {
				return err
			}
			actor.CompanyID = k.ID
		}
		return nil
	})
	if errs.Is(err, errs.NotFound) {
		return Actor{}, errs.New(errs.Unauthenticated, "the token is unknown or has expired: sign in again")
	}
	if err != nil {
		return Actor{}, fmt.Errorf("look up a token: %w", err)
	}
	if stale {
		if err := m.write(ctx, func(tx Tx) error { return m.active(tx, a) }); err != nil {
			m.options.Report(ctx, "a visit was not noted", err)
		}
	}
	return actor, nil
}

// codeDigits is the length of a confirmation code.
const codeDigits = 8

// typedCode gives the digits of a code as a person may type or paste it.
func typedCode(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(s))
}

// Confirm confirms the actor's address by the code that was mailed, and sends
// what was reserved until then. A wrong code is Invalid, and five of them a
// day are too many; what cannot be a code is not counted. An address that
// another account has confirmed is a Conflict.
func (m *Market) Confirm(ctx context.Context, actor Actor, code string) error {
	code = typedCode(code)
	if len(code) != codeDigits || strings.Trim(code, "0123456789") != "" {
		return errs.AtPointer("/code", strconv.Quote(code), "the eight digits of the newest mail")
	}
	return m.write(ctx, func(tx Tx) error {
		a, err := tx.Account(actor.Account)
		if err != nil {
			return err
		}
		if a.Confirmed {
			return nil
		}
		if m.guesses.tooMany(a.Key, m.Today()) {
			return errs.New(errs.TooMany, "too many wrong codes today; try again tomorrow")
		}
		if string(a.CodeHash) != string(account.TokenHash(a.ID.String()+code)) {
			m.guesses.wrong(a.Key)
			return errs.AtPointer("/code", "another code", "the eight digits of the newest mail")
		}
		a.Confirmed, a.CodeHash = true, nil
		if err := tx.SaveAccount(&a); errs.Is(err, errs.Conflict) {
			return errs.New(errs.Conflict, "this address belongs to another account, which has confirmed it")
		} else if err != nil {
			return err
		}
		if a.Kind != account.Candidate {
			return nil
		}
		return m.confirmCandidate(tx, actor.Candidate)
	})
}

func (m *Market) confirmCandidate(tx Tx, key int64) error {
	c, err := tx.LockCandidate(key)
	if err != nil {
		return err
	}
	now := m.Now()
	c.Confirmed, c.Version = true, c.Version+1
	if err := tx.SaveCandidate(&c); err != nil {
		return err
	}
	list, err := tx.OffersTo(key, 0, allOffers)
	if err != nil {
		return err
	}
	for i := range list {
		if o := &list[i]; o.State == offer.Reserved {
			o.DueAt = time.Time{}
			if err := m.advance(tx, o, offer.Confirm, now); err != nil {
				return err
			}
		}
	}
	return tx.Append(&Row{Change: CandidateChanged, Entity: key, Version: c.Version, At: now})
}

// allOffers bounds how many offers of one candidate a use case looks at: far
// above what limits let through in the years that offers are kept.
const allOffers = 10_000

// guesses counts the wrong codes of a day by account, in memory: whoever
// guesses cannot restart the service.
type guesses struct {
	mu  sync.Mutex
	day day.Day
	n   map[int64]int
}

// guessesADay is how many wrong codes an account may give in a day.
const guessesADay = 5

func (g *guesses) tooMany(account int64, today day.Day) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.day != today || g.n == nil {
		g.day, g.n = today, map[int64]int{}
	}
	return g.n[account] >= guessesADay
}

func (g *guesses) wrong(account int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n[account]++
}
