package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	spans "go.opentelemetry.io/proto/otlp/trace/v1"

	"enishi/internal/corpnum"
	"enishi/internal/fleet"
	"enishi/internal/golden"
	"enishi/internal/redis/redistest"
	"enishi/internal/store/mysql/mysqltest"
)

// told is a real server whose log is kept.
type told struct {
	*server
	log  bytes.Buffer
	over chan error
}

// tell starts the program with settings and waits until it serves.
func tell(t *testing.T, program string, env []string, args ...string) *told {
	t.Helper()
	s := &told{server: &server{t: t}, over: make(chan error, 1)}
	s.cmd = exec.Command(program, append([]string{"serve", "--demo", "--addr", "127.0.0.1:0"}, args...)...)
	s.cmd.Env = append(append(os.Environ(), "ENISHI_RATE_LIMITS=off", fleet.Unshed, "ENISHI_LOG_FORMAT=json", "ENISHI_LOG_LEVEL=debug",
		"ENISHI_DATA="+t.TempDir()), env...)
	s.cmd.Stderr = &s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "Enishi serves on "); ok {
			s.url, _, _ = strings.Cut(rest, " ")
			break
		}
	}
	if s.url == "" {
		t.Fatalf("the server did not start: %v\n%s", s.cmd.Wait(), s.log.String())
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		s.over <- s.cmd.Wait()
	}()
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	return s
}

// stop ends the server in good order, after which its log and its spans are
// whole.
func (s *told) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := <-s.over; err != nil {
		s.t.Errorf("the server ended with %v\n%s", err, s.log.String())
	}
}

// ask sends a request and gives the answer's status and body, whatever it is.
func (s *told) ask(method, path, body string, header ...string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceparent = "00-" + traceID + "-00f067aa0ba902b7-01"
)

const newcomer = `{"email":%q,"profile":{"occupation":[{"code":"0312","min":5}]},"wishes":{"all":[]}}`

// TestOneTraceFromSignUpToOffers expects one trace, which the caller began,
// from the request through its transactions to the step that made its offers.
func TestOneTraceFromSignUpToOffers(t *testing.T) {
	dir := t.TempDir()
	c := newCollector(t)
	s := tell(t, fleet.Build(t, dir), []string{
		"ENISHI_TRACES_URL=" + strings.Replace(c.URL, "http://", "http://us:key@", 1), "ENISHI_TRACES_RATIO=0",
	}, "--data", filepath.Join(dir, "data"))
	w := &writers{t: t, url: s.url}
	w.open()
	status, body := s.ask("POST", "/api/v1/candidates", fmt.Sprintf(newcomer, "one@example.jp"),
		"traceparent", traceparent, "tracestate", "who=somebody", "X-Request-Id", "asked-once")
	if status != http.StatusCreated {
		t.Fatalf("sign-up = %d %s", status, body)
	}
	w.drain()
	s.stop()

	all := c.trace(traceID)
	if len(all) != len(c.spans) {
		t.Errorf("%d spans came, of which %d are of the trace that the caller records", len(c.spans), len(all))
	}
	root := only(t, all, "POST /api/v1/candidates")
	if got := fmt.Sprintf("%x", root.GetParentSpanId()); got != "00f067aa0ba902b7" {
		t.Errorf("the parent of the request's span is %s, want the caller's", got)
	}
	if got := attribute(root, "enishi.request_id").GetStringValue(); got != "asked-once" {
		t.Errorf("the request's span names request %q", got)
	}
	if got := attribute(root, "http.response.status_code").GetIntValue(); got != http.StatusCreated {
		t.Errorf("the request's span has status %d", got)
	}
	expectOffers(t, all, root)
	if c.auth != "Basic dXM6a2V5" {
		t.Errorf("Authorization %q, want that of us:key", c.auth)
	}
	if strings.Contains(c.raw.String(), "somebody") {
		t.Error("a caller's tracestate was sent on")
	}
	// The matcher goes over the row that the request wrote, in the same trace.
	row := only(t, all, "handle row")
	if !beneath(all, row, root) || attribute(row, "enishi.row.kind").GetStringValue() != "candidate" {
		t.Errorf("the matcher's span %v does not lie under the request's", row)
	}
	if !strings.Contains(s.log.String(), `"request_id":"asked-once","trace_id":"`+traceID+`"`) {
		t.Errorf("no line of the log has the ids of the request and of its trace:\n%s", s.log.String())
	}
}

