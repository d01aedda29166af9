package market

import (
	"slices"
)

// table keeps rows by key: the row of key k is rows[k-1], nil once deleted. A
// row is never modified, only replaced.
type table[T any] struct{ rows []*T }

// find gives a row, nil if there is none.
func (x *table[T]) find(key int64) *T {
	if key < 1 || key > int64(len(x.rows)) {
		return nil
	}
	return x.rows[key-1]
}

// next is the key that add will give.
func (x *table[T]) next() int64 { return int64(len(x.rows)) + 1 }

func (x *table[T]) add(t *memoryTx, row *T) {
	x.rows = append(x.rows, row)
	t.undo(func() { x.rows = x.rows[:len(x.rows)-1] })
}

// put replaces a row; nil deletes it.
func (x *table[T]) put(t *memoryTx, key int64, row *T) {
	before := x.rows[key-1]
	x.rows[key-1] = row
	t.undo(func() { x.rows[key-1] = before })
}

// page gives copies of up to limit rows after a key, by key.
func (x *table[T]) page(after int64, limit int) []T {
	var out []T
	for i := max(0, after); i < int64(len(x.rows)) && len(out) < limit; i++ {
		if row := x.rows[i]; row != nil {
			out = append(out, *row)
		}
	}
	return out
}

// byKeys gives copies of those rows of some keys that there are, by key.
func byKeys[T any](in *table[T], keys []int64) []T {
	var out []T
	for _, key := range slices.Compact(slices.Sorted(slices.Values(keys))) {
		if row := in.find(key); row != nil {
			out = append(out, *row)
		}
	}
	return out
}

// put sets an entry of a map until the transaction fails.
func put[K comparable, V any](t *memoryTx, m map[K]V, k K, v V) {
	before, was := m[k]
	m[k] = v
	t.undo(func() { restore(m, k, before, was) })
}

// drop deletes an entry of a map until the transaction fails.
func drop[K comparable, V any](t *memoryTx, m map[K]V, k K) {
	if before, was := m[k]; was {
		delete(m, k)
		t.undo(func() { restore(m, k, before, true) })
	}
}

func restore[K comparable, V any](m map[K]V, k K, before V, was bool) {
	if was {
		m[k] = before
	} else {
		delete(m, k)
	}
}

// index keeps ascending keys by what they belong to.
type index[G comparable] map[G][]int64

func (x index[G]) add(t *memoryTx, of G, key int64) {
	before := x[of]
	if n := len(before); n == 0 || before[n-1] < key {
		put(t, x, of, append(before, key))
		return
	}
	if at, found := slices.BinarySearch(before, key); !found {
		put(t, x, of, slices.Insert(slices.Clone(before), at, key))
	}
}

func (x index[G]) remove(t *memoryTx, of G, key int64) {
	before := x[of]
	if at, found := slices.BinarySearch(before, key); found {
		put(t, x, of, slices.Delete(slices.Clone(before), at, at+1))
	}
}

// move takes a key from one place to another.
func (x index[G]) move(t *memoryTx, from, to G, key int64) {
	if from != to {
		x.remove(t, from, key)
		x.add(t, to, key)
	}
}

// below gives the keys of a group that lie before a key, 0 for all.
func (x index[G]) below(of G, before int64) []int64 {
	keys := x[of]
	if before == 0 {
		return keys
	}
	at, _ := slices.BinarySearch(keys, before)
	return keys[:at]
}

// above gives the keys of a group that lie after a key.
func (x index[G]) above(of G, after int64) []int64 {
	keys := x[of]
	at, _ := slices.BinarySearch(keys, after+1)
	return keys[at:]
}

// sets keeps keys by what they belong to, in no order: keys come and go from
// the middle at no cost.
type sets[G comparable] map[G]map[int64]bool

func (x sets[G]) add(t *memoryTx, of G, key int64) {
	if x.insert(of, key) {
		t.undo(func() { x.delete(of, key) })
	}
}

func (x sets[G]) remove(t *memoryTx, of G, key int64) {
	if x.delete(of, key) {
		t.undo(func() { x.insert(of, key) })
	}
}

func (x sets[G]) insert(of G, key int64) bool {
	set := x[of]
	if set[key] {
		return false
	}
	if set == nil {
		set = map[int64]bool{}
		x[of] = set
	}
	set[key] = true
	return true
}

func (x sets[G]) delete(of G, key int64) bool {
	set := x[of]
	if !set[key] {
		return false
	}
	delete(set, key)
	if len(set) == 0 {
		delete(x, of)
	}
	return true
}
