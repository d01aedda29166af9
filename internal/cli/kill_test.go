package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"enishi/internal/corpnum"
	"enishi/internal/fleet"
)

// TestKill ends a real server with SIGKILL in the middle of concurrent writes
// and of the matching that follows from them, starts it again on the same
// folder, and expects what it answered with success to be there, once and
// whole, and what follows from it to be made.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs it several times")
	}
	dir := t.TempDir()
	program := fleet.Build(t, dir)
	w := &writers{t: t, rng: rand.New(rand.NewPCG(1, 2))}
	const rounds = 3
	for round := range rounds {
		s := startServer(t, program, filepath.Join(dir, "data"))
		w.url = s.url
		if round == 0 {
			w.open()
		}
		w.check(round)
		w.write(s.kill)
	}
	s := startServer(t, program, filepath.Join(dir, "data"))
	w.url = s.url
	w.check(rounds)
	s.kill()
}

type server struct {
	t   *testing.T
	cmd *exec.Cmd
	url string
}

// startServer starts the program, with more in its environment, and waits until
// it says where it serves.
func startServer(t *testing.T, program, data string, env ...string) *server {
	t.Helper()
	return startServing(t, program, []string{"--demo", "--data", data}, append([]string{"ENISHI_RATE_LIMITS=off"}, env...)...)
}

// startServing starts the program with flags, as startServer does.
func startServing(t *testing.T, program string, flags []string, env ...string) *server {
	t.Helper()
	cmd := exec.Command(program, append([]string{"serve", "--addr", "127.0.0.1:0"}, flags...)...)
	cmd.Env = append(append(os.Environ(), fleet.Unshed), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, cmd: cmd}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "Enishi serves on "); ok {
			s.url, _, _ = strings.Cut(rest, " ")
			break
		}
	}
	if s.url == "" {
		t.Fatalf("the server did not start: %v\n%s", cmd.Wait(), log.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return s
}

func (s *server) kill() {
	if err := s.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		s.t.Error(err)
	}
	_ = s.cmd.Wait() // its state is "killed", which is what was asked for
}

// writers remember what the server answered with success.
type writers struct {
	t       *testing.T
	url     string
	mu      sync.Mutex
	rng     *rand.Rand
	n       int
	company string // token
	terms   string
	people  []*acknowledged
	sending []string // positions whose rule was activated, as the server answered

	// many says that several processes at urls answer, which may not be able
	// to at times.
	many                 bool
	urls                 []string
	answered, unanswered int
}

// at gives the address of a process to ask.
func (w *writers) at() string {
	if !w.many {
		return w.url
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.urls[w.rng.IntN(len(w.urls))]
}

// count counts a request, and says whether it is no fault that it was not
// answered with success.
func (w *writers) count(status int) (excused bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if status != 0 && status < http.StatusMultipleChoices {
		w.answered++
		return true
	}
	w.unanswered++
	switch status {
	// Cut, refused, or its process died; a load balancer has names for each.
	case 0, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return w.many
	}
	return false
}

// acknowledged is what the server said of one candidate.
type acknowledged struct {
	ID     string
	Token  string
	Offers []struct {
		ID       string
		Position string
		State    string
	}
	accepted string // the offer whose acceptance was answered
	payMin   int    // of the wishes whose edit was answered
}

// call sends a request; it is false if the server did not answer with success.
func (w *writers) call(method, path, token, body string, header http.Header, into any) (http.Header, bool) {
	req, err := http.NewRequestWithContext(context.Background(), method, w.at()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return nil, false
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Timeout: 20 * time.Second}
	answer, err := client.Do(req)
	if err != nil {
		w.count(0)
		return nil, false // killed meanwhile
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, false
	}
	if excused := w.count(answer.StatusCode); answer.StatusCode > 299 {
		if excused {
			return nil, false
		}
		w.t.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
		return nil, false
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			w.t.Errorf("%s %s: %v in %s", method, path, err, text)
			return nil, false
		}
	}
	return answer.Header, true
}

// must is call where failure ends the test; of many processes, one will answer
// in the end.
func (w *writers) must(method, path, token, body string, into any) {
	w.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		_, ok := w.call(method, path, token, body, nil, into)
		switch {
		case ok:
			return
		case !w.many || w.t.Failed() || time.Now().After(deadline):
			w.t.Fatalf("%s %s failed", method, path)
		}
	}
}

// open registers a company with two active rules.
func (w *writers) open() {
	var company struct{ Token string }
	w.must("POST", "/companies", "", fmt.Sprintf(`{"corporate_number":%q,"name":"堅牢社","size":2,"email":"c@example.jp"}`, corpnum.From(4242)), &company)
	w.company = company.Token
	w.terms = position("開発")
	for range 2 {
		w.send()
	}
}

