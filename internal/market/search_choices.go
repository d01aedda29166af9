package market

import (
	"slices"
	"strconv"

	"enishi/internal/condition"
	"enishi/internal/engine"
	"enishi/internal/errs"
)

// Choices asks of one field what a search would find if one of its values, or a level,
// were chosen. A facet tells that only while no other clause asks of its field.
type Choices struct {
	Field  string
	Clause int      // of the condition's root "all", in whose place the choice would stand; -1: beside them all
	Min    *int     // the level at which a value would be chosen, nil: any
	In     []string // values that are chosen already, of which each level is counted
}

// ChoiceCounts is the answer: with each value alone, and with In at each of the
// field's levels, in the order of its steps.
type ChoiceCounts struct {
	Values []ValueCount
	Levels []int
}

// choosing is a question of Choices, lowered.
type choosing struct {
	field  lowered
	levels []engine.Cond
	rest   engine.Cond // the other clauses
	level  uint8
}

// choosing lowers the questions about choices beside a condition that was lowered.
func (l *lowering) choosing(c condition.Condition, asked engine.Cond, list []Choices) ([]choosing, error) {
	clauses := []engine.Cond{asked}
	if c.Op == condition.All {
		clauses = asked.Kids
	}
	out := make([]choosing, len(list))
	for i, one := range list {
		at := "/choices/" + strconv.Itoa(i)
		f, ok := l.fields[one.Field]
		if !ok || l.schema.Fields[f.field].Parents == nil {
			return nil, errs.AtPointer(at+"/field", strconv.Quote(one.Field), "a field over profiles that holds codes, an ordinal or a flag")
		}
		if one.Clause < -1 || one.Clause >= len(clauses) {
			return nil, errs.AtPointer(at+"/clause", strconv.Itoa(one.Clause), "a clause of the condition, or -1")
		}
		if one.Min != nil && !slices.Contains(f.source.Steps, *one.Min) {
			return nil, errs.AtPointer(at+"/min", strconv.Itoa(*one.Min), "a level of the field")
		}
		q := choosing{field: f, rest: engine.Cond{Op: engine.All, Kids: clauses}}
		if one.Clause >= 0 {
			q.rest.Kids = slices.Delete(slices.Clone(clauses), one.Clause, one.Clause+1)
		}
		if one.Min != nil {
			q.level = f.level(*one.Min)
		}
		for _, step := range f.source.Steps {
			if len(one.In) == 0 {
				break
			}
			lowered, err := l.in(f, condition.Condition{Op: condition.In, Field: one.Field, In: one.In, Min: &step})
			if err != nil {
				return nil, errs.AtPointer(at+"/in", "a value that "+one.Field+" does not have", "its values")
			}
			q.levels = append(q.levels, lowered)
		}
		out[i] = q
	}
	return out, nil
}

// among counts the choices among those within.
func (q *choosing) among(view *engine.View, within engine.Cond) (ChoiceCounts, error) {
	var out ChoiceCounts
	base := engine.Cond{Op: engine.All, Kids: append([]engine.Cond{within}, q.rest.Kids...)}
	found, err := view.Search(engine.Query{
		Cond: engine.Cond{Op: engine.All}, Within: base, Facets: []uint16{q.field.field}, FacetLevel: q.level,
	})
	if err != nil {
		return out, err
	}
	out.Values = q.field.named(found.Facets[0].Values)
	for _, level := range q.levels {
		found, err := view.Search(engine.Query{Cond: level, Within: base})
		if err != nil {
			return out, err
		}
		out.Levels = append(out.Levels, found.Count)
	}
	return out, nil
}

// named gives a field's values by their codes.
func (f lowered) named(values []engine.ValueCount) []ValueCount {
	list := make([]ValueCount, 0, len(values))
	for _, v := range values {
		list = append(list, ValueCount{Code: f.codes[v.Value], Count: v.Count})
	}
	return list
}
