package market

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
)

// Trial is a rehearsal of an installation: a company and a few candidates with
// whom everything is tried that real people do. Whoever registers with its key is
// of it for ever. They meet nobody but each other, enter no figure, and are erased
// with the trial, at the latest when it expires. See decision 0034.
type Trial struct {
	Key       int64
	ID        uuid.UUID
	KeyHash   []byte // of what its sign-ups carry
	Account   int64  // of the operator who opened it
	CreatedAt time.Time
	ExpiresAt time.Time
}

// What bounds trials: how long one lasts, how many stand at once, and how many
// candidates are of one.
const (
	trialLife       = time.Hour
	mostTrials      = 20
	mostOfOneTrial  = 10
	trialNumberBase = 999_900_000_000
	trialNumbers    = 100_000_000
)

// Number is the corporate number of the trial's company. No real corporation has
// one of these: the first four of the twelve digits name a registry office, and
// there is none of 9999.
func (t *Trial) Number() corpnum.Number { return corpnum.From(trialNumberBase + t.Key%trialNumbers) }

// ofTrials says whether a number is kept for the companies of trials.
func ofTrials(n corpnum.Number) bool {
	base := int64(n) % 1_000_000_000_000
	return base >= trialNumberBase && base < trialNumberBase+trialNumbers
}

// trialTx keeps trials and what is of them.
type trialTx interface {
	AddTrial(*Trial) error
	TrialByID(uuid.UUID) (Trial, error)
	TrialByHash(keyHash []byte) (Trial, error)
	LockTrial(key int64) (Trial, error)
	// Trials gives all of them, by key: there are few.
	Trials() ([]Trial, error)
	// TrialCandidates gives the candidates who registered in a trial, by key, also
	// those who are erased.
	TrialCandidates(key int64) ([]int64, error)
	// MailsFor gives the mails to an account that are kept, by key.
	MailsFor(account int64) ([]Mail, error)
	// EraseTrial removes a trial, its candidates as DeleteCandidate does, and a
	// company (0: none) with its accounts and all that it has made. What is
	// removed must be locked.
	EraseTrial(key, company int64) error
}

// OpenedTrial is a new trial with the key that only this answer tells.
type OpenedTrial struct {
	Trial
	Secret string
}

// OpenTrial opens a trial that ends in an hour; operators only. Who had it opened and
// why, if they say so, is noted of its opening and of its end. Too many at once are
// TooMany; more of an order than is kept is Invalid.
func (m *Market) OpenTrial(ctx context.Context, actor Actor, order Order) (OpenedTrial, error) {
	var out OpenedTrial
	if err := onlyOperators(actor); err != nil {
		return out, err
	}
	if err := order.Check(); err != nil {
		return out, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return out, fmt.Errorf("make an id: %w", err)
	}
	var hash []byte
	out.Secret, hash = account.NewToken()
	err = m.transact(ctx, func(tx Tx) error {
		standing, err := tx.Trials()
		if err != nil {
			return err
		}
		if len(standing) >= mostTrials {
			return errs.New(errs.TooMany, fmt.Sprintf("%d trials stand already: end one, or wait until they expire", len(standing)))
		}
		now := m.Now()
		out.Trial = Trial{ID: id, KeyHash: hash, Account: actor.Account, CreatedAt: now, ExpiresAt: now.Add(trialLife)}
		if err := tx.AddTrial(&out.Trial); err != nil {
			return err
		}
		return m.audit(tx, actor, AuditTrialOpen, SubjectTrial, out.Key, ordered(order, ""))
	})
	return out, err
}

// TrialStands says whether a key is of a trial that has not expired.
func (m *Market) TrialStands(ctx context.Context, secret string) bool {
	stands := false
	err := m.read(ctx, func(tx Tx) error {
		t, err := tx.TrialByHash(account.TokenHash(secret))
		stands = err == nil && m.Now().Before(t.ExpiresAt)
		return notFoundIsNil(err)
	})
	return err == nil && stands
}

