package alarm

import (
	"fmt"
	"regexp"
	"strings"
)

// In a dashboard's panel the metrics of all its lines share one space of names:
// each line's are numbered.

func distinct(id string, line int) string { return fmt.Sprintf("%s_%d", id, line) }

// renamed gives the expression of a line under the numbered names.
func renamed(q query, line int) string {
	out := q.math
	for _, m := range q.metrics {
		out = regexp.MustCompile(`\b`+regexp.QuoteMeta(m.id)+`\b`).ReplaceAllString(out, distinct(m.id, line))
	}
	return out
}

// plain gives a legend without the labels that only Prometheus fills in.
func plain(legend string) string { return strings.TrimSuffix(legend, " {{part}}") }
