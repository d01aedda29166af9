package market

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"enishi/internal/candidate"
	"enishi/internal/engine"
	"enishi/internal/taxonomy"
)

// Example is an offer that would reach a visitor, without what tells whose it is:
// no name, no title, no text; pay in steps of 100,000 JPY, the industry by division.
type Example struct {
	Kind        string
	Occupation  string
	Industry    string // of the highest level; "" if not stated
	Prefecture  []string
	PayMin      *int // 10,000 JPY, rounded down; nil if not stated
	PayMax      *int
	Remote      *int
	CompanySize int // of the company, by bands
}

// mostExamples is how many are shown, mostPlaces how many prefectures of one.
const (
	mostExamples = 3
	mostPlaces   = 3
)

// reaching is a rule that reaches a visitor.
type reaching struct {
	rule, company int64
	id            [16]byte
	doc           engine.Doc // what it offers
	fields        map[string]lowered
}

// offers gives what some rules offer.
func (l *looking) offers(rules []int64) []reaching {
	out := make([]reaching, 0, len(rules))
	for _, key := range rules {
		doc, ok := l.view.Find(key)
		o, known := l.people.findOrder(key)
		if ok && known {
			out = append(out, reaching{key, o.company, o.id, doc, l.people.positions.fields})
		}
	}
	return out
}

// number gives a number that is offered, nil if there is none.
func (r *reaching) number(name string) *int {
	f := r.fields[name].field
	for _, n := range r.doc.Nums {
		if n.Field == f {
			return pointer(n.Value)
		}
	}
	return nil
}

// values gives the values of a field, in the order of its classification.
func (r *reaching) values(name string) []int32 {
	f := r.fields[name].field
	var out []int32
	for _, t := range r.doc.Tags {
		if t.Field == f {
			out = append(out, t.Value)
		}
	}
	slices.Sort(out)
	return out
}

// codesOf gives the values of a field as codes.
func (r *reaching) codesOf(name string) []string {
	var out []string
	for _, v := range r.values(name) {
		out = append(out, r.fields[name].codes[v])
	}
	return out
}

func (r *reaching) code(name string) string {
	if all := r.codesOf(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// examples gives three offers of different companies, the same all day, if enough
// companies offer any: with fewer, an example would be one company's mark.
func (l *looking) examples(offers []reaching, p *candidate.Profile) []Example {
	companies := map[int64]bool{}
	for _, o := range offers {
		companies[o.company] = true
	}
	if len(companies) < leastCompanies {
		return nil
	}
	drawn := make([]struct {
		tie [sha256.Size]byte
		at  int
	}, len(offers))
	for i := range offers {
		drawn[i].tie, drawn[i].at = l.lot(&offers[i]), i
	}
	slices.SortFunc(drawn, func(a, b struct {
		tie [sha256.Size]byte
		at  int
	},
	) int {
		return bytes.Compare(a.tie[:], b.tie[:])
	})
	var out []Example
	shown := map[int64]bool{}
	for _, d := range drawn {
		if o := &offers[d.at]; !shown[o.company] && len(out) < mostExamples {
			shown[o.company] = true
			out = append(out, exampleOf(o, p))
		}
	}
	return out
}

// lot draws a rule for a day, by the installation's own seed.
func (l *looking) lot(o *reaching) [sha256.Size]byte {
	b := append([]byte("example "), l.market.seed...)
	b = binary.BigEndian.AppendUint32(b, uint32(l.facts.on))
	return sha256.Sum256(append(b, o.id[:]...))
}

// distance puts the prefectures that somebody named before the others.
func distance(p *candidate.Profile, prefecture string) int {
	switch {
	case prefecture == p.Residence:
		return 0
	case slices.Contains(p.WillingPrefecture, prefecture):
		return 1
	}
	return 2
}

func exampleOf(o *reaching, p *candidate.Profile) Example {
	e := Example{Kind: o.code("kind"), Occupation: o.code("occupation"), Prefecture: o.codesOf("prefecture")}
	slices.SortStableFunc(e.Prefecture, func(a, b string) int { return cmp.Compare(distance(p, a), distance(p, b)) })
	e.Prefecture = e.Prefecture[:min(len(e.Prefecture), mostPlaces)]
	if item, ok := taxonomy.Of(taxonomy.Industry).Find(o.code("industry")); ok {
		e.Industry = item.Code
		if item.Parent != "" {
			e.Industry = item.Parent
		}
	}
	for _, f := range []struct {
		name string
		into **int
	}{{"pay_min", &e.PayMin}, {"pay_max", &e.PayMax}} {
		if pay := o.number(f.name); pay != nil {
			*f.into = pointer(int32(*pay - *pay%stepPay))
		}
	}
	if v := o.values("remote"); len(v) > 0 {
		e.Remote = pointer(v[0])
	}
	if v := o.values("company_size"); len(v) > 0 {
		e.CompanySize = int(v[0])
	}
	return e
}
