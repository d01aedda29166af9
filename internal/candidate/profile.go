package candidate

import (
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
)

// Coded is a code held at a level: years of an occupation or industry by the
// steps of the condition language, 1..5 for a skill, CEFR 1..6 for a language.
type Coded struct {
	Code string `json:"code"`
	Min  int    `json:"min,omitempty"`
}

// Profile is what a candidate has done and can do. Fields that conditions
// speak about carry their names; nil or empty means not given.
type Profile struct {
	Name              string     `json:"name,omitempty"` // shown after acceptance only
	Occupation        []Coded    `json:"occupation,omitempty"`
	Industry          []Coded    `json:"industry,omitempty"`
	Skill             []Coded    `json:"skill,omitempty"`
	Language          []Coded    `json:"language,omitempty"`
	Certification     []string   `json:"certification,omitempty"`
	WillingPrefecture []string   `json:"willing_prefecture,omitempty"`
	Residence         string     `json:"residence,omitempty"`
	EmploymentStatus  string     `json:"employment_status,omitempty"`
	Education         *int       `json:"education,omitempty"`
	Management        *int       `json:"management,omitempty"`
	ExperienceYears   *int       `json:"experience_years,omitempty"`
	Employers         *int       `json:"employers,omitempty"`
	Pay               *int       `json:"pay,omitempty"` // current annual, 10,000 JPY
	AvailableFrom     *day.Day   `json:"available_from,omitempty"`
	RemoteOK          *bool      `json:"remote_ok,omitempty"`
	BirthMonth        *day.Month `json:"birth_month,omitempty"` // for statutory age exceptions only
	Text              string     `json:"text,omitempty"`
	History           []Job      `json:"history,omitempty"`
}

// Job is one entry of the work history. Who the employer was stays hidden
// until the candidate accepts an offer.
type Job struct {
	Employer     Employer   `json:"employer"`
	From         day.Month  `json:"from"`
	To           *day.Month `json:"to,omitempty"` // nil: still there
	Occupation   string     `json:"occupation,omitempty"`
	Industry     string     `json:"industry,omitempty"`
	Role         string     `json:"role,omitempty"`
	Duties       string     `json:"duties,omitempty"`
	Achievements string     `json:"achievements,omitempty"`
}

// Employer is named by corporate number or, without one, by free name.
type Employer struct {
	Number *corpnum.Number `json:"corporate_number,omitempty"`
	Name   string          `json:"name,omitempty"`
}

// Record gives the profile as conditions see it on a day, for someone last
// active on lastActive. A date of availability that has passed counts as 0
// days.
func (p *Profile) Record(today, lastActive day.Day) condition.Record {
	r := condition.Record{
		Codes:   make(map[string][]condition.Held, 8),
		Numbers: map[string]int{"last_active_days": max(0, int(today-lastActive))},
		Flags:   map[string]bool{},
	}
	for _, f := range []struct {
		name string
		held []Coded
	}{{"occupation", p.Occupation}, {"industry", p.Industry}, {"skill", p.Skill}, {"language", p.Language}} {
		for _, h := range f.held {
			r.Codes[f.name] = append(r.Codes[f.name], condition.Held{Code: h.Code, Level: h.Min})
		}
	}
	for _, f := range []struct {
		name  string
		codes []string
	}{
		{"certification", p.Certification},
		{"willing_prefecture", p.WillingPrefecture},
		{"residence", given(p.Residence)},
		{"employment_status", given(p.EmploymentStatus)},
	} {
		for _, code := range f.codes {
			r.Codes[f.name] = append(r.Codes[f.name], condition.Held{Code: code})
		}
	}
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
		if f.value != nil {
			r.Numbers[f.name] = *f.value
		}
	}
	if p.AvailableFrom != nil {
		r.Numbers["available_in_days"] = max(0, int(*p.AvailableFrom-today))
	}
	if p.RemoteOK != nil {
		r.Flags["remote_ok"] = *p.RemoteOK
	}
	return r
}

func given(code string) []string {
	if code == "" {
		return nil
	}
	return []string{code}
}
