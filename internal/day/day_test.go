package day_test

import (
	"encoding/json"
	"testing"
	"time"

	"enishi/internal/day"
	"enishi/internal/errs"
)

func TestOf(t *testing.T) {
	newYork := time.FixedZone("EST", -5*60*60)
	tests := []struct {
		moment time.Time
		want   string
	}{
		{time.Date(2026, 11, 30, 14, 59, 59, 999_999_999, time.UTC), "2026-11-30"}, // the last moment in Tokyo
		{time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC), "2026-12-01"},             // midnight in Tokyo
		{time.Date(2026, 12, 31, 10, 0, 0, 0, newYork), "2027-01-01"},
		{time.Date(2028, 2, 29, 23, 59, 0, 0, day.Tokyo), "2028-02-29"},
		{time.Unix(0, 0), "1970-01-01"},
		{time.Date(1969, 12, 31, 14, 59, 59, 0, time.UTC), "1969-12-31"},
		{time.Date(1868, 10, 23, 0, 0, 0, 0, day.Tokyo), "1868-10-23"},
	}
	for _, test := range tests {
		if got := day.Of(test.moment).String(); got != test.want {
			t.Errorf("Of(%v) = %s, want %s", test.moment, got, test.want)
		}
	}
}

// TestOfAgrees checks the days around each midnight of three years against
// package time.
func TestOfAgrees(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, day.Tokyo)
	first := day.Of(start)
	for i := range 3 * 366 {
		midnight := start.AddDate(0, 0, i)
		want := first + day.Day(i)
		if got := day.Of(midnight); got != want {
			t.Fatalf("Of(%v) = %v, want %v", midnight, got, want)
		}
		if got := day.Of(midnight.Add(-time.Nanosecond)); got != want-1 {
			t.Fatalf("Of(a moment before %v) = %v, want %v", midnight, got, want-1)
		}
		if got := midnight.Format(day.Layout); got != want.String() {
			t.Fatalf("%v.String() = %s, want %s", int32(want), want, got)
		}
	}
}

func TestAt(t *testing.T) {
	d := day.Date(2026, 12, 1)
	want := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) // 09:00 in Tokyo
	if got := d.At(9); !got.Equal(want) {
		t.Errorf("At(9) = %v, want %v", got, want)
	}
	for hour := range 24 {
		if got := day.Of(d.At(hour)); got != d {
			t.Errorf("Of(At(%d)) = %v, want %v", hour, got, d)
		}
	}
	if got := day.Of(d.At(24)); got != d+1 {
		t.Errorf("Of(At(24)) = %v, want %v", got, d+1)
	}
}

func TestDateCarriesOver(t *testing.T) {
	tests := []struct {
		got  day.Day
		want string
	}{
		{day.Date(2026, 13, 1), "2027-01-01"},
		{day.Date(2026, 2, 29), "2026-03-01"},
		{day.Date(2026, 3, 0), "2026-02-28"},
	}
	for _, test := range tests {
		if test.got.String() != test.want {
			t.Errorf("Date = %v, want %s", test.got, test.want)
		}
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"1970-01-01", "2026-11-24", "2028-02-29", "1969-12-31", "0001-01-01", "9999-12-31"} {
		if d, err := day.Parse(text); err != nil || d.String() != text {
			t.Errorf("Parse(%q) = %v, %v", text, d, err)
		}
	}
	if d, err := day.Parse("1970-01-02"); err != nil || d != 1 {
		t.Errorf("Parse(1970-01-02) = %d, %v; want 1", int32(d), err)
	}
	for _, text := range []string{
		"", "2026-2-1", "2026-02-30", "2027-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "26-01-01", "2026/01/01",
		"2026-01-01T00:00:00Z", " 2026-01-01", "2026-01-01 ", "２０２６-01-01", "+026-01-01", "-001-01-01", "令和8年1月1日", "\xff",
	} {
		if d, err := day.Parse(text); !errs.Is(err, errs.Invalid) {
			t.Errorf("Parse(%q) = %v, %v; want an Invalid error", text, d, err)
		}
	}
}

func TestMonth(t *testing.T) {
	for _, text := range []string{"1970-01", "2026-12", "0001-01", "9999-12"} {
		m, err := day.ParseMonth(text)
		if err != nil || m.String() != text {
			t.Errorf("ParseMonth(%q) = %v, %v", text, m, err)
		}
		if first := m.First(); first.String() != text+"-01" || first.Month() != m || (first-1).Month() != m-1 {
			t.Errorf("%v.First() = %v", m, first)
		}
	}
	for _, text := range []string{"", "2026", "2026-1", "2026-13", "2026-00", "2026-01-01", "2026-01 "} {
		if m, err := day.ParseMonth(text); !errs.Is(err, errs.Invalid) {
			t.Errorf("ParseMonth(%q) = %v, %v; want an Invalid error", text, m, err)
		}
	}
	december, january := day.Date(2026, 12, 31).Month(), day.Date(2027, 1, 1).Month()
	if january-december != 1 {
		t.Errorf("from December to January are %d months, want 1", january-december)
	}
}

func TestJSON(t *testing.T) {
	type wish struct {
		From  day.Day   `json:"from"`
		Birth day.Month `json:"birth"`
	}
	const text = `{"from":"2026-12-01","birth":"1990-04"}`
	var w wish
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(w); err != nil || string(got) != text {
		t.Errorf("Marshal = %s, %v; want %s", got, err, text)
	}
	for _, wrong := range []string{`{"from":"2026-02-30"}`, `{"birth":"1990-04-01"}`, `{"from":20260101}`} {
		before := w
		if err := json.Unmarshal([]byte(wrong), &w); err == nil || w != before {
			t.Errorf("Unmarshal(%s) = %v, %v; want an error and no change", wrong, w, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"2026-11-24", "0000-01-01", "9999-12-31", "2027-02-29", "2026-11"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := day.Parse(text)
		switch {
		case err == nil && d.String() != text:
			t.Fatalf("Parse(%q).String() = %q", text, d)
		case err != nil && !errs.Is(err, errs.Invalid):
			t.Fatalf("Parse(%q): %v, want an Invalid error", text, err)
		}
		m, err := day.ParseMonth(text)
		switch {
		case err == nil && (m.String() != text || m.First().Month() != m):
			t.Fatalf("ParseMonth(%q) = %v, first day %v", text, m, m.First())
		case err != nil && !errs.Is(err, errs.Invalid):
			t.Fatalf("ParseMonth(%q): %v, want an Invalid error", text, err)
		}
	})
}
