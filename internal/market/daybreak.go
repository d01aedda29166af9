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
		err := m.transact(ctx, func(tx Tx) error { return tx.SetSetting(settingDay, d.String()) })
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
	if err := m.breachClocks(ctx, d); err != nil {
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
			candidates = append(candidates, ended[i].Candidate)
			if ended[i].Rule != 0 {
				rules = append(rules, ended[i].Rule)
			}
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
// turn true, and candidates whose room was full and is not any more. Only those
// are looked at: the populations, which have followed the log up to the day's
// row, know the rules that have dates in them.
func (m *Market) waiting(tx Tx, d day.Day) (rules, candidates []int64, err error) {
	if rules, err = tx.Exhausted(d - 1); err != nil {
		return nil, nil, err
	}
	candidates, err = tx.Freed(d - candidate.LimitDays)
	rules = append(rules, m.people.datedOn(d)...)
	m.trials.each(func(_ int64, p *populations) { rules = append(rules, p.datedOn(d)...) })
	return rules, candidates, err
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

// expire ends the offers and the rules whose last day has passed.
func (m *Market) expire(ctx context.Context, d day.Day) error {
	for more := true; more; {
		var ending []offer.Offer
		err := m.read(ctx, func(tx Tx) error {
			var err error
			ending, err = tx.Ending(d, endPage)
			return err
		})
		if err == nil && len(ending) > 0 {
			err = m.transact(ctx, func(tx Tx) error { return m.expireThose(tx, ending, d) })
		}
		if err != nil {
			return fmt.Errorf("expire offers: %w", err)
		}
		more = len(ending) == endPage
	}
	return m.expireRules(ctx, d)
}

// expireThose ends those of some offers that have still not been answered.
func (m *Market) expireThose(tx Tx, list []offer.Offer, d day.Day) error {
	if _, err := lockAll("candidate", candidatesOf(list), tx.LockCandidate); err != nil {
		return err
	}
	ending, err := reread(tx, list, func(o *offer.Offer) bool { return Ends(o) && o.ExpiresOn < d })
	if err != nil {
		return err
	}
	for i := range ending {
		if err := advance(tx, &ending[i], offer.System, offer.Expire, m.moment(d)); err != nil {
			return fmt.Errorf("offer %d: %w", ending[i].Key, err)
		}
	}
	return nil
}

// over says whether a rule's last day has passed, which nobody has written yet.
func over(r *rule.Rule, d day.Day) bool { return r.State == rule.Active && r.Expires < d }

// expireRule ends a rule that was given a last day while that passed.
func (m *Market) expireRule(ctx context.Context, key int64) error {
	var r rule.Rule
	err := m.read(ctx, func(tx Tx) error {
		var err error
		r, err = tx.Rule(key)
		return notFoundIsNil(err)
	})
	d := m.Today()
	if err != nil || !over(&r, d) {
		return err
	}
	return m.transact(ctx, func(tx Tx) error { return m.expireRulesOf(tx, []rule.Rule{r}, d) })
}

func (m *Market) expireRules(ctx context.Context, d day.Day) error {
	for more := true; more; {
		var ending []rule.Rule
		err := m.read(ctx, func(tx Tx) error {
			var err error
			ending, err = tx.EndingRules(d, endPage)
			return err
		})
		if err == nil && len(ending) > 0 {
			err = m.transact(ctx, func(tx Tx) error { return m.expireRulesOf(tx, byKey(ending), d) })
		}
		if err != nil {
			return fmt.Errorf("expire rules: %w", err)
		}
		more = len(ending) == endPage
	}
	return nil
}

// expireRulesOf ends those of some rules that are still over.
func (m *Market) expireRulesOf(tx Tx, list []rule.Rule, d day.Day) error {
	for i := range list { // by key
		r, err := tx.LockRule(list[i].Key)
		if err != nil {
			return fmt.Errorf("lock rule %d: %w", list[i].Key, err)
		}
		if !over(&r, d) {
			continue
		}
		r.State, r.Version = rule.Expired, r.Version+1
		if err := tx.SaveRule(&r); err != nil {
			return fmt.Errorf("rule %d: %w", r.Key, err)
		}
		if err := tx.Append(&Row{Change: RuleLess, Entity: r.Key, Version: r.Version, At: m.moment(d)}); err != nil {
			return err
		}
		if err := m.audit(tx, Actor{Company: r.Company}, AuditExpireRule, SubjectRule, r.Key); err != nil {
			return err
		}
	}
	return nil
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
