package engine

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// small is a schema with one field of each sort: a hierarchy 0 > 1 > 2 beside
// the root 3, an open domain, and a number.
func small() Schema {
	return Schema{Fields: []Field{
		{Name: "tree", Kind: Tags, Parents: []int32{-1, 0, 1, -1}, Levels: 3},
		{Name: "open", Kind: Tags, Levels: 1},
		{Name: "number", Kind: Number},
	}}
}

func TestHolds(t *testing.T) {
	s := small()
	d := Doc{
		Tags: []Tag{{Field: 0, Value: 2, Level: 1}, {Field: 0, Value: 3, Level: 3}, {Field: 1, Value: 9}},
		Nums: []Num{{Field: 2, Value: 5}},
	}
	in := func(level uint8, values ...int32) Cond { return Cond{Op: In, Field: 0, Level: level, Values: values} }
	between := func(lo, hi int32) Cond { return Cond{Op: Range, Field: 2, Lo: lo, Hi: hi} }
	for _, tt := range []struct {
		name string
		cond Cond
		doc  Doc
		want bool
	}{
		{"a value stands for those below it", in(0, 0), d, true},
		{"no value stands for those above it", in(0, 1), Doc{Tags: []Tag{{Field: 0, Value: 0}}}, false},
		{"the level is of the same value", in(2, 0), d, false},
		{"a level that is met", in(3, 0, 3), d, true},
		{"no values", in(0), d, false},
		{"an open domain", Cond{Op: In, Field: 1, Values: []int32{9}}, d, true},
		{"both ends are inclusive", between(5, 5), d, true},
		{"an empty range", between(6, 4), d, false},
		{"an open range needs a number", between(math.MinInt32, math.MaxInt32), Doc{}, false},
		{"not of a missing number", Cond{Op: Not, Kids: []Cond{between(0, 1)}}, Doc{}, true},
		{"all of nothing", Cond{}, Doc{}, true},
		{"any of nothing", Cond{Op: Any}, d, false},
		{"all", Cond{Op: All, Kids: []Cond{in(0, 3), between(0, 4)}}, d, false},
		{"any", Cond{Op: Any, Kids: []Cond{in(0, 3), between(0, 4)}}, d, true},
	} {
		if got := Holds(&s, tt.cond, tt.doc); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestFindNormalises(t *testing.T) {
	p, err := New(small(), small())
	if err != nil {
		t.Fatal(err)
	}
	doc := Doc{
		Tags: []Tag{{Field: 1, Value: 7}, {Field: 0, Value: 2, Level: 2}, {Field: 0, Value: 0, Level: 2}, {Field: 0, Value: 1, Level: 3}, {Field: 0, Value: 2, Level: 1}},
		Nums: []Num{{Field: 2, Value: 5}},
	}
	if err := p.Apply([]Change{{Entry: Entry{ID: 4, Doc: doc}, Version: 1}}); err != nil {
		t.Fatal(err)
	}
	got, ok := p.View().Find(4)
	want := Doc{
		Tags: []Tag{{Field: 0, Value: 1, Level: 3}, {Field: 0, Value: 2, Level: 2}, {Field: 1, Value: 7, Level: 1}},
		Nums: []Num{{Field: 2, Value: 5}},
	}
	if d := cmp.Diff(want, got); !ok || d != "" {
		t.Errorf("Find(4) = %v (-want +got):\n%s", ok, d)
	}
	if _, ok := p.View().Find(5); ok {
		t.Error("Find(5) found an entry that was never put")
	}
}
