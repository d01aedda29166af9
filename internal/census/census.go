// Package census gives what people earn in each occupation by the official wage
// statistics: 賃金構造基本統計調査 (Basic Survey on Wage Structure), 令和7年 (2025),
// Ministry of Health, Labour and Welfare. Regular workers of private establishments
// with 10 employees or more.
//
// Occupations of the taxonomy are drawn from one or several of the survey's; the
// tables beside this file say which. Everything here is immutable and may be used by
// many goroutines at once.
package census

import (
	"embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"enishi/internal/table"
)

// The survey's name, year and publisher, as its terms of use want them named.
const (
	SourceJA = "厚生労働省「賃金構造基本統計調査」（2025年）"
	SourceEN = "Basic Survey on Wage Structure 2025, Ministry of Health, Labour and Welfare"
)

// Bands are the age bands of the survey: up to 19, 20-24, ... 70 and over.
const Bands = 12

// Majors are the major groups of the survey's occupations.
func Majors() []string {
	return []string{"管理", "専門", "事務", "販売", "サービス", "保安", "農林", "生産", "輸送", "建設", "運搬"}
}

// Figures are those of an occupation of the survey, or of several together. Monthly
// pay and the annual bonus are in thousand JPY.
type Figures struct {
	Name                       string
	Major                      int // position in Majors
	Contract, Scheduled, Bonus float64
	Quantiles                  [5]float64     // scheduled pay at 10, 25, 50, 75 and 90 percent
	Workers                    [Bands]float64 // tens
	Annual                     [Bands]float64 // contract pay x 12 + bonus, 10,000 JPY; 0 where there is no figure
}

// All gives the workers of every age, in tens.
func (f *Figures) All() float64 {
	n := 0.0
	for _, part := range f.Workers {
		n += part
	}
	return n
}

// Drawn is an occupation of the taxonomy and what the survey says of it.
type Drawn struct {
	Code    string
	Share   float64    // of each of From, among the codes that name it
	From    []*Figures // the survey's occupations that its people come from
	Figures *Figures   // theirs together
	Workers float64    // tens
}

// Spread is annual pay in 10,000 JPY: the quartiles.
type Spread struct{ Low, Median, High int }

// Of gives the quartiles of annual pay in an occupation, by the code of a leaf of the
// taxonomy; not ok if the survey does not know it. Annual pay is monthly contract pay
// x 12 + bonus; the survey gives quartiles of scheduled pay alone, to which the rest
// is in proportion here.
func Of(code string) (Spread, bool) {
	i, ok := load().byCode[code]
	if !ok {
		return Spread{}, false
	}
	f := load().drawn[i].Figures
	at := func(u float64) int { return int(math.Round(f.AnnualAt(u))) }
	return Spread{at(0.25), at(0.5), at(0.75)}, true
}

// Survey gives the survey's occupations. They are shared: do not write to them.
func Survey() []Figures { return load().survey }

// Occupations gives the leaves of the taxonomy that the survey knows, in its order.
func Occupations() []Drawn { return slices.Clone(load().drawn) }

//go:embed tables/*.tsv
var files embed.FS

type tables struct {
	survey []Figures
	drawn  []Drawn
	byCode map[string]int
}

// load reads the tables once, at first use. They are part of the program, so a faulty
// one is a fault of the program, and the tests read them too.
var load = sync.OnceValue(func() *tables {
	t := &tables{byCode: map[string]int{}}
	for _, step := range []struct {
		name    string
		columns int
		take    func([]string) error
	}{{"census", 12, t.takeSurvey}, {"occupation", 3, t.takeDrawn}} {
		if err := table.Each(files, "tables/"+step.name+".tsv", step.columns, step.take); err != nil {
			panic(err)
		}
	}
	t.shareWorkers()
	return t
})

func (t *tables) takeSurvey(f []string) error {
	c := Figures{Name: f[0], Major: slices.Index(Majors(), f[1])}
	if c.Major < 0 {
		return fmt.Errorf("unknown major group %q", f[1])
	}
	numbers, err := floats(f[2:10])
	if err != nil {
		return err
	}
	c.Contract, c.Scheduled, c.Bonus = numbers[0], numbers[1], numbers[2]
	copy(c.Quantiles[:], numbers[3:])
	for i, into := range []*[Bands]float64{&c.Workers, &c.Annual} {
		list, err := floats(strings.Split(f[10+i], ","))
		if err != nil {
			return err
		}
		if len(list) != Bands {
			return fmt.Errorf("%d age bands, want %d", len(list), Bands)
		}
		copy(into[:], list)
	}
	t.survey = append(t.survey, c)
	return nil
}

func (t *tables) takeDrawn(f []string) error {
	share, err := strconv.ParseFloat(f[2], 64)
	if err != nil {
		return fmt.Errorf("share: %w", err)
	}
	d := Drawn{Code: f[0], Share: share}
	for name := range strings.SplitSeq(f[1], "+") {
		i := slices.IndexFunc(t.survey, func(c Figures) bool { return c.Name == name })
		if i < 0 {
			return fmt.Errorf("unknown occupation of the survey %q", name)
		}
		d.From = append(d.From, &t.survey[i])
	}
	t.byCode[d.Code] = len(t.drawn)
	t.drawn = append(t.drawn, d)
	return nil
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
