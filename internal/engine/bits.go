package engine

import "math/bits"

// sparse is how many bits of a word are still visited one by one; above it,
// comparing all 64 numbers is quicker.
const sparse = 24

// between gives the bits of mask whose number in block lies from lo to hi. One
// unsigned comparison tests both ends, as what is below lo wraps round, and no
// branch waits for a number to be read.
func between[N uint16 | int32](block []N, mask uint64, lo, hi N) uint64 {
	var hit uint64
	span := uint64(int64(hi) - int64(lo))
	if len(block) < 64 || bits.OnesCount64(mask) <= sparse {
		for m := mask; m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m)
			_, out := bits.Sub64(span, uint64(int64(block[i])-int64(lo)), 0)
			hit |= (1 - out) << (i & 63)
		}
		return hit
	}
	for i, x := range block[:64] {
		_, out := bits.Sub64(span, uint64(int64(x)-int64(lo)), 0)
		hit |= (1 - out) << (i & 63)
	}
	return hit & mask
}

func wordsFor(rows int) int { return (rows + 63) / 64 }

// fill sets the first n bits and clears the rest.
func fill(set []uint64, n int) {
	clear(set)
	for i := range n / 64 {
		set[i] = ^uint64(0)
	}
	if n%64 != 0 {
		set[n/64] = 1<<(n%64) - 1
	}
}

func setBit(set []uint64, i int)      { set[i>>6] |= 1 << (i & 63) }
func clearBit(set []uint64, i int)    { set[i>>6] &^= 1 << (i & 63) }
func hasBit(set []uint64, i int) bool { return set[i>>6]>>(i&63)&1 != 0 }

func count(set []uint64) int {
	n := 0
	for _, w := range set {
		n += bits.OnesCount64(w)
	}
	return n
}

func and(dst, src []uint64) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] &= src[i]
	}
}

func andNot(dst, src []uint64) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] &^= src[i]
	}
}

func or(dst, src []uint64) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] |= src[i]
	}
}

// each calls found with the bits of a set, ascending.
func each(set []uint64, found func(i int)) {
	for w, m := range set {
		for ; m != 0; m &= m - 1 {
			found(w<<6 | bits.TrailingZeros64(m))
		}
	}
}

// fullWords is the length of the sets that questions use.
const fullWords = maxLanes / 64

// add adds a set, if not nil, and a list to dst.
func add(dst, set []uint64, list []uint16) {
	if set != nil {
		or(dst, set)
	}
	if cap(dst) >= fullWords {
		// An array of this length needs no bounds checked for 16-bit rows.
		all := (*[fullWords]uint64)(dst[:fullWords])
		for _, i := range list {
			all[i>>6] |= 1 << (i & 63)
		}
		return
	}
	for _, i := range list {
		setBit(dst, int(i))
	}
}

// remove takes a set, if not nil, and a list out of dst.
func remove(dst, set []uint64, list []uint16) {
	if set != nil {
		andNot(dst, set)
	}
	for _, i := range list {
		clearBit(dst, int(i))
	}
}
