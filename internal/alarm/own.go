package alarm

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// EnvironmentDimension is the dimension that tells the own metrics of an environment
// from those of another in the same account.
const EnvironmentDimension = "environment"

// OwnMetric is one of the program's own metrics, as the alarms and the dashboard in
// CloudWatch ask for it.
type OwnMetric struct {
	Name   string
	Labels map[string]string // those that are dimensions; over all others it is summed up
	Stats  []string          // what is asked of it, sorted
}

// AddsUp says whether the values of several processes, and of several moments, are
// added up: then a process may tell one of each minute.
func (m OwnMetric) AddsUp() bool { return slices.Contains(m.Stats, sum) }

// Own gives the program's own metrics that CloudWatch is asked for, each once, by
// name and labels.
func Own() []OwnMetric {
	found := map[string]*OwnMetric{}
	for _, m := range asked() {
		if m.namespace != Namespace {
			continue
		}
		key, labels := m.name, map[string]string{}
		for _, d := range m.dimensions {
			if d.name != EnvironmentDimension {
				labels[d.name] = d.value
				key += " " + d.name + "=" + d.value
			}
		}
		if found[key] == nil {
			found[key] = &OwnMetric{Name: m.name, Labels: labels}
		}
		found[key].Stats = append(found[key].Stats, m.stat)
	}
	var list []OwnMetric
	for _, key := range slices.SortedFunc(maps.Keys(found), cmp.Compare[string]) {
		one := *found[key]
		slices.SortFunc(one.Stats, strings.Compare)
		one.Stats = slices.Compact(one.Stats)
		list = append(list, one)
	}
	return list
}

// asked gives every metric of every alarm and of every line of the dashboard.
func asked() (list []cloudMetric) {
	for _, o := range Objectives() {
		list = append(list, o.cloud.metrics...)
	}
	for _, r := range Resources() {
		list = append(list, r.cloud.metrics...)
	}
	for _, a := range Alarms() {
		if s, ok := a.when.(state); ok {
			list = append(list, s.alarm.metrics...)
		}
	}
	for _, r := range rows() {
		for _, p := range r.panels {
			for _, q := range p.queries {
				list = append(list, q.metrics...)
			}
		}
	}
	return list
}
