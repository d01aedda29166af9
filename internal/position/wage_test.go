package position_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/errs"
	"enishi/internal/position"
	"enishi/internal/taxonomy"
)

// Every prefecture has its minimum wage, as published.
func TestMinimumWages(t *testing.T) {
	t.Parallel()
	n, least, most := 0, 1<<20, 0
	for _, item := range taxonomy.Of(taxonomy.Prefecture).Items() {
		if !taxonomy.Of(taxonomy.Prefecture).Leaf(item.Code) {
			continue
		}
		wage := position.MinimumWage(item.Code)
		n, least, most = n+1, min(least, wage), max(most, wage)
	}
	if n != 47 || least != 1023 || most != 1226 || position.MinimumWage("13") != 1226 || position.MinimumWage("99") != 0 {
		t.Errorf("%d prefectures from %d to %d, Tokyo %d", n, least, most, position.MinimumWage("13"))
	}
}

// TestWage converts the lowest pay to an hour's, where the hours are known.
func TestWage(t *testing.T) {
	t.Parallel()
	day := func(start, end, holidays, pay int, places ...string) position.Terms {
		return position.Terms{StartHour: &start, EndHour: &end, HolidaysPerYear: &holidays, PayMin: &pay, Prefecture: places}
	}
	shifts := day(9, 18, 120, 200, "13")
	shifts.ShiftWork = ptr(true)
	undated, unpaid, unplaced := day(9, 18, 120, 200, "13"), day(9, 18, 120, 200, "13"), day(9, 18, 120, 200)
	undated.HolidaysPerYear, unpaid.PayMin = nil, nil
	for what, c := range map[string]struct {
		terms position.Terms
		want  position.Wage
		known bool
	}{
		"nine to six, the highest of two places": {day(9, 18, 120, 240, "47", "13"), position.Wage{Hours: 1960, Hourly: 1224, Least: 1226, Place: "13", Annual: 241}, true},
		"it reaches":                             {day(9, 18, 120, 241, "13"), position.Wage{Hours: 1960, Hourly: 1229, Least: 1226, Place: "13", Annual: 241}, true},
		"over night":                             {day(22, 7, 120, 241, "13"), position.Wage{Hours: 1960, Hourly: 1229, Least: 1226, Place: "13", Annual: 241}, true},
		"half a day":                             {day(9, 13, 120, 200, "13"), position.Wage{Hours: 980, Hourly: 2040, Least: 1226, Place: "13", Annual: 121}, true},
		"more than 40 a week":                    {day(6, 22, 100, 300, "13"), position.Wage{Hours: 2085, Hourly: 1438, Least: 1226, Place: "13", Annual: 256}, true},
		"shifts":                                 {terms: shifts},
		"no days off":                            {terms: undated},
		"no pay":                                 {terms: unpaid},
		"no place":                               {terms: unplaced, want: position.Wage{Hours: 1960, Hourly: 1020}},
		"no day at all":                          {terms: day(9, 9, 120, 200, "13")},
		"nobody works all year":                  {terms: day(9, 18, 366, 200, "13")},
	} {
		got, known := c.terms.Wage()
		if diff := cmp.Diff(c.want, got); diff != "" || known != c.known {
			t.Errorf("%s: known %v, want %v (-want +got):\n%s", what, known, c.known, diff)
		}
	}
}

// Terms that pay too little cannot be published, and say so by field and figures.
func TestUnderpaidIsNotPublishable(t *testing.T) {
	t.Parallel()
	terms := full()
	terms.StartHour, terms.EndHour, terms.HolidaysPerYear, terms.ShiftWork = ptr(9), ptr(18), ptr(120), ptr(false)
	if err := terms.Publishable(); err != nil {
		t.Fatalf("4,000,000 JPY: %v", err)
	}
	terms.PayMin = ptr(240)
	err := terms.Publishable()
	for _, part := range []string{"/pay_min:", "240, which is 1224 JPY an hour in 1960 hours a year", "at least 241", "Tokyo is 1226 JPY an hour", "fiscal 2025"} {
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), part) {
			t.Errorf("2,400,000 JPY: %v, want it to say %q", err, part)
		}
	}
	terms.ShiftWork = ptr(true)
	if err := terms.Publishable(); err != nil {
		t.Errorf("of shifts the hours are not known: %v", err)
	}
}
