package engine

import (
	"cmp"
	"slices"
)

// clausesOf gives the clauses of a condition: the kids of a root All, else the
// condition itself.
func clausesOf(c *Cond) []Cond {
	if c.Op == All {
		return c.Kids
	}
	return []Cond{*c}
}

// inGroup reports whether a clause belongs to a field's own group: it has a
// leaf, no Not, and all its leaves are on that field.
func inGroup(c *Cond, field uint16) bool {
	leaves := 0
	return onlyOn(c, field, &leaves) && leaves > 0
}

func onlyOn(c *Cond, field uint16, leaves *int) bool {
	switch c.Op {
	case Not:
		return false
	case All, Any:
		for i := range c.Kids {
			if !onlyOn(&c.Kids[i], field, leaves) {
				return false
			}
		}
		return true
	case Among: // on no field
		return false
	default:
		*leaves++
		return c.Field == field
	}
}

// compareHits orders two hits whose keys are of the given order.
func compareHits(order []Key, a, b *Hit) int {
	for i := range order {
		if d := cmp.Compare(a.Keys[i], b.Keys[i]); d != 0 {
			if order[i].falls() {
				return -d
			}
			return d
		}
	}
	return cmp.Compare(a.ID, b.ID)
}

func (k *Key) falls() bool { return k.Descending || k.Weights != nil }

// normalLeaf gives a leaf with its values sorted and without repeats and its
// level at least 1, so that equal leaves look equal.
func normalLeaf(c Cond) Cond {
	if c.Op == Range {
		return Cond{Op: Range, Field: c.Field, Lo: c.Lo, Hi: c.Hi}
	}
	values := slices.Clone(c.Values)
	slices.Sort(values)
	return Cond{Op: c.Op, Field: c.Field, Level: max(c.Level, 1), Values: slices.Compact(values)}
}
