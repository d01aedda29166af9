package jm1

import (
	"math"
	"slices"
)

// Clause is one test of a record: tags of a field of which one must be held
// at Level (or none, if Not), or bounds of a number.
type Clause struct {
	Field  int
	Not    bool
	Values []int32
	Level  uint8
	Lo, Hi int32
}

// Rule holds on a profile if all clauses of one of its conjunctions do.
type Rule [][]Clause

// Regime says which of the rules drawn are kept.
type Regime bool

const (
	Mixed     Regime = false // all
	Selective Regime = true  // those whose every conjunction asks for much
)

// rules draws n rules.
func (m *market) rules(n int, regime Regime) []Rule {
	list := make([]Rule, 0, n)
	for len(list) < n {
		if r := m.rule(); regime == Mixed || r.selective() {
			list = append(list, r)
		}
	}
	return list
}

func (m *market) rule() Rule {
	n := 1
	switch p := m.Float64(); {
	case p >= .96:
		n = 3
	case p >= .86:
		n = 2
	}
	var r Rule
	for range n {
		r = append(r, m.conjunction())
	}
	return r
}

// leastClauses is what a selective conjunction has at least.
const leastClauses = 7

func (r Rule) selective() bool {
	for _, clauses := range r {
		has := func(field int) bool {
			return slices.ContainsFunc(clauses, func(c Clause) bool { return c.Field == field })
		}
		if len(clauses) < leastClauses || !has(willing) || !has(occupation) {
			return false
		}
	}
	return true
}

func (m *market) conjunction() []Clause {
	var list []Clause
	maybe := func(p float64, draw func() Clause) {
		if m.chance(p) {
			list = append(list, draw())
		}
	}
	in := func(field int, w weights, most, levels int) func() Clause {
		return func() Clause {
			return Clause{Field: field, Values: m.some(w, m.from(1, most)), Level: uint8(m.from(1, levels))}
		}
	}
	not := func(field int, w weights, most int) func() Clause {
		return func() Clause { return Clause{Field: field, Not: true, Values: m.some(w, m.from(1, most)), Level: 1} }
	}
	maybe(.85, in(willing, m.prefectures, 8, 1))
	maybe(.92, in(occupation, m.occupations, 5, 5))
	maybe(.35, in(industry, m.industries, 10, 1))
	maybe(.10, not(industry, m.industries, 5))
	skills := in(skill, m.skills, 6, 4)
	if m.chance(.60) {
		list = append(list, skills())
		maybe(.20, skills)
	}
	maybe(.18, func() Clause { return Clause{Field: language, Values: []int32{english}, Level: uint8(m.from(1, 4))} })
	maybe(.12, in(certification, m.certifications, 6, 1))
	maybe(.40, m.schooling)
	maybe(.70, m.pay)
	maybe(.60, m.worked)
	maybe(.55, func() Clause { return Clause{Field: jobChanges, Lo: math.MinInt32, Hi: int32(m.from(1, 4))} })
	maybe(.55, func() Clause {
		days := []int32{7, 14, 30, 90, 180}
		return Clause{Field: lastLogin, Lo: math.MinInt32, Hi: days[m.IntN(len(days))]}
	})
	maybe(.12, func() Clause { return Clause{Field: flag, Values: []int32{int32(m.IntN(4))}, Level: 1} })
	return append(list, not(company, m.companies, 3)())
}

func (m *market) schooling() Clause {
	sets := [][]int32{{4, 5}, {3, 4, 5}, {2, 3, 4, 5}, {1, 2, 3, 4, 5}}
	return Clause{Field: education, Values: sets[m.IntN(len(sets))], Level: 1}
}

func (m *market) pay() Clause {
	c := Clause{Field: pay, Lo: int32(250 + 50*m.IntN(12)), Hi: math.MaxInt32}
	if !m.chance(.25) {
		c.Hi = c.Lo + int32(100+50*m.IntN(14))
	}
	return c
}

func (m *market) worked() Clause {
	c := Clause{Field: years, Lo: int32(m.IntN(12)), Hi: math.MaxInt32}
	if !m.chance(.5) {
		c.Hi = c.Lo + int32(m.from(3, 22))
	}
	return c
}

// position draws the job behind a rule.
func (m *market) position() Record {
	var p Record
	p.Tags[jobOccupation] = tags(m.some(m.occupations, 1))
	p.Tags[jobIndustry] = tags(m.some(m.industries, 1))
	p.Tags[jobPrefecture] = tags(m.some(m.prefectures, 1))
	p.Tags[jobRemote] = tags([]int32{int32(m.IntN(3))})
	for i, p2 := range []float64{.22, .85, .40} {
		if m.chance(p2) {
			p.Tags[jobFlag] = append(p.Tags[jobFlag], Tag{Value: int32(i), Level: 1})
		}
	}
	p.Nums[0] = int32(250 + 50*m.IntN(12))
	p.Nums[1] = p.Nums[0] + int32(100+50*m.IntN(14))
	return p
}

// wishes draws what a candidate accepts: 2 to 6 of a position's fields.
func (m *market) wishes() []Clause {
	var list []Clause
	fields := []int{jobOccupation, jobIndustry, jobPrefecture, jobRemote, jobFlag, payMin, payMax}
	m.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	for _, f := range fields[:m.from(2, 6)] {
		c := Clause{Field: f, Level: 1}
		switch f {
		case jobOccupation:
			c.Values = m.some(m.occupations, m.from(1, 5))
		case jobIndustry:
			c.Values = m.some(m.industries, m.from(1, 10))
		case jobPrefecture:
			c.Values = m.some(m.prefectures, m.from(1, 8))
		case jobRemote:
			c.Values = [][]int32{{1, 2}, {2}, {0, 1}}[m.IntN(3)]
		case jobFlag:
			c.Values = []int32{int32(m.IntN(3))}
		default:
			c.Lo, c.Hi = int32(250+50*m.IntN(8)), math.MaxInt32
		}
		list = append(list, c)
	}
	return list
}
