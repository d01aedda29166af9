package telemetry

import (
	"math"

	dto "github.com/prometheus/client_model/go"
)

// total is what a counter or a histogram has counted since the process began.
type total struct {
	counter bool
	sum     float64   // of what was counted, or measured
	bounds  []float64 // of a histogram, from the lowest
	counts  []uint64  // up to each bound, and beyond the last
}

func totalOf(f *dto.MetricFamily, labels map[string]string) (t total, ok bool) {
	for _, m := range chosen(f, labels) {
		switch f.GetType() {
		case dto.MetricType_COUNTER:
			t.counter, ok = true, true
			t.sum += m.GetCounter().GetValue()
		case dto.MetricType_HISTOGRAM:
			t.addHistogram(m.GetHistogram())
			ok = true
		}
	}
	return t, ok
}

// addHistogram adds one of the same bounds.
func (t *total) addHistogram(h *dto.Histogram) {
	if t.counts == nil {
		for _, b := range h.GetBucket() {
			if !math.IsInf(b.GetUpperBound(), 1) {
				t.bounds = append(t.bounds, b.GetUpperBound())
			}
		}
		t.counts = make([]uint64, len(t.bounds)+1)
	}
	below := uint64(0)
	for i := range t.bounds {
		n := h.GetBucket()[i].GetCumulativeCount()
		t.counts[i] += n - below
		below = n
	}
	t.counts[len(t.bounds)] += h.GetSampleCount() - below
	t.sum += h.GetSampleSum()
}

// since gives what a histogram grew by. What lies between two bounds is told as the
// middle between them, so that no rounding of CloudWatch puts it on the other side
// of a bound that an alarm compares with; what lies beyond the last, as the last.
func (t total) since(before total) (d distribution) {
	if len(t.bounds) == 0 { // one that keeps no counts between bounds
		return d
	}
	for i, n := range t.counts {
		if before.counts != nil {
			n -= before.counts[i]
		}
		if n == 0 {
			continue
		}
		low, high := 0.0, t.bounds[min(i, len(t.bounds)-1)]
		if i > 0 {
			low = t.bounds[i-1]
		}
		value := (low + high) / 2
		if d.Count == 0 {
			d.Min = value
		}
		d.Values, d.Counts = append(d.Values, value), append(d.Counts, float64(n))
		d.Max, d.Count = value, d.Count+n
	}
	d.Sum = t.sum - before.sum
	return d
}
