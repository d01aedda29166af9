package taxonomy

import "math/bits"

// searchOverlap finds by the longest run of letters that the query and a key
// have in common. It is for the long titles of other classifications
// (産業廃棄物収集作業員), when nothing else finds. Latin letters are too few for
// a common run to say anything.
func (c *Classification) searchOverlap(q *question, found hits) {
	f := &q.written
	if len(f.runes) == len(f.text) {
		return
	}
	names := c.names()
	row := make([]int, names.longest+1)
	for i := range names.keys {
		k := &names.keys[i]
		if k.sounds || k.ascii() || bits.OnesCount64(f.has&k.has) < 2 {
			continue
		}
		run := longestRun(f.runes, []rune(k.text), row)
		if len(run) >= enoughOf(run) && 3*len(run) >= len(f.runes) {
			found.improve(k.item, hit{tier: overlap, extra: -len(run)})
		}
	}
}

// enoughOf is how many letters a run must have to say anything.
func enoughOf(run []rune) int {
	for _, r := range run {
		if scriptOf(r) == kanji {
			return 2
		}
	}
	return 4
}

// longestRun gives the longest run of letters of a that is also in b. row is
// work space, longer than b.
func longestRun(a, b []rune, row []int) []rune {
	row = row[:len(b)+1]
	clear(row)
	var longest []rune
	for i := range a {
		diagonal := 0
		for j := range b {
			above := row[j+1]
			row[j+1] = 0
			if a[i] == b[j] {
				row[j+1] = diagonal + 1
				if row[j+1] > len(longest) {
					longest = a[i-diagonal : i+1]
				}
			}
			diagonal = above
		}
	}
	return longest
}
