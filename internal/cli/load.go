package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"enishi/internal/config"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/taxonomy"
)

// Kinds of requests in a mix.
const (
	kindOwn     = "own"     // a candidate reads offers and profile
	kindLists   = "lists"   // taxonomy, a company's rules and offers
	kindSearch  = "search"  // a company searches with facets and impact
	kindEdits   = "edits"   // a candidate edits their wishes
	kindInsight = "insight" // a visitor asks what they would get
	kindSignUp  = "signup"  // a candidate registers, with instant offers
	kindAccept  = "accept"  // a candidate answers an offer: accepts, declines, undoes
)

// load is one run against a service.
type load struct {
	url     string
	mix     map[string]int
	world   World
	company string // token
	step    int    // how many times the rate is in the middle third; 0: no thirds
	people  []*visitor
	offers  []*answerable
	mu      sync.Mutex
	rng     *rand.Rand
	made    int
	codes   map[taxonomy.Kind][]string
}

// visitor is a candidate that the load plays. Their edits carry the version
// that the last answer gave.
type visitor struct {
	token   string
	version int
	busy    bool
}

// visitors is how many candidates play beside those who sign up: enough that
// edits do not wait for each other.
const visitors = 200

// Figures is what was measured of some requests. Times are milliseconds from
// the moment a request was due to the end of its answer.
type Figures struct {
	Sent   int     `json:"sent"`
	OK     int     `json:"ok"`
	Errors int     `json:"errors"`
	Rate   float64 `json:"rate"` // answers a second
	P50    float64 `json:"p50_ms"`
	P95    float64 `json:"p95_ms"`
	P99    float64 `json:"p99_ms"`
}

// HTTPReport is the whole measurement.
type HTTPReport struct {
	Figures
	Kinds map[string]Figures `json:"kinds"`
	// Of a load with a step: by phase (before, step, after) and kind, and how
	// many seconds after the step the last request failed or took over 300 ms.
	Phases   map[string]map[string]Figures `json:"phases,omitempty"`
	Recovery *float64                      `json:"recovery_seconds,omitempty"`
	Seen     []string                      `json:"error_samples,omitempty"`
}

func (r HTTPReport) print(w io.Writer) error {
	line := func(name string, f Figures) {
		fmt.Fprintf(w, "%-13s sent %6d  ok %6d  errors %4d  %8.1f/s  p50 %7.2f ms  p95 %7.2f ms  p99 %7.2f ms\n",
			name, f.Sent, f.OK, f.Errors, f.Rate, f.P50, f.P95, f.P99)
	}
	line("all", r.Figures)
	for _, kind := range sortedNames(r.Kinds) {
		line(kind, r.Kinds[kind])
	}
	if r.Recovery != nil {
		for _, phase := range []string{phaseBefore, phaseStep, phaseAfter} {
			for _, kind := range sortedNames(r.Phases[phase]) {
				line(phase+" "+kind, r.Phases[phase][kind])
			}
		}
		fmt.Fprintf(w, "recovered %.1f s after the step\n", *r.Recovery)
	}
	for _, s := range r.Seen {
		fmt.Fprintln(w, "error:", s)
	}
	return nil
}

func (l *load) run(ctx context.Context, rate int, d time.Duration) (HTTPReport, error) {
	seed := uint64(l.world.Now().UnixNano())
	l.rng = rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15))
	if err := l.onDemo(ctx); err != nil {
		return HTTPReport{}, err
	}
	if err := l.prepare(ctx); err != nil {
		return HTTPReport{}, err
	}
	attacker := vegeta.NewAttacker(vegeta.Timeout(30*time.Second), vegeta.Connections(1000), vegeta.KeepAlive(true))
	all, kinds := &vegeta.Metrics{}, map[string]*vegeta.Metrics{}
	out := HTTPReport{Kinds: map[string]Figures{}}
	parts := newPhases(d)
	for result := range attacker.Attack(l.target, stepped{rate: rate, factor: max(1, l.step), whole: d}, d, "") {
		l.note(result)
		l.answered(result)
		kind := kindOf(result.Method, strings.TrimPrefix(result.URL, l.url))
		parts.add(kind, result)
		if kinds[kind] == nil {
			kinds[kind] = &vegeta.Metrics{}
		}
		if len(out.Seen) < 5 && (result.Code < 200 || result.Code > 299) {
			out.Seen = append(out.Seen, fmt.Sprintf("%s %s: %d %s %.300s", result.Method, result.URL, result.Code, result.Error, result.Body))
		}
		all.Add(result)
		kinds[kind].Add(result)
		if ctx.Err() != nil {
			attacker.Stop()
		}
	}
	out.Figures = figures(all)
	for kind, m := range kinds {
		out.Kinds[kind] = figures(m)
	}
	if l.step > 0 {
		recovery := parts.recovery()
		out.Phases, out.Recovery = parts.figures(), &recovery
	}
	return out, ctx.Err()
}

