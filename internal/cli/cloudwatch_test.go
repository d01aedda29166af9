package cli_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"enishi/internal/fleet"
	"enishi/internal/redis/redistest"
	"enishi/internal/store/mysql/mysqltest"
)

// series names a metric and its dimensions: name dimension=value...
func series(name string, dimensions map[string]string) string {
	for _, key := range slices.Sorted(maps.Keys(dimensions)) {
		name += " " + key + "=" + dimensions[key]
	}
	return name
}

const ours = "Enishi"

// askedOfCloudWatch gives the own metrics that the alarms and the dashboard ask for, as
// their files have them in an environment.
func askedOfCloudWatch(t *testing.T, environment string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	var alarms struct {
		Resources map[string]struct {
			Properties struct {
				Metrics []struct {
					MetricStat struct {
						Metric struct {
							Namespace, MetricName string
							Dimensions            []struct {
								Name  string
								Value json.RawMessage
							}
						}
					}
				}
			}
		}
	}
	readDeployed(t, "alarms.json", &alarms)
	for _, r := range alarms.Resources {
		for _, m := range r.Properties.Metrics {
			if m.MetricStat.Metric.Namespace != ours {
				continue
			}
			dimensions := map[string]string{}
			for _, d := range m.MetricStat.Metric.Dimensions {
				var ref struct{ Ref string }
				text := ""
				if json.Unmarshal(d.Value, &text) != nil && json.Unmarshal(d.Value, &ref) == nil && ref.Ref == "Environment" {
					text = environment
				}
				dimensions[d.Name] = text
			}
			all[series(m.MetricStat.Metric.MetricName, dimensions)] = true
		}
	}
	fromAlarms := len(all)
	var dashboard struct {
		Widgets []struct {
			Properties struct{ Metrics [][]any }
		}
	}
	readDeployed(t, "dashboard.json", &dashboard)
	for _, w := range dashboard.Widgets {
		for _, m := range w.Properties.Metrics {
			if m[0] != ours {
				continue
			}
			dimensions := map[string]string{}
			for i := 2; i+1 < len(m); i += 2 {
				dimensions[m[i].(string)] = strings.ReplaceAll(m[i+1].(string), "${Environment}", environment)
			}
			all[series(m[1].(string), dimensions)] = true
		}
	}
	if fromAlarms == 0 || len(all) == fromAlarms {
		t.Fatalf("%d own metrics are asked for by alarms, %d more by the dashboard", fromAlarms, len(all)-fromAlarms)
	}
	return all
}

func readDeployed(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/cloudwatch/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// toldCloudWatch gives what CloudWatch makes of a log, and holds each line to what it takes.
func toldCloudWatch(t *testing.T, log string) map[string]bool {
	t.Helper()
	const most, longest = 100, 8 << 10 // metrics, values; bytes, far from where a log driver cuts lines
	all, bytes := map[string]bool{}, 0
	for text := range strings.Lines(log) {
		line := map[string]json.RawMessage{}
		if json.Unmarshal([]byte(text), &line) != nil || line["_aws"] == nil {
			continue
		}
		bytes += len(text)
		if len(text) > longest {
			t.Errorf("a line has %d bytes", len(text))
		}
		var about struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		}
		if err := json.Unmarshal(line["_aws"], &about); err != nil || about.Timestamp == 0 || len(about.CloudWatchMetrics) != 1 {
			t.Fatalf("%s: %v", text, err)
		}
		one := about.CloudWatchMetrics[0]
		if one.Namespace != ours || len(one.Dimensions) != 1 || len(one.Metrics) == 0 || len(one.Metrics) > most {
			t.Fatalf("%s", text)
		}
		dimensions := map[string]string{}
		for _, d := range one.Dimensions[0] {
			value := ""
			if err := json.Unmarshal(line[d], &value); err != nil || value == "" {
				t.Errorf("dimension %s is %s", d, line[d])
			}
			dimensions[d] = value
		}
		for _, m := range one.Metrics {
			if values := line[m.Name]; !acceptable(values, most) || m.Unit != "Count" && m.Unit != "Seconds" {
				t.Errorf("%s is %s %s", m.Name, values, m.Unit)
			}
			all[series(m.Name, dimensions)] = true
		}
	}
	t.Logf("%d metrics of a minute take %d bytes", len(all), bytes)
	return all
}

// acceptable says whether CloudWatch takes this as the value of a metric.
func acceptable(text json.RawMessage, most int) bool {
	var number float64
	var list []float64
	var many struct{ Values, Counts []float64 }
	switch {
	case json.Unmarshal(text, &number) == nil:
		return true
	case json.Unmarshal(text, &list) == nil:
		return len(list) > 0 && len(list) <= most
	}
	return json.Unmarshal(text, &many) == nil && len(many.Values) > 0 && len(many.Values) <= most && len(many.Values) == len(many.Counts)
}

// TestCloudWatchIsTold lets the program tell what its alarms and its dashboard ask for.
func TestCloudWatchIsTold(t *testing.T) {
	t.Parallel()
	toldWhatIsAsked(t, []string{"enishi_database_connections environment=test", "enishi_database_connections_max environment=test", "enishi_redis_up environment=test"})
}

// TestCloudWatchIsToldOnServers does so with everything that an environment has.
func TestCloudWatchIsToldOnServers(t *testing.T) {
	toldWhatIsAsked(t, nil, "ENISHI_DATABASE_URL="+mysqltest.Address(t, "MariaDB"), "ENISHI_SECRET=0123456789abcdef0123456789abcdef",
		"ENISHI_DATABASE_CONNECTIONS=4", "ENISHI_REDIS_URL="+redistest.New(t).URL)
}

// toldWhatIsAsked expects neither less nor more, but for what an installation of this kind
// lacks, and for what is measured and did not happen.
func toldWhatIsAsked(t *testing.T, lacks []string, env ...string) {
	dir := t.TempDir()
	s := tell(t, fleet.Build(t, dir), append(env, "ENISHI_CLOUDWATCH=on", "ENISHI_ENVIRONMENT=test", "ENISHI_LOG_LEVEL=error"), "--data", filepath.Join(dir, "data"))
	w := &writers{t: t, url: s.url}
	w.open()
	if status, body := s.ask("POST", "/api/v1/candidates", fmt.Sprintf(newcomer, "one@example.jp")); status != http.StatusCreated {
		t.Fatalf("sign-up = %d %s", status, body)
	}
	_, page := s.ask("GET", "/metrics", "")
	s.stop()
	told := toldCloudWatch(t, s.log.String())
	asked := askedOfCloudWatch(t, "test")
	never := regexp.MustCompile(`(?m)^(\w+)_count\{outcome="(\w+)"\} 0$`)
	for _, m := range never.FindAllStringSubmatch(page, -1) {
		delete(asked, series(m[1], map[string]string{"environment": "test", "outcome": m[2]}))
	}
	for _, name := range lacks {
		if !asked[name] {
			t.Errorf("nobody asks for %s", name)
		}
		delete(asked, name)
	}
	for name := range asked {
		if !told[name] {
			t.Errorf("CloudWatch is asked for %s, and told %q", name, slices.Sorted(maps.Keys(told)))
		}
	}
	for name := range told {
		if !asked[name] {
			t.Errorf("CloudWatch is told %s, which nobody asks for", name)
		}
	}
}
