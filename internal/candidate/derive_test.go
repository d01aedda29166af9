package candidate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/candidate"
	"enishi/internal/corpnum"
	"enishi/internal/day"
)

func ptr[T any](v T) *T { return &v }

func month(t *testing.T, s string) day.Month {
	t.Helper()
	m, err := day.ParseMonth(s)
	if err != nil {
		t.Fatalf("month %s: %v", s, err)
	}
	return m
}

// job reads an entry of a history; until "" it goes on.
func job(t *testing.T, employer, from, until, occupation, industry string) candidate.Job {
	t.Helper()
	j := candidate.Job{Employer: candidate.Employer{Name: employer}, From: month(t, from), Occupation: occupation, Industry: industry}
	if until != "" {
		j.To = ptr(month(t, until))
	}
	return j
}

func TestDerived(t *testing.T) {
	t.Parallel()
	today, err := day.Parse("2026-11-24")
	if err != nil {
		t.Fatal(err)
	}
	number := corpnum.From(700_000_000_001)
	for name, c := range map[string]struct {
		in     candidate.Profile
		listed []candidate.Employment
		want   candidate.Profile // without the history
	}{
		"nothing": {},
		"one job of three years": {
			in: candidate.Profile{History: []candidate.Job{job(t, "A", "2020-01", "2022-12", "0101", "01")}},
			want: candidate.Profile{
				Occupation: []candidate.Coded{{Code: "0101", Min: 3}}, Industry: []candidate.Coded{{Code: "01", Min: 3}},
				ExperienceYears: ptr(3), Employers: ptr(1),
			},
		},
		"one month short of three years": {
			in: candidate.Profile{History: []candidate.Job{job(t, "A", "2020-02", "2022-12", "0101", "")}},
			want: candidate.Profile{
				Occupation: []candidate.Coded{{Code: "0101", Min: 1}}, ExperienceYears: ptr(2), Employers: ptr(1),
			},
		},
		"overlaps count once": {
			in: candidate.Profile{History: []candidate.Job{
				job(t, "A", "2015-01", "2017-12", "0101", ""),
				job(t, "B", "2016-01", "2018-12", "0101", ""),
				job(t, "C", "2016-06", "2016-08", "0102", ""),
			}},
			want: candidate.Profile{
				Occupation:      []candidate.Coded{{Code: "0101", Min: 3}, {Code: "0102", Min: 0}},
				ExperienceYears: ptr(4), Employers: ptr(3),
			},
		},
		"one within another, out of order": {
			in: candidate.Profile{History: []candidate.Job{
				job(t, "B", "2012-01", "2012-12", "0101", ""),
				job(t, "A", "2010-01", "2019-12", "0101", ""),
				job(t, "A", "2013-01", "2013-12", "0101", ""),
			}},
			want: candidate.Profile{
				Occupation: []candidate.Coded{{Code: "0101", Min: 10}}, ExperienceYears: ptr(10), Employers: ptr(2),
			},
		},
		"months that touch add up": {
			in: candidate.Profile{History: []candidate.Job{
				job(t, "A", "2020-01", "2020-06", "0101", ""), job(t, "A", "2020-07", "2020-12", "0101", ""),
			}},
			want: candidate.Profile{
				Occupation: []candidate.Coded{{Code: "0101", Min: 1}}, ExperienceYears: ptr(1), Employers: ptr(1),
			},
		},
		"a job that goes on runs until this month, one that will end too": {
			in: candidate.Profile{History: []candidate.Job{
				job(t, "A", "2025-12", "", "0101", ""), job(t, "B", "2025-12", "2030-01", "0102", ""),
			}},
			want: candidate.Profile{
				Occupation:      []candidate.Coded{{Code: "0101", Min: 1}, {Code: "0102", Min: 1}},
				ExperienceYears: ptr(1), Employers: ptr(2),
			},
		},
		"what is stated stays": {
			in: candidate.Profile{
				Occupation: []candidate.Coded{{Code: "0101", Min: 7}}, ExperienceYears: ptr(20), Employers: ptr(9),
				History: []candidate.Job{job(t, "A", "2020-01", "2022-12", "0101", ""), job(t, "A", "2020-01", "2022-12", "0103", "")},
			},
			want: candidate.Profile{
				Occupation: []candidate.Coded{{Code: "0101", Min: 7}, {Code: "0103", Min: 3}}, ExperienceYears: ptr(20), Employers: ptr(9),
			},
		},
		"employers by number and by name, and listed ones": {
			in: candidate.Profile{History: []candidate.Job{
				{Employer: candidate.Employer{Number: &number}, From: month(t, "2026-01")},
				{Employer: candidate.Employer{Number: &number}, From: month(t, "2026-02")},
				job(t, "A", "2026-01", "", "", ""),
			}},
			listed: []candidate.Employment{{Number: number, Current: true}, {Number: corpnum.From(3)}},
			want:   candidate.Profile{ExperienceYears: ptr(0), Employers: ptr(3)},
		},
		"listed ones alone": {
			listed: []candidate.Employment{{Number: number}, {Number: corpnum.From(3)}},
			want:   candidate.Profile{Employers: ptr(2)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.want.History = c.in.History
			if d := cmp.Diff(c.want, c.in.Derived(today, c.listed)); d != "" {
				t.Errorf("derived (-want +got):\n%s", d)
			}
		})
	}
}

func TestBlocked(t *testing.T) {
	t.Parallel()
	n := func(i int64) corpnum.Number { return corpnum.From(700_000_000_000 + i) }
	group := []corpnum.Number{n(1), n(2), n(3)}
	for name, c := range map[string]struct {
		in   candidate.Candidate
		want bool
	}{
		"nobody":                          {},
		"on the list":                     {candidate.Candidate{Blocks: []corpnum.Number{n(1)}}, true},
		"only its group is on the list":   {candidate.Candidate{Blocks: []corpnum.Number{n(2)}}, false},
		"current employer":                {candidate.Candidate{Employers: []candidate.Employment{{Number: n(1), Current: true}}}, true},
		"current employer in the group":   {candidate.Candidate{Employers: []candidate.Employment{{Number: n(3), Current: true}}}, true},
		"former employer":                 {candidate.Candidate{Employers: []candidate.Employment{{Number: n(1)}}}, false},
		"current employer somewhere else": {candidate.Candidate{Employers: []candidate.Employment{{Number: n(4), Current: true}}}, false},
	} {
		if got := c.in.Blocked(n(1), group); got != c.want {
			t.Errorf("%s: blocked = %v, want %v", name, got, c.want)
		}
	}
}

func TestRecordCountsDays(t *testing.T) {
	t.Parallel()
	today := day.Day(20_000)
	for name, c := range map[string]struct {
		from, active day.Day
		wantIn       int
		wantSince    int
	}{
		"ahead and behind": {today + 5, today - 7, 5, 7},
		"today":            {today, today, 0, 0},
		"passed":           {today - 9, today + 1, 0, 0},
	} {
		p := candidate.Profile{AvailableFrom: &c.from}
		r := p.Record(today, c.active)
		if r.Numbers["available_in_days"] != c.wantIn || r.Numbers["last_active_days"] != c.wantSince {
			t.Errorf("%s: available in %d days, active %d days ago; want %d and %d", name,
				r.Numbers["available_in_days"], r.Numbers["last_active_days"], c.wantIn, c.wantSince)
		}
	}
	if _, ok := new(candidate.Profile).Record(today, today).Numbers["available_in_days"]; ok {
		t.Error("a profile without a date of availability has one in its record")
	}
}
