package jm1

import "enishi/internal/engine"

// lowered gives a schema as the engine's.
func lowered(fields schema) engine.Schema {
	var s engine.Schema
	for _, f := range fields {
		to := engine.Field{Name: f.name, Kind: engine.Tags, Levels: f.levels}
		switch {
		case f.values == 0:
			to.Kind = engine.Number
		case !f.open:
			to.Parents = make([]int32, f.values)
			for v := range to.Parents {
				to.Parents[v] = -1
			}
		}
		s.Fields = append(s.Fields, to)
	}
	return s
}

// doc gives a record as the engine's document.
func (s schema) doc(r *Record) engine.Doc {
	var d engine.Doc
	for f := range s {
		if s[f].values == 0 {
			d.Nums = append(d.Nums, engine.Num{Field: uint16(f), Value: r.Nums[f-s.firstNumber()]})
			continue
		}
		for _, t := range r.Tags[f] {
			d.Tags = append(d.Tags, engine.Tag{Field: uint16(f), Level: t.Level, Value: t.Value})
		}
	}
	return d
}

func (s schema) clause(c *Clause) engine.Cond {
	if s[c.Field].values == 0 {
		return engine.Cond{Op: engine.Range, Field: uint16(c.Field), Lo: c.Lo, Hi: c.Hi}
	}
	in := engine.Cond{Op: engine.In, Field: uint16(c.Field), Values: c.Values, Level: c.Level}
	if c.Not {
		return engine.Cond{Op: engine.Not, Kids: []engine.Cond{in}}
	}
	return in
}

func (s schema) conjunction(clauses []Clause) engine.Cond {
	c := engine.Cond{Op: engine.All}
	for i := range clauses {
		c.Kids = append(c.Kids, s.clause(&clauses[i]))
	}
	return c
}

// rule gives a rule as the engine's condition.
func (s schema) rule(r Rule) engine.Cond {
	if len(r) == 1 {
		return s.conjunction(r[0])
	}
	c := engine.Cond{Op: engine.Any}
	for _, clauses := range r {
		c.Kids = append(c.Kids, s.conjunction(clauses))
	}
	return c
}
