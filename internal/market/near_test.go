package market

import (
	"testing"

	"enishi/internal/candidate"
	"enishi/internal/condition"
)

// TestWorkOfAnotherKindIsNoAdvice asks which leaves somebody may meet and not have said.
func TestWorkOfAnotherKindIsNoAdvice(t *testing.T) {
	developer := &candidate.Profile{Occupation: []candidate.Coded{{Code: "0312", Min: 5}}}
	for _, c := range []struct {
		profile *candidate.Profile
		field   string
		in      []string
		want    bool
	}{
		{developer, "occupation", []string{"05"}, false},
		{developer, "occupation", []string{"0102", "0401"}, false},
		{developer, "occupation", []string{"0102", "0301"}, true},
		{developer, "occupation", []string{"03"}, true},
		{developer, "industry", []string{"39"}, true}, // none was said yet
		{developer, "certification", []string{"futsu-menkyo"}, true},
		{&candidate.Profile{}, "occupation", []string{"05"}, true},
	} {
		if got := near(c.profile, condition.Condition{Op: condition.In, Field: c.field, In: c.in}); got != c.want {
			t.Errorf("%s %v is advised to %v: %v, want %v", c.field, c.in, c.profile.Occupation, got, c.want)
		}
	}
}
