package market

import (
	"context"
	"fmt"
	"slices"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// Candidate gives the actor's own row.
func (m *Market) Candidate(ctx context.Context, actor Actor) (candidate.Candidate, error) {
	var c candidate.Candidate
	err := m.read(ctx, func(tx Tx) error {
		var err error
		c, err = tx.Candidate(actor.Candidate)
		return err
	})
	return c, err
}

// edit changes the actor's candidate, provided that it still has the version
// that the actor saw; change says what happened to it.
func (m *Market) edit(ctx context.Context, actor Actor, version int64, change func(Tx, *candidate.Candidate) (Change, error)) (candidate.Candidate, error) {
	var c candidate.Candidate
	err := m.write(ctx, func(tx Tx) error {
		var err error
		if c, err = tx.LockCandidate(actor.Candidate); err != nil {
			return err
		}
		if err := current(version, c.Version); err != nil {
			return err
		}
		c.Version++
		what, err := change(tx, &c)
		if err != nil {
			return err
		}
		if err := MakeMask(tx, &c); err != nil {
			return err
		}
		if err := tx.SaveCandidate(&c); err != nil {
			return err
		}
		return tx.Append(&Row{Change: what, Entity: c.Key, Version: c.Version, At: m.Now()})
	})
	return c, err
}

// current is Stale unless the version that was seen is the stored one.
func current(seen, stored int64) error {
	if seen == stored {
		return nil
	}
	return errs.New(errs.Stale, "this was changed since you read it: read it again and repeat the change")
}

// Settings are what a candidate decides about being found.
type Settings struct {
	Open        bool
	WeeklyLimit int
	Language    string
}

// SetSettings changes whether the candidate is open, and their limit.
func (m *Market) SetSettings(ctx context.Context, actor Actor, version int64, s Settings) (candidate.Candidate, error) {
	if err := candidate.ValidateSettings(s.WeeklyLimit, s.Language); err != nil {
		return candidate.Candidate{}, err
	}
	return m.edit(ctx, actor, version, func(_ Tx, c *candidate.Candidate) (Change, error) {
		what := CandidateLess
		if s.Open && (!c.Open || s.WeeklyLimit > c.WeeklyLimit) {
			what = CandidateChanged
		}
		c.Open, c.WeeklyLimit, c.Language = s.Open, s.WeeklyLimit, s.Language
		return what, nil
	})
}

// SetProfile replaces the profile. A current employer that its history gives by number,
// or by the name of a company that is here, is blocked from then on, as SetBlocks does;
// one that is current by the history alone is so no more once it has ended there.
func (m *Market) SetProfile(ctx context.Context, actor Actor, version int64, p candidate.Profile) (candidate.Candidate, error) {
	if err := p.Validate(m.Today()); err != nil {
		return candidate.Candidate{}, err
	}
	seen, err := m.Candidate(ctx, actor)
	if err != nil {
		return candidate.Candidate{}, err
	}
	named, err := m.presentNamesakes(ctx, seen.Profile.History, p.History)
	if err != nil {
		return candidate.Candidate{}, fmt.Errorf("look for employers by name: %w", err)
	}
	return m.edit(ctx, actor, version, func(tx Tx, c *candidate.Candidate) (Change, error) {
		today, err := logDay(tx)
		if err != nil {
			return "", err
		}
		before := c.Profile.History
		c.Profile = p.Derived(today, named.listed(c.Employers))
		c.Employers = named.withHistory(c.Employers, before, p.History, today)
		return CandidateChanged, m.withdrawBlocked(tx, c)
	})
}

// SetWishes replaces the wishes.
func (m *Market) SetWishes(ctx context.Context, actor Actor, version int64, w condition.Condition) (candidate.Candidate, error) {
	if err := w.Validate(condition.Positions, false); err != nil {
		return candidate.Candidate{}, err
	}
	return m.edit(ctx, actor, version, func(_ Tx, c *candidate.Candidate) (Change, error) {
		c.Wishes = w
		return CandidateChanged, nil
	})
}

// SetBlocks replaces the candidate's own list of blocked companies and their
// employers. Offers of companies that are now blocked and are not accepted yet
// are withdrawn; to the company they look expired.
func (m *Market) SetBlocks(ctx context.Context, actor Actor, version int64, blocks []corpnum.Number, employers []candidate.Employment) (candidate.Candidate, error) {
	blocks, errBlocks := candidate.CleanBlocks(blocks)
	employers, errEmployers := candidate.CleanEmployers(employers)
	if err := errs.Join(errs.Below("/blocks", errBlocks), errs.Below("/employers", errEmployers)); err != nil {
		return candidate.Candidate{}, err
	}
	return m.edit(ctx, actor, version, func(tx Tx, c *candidate.Candidate) (Change, error) {
		what := BlockAdded
		if freed(c, blocks, employers) {
			what = BlockRemoved
		}
		c.Blocks, c.Employers = blocks, employers
		return what, m.withdrawBlocked(tx, c)
	})
}

// freed says whether some company that was blocked need not be any more.
func freed(c *candidate.Candidate, blocks []corpnum.Number, employers []candidate.Employment) bool {
	for _, n := range c.Blocks {
		if !slices.Contains(blocks, n) {
			return true
		}
	}
	for _, e := range c.Employers {
		if e.Current && !slices.Contains(employers, e) {
			return true
		}
	}
	return false
}

// withdrawBlocked withdraws the offers to a candidate, who is locked, of the
// companies that they have blocked: those that are open, and in their own name
// those that they have accepted and that still run.
func (m *Market) withdrawBlocked(tx Tx, c *candidate.Candidate) error {
	list, err := tx.OffersTo(c.Key, 0, allOffers)
	if err != nil {
		return err
	}
	b := newBars(tx)
	var ends, runs []offer.Offer
	for i := range list {
		o := &list[i]
		if !o.Open() && !o.Running() {
			continue
		}
		k, group, _, err := b.of(o)
		if err != nil {
			return err
		}
		switch {
		case !c.Blocked(k.Number, group):
		case o.Open():
			ends = append(ends, *o)
		default:
			runs = append(runs, *o)
		}
	}
	if err := m.breakOff(tx, runs); err != nil {
		return err
	}
	e, err := m.ender(tx, m.Now(), map[int64]candidate.Candidate{c.Key: *c}, ends)
	if err != nil {
		return err
	}
	return e.withdraw(ends)
}

// Erase removes the candidate: offers that are not accepted are withdrawn,
// what remains of the others are terms, states and dates under a number.
func (m *Market) Erase(ctx context.Context, actor Actor) error {
	var sessions []account.Session
	err := m.write(ctx, func(tx Tx) (err error) {
		sessions, err = m.erase(tx, actor)
		return err
	})
	m.forgetActors(ctx, sessions) // even if nobody knows whether they are gone
	return err
}

// erase erases a candidate and gives the sessions that go with it, also where that fails.
func (m *Market) erase(tx Tx, actor Actor) (sessions []account.Session, err error) {
	c, err := tx.Candidate(actor.Candidate)
	if err != nil {
		return nil, err
	}
	if _, err := tx.LockAccount(c.Account); err != nil {
		return nil, err
	}
	if sessions, err = tx.Sessions(c.Account); err != nil {
		return nil, err
	}
	if c, err = tx.LockCandidate(actor.Candidate); err != nil {
		return sessions, err
	}
	list, err := tx.OffersTo(c.Key, 0, allOffers)
	if err != nil {
		return sessions, err
	}
	if err := m.depart(tx, list); err != nil {
		return sessions, err
	}
	ends := slices.DeleteFunc(list, func(o offer.Offer) bool { return !o.Open() })
	e, err := m.ender(tx, m.Now(), nil, ends)
	if err != nil {
		return sessions, err
	}
	if err := e.withdraw(ends); err != nil {
		return sessions, err
	}
	if err := tx.DeleteCandidate(c.Key); err != nil {
		return sessions, err
	}
	if err := m.audit(tx, actor, AuditErase, SubjectCandidate, c.Key); err != nil {
		return sessions, err
	}
	return sessions, tx.Append(&Row{Change: CandidateErased, Entity: c.Key, Version: c.Version + 1, At: m.Now()})
}