// joining gives the key of the trial that a registration carries the key of, 0 for
// none, and holds it until the end, so that it is not ended meanwhile.
func (m *Market) joining(tx Tx, secret string) (*Trial, error) {
	if secret == "" {
		return &Trial{}, nil
	}
	t, err := tx.TrialByHash(account.TokenHash(secret))
	if err == nil {
		t, err = tx.LockTrial(t.Key)
	}
	if notFoundIsNil(err) != nil {
		return nil, err
	}
	if err != nil || !m.Now().Before(t.ExpiresAt) {
		return nil, errs.New(errs.Denied, "there is no such trial, or its time is over")
	}
	people, err := tx.TrialCandidates(t.Key)
	if err == nil && len(people) >= mostOfOneTrial {
		err = errs.New(errs.TooMany, fmt.Sprintf("a trial has at most %d candidates", mostOfOneTrial))
	}
	return &t, err
}

// found is Invalid unless a company may have its number and its head: in a trial
// those of the trial, else none that is kept for trials.
func (t *Trial) found(k *company.Company) error {
	switch {
	case t.Key == 0 && (ofTrials(k.Number) || ofTrials(k.Head)):
		return errs.AtPointer("/corporate_number", k.Number.String(), "the number of a corporation")
	case t.Key != 0 && (k.Number != t.Number() || k.Head != k.Number):
		return errs.AtPointer("/corporate_number", k.Number.String(), t.Number().String()+", the trial's, without another head")
	}
	return nil
}

// TrialMail is a mail to somebody of a trial.
type TrialMail struct {
	Mailed
	Sent time.Time // zero: not yet
	Due  time.Time // when it is tried next; zero: not any more
}

// TrialMails gives the mails to all who are of a trial, the oldest first, to an
// operator.
func (m *Market) TrialMails(ctx context.Context, actor Actor, id uuid.UUID) ([]TrialMail, error) {
	if err := onlyOperators(actor); err != nil {
		return nil, err
	}
	var out []TrialMail
	err := m.read(ctx, func(tx Tx) error {
		out = nil
		t, err := tx.TrialByID(id)
		if err != nil {
			return err
		}
		of, err := membersOf(tx, &t)
		if err != nil {
			return err
		}
		var list []Mail
		for _, key := range of.accounts {
			part, err := tx.MailsFor(key)
			if err != nil {
				return err
			}
			list = append(list, part...)
		}
		slices.SortFunc(list, func(a, b Mail) int { return int(a.Key - b.Key) })
		for i := range list {
			shown, err := m.opened(&list[i])
			if err != nil {
				return err
			}
			out = append(out, TrialMail{shown, list[i].SentAt, list[i].DueAt})
		}
		return nil
	})
	return out, err
}

// trialMembers is who is of a trial and still there.
type trialMembers struct {
	accounts   []int64 // ascending
	candidates []int64 // ascending
	company    int64   // 0: none
}

func membersOf(tx Tx, t *Trial) (trialMembers, error) {
	var out trialMembers
	people, err := tx.TrialCandidates(t.Key)
	if err != nil {
		return out, err
	}
	for _, key := range people {
		c, err := tx.Candidate(key)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return out, err
		}
		out.candidates, out.accounts = append(out.candidates, key), append(out.accounts, c.Account)
	}
	k, err := tx.CompanyByNumber(t.Number())
	if notFoundIsNil(err) != nil {
		return out, err
	}
	if err == nil && k.Trial == t.Key {
		out.company = k.Key
		members, err := tx.Members(k.Key)
		if err != nil {
			return out, err
		}
		for _, member := range members {
			out.accounts = append(out.accounts, member.Account)
		}
	}
	out.accounts = distinct(out.accounts)
	return out, nil
}

