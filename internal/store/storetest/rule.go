package storetest

import (
	"errors"
	"maps"
	"testing"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

func rules() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"a rule comes back as it was": ruleRoundTrip,
		"a rule that nobody could read": func(t *testing.T, s market.Store) {
			for _, spoil := range []func(*rule.Rule){
				func(r *rule.Rule) { r.Must = condition.Condition{} },
				func(r *rule.Rule) { r.Prefer = []rule.Preference{{Weight: 1}} },
			} {
				r := newRule(1, 1)
				spoil(r)
				refused(t, s, "AddRule", errs.Internal, func(tx market.Tx) error { return tx.AddRule(r) })
			}
		},
		"saving a rule":                 savingRule,
		"what a rule asked before":      musts,
		"rules by company and position": rulesBy,
		"ids of many rules":             ruleIDs,
		"what all rules spent":          spending,
		"budgets":                       budgets,
		"budgets that are used up":      exhausted,
	}
}

// fullRule has a value in every field.
func fullRule(t *testing.T) *rule.Rule {
	t.Helper()
	r := newRule(2, 3)
	r.Must = parse(t, condition.Profiles, `{"all": [{"field": "occupation", "in": ["0312"], "min": 3},
		{"not": {"any": [{"field": "skill", "in": ["go"], "min": 2}, {"field": "remote_ok", "is": false}]}}]}`)
	r.Prefer = []rule.Preference{
		{Condition: parse(t, condition.Profiles, `{"field": "pay", "min": 400, "max": 800}`), Weight: 10},
		{Condition: condition.Always(), Weight: 1},
	}
	r.Age = &rule.AgeException{Exception: "3号イ", Min: 18, Max: 34, Reason: hard}
	r.State, r.Kind = rule.Paused, "casual"
	return r
}

func ruleRoundTrip(t *testing.T, s market.Store) {
	full, bare := fullRule(t), newRule(1, 1)
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddRule(full), tx.AddRule(bare)) })
	for _, r := range []*rule.Rule{full, bare} {
		write(t, s, func(tx market.Tx) error {
			got, err := tx.LockRule(r.Key)
			want(t, "LockRule", got, *r)
			return err
		})
		want(t, "Rule", load(t, s, func(tx market.Tx) (rule.Rule, error) { return tx.Rule(r.Key) }), *r)
		want(t, "RuleByID", load(t, s, func(tx market.Tx) (rule.Rule, error) { return tx.RuleByID(r.ID) }), *r)
	}
	missing(t, s, "Rule", func(tx market.Tx) (rule.Rule, error) { return tx.Rule(99) })
	missing(t, s, "RuleByID", func(tx market.Tx) (rule.Rule, error) { return tx.RuleByID(newRule(1, 1).ID) })
	refused(t, s, "LockRule", errs.NotFound, func(tx market.Tx) error { return second(tx.LockRule(99)) })
	same := newRule(1, 1)
	same.ID = full.ID
	refused(t, s, "AddRule of the same id", errs.Conflict, func(tx market.Tx) error { return tx.AddRule(same) })
}

func savingRule(t *testing.T, s market.Store) {
	r := newRule(1, 1)
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddRule(r), tx.Spend(r.Key, today, today, 4)) })
	full := fullRule(t)
	full.Key, full.ID, full.Version = r.Key, r.ID, 2
	write(t, s, func(tx market.Tx) error { return tx.SaveRule(full) })
	want(t, "Rule", load(t, s, func(tx market.Tx) (rule.Rule, error) { return tx.Rule(r.Key) }), *full)
	wantSpent(t, s, r.Key, 0, 4, 4)
	full.Version, full.Age, full.Prefer = 3, nil, nil
	write(t, s, func(tx market.Tx) error { return tx.SaveRule(full) })
	want(t, "Rule", load(t, s, func(tx market.Tx) (rule.Rule, error) { return tx.Rule(r.Key) }), *full)
	for _, version := range []int64{2, 3, 5} {
		stale := *full
		stale.Version = version
		refused(t, s, "SaveRule over another version", errs.Stale, func(tx market.Tx) error { return tx.SaveRule(&stale) })
	}
	gone := newRule(1, 1)
	gone.Key = 99
	refused(t, s, "SaveRule of none", errs.NotFound, func(tx market.Tx) error { return tx.SaveRule(gone) })
}