// expectOffers expects a step under a span that made two offers, of two rules,
// and its transactions and their statements.
func expectOffers(t *testing.T, all []*spans.Span, under *spans.Span) {
	t.Helper()
	var step *spans.Span
	for _, s := range named(all, "make offers") {
		if beneath(all, s, under) && attribute(s, "enishi.offers").GetIntValue() == 2 {
			step = s
		}
	}
	if step == nil {
		t.Fatalf("no step under %s made two offers: %v", under.GetName(), all)
	}
	if got := len(attribute(step, "enishi.rules").GetArrayValue().GetValues()); got != 2 {
		t.Errorf("the step names %d rules, want 2", got)
	}
	wrote := false
	for _, s := range named(all, "write transaction") {
		attempts := attribute(s, "enishi.transaction.attempts").GetIntValue()
		wrote = wrote || beneath(all, s, step) && attempts >= 1 && attribute(s, "db.system.name").GetStringValue() != ""
	}
	if !wrote {
		t.Error("no transaction lies under the step")
	}
	insert := named(all, "INSERT offer")
	if len(insert) != 2 || !beneath(all, insert[0], step) || !strings.Contains(attribute(insert[0], "db.query.text").GetStringValue(), "?") {
		t.Errorf("the statements that write offers are %v", insert)
	}
}

func only(t *testing.T, list []*spans.Span, name string) *spans.Span {
	t.Helper()
	found := named(list, name)
	if len(found) != 1 {
		var names []string
		for _, s := range list {
			names = append(names, s.GetName())
		}
		t.Fatalf("%d spans are named %q, want one: %v", len(found), name, names)
	}
	return found[0]
}

// TestOneTraceOnServers expects the trace of a request to one process to go on
// in the process that makes the offers which follow from it.
func TestOneTraceOnServers(t *testing.T) {
	for _, kind := range mysqltest.Servers() {
		t.Run(kind, func(t *testing.T) {
			address := mysqltest.Address(t, kind)
			dir := t.TempDir()
			c, program := newCollector(t), fleet.Build(t, dir)
			env := []string{
				"ENISHI_DATABASE_URL=" + address, "ENISHI_SECRET=0123456789abcdef0123456789abcdef", "ENISHI_DATABASE_CONNECTIONS=4",
				"ENISHI_TRACES_URL=" + c.URL, "ENISHI_TRACES_RATIO=0",
			}
			web := tell(t, program, env, "--roles", "web")
			matcher := tell(t, program, env, "--roles", "worker,job")
			w := &writers{t: t, url: web.url}
			w.open()
			status, body := web.ask("POST", "/api/v1/candidates", fmt.Sprintf(newcomer, "two@example.jp"))
			if status != http.StatusCreated {
				t.Fatalf("sign-up = %d %s", status, body)
			}
			var position, rule struct{ ID string }
			w.must("POST", "/positions", w.company, w.terms, &position)
			w.must("POST", "/positions/"+position.ID+"/publish", w.company, "", nil)
			w.must("POST", "/rules", w.company, fmt.Sprintf(`{"position":%q,"kind":"interview","must":{"field":"occupation","in":["03"]},"daily_budget":9,"total_budget":9}`, position.ID), &rule)
			w.drain()
			status, body = web.ask("POST", "/api/v1/rules/"+rule.ID+"/activate", "", "traceparent", traceparent, "Authorization", "Bearer "+w.company)
			if status != http.StatusAccepted {
				t.Fatalf("activate = %d %s", status, body)
			}
			w.drain()
			web.stop()
			matcher.stop()

			all := c.trace(traceID)
			root, row := only(t, all, "POST /api/v1/rules/{id}/activate"), only(t, all, "handle row")
			step := only(t, all, "make offers")
			if !beneath(all, row, root) || !beneath(all, step, row) || attribute(step, "enishi.offers").GetIntValue() != 1 {
				t.Errorf("the offer of the other process is not in the request's trace: %v", all)
			}
			if !c.who["web"] || !c.who["worker,job"] {
				t.Errorf("spans came from %v, want both processes", c.who)
			}
		})
	}
}

