package market

import (
	"context"
	"fmt"
	"slices"
	"time"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// forDay begins the log's day: it ends what expires, and gives what is due from
// the rules and to the candidates that waited, and from the rules of which a
// date may have brought someone in.
func (m *Market) forDay(ctx context.Context, d day.Day) ([]Proposal, error) {
	if d > m.Today() {
		err := m.store.Write(ctx, func(tx Tx) error { return tx.SetSetting(settingDay, d.String()) })
		if err != nil {
			return nil, err
		}
		m.today.Store(int32(d))
		if err := m.loadAnswers(ctx); err != nil {
			return nil, err
		}
	}
	ended, err := m.endDue(ctx, m.moment(d))
	if err != nil {
		return nil, err
	}
	if err := m.expire(ctx, d); err != nil {
		return nil, err
	}
	if err := m.Follow(ctx); err != nil {
		return nil, err
	}
	var out []Proposal
	err = m.read(ctx, func(tx Tx) error {
		out = nil
		rules, candidates, err := m.waiting(tx, d)
		if err != nil {
			return err
		}
		for i := range ended {
			rules, candidates = append(rules, ended[i].Rule), append(candidates, ended[i].Candidate)
		}
		kin := kinship{}
		for _, key := range distinct(rules) {
			part, err := m.forRule(tx, key, d, kin)
			if err != nil {
				return err
			}
			out = append(out, part...)
		}
		for _, key := range distinct(candidates) {
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

// endDue takes the steps whose time has come, and gives the offers that lapsed
// and whose candidates and rules are to be matched again.
func (m *Market) endDue(ctx context.Context, now time.Time) (lapsed []offer.Offer, err error) {
	for {
		var due, again []offer.Offer
		err := m.store.Write(ctx, func(tx Tx) error {
			again = nil
			var err error
			if due, err = tx.Due(now, endPage); err != nil {
				return err
			}
			for i := range due {
				returned, err := m.end(tx, &due[i], now)
				if err != nil {
					return fmt.Errorf("offer %d: %w", due[i].Key, err)
				}
				if returned {
					again = append(again, due[i])
				}
			}
			return nil
		})
		if err != nil {
			return lapsed, fmt.Errorf("end what is due: %w", err)
		}
		lapsed = append(lapsed, again...)
		if len(due) < endPage {
			return lapsed, nil
		}
	}
}

// end ends what was pending about an offer, and says whether its candidate and
// its rule are to be matched again, for which it writes their rows.
func (m *Market) end(tx Tx, o *offer.Offer, now time.Time) (again bool, err error) {
	o.DueAt = time.Time{}
	if o.State == offer.Declined { // the time to undo has passed
		o.Version++
		if err := tx.SaveOffer(o); err != nil {
			return false, err
		}
		return false, tx.Append(&Row{Change: OfferChanged, Entity: o.Key, Version: o.Version, At: now})
	}
	reserved := o.State == offer.Reserved
	if err := m.advance(tx, o, offer.Lapse, now); err != nil {
		return false, err
	}
	// A batch that its company let lapse is asked again when the candidate, the
	// rule or the position next changes; where nobody is asked any more, it is
	// sent at once.
	if !reserved && m.options.Mode == Approve {
		return false, nil
	}
	if reserved {
		if err := tx.Spend(o.Rule, o.SentDay, -1); err != nil {
			return false, err
		}
	}
	return true, tx.Append(
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

// loadAnswers counts companies' answers as of the beginning of the log's day,
// also if the day is older when the process starts.
func (m *Market) loadAnswers(ctx context.Context) error {
	d := m.Today()
	var all map[int64]rule.Answers
	err := m.read(ctx, func(tx Tx) error {
		var err error
		all, err = tx.AllAnswers((d - answersDays).At(0).UTC(), d.At(0).UTC(), answersWithin)
		return err
	})
	if err != nil {
		return fmt.Errorf("count companies' answers: %w", err)
	}
	m.answers.Store(&all)
	return nil
}
