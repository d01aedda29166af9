package cloudtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// State is that of an alarm.
type State string

// The states.
const (
	OK               State = "OK"
	Firing           State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)

// Alarm is one of a template: a metric alarm, or a composite one, which has a Rule.
type Alarm struct {
	Name string // without what stands before every name
	Rule string

	queries          []query
	period           time.Duration
	periods, enough  int
	operator         string
	threshold        float64
	missing          string
	tokens           []string // of the expression
	expression, stem string
}

// query is a metric and what is taken of it.
type query struct {
	id, key string // key is the metric's String
	metric  Metric
	stat    string
}

// Metrics gives those that an alarm looks at.
func (a *Alarm) Metrics() (list []Metric) {
	for _, q := range a.queries {
		list = append(list, q.metric)
	}
	return list
}

// document is an alarm as CloudFormation has it. What says who is told is passed over;
// a property that is not here is an error.
type document struct {
	AlarmName, AlarmDescription, AlarmActions, OKActions, Tags any

	AlarmRule any

	ComparisonOperator, TreatMissingData         string
	Threshold                                    float64
	EvaluationPeriods, DatapointsToAlarm, Period int
	Namespace, MetricName, Statistic             string
	Dimensions                                   []dimension
	Metrics                                      []struct {
		ID, Expression, Label string
		ReturnData            bool
		MetricStat            *struct {
			Metric struct {
				Namespace, MetricName string
				Dimensions            []dimension
			}
			Period int
			Stat   string
		}
	}
}

type dimension struct {
	Name  string
	Value any
}

// Read gives the alarms of a template of CloudFormation by their names, of which each
// begins with the stem. Text says what something stands for that is no plain text.
func Read(template []byte, stem string, text func(any) string) (map[string]*Alarm, error) {
	var all struct {
		Resources map[string]struct {
			Type       string
			Properties json.RawMessage
		}
	}
	if err := json.Unmarshal(template, &all); err != nil {
		return nil, fmt.Errorf("read a template: %w", err)
	}
	alarms := map[string]*Alarm{}
	for id, r := range all.Resources {
		if r.Type != "AWS::CloudWatch::Alarm" && r.Type != "AWS::CloudWatch::CompositeAlarm" {
			continue
		}
		var d document
		strict := json.NewDecoder(bytes.NewReader(r.Properties))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&d); err != nil {
			return nil, fmt.Errorf("read %s: %w", id, err)
		}
		a, err := d.alarm(stem, text)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", id, err)
		}
		if alarms[a.Name] != nil {
			return nil, fmt.Errorf("two alarms are named %s", a.Name)
		}
		alarms[a.Name] = a
	}
	return alarms, nil
}

func (d *document) alarm(stem string, text func(any) string) (*Alarm, error) {
	name, ok := strings.CutPrefix(text(d.AlarmName), stem)
	if !ok {
		return nil, fmt.Errorf("its name is %q", text(d.AlarmName))
	}
	a := &Alarm{
		Name: name, stem: stem, periods: d.EvaluationPeriods, enough: d.DatapointsToAlarm, operator: d.ComparisonOperator, threshold: d.Threshold, missing: d.TreatMissingData,
	}
	if d.AlarmRule != nil {
		a.Rule = text(d.AlarmRule)
		return a, nil
	}
	if a.enough == 0 {
		a.enough = a.periods // as PutMetricAlarm does
	}
	if d.MetricName != "" {
		m := Metric{d.Namespace, d.MetricName, dimensions(d.Dimensions, text)}
		a.queries, a.expression, a.period = []query{{"it", m.String(), m, d.Statistic}}, "it", time.Duration(d.Period)*time.Second
	}
	for _, q := range d.Metrics {
		switch {
		case q.Expression != "" && q.ReturnData && a.expression == "":
			a.expression = q.Expression
		case q.MetricStat != nil && !q.ReturnData:
			m := Metric{q.MetricStat.Metric.Namespace, q.MetricStat.Metric.MetricName, dimensions(q.MetricStat.Metric.Dimensions, text)}
			period := time.Duration(q.MetricStat.Period) * time.Second
			if a.period != 0 && a.period != period {
				return nil, fmt.Errorf("periods of %s and %s", a.period, period)
			}
			a.period = period
			a.queries = append(a.queries, query{q.ID, m.String(), m, q.MetricStat.Stat})
		default:
			return nil, fmt.Errorf("query %q is neither a metric nor the only expression", q.ID)
		}
	}
	var err error
	if a.tokens, err = split(a.expression); err != nil {
		return nil, err
	}
	return a, a.accepted()
}

