package engine

import (
	"math"
	"math/rand/v2"
)

// random draws schemas, documents, conditions and questions, and counts which
// features it has drawn.
type random struct {
	*rand.Rand
	reached map[string]int
	wide    bool // most conditions are disjunctions as wide as are split
}

func newRandom(seed uint64) *random {
	return &random{Rand: rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)), reached: map[string]int{}}
}

func (r *random) chance(p float64) bool { return r.Float64() < p }

func (r *random) note(feature string) { r.reached[feature]++ }

func (r *random) schema() Schema {
	var s Schema
	for range 2 + r.IntN(5) {
		f := Field{Kind: Tags, Levels: uint8(1 + r.IntN(7)*r.IntN(2))}
		switch r.IntN(5) {
		case 0, 1:
			f = Field{Kind: Number}
			r.note("field of numbers")
		case 2:
			r.note("open field")
		default:
			f.Parents = make([]int32, 1+r.IntN(40))
			if r.chance(.2) {
				r.note("many values")
				f.Parents = make([]int32, 400)
			}
			tree := r.chance(.6)
			for v := range f.Parents {
				if f.Parents[v] = -1; tree && v > 0 && r.chance(.8) {
					f.Parents[v] = int32(r.IntN(v))
				}
			}
			if tree {
				r.note("hierarchy")
			} else {
				r.note("flat closed field")
			}
		}
		s.Fields = append(s.Fields, f)
	}
	return s
}

// value draws from a field's domain, the low values far more often.
func (r *random) value(f *Field) int32 {
	skewed := math.Pow(r.Float64(), 3)
	if f.Parents != nil {
		return int32(skewed * float64(len(f.Parents)))
	}
	if r.chance(.02) {
		r.note("greatest open value")
		return math.MaxInt32
	}
	return int32(skewed*25) * 1_000_003
}

// number draws by a field's habit: few numbers, 16 bits' worth, or all.
func (r *random) number(field int) int32 {
	switch field % 3 {
	case 0:
		return int32(r.IntN(12)) - 3
	case 1:
		return int32(r.IntN(60_000)) + 1_000_000
	default:
		r.note("wide number")
		return int32(r.Int64N(math.MaxUint32-1) + math.MinInt32 + 1)
	}
}

func (r *random) doc(s *Schema) Doc {
	var d Doc
	if r.chance(.03) {
		r.note("empty document")
		return d
	}
	for i := range s.Fields {
		f := &s.Fields[i]
		if r.chance(.2) {
			r.note("missing value")
			continue
		}
		if f.Kind == Number {
			d.Nums = append(d.Nums, Num{Field: uint16(i), Value: r.number(i)})
			continue
		}
		for range 1 + r.IntN(4) {
			level := uint8(r.IntN(int(f.Levels) + 1))
			d.Tags = append(d.Tags, Tag{Field: uint16(i), Level: level, Value: r.value(f)})
		}
	}
	r.Shuffle(len(d.Tags), func(i, j int) { d.Tags[i], d.Tags[j] = d.Tags[j], d.Tags[i] })
	return d
}

// cond draws a condition like those people write, or any at all.
func (r *random) cond(s *Schema) Cond {
	if r.wide && r.chance(.9) {
		return r.disjunction(s, maxSplit)
	}
	switch r.IntN(10) {
	case 0:
		r.note("condition without clauses")
		return Cond{}
	case 1, 2:
		r.note("any tree")
		return r.tree(s, 1+r.IntN(5))
	case 3:
		r.note("disjunction of conjunctions")
		return r.disjunction(s, 1+r.IntN(4))
	case 4:
		if r.chance(.1) {
			r.note("wide disjunction")
			return r.disjunction(s, maxSplit+2)
		}
		r.note("leaf at the root")
		return r.leaf(s)
	default:
		r.note("conjunction")
		return r.conjunction(s)
	}
}

func (r *random) disjunction(s *Schema, n int) Cond {
	c := Cond{Op: Any}
	for range n {
		c.Kids = append(c.Kids, r.conjunction(s))
	}
	return c
}

func (r *random) conjunction(s *Schema) Cond {
	c := Cond{Op: All}
	for range r.IntN(6) {
		kid := r.leaf(s)
		switch r.IntN(12) {
		case 0, 1:
			r.note("not of a leaf")
			kid = Cond{Op: Not, Kids: []Cond{kid}}
		case 2:
			r.note("union on one field")
			other := r.leaf(s)
			for tries := 0; other.Field != kid.Field && tries < 20; tries++ {
				other = r.leaf(s)
			}
			kid = Cond{Op: Any, Kids: []Cond{kid, other}}
		case 3:
			kid = r.tree(s, 2)
		case 4:
			r.note("same clause twice")
			c.Kids = append(c.Kids, kid)
		}
		c.Kids = append(c.Kids, kid)
	}
	if r.chance(.02) {
		r.note("many clauses on one field")
		for range maxSlots + 2 {
			c.Kids = append(c.Kids, r.leaf(s))
		}
	}
	return c
}

