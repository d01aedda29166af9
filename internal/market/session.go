package market

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// accountsTried bounds how many accounts of one address and kind a sign-in
// tries while none is confirmed, of those with a password: hashes are slow, and
// anyone can sign up with somebody else's address.
const accountsTried = 5

// SignIn gives a new token for an address and its password, of a kind of
// account, or "" for the first that fits: candidate, member, operator. Of each
// kind it is the confirmed account, else the newest whose password fits.
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
			if len(list) > 0 && list[0].Confirmed {
				list = list[:1]
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
			return m.enter(ctx, &a, refused)
		}
	}
	m.refusedSignIn(ctx)
	return "", refused
}

// enter gives a new session of an account; refused if it was erased meanwhile: a
// session would outlive it.
func (m *Market) enter(ctx context.Context, a *account.Account, refused error) (token string, err error) {
	err = m.transact(ctx, func(tx Tx) error {
		if _, err := tx.LockAccount(a.Key); errs.Is(err, errs.NotFound) {
			return refused
		} else if err != nil {
			return err
		}
		var err error
		if token, err = m.addSession(tx, a.Key); err != nil {
			return err
		}
		if err := m.signedIn(tx, a); err != nil {
			return err
		}
		return m.active(tx, *a)
	})
	return token, err
}

// signedIn notes a sign-in in the audit log.
func (m *Market) signedIn(tx Tx, a *account.Account) error {
	by, err := actorOf(tx, a)
	if err != nil {
		return err
	}
	return m.audit(tx, by, AuditSignIn, SubjectAccount, a.Key)
}

// refusedSignIn counts a sign-in that was refused: by the day, not by whom, since
// nobody is known.
func (m *Market) refusedSignIn(ctx context.Context) {
	if _, paused := m.paused(); paused {
		return
	}
	err := again(func() error {
		return m.store.Write(context.WithoutCancel(ctx), func(tx Tx) error {
			return tx.AddFigure(Figure{Day: m.Today(), Name: FigureRefused, N: 1})
		})
	})
	if err != nil {
		m.report(ctx, "a refused sign-in was not counted", err)
	}
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
	today, err := logDay(tx)
	if err != nil || c.LastActive >= today {
		return err
	}
	if c, err = tx.LockCandidate(c.Key); err != nil || c.LastActive >= today {
		return notFoundIsNil(err)
	}
	c.LastActive, c.Version = today, c.Version+1
	if err := tx.SaveCandidate(&c); err != nil {
		return err
	}
	return tx.Append(&Row{Change: CandidateChanged, Entity: c.Key, Version: c.Version, At: m.Now()})
}

