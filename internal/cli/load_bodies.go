package cli

import (
	"fmt"

	"enishi/internal/taxonomy"
)

// newcomer draws the body of a sign-up.
func (l *load) newcomer() []byte {
	l.made++
	return fmt.Appendf(nil, `{"email":"load-%d-%d@example.jp",%s}`, l.made, l.rng.Uint32(), l.said())
}

// said draws what somebody says of themselves and of what they would accept.
func (l *load) said() []byte {
	home := l.leaf(taxonomy.Prefecture)
	skills := ""
	for i, code := range l.leaves(taxonomy.Skill, 1+l.rng.IntN(5)) {
		if i > 0 {
			skills += ","
		}
		skills += fmt.Sprintf(`{"code":%q,"min":%d}`, code, 1+l.rng.IntN(5))
	}
	return fmt.Appendf(nil, `"profile":{"occupation":[{"code":%q,"min":%d}],"industry":[{"code":%q,"min":3}],"skill":[%s],`+
		`"residence":%q,"willing_prefecture":[%q],"education":%d,"pay":%d,"experience_years":%d,"employers":%d,"remote_ok":true},`+
		`"wishes":{"all":[{"field":"pay_max","min":%d}]}`,
		l.leaf(taxonomy.Occupation), []int{0, 1, 3, 5, 7, 10}[l.rng.IntN(6)], l.leaf(taxonomy.Industry), skills,
		home, home, l.rng.IntN(6), 250+10*l.rng.IntN(60), l.rng.IntN(30), 1+l.rng.IntN(4), 250+10*l.rng.IntN(30))
}

// question draws the body of a search: a recruiter's usual clauses.
func (l *load) question() []byte {
	places := l.leaves(taxonomy.Prefecture, 3)
	lo := 250 + 50*l.rng.IntN(8)
	return fmt.Appendf(nil, `{"condition":{"all":[{"field":"occupation","in":[%q,%q],"min":%d},{"field":"willing_prefecture","in":[%q,%q,%q]},`+
		`{"field":"pay","min":%d,"max":%d},{"field":"last_active_days","max":%d}]},`+
		`"facets":["occupation","industry","skill","residence","willing_prefecture","certification","education","language","management"],"sort":"active","limit":20}`,
		l.leaf(taxonomy.Occupation), l.leaf(taxonomy.Occupation), []int{0, 1, 3, 5}[l.rng.IntN(4)], places[0], places[1], places[2],
		lo, lo+300, []int{7, 14, 30, 90, 180}[l.rng.IntN(5)])
}

// leaves draws different leaves of a classification.
func (l *load) leaves(kind taxonomy.Kind, n int) []string {
	seen := map[string]bool{}
	var out []string
	for len(out) < n {
		if code := l.leaf(kind); !seen[code] {
			seen[code] = true
			out = append(out, code)
		}
	}
	return out
}

func (l *load) leaf(kind taxonomy.Kind) string {
	if l.codes == nil {
		l.codes = map[taxonomy.Kind][]string{}
	}
	if l.codes[kind] == nil {
		c := taxonomy.Of(kind)
		for _, item := range c.Items() {
			if c.Leaf(item.Code) {
				l.codes[kind] = append(l.codes[kind], item.Code)
			}
		}
	}
	return l.codes[kind][l.rng.IntN(len(l.codes[kind]))]
}
