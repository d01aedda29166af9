package market

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/engine"
	"enishi/internal/errs"
)

// loadSearches loads the saved searches of which alerts are wanted, in place of
// what was there.
func (m *Market) loadSearches(ctx context.Context, turn int64) error {
	if err := m.people.forgetSearches(); err != nil {
		return err
	}
	b := newBatch()
	err := m.read(ctx, func(tx Tx) error {
		b = newBatch()
		for after := int64(0); ; {
			list, err := tx.Alerting(after, loadPage)
			if err != nil || len(list) == 0 {
				return err
			}
			for i := range list {
				if err := m.people.putSearch(b, &list[i], turn); err != nil {
					return err
				}
			}
			after = list[len(list)-1].Key
		}
	})
	if err != nil {
		return fmt.Errorf("load saved searches: %w", err)
	}
	return m.people.searches.Load().Apply(b.searches)
}

// putSearch adds a saved search's present state. Its entry only proposes: a leaf
// on text stands there for whatever lets most people in.
func (p *populations) putSearch(b *batch, s *SavedSearch, version int64) error {
	change := engine.Change{Entry: engine.Entry{ID: s.Key}, Delete: !s.Alerts, Version: version}
	if s.Alerts {
		var err error
		change.Entry.Cond, err = p.profiles.withText(s.Condition, nil, false, func(_ string, negated bool) engine.Cond {
			if negated {
				return engine.Cond{Op: engine.Any}
			}
			return engine.Cond{Op: engine.All}
		})
		if err != nil {
			return fmt.Errorf("saved search %d: %w", s.Key, err)
		}
	}
	b.searches = append(b.searches, change)
	return nil
}

// noteAlerts notes, for each of the saved searches that a candidate may have come to match,
// that they have: once for a pair, whatever becomes of them. It is the reverse
// side that is asked, as for rules; days that pass are no news.
func (m *Market) noteAlerts(ctx context.Context, key int64, proposed []int64) error {
	if len(proposed) == 0 {
		return nil
	}
	return m.transact(ctx, func(tx Tx) error {
		c, err := tx.LockCandidate(key)
		if err != nil || !c.Open {
			return notFoundIsNil(err)
		}
		if err := recallMask(tx, &c); err != nil {
			return err
		}
		today, err := logDay(tx)
		if err != nil {
			return err
		}
		for _, search := range proposed {
			s, err := tx.LockSearch(search)
			if notFoundIsNil(err) != nil {
				return err
			}
			if err != nil || !s.Alerts {
				continue
			}
			stands, err := alertStands(tx, &s, &c, today)
			if err != nil {
				return err
			}
			if !stands {
				continue
			}
			if err := tx.AddAlert(&Alert{Search: search, Candidate: key, At: m.Now()}); err != nil && !errs.Is(err, errs.Conflict) {
				return err
			}
		}
		return nil
	})
}

// proposeAlerts gives the searches that a candidate may have come to match, by
// key.
func (m *Market) proposeAlerts(ctx context.Context, key int64) (proposed []int64, err error) {
	searches := m.people.searches.Load().View()
	if searches.Len() == 0 {
		return nil, nil
	}
	err = m.read(ctx, func(tx Tx) error {
		proposed = nil
		c, err := tx.Candidate(key)
		if err != nil || !c.Open {
			return notFoundIsNil(err)
		}
		today := m.Today()
		doc, err := m.people.profiles.person(&c, &today)
		if err != nil {
			return err
		}
		done := m.engine(MatchWork)
		found := searches.Match(engine.Question{Doc: doc, Cond: engine.Cond{Op: engine.All}})
		done(Outcome{})
		if len(found) == 0 {
			return nil
		}
		known, err := tx.Alerted(key)
		if err != nil {
			return err
		}
		proposed = slices.DeleteFunc(found, func(s int64) bool {
			_, ok := slices.BinarySearch(known, s)
			return ok
		})
		return nil
	})
	return proposed, err
}

