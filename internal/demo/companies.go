package demo

import (
	"fmt"
	"slices"
	"strings"

	"enishi/internal/company"
	"enishi/internal/corpnum"
)

// firm is a company on the drawing board.
type firm struct {
	company.Company
	industry string
	home     int      // position of the prefecture
	hires    []string // occupations and groups that work there; nil for all that know the industry
}

// employs says whether an occupation works at the company.
func (f *firm) employs(o *occupation) bool {
	return slices.Contains(o.industries, f.industry) &&
		(f.hires == nil || slices.ContainsFunc(f.hires, func(code string) bool { return strings.HasPrefix(o.code, code) }))
}

// public says whether the company is a body of local government.
func (f *firm) public() bool { return f.industry == "98" }

// manySites is the size band, 100 people, from which a company has sites in
// more than one prefecture.
const manySites = 3

// firstNumber is where the demo's corporate numbers begin. Bases that start
// with 99 belong to no registry office, so none of them is anybody's.
const firstNumber = 990_000_000_000

// sizeWeights say how common each size band is.
var sizeWeights = [...]int{8, 22, 28, 22, 12, 6, 2}

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
		// The kinds of an industry in turn, so that each of its trades has employers.
		patterns := w.firmPatterns[f.industry]
		k := kindOf(patterns[len(w.byIndustry[f.industry])%len(patterns)])
		f.Size, f.hires = k.size(d), k.hires
		f.Name = w.firmName(d, f, k)
		for names[f.Name] {
			f.Name = w.firmName(d, f, k)
		}
		names[f.Name] = true
		f.Version, f.Status = 1, company.Verified
		if d.in(2) && i > 0 {
			f.Status = company.Applied
		}
		out[i] = f
		w.byIndustry[f.industry] = append(w.byIndustry[f.industry], f)
	}
	return out
}

// industryWeights gives the industries and how many workers the occupations
// bring to each, none so few that it would have no company where there are
// several times as many companies as industries.
func (w *world) industryWeights() (codes []string, weights []float64) {
	at := map[string]int{}
	all := 0.0
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
		all += o.workers
	}
	for i := range weights {
		weights[i] = max(weights[i], 1.5*all/float64(max(w.options.Companies, 3*len(codes))))
	}
	return codes, weights
}

// firmKind is a line of firm.tsv: how companies are named, how large they are
// and whom they employ.
type firmKind struct {
	pattern         string
	least, greatest int
	hires           []string
}

// kindOf reads a kind of company: pattern;least-greatest;occupations.
func kindOf(s string) firmKind {
	k := firmKind{greatest: len(sizeWeights) - 1}
	parts := strings.Split(s, ";")
	k.pattern = parts[0]
	if len(parts) > 1 {
		k.least, k.greatest = int(parts[1][0]-'0'), int(parts[1][2]-'0') // of one digit each: a test reads every line
	}
	if len(parts) > 2 {
		k.hires = strings.Split(parts[2], ",")
	}
	return k
}

// size draws a size band that fits the kind.
func (k firmKind) size(d draw) int {
	weights := sizeWeights
	for i := range weights {
		if i < k.least || i > k.greatest {
			weights[i] = 0
		}
	}
	return d.weighted(weights[:]...)
}

// stemmed fills a pattern with an invented stem.
func (w *world) stemmed(d draw, pattern string) string {
	return strings.ReplaceAll(pattern, "*", pick(d, w.stems[0])+pick(d, w.stems[1]))
}

// forms are the legal forms that a pattern of firm.tsv may name itself, and the
// bodies that need none.
var forms = []string{"会社", "法人", "組合", "金庫", "機構", "連合"}

// light are the industries in which small companies are often 合同会社.
var light = []string{"39", "40", "41", "76", "78", "79", "91"}

// shopLike are endings of names before which the form stands, not after.
var shopLike = []string{"亭", "家", "荘", "館", "店", "院", "室", "園", "局", "堂", "場", "塾", "珈琲"}

// firmName invents the registered name of a company.
func (w *world) firmName(d draw, f *firm, k firmKind) string {
	name := w.stemmed(d, k.pattern)
	if slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(name, form) }) || f.public() {
		return name
	}
	prefix := slices.ContainsFunc(shopLike, func(end string) bool { return strings.HasSuffix(name, end) }) || strings.HasPrefix(name, "ホテル")
	switch at := d.IntN(100); {
	case at < 8 && f.Size <= 2 && slices.Contains(light, f.industry):
		return "合同会社" + name
	case at < 65 || prefix:
		return "株式会社" + name
	}
	return name + "株式会社"
}

// employerName invents the name by which people know an employer.
func (w *world) employerName(d draw, industry string) string {
	patterns := w.firmPatterns[industry]
	if len(patterns) == 0 {
		return w.stemmed(d, "*商会")
	}
	return w.stemmed(d, kindOf(pick(d, patterns)).pattern)
}

// employerIn draws a company of the demo in an industry, nil if there is none.
func (w *world) employerIn(d draw, industry string) *firm {
	if list := w.byIndustry[industry]; len(list) > 0 {
		return pick(d, list)
	}
	return nil
}

// employersOf gives the companies at which an occupation works and that an
// operator has verified: the others have no rules yet.
func (w *world) employersOf(o *occupation) []*firm {
	if list, ok := w.employers[o]; ok {
		return list
	}
	var out []*firm
	for _, industry := range o.industries {
		for _, f := range w.byIndustry[industry] {
			if f.Status == company.Verified && f.employs(o) {
				out = append(out, f)
			}
		}
	}
	w.employers[o] = out
	return out
}

// verified gives the companies that an operator has verified; the first is.
func (w *world) verified() []*firm {
	return slices.DeleteFunc(slices.Clone(w.firms), func(f *firm) bool { return f.Status != company.Verified })
}

// openings say how many jobs a company of each size band offers, against the
// smallest.
var openings = [...]int{1, 1, 2, 5, 16, 32, 48}

// firmFor draws the company of a job among those at which the occupation works:
// one at the place if it can be, a larger one more often, and from elsewhere
// seldom one that has no other sites. Where there is none, any company.
func (w *world) firmFor(d draw, o *occupation, home int) *firm {
	list := w.employersOf(o)
	if len(list) == 0 {
		return pick(d, w.verified())
	}
	weights := make([]int, len(list))
	for i, f := range list {
		weights[i] = 10 * openings[f.Size]
		switch {
		case f.home == home:
			weights[i] *= 12
		case f.Size < manySites:
			weights[i] = 1
		}
	}
	return list[d.weighted(weights...)]
}

// memberEmail is the address of a company's owner.
func memberEmail(i int) string { return fmt.Sprintf("owner%05d@company.example.jp", i+1) }