// TestRedisInTracesOnServers expects the calls to Redis beneath the requests
// that make them; and while Redis is away, that the trace says so and the
// request is answered.
func TestRedisInTracesOnServers(t *testing.T) {
	shared := redistest.New(t)
	dir := t.TempDir()
	c := newCollector(t)
	s := tell(t, fleet.Build(t, dir), []string{
		"ENISHI_REDIS_URL=" + shared.URL, "ENISHI_RATE_LIMITS=on", "ENISHI_TRACES_URL=" + c.URL, "ENISHI_TRACES_RATIO=0",
	}, "--data", filepath.Join(dir, "data"))
	ask := func(n int, method, path, body, token string) string {
		t.Helper()
		parent := fmt.Sprintf("00-%s-00f067aa0ba902b7-01", redisTrace(n))
		status, answer := s.ask(method, path, body, "traceparent", parent, "Authorization", token)
		if status >= http.StatusMultipleChoices {
			t.Fatalf("%s %s = %d %s", method, path, status, answer)
		}
		return answer
	}
	var me acknowledged
	if err := json.Unmarshal([]byte(ask(0, "POST", "/api/v1/candidates", fmt.Sprintf(newcomer, "three@example.jp"), "")), &me); err != nil {
		t.Fatal(err)
	}
	bearer := "Bearer " + me.Token
	ask(1, "GET", "/api/v1/me", "", bearer) // asks Redis, then the database, and keeps the answer
	ask(2, "GET", "/api/v1/me", "", bearer) // is answered by Redis
	shared.Kill()
	ask(3, "GET", "/api/v1/me", "", bearer)
	for by, metrics := time.Now().Add(time.Minute), ""; !strings.Contains(metrics, "\nenishi_redis_up 0"); _, metrics = s.ask("GET", "/metrics", "") {
		if time.Now().After(by) {
			t.Fatal("Redis does not count as away")
		}
	}
	ask(4, "GET", "/api/v1/me", "", bearer)
	s.stop()

	expectRedis(t, c, 0, "EVALSHA", "EVAL") // the limit on addresses
	expectRedis(t, c, 1, "GET", "SET")
	expectRedis(t, c, 2, "GET")
	if found := named(c.trace(redisTrace(2)), "SELECT session"); len(found) > 0 {
		t.Errorf("whom Redis knows was looked for in the database: %v", found)
	}
	for n := 3; n <= 4; n++ {
		failed := expectRedis(t, c, n)
		if len(failed) == 0 {
			t.Errorf("trace %d does not show that Redis is away: %v", n, c.trace(redisTrace(n)))
		}
		if len(named(c.trace(redisTrace(n)), "SELECT session")) == 0 {
			t.Errorf("in trace %d the database was not asked: %v", n, c.trace(redisTrace(n)))
		}
	}
	hash := sha256.Sum256([]byte(me.Token))
	for _, secret := range []string{me.Token, string(hash[:]), base64.RawURLEncoding.EncodeToString(hash[:]), "enishi:actor", "127.0.0.0", "127.0.0.1"} {
		if strings.Contains(c.raw.String(), secret) {
			t.Errorf("the traces tell %q", secret)
		}
	}
}

// redisTrace gives the id of a trace.
func redisTrace(n int) string { return fmt.Sprintf("%032x", 0xabc0+n) }

