//go:build race

package engine

// pairsWanted is how many pairs of a record and a condition the differential
// test compares; the race detector slows it tenfold.
const pairsWanted = 2_000_000
