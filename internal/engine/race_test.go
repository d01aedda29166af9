//go:build race

package engine

// pairsWanted is how many pairs of a record and a condition the differential
// test compares; the race detector slows it twentyfold.
const pairsWanted = 300_000
