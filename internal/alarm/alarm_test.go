package alarm_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"enishi/internal/alarm"
)

const root = "../.."

func TestFilesAreThoseOfTheTable(t *testing.T) {
	files, err := alarm.Files()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the table makes: make alarms", path)
		}
	}
}

// TestPages holds that few alarms call a person, and that each alarm has a page
// that says who is told and how soon, and no page is left of an alarm that is gone.
func TestPages(t *testing.T) {
	pages := 0
	var want []string
	for _, a := range alarm.Alarms() {
		if a.Severity == alarm.Page {
			pages++
		}
		want = append(want, a.Name+".md")
		text, err := os.ReadFile(filepath.Join(root, a.Runbook()))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, part := range []string{"# " + a.Name + "\n", a.Head(), "\n## Means\n", "\n## Look at\n", "\n## Do\n", "\n## Undo\n"} {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s lacks %q", a.Runbook(), part)
			}
		}
	}
	if pages > alarm.MostPages {
		t.Errorf("%d alarms page, want at most %d", pages, alarm.MostPages)
	}
	found, err := filepath.Glob(filepath.Join(root, "docs/runbooks/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if name := filepath.Base(path); !slices.Contains(want, name) {
			t.Errorf("docs/runbooks/%s is of no alarm", name)
		}
	}
}

// TestPromtool lets Prometheus' own tool read the rules, at both paces, and
// play what is in testdata against them.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: make drill installs it")
	}
	dir := t.TempDir()
	for name, pace := range map[string]alarm.Pace{"real.yml": alarm.Real(), "fast.yml": {Factor: 120, Every: alarm.Real().Every / 15}} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, alarm.Prometheus(pace), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	for _, args := range [][]string{{"check", "config", filepath.Join(root, "deploy/prometheus/prometheus.yml")}, {"test", "rules", "testdata/rules.yml", "testdata/forecasts.yml", "testdata/missing.yml"}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}
