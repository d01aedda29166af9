package engine

import (
	"math"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/errs"
)

func TestNewRefuses(t *testing.T) {
	for name, s := range map[string]Schema{
		"no levels":       {Fields: []Field{{Kind: Tags}}},
		"unknown kind":    {Fields: []Field{{Kind: 9}}},
		"parents in ring": {Fields: []Field{{Kind: Tags, Levels: 1, Parents: []int32{1, 0}}}},
		"unknown parent":  {Fields: []Field{{Kind: Tags, Levels: 1, Parents: []int32{7}}}},
		"parent below -1": {Fields: []Field{{Kind: Tags, Levels: 1, Parents: []int32{-2}}}},
		"too many values": {Fields: []Field{{Kind: Tags, Levels: 1, Parents: make([]int32, maxCodes+1)}}},
	} {
		if _, err := New(s, Schema{}); !errs.Is(err, errs.Invalid) {
			t.Errorf("New(%s): %v, want Invalid", name, err)
		}
		if _, err := New(Schema{}, s); !errs.Is(err, errs.Invalid) {
			t.Errorf("New(_, %s): %v, want Invalid", name, err)
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	deep := Cond{}
	for range maxDepth {
		deep = Cond{Op: Any, Kids: []Cond{deep}}
	}
	p, err := New(small(), small())
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]Entry{
		"unknown field":      {Doc: Doc{Tags: []Tag{{Field: 3}}}},
		"tag on a number":    {Doc: Doc{Tags: []Tag{{Field: 2}}}},
		"unknown value":      {Doc: Doc{Tags: []Tag{{Field: 0, Value: 4}}}},
		"negative value":     {Doc: Doc{Tags: []Tag{{Field: 1, Value: -1}}}},
		"unknown level":      {Doc: Doc{Tags: []Tag{{Field: 0, Level: 4}}}},
		"number on tags":     {Doc: Doc{Nums: []Num{{Field: 0}}}},
		"reserved number":    {Doc: Doc{Nums: []Num{{Field: 2, Value: math.MaxInt32}}}},
		"second number":      {Doc: Doc{Nums: []Num{{Field: 2}, {Field: 2}}}},
		"unknown op":         {Cond: Cond{Op: 9}},
		"not of two":         {Cond: Cond{Op: Not, Kids: []Cond{{}, {}}}},
		"in on a number":     {Cond: Cond{Op: In, Field: 2}},
		"range on tags":      {Cond: Cond{Op: Range, Field: 0}},
		"level beyond field": {Cond: Cond{Op: In, Field: 1, Level: 2}},
		"value in a kid":     {Cond: Cond{Op: Any, Kids: []Cond{{Op: In, Values: []int32{9}}}}},
		"too deep":           {Cond: deep},
	} {
		good := Entry{ID: 1}
		e.ID = 2
		if err := p.Apply([]Change{{Entry: good, Version: 1}, {Entry: e, Version: 1}}); !errs.Is(err, errs.Invalid) {
			t.Errorf("Apply(%s): %v, want Invalid", name, err)
		}
		if n := p.View().Len(); n != 0 {
			t.Fatalf("Apply(%s) was refused and left %d entries", name, n)
		}
	}
}

func TestProblemNamesThePlace(t *testing.T) {
	p, err := New(small(), small())
	if err != nil {
		t.Fatal(err)
	}
	bad := Cond{Op: All, Kids: []Cond{{}, {Op: In, Values: []int32{0, 9}}}}
	err = p.Apply([]Change{{Delete: true}, {Entry: Entry{Cond: bad}}})
	want := "the input is not valid: /1/cond/kids/1/values/1: found 9; allowed: a value of tree"
	if err == nil || err.Error() != want {
		t.Errorf("Apply: %v, want %s", err, want)
	}
}

func TestSearchRefuses(t *testing.T) {
	p, err := New(small(), Schema{})
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]Query{
		"condition":         {Cond: Cond{Op: 9}},
		"within":            {Within: Cond{Op: Range}},
		"facet on numbers":  {Facets: []uint16{2}},
		"facet on open":     {Facets: []uint16{1}},
		"facet on nothing":  {Facets: []uint16{7}},
		"negative limit":    {Limit: -1},
		"order on tags":     {Order: []Key{{Field: 0}}},
		"weighted":          {Order: []Key{{Weights: []Weighted{{Cond: Cond{Op: 9}}}}}},
		"weights overflow":  {Order: []Key{{Weights: []Weighted{{Weight: math.MaxInt32}, {Weight: 1}}}}},
		"cursor of another": {After: &Hit{Keys: []int32{1}}},
	} {
		if _, err := p.View().Search(q); !errs.Is(err, errs.Invalid) {
			t.Errorf("Search(%s): %v, want Invalid", name, err)
		}
	}
}

