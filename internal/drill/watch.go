package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"enishi/internal/alarm"
	"enishi/internal/fleet"
)

// watch is a Prometheus and an Alertmanager over a fleet, and the mailbox of
// those who are told.
type watch struct {
	t       *testing.T
	pace    alarm.Pace
	mail    *mailbox
	prom    *program
	promURL string
	managed string // URL of the Alertmanager

	mu    sync.Mutex
	since map[string]time.Time // alarms that fire in the Alertmanager
	over  map[string]time.Time // those that have fired: when it was last seen
}

// newWatch starts both, on a history if there is one, and waits until every
// target has been scraped.
func newWatch(t *testing.T, p alarm.Pace, found *discovery, past history) *watch {
	t.Helper()
	dir := t.TempDir()
	w := &watch{t: t, pace: p, mail: newMailbox(t), since: map[string]time.Time{}, over: map[string]time.Time{}}
	prom, manager := fleet.FreeAddr(t), fleet.FreeAddr(t)
	w.promURL, w.managed = "http://"+prom, "http://"+manager

	settings := filepath.Join(dir, "alertmanager.yml")
	write(t, settings, replaced(t, deployed(t, "alertmanager.yml"), "mail:1025", w.mail.server.Addr))
	m := run(t, dir, "prometheus-alertmanager", "--config.file="+settings, "--storage.path="+filepath.Join(dir, "manager"),
		"--web.listen-address="+manager, "--cluster.listen-address=")
	m.await("the Alertmanager is ready", time.Minute, func() bool { return answers(w.managed + "/-/ready") })

	write(t, filepath.Join(dir, "alarms.yml"), string(alarm.Prometheus(p)))
	settings = filepath.Join(dir, "prometheus.yml")
	write(t, settings, addressed(t, p, deployed(t, "prometheus.yml"), prom, manager, found))
	data := filepath.Join(dir, "data")
	past.write(t, dir, data)
	w.prom = run(t, dir, "prometheus", "--config.file="+settings, "--storage.tsdb.path="+data, "--storage.tsdb.retention.time=30d",
		"--web.listen-address="+prom, "--query.lookback-delta="+(max(5*time.Minute/time.Duration(p.Factor), 5*p.Every)).String())
	w.prom.await("Prometheus is ready", time.Minute, func() bool { return answers(w.promURL + "/-/ready") })
	n := 1 // itself
	for _, list := range found.on {
		n += len(list)
	}
	w.prom.await("every target is scraped", time.Minute+2*p.Every, func() bool { return len(w.query("up == 1")) == n })
	go w.follow()
	return w
}

// deployed gives a file that operators are given.
func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(fleet.Root(t), "deploy", "prometheus", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replaced gives a text with another word in place of one that must be there.
func replaced(t *testing.T, text, old, with string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("a file of deploy/prometheus has no %q", old)
	}
	return strings.ReplaceAll(text, old, with)
}

// addressed gives the configuration of Prometheus with the addresses and the
// pace of a drill.
func addressed(t *testing.T, p alarm.Pace, text, own, manager string, found *discovery) string {
	t.Helper()
	text = replaced(t, text, "localhost:9090", own)
	text = replaced(t, text, "alertmanager:9093", manager)
	every := fmt.Sprintf("%dms", p.Every.Milliseconds())
	text = replaced(t, text, "scrape_interval: 15s", "scrape_interval: "+every)
	text = replaced(t, text, "evaluation_interval: 15s", "evaluation_interval: "+every)
	if p.Every < 5*time.Second {
		text = replaced(t, text, "scrape_timeout: 5s", "scrape_timeout: "+every)
	}
	jobs := 0
	text = regexp.MustCompile(`dns_sd_configs: \[\{names: \[(\w+)\].*`).ReplaceAllStringFunc(text, func(line string) string {
		jobs++
		job := regexp.MustCompile(`names: \[(\w+)\]`).FindStringSubmatch(line)[1]
		if _, ok := found.on[job]; !ok {
			t.Errorf("deploy/prometheus/prometheus.yml asks %s, of which the drill has none", job)
		}
		return fmt.Sprintf("file_sd_configs: [{files: [%q]}]", found.file(job))
	})
	if want := len(found.on); jobs != want {
		t.Fatalf("deploy/prometheus/prometheus.yml finds %d services by name, want %d", jobs, want)
	}
	return text
}

func answers(address string) bool {
	var nothing json.RawMessage
	status, _ := ask(address, &nothing)
	return status == http.StatusOK
}

// ask reads JSON from an address, if it answers that.
func ask(address string, into any) (status int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode, json.NewDecoder(answer.Body).Decode(into)
}

// sample is a value of a query, with its labels.
type sample struct {
	labels map[string]string
	value  string
}