// EndTrial erases a trial with everybody who is of it; operators only.
func (m *Market) EndTrial(ctx context.Context, actor Actor, id uuid.UUID) error {
	if err := onlyOperators(actor); err != nil {
		return err
	}
	var sessions []account.Session
	err := m.write(ctx, func(tx Tx) error {
		t, err := tx.TrialByID(id)
		if err != nil {
			return err
		}
		sessions, err = m.endTrial(tx, actor, t.Key)
		return err
	})
	m.forgetActors(ctx, sessions) // even if nobody knows whether they are gone
	return err
}

// endTrial erases a trial and gives the sessions that go with it.
func (m *Market) endTrial(tx Tx, actor Actor, key int64) (sessions []account.Session, err error) {
	t, err := tx.LockTrial(key) // nobody joins any more
	if err != nil {
		return nil, err
	}
	of, err := membersOf(tx, &t)
	if err != nil {
		return nil, err
	}
	rows, err := m.lockTrial(tx, &of)
	if err != nil {
		return nil, err
	}
	for _, key := range of.accounts {
		part, err := tx.Sessions(key)
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, part...)
	}
	if err := tx.EraseTrial(t.Key, of.company); err != nil {
		return nil, err
	}
	order, err := openedBy(tx, t.Key)
	if err != nil {
		return nil, err
	}
	if actor.Account != 0 && actor.Account != t.Account { // somebody else ends it, who says nothing
		order = Order{}
	}
	if err := m.audit(tx, actor, AuditTrialEnd, SubjectTrial, t.Key, ordered(order, "")); err != nil {
		return nil, err
	}
	return sessions, tx.Append(rows...)
}

// openedBy gives who had a trial opened, and why, as the audit log has kept it.
func openedBy(tx Tx, trial int64) (Order, error) {
	opened, err := tx.Entries(EntryFilter{What: AuditTrialOpen, Kind: SubjectTrial, Entity: trial}, 0, 1)
	if err != nil || len(opened) == 0 {
		return Order{}, err
	}
	return opened[0].Order, nil
}

// lockTrial locks all that goes with a trial, in the order of locks, and gives the
// rows by which others learn that it is gone.
func (m *Market) lockTrial(tx Tx, of *trialMembers) ([]*Row, error) {
	if _, err := lockAll("account", of.accounts, tx.LockAccount); err != nil {
		return nil, err
	}
	candidates, err := lockAll("candidate", of.candidates, tx.LockCandidate)
	if err != nil {
		return nil, err
	}
	var rows []*Row
	for _, key := range sortedKeys(candidates) {
		rows = append(rows, &Row{Change: CandidateErased, Entity: key, Version: candidates[key].Version, At: m.Now()})
	}
	if of.company == 0 {
		return rows, nil
	}
	k, err := tx.LockCompany(of.company)
	if err != nil {
		return nil, err
	}
	// Of its rules there are no rows: a program that knows no trials could not read
	// them, while a company that is gone says nothing to it.
	rows = append(rows, &Row{Change: CompanyLess, Entity: k.Key, Version: k.Version, At: m.Now()})
	rules, err := tx.RulesOf(of.company, 0, loadPage)
	if err != nil {
		return nil, err
	}
	for i := range rules {
		if _, err := tx.LockRule(rules[i].Key); err != nil {
			return nil, err
		}
	}
	positions, err := tx.PositionsOf(of.company, 0, loadPage)
	if err != nil {
		return nil, err
	}
	for i := range positions {
		if _, err := tx.LockPosition(positions[i].Key); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// trialPage erases a trial whose time is over. Its sessions may be known to other
// processes for ActorLife still: they find nothing.
func (m *Market) trialPage(tx Tx, p *page) (more bool, err error) {
	list, err := tx.Trials()
	if err != nil {
		return false, err
	}
	for i := range list {
		if list[i].ExpiresAt.After(p.now) {
			continue
		}
		p.changed++
		_, err := m.endTrial(tx, Actor{}, list[i].Key)
		return true, err
	}
	return false, nil
}
