package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"enishi/internal/condition"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

// choice is something that can be asked for, with how many people have it.
type choice struct {
	code, text string
	count      int
	chosen     bool
	below      []choice // of a group
}

// slot is one clause of a field as a form shows it.
type slot struct {
	name    string
	choices []choice
	levels  []option
	level   string
	typed   string // of a text
	other   code   // an entry that is not listed
	low     string // of a number
	high    string
	fault   string
}

// filter is a field of the form: its clauses, of which each must hold.
type filter struct {
	field   condition.Field
	label   string
	slots   []slot
	open    bool // shown unfolded
	all     bool // every choice is listed
	longer  bool // there are more choices than are listed
	more    bool // another clause can be asked for
	counted bool
}

// shownChoices is how many choices of a long list are shown before all are asked for.
const shownChoices = 8

// facetFields are the fields whose choices are counted.
func facetFields() []string {
	var out []string
	for _, f := range condition.Fields(condition.Profiles) {
		if f.Kind != condition.Number && f.Kind != condition.Text {
			out = append(out, f.Name)
		}
	}
	return out
}

// unfolded are the fields that are shown unfolded though nothing is asked of them.
func unfolded(name string) bool {
	switch name {
	case "occupation", "skill", "willing_prefecture", "pay", "text":
		return true
	}
	return false
}

// filterForm is how the form is shown beside what it asks.
type filterForm struct {
	all  []string // fields whose every choice is listed
	more []string // fields that wait for another clause
}

// filters gives the form of what is asked, with how many people a search found for each
// choice. It has no facets if nothing was counted.
func (f filterForm) filters(w words, a wanted, result market.SearchResult) []filter {
	slots, facets := a.slots(), result.Facets
	chosen := slotAnswers(f.countings(a), result.Choices)
	counted := func(field, name string) slotCounts {
		if own, ok := chosen[name]; ok {
			return slotCounts{countsOf(own.Values), own.Levels}
		}
		return slotCounts{countsOf(facets[field]), nil}
	}
	var out []filter
	for _, field := range condition.Fields(condition.Profiles) {
		if field.Kind == condition.Text && !a.text {
			continue
		}
		one := filter{
			field: field, label: w.Say(field.JA, sentenceCase(field.EN)), open: unfolded(field.Name), all: slices.Contains(f.all, field.Name), counted: facets != nil,
		}
		n := 0
		for i, c := range a.clauses {
			if slots[i] != "" && c.Field == field.Name {
				n++
				one.slots = append(one.slots, one.slot(w, a, slots[i], c, counted(field.Name, slots[i])))
			}
		}
		coded := field.Kind == condition.Code || field.Kind == condition.Levelled
		one.open = one.open || n > 0 || one.all
		if name := slotName(field.Name, n+1); f.waits(a, field, n) {
			s := one.slot(w, a, name, condition.Condition{Field: field.Name}, counted(field.Name, name))
			s.keep(a, name)
			one.open = one.open || s.fault != ""
			one.slots = append(one.slots, s)
		}
		one.more = coded && field.Multi && n > 0 && n == len(one.slots) && n < mostRepeats
		out = append(out, one)
	}
	return out
}

// waits says whether the form has a place for another clause of a field with n of them.
func (f filterForm) waits(a wanted, field condition.Field, n int) bool {
	coded := field.Kind == condition.Code || field.Kind == condition.Levelled
	return n == 0 || a.wrong[slotName(field.Name, n+1)] != "" || coded && slices.Contains(f.more, field.Name) && n < mostRepeats
}

// keep puts in what could not be read.
func (s *slot) keep(a wanted, name string) {
	s.fault = a.wrong[name]
	if s.fault != "" || s.level == "" {
		s.low, s.high, s.typed = a.typed.Get(name+".min"), a.typed.Get(name+".max"), a.typed.Get(name)
		s.level = s.low
	}
}