// expectRedis expects spans of calls to Redis beneath the request of a trace, if
// any are named these and no others, and gives those that failed.
func expectRedis(t *testing.T, c *collector, trace int, names ...string) (failed []*spans.Span) {
	t.Helper()
	all := c.trace(redisTrace(trace))
	var root *spans.Span
	for _, s := range all {
		if fmt.Sprintf("%x", s.GetParentSpanId()) == "00f067aa0ba902b7" {
			root = s
		}
	}
	if root == nil || root.GetStatus().GetCode() == spans.Status_STATUS_CODE_ERROR {
		t.Fatalf("the request of trace %d has the span %v", trace, root)
	}
	var got []string
	for _, s := range all {
		if attribute(s, "db.system.name").GetStringValue() != "redis" {
			continue
		}
		got = append(got, s.GetName())
		if !beneath(all, s, root) || s.GetKind() != spans.Span_SPAN_KIND_CLIENT {
			t.Errorf("the span of a call to Redis does not lie beneath its request's: %v", s)
		}
		if s.GetStatus().GetCode() == spans.Status_STATUS_CODE_ERROR && attribute(s, "error.type").GetStringValue() != "" {
			failed = append(failed, s)
		}
	}
	if len(names) > 0 && (!slices.Equal(got, names) || len(failed) > 0) {
		t.Errorf("trace %d has calls to Redis %q, of which %d failed, want %q", trace, got, len(failed), names)
	}
	return failed
}

// Values that are found nowhere else.
const (
	personMail   = "kokoro.yamabuki+8471@himitsu-post.example"
	personName   = "山吹ココロ"
	personPhone  = "090-8765-4321"
	personText   = "磁気浮上式の茶運び人形を設計した"
	personSecret = "kuroi-neko-ga-2-hiki-8471"
	personBorn   = "1961-07"
	personToken  = "tokenlike0123456789zzzz"
)

// TestNobodyIsNamed plays what people do, right and wrong, with values that can
// be told, and looks for them in everything that the server logged, measured
// and traced.
func TestNobodyIsNamed(t *testing.T) {
	t.Parallel()
	nobodyIsNamed(t)
}

// TestNobodyIsNamedOnServers does so with calls to Redis in the traces.
func TestNobodyIsNamedOnServers(t *testing.T) {
	nobodyIsNamed(t, "ENISHI_REDIS_URL="+redistest.New(t).URL)
}

func nobodyIsNamed(t *testing.T, env ...string) {
	dir := t.TempDir()
	c := newCollector(t)
	env = append(env, "ENISHI_TRACES_URL="+c.URL, "ENISHI_TRACES_RATIO=1")
	s := tell(t, fleet.Build(t, dir), env, "--data", filepath.Join(dir, "data"))
	w := &writers{t: t, url: s.url}
	w.open()
	secrets := append(live(t, s, w), wrong(t, s, w)...)
	w.drain()
	_, metrics := s.ask("GET", "/metrics", "")
	s.stop()

	told := map[string]string{"the log": s.log.String(), "the traces": c.raw.String(), "the metrics": metrics}
	for place, text := range told {
		if len(text) < 5000 {
			t.Errorf("%s say only %q", place, text)
		}
		for _, secret := range secrets {
			if secret == "" {
				t.Fatal("there is nothing to look for")
			}
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s tell %q: ...%s...", place, secret, text[max(0, at-200):min(len(text), at+200)])
			}
		}
	}
	expectIDs(t, s.log.String())
}

