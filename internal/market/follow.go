package market

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
)

// Follow applies what has been committed since the last time to the
// populations, also what has no position in the log yet. It returns when
// everything committed before the call is applied. What it reads is as new as
// any read before it, so a change that is applied later replaces one that was
// applied earlier.
func (m *Market) Follow(ctx context.Context) error {
	before := m.begun.Load()
	m.following.Lock()
	defer m.following.Unlock()
	if m.begun.Load() > before && m.followed {
		return nil // another call has begun since, and has seen all that this one would
	}
	m.begun.Add(1)
	m.followed = false
	today, err := m.catchUp(ctx)
	for n := 0; errors.Is(err, errTrimmed) && n < mostRebuilds; n++ {
		m.report(ctx, "the populations are loaded again", err)
		if err = m.fill(ctx, m.turn+1, func(string, int) {}); err == nil {
			today, err = m.catchUp(ctx)
		}
	}
	if err != nil {
		return err
	}
	m.followed = true
	if today <= m.Today() {
		return nil
	}
	m.today.Store(int32(today))
	return m.loadAnswers(ctx)
}

// errTrimmed says that the log has lost rows that were not applied yet.
var errTrimmed = errors.New("the log is kept from a later position on")

// mostRebuilds: a log from which more than a load's time is removed during one
// is not kept for 30 days.
const mostRebuilds = 3

// catchUp reads what is new in one moment and applies it. It gives the log's
// day; errTrimmed if the log does not reach back far enough.
func (m *Market) catchUp(ctx context.Context) (today day.Day, err error) {
	var early map[int64]bool
	var told part
	err = m.read(ctx, func(tx Tx) error {
		told = part{}
		if today, err = m.refresh(tx); err != nil {
			return err
		}
		head, err := tx.Head()
		if err != nil {
			return err
		}
		if applied := m.people.applied.Load(); applied < head {
			trimmed, err := numberSetting(tx, settingTrimmed)
			if err != nil {
				return err
			}
			if applied < trimmed {
				return errTrimmed
			}
		}
		touched := newTouched()
		if early, err = m.addWaiting(tx, touched); err != nil {
			return err
		}
		if told, err = m.addRows(tx, touched, m.people.applied.Load(), head); err != nil {
			return err
		}
		b := newBatch()
		m.turn++
		if err := m.reload(tx, touched, b, m.turn); err != nil {
			return err
		}
		_, done := m.begin(ctx, Work{Kind: ApplyWork})
		err = m.apply(b)
		done(Outcome{Err: err})
		if err != nil {
			return err
		}
		m.people.applied.Store(head)
		return m.noteEnd(tx)
	})
	if err == nil {
		m.early = early
		m.wire.publish(told)
	}
	return today, err
}

// addRows notes the entries that the rows after one position up to another changed
// and were not applied before, and gives what those who listen are told of them.
func (m *Market) addRows(tx Tx, t *touched, from, to int64) (part, error) {
	told := part{from: from, to: to, whole: true}
	wanted := m.wire.wanted()
	for after := from; after < to; {
		rows, err := tx.Rows(after, loadPage)
		if err != nil {
			return told, fmt.Errorf("read the log after %d: %w", after, err)
		}
		for _, row := range rows {
			if m.early[row.ID] {
				continue
			}
			if err := t.add(tx, row); err != nil {
				return told, err
			}
		}
		if told.whole = wanted && to-from <= mostRowsOfAPart; told.whole {
			list, err := m.listen(tx, rows)
			if err != nil {
				return told, fmt.Errorf("whom rows of the log concern: %w", err)
			}
			told.news = append(told.news, list...)
		}
		after = rows[len(rows)-1].Pos
	}
	return told, nil
}

// noteEnd notes where the log ends, for those who ask a replica.
func (m *Market) noteEnd(tx Tx) error {
	if m.replica.Reader == nil {
		return nil
	}
	e, err := endOf(tx)
	if err == nil {
		m.replica.floor.note(e, m.options.Clock())
	}
	return err
}

// catchUpWithOthers lets a question see what other processes have answered
// before it, the asker's own writes above all. Without the database it is
// answered from what is known.
func (m *Market) catchUpWithOthers(ctx context.Context) {
	if !m.options.Shared {
		return
	}
	if err := m.Follow(ctx); err != nil {
		m.report(ctx, "a question is answered without what other processes have just written", err)
	}
}

