package condition

import (
	"encoding/json"
	"slices"
)

// Clause is one leaf of a condition as it stands on a record.
type Clause struct {
	Pointer   string
	Condition Condition
	Holds     bool
	Value     string // what the record holds of the field, as JSON; "" if it lacks it
}

// Explain gives every leaf, in order, with whether it holds and what decided.
func (c Condition) Explain(r Record) []Clause { return c.explain(r, "", nil) }

func (c Condition) explain(r Record, at string, out []Clause) []Clause {
	if c.Op >= In {
		return append(out, Clause{Pointer: at, Condition: c, Holds: c.Holds(r), Value: c.value(r)})
	}
	for i, k := range c.Kids {
		out = k.explain(r, at+c.step(i), out)
	}
	return out
}

// value gives the deciding value: of several codes the one that holds, if one
// does.
func (c Condition) value(r Record) string {
	var v any
	switch c.Op {
	case In:
		held := r.Codes[c.Field]
		if i := slices.IndexFunc(held, c.accepts); i >= 0 {
			held = held[i : i+1]
		}
		if len(held) == 0 {
			return ""
		}
		v = held
	case Range:
		n, ok := r.Numbers[c.Field]
		if !ok {
			return ""
		}
		v = n
	case Is:
		is, ok := r.Flags[c.Field]
		if !ok {
			return ""
		}
		v = is
	default:
		if r.Text == "" {
			return ""
		}
		v = r.Text
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
