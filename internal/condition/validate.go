package condition

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/taxonomy"
)

// mostProblems bounds how many problems one error names.
const mostProblems = 20

// Validate reports whatever in a condition is not in the language for a
// subject, by JSON pointer.
func (c Condition) Validate(s Subject, text bool) error {
	v := validator{subject: s, text: text}
	v.check(c, "", 1)
	if len(v.problems) > 0 {
		return errs.AtPointers(v.problems...)
	}
	if v.leaves > MaxLeaves {
		return errs.AtPointer("", strconv.Itoa(v.leaves)+" leaves", "at most "+strconv.Itoa(MaxLeaves))
	}
	return nil
}

type validator struct {
	subject  Subject
	text     bool
	leaves   int
	problems []errs.Problem
}

func (v *validator) add(at, found, allowed string) {
	if len(v.problems) < mostProblems {
		v.problems = append(v.problems, errs.Problem{Pointer: at, Found: found, Allowed: allowed})
	}
}

func (v *validator) check(c Condition, at string, depth int) {
	if depth > MaxDepth {
		v.add(at, "a condition deeper than "+strconv.Itoa(MaxDepth), "depth up to "+strconv.Itoa(MaxDepth))
		return
	}
	switch c.Op {
	case All, Any:
		key := "/all/"
		if c.Op == Any {
			key = "/any/"
		}
		for i, k := range c.Kids {
			v.check(k, at+key+strconv.Itoa(i), depth+1)
		}
	case Not:
		if len(c.Kids) != 1 {
			v.add(at+"/not", strconv.Itoa(len(c.Kids))+" conditions", "one condition")
			return
		}
		v.check(c.Kids[0], at+"/not", depth+1)
	case In, Range, Is, Contains:
		v.leaves++
		v.leaf(c, at)
	default:
		v.add(at, "nothing", shape)
	}
}

// takes says which operator a kind of field takes, and how it is written.
func (k Kind) takes() (Op, string) {
	switch k {
	case Code:
		return In, `{"field": ..., "in": [codes]}`
	case Levelled:
		return In, `{"field": ..., "in": [codes], "min": level}, min optional`
	case Flag:
		return Is, `{"field": ..., "is": true or false}`
	case Text:
		return Contains, `{"field": "text", "contains": text}`
	default:
		return Range, `{"field": ..., "min": number, "max": number}, either optional`
	}
}

func (v *validator) leaf(c Condition, at string) {
	f, ok := FieldOf(v.subject, c.Field)
	if !ok || f.Kind == Text && !v.text {
		v.add(at+"/field", strconv.Quote(c.Field), "one of "+v.names())
		return
	}
	op, form := f.Kind.takes()
	if c.Op != op {
		v.add(at, "another operator on "+f.Name, form)
		return
	}
	switch c.Op {
	case In:
		v.codes(f, c, at)
	case Range:
		v.bounds(f, c, at)
	case Contains:
		v.contained(c.Contains, at+"/contains")
	}
}

// contained checks the text of a Contains in the form in which it is compared.
func (v *validator) contained(text, at string) {
	folded := FoldText(text)
	n := utf8.RuneCountInString(folded)
	allowed := fmt.Sprintf("%d to %d characters", minText, maxText)
	switch {
	case n == 1:
		v.add(at, "1 character", allowed)
	case n < minText || n > maxText:
		v.add(at, strconv.Itoa(n)+" characters", allowed)
	case strings.TrimFunc(folded, blank) == "":
		v.add(at, "nothing but spaces and invisible characters", allowed+" that can be seen")
	}
}

// blank says whether a character shows nothing: such a text would be found in
// nearly every text, or in none.
func blank(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.Zs, unicode.Cc, unicode.Cf)
}

func (v *validator) names() string {
	var names []string
	for _, f := range fields()[v.subject] {
		if f.Kind != Text || v.text {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, ", ")
}

func (v *validator) codes(f Field, c Condition, at string) {
	if len(c.In) == 0 || len(c.In) > MaxValues {
		v.add(at+"/in", strconv.Itoa(len(c.In))+" codes", "1 to "+strconv.Itoa(MaxValues)+" codes")
		return
	}
	for i, code := range c.In {
		below := at + "/in/" + strconv.Itoa(i)
		if f.Classification == "" {
			if _, err := corpnum.Parse(code); err != nil {
				v.add(below, strconv.Quote(code), "a 法人番号 of thirteen digits with its check digit")
			}
			continue
		}
		list := taxonomy.Of(f.Classification)
		if _, ok := list.Find(code); !ok {
			v.add(below, strconv.Quote(code), "a code of GET /api/v1/taxonomy/"+f.Name+near(list, code))
		}
	}
	switch {
	case f.Kind == Code && c.Min != nil:
		v.add(at+"/min", strconv.Itoa(*c.Min), "no min: "+f.Name+" has no levels")
	case f.Kind == Levelled && c.Min != nil && !slices.Contains(f.Steps, *c.Min):
		v.add(at+"/min", strconv.Itoa(*c.Min), "one of "+strings.Trim(strings.ReplaceAll(fmt.Sprint(f.Steps), " ", ", "), "[]"))
	}
}

// near names the entry that a wrong code may have meant.
func near(list *taxonomy.Classification, code string) string {
	if len(code) > 40 {
		return ""
	}
	found := list.Search(code, 1)
	if len(found) == 0 || code == "" {
		return ""
	}
	return fmt.Sprintf(", perhaps %q (%s)", found[0].Code, found[0].JA)
}

func (v *validator) bounds(f Field, c Condition, at string) {
	if c.Min == nil && c.Max == nil {
		v.add(at, "neither min nor max", "at least one of them")
	}
	for _, end := range []struct {
		name  string
		value *int
	}{{"/min", c.Min}, {"/max", c.Max}} {
		if end.value != nil && (*end.value < f.Lo || *end.value > f.Hi) {
			v.add(at+end.name, strconv.Itoa(*end.value), fmt.Sprintf("%d to %d", f.Lo, f.Hi))
		}
	}
	if c.Min != nil && c.Max != nil && *c.Min > *c.Max {
		v.add(at+"/max", strconv.Itoa(*c.Max), "not below min, "+strconv.Itoa(*c.Min))
	}
}