func figures(m *vegeta.Metrics) Figures {
	m.Close()
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	ok := 0
	for code, n := range m.StatusCodes {
		if strings.HasPrefix(code, "2") {
			ok += n
		}
	}
	return Figures{
		Sent: int(m.Requests), OK: ok, Errors: int(m.Requests) - ok, Rate: m.Throughput,
		P50: ms(m.Latencies.P50), P95: ms(m.Latencies.P95), P99: ms(m.Latencies.P99),
	}
}

// prepare registers the company and the candidates that play.
func (l *load) prepare(ctx context.Context) error {
	number := corpnum.From(l.rng.Int64N(1_000_000_000_000)).String()
	var company struct{ Token string }
	body := fmt.Sprintf(`{"corporate_number":%q,"name":"負荷試験","size":3,"email":"load-%s@example.jp"}`, number, number)
	if err := l.post(ctx, "/api/v1/companies", body, &company); err != nil {
		return fmt.Errorf("register a company for the load: %w", err)
	}
	l.company = company.Token
	if l.mix[kindOwn]+l.mix[kindEdits]+l.mix[kindAccept] == 0 {
		return nil
	}
	shown := progress{world: l.world}
	for i := range visitors {
		var person struct {
			Token  string
			Offers []struct{ ID string }
		}
		if err := l.post(ctx, "/api/v1/candidates", string(l.newcomer()), &person); err != nil {
			return fmt.Errorf("register a candidate for the load: %w", err)
		}
		l.people = append(l.people, &visitor{token: person.Token, version: 1})
		for _, o := range person.Offers {
			l.offers = append(l.offers, &answerable{token: person.Token, id: o.ID})
		}
		shown.step("registering candidates", i+1, visitors)
	}
	shown.end()
	if l.mix[kindAccept] > 0 && len(l.offers) == 0 {
		return errors.New("there is nothing to accept: none of the load's candidates was offered anything; load a demo with rules")
	}
	return nil
}

// installationPath says which installation a demo is; no other service has it in its document.
const installationPath = "/dev/installation"

// onDemo is Denied if the service is no demo, or is one that has a name and does not say that its data is a demo's. People
// may be on it then, and nobody signs up among them for a measurement; a demo opens no data that is marked as theirs.
func (l *load) onDemo(ctx context.Context) error {
	var document struct{ Paths map[string]any }
	if err := l.get(ctx, "/api/v1/openapi.json", &document); err != nil {
		return fmt.Errorf("ask whether the service is a demo: %w", err)
	}
	if document.Paths[installationPath] == nil {
		return errs.New(errs.Denied, l.url+" is no demo (serve --demo) of this version: people may be on it, and the load would sign up among them")
	}
	var is struct {
		Environment string
		Kind        config.DataKind `json:"data_kind"`
	}
	if err := l.get(ctx, installationPath, &is); err != nil {
		return fmt.Errorf("ask which installation it is: %w", err)
	}
	if is.Environment != "" && is.Kind != config.DemoData {
		return errs.New(errs.Denied, fmt.Sprintf("In %s: the load would sign up there. Of installations that have a name it is put on those alone that are for demo data (ENISHI_DATA_KIND=demo)", placed(is.Environment, is.Kind, l.url)))
	}
	return nil
}

