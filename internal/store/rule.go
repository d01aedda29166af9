package store

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

const ruleColumns = "id, uuid, version, company, position, kind, must, prefer, daily_budget, total_budget, expires," +
	" offer_days, age, state"

const insertRule = "INSERT INTO rule (uuid, version, company, position, kind, must, prefer, daily_budget, total_budget," +
	" expires, offer_days, age, state, spent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

// preference is a rule.Preference whose condition is still to be parsed.
type preference struct {
	Condition json.RawMessage `json:"condition"`
	Weight    int             `json:"weight"`
}

func scanRule(row scanner, r *rule.Rule) error {
	var (
		must, prefer string
		age          sql.NullString
	)
	if err := row.Scan(&r.Key, &r.ID, &r.Version, &r.Company, &r.Position, &r.Kind, &must, &prefer, &r.DailyBudget,
		&r.TotalBudget, &r.Expires, &r.OfferDays, &age, &r.State); err != nil {
		return err
	}
	var err error
	if r.Must, err = condition.Parse(condition.Profiles, []byte(must), false); err != nil {
		return &damaged{"rule", r.Key, "must", err}
	}
	if r.Prefer, err = preferences([]byte(prefer)); err != nil {
		return &damaged{"rule", r.Key, "prefer", err}
	}
	if age.Valid {
		r.Age = new(rule.AgeException)
		if err := json.Unmarshal([]byte(age.String), r.Age); err != nil {
			return &damaged{"rule", r.Key, "age", err}
		}
	}
	return nil
}

func preferences(data []byte) ([]rule.Preference, error) {
	var raw []preference
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	var all []rule.Preference
	for i, p := range raw {
		c, err := condition.Parse(condition.Profiles, p.Condition, false)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		all = append(all, rule.Preference{Condition: c, Weight: p.Weight})
	}
	return all, nil
}

// ruleDocuments gives the columns of a rule that are JSON.
func ruleDocuments(r *rule.Rule) (must, prefer string, age any, err error) {
	if err := market.CheckRule(r); err != nil {
		return "", "", nil, err
	}
	if must, err = text(r.Must); err != nil {
		return "", "", nil, err
	}
	if prefer, err = text(r.Prefer); err != nil || r.Age == nil {
		return must, prefer, nil, err
	}
	age, err = text(r.Age)
	return must, prefer, age, err
}

// ruleValues are the values of insertRule.
func ruleValues(r *rule.Rule) ([]any, error) {
	must, prefer, age, err := ruleDocuments(r)
	if err != nil {
		return nil, err
	}
	return []any{
		r.ID[:], r.Version, r.Company, r.Position, r.Kind, must, prefer, r.DailyBudget, r.TotalBudget, r.Expires,
		r.OfferDays, age, string(r.State), 0,
	}, nil
}

func (t *tx) AddRule(r *rule.Rule) error {
	values, err := ruleValues(r)
	if err != nil {
		return err
	}
	key, err := t.insert("add a rule", insertRule, values...)
	if err != nil {
		return err
	}
	r.Key = key
	return nil
}

func (t *tx) rule(where string, arg any) (rule.Rule, error) {
	return one(t, "rule", scanRule, "SELECT "+ruleColumns+" FROM rule WHERE "+where, arg)
}

func (t *tx) Rule(key int64) (rule.Rule, error) { return t.rule("id = ?", key) }

func (t *tx) LockRule(key int64) (rule.Rule, error) {
	lock, err := t.locked("a rule")
	if err != nil {
		return rule.Rule{}, err
	}
	return t.rule("id = ?"+lock, key)
}

func (t *tx) RuleByID(id uuid.UUID) (rule.Rule, error) { return t.rule("uuid = ?", id[:]) }

func (t *tx) SaveRule(r *rule.Rule) error {
	must, prefer, age, err := ruleDocuments(r)
	if err != nil {
		return err
	}
	if _, err := t.exec("keep what a rule asked", "INSERT INTO rule_version (rule, version, must)"+
		" SELECT id, version, must FROM rule WHERE id = ? AND version = ? AND state = ?", r.Key, r.Version-1, string(rule.Active)); err != nil {
		return err
	}
	return t.save("rule", r.Key, "UPDATE rule SET version = ?, company = ?, position = ?, kind = ?, must = ?, prefer = ?,"+
		" daily_budget = ?, total_budget = ?, expires = ?, offer_days = ?, age = ?, state = ? WHERE id = ? AND version = ?",
		r.Version, r.Company, r.Position, r.Kind, must, prefer, r.DailyBudget, r.TotalBudget, r.Expires, r.OfferDays, age,
		string(r.State), r.Key, r.Version-1)
}

func (t *tx) Must(key, version int64) (condition.Condition, error) {
	must, err := one(t, "rule", func(row scanner, text *string) error { return row.Scan(text) },
		"SELECT must FROM rule WHERE id = ? AND version = ? UNION ALL SELECT must FROM rule_version WHERE rule = ? AND version = ?",
		key, version, key, version)
	if err != nil {
		return condition.Condition{}, err
	}
	c, err := condition.Parse(condition.Profiles, []byte(must), false)
	if err != nil {
		return c, &damaged{"rule", key, fmt.Sprintf("must of version %d", version), err}
	}
	return c, nil
}

