package position

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/taxonomy"
)

const (
	titleRunes = 100
	textRunes  = 10000
	itemRunes  = 2000
	mostPlaces = 47
)

// Validate reports everything in the terms that is not allowed even in a
// draft, by JSON pointer.
func (t *Terms) Validate() error {
	var c checker
	if strings.TrimSpace(t.Title) == "" {
		c.add("/title", `""`, "a title of 1 to "+strconv.Itoa(titleRunes)+" characters")
	}
	c.line("/title", t.Title, titleRunes)
	c.text("/text", t.Text, textRunes)
	c.code("/occupation", "occupation", t.Occupation)
	c.code("/industry", "industry", t.Industry)
	c.code("/employment_type", "employment_type", t.EmploymentType)
	c.places(t.Prefecture)
	for _, n := range t.numbers() {
		f, _ := condition.FieldOf(condition.Positions, n.name)
		if n.value != nil && (*n.value < f.Lo || *n.value > f.Hi) {
			c.add("/"+n.name, strconv.Itoa(*n.value), fmt.Sprintf("%d to %d", f.Lo, f.Hi))
		}
	}
	if t.PayMin != nil && t.PayMax != nil && *t.PayMin > *t.PayMax {
		c.add("/pay_max", strconv.Itoa(*t.PayMax), "not below pay_min, "+strconv.Itoa(*t.PayMin))
	}
	for _, item := range t.Legal.items() {
		c.text("/legal/"+item.name, item.text, itemRunes)
	}
	if len(c.problems) > 0 {
		return errs.AtPointers(c.problems...)
	}
	return nil
}

// checker gathers problems.
type checker struct{ problems []errs.Problem }

func (c *checker) add(pointer, found, allowed string) {
	c.problems = append(c.problems, errs.Problem{Pointer: pointer, Found: found, Allowed: allowed})
}

func (c *checker) text(at, s string, most int) {
	if !utf8.ValidString(s) {
		c.add(at, "bytes that are no UTF-8", "UTF-8 text")
	} else if n := utf8.RuneCountInString(s); n > most {
		c.add(at, fmt.Sprintf("%d characters", n), fmt.Sprintf("at most %d", most))
	}
}

// line checks a text of one line.
func (c *checker) line(at, s string, most int) {
	c.text(at, s, most)
	if strings.ContainsFunc(s, unicode.IsControl) {
		c.add(at, "a control character", "one line of text")
	}
}

// code checks one code; the empty one means not given.
func (c *checker) code(at, field, code string) {
	if code == "" {
		return
	}
	f, _ := condition.FieldOf(condition.Positions, field)
	list := taxonomy.Of(f.Classification)
	switch _, ok := list.Find(code); {
	case !ok:
		c.add(at, strconv.Quote(code), "a code of GET /api/v1/taxonomy/"+field)
	case !list.Leaf(code):
		c.add(at, strconv.Quote(code)+", a group", "a code within it, such as "+strconv.Quote(list.Leaves(code)[0]))
	}
}

func (c *checker) places(codes []string) {
	if len(codes) > mostPlaces {
		c.add("/prefecture", fmt.Sprintf("%d entries", len(codes)), fmt.Sprintf("at most %d", mostPlaces))
		return
	}
	for i, code := range codes {
		at := "/prefecture/" + strconv.Itoa(i)
		c.code(at, "prefecture", code)
		if code == "" || slices.Contains(codes[:i], code) {
			c.add(at, strconv.Quote(code), "each code once, none empty")
		}
	}
}

// Publishable reports, by JSON pointer, what stands between the terms and their
// publication: what matching needs and the law requires, and a lowest pay that is
// below the minimum wage as far as Wage can say.
func (t *Terms) Publishable() error {
	var problems []errs.Problem
	need := func(pointer string, missing bool, allowed string) {
		if missing {
			problems = append(problems, errs.Problem{Pointer: pointer, Found: "nothing", Allowed: allowed})
		}
	}
	need("/occupation", t.Occupation == "", "a code of GET /api/v1/taxonomy/occupation")
	need("/prefecture", len(t.Prefecture) == 0, "at least one code of GET /api/v1/taxonomy/prefecture")
	need("/employment_type", t.EmploymentType == "", "a code of GET /api/v1/taxonomy/employment_type")
	need("/pay_min", t.PayMin == nil, "annual pay in 10,000 JPY")
	need("/pay_max", t.PayMax == nil, "annual pay in 10,000 JPY")
	for _, item := range t.Legal.items() {
		need("/legal/"+item.name, strings.TrimSpace(item.text) == "", "text: this item is required by law before publishing")
	}
	if w, known := t.Wage(); known && w.Short() {
		problems = append(problems, w.problem(*t.PayMin))
	}
	if len(problems) > 0 {
		return errs.AtPointers(problems...)
	}
	return nil
}

type legalItem struct{ name, text string }

func (l *Legal) items() []legalItem {
	return []legalItem{
		{"work", l.Work},
		{"work_change", l.WorkChange},
		{"place", l.Place},
		{"place_change", l.PlaceChange},
		{"contract_term", l.ContractTerm},
		{"renewal_limit", l.RenewalLimit},
		{"trial_period", l.TrialPeriod},
		{"hours", l.Hours},
		{"overtime", l.Overtime},
		{"holidays", l.Holidays},
		{"pay", l.Pay},
		{"fixed_overtime_pay", l.FixedOvertimePay},
		{"insurance", l.Insurance},
		{"smoking", l.Smoking},
	}
}
