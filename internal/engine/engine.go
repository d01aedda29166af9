// Package engine answers questions about populations: sets of entries that
// each carry a document (tags and numbers) and a condition over documents of
// another kind. It gives the entries that match in both directions, exact
// counts, facet counts, the best hits, the worth of each clause, and what a
// pair missed by one leaf.
//
// It knows no domain: fields are numbers, values are numbers, entries are ids.
// It reads no clock and no file. What it refuses (an unknown field, a value
// outside its domain) is an errs.Invalid.
//
// A Population may be used by any number of goroutines; changes are applied
// one batch at a time. A View never changes and its readers never wait.
//
// Meaning of a condition: a value stands for itself and all below it; with a
// level, one and the same value (or one below it) must meet both; a leaf over
// what the document lacks is false and its Not is true; All of nothing is
// true, Any of nothing is false.
package engine

import "math"

// Kind is what a field holds.
type Kind uint8

const (
	// Tags is a set of values, each at a level from 1 to the field's Levels.
	Tags Kind = iota
	// Number is one int32 or nothing.
	Number
)

// Field describes one field of a document.
type Field struct {
	Name string
	Kind Kind
	// Parents, for Tags with a closed domain, is the parent of each value, -1
	// for a root; the values are 0 to len(Parents)-1. nil means an open
	// domain: any int32 from 0 up, without hierarchy and without facets.
	Parents []int32
	// Levels is the highest level of Tags, at least 1.
	Levels uint8
}

// Schema lists the fields of one kind of document. A field's number is its
// index. A schema must not be changed once a population uses it.
type Schema struct{ Fields []Field }

// Tag says that a document holds a value at a level; level 0 is read as 1.
type Tag struct {
	Field uint16
	Level uint8
	Value int32
}

// Num is the number that a document holds in a field. math.MinInt32 and
// math.MaxInt32 are refused: they stand for a missing number in Hit.Keys.
type Num struct {
	Field uint16
	Value int32
}

// Doc is a document: tags in any order (of a value given twice the highest
// level counts) and at most one number a field.
type Doc struct {
	Tags []Tag
	Nums []Num
}

// Op is what a condition does.
type Op uint8

const (
	// All holds if every kid holds.
	All Op = iota
	// Any holds if some kid holds.
	Any
	// Not holds if its one kid does not.
	Not
	// In holds if the document has one of Values, or a value below one of
	// them, at Level or higher.
	In
	// Range holds if the document has a number from Lo to Hi, both inclusive.
	Range
	// Among holds if the entry's id is one of IDs. It is for queries alone: a
	// document has no id, so elsewhere it is refused, or holds for nothing.
	Among
)

// Cond is a condition over documents; In, Range and Among are its leaves.
type Cond struct {
	Op     Op
	Kids   []Cond
	Field  uint16
	Values []int32
	Level  uint8   // In: 0 and 1 are any level
	Lo, Hi int32   // Range: math.MinInt32 and math.MaxInt32 leave an end open
	IDs    []int64 // Among: ascending, without repeats
}

// Entry is one member of a population.
type Entry struct {
	ID   int64
	Doc  Doc
	Cond Cond
}

// Change puts or deletes an entry. It takes effect only if the entry known by
// this id, or its deletion, has a lower version. Entry's Doc and Cond are
// copied.
type Change struct {
	Entry   Entry
	Delete  bool
	Version int64
}

// Question asks for the entries whose document satisfies Cond and whose own
// condition is satisfied by Doc. Doc is over the population's second schema,
// Cond over its first. Parts that the schemas do not know match nothing.
type Question struct {
	Doc    Doc
	Cond   Cond
	Except func(id int64) bool // entries to leave out; nil: none
}

// Miss is a leaf by which pairs failed: Count pairs would hold if its value
// alone were turned.
type Miss struct {
	Asked bool  // the leaf is in the question's condition, not in an entry's
	Path  []int // kid indexes from the root of Question.Cond, if Asked
	Leaf  Cond  // its values sorted and without repeats, its level at least 1 if an In
	Count int
}

// Query asks for the entries whose document satisfies Cond and Within.
type Query struct {
	Cond     Cond
	Within   Cond    // always applied; no clause, no impact, no facet group
	IDs      []int64 // only these entries, in any order; nil: all
	Facets   []uint16
	FacetTop int // values a facet; 0: all
	// FacetLevel is the least level at which a facet counts a value as held; 0 is any.
	// A field that has no such level has no values.
	FacetLevel uint8
	Order      []Key
	Limit      int
	After      *Hit // continue behind this hit
	Impact     bool
}

// Key is one step of an order: a number, or the sum of the weights of the
// conditions that hold, highest first.
type Key struct {
	Field      uint16
	Descending bool
	Weights    []Weighted // if not nil, Field and Descending are unused
}

// Weighted is a condition and what it adds where it holds.
type Weighted struct {
	Cond   Cond
	Weight int32
}

// Hit is an entry found. Keys has a number for each Key of the order: the sum
// of the weights, the entry's number, or MissingAscending or MissingDescending
// where it has none, so that it comes last in either direction.
type Hit struct {
	ID   int64
	Keys []int32
}

// What stands in Hit.Keys for a number that the entry lacks.
const (
	MissingAscending  = math.MaxInt32
	MissingDescending = math.MinInt32
)

// Result answers a Query. Count is of all entries that satisfy it; Top has up
// to Limit of them, ordered, ties by ascending id.
type Result struct {
	Count  int
	Facets []Facet
	Top    []Hit
	Impact []Impact
}

// Facet counts, for each value of a field, the entries that hold it or a value
// below it, at the query's FacetLevel or higher. The field's own group is left out of the query: the
// clauses, with a leaf and without Not, all of whose leaves are on that field.
// Values are ordered by falling count, then by value; none has count 0.
type Facet struct {
	Field  uint16
	Values []ValueCount
}

// ValueCount is a value and the number of entries that hold it.
type ValueCount struct {
	Value int32
	Count int
}

// Impact says how many more entries would be found without a clause. A clause
// is a kid of a root All; any other root is clause 0.
type Impact struct {
	Clause int
	Gain   int
}
