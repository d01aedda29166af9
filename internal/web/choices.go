package web

import (
	"slices"
	"strconv"

	"enishi/internal/condition"
	"enishi/internal/market"
)

// slotCounts is how many people a search would find with each choice of a clause.
type slotCounts struct {
	values map[string]int
	levels []int // of what is chosen, by the field's steps; nil if nothing is
}

func countsOf(list []market.ValueCount) map[string]int {
	counts := map[string]int{}
	for _, v := range list {
		counts[v.Code] = v.Count
	}
	return counts
}

// beside writes how many there are beside each level.
func (c slotCounts) beside(w words, levels []option, f condition.Field) []option {
	for i, o := range levels {
		for j, n := range c.levels {
			if strconv.Itoa(f.Steps[j]) == o.value {
				levels[i].text = w.Say(o.text+"："+w.People(n), o.text+": "+w.People(n))
			}
		}
	}
	return levels
}

// counting is a question about the choices of a clause of the form.
type counting struct {
	slot string
	asks market.Choices
}

// countings are the questions about the clauses whose choices the facet of their field
// does not count: those with a level, and where another clause asks of the same field.
func (f filterForm) countings(a wanted) []counting {
	slots := a.slots()
	var out []counting
	for _, field := range condition.Fields(condition.Profiles) {
		if field.Kind == condition.Number || field.Kind == condition.Text {
			continue
		}
		n := 0
		for i, c := range a.clauses {
			if slots[i] == "" || c.Field != field.Name {
				continue
			}
			n++
			asks := market.Choices{Field: field.Name, Clause: i}
			if field.Kind == condition.Levelled {
				asks.Min, asks.In = c.Min, c.In
			}
			if asks.In != nil || a.elsewhere(field.Name, i) {
				out = append(out, counting{slots[i], asks})
			}
		}
		name := slotName(field.Name, n+1)
		if !f.waits(a, field, n) {
			continue
		}
		asks := market.Choices{Field: field.Name, Clause: -1, Min: a.levelOf(field, name)}
		if asks.Min != nil || a.elsewhere(field.Name, -1) {
			out = append(out, counting{name, asks})
		}
	}
	return out
}

// levelOf gives the level that is chosen where no code is yet, nil if none is.
func (a wanted) levelOf(f condition.Field, name string) *int {
	level, err := numberOf(a.typed.Get(name + ".min"))
	if err != nil || level == nil || !slices.Contains(f.Steps, *level) {
		return nil
	}
	return level
}

// elsewhere says whether a clause beside one asks of a field alone: its facet leaves those
// out.
func (a wanted) elsewhere(field string, but int) bool {
	for i, c := range a.clauses {
		if i != but && alone(c, field) {
			return true
		}
	}
	return false
}

// alone says whether all that a condition asks is of one field.
func alone(c condition.Condition, field string) bool {
	switch c.Op {
	case condition.Not:
		return false
	case condition.All, condition.Any:
		return len(c.Kids) > 0 && !slices.ContainsFunc(c.Kids, func(kid condition.Condition) bool { return !alone(kid, field) })
	}
	return c.Field == field
}

// choicesOf gives the questions as a search takes them.
func choicesOf(list []counting) []market.Choices {
	out := make([]market.Choices, len(list))
	for i, one := range list {
		out[i] = one.asks
	}
	return out
}

// slotAnswers gives a search's answers to the questions by the names of their clauses.
func slotAnswers(list []counting, answers []market.ChoiceCounts) map[string]market.ChoiceCounts {
	out := map[string]market.ChoiceCounts{}
	for i, one := range list {
		if i < len(answers) {
			out[one.slot] = answers[i]
		}
	}
	return out
}
