package cloudtest

import (
	"fmt"
	"slices"
)

// call gives what a function has of its arguments; the templates use no others.
func (c *calculator) call(name string, arguments []value) (value, error) {
	var kinds []kind
	for _, a := range arguments {
		kinds = append(kinds, a.kind)
	}
	takes := func(list ...kind) bool { return slices.Equal(kinds, list) }
	switch {
	case name == "FILL" && takes(isSeries, isScalar):
		return c.fill(arguments[0].series, arguments[1].scalar), nil
	case name == "DIFF" && takes(isSeries):
		return diff(arguments[0].series), nil
	case name == "SUM" && takes(isArray):
		return c.across(arguments[0].array, func(x, y float64) float64 { return x + y }), nil
	case name == "MAX" && takes(isArray):
		return c.across(arguments[0].array, func(x, y float64) float64 { return max(x, y) }), nil
	case name == "MIN" && takes(isArray):
		return c.across(arguments[0].array, func(x, y float64) float64 { return min(x, y) }), nil
	case name == "IF" && (takes(isSeries, isSeries, isSeries) || takes(isSeries, isScalar, isSeries) || takes(isSeries, isSeries, isScalar) ||
		takes(isSeries, isScalar, isScalar) || takes(isScalar, isSeries, isSeries)):
		return c.choose(arguments[0], arguments[1], arguments[2]), nil
	}
	// Of one series SUM, MAX and MIN are scalars, which the guide advises against in alarms: they
	// depend on how far CloudWatch looks back.
	return value{}, fmt.Errorf("%s of %s is not known", name, kinds)
}

// fill is FILL: "Fills the missing values of a time series".
func (c *calculator) fill(s series, with float64) value {
	out := slices.Clone(s)
	if c.reading.EmptyStays && !slices.ContainsFunc(s, func(p point) bool { return p.ok }) {
		return value{kind: isSeries, series: out}
	}
	for i, p := range out {
		if !p.ok {
			out[i] = point{with, true}
		}
	}
	return value{kind: isSeries, series: out}
}

// diff is DIFF: "the difference between each value in the time series and the preceding
// value from that time series", which the first of the range lacks.
func diff(s series) value {
	out := make(series, len(s))
	for i, p := range s {
		before := slices.IndexFunc(s[i+1:], func(p point) bool { return p.ok })
		if p.ok && before >= 0 {
			out[i] = point{p.value - s[i+1+before].value, true}
		}
	}
	return value{kind: isSeries, series: out}
}

// across is SUM, MAX or MIN of an array, "a single time series": of those that have a point
// there.
func (c *calculator) across(list []series, both func(x, y float64) float64) value {
	out := make(series, c.length)
	for i := range out {
		for _, s := range list {
			switch p := s[i]; {
			case p.ok && out[i].ok:
				out[i].value = both(out[i].value, p.value)
			case p.ok:
				out[i] = p
			}
		}
	}
	return value{kind: isSeries, series: out}
}

// choose is IF ("Using IF expressions"): without a condition there is no point, where the
// condition holds a missing value is 0, where it does not it stays missing.
func (c *calculator) choose(condition, yes, no value) value {
	out := make(series, c.length)
	for i := range out {
		switch p := condition.at(i); {
		case !p.ok:
		case p.value != 0:
			out[i] = point{yes.at(i).value, true}
		default:
			out[i] = no.at(i)
		}
	}
	return value{kind: isSeries, series: out}
}
