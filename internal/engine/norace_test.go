//go:build !race

package engine

// pairsWanted is how many pairs of a record and a condition the differential
// test compares.
const pairsWanted = 10_000_000
