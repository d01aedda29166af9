package telemetry_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"enishi/internal/telemetry"
)

// figures gives the values of a collector by name and label.
func figures(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			out[name] = m.GetGauge().GetValue()
		}
	}
	return out
}

// TestMachine compares with what the system's own programs say, and expects a
// folder that is not there to be missing.
func TestMachine(t *testing.T) {
	dir := t.TempDir()
	got := figures(t, telemetry.NewMachineCollector(map[string]string{"data": dir, "files": filepath.Join(dir, "none")}))
	out, err := exec.CommandContext(t.Context(), "df", "--block-size=1", "--output=size", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	size, err := strconv.ParseFloat(lines[len(lines)-1], 64)
	if err != nil {
		t.Fatal(err)
	}
	if got["enishi_disk_bytes data"] != size || got["enishi_disk_free_bytes data"] <= 0 || got["enishi_disk_free_bytes data"] >= size {
		t.Errorf("df says %g bytes, measured is %v", size, got)
	}
	if _, ok := got["enishi_disk_bytes files"]; ok {
		t.Errorf("a folder that is not there is measured: %v", got)
	}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Skip(err)
	}
	total, err := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	const kilo = 1024
	if limit := got["enishi_memory_limit_bytes"]; limit <= 0 || limit > total*kilo {
		t.Errorf("the limit of memory is %g, the machine has %g", limit, total*kilo)
	}
}
