// Package position holds the jobs that companies offer: their terms, the items
// that the law requires before one is published, and their versions. A version
// never changes once it is published.
package position

import (
	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/corpnum"
)

// State is whether a position can be offered.
type State string

// The states of a position.
const (
	Draft     State = "draft"
	Published State = "published"
	Closed    State = "closed"
)

// Position is a job. Each edit makes a new version of its terms; the published
// version is the one that is offered.
type Position struct {
	Key              int64
	ID               uuid.UUID
	Company          int64
	Version          int64 // of the newest terms
	PublishedVersion int64 // 0: never published
	State            State
	Terms            Terms // of Version
}

// Revision rises with every change of the position: each edit raises Version,
// publishing raises PublishedVersion to it, and what is closed stays so. A
// state that can be left again needs a column of its own.
func (p *Position) Revision() int64 {
	n := p.Version + p.PublishedVersion
	if p.State == Closed {
		n++
	}
	return n
}

// Terms are what a job offers; nil or empty means not given.
type Terms struct {
	Title             string   `json:"title"`
	Text              string   `json:"text,omitempty"`
	Occupation        string   `json:"occupation,omitempty"`
	Industry          string   `json:"industry,omitempty"`
	Prefecture        []string `json:"prefecture,omitempty"`
	EmploymentType    string   `json:"employment_type,omitempty"`
	PayMin            *int     `json:"pay_min,omitempty"` // annual, 10,000 JPY
	PayMax            *int     `json:"pay_max,omitempty"`
	OvertimeHours     *int     `json:"overtime_hours,omitempty"` // a month
	HolidaysPerYear   *int     `json:"holidays_per_year,omitempty"`
	StartHour         *int     `json:"start_hour,omitempty"`
	EndHour           *int     `json:"end_hour,omitempty"`
	Remote            *int     `json:"remote,omitempty"`
	WeeklyDaysOff     *int     `json:"weekly_days_off,omitempty"`
	Flextime          *bool    `json:"flextime,omitempty"`
	ShiftWork         *bool    `json:"shift_work,omitempty"`
	SideJobOK         *bool    `json:"side_job_ok,omitempty"`
	Relocation        *bool    `json:"relocation,omitempty"`
	FixedOvertimePay  *bool    `json:"fixed_overtime_pay,omitempty"`
	DiscretionaryWork *bool    `json:"discretionary_work,omitempty"`
	SmokeFree         *bool    `json:"smoke_free,omitempty"`
	Childcare         *bool    `json:"childcare,omitempty"`
	Legal             Legal    `json:"legal"`
}

// Legal are the items that must be shown with every public job: the
// Employment Security Act, article 5-3, and article 4-2 of its enforcement
// rules as amended in April 2024 (extent of changes, renewal limits).
type Legal struct {
	Work             string `json:"work,omitempty"`
	WorkChange       string `json:"work_change,omitempty"`
	Place            string `json:"place,omitempty"`
	PlaceChange      string `json:"place_change,omitempty"`
	ContractTerm     string `json:"contract_term,omitempty"`
	RenewalLimit     string `json:"renewal_limit,omitempty"`
	TrialPeriod      string `json:"trial_period,omitempty"`
	Hours            string `json:"hours,omitempty"`
	Overtime         string `json:"overtime,omitempty"`
	Holidays         string `json:"holidays,omitempty"`
	Pay              string `json:"pay,omitempty"`
	FixedOvertimePay string `json:"fixed_overtime_pay,omitempty"`
	Insurance        string `json:"insurance,omitempty"`
	Smoking          string `json:"smoking,omitempty"`
}

// Offered is what a candidate's wishes see of a position beside its terms: the
// rule's kind, and the company's number and size band.
type Offered struct {
	Kind    string
	Company corpnum.Number
	Size    int
}

// Record gives the terms as conditions see them when a rule offers them.
func (t *Terms) Record(o Offered) condition.Record {
	r := condition.Record{
		Codes:   map[string][]condition.Held{"company": {{Code: o.Company.String()}}},
		Numbers: map[string]int{"company_size": o.Size},
		Flags:   map[string]bool{},
	}
	for _, f := range []struct{ name, code string }{
		{"occupation", t.Occupation},
		{"industry", t.Industry},
		{"employment_type", t.EmploymentType},
		{"kind", o.Kind},
	} {
		if f.code != "" {
			r.Codes[f.name] = []condition.Held{{Code: f.code}}
		}
	}
	for _, code := range t.Prefecture {
		r.Codes["prefecture"] = append(r.Codes["prefecture"], condition.Held{Code: code})
	}
	for _, f := range t.numbers() {
		if f.value != nil {
			r.Numbers[f.name] = *f.value
		}
	}
	for _, f := range t.flags() {
		if f.value != nil {
			r.Flags[f.name] = *f.value
		}
	}
	return r
}

type named[T any] struct {
	name  string
	value *T
}

func (t *Terms) numbers() []named[int] {
	return []named[int]{
		{"pay_min", t.PayMin},
		{"pay_max", t.PayMax},
		{"overtime_hours", t.OvertimeHours},
		{"holidays_per_year", t.HolidaysPerYear},
		{"start_hour", t.StartHour},
		{"end_hour", t.EndHour},
		{"remote", t.Remote},
		{"weekly_days_off", t.WeeklyDaysOff},
	}
}

func (t *Terms) flags() []named[bool] {
	return []named[bool]{
		{"flextime", t.Flextime},
		{"shift_work", t.ShiftWork},
		{"side_job_ok", t.SideJobOK},
		{"relocation", t.Relocation},
		{"fixed_overtime_pay", t.FixedOvertimePay},
		{"discretionary_work", t.DiscretionaryWork},
		{"smoke_free", t.SmokeFree},
		{"childcare", t.Childcare},
	}
}
