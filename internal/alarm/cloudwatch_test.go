package alarm_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"enishi/internal/alarm"
)

// sub is a text in which parameters stand in ${}.
type sub struct {
	Text string `json:"Fn::Sub"`
}

// template is what the test reads of one.
type template struct {
	Parameters map[string]any
	Resources  map[string]struct {
		Type       string
		DependsOn  []string
		Properties struct {
			AlarmName         sub
			AlarmRule         sub
			AlarmActions      []map[string]string
			EvaluationPeriods int
			Metrics           []struct {
				ID         string
				Expression string
				MetricStat struct {
					Period int
					Metric struct {
						Dimensions []struct {
							Value json.RawMessage
						}
					}
				}
			}
		}
	}
}

func cloudWatch(t *testing.T) (out template) {
	t.Helper()
	text, err := alarm.CloudWatch()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCloudWatchHasEveryAlarm expects each alarm once but those of which AWS has no figures, told to its own topic; the
// parts of composites are told to nobody.
func TestCloudWatchHasEveryAlarm(t *testing.T) {
	c := cloudWatch(t)
	parts, absent := 0, 0
	for _, a := range alarm.Alarms() {
		r, ok := c.Resources[a.Name]
		if ok != (a.NotOnAWS == "") {
			t.Errorf("the template has %s: %v, which is not on AWS since %q", a.Name, ok, a.NotOnAWS)
		}
		if !ok {
			absent++
			continue
		}
		topic := map[alarm.Severity]string{alarm.Page: "PageTopic", alarm.Ticket: "TicketTopic"}[a.Severity]
		if len(r.Properties.AlarmActions) != 1 || r.Properties.AlarmActions[0]["Ref"] != topic {
			t.Errorf("%s tells %v, want %s", a.Name, r.Properties.AlarmActions, topic)
		}
		for _, name := range r.DependsOn {
			parts++
			if part, ok := c.Resources[name]; !ok || part.Properties.AlarmActions != nil || !strings.Contains(r.Properties.AlarmRule.Text, `ALARM("`+part.Properties.AlarmName.Text+`")`) {
				t.Errorf("%s is no part of %s: %q", name, a.Name, r.Properties.AlarmRule.Text)
			}
		}
	}
	for _, name := range alarm.Guards() {
		guard, there := c.Resources[name]
		if !there || guard.Type != "AWS::CloudWatch::Alarm" { // ECS takes no composite one
			t.Errorf("%s, which takes changes back, is %q", name, guard.Type)
		}
		if guard.Properties.AlarmActions == nil {
			absent--
		}
	}
	if want := len(alarm.Alarms()) - absent + parts; len(c.Resources) != want || parts == 0 {
		t.Errorf("%d resources, of which %d are parts; want %d", len(c.Resources), parts, want)
	}
}

// TestCloudWatchIsAccepted holds the bounds of PutMetricAlarm, and that every
// name means something.
func TestCloudWatchIsAccepted(t *testing.T) {
	const (
		hour, day, week = 3600, 86_400, 604_800
		mostMetrics     = 10
	)
	c := cloudWatch(t)
	used := map[string]bool{"PageTopic": true, "TicketTopic": true}
	for name, r := range c.Resources {
		// Two environments may share an account.
		if got, want := r.Properties.AlarmName.Text, "Enishi-${Environment}-"+name; got != want {
			t.Errorf("%s is called %q, want %q", name, got, want)
		}
		used["Environment"] = true
		ids, expr := 0, ""
		for _, m := range r.Properties.Metrics {
			if m.Expression != "" {
				expr = m.Expression
				continue
			}
			ids++
			whole := m.MetricStat.Period * r.Properties.EvaluationPeriods
			if m.MetricStat.Period%60 != 0 || whole > week || m.MetricStat.Period < hour && whole > day || whole == 0 {
				t.Errorf("%s looks at %d periods of %d s", name, r.Properties.EvaluationPeriods, m.MetricStat.Period)
			}
			if !regexp.MustCompile(`\b` + m.ID + `\b`).MatchString(expr) {
				t.Errorf("%s does not use %s: %s", name, m.ID, expr)
			}
			for _, d := range m.MetricStat.Metric.Dimensions {
				var ref struct{ Ref string }
				if json.Unmarshal(d.Value, &ref) == nil {
					used[ref.Ref] = true
				}
			}
		}
		if r.Type == "AWS::CloudWatch::Alarm" && (ids == 0 || ids > mostMetrics) {
			t.Errorf("%s has %d metrics", name, ids)
		}
	}
	if got, want := slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(c.Parameters)); !slices.Equal(got, want) {
		t.Errorf("used are the parameters %q, given %q", got, want)
	}
}

// TestMetricsAreMeasured holds every metric of ours in the files and the pages to
// the list of those that processes have.
func TestMetricsAreMeasured(t *testing.T) {
	text, err := os.ReadFile(root + "/internal/cli/testdata/metrics.golden")
	if err != nil {
		t.Fatal(err)
	}
	measured := map[string]bool{
		// Of an installation with a Redis and a database server.
		"enishi_redis_up": true, "enishi_database_connections": true, "enishi_database_connections_max": true,
		"enishi_redis_calls_total": true,
	}
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, " ")
		measured[name] = true
	}
	files, err := alarm.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range alarm.Alarms() {
		if files[a.Runbook()], err = os.ReadFile(root + "/" + a.Runbook()); err != nil {
			t.Fatal(err)
		}
	}
	suffixes := regexp.MustCompile(`_(bucket|count|sum)$`)
	found := 0
	for path, text := range files {
		for _, name := range regexp.MustCompile(`\b(enishi|http)_[a-z_]+\b`).FindAllString(string(text), -1) {
			found++
			if !measured[name] && !measured[suffixes.ReplaceAllString(name, "")] {
				t.Errorf("%s looks at %s, which nobody measures", path, name)
			}
		}
	}
	if found == 0 {
		t.Error("no metric was found")
	}
}