func dimensions(list []dimension, text func(any) string) map[string]string {
	out := map[string]string{}
	for _, d := range list {
		out[d.Name] = text(d.Value)
	}
	return out
}

// accepted holds the bounds of PutMetricAlarm.
func (a *Alarm) accepted() error {
	const day = 24 * time.Hour
	whole := a.period * time.Duration(a.periods)
	switch {
	case a.expression == "" || len(a.queries) == 0 || len(a.queries) > 10:
		return fmt.Errorf("expression %q of %d metrics", a.expression, len(a.queries))
	case a.period <= 0 || a.period%time.Minute != 0 || a.periods < 1 || a.enough < 1 || a.enough > a.periods:
		return fmt.Errorf("%d of %d periods of %s", a.enough, a.periods, a.period)
	case whole > 7*day || a.period < time.Hour && whole > day:
		return fmt.Errorf("%d periods of %s are too long", a.periods, a.period)
	case !slices.Contains([]string{"missing", "ignore", "breaching", "notBreaching"}, a.missing):
		return fmt.Errorf("missing data are treated as %q", a.missing)
	case beyond()[a.operator] == nil:
		return fmt.Errorf("operator %q is not known", a.operator)
	}
	return nil
}

func beyond() map[string]func(value, threshold float64) bool {
	return map[string]func(value, threshold float64) bool{
		"GreaterThanThreshold":          func(v, t float64) bool { return v > t },
		"GreaterThanOrEqualToThreshold": func(v, t float64) bool { return v >= t },
		"LessThanThreshold":             func(v, t float64) bool { return v < t },
		"LessThanOrEqualToThreshold":    func(v, t float64) bool { return v <= t },
	}
}

// State gives a metric alarm's state at a moment, before which it was in another. Windows slide:
// they end with the last full minute, and of alarms that look back more than a day with the
// last full hour ("Alarm evaluation").
func (a *Alarm) State(of *Account, at time.Time, before State, r Reading) (State, error) {
	end := at.Truncate(time.Minute)
	if a.period*time.Duration(a.periods) > 24*time.Hour {
		end = at.Truncate(time.Hour)
	}
	length := a.periods + r.Extra
	metrics := map[string]series{}
	for _, q := range a.queries {
		s := make(series, length)
		for i := range s {
			var err error
			if s[i], err = of.point(q.key, q.stat, end.Add(-time.Duration(i)*a.period), a.period); err != nil {
				return "", fmt.Errorf("%s: %w", a.Name, err)
			}
		}
		metrics[q.id] = s
	}
	s, err := evaluate(a.tokens, metrics, length, r)
	if err != nil {
		return "", fmt.Errorf("%s: %w", a.Name, err)
	}
	return a.judge(s, before), nil
}

// judge gives the state of a range of data points, the latest first ("How alarm state is
// evaluated when data is missing", "Avoiding premature transitions to alarm state").
func (a *Alarm) judge(s series, before State) State {
	var existing, bad, oldest int // oldest: how old the oldest bad one is of those that are evaluated
	for i, p := range s {
		if !p.ok || existing == a.periods {
			continue
		}
		existing++
		if beyond()[a.operator](p.value, a.threshold) {
			bad++
			oldest = i + 1
		}
	}
	if a.missing == "breaching" && bad+a.periods-existing >= a.enough || bad >= a.enough {
		return Firing
	}
	if existing == a.periods || a.missing == "breaching" || a.missing == "notBreaching" || existing > bad {
		return OK
	}
	switch { // what there is, is bad, and it is not enough
	case a.missing == "ignore":
		return before
	case bad > 0 && oldest >= a.enough:
		return Firing
	}
	return InsufficientData
}
