package rule_test

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/rule"
)

func TestScore(t *testing.T) {
	t.Parallel()
	few := rule.Answers{Accepted: 9, Answered: 9}
	for name, c := range map[string]struct {
		held, all, days int
		answers         rule.Answers
		want            int
	}{
		"best":                             {10, 10, 0, rule.Answers{Accepted: 10, Answered: 10}, 1000},
		"worst":                            {0, 10, 90, rule.Answers{Accepted: 10}, 0},
		"no preferences count as held":     {0, 0, 90, rule.Answers{Accepted: 10}, 600},
		"under ten answers say nothing":    {0, 10, 90, few, 75},
		"no answers at all":                {0, 10, 90, rule.Answers{}, 75},
		"a third of the weights":           {1, 3, 90, rule.Answers{Accepted: 10}, 200},
		"weights are floored":              {2, 7, 90, rule.Answers{Accepted: 10}, 171},
		"one day is floored":               {0, 1, 1, rule.Answers{Accepted: 10}, 247},
		"the day before it no more counts": {0, 1, 89, rule.Answers{Accepted: 10}, 2},
		"long ago":                         {0, 1, 4000, rule.Answers{Accepted: 10}, 0},
		"answers are floored":              {0, 1, 90, rule.Answers{Accepted: 11, Answered: 4}, 54},
		"parts are floored, not the sum":   {2, 7, 1, rule.Answers{Accepted: 11, Answered: 4}, 171 + 247 + 54},
	} {
		if got := rule.Score(c.held, c.all, c.days, c.answers); got != c.want {
			t.Errorf("%s: Score(%d, %d, %d, %+v) = %d, want %d", name, c.held, c.all, c.days, c.answers, got, c.want)
		}
	}
}

func TestTie(t *testing.T) {
	t.Parallel()
	a, b := uuid.MustParse("01890000-0000-7000-8000-000000000001"), uuid.MustParse("01890000-0000-7000-8000-000000000002")
	want := sha256.Sum256(slices.Concat([]byte("seed"), a[:], b[:]))
	if got := rule.Tie([]byte("seed"), a, b); got != want {
		t.Errorf("Tie = %x, want %x", got, want)
	}
	if rule.Tie([]byte("seed"), b, a) == want || rule.Tie([]byte("other"), a, b) == want {
		t.Error("ties do not depend on the seed, or on who is the rule")
	}
}

func TestAdmits(t *testing.T) {
	t.Parallel()
	today, err := day.Parse("2026-11-24")
	if err != nil {
		t.Fatal(err)
	}
	a := &rule.AgeException{Min: 20, Max: 29}
	now := today.Month()
	for _, c := range []struct {
		months int // of age
		want   bool
	}{{20*12 - 1, false}, {20 * 12, true}, {25 * 12, true}, {30*12 - 1, true}, {30 * 12, false}} {
		birth := now - day.Month(c.months)
		if got := a.Admits(&birth, today); got != c.want {
			t.Errorf("%d months old: admitted = %v, want %v", c.months, got, c.want)
		}
	}
	if a.Admits(nil, today) {
		t.Error("an unknown month of birth is admitted")
	}
	if none := (*rule.AgeException)(nil); !none.Admits(nil, today) {
		t.Error("without an exception an unknown month of birth is refused")
	}
}

func TestSends(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state rule.State
		today day.Day
		want  bool
	}{
		{rule.Active, 9, true},
		{rule.Active, 10, true},
		{rule.Active, 11, false},
		{rule.Paused, 9, false},
		{rule.Draft, 9, false},
		{rule.Expired, 9, false},
	} {
		r := rule.Rule{State: c.state, Expires: 10}
		if got := r.Sends(c.today); got != c.want {
			t.Errorf("a rule that is %s and expires on day 10 sends on day %d: %v, want %v", c.state, c.today, got, c.want)
		}
	}
}

func valid() rule.Rule {
	return rule.Rule{Kind: "interview", Must: condition.Always(), DailyBudget: 1, TotalBudget: 1, OfferDays: 14}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	ok := valid()
	if err := ok.Validate(); err != nil {
		t.Fatalf("a valid rule: %v", err)
	}
	for pointer, change := range map[string]func(*rule.Rule){
		"/kind":            func(r *rule.Rule) { r.Kind = "talk" },
		"/daily_budget":    func(r *rule.Rule) { r.DailyBudget = 0 },
		"/total_budget":    func(r *rule.Rule) { r.TotalBudget = rule.MostBudget + 1 },
		"/offer_days":      func(r *rule.Rule) { r.OfferDays = 2 },
		"/prefer":          func(r *rule.Rule) { r.Prefer = slices.Repeat([]rule.Preference{{Weight: 1}}, 21) },
		"/prefer/1/weight": func(r *rule.Rule) { r.Prefer = []rule.Preference{{Weight: 10}, {Weight: 11}} },
		"/age/exception":   func(r *rule.Rule) { r.Age = &rule.AgeException{Exception: "4号", Min: 20, Max: 30, Reason: "理由"} },
		"/age/min":         func(r *rule.Rule) { r.Age = &rule.AgeException{Exception: "1号", Min: 14, Max: 30, Reason: "理由"} },
		"/age/max":         func(r *rule.Rule) { r.Age = &rule.AgeException{Exception: "1号", Min: 30, Max: 29, Reason: "理由"} },
		"/age/reason":      func(r *rule.Rule) { r.Age = &rule.AgeException{Exception: "3号ニ", Min: 30, Max: 39, Reason: " "} },
	} {
		r := valid()
		change(&r)
		if err := r.Validate(); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), pointer+":") {
			t.Errorf("%s: %v", pointer, err)
		}
	}
}
