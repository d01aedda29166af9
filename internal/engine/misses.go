package engine

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// misses counts pairs under the leaves by which they failed.
type misses struct {
	byLeaf map[string]*Miss
	key    []byte
}

func newMisses() *misses { return &misses{byLeaf: map[string]*Miss{}} }

// asked counts a pair under the leaf of the question's condition at path.
func (m *misses) asked(root Cond, path []int) {
	key := make([]byte, 1, 1+len(path)*4)
	key[0] = 'a'
	for _, i := range path {
		key = binary.LittleEndian.AppendUint32(key, uint32(i))
	}
	if m.count(key) {
		return
	}
	leaf := root
	for _, i := range path {
		leaf = leaf.Kids[i]
	}
	m.byLeaf[string(key)] = &Miss{Asked: true, Path: slices.Clone(path), Leaf: normalLeaf(leaf), Count: 1}
}

// own counts a pair under a leaf of an entry's condition.
func (m *misses) own(leaf Cond) {
	if key := leafKey(leaf); !m.count([]byte(key)) {
		m.byLeaf[key] = &Miss{Leaf: normalLeaf(leaf), Count: 1}
	}
}

// ownAt counts a pair under a leaf of an entry's program, whose words are the
// same for equal leaves.
func (m *misses) ownAt(p []uint32, at int) {
	m.key = append(m.key[:0], 'p')
	for _, word := range p[at:after(p, at)] {
		m.key = binary.LittleEndian.AppendUint32(m.key, word)
	}
	if !m.count(m.key) {
		m.byLeaf[string(m.key)] = &Miss{Leaf: leafAt(p, at), Count: 1}
	}
}

func (m *misses) count(key []byte) bool {
	miss, ok := m.byLeaf[string(key)]
	if ok {
		miss.Count++
	}
	return ok
}

// leafKey gives equal strings for leaves that are equal up to the order and
// repeats of their values.
func leafKey(c Cond) string {
	c = normalLeaf(c)
	key := append(make([]byte, 0, 16+4*len(c.Values)), 'o', byte(c.Op), c.Level)
	key = binary.LittleEndian.AppendUint16(key, c.Field)
	key = binary.LittleEndian.AppendUint32(key, uint32(c.Lo))
	key = binary.LittleEndian.AppendUint32(key, uint32(c.Hi))
	for _, v := range c.Values {
		key = binary.LittleEndian.AppendUint32(key, uint32(v))
	}
	return string(key)
}

// sorted gives the misses by falling count; among equal counts those of the
// question come first, by path, then the entries', by field and contents.
func (m *misses) sorted() []Miss {
	list := make([]Miss, 0, len(m.byLeaf))
	for _, miss := range m.byLeaf {
		list = append(list, *miss)
	}
	slices.SortFunc(list, func(a, b Miss) int {
		if d := cmp.Compare(b.Count, a.Count); d != 0 {
			return d
		}
		if a.Asked != b.Asked {
			if a.Asked {
				return -1
			}
			return 1
		}
		return cmp.Or(slices.Compare(a.Path, b.Path), compareLeaves(&a.Leaf, &b.Leaf))
	})
	return list
}

func compareLeaves(a, b *Cond) int {
	return cmp.Or(
		cmp.Compare(a.Field, b.Field), cmp.Compare(a.Op, b.Op), cmp.Compare(a.Level, b.Level),
		cmp.Compare(a.Lo, b.Lo), cmp.Compare(a.Hi, b.Hi), slices.Compare(a.Values, b.Values),
	)
}
