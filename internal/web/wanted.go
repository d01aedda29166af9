package web

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"

	"github.com/dustin/go-humanize"

	"enishi/internal/condition"
)

// wanted is a condition over profiles as a form and an address hold it: the clauses
// of an "all". A clause that has fields in the form is said by them (skill=go,
// skill.min=3, a second one skill.2=sql), so that a flat search needs no script;
// whatever else there is stands in "condition", in the language itself.
type wanted struct {
	clauses []condition.Condition
	text    bool            // whether text may be asked for, as in searches
	wrong   faults          // by the name of the form's field
	typed   url.Values      // what could not be read, as it was typed
	others  map[string]code // by name: entries looked for that are not chosen yet
	picked  []string        // clauses, in the language, that wait to be combined
	lacks   string          // what combining them needs first, "": nothing
}

// mostRepeats is how many clauses of one field the form has; further ones stand in
// "condition".
const mostRepeats = 9

// nestedName is the form's field that holds what has no fields of its own.
const nestedName = "condition"

// slotName is the name of a field's nth clause, from 1 on.
func slotName(field string, n int) string {
	if n == 1 {
		return field
	}
	return field + "." + strconv.Itoa(n)
}

func newWanted(text bool) wanted {
	return wanted{text: text, wrong: faults{}, typed: url.Values{}, others: map[string]code{}}
}

// add adds a condition, an "all" as its clauses.
func (a *wanted) add(c condition.Condition) {
	if c.Op != condition.All {
		a.clauses = append(a.clauses, c)
		return
	}
	for _, kid := range c.Kids {
		a.add(kid)
	}
}

// readWanted reads the form. What cannot be read is left out of the condition, kept as
// it was typed, and said in wrong.
func readWanted(w words, v url.Values, text bool) wanted {
	a := newWanted(text)
	for _, f := range condition.Fields(condition.Profiles) {
		if f.Kind == condition.Text && !text {
			continue
		}
		for n := 1; n <= mostRepeats; n++ {
			a.read(w, v, f, slotName(f.Name, n))
		}
	}
	a.picked = v["pick"]
	if nested := v.Get(nestedName); nested != "" {
		c, err := condition.Parse(condition.Profiles, []byte(nested), text)
		if err != nil {
			a.typed.Set(nestedName, nested)
			a.wrong[nestedName] = w.Say("組み合わせ条件を読み取れませんでした。もう一度組み立ててください。", "The combined condition cannot be read. Please put it together again.")
			return a
		}
		a.add(c)
	}
	return a
}

// read reads one clause of a field.
func (a *wanted) read(w words, v url.Values, f condition.Field, name string) {
	c := condition.Condition{Field: f.Name}
	values := a.chosen(w, v, f, name)
	low, lowErr := numberOf(v.Get(name+".min"), unitsOf(f)...)
	high, highErr := numberOf(v.Get(name+".max"), unitsOf(f)...)
	given := len(values) > 0
	switch f.Kind {
	case condition.Code, condition.Levelled:
		c.Op, c.In, c.Min = condition.In, values, low
	case condition.Ordinal, condition.Number:
		c.Op, c.Min, c.Max = condition.Range, low, high
		given = low != nil || high != nil
	case condition.Flag:
		c.Op, c.Is = condition.Is, given && values[0] == "true"
	case condition.Text:
		c.Op = condition.Contains
		if given {
			c.Contains = values[0]
		}
	}
	unread := lowErr != nil || highErr != nil
	if given && !unread && c.Validate(condition.Profiles, a.text) == nil {
		a.clauses = append(a.clauses, c)
		return
	}
	for _, part := range []string{name, name + ".min", name + ".max"} {
		if kept := filled(v[part]); len(kept) > 0 {
			a.typed[part] = kept
		}
	}
	if given || unread {
		a.wrong[name] = clauseFault(w, f, low, high)
	}
}

// otherPart is the name of the codeField of a clause, behind the clause's own.
const otherPart = ".add"

// otherCode is the codeField that finds entries that are not listed.
func otherCode(w words, f condition.Field, name string) code {
	return code{name: name + otherPart, label: w.Say("ほかの"+f.JA+"を探す", "Find more: "+f.EN), kind: f.Classification, groups: true}
}

