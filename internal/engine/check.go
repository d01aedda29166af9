package engine

import (
	"fmt"
	"math"
	"strconv"

	"enishi/internal/errs"
)

// maxDepth bounds the nesting of a condition, so that no input can exhaust the
// stack; conditions that people write are far shallower.
const maxDepth = 100

func invalid(found, allowed string, where ...any) error {
	pointer := ""
	for _, w := range where {
		pointer += "/" + fmt.Sprint(w)
	}
	return errs.AtPointer(pointer, found, allowed)
}

// check says what is wrong with a schema.
func (s *Schema) check() error {
	if len(s.Fields) > math.MaxUint16 {
		return invalid(strconv.Itoa(len(s.Fields))+" fields", "at most 65535")
	}
	codes := 0
	for i := range s.Fields {
		f := &s.Fields[i]
		switch {
		case f.Kind == Number:
			continue
		case f.Kind != Tags:
			return invalid(fmt.Sprint(f.Kind), "Tags or Number", i, "kind")
		case f.Levels < 1:
			return invalid("0", "at least 1", i, "levels")
		}
		codes += len(f.Parents) * int(f.Levels)
		if codes > maxCodes {
			return invalid("too many values and levels", "at most "+strconv.Itoa(maxCodes), i)
		}
		if err := f.checkParents(i); err != nil {
			return err
		}
	}
	return nil
}

// maxCodes bounds the closed values of a schema times their levels: a value and
// its level share 32 bits, and tables of this length, times the clauses that a
// condition may have on one field, are numbered in 32 bits.
const maxCodes = 1 << 22

func (f *Field) checkParents(field int) error {
	for v := range f.Parents {
		steps := 0
		for p := f.Parents[v]; p != -1; p = f.Parents[p] {
			if p < -1 || int(p) >= len(f.Parents) {
				return invalid(strconv.Itoa(int(p)), "-1 or a value", field, "parents", v)
			}
			if steps++; steps > maxDepth {
				return invalid("a chain of parents that is endless or too long", "a tree", field, "parents", v)
			}
		}
	}
	return nil
}

// tagField gives the field if it exists and holds tags, else nil.
func (s *Schema) tagField(field uint16) *Field {
	if int(field) >= len(s.Fields) || s.Fields[field].Kind != Tags {
		return nil
	}
	return &s.Fields[field]
}

func (s *Schema) isNumber(field uint16) bool {
	return int(field) < len(s.Fields) && s.Fields[field].Kind == Number
}

// knows reports whether v is in the domain of a field of tags.
func (f *Field) knows(v int32) bool {
	return v >= 0 && (f.Parents == nil || int(v) < len(f.Parents))
}

func (s *Schema) checkDoc(d *Doc) error {
	for i, t := range d.Tags {
		f := s.tagField(t.Field)
		switch {
		case f == nil:
			return invalid(strconv.Itoa(int(t.Field)), "a field of tags", "tags", i, "field")
		case !f.knows(t.Value):
			return invalid(strconv.Itoa(int(t.Value)), "a value of "+f.Name, "tags", i, "value")
		case t.Level > f.Levels:
			return invalid(strconv.Itoa(int(t.Level)), "a level of "+f.Name, "tags", i, "level")
		}
	}
	for i, n := range d.Nums {
		switch {
		case !s.isNumber(n.Field):
			return invalid(strconv.Itoa(int(n.Field)), "a field of numbers", "nums", i, "field")
		case n.Value == math.MinInt32 || n.Value == math.MaxInt32:
			return invalid(strconv.Itoa(int(n.Value)), "a number between the ends of int32", "nums", i, "value")
		}
		for _, other := range d.Nums[:i] {
			if other.Field == n.Field {
				return invalid("a second number", "one number a field", "nums", i, "field")
			}
		}
	}
	return nil
}