// Authenticate gives the actor of a bearer token; an unknown or expired one is
// Unauthenticated. A candidate's first visit of a day counts as activity. While
// Options.Actors knows the token, the store is not asked.
func (m *Market) Authenticate(ctx context.Context, token string) (Actor, error) {
	hash := account.TokenHash(token)
	actor, ok := m.findActor(ctx, hash)
	if ok {
		return actor, nil
	}
	stale := false
	var s account.Session
	var a account.Account
	began, today := m.Now(), m.Today()
	err := m.read(ctx, func(tx Tx) error {
		var err error
		if s, err = tx.Session(hash); err != nil {
			return err
		}
		if m.Now().After(s.ExpiresAt) {
			return errs.New(errs.NotFound, "the session has ended")
		}
		if a, err = tx.Account(s.Account); err != nil {
			return err
		}
		actor, stale, err = standing(tx, &a, today)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return Actor{}, errs.New(errs.Unauthenticated, "the token is unknown or has expired: sign in again")
	}
	if err != nil {
		return Actor{}, fmt.Errorf("look up a token: %w", err)
	}
	if _, ok := m.paused(); stale && !ok {
		err := m.visited(ctx, &a)
		if stale = err != nil; stale {
			m.report(ctx, "a visit was not noted", err)
		}
	}
	if !stale { // a visit that is to be noted must be seen again
		m.keepActor(ctx, &s, actor, began, today)
	}
	return actor, nil
}

// standing gives who an account is, and whether its first visit of a day is to be
// noted.
func standing(tx Tx, a *account.Account, today day.Day) (actor Actor, stale bool, err error) {
	actor = Actor{Account: a.Key, Kind: a.Kind, Confirmed: a.Confirmed}
	switch a.Kind {
	case account.Candidate:
		c, err := tx.CandidateByAccount(a.Key)
		actor.Candidate = c.Key
		return actor, c.LastActive < today, err
	case account.Member:
		member, err := tx.MemberByAccount(a.Key)
		if err != nil {
			return actor, false, err
		}
		actor.Company, actor.Role = member.Company, member.Role
		k, err := tx.Company(member.Company)
		if err != nil {
			return actor, false, err
		}
		actor.CompanyID = k.ID
		if len(a.EmailHash) > 0 {
			return actor, false, nil
		}
		machine, err := tx.Token(a.Key)
		actor.Confirmed = true // whoever made it has confirmed an address
		return actor, machine.Used < today, err
	}
	return actor, false, nil
}

// visited notes the first visit of a day.
func (m *Market) visited(ctx context.Context, a *account.Account) error {
	if a.Kind == account.Member {
		return m.store.Write(ctx, func(tx Tx) error { return m.used(tx, a) })
	}
	return m.write(ctx, func(tx Tx) error { return m.active(tx, *a) })
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
	var refused error // a transaction that fails would forget the guess
	var sessions []account.Session
	err := m.write(ctx, func(tx Tx) error {
		refused, sessions = nil, nil
		a, err := tx.LockAccount(actor.Account)
		if err != nil || a.Confirmed {
			return err
		}
		today, err := logDay(tx)
		if err != nil {
			return err
		}
		n, err := tx.Guesses(a.Key, today)
		switch {
		case err != nil:
			return err
		case n >= guessesADay:
			return errs.New(errs.TooMany, "too many wrong codes today; try again tomorrow")
		case string(a.CodeHash) != string(account.TokenHash(a.ID.String()+code)):
			refused = errs.AtPointer("/code", "another code", "the eight digits of the newest mail")
			_, err = tx.AddGuess(a.Key, today)
			return err
		}
		a.Confirmed, a.CodeHash = true, nil
		if err := tx.SaveAccount(&a); errs.Is(err, errs.Conflict) {
			return errs.New(errs.Conflict, "this address belongs to another account, which has confirmed it")
		} else if err != nil {
			return err
		}
		if sessions, err = tx.Sessions(a.Key); err != nil {
			return err
		}
		if err := m.audit(tx, actor, AuditConfirm, SubjectAccount, a.Key); err != nil || a.Kind != account.Candidate {
			return err
		}
		return m.confirmCandidate(tx, actor.Candidate)
	})
	m.forgetActors(ctx, sessions)
	if err != nil {
		return err
	}
	return refused
}

// confirmCandidate confirms a candidate, and sends what is reserved for them
// unless it is barred.
func (m *Market) confirmCandidate(tx Tx, key int64) error {
	c, err := tx.LockCandidate(key)
	if err != nil {
		return err
	}
	list, err := tx.OffersTo(key, 0, allOffers)
	if err != nil {
		return err
	}
	reserved := slices.DeleteFunc(list, func(o offer.Offer) bool { return o.State != offer.Reserved })
	e, err := m.holdReserved(tx, reserved)
	if err != nil {
		return err
	}
	c.Confirmed, c.Version = true, c.Version+1
	e.candidates = map[int64]candidate.Candidate{key: c}
	if err := tx.SaveCandidate(&c); err != nil {
		return err
	}
	b := newBars(tx)
	for i := range reserved {
		o := &reserved[i]
		ends, err := b.bar(o, &c)
		if err != nil {
			return err
		}
		if ends {
			_, err = e.end(o)
		} else {
			o.DueAt = time.Time{}
			err = advance(tx, o, offer.Candidate, offer.Confirm, e.now)
		}
		if err != nil {
			return fmt.Errorf("confirm offer %d: %w", o.Key, err)
		}
	}
	return tx.Append(&Row{Change: CandidateChanged, Entity: key, Version: c.Version, At: e.now})
}

// holdReserved locks what decides over some offers that are reserved, and gives
// who can end them.
func (m *Market) holdReserved(tx Tx, offers []offer.Offer) (*ender, error) {
	var companies, positions []int64
	for i := range offers {
		companies, positions = append(companies, offers[i].Company), append(positions, offers[i].Position)
	}
	if _, err := lockAll("company", companies, tx.LockCompany); err != nil {
		return nil, err
	}
	e, err := m.ender(tx, m.Now(), nil, offers)
	if err != nil {
		return nil, err
	}
	_, err = lockAll("position", positions, tx.LockPosition)
	return e, err
}

// allOffers bounds how many offers of one candidate a use case looks at: far
// above what limits let through in the years that offers are kept.
const allOffers = 10_000

// guessesADay is how many wrong codes an account may give in a day.
const guessesADay = 5