// chosen gives the values of a clause, with the one that was looked for.
func (a *wanted) chosen(w words, v url.Values, f condition.Field, name string) []string {
	values := filled(v[name])
	if f.Classification == "" || !v.Has(name+otherPart+typedPart) {
		return values
	}
	other := codeOf(w, v, otherCode(w, f, name))
	if other.open() {
		if other.focus || len(other.hits) == 0 {
			other.fault = other.choose(w)
		}
		a.others[other.name] = other
	}
	if other.value != "" && !slices.Contains(values, other.value) {
		values = append(values, other.value)
	}
	return values
}

// filled gives the values that are not empty.
func filled(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" })
}

func clauseFault(w words, f condition.Field, low, high *int) string {
	switch {
	case f.Kind == condition.Text:
		return w.Say("2文字以上、100文字以内で入力してください。", "Type 2 to 100 characters.")
	case f.Kind != condition.Number:
		return w.Say("一覧から選んでください。", "Please choose from the list.")
	case low != nil && high != nil && *low > *high && *low <= f.Hi:
		return w.Say("下限が上限を上回っています。入れ替えてください。", "The lower end is above the upper one. Please swap them.")
	}
	return wholeFrom(w, f.Lo, f.Hi)
}

// condition gives what is asked.
func (a wanted) condition() condition.Condition {
	return condition.Condition{Op: condition.All, Kids: a.clauses}
}

// plain says whether a clause has fields in the form, as a field's nth.
func plain(c condition.Condition, n int) bool {
	f, ok := condition.FieldOf(condition.Profiles, c.Field)
	if !ok || c.Op < condition.In || n > mostRepeats {
		return false
	}
	switch f.Kind {
	case condition.Code, condition.Levelled:
		return true
	case condition.Ordinal:
		return n == 1 && c.Max == nil
	}
	return n == 1
}

// slots gives for each clause the name of its field in the form, "" if it has none.
func (a wanted) slots() []string {
	seen := map[string]int{}
	out := make([]string, len(a.clauses))
	for i, c := range a.clauses {
		if plain(c, seen[c.Field]+1) {
			seen[c.Field]++
			out[i] = slotName(c.Field, seen[c.Field])
		}
	}
	return out
}

// values gives the form that readWanted reads, without what is empty.
func (a wanted) values() url.Values {
	v := url.Values{}
	for i, name := range a.slots() {
		c := a.clauses[i]
		if name == "" {
			continue
		}
		switch c.Op {
		case condition.In:
			v[name] = c.In
		case condition.Is:
			v.Set(name, strconv.FormatBool(c.Is))
		case condition.Contains:
			v.Set(name, c.Contains)
		}
		if c.Min != nil {
			v.Set(name+".min", strconv.Itoa(*c.Min))
		}
		if c.Max != nil {
			v.Set(name+".max", strconv.Itoa(*c.Max))
		}
	}
	for name, typed := range a.typed {
		if _, said := v[name]; !said {
			v[name] = typed
		}
	}
	if nested := a.nested(); nested != "" {
		v.Set(nestedName, nested)
	}
	return v
}

// nested gives what has no fields of its own, in the language; "" if there is none.
func (a wanted) nested() string {
	var rest []condition.Condition
	for i, name := range a.slots() {
		if name == "" {
			rest = append(rest, a.clauses[i])
		}
	}
	switch len(rest) {
	case 0:
		return a.typed.Get(nestedName)
	case 1:
		return jsonOf(rest[0])
	}
	return jsonOf(condition.Condition{Op: condition.All, Kids: rest})
}

func jsonOf(c condition.Condition) string {
	b, err := json.Marshal(c)
	if err != nil { // a condition is made of what JSON holds
		return ""
	}
	return string(b)
}

// without gives the same without one clause.
func (a wanted) without(i int) wanted {
	a.clauses = slices.Delete(slices.Clone(a.clauses), i, i+1)
	return a
}

// sentence says the whole in the reader's language.
func (a wanted) sentence(w words) string {
	return a.condition().Sentence(condition.Profiles, w.Code())
}

// say says one condition over profiles.
func say(w words, c condition.Condition) string { return c.Sentence(condition.Profiles, w.Code()) }