// checkCond says what is wrong with a condition that a query may ask.
func (s *Schema) checkCond(c *Cond, depth int) error {
	if depth > maxDepth {
		return invalid("deeper nesting", "at most "+strconv.Itoa(maxDepth)+" levels")
	}
	switch c.Op {
	case All, Any, Not:
		if c.Op == Not && len(c.Kids) != 1 {
			return invalid(strconv.Itoa(len(c.Kids))+" kids", "one kid of Not", "kids")
		}
		for i := range c.Kids {
			if err := s.checkCond(&c.Kids[i], depth+1); err != nil {
				return errs.Below("/kids/"+strconv.Itoa(i), err)
			}
		}
		return nil
	case In:
		return s.checkIn(c)
	case Range:
		if !s.isNumber(c.Field) {
			return invalid(strconv.Itoa(int(c.Field)), "a field of numbers", "field")
		}
		return nil
	case Among:
		for i := 1; i < len(c.IDs); i++ {
			if c.IDs[i-1] >= c.IDs[i] {
				return invalid(strconv.FormatInt(c.IDs[i], 10), "ids ascending, each once", "ids", i)
			}
		}
		return nil
	default:
		return invalid(strconv.Itoa(int(c.Op)), "All, Any, Not, In, Range or Among", "op")
	}
}

// checkStored says what is wrong with the condition of an entry.
func (s *Schema) checkStored(c *Cond) error {
	if err := s.checkCond(c, 1); err != nil {
		return err
	}
	return refuseAmong(c)
}

func refuseAmong(c *Cond) error {
	if c.Op == Among {
		return invalid("Among", "a condition over documents: they have no ids", "op")
	}
	for i := range c.Kids {
		if err := refuseAmong(&c.Kids[i]); err != nil {
			return errs.Below("/kids/"+strconv.Itoa(i), err)
		}
	}
	return nil
}

func (s *Schema) checkIn(c *Cond) error {
	f := s.tagField(c.Field)
	switch {
	case f == nil:
		return invalid(strconv.Itoa(int(c.Field)), "a field of tags", "field")
	case c.Level > f.Levels:
		return invalid(strconv.Itoa(int(c.Level)), "a level of "+f.Name, "level")
	}
	for i, v := range c.Values {
		if !f.knows(v) {
			return invalid(strconv.Itoa(int(v)), "a value of "+f.Name, "values", i)
		}
	}
	return nil
}

// checkQuery says what is wrong with a query over documents of s.
func (s *Schema) checkQuery(q *Query) error {
	if err := s.checkCond(&q.Cond, 1); err != nil {
		return errs.Below("/cond", err)
	}
	if err := s.checkCond(&q.Within, 1); err != nil {
		return errs.Below("/within", err)
	}
	for i, field := range q.Facets {
		if f := s.tagField(field); f == nil || f.Parents == nil {
			return invalid(strconv.Itoa(int(field)), "a field of tags with a closed domain", "facets", i)
		}
	}
	if q.Limit < 0 || q.FacetTop < 0 {
		return invalid("a negative limit", "0 or more")
	}
	if q.After != nil && len(q.After.Keys) != len(q.Order) {
		return invalid(strconv.Itoa(len(q.After.Keys))+" keys", "as many as the order has", "after", "keys")
	}
	for i := range q.Order {
		if err := s.checkKey(&q.Order[i]); err != nil {
			return errs.Below("/order/"+strconv.Itoa(i), err)
		}
	}
	return nil
}

func (s *Schema) checkKey(k *Key) error {
	if k.Weights == nil {
		if !s.isNumber(k.Field) {
			return invalid(strconv.Itoa(int(k.Field)), "a field of numbers", "field")
		}
		return nil
	}
	var most, least int64
	for i := range k.Weights {
		w := int64(k.Weights[i].Weight)
		most, least = most+max(w, 0), least+min(w, 0)
		if err := s.checkCond(&k.Weights[i].Cond, 1); err != nil {
			return errs.Below("/weights/"+strconv.Itoa(i)+"/cond", err)
		}
	}
	if most > math.MaxInt32 || least < math.MinInt32 {
		return invalid("weights whose sum overflows", "a sum that fits 32 bits", "weights")
	}
	return nil
}
