package jm1

import (
	"math"
	"slices"
	"time"
)

// Report is what a run gives; its JSON form is the output of
// `enishi bench engine`.
type Report struct {
	Candidates int    `json:"candidates"`
	Rules      int    `json:"rules"`
	Seed       uint64 `json:"seed"`
	// Checked is how many answers were compared with the oracle's, Mismatches
	// how many differed in anything.
	Checked    int `json:"checked"`
	Mismatches int `json:"mismatches"`

	// Search is count, nine facets, top 20 and impact of Q1 to Q3 and the
	// random rules; Questions has Q0 to Q3 step by step.
	Search     Timing             `json:"search"`
	Questions  []QuestionTimings  `json:"questions"`
	Steps      map[string]Timing  `json:"search_steps"`
	SearchBusy Timing             `json:"search_while_changing"`
	Mixed      Timing             `json:"reverse_mixed"`
	Selective  Timing             `json:"reverse_selective"`
	Busy       Timing             `json:"reverse_while_changing"`
	Mutual     Timing             `json:"mutual"`
	Preview    Timing             `json:"mutual_candidates"` // of a new rule with its position
	Apply      Timing             `json:"apply"`             // per change, in batches of 100
	Alone      Timing             `json:"apply_alone"`       // one change published alone
	Memory     Memory             `json:"memory"`
	Start      Start              `json:"start"`
	Shares     map[string]float64 `json:"matching_share"` // of the rules, by regime
}

// QuestionTimings are the times of one fixed question.
type QuestionTimings struct {
	Name  string            `json:"name"`
	Count int               `json:"count"`
	Steps map[string]Timing `json:"steps"`
}

// Timing sums up N times, in microseconds.
type Timing struct {
	N    int     `json:"n"`
	P50  float64 `json:"p50_us"`
	P95  float64 `json:"p95_us"`
	P99  float64 `json:"p99_us"`
	Mean float64 `json:"mean_found"` // entries found
}

// Memory is the heap that the populations hold, by entry. Mutual figures are
// of entries with both a document and a condition.
type Memory struct {
	Candidate       float64 `json:"bytes_per_candidate"`
	Rule            float64 `json:"bytes_per_rule"`
	SelectiveRule   float64 `json:"bytes_per_selective_rule"`
	MutualCandidate float64 `json:"mutual_bytes_per_candidate"`
	MutualRule      float64 `json:"mutual_bytes_per_rule"`
}

// Start is how long a population of all candidates takes to be ready: built of
// its entries, or loaded from a snapshot file, which was written before. The
// mutual figures are of candidates with wishes.
type Start struct {
	Build               float64 `json:"build_seconds"`
	Snapshot            float64 `json:"snapshot_seconds"`
	SnapshotWrite       float64 `json:"snapshot_write_seconds"`
	SnapshotBytes       int64   `json:"snapshot_bytes"`
	MutualBuild         float64 `json:"mutual_build_seconds"`
	MutualSnapshot      float64 `json:"mutual_snapshot_seconds"`
	MutualSnapshotBytes int64   `json:"mutual_snapshot_bytes"`
}

// times collects durations and what was found in them.
type times struct {
	each  []time.Duration
	found int
}

func (t *times) add(d time.Duration, found int) {
	t.each = append(t.each, d)
	t.found += found
}

func (t *times) timing() Timing {
	n := len(t.each)
	if n == 0 {
		return Timing{}
	}
	slices.Sort(t.each)
	at := func(p float64) float64 {
		i := int(math.Ceil(p*float64(n))) - 1
		return float64(t.each[max(i, 0)].Nanoseconds()) / 1e3
	}
	return Timing{N: n, P50: at(.50), P95: at(.95), P99: at(.99), Mean: float64(t.found) / float64(n)}
}
