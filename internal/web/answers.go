package web

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

// answers are what a visitor chose, as it came. They are in the address of every page
// that asks for them, so that they can be kept, sent on, and gone back to.
type answers struct {
	Occupation, Years, Prefecture, Pay string

	Skill, Language []string // code:level
	Certification   []string
	Willing         []string // prefectures besides their own
	Floor           string   // lowest pay that they would accept
	Places          []string // prefectures of the work that they would accept
	Remote          string   // how much remote work it must allow
	RemoteOK        bool     // they would work remotely

	open url.Values // typed and not chosen yet: never lost on the way
}

func answersOf(v url.Values) answers {
	a := answers{
		Occupation: v.Get("occupation"), Years: v.Get("years"), Prefecture: v.Get("prefecture"), Pay: payTyped(v.Get("pay")),
		Skill: given(v["skill"]), Language: given(v["language"]), Certification: given(v["certification"]), Willing: given(v["willing"]),
		Floor: payTyped(v.Get("floor")), Places: given(v["places"]), Remote: v.Get("remote"), RemoteOK: v.Get("remote_ok") != "",
		open: url.Values{},
	}
	for _, name := range []string{"occupation", "addskill", "addlanguage", "addcertification"} {
		if text := v.Get(name + typedPart); text != "" {
			a.open.Set(name+typedPart, text)
		}
	}
	return a
}

// payTyped gives an amount of pay in plain digits, or what was typed if it is none.
func payTyped(text string) string {
	if n, err := numberOf(text, payUnits()...); err == nil && n != nil {
		return strconv.Itoa(*n)
	}
	return strings.TrimSpace(text)
}