// grouped writes a number with its thousands apart.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// tenths says a number to the first digit behind the point.
func tenths(x float64) string { return humanize.FormatFloat("#,###.#", x) }

// People says a number of people.
func (w words) People(n int) string {
	if n == 1 {
		return w.Say("1人", "1 person")
	}
	return w.Say(grouped(n)+"人", grouped(n)+" people")
}

// find gives the place of a clause by what it says in the language, -1 if it is gone.
// Places alone would shift where a form was changed as well.
func (a wanted) find(text string) int {
	return slices.IndexFunc(a.clauses, func(c condition.Condition) bool { return jsonOf(c) == text })
}

// combine makes one clause of the picked ones, of which one must hold ("any") or, as a
// part of such a clause, each ("all"); turns each into its contrary ("not"), or takes
// apart what was combined last ("split"). Where too few are picked for that it says so in
// lacks, and changes nothing.
func (a wanted) combine(w words, do string) wanted {
	var parts []condition.Condition
	rest := a
	for _, text := range a.picked {
		if i := rest.find(text); i >= 0 {
			parts = append(parts, rest.clauses[i])
			rest = rest.without(i)
		}
	}
	if a.lacks = lacking(w, do, parts); a.lacks != "" {
		return a
	}
	a = rest
	a.picked = nil
	switch do {
	case "any":
		parts = []condition.Condition{{Op: condition.Any, Kids: flattened(parts)}}
	case "all":
		parts = []condition.Condition{together(parts)}
	}
	for _, c := range parts {
		switch {
		case do == "not" && c.Op != condition.Not:
			c = condition.Condition{Op: condition.Not, Kids: []condition.Condition{c}}
		case do == "not", do == "split" && c.Op == condition.Not:
			c = c.Kids[0]
		case do == "split" && c.Op == condition.Any:
			a.addParts(c)
			continue
		}
		a.add(c)
	}
	return a
}

// lacking says what must be picked before a step of combine can be taken; "" if all is.
func lacking(w words, do string, parts []condition.Condition) string {
	combined := func(c condition.Condition) bool { return c.Op == condition.Any || c.Op == condition.Not }
	switch {
	case do == "any" && len(parts) < 2:
		return w.Say("「または」にする条件を、上から2つ以上選んでください。", "Tick two or more of the conditions above, of which one is to hold.")
	case do == "all" && len(parts) < 2:
		return w.Say("ひとまとめにする条件を、上から2つ以上選んでください。", "Tick two or more of the conditions above to group them.")
	case do == "not" && len(parts) == 0:
		return w.Say("「以外」にする条件を、上から選んでください。", "Tick the conditions above that are not to hold.")
	case do == "split" && !slices.ContainsFunc(parts, combined):
		return w.Say("元に分ける条件を、上から選んでください。分けられるのは、組み合わせた条件だけです。", "Tick the conditions above to separate. Only combined ones can be.")
	}
	return ""
}

// together makes one clause of several that each must hold. The clauses of a search
// are an "all" already, in which another would dissolve: it stands in an "any" of its
// own until it is combined with others.
func together(parts []condition.Condition) condition.Condition {
	var kids []condition.Condition
	for _, c := range parts {
		if c.Op == condition.Any && len(c.Kids) == 1 {
			c = c.Kids[0]
		}
		if c.Op == condition.All {
			kids = append(kids, c.Kids...)
		} else {
			kids = append(kids, c)
		}
	}
	return condition.Condition{Op: condition.Any, Kids: []condition.Condition{{Op: condition.All, Kids: kids}}}
}

// addParts adds the parts of an "any"; those that were put together before stay so,
// unless it is made of them alone.
func (a *wanted) addParts(c condition.Condition) {
	for _, kid := range c.Kids {
		if kid.Op == condition.All && len(c.Kids) > 1 {
			kid = together(kid.Kids)
		}
		a.add(kid)
	}
}

// flattened puts the parts of every "any" in its place.
func flattened(list []condition.Condition) []condition.Condition {
	var out []condition.Condition
	for _, c := range list {
		if c.Op == condition.Any {
			out = append(out, c.Kids...)
		} else {
			out = append(out, c)
		}
	}
	return out
}
