package market

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// grams give, for each pair of neighbouring characters, the rows of a segment
// whose text has it: as a list, or as a set where they are many.
type grams struct {
	words  int
	slots  []uint64 // an open hash of pairs, 0: free
	starts []uint32 // by slot: where its rows begin; the last is the end
	rows   []uint16
	sets   []uint32 // the slots that have a set, ascending; their lists are empty
	bits   []uint64 // the sets, one after the other
}

// gramSetShare: from one row in this many on, a set is smaller than a list.
const gramSetShare = 16

// gramOf gives a pair as a number that is not 0; 0 if one of the characters is
// no character, as what stands between two texts.
func gramOf(a, b rune) uint64 {
	if a == utf8.RuneError || b == utf8.RuneError {
		return 0
	}
	return uint64(a)<<32 | uint64(b) | 1<<63
}

// gramsOf gives the pairs in a folded text, each once.
func gramsOf(folded []byte) []uint64 {
	var out []uint64
	eachGram(folded, func(g uint64) {
		if !slices.Contains(out, g) {
			out = append(out, g)
		}
	})
	return out
}

func eachGram(text []byte, found func(g uint64)) {
	last, n := utf8.DecodeRune(text)
	for at := n; at < len(text); at += n {
		var r rune
		if r, n = rune(text[at]), 1; r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(text[at:])
		}
		if g := gramOf(last, r); g != 0 {
			found(g)
		}
		last = r
	}
}

// indexTexts makes the postings of new parts, on every processor.
func indexTexts(parts []textPart) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(parts); i = int(next.Add(1)) - 1 {
				if s := parts[i].textSegment; len(s.keys) >= scanRows && s.grams == nil {
					s.grams = newGrams(s)
				}
			}
		})
	}
	group.Wait()
}

// gramTable counts pairs while postings are made.
type gramTable struct {
	slots  []uint64
	counts []uint32
	last   []uint32 // 1 + the row that was counted last
	used   int
}

func newGramTable(size int) *gramTable {
	return &gramTable{slots: make([]uint64, size), counts: make([]uint32, size), last: make([]uint32, size)}
}

// slotOf gives the slot of a pair in an open hash, or that where it would go.
func slotOf(slots []uint64, g uint64) int {
	mask := uint64(len(slots) - 1)
	i := (g * 0x9e3779b97f4a7c15) >> 20 & mask
	for slots[i] != 0 && slots[i] != g {
		i = (i + 1) & mask
	}
	return int(i)
}

// count notes that a row has a pair.
func (t *gramTable) count(g uint64, row uint32) {
	i := slotOf(t.slots, g)
	if t.slots[i] == 0 {
		if t.used*2 >= len(t.slots) {
			t.grow()
			i = slotOf(t.slots, g)
		}
		t.slots[i] = g
		t.used++
	}
	if t.last[i] != row+1 {
		t.last[i] = row + 1
		t.counts[i]++
	}
}

func (t *gramTable) grow() {
	next := newGramTable(2 * len(t.slots))
	for i, g := range t.slots {
		if g != 0 {
			to := slotOf(next.slots, g)
			next.slots[to], next.counts[to], next.last[to] = g, t.counts[i], t.last[i]
		}
	}
	next.used = t.used
	*t = *next
}

func newGrams(s *textSegment) *grams {
	t := newGramTable(1 << 14)
	for row := range s.keys {
		eachGram(s.text(row), func(g uint64) { t.count(g, uint32(row)) })
	}
	g := &grams{words: (len(s.keys) + 63) / 64, slots: t.slots, starts: make([]uint32, len(t.slots)+1)}
	total, many := uint32(0), uint32(len(s.keys)/gramSetShare)
	setOf := make([]int32, len(t.slots))
	for i, n := range t.counts {
		g.starts[i], setOf[i] = total, -1
		if n > many {
			setOf[i] = int32(len(g.sets))
			g.sets = append(g.sets, uint32(i))
			continue
		}
		total += n
	}
	g.starts[len(t.slots)] = total
	g.rows, g.bits = make([]uint16, total), make([]uint64, len(g.sets)*g.words)
	next := slices.Clone(g.starts)
	clear(t.last)
	for row := range s.keys {
		eachGram(s.text(row), func(pair uint64) {
			i := slotOf(g.slots, pair)
			switch {
			case setOf[i] >= 0:
				g.bits[int(setOf[i])*g.words+row>>6] |= 1 << (row & 63)
			case t.last[i] != uint32(row)+1:
				t.last[i] = uint32(row) + 1
				g.rows[next[i]] = uint16(row)
				next[i]++
			}
		})
	}
	return g
}

// posting is where one pair stands.
type posting struct {
	set  []uint64
	list []uint16
}

func (g *grams) posting(pair uint64) posting {
	i := slotOf(g.slots, pair)
	if g.slots[i] == 0 {
		return posting{}
	}
	if at, ok := slices.BinarySearch(g.sets, uint32(i)); ok {
		return posting{set: g.bits[at*g.words : (at+1)*g.words]}
	}
	return posting{list: g.rows[g.starts[i]:g.starts[i+1]]}
}

// propose calls found with the live rows that have all the pairs, ascending;
// with all live rows if none is asked.
func (g *grams) propose(asked []uint64, live []uint64, found func(row int)) {
	var lists [][]uint16
	rest := slices.Clone(live)
	for _, pair := range asked {
		p := g.posting(pair)
		if p.set == nil {
			lists = append(lists, p.list)
			continue
		}
		for w := range rest {
			rest[w] &= p.set[w]
		}
	}
	if len(lists) == 0 {
		eachBit(rest, found)
		return
	}
	slices.SortFunc(lists, func(a, b []uint16) int { return cmp.Compare(len(a), len(b)) })
	left := lists[0]
	for _, list := range lists[1:] {
		if len(left) < fewRows {
			break // quicker to look at than to narrow down
		}
		left = common(left, list)
	}
	for _, row := range left {
		if rest[row>>6]>>(row&63)&1 != 0 {
			found(int(row))
		}
	}
}

// fewRows: so few texts are looked at in some microseconds.
const fewRows = 32

// common gives what two ascending lists have in common.
func common(a, b []uint16) []uint16 {
	out := make([]uint16, 0, len(a))
	for _, row := range a {
		for len(b) > 0 && b[0] < row {
			b = b[1:]
		}
		if len(b) == 0 {
			break
		}
		if b[0] == row {
			out = append(out, row)
		}
	}
	return out
}
