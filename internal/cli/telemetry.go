package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"enishi/internal/alarm"
	"enishi/internal/config"
	"enishi/internal/lifecycle"
	"enishi/internal/market"
	"enishi/internal/telemetry"
)

// telemetries are what tells operators what a process does.
type telemetries struct {
	registry *prometheus.Registry
	traces   *telemetry.Traces
	observer *telemetry.Observer
}

// newTelemetry begins to send traces, and registers what can be measured before
// the market is open.
func newTelemetry(ctx context.Context, log *slog.Logger, c *config.Config, in *installation, registry *prometheus.Registry) (*telemetries, error) {
	v, _ := version()
	names := make([]string, len(c.Roles))
	for i, r := range c.Roles {
		names[i] = string(r)
	}
	roles := strings.Join(names, ",")
	traces, err := telemetry.NewTraces(ctx, log, telemetry.TracesOptions{
		URL: c.TracesURL, Ratio: c.TracesRatio, Version: v, Roles: roles, Instance: rand.Text(),
	})
	if err != nil {
		return nil, err
	}
	t := &telemetries{registry: registry, traces: traces, observer: telemetry.NewObserver(traces.Tracer())}
	all := slices.Concat(t.observer.Collectors(), traces.Collectors(), in.shared.metrics())
	return t, t.register(append(all, telemetry.NewStoreCollector(in.store.Stats),
		telemetry.NewMachineCollector(folders(c)), telemetry.NewDatabaseCollector(in.store.Usage), telemetry.NewBuildInfo(v, roles))...)
}

// join adds what tells of the process while it serves.
func (t *telemetries) join(group *lifecycle.Group, log *slog.Logger, c *config.Config) {
	group.Add("traces", t.traces)
	if c.CloudWatch {
		group.Add("cloudwatch", cloudWatch(log, c, t.registry))
	}
}

// cloudWatch gives what tells CloudWatch of a process what its alarms and its dashboard
// ask for.
func cloudWatch(log *slog.Logger, c *config.Config, registry *prometheus.Registry) *telemetry.CloudWatch {
	o := telemetry.CloudWatchOptions{Namespace: alarm.Namespace, Dimensions: map[string]string{alarm.EnvironmentDimension: c.Environment}}
	for _, m := range alarm.Own() {
		o.Metrics = append(o.Metrics, telemetry.CloudMetric{Name: m.Name, Labels: m.Labels, Once: m.AddsUp()})
	}
	return telemetry.NewCloudWatch(log, registry, o)
}

// folders gives where a process writes, by what alarms call that.
func folders(c *config.Config) map[string]string {
	out := map[string]string{}
	if c.Files.Folder != "" {
		out["files"] = c.Files.Folder
	}
	if !c.Shared() {
		out["data"] = c.Data
	}
	return out
}

// serves registers what is measured of an open market.
func (t *telemetries) serves(m *market.Market) error {
	return t.register(telemetry.NewMarketCollector(m))
}

func (t *telemetries) register(list ...prometheus.Collector) error {
	for _, c := range list {
		if err := t.registry.Register(c); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}
