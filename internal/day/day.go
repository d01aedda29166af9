// Package day gives a date as Tokyo counts it: the calendar that budgets,
// limits and deadlines run on. A Day is a number, so it compares, subtracts
// and indexes; it never reads a clock.
package day

import (
	"encoding/json"
	"time"

	"enishi/internal/errs"
)

// Day is the number of days since 1970-01-01.
type Day int32

// Layout is the form of a day in text, as package time wants it.
const Layout = "2006-01-02"

// Tokyo is the zone of every day here: UTC+9, without summer time since 1951.
var Tokyo = time.FixedZone("Asia/Tokyo", 9*60*60)

// Of gives the day on which t falls in Tokyo.
func Of(t time.Time) Day {
	t = t.In(Tokyo)
	return Date(t.Year(), t.Month(), t.Day())
}

// Date gives the day of a date; out-of-range months and days carry over, as
// in time.Date.
func Date(year int, month time.Month, dayOfMonth int) Day {
	return Day(time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// Parse reads YYYY-MM-DD. Anything else is Invalid.
func Parse(s string) (Day, error) {
	t, err := time.Parse(Layout, s)
	if err != nil {
		return 0, errs.AtPointer("", quote(s), "a date as YYYY-MM-DD")
	}
	return Date(t.Year(), t.Month(), t.Day()), nil
}

// At gives the moment at the given hour of the day in Tokyo.
func (d Day) At(hour int) time.Time {
	u := d.utc()
	return time.Date(u.Year(), u.Month(), u.Day(), hour, 0, 0, 0, Tokyo)
}

// Month gives the number of months since January of year 0.
func (d Day) Month() Month {
	u := d.utc()
	return Month(u.Year()*12 + int(u.Month()) - 1)
}

func (d Day) utc() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

func (d Day) String() string { return d.utc().Format(Layout) }

// MarshalText gives YYYY-MM-DD.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD.
func (d *Day) UnmarshalText(b []byte) error {
	v, err := Parse(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Month is a calendar month: the number of months since January of year 0.
type Month int32

// ParseMonth reads YYYY-MM. Anything else is Invalid.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return 0, errs.AtPointer("", quote(s), "a month as YYYY-MM")
	}
	return Month(t.Year()*12 + int(t.Month()) - 1), nil
}

// First gives the first day of the month.
func (m Month) First() Day { return Date(int(m)/12, time.Month(int(m)%12+1), 1) }

func (m Month) String() string { return m.First().utc().Format("2006-01") }

// MarshalText gives YYYY-MM.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads YYYY-MM.
func (m *Month) UnmarshalText(b []byte) error {
	v, err := ParseMonth(string(b))
	if err != nil {
		return err
	}
	*m = v
	return nil
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return "text"
	}
	return string(b)
}
