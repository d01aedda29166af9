package market

import (
	"fmt"
	"math"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/rule"
)

type memoryRules struct {
	rules           table[rule.Rule]
	ruleID          map[uuid.UUID]int64
	rulesOf         index[int64] // by company
	rulesOfPosition index[int64]
	spent           map[int64]int
	spentBefore     map[int64]memorySpent
	spentOn         map[spendKey]int
	musts           map[version]*Must // of earlier versions that could send
}

// memorySpent is what a rule had used in all when a day began.
type memorySpent struct {
	on    day.Day
	spent int
}

type spendKey struct {
	rule int64
	on   day.Day
}

func newMemoryRules() memoryRules {
	return memoryRules{
		ruleID: map[uuid.UUID]int64{}, rulesOf: index[int64]{}, rulesOfPosition: index[int64]{},
		spent: map[int64]int{}, spentBefore: map[int64]memorySpent{}, spentOn: map[spendKey]int{},
		musts: map[version]*Must{},
	}
}

func storedRule(r *rule.Rule) *rule.Rule {
	row := *r
	row.Prefer = slices.Clip(r.Prefer)
	return &row
}

func (t *memoryTx) AddRule(r *rule.Rule) error {
	if err := t.writing(); err != nil {
		return err
	}
	if err := CheckRule(r); err != nil {
		return err
	}
	if _, ok := t.ruleID[r.ID]; ok {
		return twice("the rule")
	}
	row := storedRule(r)
	row.Key = t.rules.next()
	t.rules.add(t, row)
	put(t, t.ruleID, r.ID, row.Key)
	t.rulesOf.add(t, r.Company, row.Key)
	t.rulesOfPosition.add(t, r.Position, row.Key)
	r.Key = row.Key
	return nil
}

func (t *memoryTx) Rule(key int64) (rule.Rule, error) { return found(t, &t.rules, "rule", key) }

func (t *memoryTx) LockRule(key int64) (rule.Rule, error) { return locked(t, &t.rules, "rule", key) }

func (t *memoryTx) RuleByID(id uuid.UUID) (rule.Rule, error) { return t.Rule(t.ruleID[id]) }

func (t *memoryTx) SaveRule(r *rule.Rule) error {
	if err := t.writing(); err != nil {
		return err
	}
	if err := CheckRule(r); err != nil {
		return err
	}
	before := t.rules.find(r.Key)
	if before == nil {
		return missing("rule")
	}
	if before.Version != r.Version-1 {
		return stale("rule")
	}
	t.rulesOf.move(t, before.Company, r.Company, r.Key)
	t.rulesOfPosition.move(t, before.Position, r.Position, r.Key)
	if before.State == rule.Active {
		put(t, t.musts, version{r.Key, before.Version}, &Must{r.Key, before.Version, before.Must})
	}
	row := storedRule(r)
	row.ID = before.ID
	t.rules.put(t, r.Key, row)
	return nil
}

func (t *memoryTx) Must(key, of int64) (condition.Condition, error) {
	if err := t.ready(); err != nil {
		return condition.Condition{}, err
	}
	if r := t.rules.find(key); r != nil && r.Version == of {
		return r.Must, nil
	}
	if m := t.musts[version{key, of}]; m != nil {
		return m.Must, nil
	}
	return condition.Condition{}, missing("rule")
}

func (t *memoryTx) Rules(after int64, limit int) ([]rule.Rule, error) {
	return t.rules.page(after, limit), t.ready()
}

func (t *memoryTx) RulesOf(company, after int64, limit int) ([]rule.Rule, error) {
	return oldest(&t.rules, t.rulesOf.above(company, after), limit), t.ready()
}

func (t *memoryTx) RulesOfPosition(position int64) ([]rule.Rule, error) {
	return oldest(&t.rules, t.rulesOfPosition[position], math.MaxInt), t.ready()
}

func (t *memoryTx) RuleIDs(keys []int64) (map[int64]uuid.UUID, error) {
	ids := map[int64]uuid.UUID{}
	for _, r := range byKeys(&t.rules, keys) {
		ids[r.Key] = r.ID
	}
	return ids, t.ready()
}

func (t *memoryTx) SpendingOf(company int64, on day.Day) (map[int64]Spending, error) {
	all := map[int64]Spending{}
	for _, key := range t.rulesOf[company] {
		today, total, err := t.Spent(key, on)
		if err != nil {
			return nil, err
		}
		hiddenToday, hidden, err := t.Reserved(key, on)
		if err != nil {
			return nil, err
		}
		all[key] = Spending{today, total, hiddenToday, hidden}
	}
	return all, t.ready()
}

func (t *memoryTx) Spent(key int64, on day.Day) (today, total int, err error) {
	if err := t.ready(); err != nil {
		return 0, 0, err
	}
	if t.rules.find(key) == nil {
		return 0, 0, missing("rule")
	}
	return t.spentOn[spendKey{key, on}], t.spent[key], nil
}

func (t *memoryTx) Exhausted(on day.Day) ([]int64, error) {
	var out []int64
	for of, spent := range t.spentOn {
		r := t.rules.find(of.rule)
		if of.on != on || r == nil {
			continue
		}
		lowered, err := t.Counting(r.Company, 0)
		if err != nil {
			return nil, err
		}
		if spent >= r.DailyBudget || spent > 0 && lowered > 0 {
			out = append(out, of.rule)
		}
	}
	slices.Sort(out)
	return out, t.ready()
}

func (t *memoryTx) Spend(key int64, on, today day.Day, n int) error {
	if err := t.writing(); err != nil {
		return err
	}
	used, total, err := t.Spent(key, on)
	if err != nil {
		return err
	}
	if used+n < 0 {
		return errs.New(errs.Conflict, fmt.Sprintf("rule %d has spent %d on %s and cannot give back %d", key, used, on, -n))
	}
	if t.spentBefore[key].on < today {
		put(t, t.spentBefore, key, memorySpent{today, total})
	}
	put(t, t.spentOn, spendKey{key, on}, used+n)
	put(t, t.spent, key, total+n)
	return nil
}

func (t *memoryTx) SpentBefore(today day.Day) (map[int64]int, error) {
	all := map[int64]int{}
	for key, total := range t.spent {
		if before := t.spentBefore[key]; before.on >= today {
			total = before.spent
		}
		if total > 0 {
			all[key] = total
		}
	}
	return all, t.ready()
}
