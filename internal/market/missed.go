package market

import (
	"cmp"
	"context"
	"math"
	"slices"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/engine"
)

// Missed is one leaf by which rules and the candidate did not come together: More of
// them would match if it alone were turned, or, if not Alone, miss each other by it and
// by more. It is advice as Prospect gives it, by the same rule.
type Missed struct {
	Gain
	Alone bool
}

// Why says why a candidate has no offer: how many rules match and wait for
// their budget or for the candidate's room, and which leaves others missed.
type Why struct {
	Waiting int
	Missed  []Missed
}

// mostMissed is how many leaves a candidate without offers is told.
const mostMissed = 3

// Why gives what stands between the actor and the rules that are active now.
func (m *Market) Why(ctx context.Context, actor Actor) (Why, error) {
	var out Why
	var c candidate.Candidate
	err := m.read(ctx, func(tx Tx) error {
		var err error
		if c, err = tx.Candidate(actor.Candidate); err != nil {
			return err
		}
		positions, rules, err := tx.ReachedTo(c.Key)
		if err != nil {
			return err
		}
		waiting, err := m.proposeTo(&c, positions, rules, m.Today())
		out.Waiting = len(waiting)
		return err
	})
	if err == nil && c.Open {
		out.Missed, err = m.missed(&c)
	}
	return out, err
}

// missed gives the three leaves that were most often missed between the actor
// and the rules that are active now: leaves that stand alone in the way, and
// where there is none of those, what one side misses while the other
// agrees, or if no side ever agrees, what the candidate wishes in vain.
func (m *Market) missed(c *candidate.Candidate) ([]Missed, error) {
	today, people := m.Today(), m.peopleOf(c.Trial)
	doc, err := m.people.profiles.person(c, &today)
	if err != nil {
		return nil, err
	}
	wishes, err := m.people.positions.condition(c.Wishes, nil)
	if err != nil {
		return nil, err
	}
	view := people.rules.View()
	var out []Missed
	for _, g := range m.gains(c, view, engine.Question{Doc: doc, Cond: wishes}, mostMissed) {
		out = append(out, Missed{g, true})
	}
	if len(out) > 0 {
		return out, nil
	}
	asking := view.Match(engine.Question{Doc: doc, Cond: engine.Cond{Op: engine.All}})
	if out = m.missedWishes(view, asking, c, wishes); len(out) > 0 {
		return out, nil
	}
	offering, err := some(view, wishes)
	if err != nil || len(offering) > 0 {
		return missedMusts(people, offering, c, today), err
	}
	everyone, err := some(view, engine.Cond{Op: engine.All})
	return m.missedWishes(view, everyone, c, wishes), err
}

// rulesLookedAt bounds how many rules are asked one by one what they miss.
const rulesLookedAt = 1000

// some gives rules whose terms satisfy a condition.
func some(view *engine.View, cond engine.Cond) ([]int64, error) {
	found, err := view.Search(engine.Query{Cond: cond, Within: engine.Cond{Op: engine.All}, Limit: rulesLookedAt})
	keys := make([]int64, len(found.Top))
	for i := range found.Top {
		keys[i] = found.Top[i].ID
	}
	return keys, err
}

// missedWishes gives the wishes that most often fail on what some rules offer.
func (m *Market) missedWishes(view *engine.View, rules []int64, c *candidate.Candidate, wishes engine.Cond) []Missed {
	clauses := []engine.Cond{wishes}
	if wishes.Op == engine.All {
		clauses = wishes.Kids
	}
	counts := make([]int, len(clauses))
	for _, key := range rules {
		offers, ok := view.Find(key)
		for i := range clauses {
			if ok && !engine.Holds(&m.people.positions.schema, clauses[i], offers) {
				counts[i]++
			}
		}
	}
	var out []tallied
	for i, n := range counts {
		one := tallied{Gain{Wish: true, Condition: c.Wishes}, n}
		if wishes.Op == engine.All {
			one.Condition, one.Pointer = c.Wishes.At([]int{i})
		}
		if n > 0 {
			out = append(out, one)
		}
	}
	return mostOften(out)
}

// tallied is a leaf that some rules miss.
type tallied struct {
	Gain
	rules int
}

// missedMusts gives what some rules most often ask in vain.
func missedMusts(people *populations, rules []int64, c *candidate.Candidate, today day.Day) []Missed {
	record := c.Record(today)
	at := map[[32]byte]int{}
	var out []tallied
	for _, key := range rules {
		o, ok := people.findOrder(key)
		if !ok {
			continue
		}
		clauses := []condition.Condition{o.rule.Must}
		if o.rule.Must.Op == condition.All {
			clauses = o.rule.Must.Kids
		}
		for _, clause := range clauses {
			if clause.Holds(record) || !near(&c.Profile, clause) {
				continue
			}
			i, known := at[clause.Hash()]
			if !known {
				i = len(out)
				at[clause.Hash()], out = i, append(out, tallied{Gain{Condition: clause}, 0})
			}
			out[i].rules++
		}
	}
	return mostOften(out)
}

// mostOften gives the leaves that are missed most, the first of equals first.
func mostOften(list []tallied) []Missed {
	slices.SortStableFunc(list, func(a, b tallied) int { return cmp.Compare(b.rules, a.rules) })
	var out []Missed
	for _, one := range list[:min(len(list), mostMissed)] {
		one.More = reachOf(one.rules)
		out = append(out, Missed{Gain: one.Gain})
	}
	return out
}

// lift gives back the leaf that was lowered; not ok for fields that the
// condition language does not have.
func (l *lowering) lift(leaf engine.Cond) (condition.Condition, bool) {
	var f lowered
	known := false
	for name, candidate := range l.fields {
		if candidate.field == leaf.Field && candidate.source.Name == name {
			f, known = candidate, true
		}
	}
	if !known {
		return condition.Condition{}, false
	}
	out := condition.Condition{Op: condition.In, Field: f.source.Name}
	switch f.source.Kind {
	case condition.Number:
		out.Op = condition.Range
		if leaf.Lo != math.MinInt32 {
			out.Min = pointer(leaf.Lo)
		}
		if leaf.Hi != math.MaxInt32 {
			out.Max = pointer(leaf.Hi)
		}
	case condition.Ordinal:
		out.Op, out.Min, out.Max = condition.Range, pointer(leaf.Values[0]), pointer(leaf.Values[len(leaf.Values)-1])
		if *out.Max == f.source.Hi {
			out.Max = nil
		}
	case condition.Flag:
		out.Op, out.Is = condition.Is, leaf.Values[0] == 1
	default:
		if f.source.Classification == "" {
			return out, false
		}
		for _, v := range leaf.Values {
			out.In = append(out.In, f.codes[v])
		}
		if f.source.Kind == condition.Levelled && leaf.Level > 1 {
			out.Min = pointer(int32(f.source.Steps[leaf.Level-1]))
		}
	}
	return out, true
}

func pointer(n int32) *int {
	v := int(n)
	return &v
}
