package demo

import (
	"fmt"
	"slices"
	"strconv"

	"enishi/internal/day"
	"enishi/internal/taxonomy"
)

// licence is what it takes to hold a certification. The zero value is one that
// anybody may hold.
type licence struct {
	age, education int
	after          string // what one holds before it; "" if nothing
}

func (t *tables) takeLicence(f []string) error {
	if _, ok := taxonomy.Of(taxonomy.Certification).Find(f[0]); !ok {
		return fmt.Errorf("unknown certification %q", f[0])
	}
	if _, twice := t.licences[f[0]]; twice {
		return fmt.Errorf("%s stands here twice", f[0])
	}
	age, err := strconv.Atoi(f[1])
	if err != nil {
		return fmt.Errorf("age: %w", err)
	}
	education, err := strconv.Atoi(f[2])
	if err != nil || education >= len(endOfSchool) {
		return fmt.Errorf("education %q is not a level", f[2])
	}
	if t.licences == nil {
		t.licences = map[string]licence{}
	}
	t.licences[f[0]] = licence{age, education, f[3]}
	return nil
}

// april gives the month in which those who reach an age by the end of a school
// year begin to work: the first April after that birthday.
func april(born day.Month, age int) day.Month {
	m := born + day.Month(12*age) + 1
	return m + (15-m%12)%12 // January is 0, so April is 3
}

// mayHold says whether the person is old and schooled enough for a
// certification.
func (w *world) mayHold(p *person, code string) bool {
	l := w.licences[code]
	return p.education >= l.education && april(p.born, l.age) <= p.joins.Month()
}

// generations are the ages that names go with: below 35, 35 to 54, and above.
const generations = 3

func generation(age int) int { return min(max((age-15)/20, 0), generations-1) }

// takeGiven reads a name and the generations in which it is common, such as 12.
func (t *tables) takeGiven(f []string) error {
	for _, letter := range f[1] {
		i := int(letter - '1')
		if i < 0 || i >= generations {
			return fmt.Errorf("generation %q, want 1 to %d", letter, generations)
		}
		if slices.Contains(t.given[i], f[0]) {
			return fmt.Errorf("%s stands here twice", f[0])
		}
		t.given[i] = append(t.given[i], f[0])
	}
	return nil
}