// query asks Prometheus.
func (w *watch) query(expr string) (list []sample) {
	w.t.Helper()
	var out struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if _, err := ask(w.promURL+"/api/v1/query?query="+url.QueryEscape(expr), &out); err != nil {
		w.t.Logf("ask Prometheus: %v", err)
		return nil
	}
	for _, r := range out.Data.Result {
		list = append(list, sample{r.Metric, fmt.Sprint(r.Value[1])})
	}
	return list
}

// follow notes what fires in the Alertmanager, until the test ends.
func (w *watch) follow() {
	for w.t.Context().Err() == nil {
		var list []struct{ Labels map[string]string }
		if _, err := ask(w.managed+"/api/v2/alerts", &list); err == nil {
			w.note(list)
		}
		fleet.Wait(w.t, 200*time.Millisecond)
	}
}

func (w *watch) note(list []struct{ Labels map[string]string }) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := map[string]time.Time{}
	for _, a := range list {
		name := a.Labels["alertname"]
		now[name] = w.since[name]
		if now[name].IsZero() {
			now[name] = time.Now()
		}
		w.over[name] = time.Now()
	}
	w.since = now
}

// fires says since when an alarm fires; zero: it does not.
func (w *watch) fires(name string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.since[name]
}

// lastFired says when an alarm was last seen to fire.
func (w *watch) lastFired(name string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over[name]
}

// fired gives the alarms that have fired so far.
func (w *watch) fired() (list []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name := range w.over {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// parts gives of what an alarm fires, in order.
func (w *watch) parts(name string) (list []string) {
	w.t.Helper()
	for _, s := range w.query(fmt.Sprintf(`ALERTS{alertname=%q,alertstate="firing"}`, name)) {
		list = append(list, s.labels["part"])
	}
	slices.Sort(list)
	return list
}

// awaitParts waits until an alarm fires of these parts and no other.
func (w *watch) awaitParts(t *testing.T, name string, want []string) {
	t.Helper()
	for deadline := time.Now().Add(slack); !slices.Equal(w.parts(name), want); fleet.Wait(t, 100*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("%s fires of %q, want %q", name, w.parts(name), want)
			return
		}
	}
}

// slack is what a drill grants an alarm beyond what it states: the moment until
// the test looks, and machines that have other things to do.
const slack = 12 * time.Second

// awaitFiring waits until alarms fire, each within its time after something
// broke, and says how long it took.
func (w *watch) awaitFiring(t *testing.T, broken time.Time, list []alarm.Alarm) {
	t.Helper()
	for _, a := range list {
		limit := a.Within(w.pace) + slack
		if at := w.fires(a.Name); !at.IsZero() && at.Before(broken) {
			t.Errorf("%s fired %s before anything was broken", a.Name, broken.Sub(at))
		}
		for w.fires(a.Name).IsZero() {
			if time.Since(broken) > limit {
				t.Errorf("%s does not fire within %s\n%s", a.Name, limit, w.explained(a))
				break
			}
			fleet.Wait(t, 100*time.Millisecond)
		}
		if at := w.fires(a.Name); !at.IsZero() {
			t.Logf("%-20s fires after %5.1f s, at most %5.1f s", a.Name, at.Sub(broken).Seconds(), limit.Seconds())
		}
	}
}

// awaitClear waits until alarms have cleared, each within its time after what
// was broken was mended.
func (w *watch) awaitClear(t *testing.T, mended time.Time, list []alarm.Alarm) {
	t.Helper()
	for _, a := range list {
		limit := a.Clears(w.pace) + slack
		for !w.fires(a.Name).IsZero() {
			if time.Since(mended) > limit {
				t.Errorf("%s does not clear within %s\n%s", a.Name, limit, w.explained(a))
				break
			}
			fleet.Wait(t, 100*time.Millisecond)
		}
		took := w.lastFired(a.Name).Sub(mended)
		if took > limit {
			t.Errorf("%s has not cleared within %s", a.Name, limit)
		}
		t.Logf("%-20s cleared after %5.1f s, at most %5.1f s", a.Name, took.Seconds(), limit.Seconds())
	}
}

// explained gives what Prometheus knows of an alarm.
func (w *watch) explained(a alarm.Alarm) string {
	var b strings.Builder
	for _, q := range []string{
		fmt.Sprintf(`ALERTS{alertname=%q}`, a.Name), fmt.Sprintf(`{__name__=~"enishi:.*",objective=%q}`, a.Objective()),
		`{__name__=~"enishi:resource.*"}`, "up",
	} {
		for _, s := range w.query(q) {
			fmt.Fprintf(&b, "%v %s\n", s.labels, s.value)
		}
	}
	return b.String()
}
