package market

import (
	"cmp"
	"slices"

	"enishi/internal/engine"
)

// nearHit is somebody who misses one clause alone.
type nearHit struct {
	engine.Hit
	clause int
}

// nearest gives up to limit of those who miss one clause of a query alone, in
// its order; nobody misses two alone. impact is the query's own.
func nearest(view *engine.View, q engine.Query, impact []engine.Impact, limit int) ([]nearHit, error) {
	clauses := []engine.Cond{q.Cond}
	if q.Cond.Op == engine.All {
		clauses = q.Cond.Kids
	}
	var out []nearHit
	for _, missed := range impact {
		if missed.Gain == 0 {
			continue
		}
		turned := slices.Clone(clauses)
		turned[missed.Clause] = engine.Cond{Op: engine.Not, Kids: clauses[missed.Clause : missed.Clause+1]}
		found, err := view.Search(engine.Query{
			Cond: engine.Cond{Op: engine.All, Kids: turned}, Within: q.Within, Order: q.Order, Limit: limit,
		})
		if err != nil {
			return nil, err
		}
		for _, hit := range found.Top {
			out = append(out, nearHit{hit, missed.Clause})
		}
	}
	slices.SortFunc(out, func(a, b nearHit) int { return compareInOrder(q.Order, &a.Hit, &b.Hit) })
	return out[:min(len(out), limit)], nil
}

// compareInOrder orders two hits whose keys are of one order.
func compareInOrder(order []engine.Key, a, b *engine.Hit) int {
	for i := range order {
		if d := cmp.Compare(a.Keys[i], b.Keys[i]); d != 0 {
			if order[i].Descending || order[i].Weights != nil {
				return -d
			}
			return d
		}
	}
	return cmp.Compare(a.ID, b.ID)
}
