package candidate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/taxonomy"
)

// What a profile may hold at most, and the least age that may be given: the
// Labour Standards Act, article 56, bars work below the end of the school year
// in which a child turns 15.
const (
	mostCodes     = 100
	mostHistory   = 100
	nameRunes     = 100
	lineRunes     = 200
	textRunes     = 4000
	leastAgeYears = 15
	mostAgeYears  = 110
)

// Validate reports everything in the profile that is not allowed, by JSON
// pointer from the profile's root; today bounds dates.
func (p *Profile) Validate(today day.Day) error {
	var c checker
	for _, f := range []struct {
		name string
		held []Coded
	}{{"occupation", p.Occupation}, {"industry", p.Industry}, {"skill", p.Skill}, {"language", p.Language}} {
		c.levelled(f.name, f.held)
	}
	c.codes("certification", p.Certification)
	c.codes("willing_prefecture", p.WillingPrefecture)
	c.code("/residence", "residence", p.Residence)
	c.code("/employment_status", "employment_status", p.EmploymentStatus)
	for _, f := range []struct {
		name  string
		value *int
	}{
		{"education", p.Education},
		{"management", p.Management},
		{"experience_years", p.ExperienceYears},
		{"employers", p.Employers},
		{"pay", p.Pay},
	} {
		c.number(f.name, f.value)
	}
	c.line("/name", p.Name, nameRunes)
	c.text("/text", p.Text, textRunes)
	if p.AvailableFrom != nil && (*p.AvailableFrom < today-3660 || *p.AvailableFrom > today+3660) {
		c.add("/available_from", p.AvailableFrom.String(), "a date within ten years of today")
	}
	if p.BirthMonth != nil {
		oldest, youngest := today.Month()-mostAgeYears*12, today.Month()-leastAgeYears*12
		if *p.BirthMonth < oldest || *p.BirthMonth > youngest {
			c.add("/birth_month", p.BirthMonth.String(), "a month from "+oldest.String()+" to "+youngest.String())
		}
	}
	c.history(p.History, today.Month())
	if len(c.problems) > 0 {
		return errs.AtPointers(c.problems...)
	}
	return nil
}

// checker gathers problems, at most mostProblems of them.
type checker struct{ problems []errs.Problem }

const mostProblems = 20

func (c *checker) add(pointer, found, allowed string) {
	if len(c.problems) < mostProblems {
		c.problems = append(c.problems, errs.Problem{Pointer: pointer, Found: found, Allowed: allowed})
	}
}

func (c *checker) levelled(field string, held []Coded) {
	f, _ := condition.FieldOf(condition.Profiles, field)
	if len(held) > mostCodes {
		c.add("/"+field, fmt.Sprintf("%d entries", len(held)), fmt.Sprintf("at most %d", mostCodes))
		return
	}
	seen := make(map[string]bool, len(held))
	for i, h := range held {
		at := "/" + field + "/" + strconv.Itoa(i)
		c.code(at+"/code", field, h.Code)
		if h.Code == "" {
			c.add(at+"/code", `""`, "a code of "+field)
		}
		if seen[h.Code] {
			c.add(at+"/code", strconv.Quote(h.Code), "each code once")
		}
		seen[h.Code] = true
		if !slices.Contains(f.Steps, h.Min) {
			c.add(at+"/min", strconv.Itoa(h.Min), "one of "+steps(f.Steps))
		}
	}
}

func (c *checker) codes(field string, codes []string) {
	if len(codes) > mostCodes {
		c.add("/"+field, fmt.Sprintf("%d entries", len(codes)), fmt.Sprintf("at most %d", mostCodes))
		return
	}
	for i, code := range codes {
		at := "/" + field + "/" + strconv.Itoa(i)
		c.code(at, field, code)
		if code == "" || slices.Contains(codes[:i], code) {
			c.add(at, strconv.Quote(code), "each code once, none empty")
		}
	}
}

// code checks one code; the empty one means not given.
func (c *checker) code(at, field, code string) {
	if code == "" {
		return
	}
	f, _ := condition.FieldOf(condition.Profiles, field)
	list := taxonomy.Of(f.Classification)
	switch _, ok := list.Find(code); {
	case !ok:
		c.add(at, strconv.Quote(code), "a code of GET /api/v1/taxonomy/"+field)
	case !list.Leaf(code):
		c.add(at, strconv.Quote(code)+", a group", "a code within it, such as "+strconv.Quote(list.Leaves(code)[0]))
	}
}

func (c *checker) number(field string, value *int) {
	f, _ := condition.FieldOf(condition.Profiles, field)
	if value != nil && (*value < f.Lo || *value > f.Hi) {
		c.add("/"+field, strconv.Itoa(*value), fmt.Sprintf("%d to %d", f.Lo, f.Hi))
	}
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

func (c *checker) history(jobs []Job, now day.Month) {
	if len(jobs) > mostHistory {
		c.add("/history", fmt.Sprintf("%d entries", len(jobs)), fmt.Sprintf("at most %d", mostHistory))
		return
	}
	for i, j := range jobs {
		at := "/history/" + strconv.Itoa(i)
		if (j.Employer.Number == nil) == (strings.TrimSpace(j.Employer.Name) == "") {
			found := "both a corporate_number and a name"
			if j.Employer.Number == nil {
				found = "neither a corporate_number nor a name"
			}
			c.add(at+"/employer", found, "one of the two")
		}
		c.line(at+"/employer/name", j.Employer.Name, nameRunes)
		if j.From < now-mostAgeYears*12 || j.From > now {
			c.add(at+"/from", j.From.String(), "a month that has begun")
		}
		if j.To != nil && *j.To < j.From {
			c.add(at+"/to", j.To.String(), "a month not before "+j.From.String())
		}
		c.code(at+"/occupation", "occupation", j.Occupation)
		c.code(at+"/industry", "industry", j.Industry)
		c.line(at+"/role", j.Role, lineRunes)
		c.text(at+"/duties", j.Duties, textRunes)
		c.text(at+"/achievements", j.Achievements, textRunes)
	}
}

func steps(list []int) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, ", ")
}
