package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"enishi/internal/telemetry"
)

// things are what a test lets CloudWatch be told of.
type things struct {
	*prometheus.Registry
	took    *prometheus.HistogramVec
	mails   *prometheus.CounterVec
	waiting *prometheus.GaugeVec
	up      prometheus.Gauge
}

func newThings() *things {
	t := &things{
		Registry: prometheus.NewRegistry(),
		took:     prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "took_seconds", Buckets: []float64{.1, .3, 1}}, []string{"route"}),
		mails:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mails_total"}, []string{"outcome"}),
		waiting:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "waiting"}, []string{"pool"}),
		up:       prometheus.NewGauge(prometheus.GaugeOpts{Name: "up"}),
	}
	t.MustRegister(t.took, t.mails, t.waiting, t.up)
	return t
}

func toldOf() telemetry.CloudWatchOptions {
	return telemetry.CloudWatchOptions{
		Namespace: "Ours", Dimensions: map[string]string{"environment": "prod"},
		Metrics: []telemetry.CloudMetric{
			{Name: "mails_total", Labels: map[string]string{"outcome": "failed"}},
			{Name: "mails_total", Labels: map[string]string{"outcome": "sent"}},
			{Name: "took_seconds"},
			{Name: "up"},
			{Name: "waiting", Once: true},
			{Name: "gone"},
		},
	}
}

// lines reads what was written: without what every line of the log has.
func lines(t *testing.T, log *bytes.Buffer) (list []map[string]any) {
	t.Helper()
	for text := range strings.Lines(log.String()) {
		one := map[string]any{}
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Fatal(err)
		}
		delete(one, "time")
		delete(one, "level")
		list = append(list, one)
	}
	log.Reset()
	return list
}

func line(minute int, values map[string]any, outcome string, names ...any) map[string]any {
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of a bubble
	dimensions := []any{"environment"}
	values["msg"], values["environment"] = "metrics of a minute", "prod"
	if outcome != "" {
		values["outcome"] = outcome
		dimensions = append(dimensions, "outcome")
	}
	values["_aws"] = map[string]any{
		"Timestamp": float64(begin.Add(time.Duration(minute) * time.Minute).UnixMilli()),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": "Ours", "Dimensions": []any{dimensions}, "Metrics": names,
		}},
	}
	return values
}

func metric(name, unit string) any { return map[string]any{"Name": name, "Unit": unit} }

// begin runs what tells CloudWatch; end ends it, and gives how long that took.
func begin(t *testing.T, from prometheus.Gatherer, log *bytes.Buffer) (end func() time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error)
	c := telemetry.NewCloudWatch(slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelError})), from, toldOf())
	go func() { over <- c.Run(ctx) }()
	return func() time.Duration {
		at := time.Now()
		cancel()
		if err := <-over; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
		return time.Since(at)
	}
}

// TestCloudWatchIsToldOfEachMinute follows a process from its first look to its end:
// what counts is told by what it grew, how things stand as it was seen, and the last
// minute before the process ends.
func TestCloudWatchIsToldOfEachMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, log := newThings(), &bytes.Buffer{}
		all.up.Set(1)
		all.waiting.WithLabelValues("readers").Set(3)
		all.waiting.WithLabelValues("writers").Set(4)
		all.mails.WithLabelValues("sent").Add(5) // before anybody looked
		all.mails.WithLabelValues("failed")
		end := begin(t, all, log)
		time.Sleep(20 * time.Second)
		all.up.Set(0)
		all.took.WithLabelValues("a").Observe(.05)
		all.took.WithLabelValues("b").Observe(.3)
		all.took.WithLabelValues("b").Observe(60)
		time.Sleep(41 * time.Second)
		synctest.Wait()
		plain := []any{metric("took_seconds", "Seconds"), metric("up", "Count"), metric("waiting", "Count")}
		mails := metric("mails_total", "Count")
		first := []map[string]any{
			line(0, map[string]any{
				"up": []any{1., 1., 0., 0.}, "waiting": []any{7.},
				"took_seconds": map[string]any{"Values": []any{.05, .2, 1.}, "Counts": []any{1., 1., 1.}, "Count": 3., "Min": .05, "Max": 1., "Sum": 60.35},
			}, "", plain...),
			line(0, map[string]any{"mails_total": 0.}, "failed", mails),
			line(0, map[string]any{"mails_total": 5.}, "sent", mails),
		}
		if diff := cmp.Diff(first, lines(t, log), approximately()); diff != "" {
			t.Errorf("the first minute (-want +got):\n%s", diff)
		}
		all.mails.WithLabelValues("failed").Inc()
		all.took.WithLabelValues("a").Observe(.2)
		all.up.Set(1) // it has stopped: that is not how it stood
		end()
		last := []map[string]any{
			line(1, map[string]any{
				"up": []any{0.}, "waiting": []any{7.},
				"took_seconds": map[string]any{"Values": []any{.2}, "Counts": []any{1.}, "Count": 1., "Min": .2, "Max": .2, "Sum": .2},
			}, "", plain...),
			line(1, map[string]any{"mails_total": 1.}, "failed", mails),
			line(1, map[string]any{"mails_total": 0.}, "sent", mails),
		}
		if diff := cmp.Diff(last, lines(t, log), approximately()); diff != "" {
			t.Errorf("the last minute (-want +got):\n%s", diff)
		}
	})
}

func approximately() cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })
}

// hangs is a registry that answers nobody from some moment on.
type hangs struct {
	prometheus.Gatherer
	asked   int
	answers int // how often
	forever chan struct{}
}

func (h *hangs) Gather() ([]*dto.MetricFamily, error) {
	h.asked++
	if h.asked > h.answers {
		<-h.forever
	}
	return h.Gatherer.Gather()
}

// TestCloudWatchWaitsForNobody expects of a registry that hangs that it is asked once,
// and that the process ends all the same, with what was seen before.
func TestCloudWatchWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, log := newThings(), &bytes.Buffer{}
		all.mails.WithLabelValues("sent").Inc()
		late := &hangs{Gatherer: all, answers: 2, forever: make(chan struct{})}
		end := begin(t, late, log)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if late.asked != 3 {
			t.Errorf("a registry that hangs was asked %d times, want 3", late.asked)
		}
		if took := end(); took > 5*time.Second {
			t.Errorf("the end took %v", took)
		}
		if got := lines(t, log); len(got) != 2 || got[1]["mails_total"] != 1. {
			t.Errorf("what was seen before is told as %v", got)
		}
		close(late.forever)
	})
}

// broken is a registry that has some metrics and an error.
type broken struct{ prometheus.Gatherer }

func (b broken) Gather() ([]*dto.MetricFamily, error) {
	all, _ := b.Gatherer.Gather()
	return all, errors.New("a collector failed")
}

func TestCloudWatchIsToldWhatThereIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, log := newThings(), &bytes.Buffer{}
		end := begin(t, broken{all}, log)
		time.Sleep(61 * time.Second)
		end()
		if got := lines(t, log); len(got) != 2 || got[0]["up"] == nil {
			t.Errorf("told was %v", got)
		}
	})
}