// musts edits a rule and asks what it asked at each version: what could send is kept.
func musts(t *testing.T, s market.Store) {
	asks := []condition.Condition{
		condition.Always(),
		parse(t, condition.Profiles, `{"field": "skill", "in": ["go"], "min": 2}`),
		parse(t, condition.Profiles, `{"any": [{"field": "remote_ok", "is": true}, {"field": "pay", "max": 800}]}`),
		parse(t, condition.Profiles, `{"field": "residence", "in": ["13"]}`),
	}
	r, other := newRule(1, 1), newRule(1, 1)
	r.State, r.Must = rule.Draft, asks[0]
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddRule(r), tx.AddRule(other)) })
	for i, state := range []rule.State{rule.Active, rule.Active, rule.Paused} {
		r.Version, r.State, r.Must = int64(i+2), state, asks[i+1]
		write(t, s, func(tx market.Tx) error { return tx.SaveRule(r) })
	}
	for version, ask := range map[int64]condition.Condition{2: asks[1], 3: asks[2], 4: asks[3]} {
		want(t, "Must", load(t, s, func(tx market.Tx) (condition.Condition, error) { return tx.Must(r.Key, version) }), ask)
	}
	want(t, "Must of a rule that was never edited", load(t, s, func(tx market.Tx) (condition.Condition, error) { return tx.Must(other.Key, 1) }), condition.Always())
	for _, at := range [][2]int64{{r.Key, 1}, {r.Key, 5}, {other.Key, 2}, {99, 1}} { // a draft sends nothing
		missing(t, s, "Must", func(tx market.Tx) (condition.Condition, error) { return tx.Must(at[0], at[1]) })
	}
	stale := *r
	refused(t, s, "SaveRule over another version", errs.Stale, func(tx market.Tx) error { return tx.SaveRule(&stale) })
	want(t, "Must", load(t, s, func(tx market.Tx) (condition.Condition, error) { return tx.Must(r.Key, 4) }), asks[3])
}

func rulesBy(t *testing.T, s market.Store) {
	var list []*rule.Rule
	write(t, s, func(tx market.Tx) error {
		for i := range int64(6) {
			r := newRule(1+i%2, 10+i%3)
			list = append(list, r)
			if err := tx.AddRule(r); err != nil {
				return err
			}
		}
		return nil
	})
	get := func(fn func(market.Tx) ([]rule.Rule, error)) []int64 {
		return keys(load(t, s, fn), func(r *rule.Rule) int64 { return r.Key })
	}
	at := func(is ...int) (out []int64) {
		for _, i := range is {
			out = append(out, list[i].Key)
		}
		return out
	}
	want(t, "Rules", get(func(tx market.Tx) ([]rule.Rule, error) { return tx.Rules(0, 4) }), at(0, 1, 2, 3))
	want(t, "Rules after", get(func(tx market.Tx) ([]rule.Rule, error) { return tx.Rules(list[3].Key, 4) }), at(4, 5))
	want(t, "RulesOf", get(func(tx market.Tx) ([]rule.Rule, error) { return tx.RulesOf(1, 0, 2) }), at(0, 2))
	want(t, "RulesOf after", get(func(tx market.Tx) ([]rule.Rule, error) { return tx.RulesOf(1, list[2].Key, 2) }), at(4))
	want(t, "RulesOfPosition", get(func(tx market.Tx) ([]rule.Rule, error) { return tx.RulesOfPosition(10) }), at(0, 3))
	list[0].Version, list[0].Position, list[0].Company = 2, 11, 2
	write(t, s, func(tx market.Tx) error { return tx.SaveRule(list[0]) })
	want(t, "RulesOfPosition that one left", get(func(tx market.Tx) ([]rule.Rule, error) { return tx.RulesOfPosition(10) }), at(3))
	want(t, "RulesOfPosition that one joined", get(func(tx market.Tx) ([]rule.Rule, error) { return tx.RulesOfPosition(11) }), at(0, 1, 4))
	want(t, "RulesOf that one joined", get(func(tx market.Tx) ([]rule.Rule, error) { return tx.RulesOf(2, 0, 9) }), at(0, 1, 3, 5))
}