// live plays a life, and gives what nobody else may read of it.
func live(t *testing.T, s *told, w *writers) []string {
	employer, blocked := fmt.Sprint(corpnum.From(8471_8471_01)), fmt.Sprint(corpnum.From(8471_8471_02))
	body := fmt.Sprintf(`{"email":%q,"password":%q,"profile":{"name":%q,"text":%q,"birth_month":%q,"occupation":[{"code":"0312","min":5}],
		"history":[{"employer":{"corporate_number":%q},"from":"2011-04","role":"主任","duties":%q}]},"wishes":{"all":[]},"employers":[{"corporate_number":%q,"current":true}]}`,
		personMail, personSecret, personName, personText+" "+personPhone, personBorn, employer, personText, blocked)
	status, answer := s.ask("POST", "/api/v1/candidates", body, "Idempotency-Key", personPhone, "User-Agent", personName)
	if status != http.StatusCreated {
		t.Fatalf("sign-up = %d %s", status, answer)
	}
	var me acknowledged
	if err := json.Unmarshal([]byte(answer), &me); err != nil || len(me.Offers) == 0 {
		t.Fatalf("sign-up answers %s: %v", answer, err)
	}
	bearer := []string{"Authorization", "Bearer " + me.Token}
	expect := func(want int, method, path, body string, header ...string) {
		t.Helper()
		if got, answer := s.ask(method, path, body, header...); got != want {
			t.Errorf("%s %s = %d %s, want %d", method, path, got, answer, want)
		}
	}
	expect(http.StatusCreated, "POST", "/api/v1/sessions", fmt.Sprintf(`{"email":%q,"password":%q}`, personMail, personSecret))
	expect(http.StatusUnauthorized, "POST", "/api/v1/sessions", fmt.Sprintf(`{"email":%q,"password":%q}`, personMail, personToken))
	expect(http.StatusOK, "GET", "/api/v1/me/offers/"+me.Offers[0].ID, "", bearer...)
	expect(http.StatusOK, "POST", "/api/v1/me/offers/"+me.Offers[0].ID+"/accept", "", bearer...)
	expect(http.StatusConflict, "POST", "/api/v1/me/offers/"+me.Offers[0].ID+"/decline", "", append(bearer, "Idempotency-Key", personText)...)
	expect(http.StatusOK, "GET", "/api/v1/me/profile", "", bearer...)
	company := []string{"Authorization", "Bearer " + w.company}
	expect(http.StatusOK, "POST", "/api/v1/candidates/search", `{"condition":{"field":"occupation","in":["03"],"min":3},"facets":["skill"],"limit":10}`, company...)
	expect(http.StatusOK, "GET", "/api/v1/offers", "", company...)
	return []string{
		personMail, "yamabuki", "himitsu-post", personName, personPhone, personText, personSecret, personBorn, employer, blocked,
		me.Token, me.ID, me.Offers[0].ID, w.company,
	}
}

// wrong does what is refused, and gives what nobody may read of it.
func wrong(t *testing.T, s *told, w *writers) []string {
	person := fmt.Sprintf(`{"email":%q,"profile":{"name":%q,"birth_month":%q`, personMail, personName, personBorn)
	for _, body := range []string{
		person,                    // ends early
		person + `},"wishes":[]}`, // another form
		person + `,"` + personText + `":1},"wishes":{"all":[]}}`,                       // an unknown name
		`{"email":"` + personPhone + `","profile":{"residence":"` + personText + `"}}`, // not valid
		`"` + personMail + `"`, personText, "\xff" + personName,
		`{"email":` + strings.Repeat(`["`+personMail+`",`, 2000),
		`{"x":"` + strings.Repeat(personMail, 40000) + `"}`, // too large
	} {
		for _, path := range []string{"/api/v1/candidates", "/api/v1/sessions", "/api/v1/companies"} {
			if status, answer := s.ask("POST", path, body); status < 400 || status >= 500 {
				t.Errorf("POST %s %.80s = %d %s", path, body, status, answer)
			}
		}
	}
	company := []string{"Authorization", "Bearer " + w.company}
	for _, c := range [][]string{
		{"GET", "/api/v1/candidates/" + personMail},
		{"GET", "/" + personMail + "?phone=" + personPhone},
		{"GET", "/api/v1/offers?cursor=" + personToken},
		{"DELETE", "/api/v1/" + personToken},
		{personToken, "/api/v1/me"},
		{"GET", "/api/v1/me/offers/" + personToken},
		{"GET", "/api/v1/taxonomy/occupation?q=" + personMail},
		{"GET", "/livez?" + personMail},
		{"GET", "/readyz"},
	} {
		s.ask(c[0], c[1], "", company...)
		s.ask(c[0], c[1], "", "Authorization", "Bearer "+personToken, "X-Request-Id", personMail, "traceparent", personMail,
			"tracestate", "x="+personToken, "Baggage", "who="+personToken, "If-Match", personToken, "Cookie", personToken, "Referer", personMail)
	}
	for _, condition := range []string{
		`{"field":"occupation","in":["` + personToken + `"]}`, `{"field":"` + personToken + `"}`, `{"all":[{"text":"` + personText + `"}]}`,
	} {
		s.ask("POST", "/api/v1/candidates/search", `{"condition":`+condition+`}`, company...)
	}
	return []string{personToken}
}