// alertStands says, on rows, whether a candidate matches a saved search and may
// be known to its company. The candidate must have a mask.
func alertStands(tx Tx, s *SavedSearch, c *candidate.Candidate, today day.Day) (bool, error) {
	k, err := tx.Company(s.Company)
	if err != nil {
		return false, fmt.Errorf("company of search %d: %w", s.Key, err)
	}
	if c.Trial != k.Trial || !c.Open || k.Status != company.Verified {
		return false, nil
	}
	group, err := groupOf(tx, k)
	if err != nil || c.Blocked(k.Number, group) {
		return false, err
	}
	record := c.Record(today)
	record.Text = candidate.FoldedText(c.Masked())
	return s.Condition.Holds(record), nil
}

// AlertCard is somebody who has come to match a saved search.
type AlertCard struct {
	Card
	At  time.Time
	New bool // not read before
}

// Alerts gives a page of those who have come to match a saved search since it
// was saved and still do, the newest first, before a key (0: the newest), and
// the key to go on from (0: none). Whoever has closed their account or blocked
// the company is not among them; who has an offer is. Reading the first page
// makes all read.
func (m *Market) Alerts(ctx context.Context, actor Actor, id uuid.UUID, before int64, limit int) (page []AlertCard, next int64, err error) {
	if err := actor.Role.May(account.SaveSearch); err != nil {
		return nil, 0, err
	}
	cards, err := m.vault.Cards(actor.CompanyID)
	if err != nil {
		return nil, 0, err
	}
	var s SavedSearch
	newest := int64(0)
	err = m.read(ctx, func(tx Tx) error {
		page, next = nil, 0
		if s, err = ownSearch(tx, actor, id); err != nil {
			return err
		}
		if _, err := verified(tx, actor); err != nil {
			return err
		}
		last, err := tx.Alerts(s.Key, 0, 1)
		if err != nil || len(last) == 0 {
			return err
		}
		newest = last[0].Key
		page, next, err = m.alerts(tx, cards, &s, before, limit)
		return err
	})
	if err != nil || before != 0 || newest <= s.Read {
		return page, next, err
	}
	if _, ok := m.paused(); ok {
		return page, next, nil // they are read when they are read again
	}
	err = m.transact(ctx, func(tx Tx) error { return notFoundIsNil(tx.MarkSearch(s.Key, newest, newest)) })
	return page, next, err
}

// alertRows is how many alerts are looked at at a time.
const alertRows = 100

func (m *Market) alerts(tx Tx, cards account.Cards, s *SavedSearch, before int64, limit int) (page []AlertCard, next int64, err error) {
	today, err := logDay(tx)
	if err != nil {
		return nil, 0, err
	}
	for {
		list, err := tx.Alerts(s.Key, before, alertRows)
		if err != nil {
			return nil, 0, err
		}
		for _, a := range list {
			c, err := alerted(tx, s, &a, today)
			if err != nil {
				return nil, 0, err
			}
			if c == nil {
				continue
			}
			if len(page) == limit {
				return page, before, nil
			}
			before = a.Key
			page = append(page, AlertCard{listed(cards, c, wordsOf(s.Condition), today), a.At, a.Key > s.Read})
		}
		if len(list) < alertRows {
			return page, 0, nil
		}
		before = list[len(list)-1].Key
	}
}

// alerted gives the candidate of an alert if it still stands, else nil.
func alerted(tx Tx, s *SavedSearch, a *Alert, today day.Day) (*candidate.Candidate, error) {
	c, err := tx.Candidate(a.Candidate)
	if err == nil {
		err = recallMask(tx, &c)
	}
	if err != nil {
		return nil, notFoundIsNil(err)
	}
	stands, err := alertStands(tx, s, &c, today)
	if err != nil || !stands {
		return nil, err
	}
	return &c, nil
}