func ruleIDs(t *testing.T, s market.Store) {
	a, b := newRule(1, 1), newRule(2, 1)
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddRule(a), tx.AddRule(b)) })
	for _, c := range []struct {
		keys []int64
		want map[int64]uuid.UUID
	}{
		{nil, map[int64]uuid.UUID{}},
		{[]int64{99}, map[int64]uuid.UUID{}},
		{[]int64{b.Key, a.Key, b.Key}, map[int64]uuid.UUID{a.Key: a.ID, b.Key: b.ID}},
		{many(b.Key), map[int64]uuid.UUID{b.Key: b.ID}},
	} {
		want(t, "RuleIDs", load(t, s, func(tx market.Tx) (map[int64]uuid.UUID, error) { return tx.RuleIDs(c.keys) }), c.want)
	}
}

// spending compares SpendingOf with what Spent and Reserved give of each rule.
func spending(t *testing.T, s market.Store) {
	list := []*rule.Rule{newRule(1, 1), newRule(1, 2), newRule(1, 3), newRule(2, 4)}
	write(t, s, func(tx market.Tx) error {
		for _, r := range list {
			if err := tx.AddRule(r); err != nil {
				return err
			}
		}
		return errors.Join(tx.Spend(list[0].Key, today-1, today-1, 9), tx.Spend(list[0].Key, today, today, 3), tx.Spend(list[1].Key, today-1, today, 2),
			tx.Spend(list[3].Key, today, today, 5))
	})
	for i, on := range []day.Day{today, today, today - 1, today - 2, today} {
		of := list[map[int]int{3: 1, 4: 3}[i]]
		addOffers(t, s, with(newOffer(int64(i+1), 1), func(o *offer.Offer) {
			o.Company, o.Rule, o.Position, o.State, o.SentDay = of.Company, of.Key, of.Position, offer.Reserved, on
		}))
	}
	addOffers(t, s, with(newOffer(9, 1), func(o *offer.Offer) { o.Rule = list[0].Key }),
		with(newOffer(9, 1), func(o *offer.Offer) { o.Rule, o.Position, o.Sender, o.State = 0, 9, offer.Scout, offer.Reserved }))
	for company, rules := range map[int64][]*rule.Rule{1: list[:3], 2: list[3:], 3: nil} {
		all := load(t, s, func(tx market.Tx) (map[int64]market.Spending, error) { return tx.SpendingOf(company, today) })
		one := load(t, s, func(tx market.Tx) (map[int64]market.Spending, error) {
			out := map[int64]market.Spending{}
			for _, r := range rules {
				var x market.Spending
				var a, b error
				x.Today, x.Total, a = tx.Spent(r.Key, today)
				x.ReservedToday, x.Reserved, b = tx.Reserved(r.Key, today)
				if err := errors.Join(a, b); err != nil {
					return nil, err
				}
				if x != (market.Spending{}) {
					out[r.Key] = x
				}
			}
			return out, nil
		})
		maps.DeleteFunc(all, func(_ int64, x market.Spending) bool { return x == market.Spending{} })
		want(t, "SpendingOf", all, one)
	}
	want(t, "Spending of a rule with all", load(t, s, func(tx market.Tx) (map[int64]market.Spending, error) { return tx.SpendingOf(1, today) })[list[0].Key],
		market.Spending{Today: 3, Total: 12, ReservedToday: 2, Reserved: 3})
}

