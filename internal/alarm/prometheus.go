package alarm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names of what the rules record. A ratio and a count have the labels
// objective and window, the others objective, or resource and part.
const (
	BadRate   = "enishi:bad:rate" // of events, a second: everything about an objective is summed from these two
	AllRate   = "enishi:all:rate"
	badRatio  = "enishi:bad:ratio"
	badCount  = "enishi:bad:count"
	UsedRatio = "enishi:resource:used_ratio"
	fullDays  = "enishi:resource:days_until_full"
)

// rules writes a file of rules.
type rules struct {
	strings.Builder
	pace Pace
}

// Prometheus gives the file of recording and alerting rules.
func Prometheus(p Pace) []byte {
	r := &rules{pace: p}
	fmt.Fprint(r, "# Made from the table of internal/alarm by `make alarms`: change it there.\ngroups:\n")
	for _, o := range Objectives() {
		r.group(o.Name)
		r.objective(o)
		for _, a := range Alarms() {
			if a.Objective() == o.Name {
				r.alarm(a)
			}
		}
	}
	r.group("resources")
	for _, one := range Resources() {
		r.record(UsedRatio, one.used, label{"resource", one.Name})
	}
	r.record(fullDays, fmt.Sprintf("(1 - %[1]s) / (deriv(%[1]s[%[2]s]) > 0) / %[3]s", UsedRatio, p.window(forecastWindow), number(p.Scaled(day).Seconds())))
	for _, a := range Alarms() {
		if _, ok := a.when.(forecast); ok {
			r.alarm(a)
		}
	}
	r.group("states")
	for _, a := range Alarms() {
		if _, ok := a.when.(state); ok {
			r.alarm(a)
		}
	}
	return []byte(r.String())
}

type label struct{ name, value string }

func (r *rules) group(name string) {
	fmt.Fprintf(r, "  - name: %s\n    interval: %s\n    rules:\n", name, span(r.pace.Every))
}

func (r *rules) record(name, expr string, labels ...label) {
	fmt.Fprintf(r, "      - record: %s\n        expr: %s\n", name, quoted(expr))
	r.labels(labels)
}

func (r *rules) labels(list []label) {
	if len(list) == 0 {
		return
	}
	fmt.Fprint(r, "        labels:\n")
	for _, l := range list {
		fmt.Fprintf(r, "          %s: %s\n", l.name, quoted(l.value))
	}
}

// objective records the rates of an objective, and what became of them in every
// window that an alarm looks at. Longer windows are sums of the short rates: to
// read every series of three days each time would be too much.
func (r *rules) objective(o *Objective) {
	of := label{"objective", o.Name}
	based := func(expr string) string { return strings.ReplaceAll(expr, "BASE", span(r.pace.base())) }
	r.record(BadRate, based(o.bad), of)
	r.record(AllRate, based(o.all), of)
	for _, w := range windows(o) {
		in := label{"window", span(w)}
		sum := func(series string) string {
			return fmt.Sprintf("sum_over_time(%s{objective=%q}[%s])", series, o.Name, r.pace.window(w))
		}
		r.record(badRatio, sum(BadRate)+" / "+sum(AllRate), of, in)
		if o.Least > 0 {
			r.record(badCount, sum(BadRate)+" * "+number(r.pace.Every.Seconds()), of, in)
		}
	}
}

// windows gives those of an objective's alarms, each once, shortest first.
func windows(o *Objective) (list []time.Duration) {
	for _, a := range Alarms() {
		if b, ok := a.when.(burn); ok && b.objective.Name == o.Name {
			list = append(list, b.short, b.long)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (r *rules) alarm(a Alarm) {
	expr, wait := a.when.prometheus(r.pace)
	fmt.Fprintf(r, "      - alert: %s\n        expr: %s\n", a.Name, quoted(expr))
	if wait > 0 {
		fmt.Fprintf(r, "        for: %s\n", r.pace.window(wait))
	}
	r.labels([]label{{"severity", string(a.Severity)}, {"topic", a.topic()}})
	fmt.Fprintf(r, "        annotations:\n          summary: %s\n          runbook_url: %s\n          fires_within: %s\n",
		quoted(a.Symptom.EN), quoted(a.Runbook()), a.Within(Real()))
}

// topic is what alarms have in common that come together: a person is told of
// them in one message.
func (a Alarm) topic() string {
	if o := a.Objective(); o != "" {
		return o
	}
	return a.Name
}

func (b burn) prometheus(Pace) (string, time.Duration) {
	ratio := func(w time.Duration) string {
		return fmt.Sprintf("%s{objective=%q,window=%q} > %s", badRatio, b.objective.Name, span(w), number(b.threshold()))
	}
	expr := ratio(b.long) + " and on (objective) " + ratio(b.short)
	if b.objective.Least > 0 {
		expr += fmt.Sprintf(" and on (objective) %s{objective=%q,window=%q} >= %s", badCount, b.objective.Name, span(b.long), number(b.objective.Least))
	}
	return expr, 0
}

func (f forecast) prometheus(p Pace) (string, time.Duration) {
	return fmt.Sprintf("%s{resource=%q} < %d and on (resource, part) %s offset %s",
		fullDays, f.resource.Name, forecastDays, UsedRatio, p.window(forecastHistory)), forecastWait
}

func (s state) prometheus(p Pace) (string, time.Duration) {
	return strings.ReplaceAll(s.expr, "WINDOW", p.window(s.window)), s.wait
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// quoted writes a string of YAML.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
