package demo

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"enishi/internal/census"
	"enishi/internal/table"
	"enishi/internal/taxonomy"
)

//go:embed tables/*.tsv
var files embed.FS

// bands are the age bands of the wage census.
const bands = census.Bands

// occupation is a leaf of the taxonomy and how people and jobs in it are.
type occupation struct {
	code, group, name string
	drawn             []*census.Figures // the occupations of the census that its people come from
	census            *census.Figures   // their figures together
	workers           float64
	industries        []string
	skills            []string
	required          string  // the licence without which the work is not done; "" if none
	licence           licence // what it takes to hold it, or the post
	optional          []string
	remote            int // of 100 positions that allow remote work
	shift             bool
	education         int // usual highest education
	duties            []string
}

// prefecture is where people live and work.
type prefecture struct {
	code, name string
	population float64
	near       []int // positions in tables.prefectures
	pay        []float64
}

// tables are the facts that the demo is built from.
type tables struct {
	occupations []occupation
	prefectures []prefecture
	national    []float64 // pay by major group, as in prefecture.pay
	surnames    []string
	given       [generations][]string
	licences    map[string]licence
	stems       [2][]string
	text        map[string][]string // sentence parts by section
	// firmPatterns are the names of companies by industry; * stands for the stem.
	firmPatterns map[string][]string
}

// loadTables reads the embedded tables, once for the process: they never change.
var loadTables = sync.OnceValues(func() (*tables, error) {
	t := &tables{text: map[string][]string{}, firmPatterns: map[string][]string{}}
	for _, step := range []struct {
		name    string
		columns int
		take    func([]string) error
	}{
		{"prefecture", 4 + len(census.Majors()), t.takePrefecture},
		{"licence", 4, t.takeLicence},
		{"occupation", 7, t.takeOccupation},
		{"surname", 1, func(f []string) error { t.surnames = append(t.surnames, f[0]); return nil }},
		{"given", 2, t.takeGiven},
		{"stem1", 1, func(f []string) error { t.stems[0] = append(t.stems[0], f[0]); return nil }},
		{"stem2", 1, func(f []string) error { t.stems[1] = append(t.stems[1], f[0]); return nil }},
		{"firm", 2, func(f []string) error { t.firmPatterns[f[0]] = strings.Split(f[1], "|"); return nil }},
		{"text", 2, func(f []string) error { t.text[f[0]] = append(t.text[f[0]], strings.Split(f[1], "|")...); return nil }},
	} {
		if err := table.Each(files, "tables/"+step.name+".tsv", step.columns, step.take); err != nil {
			return nil, err
		}
	}
	return t, t.takeCensus()
})

// takeCensus gives each occupation the figures of the wage census.
func (t *tables) takeCensus() error {
	drawn := map[string]census.Drawn{}
	for _, d := range census.Occupations() {
		drawn[d.Code] = d
	}
	for i := range t.occupations {
		o := &t.occupations[i]
		d, ok := drawn[o.code]
		if !ok {
			return fmt.Errorf("the wage census does not know the occupation %s", o.code)
		}
		o.drawn, o.census, o.workers = d.From, d.Figures, d.Workers
		if o.census.Major == posts && o.required == "" {
			o.licence.age = leastPost
		}
	}
	return nil
}

// posts is the position of the managers among the major groups, and leastPost
// the age from which one is held: the census counts one worker in 200 below it.
const (
	posts     = 0
	leastPost = 30
)

func (t *tables) takePrefecture(f []string) error {
	pay, err := floats(f[4:])
	if err != nil {
		return err
	}
	if f[0] == "all" {
		t.national = pay
		return nil
	}
	population, err := strconv.ParseFloat(f[2], 64)
	if err != nil {
		return fmt.Errorf("population: %w", err)
	}
	p := prefecture{code: f[0], name: f[1], population: population, pay: pay}
	for _, code := range strings.Split(f[3], ",") {
		n, err := strconv.Atoi(code)
		if err != nil {
			return fmt.Errorf("neighbour: %w", err)
		}
		p.near = append(p.near, n-1) // JIS codes run from 01 without a gap
	}
	t.prefectures = append(t.prefectures, p)
	return nil
}

func (t *tables) takeOccupation(f []string) error {
	item, ok := taxonomy.Of(taxonomy.Occupation).Find(f[0])
	if !ok {
		return fmt.Errorf("unknown occupation %q", f[0])
	}
	o := occupation{
		code: f[0], group: item.Parent, name: item.JA,
		industries: list(f[1]), skills: list(f[2]), required: f[3], optional: list(f[4]),
		education: 2, duties: strings.Split(f[6], "/"),
	}
	if err := o.takeTraits(f[5]); err != nil {
		return err
	}
	l, known := t.licences[o.required]
	if o.required != "" && !known {
		return fmt.Errorf("%s: what the licence %q takes is not in licence.tsv", f[0], o.required)
	}
	o.licence = licence{max(o.licence.age, l.age), l.education, l.after}
	t.occupations = append(t.occupations, o)
	return nil
}

func (o *occupation) takeTraits(s string) error {
	for s != "" {
		letter, rest := s[0], s[1:]
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		s = rest[len(digits):]
		n := 0
		if digits != "" {
			var err error
			if n, err = strconv.Atoi(digits); err != nil {
				return fmt.Errorf("trait %c: %w", letter, err)
			}
		}
		switch letter {
		case 'r':
			o.remote = n
		case 's':
			o.shift = true
		case 'e':
			o.education = n
		case 'a':
			o.licence.age = n
		default:
			return fmt.Errorf("unknown trait %c", letter)
		}
	}
	return nil
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func floats(fields []string) ([]float64, error) {
	out := make([]float64, len(fields))
	for i, s := range fields {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, fmt.Errorf("column %d: %w", i, err)
		}
		out[i] = v
	}
	return out, nil
}
