package rule

import (
	"fmt"
	"strconv"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/position"
)

// AgeException is an age condition with its statutory ground: a number of
// article 1-3, paragraph 1 of the enforcement rules of the Labour Policies
// Comprehensive Promotion Act. Ages are in whole years, both ends inclusive.
type AgeException struct {
	Exception string `json:"exception"`
	Min       int    `json:"min"`
	Max       int    `json:"max"`
	Reason    string `json:"reason"`
}

// The grounds that the law knows.
const (
	mandatoryRetirement = "1号"  // under the age of retirement, open-ended
	statutoryLimit      = "2号"  // another statute limits the age
	longCareer          = "3号イ" // long careers of the young, open-ended, without experience
	handingOver         = "3号ロ" // an age band that is missing in a trade, open-ended
	performing          = "3号ハ" // art and performance
	promoted            = "3号ニ" // ages whose employment the state promotes
)

func exceptions() []string {
	return []string{mandatoryRetirement, statutoryLimit, longCareer, handingOver, performing, promoted}
}

// Ages that the grounds name.
const (
	leastRetirement = 60 // Act on Stabilization of Employment of Elderly Persons, article 8
	leastStatutory  = 18 // Labour Standards Act, articles 61 to 63, and the like
	bandFrom        = 30 // of 3号ロ: 30 to 49, a band of 5 to 10 years
	bandTo          = 49
	bandLeast       = 5
	bandMost        = 10
	promotedElders  = 60
	iceAgeFrom      = 35 // the employment ice age generation, by the notification on 3号ニ
	iceAgeTo        = 60
)

// openEnded is the employment type whose contract has no end; performer is
// the occupation of stage and entertainment.
const (
	openEnded = "seishain"
	performer = "1037"
)

// Preconditions reports, by JSON pointer into the rule, what an age condition
// still needs for its ground on the terms that the rule offers: what kind of
// contract, whom else the rule may exclude, which ages. What the terms do not
// say yet is not asked of them. A rule without an age condition needs nothing.
func (r *Rule) Preconditions(t *position.Terms) error {
	a := r.Age
	if a == nil {
		return nil
	}
	needs := func(pointer, found, allowed string) error {
		return errs.AtPointer(pointer, found, a.Exception+": "+allowed)
	}
	ages := fmt.Sprintf("%d to %d", a.Min, a.Max)
	switch a.Exception {
	case mandatoryRetirement, longCareer, handingOver:
		if t.EmploymentType != "" && t.EmploymentType != openEnded {
			return needs("/age/exception", "a position of type "+strconv.Quote(t.EmploymentType), "an open-ended contract, "+strconv.Quote(openEnded))
		}
	}
	switch a.Exception {
	case mandatoryRetirement:
		if a.Max < leastRetirement-1 {
			return needs("/age/max", strconv.Itoa(a.Max), fmt.Sprintf("the last age before retirement, %d or more", leastRetirement-1))
		}
	case statutoryLimit:
		if a.Min < leastStatutory {
			return needs("/age/min", strconv.Itoa(a.Min), fmt.Sprintf("%d or more", leastStatutory))
		}
	case longCareer:
		if path, ok := asksExperience(r.Must, "/must", true); ok {
			return needs(path, "a condition on experience", "no experience may be asked for")
		}
	case handingOver:
		if years := a.Max - a.Min + 1; a.Min < bandFrom || a.Max > bandTo || years < bandLeast || years > bandMost {
			return needs("/age", ages, fmt.Sprintf("a band of %d to %d years between %d and %d", bandLeast, bandMost, bandFrom, bandTo))
		}
	case performing:
		if t.Occupation != "" && t.Occupation != performer {
			return needs("/age/exception", "a position as "+strconv.Quote(t.Occupation), "the occupation "+strconv.Quote(performer))
		}
	case promoted:
		if a.Min < promotedElders && (a.Min < iceAgeFrom || a.Max > iceAgeTo) {
			return needs("/age", ages, fmt.Sprintf("%d or older, or a programme's ages between %d and %d", promotedElders, iceAgeFrom, iceAgeTo))
		}
	}
	return nil
}

// asksExperience finds a leaf that asks for experience of work; under a Not,
// wanted is false, and what is refused there is too little of it.
func asksExperience(c condition.Condition, at string, wanted bool) (string, bool) {
	asks := false
	switch c.Field {
	case "occupation", "industry":
		asks = wanted
	case "experience_years", "management", "employers":
		asks = wanted && c.Min != nil && *c.Min > 0 || !wanted && c.Max != nil
	}
	if asks {
		return at, true
	}
	if c.Op == condition.Not {
		wanted = !wanted
	}
	for i, kid := range c.Kids {
		_, step := c.At([]int{i})
		if path, ok := asksExperience(kid, at+step, wanted); ok {
			return path, true
		}
	}
	return "", false
}

// BirthMonths gives the months of birth that an age exception admits on a day:
// everyone who is Min..Max years old at the end of that month counts.
func (a *AgeException) BirthMonths(today day.Day) (from, to day.Month) {
	now := today.Month()
	return now - day.Month((a.Max+1)*12) + 1, now - day.Month(a.Min*12)
}

// Admits says whether a birth month meets the exception; an unknown one does
// not.
func (a *AgeException) Admits(birth *day.Month, today day.Day) bool {
	if a == nil {
		return true
	}
	if birth == nil {
		return false
	}
	from, to := a.BirthMonths(today)
	return *birth >= from && *birth <= to
}
