package web

import (
	"encoding/xml"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/day"
)

// figures are charts of every kind, with what must be escaped in them, and nothing
// in them.
func figures() map[string]figure {
	w, evil := words{}, `"><script>&`
	head := [2]string{evil, "n"}
	return map[string]figure{
		"strip":      strip{title: evil, low: 480, median: 560, high: 690, say: w.Pay, names: [3]string{"low", "mid", "high"}, marks: []mark{{evil, 300, "own"}, {"m", 900, "other"}}}.figure(),
		"strip 0":    strip{title: evil, low: 500, median: 500, high: 500, say: w.Pay}.figure(),
		"funnel":     funnel(evil, head, []bar{{label: evil, value: 300}, {label: "b", value: 100}}, strconv.Itoa),
		"funnel 0":   funnel(evil, head, []bar{{label: evil}, {label: "b"}}, strconv.Itoa),
		"waterfall":  waterfall(evil, head, []fall{{evil, 1000, true, ""}, {"b", 300, false, ""}, {"c", 700, true, "seven hundred"}}, strconv.Itoa),
		"over time":  overTime(w, evil, []day.Day{20780, 20781}, []course{{evil, []int{3, 0}, ""}, {"b", []int{0, 9}, "strong"}}, strconv.Itoa),
		"over a day": overTime(w, evil, []day.Day{20780}, []course{{evil, []int{3}, ""}}, strconv.Itoa),
		"over no":    overTime(w, evil, nil, []course{{name: evil}}, strconv.Itoa),
	}
}

// TestChartsAreWellFormed holds every chart to the policy of the pages: no styles,
// no scripts, texts escaped, nothing drawn outside of it to the sides.
func TestChartsAreWellFormed(t *testing.T) {
	across := regexp.MustCompile(`[ML] (-?\d+) `)
	for name, f := range figures() {
		for width, svg := range map[int]string{narrowChart: f.narrow, wideChart: f.wide} {
			if strings.Contains(svg, "style") || strings.Contains(svg, "<script") {
				t.Errorf("%s has a style or a script: %s", name, svg)
			}
			if !strings.HasPrefix(svg, `<svg class=`) || !strings.Contains(svg, `role="img"`) {
				t.Errorf("%s has no name: %s", name, svg)
			}
			for read := xml.NewDecoder(strings.NewReader(svg)); ; {
				if _, err := read.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("%s is no XML: %v: %s", name, err, svg)
				}
			}
			for _, at := range across.FindAllStringSubmatch(svg, -1) {
				if x, err := strconv.Atoi(at[1]); err != nil || x < 0 || x > width {
					t.Errorf("%s draws at %s of %d", name, at[1], width)
				}
			}
		}
	}
}

// TestTablesSayWhatChartsShow holds the tables to the values.
func TestTablesSayWhatChartsShow(t *testing.T) {
	all := figures()
	for name, want := range map[string][][]string{
		"strip":     {{"low", "480万円"}, {"mid", "560万円"}, {"high", "690万円"}, {`"><script>&`, "300万円"}, {"m", "900万円"}},
		"funnel":    {{`"><script>&`, "300"}, {"b", "100 (33%)"}},
		"funnel 0":  {{`"><script>&`, "0"}, {"b", "0"}},
		"waterfall": {{`"><script>&`, "1000"}, {"b", "−300"}, {"c", "seven hundred"}},
		"over time": {{"11月23日(月)", "3", "0"}, {"11月24日(火)", "0", "9"}},
	} {
		if diff := cmp.Diff(want, all[name].rows); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(all[name].head) != len(all[name].rows[0]) {
			t.Errorf("%s has %d columns under %d names", name, len(all[name].rows[0]), len(all[name].head))
		}
	}
}
