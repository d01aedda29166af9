package market

import (
	"context"
	"math"

	"enishi/internal/condition"
	"enishi/internal/engine"
)

// Missed is one leaf by which rules and the candidate did not come together:
// Rules of them would match if it alone were turned.
type Missed struct {
	Wish      bool   // one of the candidate's wishes, not something that rules ask
	Pointer   string // of the wish
	Condition condition.Condition
	Rules     int
}

// mostMissed is how many leaves a candidate without offers is told.
const mostMissed = 3

// Missed gives the three leaves that were most often missed between the actor
// and the rules that are active now.
func (m *Market) Missed(ctx context.Context, actor Actor) ([]Missed, error) {
	c, err := m.Candidate(ctx, actor)
	if err != nil || !c.Open {
		return nil, err
	}
	today := m.Today()
	doc, err := m.people.profiles.person(&c, &today)
	if err != nil {
		return nil, err
	}
	wishes, err := m.people.positions.condition(c.Wishes, nil)
	if err != nil {
		return nil, err
	}
	var out []Missed
	for _, miss := range m.people.rules.View().NearMisses(engine.Question{Doc: doc, Cond: wishes}) {
		if len(out) == mostMissed {
			break
		}
		told := Missed{Wish: miss.Asked, Rules: miss.Count}
		if miss.Asked {
			told.Condition, told.Pointer = c.Wishes.At(miss.Path)
		} else {
			var ok bool
			if told.Condition, ok = m.people.profiles.lift(miss.Leaf); !ok {
				continue // blocks and ages are not for telling
			}
		}
		out = append(out, told)
	}
	return out, nil
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