func (l *load) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url+path, http.NoBody)
	if err != nil {
		return err
	}
	return success(req, into)
}

func (l *load) post(ctx context.Context, path, body string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return success(req, into)
}

// success decodes what a request is answered with, if that is success.
func success(req *http.Request, into any) error {
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode > 299 {
		return fmt.Errorf("%s %s: %s: %s", req.Method, req.URL.Path, answer.Status, bytes.TrimSpace(text))
	}
	return json.Unmarshal(text, into)
}

// target draws the next request.
func (l *load) target(t *vegeta.Target) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Header = http.Header{"Content-Type": {"application/json"}}
	kind := l.draw()
	t.Method = http.MethodGet
	switch kind {
	case kindSignUp:
		t.Method, t.URL, t.Body = http.MethodPost, l.url+"/api/v1/candidates", l.newcomer()
		return nil
	case kindInsight:
		t.Method, t.URL, t.Body = http.MethodPost, l.url+insightPath, fmt.Appendf(nil, "{%s}", l.said())
		return nil
	case kindSearch:
		t.Method, t.URL, t.Body = http.MethodPost, l.url+"/api/v1/candidates/search", l.question()
		t.Header.Set("Authorization", "Bearer "+l.company)
		return nil
	case kindLists:
		t.URL = l.url + l.pick("/api/v1/taxonomy/occupation?q=kaigo", "/api/v1/taxonomy/skill?q=ja", "/api/v1/rules", "/api/v1/offers")
		t.Header.Set("Authorization", "Bearer "+l.company)
		return nil
	case kindAccept:
		if l.answer(t) {
			return nil
		}
	}
	who := l.people[l.rng.IntN(len(l.people))]
	if kind == kindEdits {
		if i := l.rng.IntN(len(l.people)); !l.people[i].busy {
			free := l.people[i]
			free.busy = true
			t.Method, t.URL = http.MethodPut, l.url+"/api/v1/me/wishes"+visitorQuery+strconv.Itoa(i)
			t.Body = fmt.Appendf(nil, `{"all":[{"field":"pay_min","min":%d}]}`, 300+10*l.rng.IntN(40))
			t.Header.Set("If-Match", strconv.Quote(strconv.Itoa(free.version)))
			t.Header.Set("Authorization", "Bearer "+free.token)
			return nil
		}
	}
	t.URL = l.url + l.pick("/api/v1/me/offers", "/api/v1/me/profile")
	t.Header.Set("Authorization", "Bearer "+who.token)
	return nil
}

// draw picks a kind by its weight.
func (l *load) draw() string {
	total := 0
	for _, weight := range l.mix {
		total += weight
	}
	n := l.rng.IntN(total)
	for _, kind := range sortedNames(l.mix) {
		if n -= l.mix[kind]; n < 0 {
			return kind
		}
	}
	return kindOwn
}

func (l *load) pick(list ...string) string { return list[l.rng.IntN(len(list))] }

// note takes the new version from the answer to an edit.
func (l *load) note(r *vegeta.Result) {
	_, number, ok := strings.Cut(r.URL, visitorQuery)
	i, err := strconv.Atoi(number)
	if !ok || err != nil || i >= len(l.people) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.people[i].busy = false
	if version, err := strconv.Atoi(strings.Trim(r.Headers.Get("Etag"), `"`)); err == nil {
		l.people[i].version = version
	}
}

// visitorQuery tells the answers of edits apart; the service ignores it.
const visitorQuery = "?visitor="

const insightPath = "/api/v1/insight"

func kindOf(method, path string) string {
	switch {
	case method == http.MethodPut:
		return kindEdits
	case method == http.MethodPost && strings.HasSuffix(path, "/search"):
		return kindSearch
	case method == http.MethodPost && path == insightPath:
		return kindInsight
	case method == http.MethodPost && strings.HasPrefix(path, "/api/v1/me/offers/"):
		return kindAccept
	case method == http.MethodPost:
		return kindSignUp
	case strings.HasPrefix(path, "/api/v1/me"):
		return kindOwn
	}
	return kindLists
}
