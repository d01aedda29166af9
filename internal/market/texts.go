package market

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
	"sync/atomic"
	"unicode/utf8"
)

// texts finds candidates by what stands in their masked and folded texts. It
// lies in segments that never change, as the populations do: a batch of changes
// becomes a small new segment, the rows it replaces are taken out of a copy of
// the old segments' live sets, and segments of about one size are merged.
// Changes are applied one batch at a time; readers of a view never wait.
type texts struct{ view atomic.Pointer[textView] }

// textView is the state of texts at one moment. It never changes.
type textView struct{ parts []textPart }

// textPart is a segment as a view sees it.
type textPart struct {
	*textSegment
	live  []uint64
	count int
}

// textSegment holds texts by ascending key.
type textSegment struct {
	keys  []int64
	ends  []uint32 // of each text in bytes
	bytes []byte
	grams *grams // nil: too few to be worth it
}

// textChange replaces a candidate's text; an empty one removes it.
type textChange struct {
	key  int64
	text string
}

const (
	// textRows is what 16 bits can tell apart.
	textRows = 1 << 16
	// scanRows: fewer texts are looked through as fast as postings are read.
	scanRows = 1000
	// textWidth is how many segments of about one size may stand side by side.
	textWidth = 4
	// textBytes bounds a segment, so that 32 bits count its bytes.
	textBytes = 1 << 30
)

func newTexts() *texts {
	t := &texts{}
	t.view.Store(&textView{})
	return t
}

func (s *textSegment) text(row int) []byte {
	from := uint32(0)
	if row > 0 {
		from = s.ends[row-1]
	}
	return s.bytes[from:s.ends[row]]
}

// find gives the row of a live text.
func (p *textPart) find(key int64) (int, bool) {
	row, ok := slices.BinarySearch(p.keys, key)
	return row, ok && p.live[row>>6]>>(row&63)&1 != 0
}

// len gives the number of texts.
func (v *textView) len() int {
	n := 0
	for i := range v.parts {
		n += v.parts[i].count
	}
	return n
}

// apply publishes changes as a new view; of two for one key the later counts.
func (t *texts) apply(changes []textChange) {
	if len(changes) == 0 {
		return
	}
	order := slices.Clone(changes)
	slices.Reverse(order)
	slices.SortStableFunc(order, func(a, b textChange) int { return cmp.Compare(a.key, b.key) })
	order = slices.CompactFunc(order, func(a, b textChange) bool { return a.key == b.key })
	old := t.view.Load()
	var parts []textPart
	for i := range old.parts {
		parts = append(parts, old.parts[i].without(order))
	}
	order = slices.DeleteFunc(order, func(c textChange) bool { return c.text == "" })
	t.view.Store(&textView{parts: compactTexts(append(parts, buildTexts(len(order), func(i int) (int64, []byte) {
		return order[i].key, []byte(order[i].text)
	})...))})
}

// without gives the part less the texts of some keys.
func (p *textPart) without(changes []textChange) textPart {
	next := *p
	copied := false
	for _, c := range changes {
		row, ok := p.find(c.key)
		if !ok {
			continue
		}
		if !copied {
			next.live, copied = slices.Clone(p.live), true
		}
		next.live[row>>6] &^= 1 << (row & 63)
		next.count--
	}
	return next
}

// buildTexts makes parts of n texts, given by ascending key.
func buildTexts(n int, at func(i int) (int64, []byte)) []textPart {
	var out []textPart
	for from := 0; from < n; {
		s := &textSegment{}
		for from < n && len(s.keys) < textRows && len(s.bytes) < textBytes {
			key, text := at(from)
			s.keys, s.bytes = append(s.keys, key), append(s.bytes, text...)
			s.ends = append(s.ends, uint32(len(s.bytes)))
			from++
		}
		s.keys, s.ends, s.bytes = slices.Clip(s.keys), slices.Clip(s.ends), fitted(s.bytes)
		out = append(out, wholePart(s))
	}
	indexTexts(out)
	return out
}

// fitted gives bytes that take no more than they need.
func fitted(b []byte) []byte {
	if cap(b) < len(b)+len(b)/16 {
		return b
	}
	return bytes.Clone(b)
}

// wholePart gives a part of which every text counts.
func wholePart(s *textSegment) textPart {
	p := textPart{textSegment: s, live: make([]uint64, (len(s.keys)+63)/64), count: len(s.keys)}
	for row := range s.keys {
		p.live[row>>6] |= 1 << (row & 63)
	}
	return p
}

// textClass gives the class of size of a part that may be merged, -1 for a full
// one.
func textClass(count int) int {
	if count >= textRows*3/4 {
		return -1
	}
	class := 0
	for n := 64; n <= count; n *= textWidth {
		class++
	}
	return class
}