const insertMust = "INSERT INTO rule_version (rule, version, must) VALUES (?, ?, ?)"

func (t *tx) rules(where string, args ...any) ([]rule.Rule, error) {
	return list(t, "rules", scanRule, "SELECT "+ruleColumns+" FROM rule WHERE "+where, args...)
}

func (t *tx) Rules(after int64, limit int) ([]rule.Rule, error) {
	return t.rules("id > ? ORDER BY id LIMIT ?", after, limit)
}

func (t *tx) RulesOf(company, after int64, limit int) ([]rule.Rule, error) {
	return t.rules("company = ? AND id > ? ORDER BY id LIMIT ?", company, after, limit)
}

func (t *tx) RulesOfPosition(position int64) ([]rule.Rule, error) {
	return t.rules("position = ? ORDER BY id", position)
}

func (t *tx) RuleIDs(keys []int64) (map[int64]uuid.UUID, error) {
	ids := make(map[int64]uuid.UUID, len(keys))
	if len(keys) == 0 {
		return ids, nil
	}
	in, args := among(keys)
	err := each(t.ctx, t, "rules", func(row scanner) error {
		var key int64
		var id uuid.UUID
		err := row.Scan(&key, &id)
		ids[key] = id
		return err
	}, "SELECT id, uuid FROM rule WHERE id "+in, args...)
	return ids, err
}

func (t *tx) SpendingOf(company int64, on day.Day) (map[int64]market.Spending, error) {
	all := map[int64]market.Spending{}
	err := each(t.ctx, t, "rules", func(row scanner) error {
		var key int64
		var s market.Spending
		err := row.Scan(&key, &s.Today, &s.Total)
		all[key] = s
		return err
	}, "SELECT r.id, COALESCE(d.spent, 0), r.spent FROM rule r LEFT JOIN rule_day d ON d.rule = r.id AND d.day = ?"+
		" WHERE r.company = ?", on, company)
	if err != nil {
		return nil, err
	}
	err = each(t.ctx, t, "offers", func(row scanner) error {
		var key int64
		var today, total int
		err := row.Scan(&key, &today, &total)
		s := all[key]
		s.ReservedToday, s.Reserved = today, total
		all[key] = s
		return err
	}, "SELECT rule, SUM(sent_day = ?), COUNT(*) FROM offer WHERE company = ? AND state = ? AND rule IS NOT NULL GROUP BY rule",
		on, company, string(offer.Reserved))
	return all, err
}

func (t *tx) Spent(key int64, on day.Day) (today, total int, err error) {
	type spent struct{ today, total int }
	s, err := one(t, "rule", func(row scanner, s *spent) error { return row.Scan(&s.today, &s.total) },
		"SELECT COALESCE(d.spent, 0), r.spent FROM rule r LEFT JOIN rule_day d ON d.rule = r.id AND d.day = ?"+
			" WHERE r.id = ?", on, key)
	return s.today, s.total, err
}

func (t *tx) Exhausted(on day.Day) ([]int64, error) {
	return list(t, "rules", scanKey, "SELECT d.rule FROM rule_day d JOIN rule r ON r.id = d.rule"+
		" WHERE d.day = ? AND (d.spent >= r.daily_budget OR d.spent > 0 AND EXISTS"+
		" (SELECT 1 FROM breach b WHERE b.company = r.company AND b.set_aside_at IS NULL)) ORDER BY d.rule", on)
}

const insertSpend = "INSERT INTO rule_day (rule, day, spent) VALUES (?, ?, ?)"

func (t *tx) Spend(key int64, on, today day.Day, n int) error {
	if n == 0 {
		return nil
	}
	used, _, err := t.Spent(key, on)
	if err != nil {
		return err
	}
	if used+n < 0 {
		return errs.New(errs.Conflict, fmt.Sprintf("rule %d has spent %d on %s and cannot give back %d", key, used, on, -n))
	}
	// MySQL sees what is assigned before in the same statement: each reads only
	// what is assigned after it.
	if _, err := t.update("spend", "UPDATE rule SET spent_before = CASE WHEN spent_day < ? THEN spent ELSE spent_before END,"+
		" spent_day = CASE WHEN spent_day < ? THEN ? ELSE spent_day END, spent = spent + ? WHERE id = ?", today, today, today, n, key); err != nil {
		return err
	}
	found, err := t.update("spend", "UPDATE rule_day SET spent = spent + ? WHERE rule = ? AND day = ?", n, key, on)
	if err != nil || found > 0 {
		return err
	}
	_, err = t.exec("spend", insertSpend, key, on, n)
	return err
}

func (t *tx) SpentBefore(today day.Day) (map[int64]int, error) {
	all := map[int64]int{}
	const before = "CASE WHEN spent_day >= ? THEN spent_before ELSE spent END"
	err := each(t.ctx, t, "rules", func(row scanner) error {
		var key int64
		var spent int
		err := row.Scan(&key, &spent)
		all[key] = spent
		return err
	}, "SELECT id, "+before+" FROM rule WHERE "+before+" > 0", today, today)
	return all, err
}
