package demo

import (
	"fmt"
	"strings"

	"enishi/internal/company"
	"enishi/internal/corpnum"
)

// firm is a company on the drawing board.
type firm struct {
	company.Company
	industry string
	home     int // position of the prefecture
}

// firstNumber is where the demo's corporate numbers begin. Bases that start
// with 99 belong to no registry office, so none of them is anybody's.
const firstNumber = 990_000_000_000

// firmsOf draws the companies: industries as workers are in them, places by
// population. One in twelve belongs to the group of an earlier one, one in
// fifty waits for the operator.
func (w *world) firmsOf() []*firm {
	d := newDraw(w.options.Seed, streamCompanies)
	industries, weights := w.industryWeights()
	kinds := d.spread(w.options.Companies, weights)
	places := make([]float64, len(w.prefectures))
	for i, p := range w.prefectures {
		places[i] = p.population * p.population / 1e7 // head offices crowd more than people do
		places[i] += p.population
	}
	homes := d.spread(w.options.Companies, places)
	names := map[string]bool{}
	out := make([]*firm, w.options.Companies)
	for i := range out {
		f := &firm{industry: industries[kinds[i]], home: homes[i]}
		f.Number = corpnum.From(firstNumber + int64(i)*7 + 1)
		f.Head = f.Number
		if i > 10 && d.in(8) {
			f.Head = out[d.IntN(i)].Head
		}
		f.Name = w.firmName(d, f.industry)
		for names[f.Name] {
			f.Name = w.firmName(d, f.industry)
		}
		names[f.Name] = true
		f.Size = d.weighted(8, 22, 28, 22, 12, 6, 2)
		f.Version, f.Status = 1, company.Verified
		if d.in(2) {
			f.Status = company.Applied
		}
		out[i] = f
		w.byIndustry[f.industry] = append(w.byIndustry[f.industry], f)
	}
	return out
}

// industryWeights gives the industries and how many workers the occupations
// bring to each.
func (w *world) industryWeights() (codes []string, weights []float64) {
	at := map[string]int{}
	for _, o := range w.occupations {
		for _, code := range o.industries {
			i, ok := at[code]
			if !ok {
				i = len(codes)
				at[code] = i
				codes, weights = append(codes, code), append(weights, 0)
			}
			weights[i] += o.workers / float64(len(o.industries))
		}
	}
	return codes, weights
}

// firmName invents the registered name of a company.
func (w *world) firmName(d draw, industry string) string {
	name := w.employerName(d, industry)
	for _, form := range []string{"法人", "組合", "金庫", "財団", "協会", "公社", "機構"} {
		if strings.Contains(name, form) {
			return name
		}
	}
	if strings.HasSuffix(name, "病院") || strings.HasSuffix(name, "クリニック") || strings.HasSuffix(name, "医院") {
		return "医療法人 " + name
	}
	switch d.weighted(62, 33, 5) {
	case 0:
		return "株式会社" + name
	case 1:
		return name + "株式会社"
	}
	return "合同会社" + name
}

// employerName invents the name by which people know an employer.
func (w *world) employerName(d draw, industry string) string {
	patterns := w.firmPatterns[industry]
	stem := pick(d, w.stems[0]) + pick(d, w.stems[1])
	if len(patterns) == 0 {
		return stem + "商会"
	}
	return strings.ReplaceAll(pick(d, patterns), "*", stem)
}

// employerIn draws a company of the demo in an industry, nil if there is none.
func (w *world) employerIn(d draw, industry string) *firm {
	if list := w.byIndustry[industry]; len(list) > 0 {
		return pick(d, list)
	}
	return nil
}

// firmFor draws the company of a job: of the industry and at the place if it
// can be, then of the industry, then any.
func (w *world) firmFor(d draw, industries []string, home int) *firm {
	for range 12 {
		if f := w.employerIn(d, pick(d, industries)); f != nil && f.home == home {
			return f
		}
	}
	for range 4 {
		if f := w.employerIn(d, pick(d, industries)); f != nil {
			return f
		}
	}
	return pick(d, w.firms)
}

// memberEmail is the address of a company's owner.
func memberEmail(i int) string { return fmt.Sprintf("owner%05d@company.example.jp", i+1) }