// given gives values without the empty ones and repeats, in their order.
func given(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// query gives the answers as the query of an address.
func (a answers) query() url.Values {
	v := maps.Clone(a.open)
	if v == nil {
		v = url.Values{}
	}
	for _, f := range []struct{ name, value string }{
		{"occupation", a.Occupation}, {"years", a.Years}, {"prefecture", a.Prefecture}, {"pay", a.Pay}, {"floor", a.Floor}, {"remote", a.Remote},
	} {
		if f.value != "" {
			v.Set(f.name, f.value)
		}
	}
	for _, f := range []struct {
		name   string
		values []string
	}{
		{"skill", a.Skill}, {"language", a.Language}, {"certification", a.Certification}, {"willing", a.Willing}, {"places", a.Places},
	} {
		if len(f.values) > 0 {
			v[f.name] = f.values
		}
	}
	if a.RemoteOK {
		v.Set("remote_ok", "1")
	}
	return v
}

// without gives the query without some names, which the fields of a form send.
func (a answers) without(names ...string) url.Values {
	v := a.query()
	for _, name := range names {
		v.Del(name)
		v.Del(name + typedPart)
	}
	return v
}

// at gives the address of a page with these answers.
func (a answers) at(path string) string {
	if q := a.query().Encode(); q != "" {
		return path + "?" + q
	}
	return path
}

// yearSteps are the years that can be chosen: those that conditions ask for.
func yearSteps() []int {
	f, _ := condition.FieldOf(condition.Profiles, "occupation")
	return f.Steps
}

// profile makes a profile of the answers. What cannot be read is Invalid, by the
// pointer of its place in a profile.
func (a answers) profile() (candidate.Profile, error) {
	var p candidate.Profile
	var wrong []errs.Problem
	number := func(name, text string) *int {
		if text == "" {
			return nil
		}
		f, _ := condition.FieldOf(condition.Profiles, "pay")
		n, err := strconv.Atoi(text)
		if err != nil || n < f.Lo || n > f.Hi {
			wrong = append(wrong, errs.Problem{Pointer: "/" + name, Found: strconv.Quote(text), Allowed: "a whole number"})
		}
		return &n
	}
	if a.Occupation != "" {
		held := candidate.Coded{Code: a.Occupation}
		if a.Years != "" {
			years, err := strconv.Atoi(a.Years)
			if err != nil || !slices.Contains(yearSteps(), years) {
				wrong = append(wrong, errs.Problem{Pointer: "/years", Found: strconv.Quote(a.Years), Allowed: "years from the list"})
			}
			held.Min = years
		}
		p.Occupation = []candidate.Coded{held}
	}
	if a.Prefecture != "" {
		p.Residence = a.Prefecture
	}
	p.WillingPrefecture = given(slices.Concat([]string{a.Prefecture}, a.Willing, a.Places))
	p.Pay = number("pay", a.Pay)
	number("floor", a.Floor)
	wrong = append(wrong, a.strangers()...)
	p.Skill, p.Language, p.Certification = levelled(a.Skill), levelled(a.Language), a.Certification
	if a.RemoteOK || a.Remote == "1" || a.Remote == "2" {
		yes := true
		p.RemoteOK = &yes
	}
	if len(wrong) > 0 {
		return p, errs.AtPointers(wrong...)
	}
	return p, nil
}

// strangers are answers that no list has. A profile and wishes can hold them only in
// a place that does not tell which answer it was.
func (a answers) strangers() []errs.Problem {
	var wrong []errs.Problem
	known := func(name string, kind taxonomy.Kind, list []string) {
		for _, code := range list {
			if _, ok := taxonomy.Of(kind).Find(code); !ok {
				wrong = append(wrong, errs.Problem{Pointer: "/" + name, Found: strconv.Quote(code), Allowed: "a code from the list"})
			}
		}
	}
	known("willing", taxonomy.Prefecture, a.Willing)
	known("places", taxonomy.Prefecture, a.Places)
	known("remote", taxonomy.Remote, given([]string{a.Remote}))
	return wrong
}

// levelled reads codes with their levels, of each the last.
func levelled(list []string) []candidate.Coded {
	var out []candidate.Coded
	for _, s := range list {
		code, level, _ := strings.Cut(s, ":")
		n, err := strconv.Atoi(level)
		if err != nil {
			n = 1
		}
		out = slices.DeleteFunc(out, func(c candidate.Coded) bool { return c.Code == code })
		out = append(out, candidate.Coded{Code: code, Min: n})
	}
	return out
}

// wishes makes wishes of the answers.
func (a answers) wishes() condition.Condition {
	c := condition.Always()
	if n, err := strconv.Atoi(a.Floor); err == nil {
		c.Kids = append(c.Kids, condition.Condition{Op: condition.Range, Field: "pay_max", Min: &n})
	}
	if len(a.Places) > 0 {
		c.Kids = append(c.Kids, condition.Condition{Op: condition.In, Field: "prefecture", In: a.Places})
	}
	if n, err := strconv.Atoi(a.Remote); err == nil && n > 0 {
		c.Kids = append(c.Kids, condition.Condition{Op: condition.Range, Field: "remote", Min: &n})
	}
	return c
}

// visitor gives who has these answers.
func (a answers) visitor() (market.Visitor, error) {
	p, err := a.profile()
	return market.Visitor{Profile: p, Wishes: a.wishes()}, err
}

// edited gives the answers with an edit that an insight proposes.
func (a answers) edited(e *market.Edit) answers {
	if e.Wish {
		switch e.From.Field {
		case "pay_max":
			a.Floor = ""
			if e.To.Min != nil {
				a.Floor = strconv.Itoa(*e.To.Min)
			}
		case "prefecture":
			a.Places = e.To.In
		case "remote":
			a.Remote = ""
		}
		return a
	}
	level := ""
	if e.To.Min != nil {
		level = ":" + strconv.Itoa(*e.To.Min)
	}
	switch e.To.Field {
	case "skill":
		a.Skill = withCode(a.Skill, e.To.In[0]+level)
	case "language":
		a.Language = withCode(a.Language, e.To.In[0]+level)
	case "certification":
		a.Certification = withCode(a.Certification, e.To.In[0])
	case "willing_prefecture":
		a.Willing = withCode(a.Willing, e.To.In[0])
	case "remote_ok":
		a.RemoteOK = true
	}
	return a
}

// withCode adds a code with its level to a list, in the place of the same code.
func withCode(list []string, value string) []string {
	code, _, _ := strings.Cut(value, ":")
	out := slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		held, _, _ := strings.Cut(s, ":")
		return held == code
	})
	return append(out, value)
}