// expectIDs expects every line of a request to have its ids, and different
// requests to have different ones.
func expectIDs(t *testing.T, log string) {
	t.Helper()
	seen := map[string]bool{}
	for line := range strings.Lines(log) {
		var l struct {
			Message string `json:"msg"`
			Request string `json:"request_id"`
			Trace   string `json:"trace_id"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Errorf("the log has a line that is no JSON: %s", line)
			continue
		}
		if l.Message != "request" {
			continue
		}
		if l.Request == "" || seen[l.Request] || len(l.Trace) != 32 && !strings.Contains(line, "/livez") && !strings.Contains(line, "/readyz") && !strings.Contains(line, "/metrics") {
			t.Errorf("the line of a request lacks ids of its own: %s", line)
		}
		seen[l.Request] = true
	}
	if len(seen) < 30 {
		t.Errorf("the log has %d requests", len(seen))
	}
}

var sample = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? (\S+)`)

// metricsOf reads a page of metrics: of each of ours its type and labels, and
// the value of every line.
func metricsOf(t *testing.T, page string) (kinds []string, values map[string]string) {
	t.Helper()
	types, labels := map[string]string{}, map[string]map[string]bool{}
	values = map[string]string{}
	for line := range strings.Lines(page) {
		if f := strings.Fields(line); len(f) == 4 && f[1] == "TYPE" {
			types[f[2]], labels[f[2]] = f[3], map[string]bool{}
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		values[strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), m[3]))] = m[3]
		name := m[1]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := strings.TrimSuffix(name, suffix); types[base] == "histogram" {
				name = base
			}
		}
		for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(m[2], -1) {
			labels[name][l[1]] = true
		}
	}
	for name, kind := range types {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") || strings.HasPrefix(name, "promhttp_") {
			continue // the client library's own
		}
		all := []string{}
		for l := range labels[name] {
			all = append(all, l)
		}
		slices.Sort(all)
		kinds = append(kinds, fmt.Sprintf("%s %s {%s}", name, kind, strings.Join(all, ",")))
	}
	slices.Sort(kinds)
	return kinds, values
}

