package market

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// Tend is the scheduler's round: it begins the day if the clock has passed
// midnight in Tokyo, tells of planned maintenance, and ends what is due. While
// there is maintenance it does nothing: nothing is due then; nor does it while
// another process leads.
func (m *Market) Tend(ctx context.Context) error {
	m.tending.Lock()
	defer m.tending.Unlock()
	if fence := m.lead.Load(); fence != 0 {
		ctx = context.WithValue(ctx, fenceKey{}, fence)
	} else if m.options.Shared {
		return nil // another process's
	}
	err := m.tend(ctx)
	if _, ok := m.paused(); ok {
		return nil // what it was about waits
	}
	return err
}

func (m *Market) tend(ctx context.Context) error {
	if _, ok := m.paused(); ok {
		return nil
	}
	if err := m.announce(ctx); err != nil {
		return err
	}
	if now := day.Of(m.Now()); now > m.Today() {
		if err := m.beginDays(ctx, now); err != nil {
			return err
		}
	}
	// What is due on days that are still to be played is ended on them.
	until := m.Now()
	if end := (m.Today() + 1).At(0); until.After(end) {
		until = end.UTC()
	}
	_, err := m.endDue(ctx, until)
	return err
}

// beginDays writes a row for each day up to one.
func (m *Market) beginDays(ctx context.Context, until day.Day) error {
	return m.transact(ctx, func(tx Tx) error {
		if _, err := tx.LockSetting(settingLock); err != nil {
			return err
		}
		begun, err := numberSetting(tx, settingBegun)
		if err != nil {
			return err
		}
		for d := max(day.Day(begun), m.Today()) + 1; d <= until; d++ {
			if err := beginDay(tx, d, m.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// settingBegun is the last day that has its row; the log's day follows when
// the matcher reaches the row.
const settingBegun = "day_begun"

func beginDay(tx Tx, d day.Day, at time.Time) error {
	if err := tx.SetSetting(settingBegun, strconv.Itoa(int(d))); err != nil {
		return err
	}
	return tx.Append(&Row{Change: DayBegan, Entity: int64(d), Version: int64(d), At: at})
}

// MoveClock moves the installation's clock forward to nine in the morning of
// a day, and writes the row of each day between. A day that is not after the
// log's is Invalid.
func (m *Market) MoveClock(ctx context.Context, to day.Day) error {
	// The offset is read where it is written, so that of two moves at once
	// the second starts from the first.
	m.moving.Lock()
	defer m.moving.Unlock()
	var offset int64
	err := m.transact(ctx, func(tx Tx) error {
		if _, err := tx.LockSetting(settingLock); err != nil {
			return err
		}
		stored, err := numberSetting(tx, settingOffset)
		if err != nil {
			return err
		}
		now := m.options.Clock().Add(time.Duration(stored))
		if to <= day.Of(now) {
			return errs.AtPointer("/day", strconv.Quote(to.String()), "a day after "+day.Of(now).String())
		}
		if to > day.Of(now)+mostDaysAhead {
			return errs.AtPointer("/day", strconv.Quote(to.String()), fmt.Sprintf("at most %d days ahead", mostDaysAhead))
		}
		offset = stored + int64(to.At(9).Sub(now))
		return tx.SetSetting(settingOffset, strconv.FormatInt(offset, 10))
	})
	if err != nil {
		return err
	}
	m.offset.Store(offset)
	if err := m.beginDays(ctx, to); err != nil {
		return err
	}
	m.wake()
	return nil
}

// mostDaysAhead bounds one move of the clock: each day is played.
const mostDaysAhead = 3660

// Drain numbers the rows of the log that have no position yet, and handles
// every row that is not yet matched. It does nothing while another process
// leads, and fails with Stale once one has taken over. While there is
// maintenance it only follows.
func (m *Market) Drain(ctx context.Context) error {
	m.matching.Lock()
	defer m.matching.Unlock()
	if _, ok := m.paused(); ok {
		return m.Follow(ctx)
	}
	ctx, leads, err := m.leading(ctx)
	if err != nil || !leads {
		return err
	}
	err = m.drain(ctx)
	if _, ok := m.paused(); ok {
		return nil // a row that it stopped at is handled afterwards
	}
	return err
}

func (m *Market) drain(ctx context.Context) error {
	for {
		rows, err := m.unmatched(ctx)
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		// Only now, so that the populations hold at least what the rows say:
		// of two rows that make a pair, the later one must meet the earlier.
		if err := m.Follow(ctx); err != nil {
			return err
		}
		if len(rows) == 0 {
			return m.note(ctx)
		}
		for len(rows) > 0 {
			read := m.readAhead(ctx, rows)
			for i, row := range rows[:len(read)] {
				within, done := m.begin(ctx, Work{Kind: RowWork, Row: row})
				err := m.handle(within, row, read[i])
				done(Outcome{Err: err})
				if err != nil {
					return fmt.Errorf("row %d (%s %d): %w", row.Pos, row.Change, row.Entity, err)
				}
				m.matched.Store(row.Pos)
			}
			rows = rows[len(read):]
		}
	}
}

// unmatched gives the next rows to handle, of which none lacks its position.
func (m *Market) unmatched(ctx context.Context) (rows []Row, err error) {
	for {
		var waiting int64
		err := m.read(ctx, func(tx Tx) error {
			var err error
			if waiting, err = tx.Unnumbered(); err != nil || waiting > 0 {
				return err
			}
			rows, err = tx.Rows(m.matched.Load(), loadPage)
			return err
		})
		if err != nil || waiting == 0 {
			return rows, err
		}
		err = m.transact(ctx, func(tx Tx) error {
			_, err := tx.Number(numberPage)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("number the rows: %w", err)
		}
	}
}

// numberPage is how many rows one transaction numbers.
const numberPage = 500

// note writes the matcher's position once it has moved, at most every
// noteEvery: after a crash the rows since then are handled again, which
// changes nothing.
func (m *Market) note(ctx context.Context) error {
	now, matched := m.options.Clock(), m.matched.Load()
	if matched == m.notedAt || now.Sub(m.noted) < noteEvery {
		return nil
	}
	err := m.transact(ctx, func(tx Tx) error {
		return tx.SetSetting(settingMatched, strconv.FormatInt(matched, 10))
	})
	if err == nil {
		m.noted, m.notedAt = now, matched
	}
	return err
}

// noteEvery: as often as the scheduler's round, so that an idle installation is
// noted after one.
const noteEvery = time.Second

// handle makes the offers that follow from a row. Rows that only take away
// withdraw what the request that wrote them may have left, and the matcher's
// own are stepped over. What was read ahead of it is given; nil: nothing was.
func (m *Market) handle(ctx context.Context, row Row, ahead *asked) error {
	var proposals []Proposal
	var err error
	switch row.Change {
	case CandidateChanged, BlockRemoved:
		if ahead == nil {
			ahead = m.ask(ctx, row.Entity)
		}
		if ahead.err != nil {
			return ahead.err
		}
		proposals, err = ahead.proposals, m.noteAlerts(ctx, row.Entity, ahead.searches)
	case RuleChanged:
		if err = m.expireRule(ctx, row.Entity); err == nil {
			proposals, err = m.forRules(ctx, []int64{row.Entity})
		}
	case PositionLess:
		err = m.sweepPosition(ctx, row.Entity)
	case CompanyLess:
		err = m.sweepCompany(ctx, row.Entity)
	case CompanyChanged:
		if err = m.sweepCompany(ctx, row.Entity); err == nil {
			proposals, err = m.forRulesOf(ctx, row)
		}
	case PositionChanged:
		proposals, err = m.forRulesOf(ctx, row)
	case DayBegan:
		proposals, err = m.forDay(ctx, day.Day(row.Entity))
	}
	if err != nil || len(proposals) == 0 {
		return err
	}
	_, err = m.stepAll(ctx, proposals, Fence{Matched: row.Pos})
	return err
}

// forCandidates gives what is due to some candidates, best first.
func (m *Market) forCandidates(ctx context.Context, keys []int64) ([]Proposal, error) {
	var out []Proposal
	err := m.read(ctx, func(tx Tx) error {
		out = nil
		today := m.Today()
		for _, key := range keys {
			part, err := m.forCandidate(tx, key, today)
			if err != nil {
				return err
			}
			out = append(out, part...)
		}
		return nil
	})
	if len(keys) > 1 {
		sortProposals(out)
	}
	return out, err
}

func (m *Market) forCandidate(tx Tx, key int64, today day.Day) ([]Proposal, error) {
	c, err := tx.Candidate(key)
	if err != nil {
		return nil, notFoundIsNil(err)
	}
	if m.options.Mode == Auto {
		taken, err := tx.Taken(key, today-(candidate.LimitDays-1))
		if err != nil || taken >= c.WeeklyLimit {
			return nil, err
		}
	}
	positions, rules, err := tx.ReachedTo(key)
	if err != nil {
		return nil, err
	}
	return m.proposeTo(&c, positions, rules, today)
}

// forRules gives what is due from some rules, best first.
func (m *Market) forRules(ctx context.Context, keys []int64) ([]Proposal, error) {
	var out []Proposal
	err := m.read(ctx, func(tx Tx) error {
		out = nil
		today, kin := m.Today(), kinship{}
		for _, key := range keys {
			part, err := m.forRule(tx, key, today, kin)
			if err != nil {
				return err
			}
			out = append(out, part...)
		}
		return nil
	})
	if len(keys) > 1 {
		sortProposals(out)
	}
	return out, err
}

func (m *Market) forRule(tx Tx, key int64, today day.Day, kin kinship) ([]Proposal, error) {
	r, err := tx.Rule(key)
	if err != nil || !r.Sends(today) {
		return nil, notFoundIsNil(err)
	}
	o, err := loadOffering(tx, r, kin)
	if err != nil {
		return nil, err
	}
	breaches, err := breachesOf(tx, r.Company, today)
	if err != nil {
		return nil, err
	}
	daily := offer.DailyBudget(r.DailyBudget, breaches)
	if spent, total, err := tx.Spent(key, today); err != nil || m.options.Mode == Auto && (spent >= daily || total >= r.TotalBudget) {
		return nil, err
	}
	reached, err := tx.ReachedFor(key, r.Position)
	if err != nil {
		return nil, err
	}
	return m.proposeFor(o, reached, today)
}

// forRulesOf gives what is due from the rules of a position or company.
func (m *Market) forRulesOf(ctx context.Context, row Row) ([]Proposal, error) {
	t := newTouched()
	err := m.read(ctx, func(tx Tx) error { return t.add(tx, row) })
	if err != nil {
		return nil, err
	}
	return m.forRules(ctx, sortedKeys(t.rules))
}

func sortedKeys[T any](set map[int64]T) []int64 {
	out := make([]int64, 0, len(set))
	for key := range set {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}