func wantSpent(t *testing.T, s market.Store, key int64, offset day.Day, onDay, inAll int) {
	t.Helper()
	if err := s.Read(t.Context(), func(tx market.Tx) error {
		gotDay, gotAll, err := tx.Spent(key, today+offset)
		if gotDay != onDay || gotAll != inAll {
			t.Errorf("Spent(%d, %+d) = %d, %d, want %d, %d", key, offset, gotDay, gotAll, onDay, inAll)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

func budgets(t *testing.T, s market.Store) {
	a, b := newRule(1, 1), newRule(1, 1)
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddRule(a), tx.AddRule(b)) })
	wantSpent(t, s, a.Key, 0, 0, 0)
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.Spend(a.Key, today, today, 3), tx.Spend(a.Key, today, today, 2), tx.Spend(a.Key, today+1, today+1, 4),
			tx.Spend(a.Key, today, today, 0), tx.Spend(b.Key, today, today, 7), tx.Spend(a.Key, today, today, -1))
	})
	wantSpent(t, s, a.Key, 0, 4, 8)
	wantSpent(t, s, a.Key, 1, 4, 8)
	wantSpent(t, s, a.Key, -1, 0, 8)
	wantSpent(t, s, b.Key, 0, 7, 7)
	refused(t, s, "Spend that gives back more than was used", errs.Conflict, func(tx market.Tx) error {
		return tx.Spend(a.Key, today, today, -5)
	})
	write(t, s, func(tx market.Tx) error { return tx.Spend(a.Key, today, today, -4) })
	wantSpent(t, s, a.Key, 0, 0, 4)
	refused(t, s, "Spend of no rule", errs.NotFound, func(tx market.Tx) error { return tx.Spend(99, today, today, 1) })
	err := s.Read(t.Context(), func(tx market.Tx) error {
		_, _, err := tx.Spent(99, today)
		return err
	})
	wantKind(t, "Spent of no rule", err, errs.NotFound)
}

func exhausted(t *testing.T, s market.Store) {
	var list [6]*rule.Rule
	write(t, s, func(tx market.Tx) error {
		for i := range list {
			list[i] = newRule(1, 1) // ten a day
			if i == 4 {
				list[i].State = rule.Paused
			}
			if err := tx.AddRule(list[i]); err != nil {
				return err
			}
		}
		return errors.Join(tx.Spend(list[4].Key, today, today, 11), tx.Spend(list[0].Key, today, today, 10), tx.Spend(list[1].Key, today, today, 9),
			tx.Spend(list[2].Key, today-1, today-1, 10), tx.Spend(list[3].Key, today, today, 12), tx.Spend(list[3].Key, today, today, -3))
	})
	of := func(d day.Day) []int64 {
		return load(t, s, func(tx market.Tx) ([]int64, error) { return tx.Exhausted(d) })
	}
	want(t, "Exhausted", of(today), []int64{list[0].Key, list[4].Key})
	want(t, "Exhausted the day before", of(today-1), []int64{list[2].Key})
	want(t, "Exhausted tomorrow", of(today+1), nil)
	list[1].Version, list[1].DailyBudget = 2, 9
	list[0].Version, list[0].DailyBudget = 2, 11
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.SaveRule(list[0]), tx.SaveRule(list[1])) })
	want(t, "Exhausted by other budgets", of(today), []int64{list[1].Key, list[4].Key})
	// A breach lowers the budgets of its company, below what was used perhaps.
	other := newRule(2, 2)
	b := offer.Breach{ID: uuid.New(), Offer: 1, Company: 1, Promise: offer.PromiseDate, Day: today - 200, At: when}
	write(t, s, func(tx market.Tx) error {
		if err := errors.Join(tx.AddRule(other), tx.AddBreach(&b)); err != nil {
			return err
		}
		return tx.Spend(other.Key, today, today, 9)
	})
	want(t, "Exhausted, perhaps, by a breach", of(today), []int64{list[0].Key, list[1].Key, list[3].Key, list[4].Key})
	if err := b.SetAside(9, "理由", when); err != nil {
		t.Fatalf("set a breach aside: %v", err)
	}
	write(t, s, func(tx market.Tx) error { return tx.SaveBreach(&b) })
	want(t, "Exhausted once the breach is set aside", of(today), []int64{list[1].Key, list[4].Key})
}