// An unchecked question must not do harm: what the schemas do not know matches
// nothing.
func TestMatchForgives(t *testing.T) {
	p, err := New(small(), small())
	if err != nil {
		t.Fatal(err)
	}
	var changes []Change
	for id := range int64(200) {
		changes = append(changes, Change{Version: 1, Entry: Entry{ID: id, Cond: Cond{Op: Not, Kids: []Cond{{Op: In, Field: 1, Values: []int32{3}}}}}})
	}
	if err := p.Apply(changes); err != nil {
		t.Fatal(err)
	}
	doc := Doc{Tags: []Tag{{Field: 9}, {Field: 0, Value: 77}, {Field: 1, Value: -3}, {Field: 0, Level: 9}}, Nums: []Num{{Field: 0}, {Field: 8}}}
	for _, tt := range []struct {
		cond Cond
		want int
	}{
		{Cond{}, 200},
		{Cond{Op: 77}, 0},
		{Cond{Op: In, Field: 99}, 0},
		{Cond{Op: In, Field: 0, Values: []int32{-5, 99}}, 0},
		{Cond{Op: Range, Field: 0}, 0},
		{Cond{Op: Not, Kids: []Cond{{Op: In, Field: 2, Values: []int32{1}}}}, 200},
	} {
		q := Question{Doc: doc, Cond: tt.cond}
		if got := len(p.View().Match(q)); got != tt.want {
			t.Errorf("Match(%+v) found %d, want %d", tt.cond, got, tt.want)
		}
		p.View().NearMisses(q)
	}
}

func TestVersions(t *testing.T) {
	p, err := New(small(), Schema{})
	if err != nil {
		t.Fatal(err)
	}
	put := func(version int64, value int32) Change {
		return Change{Version: version, Entry: Entry{ID: 1, Doc: Doc{Nums: []Num{{Field: 2, Value: value}}}}}
	}
	gone := func(version int64) Change { return Change{Version: version, Delete: true, Entry: Entry{ID: 1}} }
	for i, tt := range []struct {
		changes []Change
		want    []int32
	}{
		{[]Change{put(2, 20)}, []int32{20}},
		{[]Change{put(1, 10)}, []int32{20}},
		{[]Change{put(2, 21)}, []int32{20}},
		{[]Change{put(4, 40), put(3, 30)}, []int32{40}},
		{[]Change{gone(3)}, []int32{40}},
		{[]Change{gone(5)}, nil},
		{[]Change{put(5, 50), put(4, 41)}, nil},
		{[]Change{put(6, 60), gone(7)}, nil},
		{[]Change{put(7, 70)}, nil},
		{[]Change{gone(9), put(8, 80)}, nil},
		{[]Change{put(10, 100)}, []int32{100}},
	} {
		if err := p.Apply(tt.changes); err != nil {
			t.Fatal(err)
		}
		var got []int32
		if doc, ok := p.View().Find(1); ok {
			got = append(got, doc.Nums[0].Value)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("after step %d (-want +got):\n%s", i, d)
		}
	}
}

// TestReadersSeeWholeBatches runs readers beside a writer that keeps the sum
// of all numbers at zero in every batch.
func TestReadersSeeWholeBatches(t *testing.T) {
	p, err := newPopulation(small(), small(), 256)
	if err != nil {
		t.Fatal(err)
	}
	const pairs, batches = 400, 300
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				v := p.View()
				r, err := v.Search(Query{Order: []Key{{Field: 2}}, Limit: 2 * pairs})
				sum := int32(0)
				for _, h := range r.Top {
					sum += h.Keys[0]
				}
				if found := len(v.Match(Question{})); err != nil || sum != 0 || r.Count != v.Len() || found != v.Len() {
					t.Errorf("sum %d of %d hits, %d matches, %d entries, error %v", sum, r.Count, found, v.Len(), err)
					return
				}
			}
		})
	}
	for version := range int64(batches) {
		var changes []Change
		for i := range int64(20) {
			id, n := (version*7+i)%pairs, int32(version+i)
			for side, value := range []int32{n, -n} {
				doc := Doc{Nums: []Num{{Field: 2, Value: value}}}
				changes = append(changes, Change{Version: version, Entry: Entry{ID: 2*id + int64(side), Doc: doc}})
			}
		}
		if err := p.Apply(changes); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	readers.Wait()
}

func TestApplyCopies(t *testing.T) {
	p, err := New(small(), small())
	if err != nil {
		t.Fatal(err)
	}
	e := Entry{ID: 1, Doc: Doc{Tags: []Tag{{Field: 1, Value: 5}}}, Cond: Cond{Op: In, Field: 1, Values: []int32{5}}}
	if err := p.Apply([]Change{{Entry: e, Version: 1}}); err != nil {
		t.Fatal(err)
	}
	q := Question{Doc: Doc{Tags: slices.Clone(e.Doc.Tags)}, Cond: Cond{Op: In, Field: 1, Values: []int32{5}}}
	e.Doc.Tags[0].Value, e.Cond.Values[0] = 6, 6
	if got := p.View().Match(q); len(got) != 1 {
		t.Errorf("Match = %v, want the entry as it was put", got)
	}
}

func TestSizes(t *testing.T) {
	for name, tt := range map[string]struct{ got, want uintptr }{
		"a tag of a lane":  {unsafe.Sizeof(laneTag{}), 12},
		"a space of codes": {unsafe.Sizeof(space{}), 56},
	} {
		if tt.got > tt.want {
			t.Errorf("%s takes %d bytes, want at most %d", name, tt.got, tt.want)
		}
	}
}
