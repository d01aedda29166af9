package drill

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"enishi/internal/alarm"
)

// history is what Prometheus knows of the time before a drill: a fortnight's
// recorded series, each a line from one value to another. Counters of processes
// are not part of it: what alarms look at over days is what rules recorded.
type history struct {
	pace   alarm.Pace
	series map[string]course // by name and labels
}

// course is a straight line that ends now.
type course struct{ from, to float64 }

// The days of a history: more than any window.
const known = 8 * 24 * time.Hour

// healthy gives a history in which the promises were kept, under the load of a drill.
func healthy(p alarm.Pace) history {
	h := history{pace: p, series: map[string]course{}}
	for _, o := range alarm.Objectives() {
		of := fmt.Sprintf("{objective=%q}", o.Name)
		rate := float64(perSecond)
		switch o.Name {
		case alarm.SignUp:
			rate /= signUpEach
		case alarm.Matching:
			rate = 1 // moments, not requests
		}
		h.series[alarm.BadRate+of] = course{0, 0}
		h.series[alarm.AllRate+of] = course{rate, rate}
	}
	return h
}

// use gives the history in which a share of a resource was used, growing by so
// much a day up to what it is now.
func (h history) use(resource, part string, now, daily float64) {
	h.series[fmt.Sprintf("%s{part=%q,resource=%q}", alarm.UsedRatio, part, resource)] = course{now - daily*known.Hours()/24, now}
}

// write puts the history into the folder of a Prometheus that does not run yet.
func (h history) write(t *testing.T, dir, data string) {
	t.Helper()
	if len(h.series) == 0 {
		return
	}
	text := filepath.Join(dir, "history")
	file, err := os.Create(text)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(file)
	end := time.Now()
	whole := h.pace.Scaled(known)
	for _, name := range slices.Sorted(maps.Keys(h.series)) {
		c := h.series[name]
		for at := -whole; at < 0; at += h.pace.Every {
			done := 1 + at.Seconds()/whole.Seconds()
			_, _ = fmt.Fprintf(out, "%s %g %.3f\n", name, c.from+(c.to-c.from)*done, float64(end.Add(at).UnixMilli())/1000) // Flush says it
		}
	}
	_, _ = fmt.Fprintln(out, "# EOF") // as above
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "promtool", "tsdb", "create-blocks-from", "openmetrics", text, data).CombinedOutput(); err != nil { //nolint:gosec // paths of the test's own
		t.Fatalf("promtool: %v\n%s", err, strings.TrimSpace(string(out)))
	}
}
