package position

import (
	"embed"
	"fmt"
	"strconv"
	"sync"

	"enishi/internal/errs"
	"enishi/internal/table"
	"enishi/internal/taxonomy"
)

// The source of the minimum wages and the year that they are of, as its terms of use
// want them named. They rise each autumn; newer ones are not known here.
const (
	WageSourceJA = "令和7年度地域別最低賃金, 厚生労働省"
	WageSourceEN = "regional minimum wages of fiscal 2025, Ministry of Health, Labour and Welfare"
)

//go:embed tables/minimumwage.tsv
var files embed.FS

// minimumWages gives yen an hour by code of the prefecture.
var minimumWages = sync.OnceValue(func() map[string]int {
	out := map[string]int{}
	err := table.Each(files, "tables/minimumwage.tsv", 2, func(f []string) error {
		n, err := strconv.Atoi(f[1])
		if _, known := taxonomy.Of(taxonomy.Prefecture).Find(f[0]); err != nil || !known {
			return fmt.Errorf("%q is no amount of prefecture %q", f[1], f[0])
		}
		out[f[0]] = n
		return nil
	})
	if err != nil {
		panic(err) // the table is part of the program, and a test reads it
	}
	return out
})

// MinimumWage gives the minimum wage of a prefecture in yen an hour, 0 of an unknown one.
func MinimumWage(prefecture string) int { return minimumWages()[prefecture] }

// Wage is the lowest pay of terms beside the minimum wage of their places.
type Wage struct {
	Hours  int    // scheduled hours of a year
	Hourly int    // yen: what the lowest annual pay comes to in each of them, rounded down
	Least  int    // yen an hour: the minimum wage of Place
	Place  string // that of the places whose minimum wage is the highest
	Annual int    // 10,000 JPY: the lowest annual pay that reaches it
}

const (
	// breakHours is what is taken off a day from beginning to end, if it is dayWithBreak
	// hours or longer: the Labour Standards Act, article 34, wants a break of an hour in
	// a day of more than eight, and terms are in full hours.
	breakHours   = 1
	dayWithBreak = 6
	// mostYearlyHours are those of 40 a week, above which nobody may be scheduled
	// (article 32): what seems more has longer breaks.
	mostYearlyHours = 365 * 40 / 7
)

// Wage converts the lowest annual pay to yen an hour. All of it counts, though bonuses
// and pay for overtime that are in it do not by law (Minimum Wage Act, article 4): what
// is below the minimum wage here is below it, what is not may still be. False: without
// pay, places, days off, beginning and end of the day, and for work in shifts, whose
// beginning and end are those of several days, the hours are not known.
func (t *Terms) Wage() (Wage, bool) {
	hours, known := t.yearlyHours()
	if !known || t.PayMin == nil {
		return Wage{}, false
	}
	w := Wage{Hours: hours, Hourly: *t.PayMin * 10_000 / hours}
	for _, code := range t.Prefecture {
		if least := MinimumWage(code); least > w.Least {
			w.Least, w.Place = least, code
		}
	}
	w.Annual = (w.Least*hours + 9_999) / 10_000
	return w, w.Least > 0
}

// Short says whether the pay is below the minimum wage.
func (w Wage) Short() bool { return w.Hourly < w.Least }

// problem says it by the field and the figures.
func (w Wage) problem(pay int) errs.Problem {
	return errs.Problem{
		Pointer: "/pay_min", Found: fmt.Sprintf("%d, which is %d JPY an hour in %d hours a year", pay, w.Hourly, w.Hours),
		Allowed: fmt.Sprintf("at least %d: the minimum wage of %s is %d JPY an hour (%s)", w.Annual, taxonomy.Of(taxonomy.Prefecture).Name(w.Place, "en"), w.Least, WageSourceEN),
	}
}

// yearlyHours gives the scheduled hours of a year; false: they are not known.
func (t *Terms) yearlyHours() (int, bool) {
	if t.HolidaysPerYear == nil || t.StartHour == nil || t.EndHour == nil || t.ShiftWork != nil && *t.ShiftWork {
		return 0, false
	}
	daily := (*t.EndHour - *t.StartHour + 24) % 24
	if daily >= dayWithBreak {
		daily -= breakHours
	}
	hours := min(daily*(365-*t.HolidaysPerYear), mostYearlyHours)
	return hours, hours > 0
}