// slot gives the form of one clause.
func (f *filter) slot(w words, a wanted, name string, c condition.Condition, counts slotCounts) slot {
	s := slot{name: name, typed: c.Contains}
	if c.Min != nil {
		s.low = strconv.Itoa(*c.Min)
	}
	if c.Max != nil {
		s.high = strconv.Itoa(*c.Max)
	}
	s.level = s.low
	switch f.field.Kind {
	case condition.Code, condition.Levelled:
		s.choices = f.codes(w, c.In, counts.values)
		s.levels = counts.beside(w, levelOptions(w, f.field), f.field)
		if other, found := a.others[name+otherPart]; found {
			s.other = other
		} else {
			s.other = otherCode(w, f.field, name)
		}
	case condition.Ordinal:
		s.choices = ladder(w, f.field, c.Min, counts.values)
	case condition.Flag:
		is := c.Op == condition.Is
		s.choices = []choice{
			{code: "true", text: w.Say(f.field.JA, sentenceCase(f.field.EN)), count: counts.values["true"], chosen: is && c.Is},
			{code: "false", text: w.Say(f.field.NoJA, sentenceCase(f.field.NoEN)), count: counts.values["false"], chosen: is && !c.Is},
		}
	}
	return s
}

// codes gives the choices of a classification: those that are chosen and those that
// most people have, or all, each group with what is below it.
func (f *filter) codes(w words, chosen []string, counts map[string]int) []choice {
	list := taxonomy.Of(f.field.Classification)
	one := func(item taxonomy.Item) choice {
		return choice{code: item.Code, text: w.Say(item.JA, item.EN), count: counts[item.Code], chosen: slices.Contains(chosen, item.Code)}
	}
	if f.all {
		return tree(list, one)
	}
	var out, rest []choice
	for _, item := range list.Items() {
		if c := one(item); c.chosen {
			out = append(out, c)
		} else if list.Leaf(item.Code) {
			rest = append(rest, c)
		}
	}
	slices.SortStableFunc(rest, func(a, b choice) int { return cmp.Compare(b.count, a.count) })
	f.longer = len(rest) > shownChoices
	return append(out, rest[:min(len(rest), shownChoices)]...)
}

// tree gives every entry of a classification, those of a group below it.
func tree(list *taxonomy.Classification, one func(taxonomy.Item) choice) []choice {
	var out []choice
	at := map[string]int{}
	for _, item := range list.Items() {
		if i, below := at[item.Parent]; below && item.Parent != "" {
			out[i].below = append(out[i].below, one(item))
			continue
		}
		at[item.Code] = len(out)
		out = append(out, one(item))
	}
	return out
}

// ladder gives the steps of an ordinal from the second on, each with how many people
// have reached it.
func ladder(w words, f condition.Field, least *int, counts map[string]int) []choice {
	items := taxonomy.Of(f.Classification).Items()
	out := make([]choice, len(items))
	reached := 0
	for i, item := range slices.Backward(items) {
		reached += counts[item.Code]
		text := w.Say(item.JA, item.EN)
		switch {
		case f.Name == "management":
			text = sentenceCase(say(w, condition.Condition{Op: condition.Range, Field: f.Name, Min: &item.Ordinal}))
		case item.Ordinal < f.Hi:
			text = w.Say(text+"以上", text+" or higher")
		}
		out[i] = choice{code: item.Code, text: text, count: reached, chosen: least != nil && *least == item.Ordinal}
	}
	return out[1:]
}

// levelOptions are the levels that can be asked for in a field, none for one without.
func levelOptions(w words, f condition.Field) []option {
	var out []option
	for _, n := range f.Steps {
		if n > 0 {
			out = append(out, option{strconv.Itoa(n), levelText(w, f, n)})
		}
	}
	return out
}

// levelText says the least level of a field.
func levelText(w words, f condition.Field, n int) string {
	number := strconv.Itoa(n)
	switch f.Name {
	case "language":
		name := [...]string{"", "A1", "A2", "B1", "B2", "C1", "C2"}[n]
		return w.Say(name+"以上", name+" or better")
	case "skill":
		name := skillLevels(w)[n-1]
		return w.Say("レベル"+number+"以上（"+name+"）", "Level "+number+" or above ("+name+")")
	}
	if n == 1 {
		return w.Say("1年以上", "1 year or more")
	}
	return w.Say(number+"年以上", number+" years or more")
}

// sentenceCase writes the first letter of a label large.
func sentenceCase(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

// anyLevel says that no level is asked for.
func anyLevel(w words, f condition.Field) string {
	switch f.Name {
	case "occupation", "industry":
		return w.Say("年数は問わない", "Any number of years")
	}
	return w.Say("レベルは問わない", "Any level")
}

func chosenAny(list []choice) bool {
	return slices.ContainsFunc(list, func(c choice) bool { return c.chosen })
}

// unit says what a number field counts in.
func unit(w words, f condition.Field) string { return w.Say(f.UnitJA, strings.TrimSpace(f.UnitEN)) }
