package rule_test

import (
	"strings"
	"testing"

	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/position"
	"enishi/internal/rule"
)

func TestPreconditions(t *testing.T) {
	t.Parallel()
	num := func(n int) *int { return &n }
	software := condition.Condition{Op: condition.In, Field: "occupation", In: []string{"03"}, Min: num(3)}
	skill := condition.Condition{Op: condition.In, Field: "skill", In: []string{"go"}}
	nested := condition.Condition{Op: condition.All, Kids: []condition.Condition{skill, {Op: condition.Any, Kids: []condition.Condition{
		{Op: condition.Range, Field: "experience_years", Min: num(2)},
	}}}}
	within := condition.Condition{Op: condition.Range, Field: "experience_years", Max: num(3)}
	not := func(c condition.Condition) condition.Condition {
		return condition.Condition{Op: condition.Not, Kids: []condition.Condition{c}}
	}
	open := position.Terms{EmploymentType: "seishain", Occupation: "0312"}
	term := position.Terms{EmploymentType: "keiyaku", Occupation: "0312"}
	stage := position.Terms{EmploymentType: "keiyaku", Occupation: "1037"}
	for _, tt := range []struct {
		exception string
		min, max  int
		must      condition.Condition
		terms     position.Terms
		want      string // pointer of the problem
	}{
		{"1号", 15, 59, condition.Always(), open, ""},
		{"1号", 15, 59, condition.Always(), position.Terms{}, ""}, // a draft does not say yet
		{"1号", 15, 59, condition.Always(), term, "/age/exception"},
		{"1号", 15, 40, condition.Always(), open, "/age/max"},
		{"2号", 18, 100, software, term, ""},
		{"2号", 15, 100, condition.Always(), open, "/age/min"},
		{"3号イ", 18, 34, skill, open, ""},
		{"3号イ", 18, 34, within, open, ""},
		{"3号イ", 18, 34, skill, term, "/age/exception"},
		{"3号イ", 18, 34, software, open, "/must"},
		{"3号イ", 18, 34, nested, open, "/must/all/1/any/0"},
		{"3号イ", 18, 34, not(within), open, "/must/not"}, // more than three years
		{"3号イ", 18, 34, not(software), open, ""},        // no such experience
		{"3号イ", 18, 34, not(not(software)), open, "/must/not/not"},
		{"3号ロ", 30, 39, software, open, ""},
		{"3号ロ", 30, 49, software, open, "/age"},
		{"3号ロ", 29, 35, software, open, "/age"},
		{"3号ロ", 40, 49, software, term, "/age/exception"},
		{"3号ハ", 20, 25, condition.Always(), stage, ""},
		{"3号ハ", 20, 25, condition.Always(), open, "/age/exception"},
		{"3号ニ", 60, 100, condition.Always(), term, ""},
		{"3号ニ", 35, 59, condition.Always(), term, ""},
		{"3号ニ", 20, 25, condition.Always(), term, "/age"},
	} {
		r := valid()
		r.Must, r.Age = tt.must, &rule.AgeException{Exception: tt.exception, Min: tt.min, Max: tt.max, Reason: "理由"}
		err := r.Preconditions(&tt.terms)
		if tt.want == "" && err != nil || tt.want != "" && (!errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), tt.want+":")) {
			t.Errorf("%s %d–%d on %+v: %v, want a problem at %q", tt.exception, tt.min, tt.max, tt.terms.EmploymentType, err, tt.want)
		}
	}
	if r := valid(); r.Preconditions(&term) != nil {
		t.Error("a rule without an age condition needs something")
	}
}
