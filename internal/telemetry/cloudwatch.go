package telemetry

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// CloudMetric is a metric of the registry that CloudWatch is told of.
type CloudMetric struct {
	Name   string
	Labels map[string]string // which series, and dimensions of it; over other labels it is summed up
	// Once, of a gauge, tells one value a minute, so that a sum over processes is
	// one of values that were there together; else every value that was seen.
	Once bool
}

// CloudWatchOptions say what is told, and where it is kept.
type CloudWatchOptions struct {
	Namespace  string
	Dimensions map[string]string // of every metric
	Metrics    []CloudMetric
}

// CloudWatch writes what is measured into the log once a minute, in the form that
// CloudWatch Logs makes metrics of (Embedded Metric Format); it is a lifecycle
// service. Counters and histograms are told by what they grew.
//
// A registry that fails, or does not answer, costs the metrics that it did not
// give, and nothing else; it is asked by one goroutine at a time.
type CloudWatch struct {
	log     *slog.Logger
	from    prometheus.Gatherer
	options CloudWatchOptions

	minute  time.Time   // that the gauges were seen in; zero: nothing was seen
	gauges  [][]float64 // of each metric, as they were seen in it
	told    []total
	grown   []total
	failing bool
}

// As often as Prometheus asks, so that a share of time means the same on either
// side; and how long the end of the process waits for the last answer.
const (
	lookEvery = 15 * time.Second
	lastLook  = 3 * time.Second
)

// NewCloudWatch gives what tells CloudWatch; the log must write JSON.
func NewCloudWatch(log *slog.Logger, from prometheus.Gatherer, o CloudWatchOptions) *CloudWatch {
	n := len(o.Metrics)
	return &CloudWatch{log: log, from: from, options: o, gauges: make([][]float64, n), told: make([]total, n), grown: make([]total, n)}
}

// look is what a registry answered.
type look struct {
	at       time.Time
	families []*dto.MetricFamily
	err      error
}

// Run looks and tells until ctx is done, then tells what there was since: it
// waits a few seconds at most for a registry that is asked already.
func (c *CloudWatch) Run(ctx context.Context) error {
	every := time.NewTicker(lookEvery)
	defer every.Stop()
	answers := make(chan look, 1)
	asked := true
	go c.ask(answers)
	for {
		select {
		case <-ctx.Done():
			c.end(context.WithoutCancel(ctx), answers, asked)
			return nil
		case <-every.C:
			if !asked { // else the last answer is late, and this one is left out
				asked = true
				go c.ask(answers)
			}
		case seen := <-answers:
			asked = false
			c.add(ctx, seen)
		}
	}
}

func (c *CloudWatch) ask(answers chan<- look) {
	families, err := c.from.Gather()
	answers <- look{time.Now(), families, err}
}

// end tells what was counted to the end. How things stand is not asked any more: the
// parts of the process that know have stopped.
func (c *CloudWatch) end(ctx context.Context, answers chan look, asked bool) {
	patience := time.NewTimer(lastLook)
	defer patience.Stop()
	for range 2 { // one that was asked before may not have counted the last
		if !asked {
			go c.ask(answers)
		}
		select {
		case seen := <-answers:
			c.count(seen.families)
			if !asked {
				c.tell(ctx, time.Now())
				return
			}
			asked = false
		case <-patience.C:
			c.tell(ctx, time.Now())
			return
		}
	}
}

// add takes an answer: what there was in the minute before is told first.
func (c *CloudWatch) add(ctx context.Context, seen look) {
	if was := c.failing; (seen.err != nil) != was {
		c.failing = !was
		if c.failing {
			c.log.WarnContext(ctx, "CloudWatch is not told all metrics of this process", "error", seen.err)
		} else {
			c.log.InfoContext(ctx, "CloudWatch is told all metrics of this process again")
		}
	}
	c.count(seen.families)
	if minute := seen.at.Truncate(time.Minute); !minute.Equal(c.minute) {
		if !c.minute.IsZero() {
			c.tell(ctx, seen.at)
		}
		c.minute = minute
	}
	for i, m := range c.options.Metrics {
		value, ok := gaugeOf(find(seen.families, m.Name), m.Labels)
		switch {
		case !ok:
		case m.Once:
			c.gauges[i] = []float64{value}
		case len(c.gauges[i]) < mostValues:
			c.gauges[i] = append(c.gauges[i], value)
		}
	}
}

