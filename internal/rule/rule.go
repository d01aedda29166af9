// Package rule holds the standing orders of companies: whom they would
// interview for a position, how many a day, until when, and how candidates are
// ranked.
package rule

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/taxonomy"
)

// State is whether a rule sends.
type State string

// The states of a rule.
const (
	Draft   State = "draft"
	Active  State = "active"
	Paused  State = "paused"
	Expired State = "expired"
)

// Rule is a standing order.
type Rule struct {
	Key         int64
	ID          uuid.UUID
	Version     int64
	Company     int64
	Position    int64
	Kind        string              // a code of taxonomy.OfferKind
	Must        condition.Condition // over profiles
	Prefer      []Preference
	DailyBudget int
	TotalBudget int
	Expires     day.Day // the last day on which it sends
	OfferDays   int     // how long its offers can be accepted
	Age         *AgeException
	State       State
}

// Preference is a wish of the company that ranks and does not exclude.
type Preference struct {
	Condition condition.Condition `json:"condition"`
	Weight    int                 `json:"weight"`
}

// Bounds of a rule's numbers.
const (
	mostPreferences = 20
	mostWeight      = 10
	MostBudget      = 100_000
	reasonRunes     = 500
	LeastAge        = 15
	MostAge         = 100
)

// Validate reports everything in a rule that is not allowed, by JSON pointer.
// The conditions are taken to be parsed.
func (r *Rule) Validate() error {
	var problems []errs.Problem
	add := func(pointer, found, allowed string) {
		problems = append(problems, errs.Problem{Pointer: pointer, Found: found, Allowed: allowed})
	}
	within := func(pointer string, n, lo, hi int) {
		if n < lo || n > hi {
			add(pointer, strconv.Itoa(n), fmt.Sprintf("%d to %d", lo, hi))
		}
	}
	if _, ok := taxonomy.Of(taxonomy.OfferKind).Find(r.Kind); !ok {
		add("/kind", strconv.Quote(r.Kind), `"interview" or "casual"`)
	}
	within("/daily_budget", r.DailyBudget, 1, MostBudget)
	within("/total_budget", r.TotalBudget, 1, MostBudget)
	within("/offer_days", r.OfferDays, 3, 30)
	problems = append(problems, preferProblems(r.Prefer)...)
	if a := r.Age; a != nil {
		if !slices.Contains(exceptions(), a.Exception) {
			add("/age/exception", strconv.Quote(a.Exception), "one of "+strings.Join(exceptions(), ", "))
		}
		within("/age/min", a.Min, LeastAge, MostAge)
		within("/age/max", a.Max, max(a.Min, LeastAge), MostAge)
		if n := len([]rune(a.Reason)); strings.TrimSpace(a.Reason) == "" || n > reasonRunes {
			add("/age/reason", fmt.Sprintf("%d characters", n), fmt.Sprintf("1 to %d characters, shown to candidates", reasonRunes))
		}
	}
	if len(problems) > 0 {
		return errs.AtPointers(problems...)
	}
	return nil
}

// preferProblems reports what is not allowed of preferences but for their
// conditions.
func preferProblems(prefer []Preference) []errs.Problem {
	var problems []errs.Problem
	if n := len(prefer); n > mostPreferences {
		problems = append(problems, errs.Problem{
			Pointer: "/prefer", Found: fmt.Sprintf("%d entries", n), Allowed: fmt.Sprintf("at most %d", mostPreferences),
		})
	}
	for i, p := range prefer {
		if p.Weight < 1 || p.Weight > mostWeight {
			problems = append(problems, errs.Problem{
				Pointer: fmt.Sprintf("/prefer/%d/weight", i), Found: strconv.Itoa(p.Weight), Allowed: fmt.Sprintf("1 to %d", mostWeight),
			})
		}
	}
	return problems
}

// ValidatePrefer reports everything that is not allowed of preferences by which
// a search is ordered; they may ask for text.
func ValidatePrefer(prefer []Preference) error {
	problems := preferProblems(prefer)
	if len(problems) > 0 {
		return errs.AtPointers(problems...)
	}
	for i, p := range prefer {
		if err := p.Condition.Validate(condition.Profiles, true); err != nil {
			return errs.Below(fmt.Sprintf("/prefer/%d/condition", i), err)
		}
	}
	return nil
}

// Sends says whether the rule sends on a day.
func (r *Rule) Sends(today day.Day) bool { return r.State == Active && today <= r.Expires }

// Held gives the sum of the weights of the preferences that hold, and of all.
func (r *Rule) Held(record condition.Record) (held, all int) {
	for _, p := range r.Prefer {
		all += p.Weight
		if p.Condition.Holds(record) {
			held += p.Weight
		}
	}
	return held, all
}

// Answers is what a company did with the offers that candidates accepted in
// the last 180 days: how many there were, and how many it answered within 7
// days.
type Answers struct{ Accepted, Answered int }

// Tells says whether there are enough to say anything.
func (a Answers) Tells() bool { return a.Accepted >= leastAnswers }

// leastAnswers is the number of accepted offers below which a company's share
// says nothing yet and counts as one half.
const leastAnswers = 10

// MostScore is the best score.
const MostScore = 1000

// Score ranks a pair of rule and candidate, 0..1000: 600 for the preferences
// held, 250 for recent activity (nothing after 90 days), 150 for a company
// that answers.
func Score(held, all, daysSinceActive int, answers Answers) int {
	score := 600
	if all > 0 {
		score = 600 * held / all
	}
	score += 250 * max(0, 90-daysSinceActive) / 90
	if !answers.Tells() {
		return score + 75
	}
	return score + 150*answers.Answered/answers.Accepted
}

// Tie orders pairs of equal score, the same on every process and never by who
// somebody is: the lower digest goes first.
func Tie(seed []byte, rule, candidate uuid.UUID) [sha256.Size]byte {
	h := sha256.New()
	h.Write(seed)
	h.Write(rule[:])
	h.Write(candidate[:])
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}