// compactTexts drops empty parts, rewrites those that are mostly dead, and
// merges parts of one class until no class has too many.
func compactTexts(parts []textPart) []textPart {
	var kept []textPart
	var classes [16][]textPart
	put := func(all []textPart) {
		for _, p := range all {
			if class := textClass(p.count); class < 0 {
				kept = append(kept, p)
			} else {
				classes[class] = append(classes[class], p)
			}
		}
	}
	for _, p := range parts {
		switch {
		case p.count == 0:
		case p.count*2 < len(p.keys):
			put(mergeTexts([]textPart{p}))
		default:
			put([]textPart{p})
		}
	}
	for class := range classes {
		for len(classes[class]) >= textWidth || class == 0 && len(classes[0]) > 1 {
			all := classes[class]
			classes[class] = nil
			put(mergeTexts(all))
		}
		kept = append(kept, classes[class]...)
	}
	slices.SortFunc(kept, func(a, b textPart) int { return cmp.Compare(a.keys[0], b.keys[0]) })
	return kept
}

// mergeTexts rewrites the live texts of parts.
func mergeTexts(parts []textPart) []textPart {
	type place struct {
		key  int64
		part *textPart
		row  int
	}
	var places []place
	for i := range parts {
		eachBit(parts[i].live, func(row int) { places = append(places, place{parts[i].keys[row], &parts[i], row}) })
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.key, b.key) })
	return buildTexts(len(places), func(i int) (int64, []byte) { return places[i].key, places[i].part.text(places[i].row) })
}

func eachBit(set []uint64, found func(i int)) {
	for w, m := range set {
		for ; m != 0; m &= m - 1 {
			found(w<<6 | bits.TrailingZeros64(m))
		}
	}
}

// find gives the candidates whose text contains a folded one of at least two
// characters, ascending.
func (v *textView) find(folded string) []int64 {
	var out []int64
	for i := range v.parts {
		p := &v.parts[i]
		from := len(out)
		out = slices.Grow(out, p.count/8)
		p.search([]byte(folded), func(row int) { out = append(out, p.keys[row]) })
		if from > 0 && from < len(out) && out[from-1] > out[from] {
			out = merged(out[:from], out[from:])
		}
	}
	return out
}

// merged gives two ascending lists as one.
func merged(a, b []int64) []int64 {
	out := make([]int64, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] < b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// search calls found with the live rows whose text contains the folded one,
// ascending. What the postings propose is looked for in the text itself, but
// for two characters, which they know exactly.
func (p *textPart) search(folded []byte, found func(row int)) {
	rarest := p.rarest(folded)
	check := func(row int) {
		if contains(p.text(row), folded, rarest) {
			found(row)
		}
	}
	if p.grams == nil {
		eachBit(p.live, check)
		return
	}
	asked := gramsOf(folded)
	if len(asked) == 1 && utf8.RuneCount(folded) == 2 {
		check = found
	}
	p.grams.propose(asked, p.live, check)
}

// sampleBytes is how much of a segment is looked at to learn which bytes are
// rare in it.
const sampleBytes = 1 << 14

// rarest gives the place of the byte of a text that is rarest in the segment.
// The first byte of a Japanese letter is nearly always the same, which makes it
// the worst to look for.
func (s *textSegment) rarest(text []byte) int {
	var counts [256]uint32
	for _, b := range s.bytes[:min(len(s.bytes), sampleBytes)] {
		counts[b]++
	}
	best := 0
	for i, b := range text {
		if counts[b] < counts[text[best]] {
			best = i
		}
	}
	return best
}

// contains says whether a text contains another, one byte of which, at a place,
// is looked for first.
func contains(text, what []byte, rarest int) bool {
	for at := rarest; at < len(text); at++ {
		i := bytes.IndexByte(text[at:], what[rarest])
		if i < 0 {
			return false
		}
		at += i
		if from := at - rarest; len(text)-from >= len(what) && string(text[from:from+len(what)]) == string(what) {
			return true
		}
	}
	return false
}

// bytesUsed gives the memory that the texts of a view take.
func (v *textView) bytesUsed() (texts, postings int) {
	for i := range v.parts {
		p := &v.parts[i]
		texts += cap(p.bytes) + 4*cap(p.ends) + 8*cap(p.keys) + 8*cap(p.live)
		if g := p.grams; g != nil {
			postings += 8*cap(g.slots) + 4*cap(g.starts) + 2*cap(g.rows) + 4*cap(g.sets) + 8*cap(g.bits)
		}
	}
	return texts, postings
}
