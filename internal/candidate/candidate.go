// Package candidate holds the job seekers: their profile, their wishes, whom
// they have blocked, and how a profile is read as the record that conditions
// speak about. No field exists for sex, nationality, birthplace, family,
// religion, belief, union membership or health.
package candidate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/errs"
)

// Candidate is a person who looks for work.
type Candidate struct {
	Key         int64
	ID          uuid.UUID
	Account     int64
	Trial       int64 // of whose rehearsal they are a part; 0: they are real. It never changes
	Version     int64 // of the whole; each edit raises it
	Open        bool  // looking: in matches and searches
	Confirmed   bool  // the e-mail address is known to be theirs
	WeeklyLimit int   // automatic offers over today and the six days before; 0 = none
	Language    string
	LastActive  day.Day
	Profile     Profile
	Mask        *Mask               // of Profile; nil: none was kept
	Wishes      condition.Condition // over positions
	Blocks      []corpnum.Number    // the candidate's own list, ascending
	Employers   []Employment        // ascending by number
	CreatedAt   time.Time
}

// Employment is an employer known by its corporate number.
type Employment struct {
	Number  corpnum.Number `json:"corporate_number"`
	Current bool           `json:"current"`
}

// DefaultWeeklyLimit is how many automatic offers reach a candidate in seven
// days unless they say otherwise; MostWeeklyLimit is the most they may say.
const (
	DefaultWeeklyLimit = 10
	MostWeeklyLimit    = 100
	// LimitDays is the window of the limit: today and the six days before.
	LimitDays = 7
	mostList  = 500
)

// Blocked says whether the candidate must stay unknown to a company: it is on
// their own list, or it is their current employer or in that employer's group.
// group holds the numbers of the company's group, its own included.
func (c *Candidate) Blocked(number corpnum.Number, group []corpnum.Number) bool {
	if slices.Contains(c.Blocks, number) {
		return true
	}
	for _, e := range c.Employers {
		if e.Current && slices.Contains(group, e.Number) {
			return true
		}
	}
	return false
}

// Record gives the profile as conditions see it on a day.
func (c *Candidate) Record(today day.Day) condition.Record {
	return c.Profile.Record(today, c.LastActive)
}

// CleanBlocks gives a list of blocks sorted and without repeats; more than 500
// are Invalid.
func CleanBlocks(list []corpnum.Number) ([]corpnum.Number, error) {
	if len(list) > mostList {
		return nil, errs.AtPointer("", fmt.Sprintf("%d entries", len(list)), fmt.Sprintf("at most %d", mostList))
	}
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out), nil
}

// CleanEmployers gives employers sorted by number, one entry each (current if
// any of its entries is); more than 500 are Invalid.
func CleanEmployers(list []Employment) ([]Employment, error) {
	if len(list) > mostList {
		return nil, errs.AtPointer("", fmt.Sprintf("%d entries", len(list)), fmt.Sprintf("at most %d", mostList))
	}
	current := make(map[corpnum.Number]bool, len(list))
	for _, e := range list {
		current[e.Number] = current[e.Number] || e.Current
	}
	out := make([]Employment, 0, len(current))
	for n, c := range current {
		out = append(out, Employment{Number: n, Current: c})
	}
	slices.SortFunc(out, func(a, b Employment) int { return cmp.Compare(a.Number, b.Number) })
	return out, nil
}

// ValidateSettings reports a limit or language that is not allowed.
func ValidateSettings(weeklyLimit int, language string) error {
	var problems []errs.Problem
	if weeklyLimit < 0 || weeklyLimit > MostWeeklyLimit {
		problems = append(problems, errs.Problem{
			Pointer: "/weekly_limit", Found: fmt.Sprint(weeklyLimit), Allowed: fmt.Sprintf("0 to %d", MostWeeklyLimit),
		})
	}
	if language != "ja" && language != "en" {
		problems = append(problems, errs.Problem{Pointer: "/language", Found: fmt.Sprintf("%q", language), Allowed: `"ja" or "en"`})
	}
	if len(problems) > 0 {
		return errs.AtPointers(problems...)
	}
	return nil
}