// TestMetrics holds the names, types and labels of all metrics to a list that
// dashboards depend on, and expects each figure to move when what it counts
// happens.
func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	c := newCollector(t)
	s := tell(t, fleet.Build(t, dir), []string{"ENISHI_TRACES_URL=" + c.URL, "ENISHI_TRACES_RATIO=1"}, "--data", filepath.Join(dir, "data"))
	w := &writers{t: t, url: s.url}
	_, before := s.ask("GET", "/metrics", "")
	w.open()
	live(t, s, w)
	s.ask("GET", "/nothing", "")
	s.ask("GET", "/livez", "")
	s.ask("GET", "/readyz", "")
	s.ask("PATCH", "/api/v1/me", "")
	w.must("POST", "/rules/preview", w.company, fmt.Sprintf(`{"position":%q,"kind":"interview","must":{"field":"occupation","in":["03"]},"daily_budget":9,"total_budget":9}`, w.sending[0]), nil)
	w.drain()
	_, page := s.ask("GET", "/metrics", "")
	_, was := metricsOf(t, before)
	kinds, is := metricsOf(t, page)
	golden.Assert(t, "testdata/metrics.golden", strings.Join(kinds, "\n")+"\n")
	if !strings.Contains(page, "go_goroutines") || !strings.Contains(page, "process_cpu_seconds_total") {
		t.Error("the runtime is not measured")
	}
	for _, name := range []string{
		`http_requests_total{method="POST",route="POST /api/v1/candidates",status="201"}`,
		`http_requests_total{method="POST",route="POST /api/v1/sessions",status="401"}`,
		`http_requests_total{method="GET",route="none",status="404"}`,
		`http_requests_total{method="PATCH",route="none",status="405"}`,
		`http_requests_total{method="GET",route="GET /livez",status="200"}`,
		`http_requests_total{method="GET",route="GET /readyz",status="200"}`,
		`http_requests_total{method="GET",route="GET /metrics",status="200"}`,
		`http_request_duration_seconds_count{method="POST",route="POST /api/v1/candidates"}`,
		`enishi_signup_offers_seconds_count{outcome="answered"}`,
		`enishi_matcher_rows_total{kind="candidate"}`, `enishi_matcher_rows_total{kind="rule"}`, `enishi_matcher_rows_total{kind="offer"}`,
		`enishi_matcher_row_duration_seconds_count`, `enishi_step_duration_seconds_count`,
		`enishi_engine_duration_seconds_count{operation="search"}`, `enishi_engine_duration_seconds_count{operation="match"}`,
		`enishi_engine_duration_seconds_count{operation="apply"}`,
		`enishi_population_entries{population="candidates"}`, `enishi_population_entries{population="rules"}`,
		`enishi_population_bytes{population="candidates"}`, `enishi_population_bytes{population="rules"}`,
		`enishi_store_transactions_total{pool="writers"}`, `enishi_store_transactions_total{pool="readers"}`,
		`enishi_store_commits_total{pool="writers"}`, `enishi_store_transaction_seconds_total{pool="writers"}`,
		`enishi_trace_spans_recorded_total`,
	} {
		if is[name] == "" || is[name] == "0" || is[name] == was[name] {
			t.Errorf("%s was %q and is %q", name, was[name], is[name])
		}
	}
	// A sign-up makes its offers, or the matcher does, if that comes first.
	const request, row = `enishi_offers_made_total{cause="request"}`, `enishi_offers_made_total{cause="candidate"}`
	if is[request] == was[request] && is[row] == was[row] {
		t.Errorf("no offer was counted: %s is %q, %s is %q", request, is[request], row, is[row])
	}
	for name, want := range map[string]string{
		`enishi_matcher_leads`: "1", `enishi_database_up`: "1", `enishi_store_connections_max{pool="writers"}`: "1",
		`enishi_matcher_queue_rows`: "0", `enishi_matcher_queue_age_seconds`: "0", `enishi_follower_lag_rows`: "0", `enishi_follower_lag_seconds`: "0",
		`enishi_store_waiting{pool="writers"}`: "0", `enishi_store_connections{pool="writers",state="in_use"}`: "0",
	} {
		if is[name] != want {
			t.Errorf("%s is %q, want %s", name, is[name], want)
		}
	}
	for _, name := range []string{
		`enishi_memory_limit_bytes`, `enishi_disk_bytes{folder="data"}`, `enishi_disk_free_bytes{folder="data"}`, `enishi_database_bytes`,
	} {
		if is[name] == "" || is[name] == "0" {
			t.Errorf("%s is %q", name, is[name])
		}
	}
	for _, name := range []string{ // of the promises
		`http_request_duration_seconds_bucket{method="POST",route="POST /api/v1/candidates",le="0.3"}`, `enishi_signup_offers_seconds_bucket{outcome="answered",le="2"}`,
	} {
		if _, ok := is[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	s.stop()
}
