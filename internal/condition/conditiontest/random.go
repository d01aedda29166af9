// Package conditiontest draws conditions and records for tests, reaching every
// operator, kind, level, missing value and empty case.
package conditiontest

import (
	"math/rand/v2"
	"slices"
	"strconv"

	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/taxonomy"
)

// poolSize keeps codes few, so that conditions hold for a fair share of
// records.
const poolSize = 6

// Random draws a valid condition without text.
func Random(r *rand.Rand, s condition.Subject) condition.Condition {
	fields := slices.DeleteFunc(condition.Fields(s), func(f condition.Field) bool { return f.Kind == condition.Text })
	return random(r, fields, 1)
}

// RandomOver draws a valid condition over a single field, text too.
func RandomOver(r *rand.Rand, f condition.Field) condition.Condition {
	return random(r, []condition.Field{f}, 1)
}

func random(r *rand.Rand, fields []condition.Field, depth int) condition.Condition {
	n := r.IntN(10)
	if depth >= 5 || n < 4 {
		return leaf(r, fields[r.IntN(len(fields))])
	}
	if n < 6 {
		return condition.Condition{Op: condition.Not, Kids: []condition.Condition{random(r, fields, depth+1)}}
	}
	c := condition.Condition{Op: condition.All}
	if n >= 8 {
		c.Op = condition.Any
	}
	for range r.IntN(5) {
		c.Kids = append(c.Kids, random(r, fields, depth+1))
	}
	return c
}

func leaf(r *rand.Rand, f condition.Field) condition.Condition {
	c := condition.Condition{Field: f.Name}
	switch f.Kind {
	case condition.Code, condition.Levelled:
		c.Op = condition.In
		for range 1 + r.IntN(4) {
			c.In = append(c.In, code(r, f, true))
		}
		if f.Kind == condition.Levelled && r.IntN(3) > 0 {
			c.Min = &f.Steps[r.IntN(len(f.Steps))]
		}
	case condition.Flag:
		c.Op, c.Is = condition.Is, r.IntN(2) == 0
	case condition.Text:
		words := []string{"Kubernetes", "ｋｕｂｅｒ", "の運用", "運用 3", "営業", "Ｇｏ言語"}
		c.Op, c.Contains = condition.Contains, words[r.IntN(len(words))]
	default:
		c.Op = condition.Range
		lo := number(r, f)
		hi := number(r, f)
		if lo > hi {
			lo, hi = hi, lo
		}
		n := r.IntN(3)
		if n != 0 {
			c.Min = &lo
		}
		if n != 1 {
			c.Max = &hi
		}
	}
	return c
}

// code draws a code of a field from a few: leaves, and groups if wanted.
func code(r *rand.Rand, f condition.Field, groups bool) string {
	n := r.IntN(poolSize)
	if f.Classification == "" {
		return corpnum.From(int64(n)).String()
	}
	list := taxonomy.Of(f.Classification)
	var leaf string
	i := 0
	for _, item := range list.Items() {
		if list.Leaf(item.Code) {
			leaf = item.Code
			if i == n*3 {
				break
			}
			i++
		}
	}
	if item, ok := list.Find(leaf); ok && groups && item.Parent != "" && r.IntN(4) == 0 {
		return item.Parent
	}
	return leaf
}

func number(r *rand.Rand, f condition.Field) int {
	return f.Lo + r.IntN(min(f.Hi-f.Lo, 40)+1)
}

// RandomRecord draws a record; each field is missing now and then.
func RandomRecord(r *rand.Rand, s condition.Subject) condition.Record {
	out := condition.Record{Codes: map[string][]condition.Held{}, Numbers: map[string]int{}, Flags: map[string]bool{}}
	for _, f := range condition.Fields(s) {
		if r.IntN(5) == 0 {
			continue
		}
		switch f.Kind {
		case condition.Code, condition.Levelled:
			n := 1
			if f.Multi {
				n = r.IntN(4)
			}
			for range n {
				h := condition.Held{Code: code(r, f, false)}
				if f.Kind == condition.Levelled {
					h.Level = f.Steps[r.IntN(len(f.Steps))]
				}
				out.Codes[f.Name] = append(out.Codes[f.Name], h)
			}
		case condition.Flag:
			out.Flags[f.Name] = r.IntN(2) == 0
		case condition.Text:
			out.Text = condition.FoldText("Kubernetes の運用 " + strconv.Itoa(r.IntN(9)))
		default:
			out.Numbers[f.Name] = number(r, f)
		}
	}
	return out
}
