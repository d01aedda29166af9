// Package jm1 makes JM-1, a synthetic Japanese job market fixed by a seed,
// measures the engine on it and checks the answers against an evaluator of its
// own, which shares no code with the engine. Any other program can be given
// the same data: Options.Export writes it with questions and answers.
//
// Nothing here is safe for concurrent use.
package jm1

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// Tag is a value held at a level.
type Tag struct {
	Value int32
	Level uint8
}

// Record is a candidate's profile or a position: tags and numbers by field.
// Both schemas have all fields of tags before those of numbers.
type Record struct {
	Tags [10][]Tag
	Nums [4]int32
}

// Fields of a profile.
const (
	residence = iota
	willing
	occupation
	industry
	skill
	language
	certification
	education
	flag
	company
	pay
	years
	jobChanges
	lastLogin
)

// Fields of a position.
const (
	jobOccupation = iota
	jobIndustry
	jobPrefecture
	jobRemote
	jobFlag
	payMin
	payMax
)

// field describes a field: values 0 means a number, open one without facets.
type field struct {
	name   string
	values int
	levels uint8
	open   bool
	single bool // a record has one value
}

const english = 1 // Japanese is 0, the others follow

// profileFields and positionFields give the schemas, by field.
func profileFields() []field {
	return []field{
		{name: "residence", values: 47, levels: 1, single: true},
		{name: "willing_prefecture", values: 47, levels: 1},
		{name: "occupation", values: 300, levels: 7},
		{name: "industry", values: 120, levels: 1},
		{name: "skill", values: 5000, levels: 5},
		{name: "language", values: 20, levels: 6},
		{name: "certification", values: 1200, levels: 1},
		{name: "education", values: 6, levels: 1, single: true},
		{name: "flag", values: 4, levels: 1},
		{name: "company", values: 20_000, levels: 1, open: true},
		{name: "pay"},
		{name: "years"},
		{name: "job_changes"},
		{name: "last_login"},
	}
}

func positionFields() []field {
	return []field{
		{name: "occupation", values: 300, levels: 1, single: true},
		{name: "industry", values: 120, levels: 1, single: true},
		{name: "prefecture", values: 47, levels: 1, single: true},
		{name: "remote", values: 3, levels: 1, single: true},
		{name: "flag", values: 3, levels: 1},
		{name: "pay_min"},
		{name: "pay_max"},
	}
}

// census gives the inhabitants of the 47 prefectures in the census of 2020, in
// thousands, in the order of their codes (Statistics Bureau of Japan).
func census() []float64 {
	return []float64{
		5225, 1238, 1211, 2302, 960, 1068, 1833, 2867, 1933, 1939, 7345, 6284, 14048, 9237, 2201, 1035,
		1133, 767, 810, 2048, 1979, 3633, 7542, 1770, 1414, 2578, 8838, 5465, 1324, 923, 553, 671,
		1888, 2800, 1342, 720, 950, 1335, 692, 5135, 811, 1312, 1738, 1124, 1070, 1588, 1467,
	}
}

// weights draws values by their weights.
type weights []float64 // running sums

func newWeights(list []float64) weights {
	w, sum := make(weights, len(list)), 0.0
	for i, x := range list {
		sum += x
		w[i] = sum
	}
	return w
}

// zipf gives value i of n the weight (i+1)^-s.
func zipf(n int, s float64) weights {
	list := make([]float64, n)
	for i := range list {
		list[i] = math.Pow(float64(i+1), -s)
	}
	return newWeights(list)
}

// market draws candidates and rules.
type market struct {
	*rand.Rand
	prefectures, occupations, industries, skills, languages, certifications, companies, educations weights
}

func newMarket(seed uint64) *market {
	return &market{
		Rand:           rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)),
		prefectures:    newWeights(census()),
		occupations:    zipf(300, .9),
		industries:     zipf(120, .8),
		skills:         zipf(5000, 1),
		languages:      zipf(20, 1.5),
		certifications: zipf(1200, 1),
		companies:      zipf(20_000, .9),
		educations:     newWeights([]float64{1, 1, 1, 5, 1, 1}),
	}
}

func (m *market) chance(p float64) bool { return m.Float64() < p }

// pick draws one value.
func (m *market) pick(w weights) int32 {
	i := sort.SearchFloat64s(w, m.Float64()*w[len(w)-1])
	return int32(min(i, len(w)-1))
}

// some draws n different values, in the order drawn.
func (m *market) some(w weights, n int) []int32 {
	var list []int32
	for len(list) < n {
		if v := m.pick(w); !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// from draws an integer from lo to hi, both included.
func (m *market) from(lo, hi int) int { return lo + m.IntN(hi-lo+1) }

// tags gives values at level 1.
func tags(values []int32) []Tag {
	list := make([]Tag, len(values))
	for i, v := range values {
		list[i] = Tag{Value: v, Level: 1}
	}
	return list
}

// levelled gives values at levels drawn from 1 to most.
func (m *market) levelled(values []int32, most int) []Tag {
	list := tags(values)
	for i := range list {
		list[i].Level = uint8(m.from(1, most))
	}
	return list
}

// exp draws from the exponential distribution with the given mean, whole.
func (m *market) exp(mean float64, most int) int32 {
	return int32(min(m.ExpFloat64()*mean, float64(most)))
}

// candidate draws a profile.
func (m *market) candidate() Record {
	var c Record
	c.Tags[residence] = tags(m.some(m.prefectures, 1))
	c.Tags[willing] = tags(m.some(m.prefectures, m.from(1, 4)))
	c.Tags[occupation] = m.levelled(m.some(m.occupations, m.from(1, 3)), 7)
	c.Tags[industry] = tags(m.some(m.industries, m.from(1, 3)))
	c.Tags[skill] = m.levelled(m.some(m.skills, m.from(0, 16)), 5)
	c.Tags[language] = m.speaks()
	c.Tags[certification] = tags(m.some(m.certifications, m.from(0, 5)))
	c.Tags[education] = tags(m.some(m.educations, 1))
	for i, p := range []float64{.22, .85, .40, .12} {
		if m.chance(p) {
			c.Tags[flag] = append(c.Tags[flag], Tag{Value: int32(i), Level: 1})
		}
	}
	c.Tags[company] = tags(m.some(m.companies, m.from(1, 3)))
	worked := min(max(12+9*m.NormFloat64(), 0), 45)
	c.Nums[years-pay] = int32(worked)
	c.Nums[0] = int32(min(max(math.Exp(6.15+.42*m.NormFloat64()+.012*worked), 200), 3000))
	c.Nums[jobChanges-pay] = m.exp(1.6, 10)
	c.Nums[lastLogin-pay] = int32(min(math.Exp(3.2+1.5*m.NormFloat64()), 720))
	return c
}

func (m *market) speaks() []Tag {
	list := []Tag{{Value: 0, Level: 5}}
	if m.chance(.45) {
		list = append(list, Tag{Value: english, Level: uint8(1 + m.exp(1.3, 5))})
	}
	if m.chance(.08) {
		list = append(list, Tag{Value: 2 + m.pick(m.languages)%18, Level: uint8(m.from(1, 6))})
	}
	return list
}
