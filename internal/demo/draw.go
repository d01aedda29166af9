package demo

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
)

// draw is a stream of random choices. It belongs to one goroutine.
type draw struct{ *rand.Rand }

// Streams: each part of the demo draws from its own, so that a change of one
// leaves the others as they were.
const (
	streamPeople uint64 = iota + 1
	streamWishes
	streamCompanies
	streamPositions
	streamRules
	streamPlay
	streamIDs
	streamOffers
	streamSeed
	streamBreaches
)

func newDraw(seed, stream uint64) draw { return draw{rand.New(rand.NewPCG(seed, stream))} }

// in says yes in n of 100 cases.
func (d draw) in(n int) bool { return d.IntN(100) < n }

// between gives a number from lo to hi.
func (d draw) between(lo, hi int) int { return lo + d.IntN(hi-lo+1) }

func pick[T any](d draw, list []T) T { return list[d.IntN(len(list))] }

// weighted gives a position with the probability of its weight.
func (d draw) weighted(weights ...int) int {
	all := 0
	for _, w := range weights {
		all += w
	}
	n := d.IntN(all)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// some gives n different entries of a list, in the list's order.
func some[T any](d draw, list []T, n int) []T {
	n = min(n, len(list))
	at := d.Perm(len(list))[:n]
	slices.Sort(at)
	out := make([]T, n)
	for i, j := range at {
		out[i] = list[j]
	}
	return out
}

// quota divides n into whole parts by weight: largest remainders first, ties
// to the earlier part.
func quota(n int, weights []float64) []int {
	all := 0.0
	for _, w := range weights {
		all += w
	}
	out := make([]int, len(weights))
	type rest struct {
		at   int
		left float64
	}
	rests := make([]rest, len(weights))
	given := 0
	for i, w := range weights {
		exact := float64(n) * w / all
		out[i] = int(exact)
		given += out[i]
		rests[i] = rest{i, exact - float64(out[i])}
	}
	slices.SortStableFunc(rests, func(a, b rest) int { return cmp.Compare(b.left, a.left) })
	for i := range n - given {
		out[rests[i].at]++
	}
	return out
}

// spread gives the positions of the weights, each as often as its quota of n
// says, in random order.
func (d draw) spread(n int, weights []float64) []int {
	out := make([]int, 0, n)
	for i, count := range quota(n, weights) {
		for range count {
			out = append(out, i)
		}
	}
	d.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// id gives a UUID of version 7 (RFC 9562, 5.7) whose time is at and whose
// other bits are drawn.
func (d draw) id(at time.Time) uuid.UUID {
	var u uuid.UUID
	binary.BigEndian.PutUint64(u[:8], uint64(at.UnixMilli())<<16|d.Uint64()&0xfff|0x7000)
	binary.BigEndian.PutUint64(u[8:], d.Uint64()&^(3<<62)|2<<62)
	return u
}