// position gives a position that can be published, as it is sent.
func position(title string) string {
	legal := map[string]string{}
	for _, item := range []string{"work", "work_change", "place", "place_change", "contract_term", "renewal_limit", "trial_period", "hours", "overtime", "holidays", "pay", "fixed_overtime_pay", "insurance", "smoking"} {
		legal[item] = "あり"
	}
	text, err := json.Marshal(map[string]any{
		"title": title, "occupation": "0312", "prefecture": []string{"13"}, "employment_type": "seishain",
		"pay_min": 500, "pay_max": 800, "legal": legal,
	})
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	return string(text)
}

// send publishes a position and activates a rule that reaches everyone.
func (w *writers) send() {
	w.t.Helper()
	var position, rule struct{ ID string }
	w.must("POST", "/positions", w.company, w.terms, &position)
	w.must("POST", "/positions/"+position.ID+"/publish", w.company, "", nil)
	w.must("POST", "/rules", w.company, fmt.Sprintf(`{"position":%q,"kind":"interview","must":{"field":"occupation","in":["03"],"min":3},"daily_budget":100000,"total_budget":100000}`, position.ID), &rule)
	w.must("POST", "/rules/"+rule.ID+"/activate", w.company, "", nil)
	w.sending = append(w.sending, position.ID)
}

// write signs up, accepts and edits from several sides until the server is
// killed in the middle of it.
func (w *writers) write(kill func()) {
	stop := make(chan struct{})
	var all sync.WaitGroup
	enough := make(chan struct{}, 1000)
	for range 6 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if w.signUp() {
						select {
						case enough <- struct{}{}:
						default:
						}
					}
				}
			}
		})
	}
	for range 25 + w.rng.IntN(25) {
		<-enough
	}
	// The matcher now has everyone to reach for two more rules.
	w.send()
	w.send()
	kill()
	close(stop)
	all.Wait()
}

// signUp plays one candidate: register, accept the first offer, edit wishes.
func (w *writers) signUp() bool {
	w.mu.Lock()
	w.n++
	email := fmt.Sprintf("p%d@example.jp", w.n)
	w.mu.Unlock()
	var who acknowledged
	_, ok := w.call("POST", "/candidates", "", fmt.Sprintf(`{"email":%q,"profile":{"occupation":[{"code":"0312","min":5}]},"wishes":{"all":[]}}`, email), nil, &who)
	if !ok {
		return false
	}
	w.mu.Lock()
	w.people = append(w.people, &who)
	w.mu.Unlock()
	if len(who.Offers) > 0 {
		if _, ok := w.call("POST", "/me/offers/"+who.Offers[0].ID+"/accept", who.Token, "", nil, nil); ok {
			who.accepted = who.Offers[0].ID
		}
	}
	header, ok := w.call("GET", "/me/wishes", who.Token, "", nil, nil)
	if ok {
		_, ok = w.call("PUT", "/me/wishes", who.Token, `{"all":[{"field":"pay_min","min":450}]}`, http.Header{"If-Match": {header.Get("Etag")}}, nil)
		if ok {
			who.payMin = 450
		}
	}
	return true
}

// check reads back everything that was answered with success.
func (w *writers) check(round int) {
	w.t.Helper()
	w.drain()
	for _, who := range w.people {
		var page struct {
			Items []struct{ ID, Position, State string }
		}
		w.must("GET", "/me/offers", who.Token, "", &page)
		states, positions := map[string]string{}, map[string]int{}
		for _, o := range page.Items {
			states[o.ID] = o.State
			positions[o.Position]++
		}
		for _, o := range who.Offers {
			if states[o.ID] == "" {
				w.t.Errorf("round %d: candidate %s lost offer %s", round, who.ID, o.ID)
			}
		}
		if who.accepted != "" && states[who.accepted] != "accepted" {
			w.t.Errorf("round %d: candidate %s accepted %s, which is %q", round, who.ID, who.accepted, states[who.accepted])
		}
		for _, p := range w.sending {
			if positions[p] != 1 {
				w.t.Errorf("round %d: candidate %s has %d offers for position %s, want 1", round, who.ID, positions[p], p)
			}
		}
		if len(page.Items) != len(w.sending) {
			w.t.Errorf("round %d: candidate %s has %d offers for %d positions", round, who.ID, len(page.Items), len(w.sending))
		}
		var wishes json.RawMessage
		w.must("GET", "/me/wishes", who.Token, "", &wishes)
		if who.payMin != 0 && !strings.Contains(string(wishes), "450") {
			w.t.Errorf("round %d: candidate %s lost an edit: %s", round, who.ID, wishes)
		}
	}
	w.t.Logf("round %d: %d candidates checked", round, len(w.people))
}

// drain waits until every row of the log is matched.
func (w *writers) drain() {
	w.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		var s struct {
			Head    int64 `json:"log_head"`
			Applied int64 `json:"applied"`
			Matched int64 `json:"matched"`
		}
		w.must("GET", "/status", "", "", &s)
		if s.Head == s.Applied && s.Head == s.Matched {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("not drained: %+v", s)
		}
	}
}
