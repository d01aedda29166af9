package market

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// Run walks the change log, makes the offers that are due and keeps the day,
// until ctx ends. It is a lifecycle service.
func (m *Market) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		err := m.Tend(ctx)
		if err == nil {
			err = m.Drain(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			m.log.ErrorContext(ctx, "the matcher stopped at a row and tries it again", "matched", m.matched.Load(), "error", err)
			if errs.Is(err, errs.Busy) || errs.Is(err, errs.Internal) {
				select { // a full disk or a broken row is not mended by haste
				case <-ctx.Done():
					return nil
				case <-tick.C:
				}
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-m.kick:
		case <-tick.C:
		}
	}
}

// Tend is the scheduler's round: it begins the day if the clock has passed
// midnight in Tokyo, and ends what is due.
func (m *Market) Tend(ctx context.Context) error {
	if now := day.Of(m.Now()); now > m.Today() {
		if err := m.beginDays(ctx, now); err != nil {
			return err
		}
	}
	return m.endDue(ctx, m.Now())
}

// beginDays writes a row for each day up to one.
func (m *Market) beginDays(ctx context.Context, until day.Day) error {
	return m.store.Write(ctx, func(tx Tx) error {
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
	now := m.Now()
	if to <= day.Of(now) {
		return errs.AtPointer("/day", strconv.Quote(to.String()), "a day after "+day.Of(now).String())
	}
	if to > day.Of(now)+mostDaysAhead {
		return errs.AtPointer("/day", strconv.Quote(to.String()), fmt.Sprintf("at most %d days ahead", mostDaysAhead))
	}
	offset := m.offset.Load() + int64(to.At(9).Sub(now))
	err := m.store.Write(ctx, func(tx Tx) error {
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

// Drain handles every row of the log that is not yet matched.
func (m *Market) Drain(ctx context.Context) error {
	m.matching.Lock()
	defer m.matching.Unlock()
	stored := m.matched.Load()
	for {
		if err := m.Follow(ctx); err != nil {
			return err
		}
		var rows []Row
		err := m.read(ctx, func(tx Tx) error {
			var err error
			rows, err = tx.Rows(m.matched.Load(), loadPage)
			return err
		})
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if len(rows) == 0 {
			break
		}
		for _, row := range rows {
			if err := m.handle(ctx, row); err != nil {
				return fmt.Errorf("row %d (%s %d): %w", row.Pos, row.Change, row.Entity, err)
			}
			m.matched.Store(row.Pos)
		}
	}
	if m.matched.Load() == stored {
		return nil
	}
	return m.store.Write(ctx, func(tx Tx) error {
		return tx.SetSetting(settingMatched, strconv.FormatInt(m.matched.Load(), 10))
	})
}

// handle makes the offers that follow from a row. Rows that only take away,
// and the matcher's own, are stepped over.
func (m *Market) handle(ctx context.Context, row Row) error {
	var proposals []Proposal
	var err error
	switch row.Change {
	case CandidateChanged, BlockRemoved:
		proposals, err = m.forCandidates(ctx, []int64{row.Entity})
	case RuleChanged:
		proposals, err = m.forRules(ctx, []int64{row.Entity})
	case PositionChanged, CompanyChanged:
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
		today := m.Today()
		for _, key := range keys {
			part, err := m.forRule(tx, key, today)
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

func (m *Market) forRule(tx Tx, key int64, today day.Day) ([]Proposal, error) {
	r, err := tx.Rule(key)
	if err != nil || !r.Sends(today) {
		return nil, notFoundIsNil(err)
	}
	o, err := loadOffering(tx, r)
	if err != nil {
		return nil, err
	}
	if spent, total, err := tx.Spent(key, today); err != nil || m.options.Mode == Auto && (spent >= r.DailyBudget || total >= r.TotalBudget) {
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

func sortedKeys(set map[int64]bool) []int64 {
	out := make([]int64, 0, len(set))
	for key := range set {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// forDay begins the log's day: it ends what expires, and gives what is due from
// the rules and to the candidates that waited, and from the rules of which a
// date may have brought someone in.
func (m *Market) forDay(ctx context.Context, d day.Day) ([]Proposal, error) {
	if d > m.Today() {
		err := m.store.Write(ctx, func(tx Tx) error {
			if err := tx.SetSetting(settingDay, d.String()); err != nil {
				return err
			}
			return m.loadAnswersOn(tx, d)
		})
		if err != nil {
			return nil, err
		}
		m.today.Store(int32(d))
	}
	if err := m.endDue(ctx, m.moment(d)); err != nil {
		return nil, err
	}
	if err := m.expire(ctx, d); err != nil {
		return nil, err
	}
	if err := m.Follow(ctx); err != nil {
		return nil, err
	}
	var out []Proposal
	err := m.read(ctx, func(tx Tx) error {
		rules, candidates, err := m.waiting(tx, d)
		if err != nil {
			return err
		}
		for _, key := range rules {
			part, err := m.forRule(tx, key, d)
			if err != nil {
				return err
			}
			out = append(out, part...)
		}
		for _, key := range candidates {
			part, err := m.forCandidate(tx, key, d)
			if err != nil {
				return err
			}
			out = append(out, part...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sortProposals(out)
	return slices.CompactFunc(out, func(a, b Proposal) bool { return a.Rule == b.Rule && a.Candidate == b.Candidate }), nil
}

// waiting gives the rules and candidates that a new day starts again: rules
// whose daily budget was used up the day before or whose conditions a date can
// turn true, and candidates whose room was full and is not any more.
func (m *Market) waiting(tx Tx, d day.Day) (rules, candidates []int64, err error) {
	for after := int64(0); ; {
		page, err := tx.Rules(after, loadPage)
		if err != nil {
			return nil, nil, err
		}
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			if !r.Sends(d) {
				continue
			}
			yesterday, _, err := tx.Spent(r.Key, d-1)
			if err != nil {
				return nil, nil, err
			}
			if yesterday >= r.DailyBudget || datesMayTurn(&r, d) {
				rules = append(rules, r.Key)
			}
		}
		after = page[len(page)-1].Key
	}
	before, err := tx.AllTaken(d - candidate.LimitDays)
	if err != nil {
		return nil, nil, err
	}
	now, err := tx.AllTaken(d - (candidate.LimitDays - 1))
	if err != nil {
		return nil, nil, err
	}
	for key, taken := range before {
		who, ok := m.people.findPerson(key)
		if ok && taken >= who.limit && now[key] < who.limit {
			candidates = append(candidates, key)
		}
	}
	slices.Sort(candidates)
	return rules, candidates, nil
}

// datesMayTurn says whether the passing of a day can make the rule match
// someone whom it did not match the day before.
func datesMayTurn(r *rule.Rule, d day.Day) bool {
	if r.Age != nil && d == d.Month().First() {
		return true
	}
	return mayTurnTrue(r.Must, true)
}

// mayTurnTrue says whether a condition can become true (or, if not wanted,
// false) by the passing of days alone: days since activity only grow, days
// until availability only shrink.
func mayTurnTrue(c condition.Condition, wanted bool) bool {
	switch c.Op {
	case condition.All, condition.Any:
		return slices.ContainsFunc(c.Kids, func(k condition.Condition) bool { return mayTurnTrue(k, wanted) })
	case condition.Not:
		return slices.ContainsFunc(c.Kids, func(k condition.Condition) bool { return mayTurnTrue(k, !wanted) })
	case condition.Range:
		switch c.Field {
		case "last_active_days":
			return wanted && c.Min != nil || !wanted && c.Max != nil
		case "available_in_days":
			return wanted && c.Max != nil || !wanted && c.Min != nil
		}
	}
	return false
}

// endPage is how many offers one transaction ends.
const endPage = 500

// expire ends the offers and the rules whose last day has passed.
func (m *Market) expire(ctx context.Context, d day.Day) error {
	for {
		more := false
		err := m.store.Write(ctx, func(tx Tx) error {
			ending, err := tx.Ending(d, endPage)
			if err != nil {
				return err
			}
			more = len(ending) == endPage
			for i := range ending {
				if err := m.advance(tx, &ending[i], offer.Expire, m.moment(d)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("expire offers: %w", err)
		}
		if !more {
			break
		}
	}
	return m.store.Write(ctx, func(tx Tx) error { return m.expireRules(tx, d) })
}

func (m *Market) expireRules(tx Tx, d day.Day) error {
	for after := int64(0); ; {
		page, err := tx.Rules(after, loadPage)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return nil
		}
		for _, r := range page {
			if r.State != rule.Active || r.Expires >= d {
				continue
			}
			r.State, r.Version = rule.Expired, r.Version+1
			if err := tx.SaveRule(&r); err != nil {
				return fmt.Errorf("expire rule %d: %w", r.Key, err)
			}
			if err := tx.Append(&Row{Change: RuleLess, Entity: r.Key, Version: r.Version, At: m.moment(d)}); err != nil {
				return err
			}
		}
		after = page[len(page)-1].Key
	}
}

// endDue takes the steps whose time has come: what waited for a confirmation
// lapses and gives back what it took.
func (m *Market) endDue(ctx context.Context, now time.Time) error {
	for {
		n := 0
		err := m.store.Write(ctx, func(tx Tx) error {
			due, err := tx.Due(now, endPage)
			if err != nil {
				return err
			}
			n = len(due)
			for i := range due {
				if err := m.end(tx, &due[i], now); err != nil {
					return fmt.Errorf("offer %d: %w", due[i].Key, err)
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("end what is due: %w", err)
		}
		if n < endPage {
			return nil
		}
	}
}

func (m *Market) end(tx Tx, o *offer.Offer, now time.Time) error {
	o.DueAt = time.Time{}
	if o.State == offer.Declined { // the time to undo has passed
		o.Version++
		if err := tx.SaveOffer(o); err != nil {
			return err
		}
		return tx.Append(&Row{Change: OfferChanged, Entity: o.Key, Version: o.Version, At: now})
	}
	reserved := o.State == offer.Reserved
	if err := m.advance(tx, o, offer.Lapse, now); err != nil {
		return err
	}
	if !reserved {
		return nil
	}
	if err := tx.Spend(o.Rule, o.SentDay, -1); err != nil {
		return err
	}
	return tx.Append(
		&Row{Change: RuleChanged, Entity: o.Rule, Version: o.RuleVersion, At: now},
		&Row{Change: CandidateChanged, Entity: o.Candidate, Version: o.CandidateSeen, At: now},
	)
}

// advance takes a step of an offer's life and writes its row.
func (m *Market) advance(tx Tx, o *offer.Offer, a offer.Action, at time.Time) error {
	state, err := o.State.Next(a)
	if err != nil {
		return err
	}
	o.State, o.Version = state, o.Version+1
	if err := tx.SaveOffer(o); err != nil {
		return err
	}
	return tx.Append(&Row{Change: OfferChanged, Entity: o.Key, Version: o.Version, At: at})
}

// answersWithin is how soon a company must respond for an accepted offer to
// count as answered, answersDays how far back that is counted.
const (
	answersWithin = 7 * 24 * time.Hour
	answersDays   = 180
)

func (m *Market) loadAnswers(tx Tx) error { return m.loadAnswersOn(tx, m.Today()) }

func (m *Market) loadAnswersOn(tx Tx, d day.Day) error {
	all, err := tx.AllAnswers((d - answersDays).At(0).UTC(), answersWithin)
	if err != nil {
		return fmt.Errorf("count companies' answers: %w", err)
	}
	m.answers.Store(&all)
	return nil
}