func (r *random) tree(s *Schema, depth int) Cond {
	if depth == 0 {
		return r.leaf(s)
	}
	c := Cond{Op: Op(r.IntN(3))}
	kids := r.IntN(4)
	if c.Op == Not {
		kids = 1
	}
	if kids == 0 {
		r.note([]string{"all of nothing", "any of nothing"}[c.Op])
	}
	for range kids {
		if r.chance(.5) {
			c.Kids = append(c.Kids, r.leaf(s))
			continue
		}
		c.Kids = append(c.Kids, r.tree(s, depth-1))
		r.note([]string{"inner node under all", "inner node under any", "inner node under not"}[c.Op])
	}
	return c
}

func (r *random) leaf(s *Schema) Cond {
	field := r.IntN(len(s.Fields))
	f := &s.Fields[field]
	if f.Kind == Number {
		return r.between(field)
	}
	c := Cond{Op: In, Field: uint16(field)}
	if r.chance(.6) {
		c.Level = uint8(r.IntN(int(f.Levels) + 1))
	}
	if c.Level > 1 {
		r.note("leaf with a level")
	}
	n := 1 + r.IntN(5)
	if r.chance(.03) {
		r.note("leaf without values")
		n = 0
	}
	for range n {
		c.Values = append(c.Values, r.value(f))
	}
	return c
}

// among draws ids of entries, some of which there are not.
func (r *random) among(ids int64) Cond {
	r.note("leaf on ids")
	c := Cond{Op: Among}
	next := int64(0)
	step := 1 + r.Int64N(1+r.Int64N(ids))
	for next += r.Int64N(step + 1); next < ids+9 && r.chance(.999); next += 1 + r.Int64N(step) {
		c.IDs = append(c.IDs, next)
	}
	return c
}

// named puts leaves on ids in the place of some others.
func (r *random) named(c Cond, ids int64) Cond {
	if c.Op == In || c.Op == Range {
		if r.chance(.3) {
			return r.among(ids)
		}
		return c
	}
	for i := range c.Kids {
		c.Kids[i] = r.named(c.Kids[i], ids)
	}
	return c
}

func (r *random) between(field int) Cond {
	c := Cond{Op: Range, Field: uint16(field), Lo: math.MinInt32, Hi: math.MaxInt32}
	if r.chance(.7) {
		c.Lo = r.number(field)
	}
	if r.chance(.7) {
		c.Hi = r.number(field)
	}
	switch {
	case c.Lo == math.MinInt32 && c.Hi == math.MaxInt32:
		r.note("range open at both ends")
	case c.Lo == math.MinInt32 || c.Hi == math.MaxInt32:
		r.note("range open at one end")
	case c.Lo > c.Hi && r.chance(.8):
		c.Lo, c.Hi = c.Hi, c.Lo
	case c.Lo > c.Hi:
		r.note("empty range")
	}
	return c
}

func (r *random) question(docs, conds *Schema) Question {
	q := Question{Doc: r.doc(conds), Cond: r.cond(docs)}
	if r.chance(.3) {
		r.note("ids excepted")
		left := r.Int64N(5)
		q.Except = func(id int64) bool { return id%5 == left }
	}
	return q
}

func (r *random) query(docs *Schema, ids int64) Query {
	q := Query{Cond: r.cond(docs), Limit: r.IntN(30), Impact: r.chance(.7)}
	if r.chance(.3) {
		r.note("within")
		q.Within = r.tree(docs, 1)
	}
	if r.chance(.2) {
		r.note("ids")
		q.IDs = []int64{}
		for range r.Int64N(ids) {
			q.IDs = append(q.IDs, r.Int64N(ids+9))
		}
	}
	q.FacetTop = r.IntN(2) * r.IntN(12)
	if r.chance(.4) {
		r.note("facets of a level")
		q.FacetLevel = uint8(r.IntN(7))
	}
	for i := range docs.Fields {
		f := &docs.Fields[i]
		if f.Kind == Tags && f.Parents != nil && r.chance(24/float64(40+len(f.Parents))) {
			q.Facets = append(q.Facets, uint16(i))
		}
		if f.Kind == Number && r.chance(.5) {
			q.Order = append(q.Order, Key{Field: uint16(i), Descending: r.chance(.5)})
		}
	}
	if r.chance(.3) {
		r.note("order by weights")
		k := Key{Weights: []Weighted{}}
		for range r.IntN(4) {
			k.Weights = append(k.Weights, Weighted{Cond: r.cond(docs), Weight: int32(r.IntN(20)) - 4})
		}
		q.Order = append([]Key{k}, q.Order...)
	}
	if r.chance(.4) {
		q.Cond, q.Within = r.named(q.Cond, ids), r.named(q.Within, ids)
		for i := range q.Order {
			for j := range q.Order[i].Weights {
				w := &q.Order[i].Weights[j]
				w.Cond = r.named(w.Cond, ids)
			}
		}
	}
	for _, f := range q.Facets {
		for _, c := range clausesOf(&q.Cond) {
			if inGroup(&c, f) {
				r.note("facet with a group of its own")
			}
		}
	}
	return q
}