func (c *CloudWatch) count(families []*dto.MetricFamily) {
	for i, m := range c.options.Metrics {
		if grown, ok := totalOf(find(families, m.Name), m.Labels); ok {
			c.grown[i] = grown
		}
	}
}

// What CloudWatch takes of a metric in a line.
const mostValues = 100

// distribution are values of which there were several each.
type distribution struct {
	Values, Counts []float64
	Max, Min, Sum  float64
	Count          uint64
}

// definition names a metric of a line.
type definition struct {
	Name string
	Unit string
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

// metadata is what CloudWatch looks for in a line.
type metadata struct {
	Timestamp         int64 // ms
	CloudWatchMetrics []directive
}

// tell writes a line for each set of labels: a line has one value of a name.
func (c *CloudWatch) tell(ctx context.Context, at time.Time) {
	if !c.minute.IsZero() {
		at = c.minute
	}
	lines := map[string][]int{}
	for i, m := range c.options.Metrics {
		key := ""
		for _, name := range slices.Sorted(maps.Keys(m.Labels)) {
			key += name + "=" + m.Labels[name] + ","
		}
		lines[key] = append(lines[key], i)
	}
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		c.line(ctx, at, lines[key])
	}
	c.gauges = make([][]float64, len(c.gauges))
	c.told = slices.Clone(c.grown)
}

func (c *CloudWatch) line(ctx context.Context, at time.Time, metrics []int) {
	about := directive{Namespace: c.options.Namespace}
	dimensions := maps.Clone(c.options.Dimensions)
	maps.Copy(dimensions, c.options.Metrics[metrics[0]].Labels)
	var values []slog.Attr
	for _, i := range metrics {
		value := c.value(i)
		if value == nil {
			continue
		}
		name := c.options.Metrics[i].Name
		about.Metrics = append(about.Metrics, definition{name, unitOf(name)})
		values = append(values, slog.Any(name, value))
	}
	if len(values) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(dimensions))
	about.Dimensions = [][]string{names}
	// Past the level of the log, which is about lines for people.
	record := slog.NewRecord(time.Now(), slog.LevelInfo, "metrics of a minute", 0)
	record.AddAttrs(slog.Any("_aws", metadata{at.UnixMilli(), []directive{about}}))
	for _, name := range names {
		record.AddAttrs(slog.String(name, dimensions[name]))
	}
	record.AddAttrs(values...)
	_ = c.log.Handler().Handle(ctx, record) // a log that cannot be written has nowhere to say so
}

// value gives what is told of a metric, or nil.
func (c *CloudWatch) value(i int) any {
	if len(c.gauges[i]) > 0 {
		return c.gauges[i]
	}
	grown, told := c.grown[i], c.told[i]
	switch {
	case grown.counts != nil:
		if d := grown.since(told); d.Count > 0 {
			return d
		}
	case grown.counter:
		return grown.sum - told.sum
	}
	return nil
}

func unitOf(name string) string {
	if strings.HasSuffix(name, "_seconds") {
		return "Seconds"
	}
	return "Count"
}

func find(families []*dto.MetricFamily, name string) *dto.MetricFamily {
	for _, f := range families {
		if f.GetName() == name {
			return f
		}
	}
	return nil
}

// chosen gives the series of a family that have these labels.
func chosen(f *dto.MetricFamily, labels map[string]string) (list []*dto.Metric) {
	for _, m := range f.GetMetric() {
		has := 0
		for _, l := range m.GetLabel() {
			if want, asked := labels[l.GetName()]; asked && want == l.GetValue() {
				has++
			}
		}
		if has == len(labels) {
			list = append(list, m)
		}
	}
	return list
}

func gaugeOf(f *dto.MetricFamily, labels map[string]string) (value float64, ok bool) {
	if f.GetType() != dto.MetricType_GAUGE {
		return 0, false
	}
	for _, m := range chosen(f, labels) {
		value, ok = value+m.GetGauge().GetValue(), true
	}
	return value, ok && !math.IsNaN(value) && !math.IsInf(value, 0) // JSON has neither
}