// addWaiting notes the entries that rows changed which have no position yet
// and were not applied before, and gives all those rows.
func (m *Market) addWaiting(tx Tx, t *touched) (map[int64]bool, error) {
	rows, err := tx.Waiting()
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	all := make(map[int64]bool, len(rows))
	for _, row := range rows {
		all[row.ID] = true
		if m.early[row.ID] {
			continue
		}
		if err := t.add(tx, row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// refresh takes over what other processes may have changed of the
// installation, and gives the log's day.
func (m *Market) refresh(tx Tx) (day.Day, error) {
	offset, err := numberSetting(tx, settingOffset)
	if err != nil {
		return 0, err
	}
	if offset > m.offset.Load() { // the clock only moves forward
		m.offset.Store(offset)
	}
	return logDay(tx)
}

// touched are the entries that log rows changed.
type touched struct {
	candidates map[int64]bool
	rules      map[int64]bool
	searches   map[int64]bool
	gone       []int64 // companies, of trials
}

func newTouched() *touched {
	return &touched{candidates: map[int64]bool{}, rules: map[int64]bool{}, searches: map[int64]bool{}}
}

// add notes the entries that a row changed.
func (t *touched) add(tx Tx, row Row) error {
	switch row.Change {
	case CandidateChanged, CandidateLess, CandidateErased, BlockAdded, BlockRemoved:
		t.candidates[row.Entity] = true
	case RuleChanged, RuleLess:
		t.rules[row.Entity] = true
	case SearchChanged:
		t.searches[row.Entity] = true
	case PositionChanged, PositionLess:
		return t.addPosition(tx, row.Entity)
	case CompanyChanged, CompanyLess:
		return t.addCompany(tx, row.Entity)
	}
	return nil
}

func (t *touched) addPosition(tx Tx, key int64) error {
	rules, err := tx.RulesOfPosition(key)
	if err != nil {
		return fmt.Errorf("rules of position %d: %w", key, err)
	}
	for _, r := range rules {
		t.rules[r.Key] = true
	}
	return nil
}

// addCompany notes the rules of the company and of its whole group, since whom
// an employer's block covers follows from the group.
func (t *touched) addCompany(tx Tx, key int64) error {
	c, err := tx.Company(key)
	if errs.Is(err, errs.NotFound) {
		t.gone = append(t.gone, key)
		return nil
	}
	if err != nil {
		return err
	}
	members := []company.Company{c}
	if c.Status != company.Applied { // an applicant's claim binds nobody else
		if _, members, err = kindred(tx, c); err != nil {
			return err
		}
	}
	for _, member := range members {
		for after := int64(0); ; {
			rules, err := tx.RulesOf(member.Key, after, loadPage)
			if err != nil {
				return fmt.Errorf("rules of company %d: %w", member.Key, err)
			}
			if len(rules) == 0 {
				break
			}
			for _, r := range rules {
				t.rules[r.Key] = true
			}
			after = rules[len(rules)-1].Key
		}
	}
	return nil
}

// reload reads the present state of what was touched.
func (m *Market) reload(tx Tx, t *touched, b *batch, turn int64) error {
	for keys := range slices.Chunk(slices.Sorted(maps.Keys(t.candidates)), MostKeys) {
		found, err := tx.CandidatesOf(keys)
		if err != nil {
			return fmt.Errorf("reload candidates: %w", err)
		}
		for _, key := range keys {
			if len(found) == 0 || found[0].Key != key {
				b.erase(key, turn)
				m.trials.erase(b, key, turn)
				continue
			}
			if err := recallMask(tx, &found[0]); err != nil {
				return fmt.Errorf("reload candidate %d: %w", key, err)
			}
			if err := m.people.putCandidate(b, &found[0], turn); err != nil {
				return fmt.Errorf("reload candidate %d: %w", key, err)
			}
			found = found[1:]
		}
	}
	for key := range t.searches {
		s, err := tx.SavedSearch(key)
		if notFoundIsNil(err) != nil {
			return fmt.Errorf("reload search %d: %w", key, err)
		}
		s.Key = key
		if err := m.people.putSearch(b, &s, turn); err != nil {
			return err
		}
	}
	m.trials.dropOf(b, t.gone, turn)
	kin := kinship{}
	for key := range t.rules {
		r, err := tx.Rule(key)
		if errs.Is(err, errs.NotFound) {
			b.drop(key, turn)
			m.trials.drop(b, key, turn)
			continue
		}
		if err != nil {
			return fmt.Errorf("reload rule %d: %w", key, err)
		}
		o, err := loadOffering(tx, r, kin)
		if err != nil {
			return err
		}
		if err := m.people.putRule(b, o, turn); err != nil {
			return err
		}
	}
	return nil
}
