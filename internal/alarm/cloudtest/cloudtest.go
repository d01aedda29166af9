// Package cloudtest says what CloudWatch would make of an alarm: it adds samples up by
// period and statistic, evaluates metric math and gives the state at a moment, as AWS's
// user guide has it ("Using math expressions with CloudWatch metrics", "Configuring how
// CloudWatch alarms treat missing data", "Create a composite alarm"). It knows what the
// templates use; any other function, operator, statistic or property is an error, never a
// figure.
//
// Where the guide is silent, or is not what people report, there are several Readings: an
// alarm is right only if it is under each of them.
// An Account is written first and asked afterwards, by one goroutine.
package cloudtest

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Metric names one in CloudWatch.
type Metric struct {
	Namespace, Name string
	Dimensions      map[string]string
}

// String gives a name that no other metric has.
func (m Metric) String() string {
	text := m.Namespace + " " + m.Name
	for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		text += " " + name + "=" + m.Dimensions[name]
	}
	return text
}

// Sample is a value that came so often at once, as in the Values and Counts of a
// distribution.
type Sample struct {
	Value, Count float64
}

// Account is what was told.
type Account struct {
	begin   time.Time
	minutes map[string][][]Sample // by metric, from the begin on
	known   map[statistic]point
}

type statistic struct {
	metric, stat string
	end          time.Time
	period       time.Duration
}

// point is a data point, or none, whose value is 0.
type point struct {
	value float64
	ok    bool
}

// NewAccount gives one in which nothing was told before a moment.
func NewAccount(begin time.Time) *Account {
	return &Account{begin: begin, minutes: map[string][][]Sample{}, known: map[statistic]point{}}
}

// Clone gives another account in which the same was told so far.
func (a *Account) Clone() *Account {
	return &Account{begin: a.begin, minutes: maps.Clone(a.minutes), known: map[statistic]point{}}
}

// Tell says what a metric has in each of some minutes after the begin, up to the last
// exclusively, whatever was told of them before. Nothing told is not a zero.
func (a *Account) Tell(m Metric, from, to int, what func(minute int) []Sample) {
	key := m.String()
	all := slices.Clone(a.minutes[key])
	if short := to - len(all); short > 0 {
		all = append(all, make([][]Sample, short)...)
	}
	for i := from; i < to; i++ {
		all[i] = what(i)
	}
	a.minutes[key] = all
	clear(a.known)
}

// point gives a statistic of the period that ends at a moment; a metric goes by its String.
func (a *Account) point(metric, stat string, end time.Time, period time.Duration) (point, error) {
	key := statistic{metric, stat, end, period}
	if p, ok := a.known[key]; ok {
		return p, nil
	}
	all := a.minutes[metric]
	from, to := int(end.Add(-period).Sub(a.begin)/time.Minute), int(end.Sub(a.begin)/time.Minute)
	var samples []Sample
	for i := max(from, 0); i < min(to, len(all)); i++ {
		samples = append(samples, all[i]...)
	}
	value, err := aggregate(stat, samples)
	p := point{value, true}
	if len(samples) == 0 {
		p = point{}
	}
	a.known[key] = p
	return p, err
}

// aggregate gives a statistic of samples ("CloudWatch statistics definitions"). Of no
// samples there is none, which the caller knows.
func aggregate(stat string, samples []Sample) (float64, error) {
	byValue := func(a, b Sample) int { return cmp.Compare(a.Value, b.Value) }
	var sum, count float64
	for _, s := range samples {
		sum, count = sum+s.Value*s.Count, count+s.Count
	}
	switch name, rest, _ := strings.Cut(stat, "("); {
	case stat == "Sum":
		return sum, nil
	case stat == "SampleCount":
		return count, nil
	case stat == "Average":
		return sum / count, nil
	case stat == "Maximum" && len(samples) > 0:
		return slices.MaxFunc(samples, byValue).Value, nil
	case stat == "Minimum" && len(samples) > 0:
		return slices.MinFunc(samples, byValue).Value, nil
	case stat == "Maximum" || stat == "Minimum":
		return 0, nil
	case name == "TC":
		return within(rest, samples)
	case name == "PR":
		in, err := within(rest, samples)
		return 100 * in / count, err
	}
	return 0, fmt.Errorf("statistic %q is not known", stat)
}

// within counts the values in a range as TC and PR have it, "LOW:HIGH)", either of which
// may be left out: above the lower, up to the upper bound.
func within(bounds string, samples []Sample) (in float64, err error) {
	lower, upper, ok := strings.Cut(strings.TrimSuffix(bounds, ")"), ":")
	low, high := math.Inf(-1), math.Inf(1)
	if lower != "" {
		low, err = strconv.ParseFloat(lower, 64)
	}
	if upper != "" && err == nil {
		high, err = strconv.ParseFloat(upper, 64)
	}
	if !ok || err != nil || !strings.HasSuffix(bounds, ")") {
		return 0, fmt.Errorf("range (%s is not of absolute values", bounds)
	}
	for _, s := range samples {
		if low < s.Value && s.Value <= high {
			in += s.Count
		}
	}
	return in, nil
}

// Reading is one way to read the guide.
type Reading struct {
	// Extra is how many periods before the evaluated ones are looked at: "a higher number of data
	// points than the number specified as Evaluation Periods", which AWS tells nobody.
	Extra int
	// GapsPropagate: of a sum of which one side has no data point there is none. By the guide the
	// missing one is 0; in people's graphs there is a gap.
	GapsPropagate bool
	// EmptyStays: FILL has nothing to fill where a metric has no data point in the whole range.
	// The guide speaks of missing values alone.
	EmptyStays bool
}

// String says in short what is not as the guide has it.
func (r Reading) String() string {
	text := fmt.Sprintf("%d extra", r.Extra)
	if r.GapsPropagate {
		text += ", gaps propagate"
	}
	if r.EmptyStays {
		text += ", empty stays"
	}
	return text
}

// Readings gives all of them.
func Readings() (list []Reading) {
	for _, extra := range []int{0, 2} {
		for _, gaps := range []bool{false, true} {
			for _, empty := range []bool{false, true} {
				list = append(list, Reading{extra, gaps, empty})
			}
		}
	}
	return list
}
