package market

import (
	"cmp"
	"slices"

	"enishi/internal/rule"
)

// expirePage ends a page of offers, then of rules, whose last day has passed.
// The matcher does so on the day's row; this finds what it did not come to.
func (m *Market) expirePage(tx Tx, p *page) (more bool, err error) {
	d, err := logDay(tx)
	if err != nil {
		return false, err
	}
	offers, err := tx.Ending(d, jobRows)
	if err != nil {
		return false, err
	}
	if len(offers) > 0 {
		p.changed += int64(len(offers))
		return true, m.expireThose(tx, offers, d)
	}
	rules, err := tx.EndingRules(d, jobRows)
	if err != nil || len(rules) == 0 {
		return false, err
	}
	p.changed += int64(len(rules))
	return len(rules) == jobRows, m.expireRulesOf(tx, byKey(rules), d)
}

// byKey orders rules as they are locked.
func byKey(list []rule.Rule) []rule.Rule {
	slices.SortFunc(list, func(a, b rule.Rule) int { return cmp.Compare(a.Key, b.Key) })
	return list
}
