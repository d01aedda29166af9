package cli_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/corpnum"
	"enishi/internal/fleet"
)

// What the load balancer of TestListeningOnServers cuts, and for how long nothing
// happens there: processes say something every 15 seconds.
const (
	cutsSilence = 20 * time.Second
	nothingNew  = 45 * time.Second
)

// TestListeningOnServers listens to an installation through a load balancer while
// other processes write: each offer is told once, in order, on every line, also when
// lines are cut, when the process at their other end is killed, and after nothing has
// happened for longer than the load balancer bears.
func TestListeningOnServers(t *testing.T) {
	f := fleet.New(t, fleet.Options{
		Server: "MariaDB", Webs: 2, Workers: 1, Silent: cutsSilence, Env: []string{"ENISHI_MATCHING_MODE=auto"},
	})
	var me struct{ Token string }
	read(t, &me, asked(t, http.MethodPost, f.URL+"/api/v1/candidates", "",
		`{"email":"taro@example.jp","profile":{"occupation":[{"code":"0312","min":5}],"residence":"13","willing_prefecture":["13"],"pay":480},"wishes":{"all":[]}}`))
	first := ""
	for _, p := range f.Webs { // from when somebody has listened to a process, it keeps what is new
		listen(t, p.URL(), me.Token, heardAt(t, p.URL(), me.Token))
	}
	for _, p := range f.Webs {
		if at := heardAt(t, p.URL(), me.Token); len(at) > len(first) || len(at) == len(first) && at > first {
			first = at
		}
	}
	lines := []*ear{listen(t, f.URL, me.Token, first), listen(t, f.URL, me.Token, first)} // one for each process
	offers := 0
	write := func(web int) {
		t.Helper()
		offers++
		sends(t, f.Webs[web].URL(), offers)
	}
	write(0)
	write(1)
	areTold(t, lines, offers)
	for range 2 {
		f.Front.Cut()
		write(1)
		f.Front.Cut()
		write(0)
	}
	areTold(t, lines, offers)
	f.Webs[0].Kill()
	write(1)
	areTold(t, lines, offers)

	before := []int{lines[0].connections(), lines[1].connections()}
	fleet.Wait(t, nothingNew)
	for i, line := range lines {
		if n := line.connections(); n != before[i] {
			t.Errorf("line %d was cut %d times while nothing happened", i, n-before[i])
		}
	}
	write(1)
	areTold(t, lines, offers)
	var inbox struct{ Items []struct{ ID string } }
	read(t, &inbox, asked(t, http.MethodGet, f.URL+"/api/v1/me/offers", me.Token, ""))
	var want []string
	for _, o := range inbox.Items {
		want = append(want, o.ID)
	}
	slices.Sort(want)
	for i, line := range lines {
		line.check(i, want)
	}
}

// ear is who listens as a browser does: it connects again when the line is cut, from
// where it was.
type ear struct {
	t          *testing.T
	url, token string

	mu        sync.Mutex
	last      string           // id of the newest event
	arrived   map[string][]int // by offer, the positions at which it was told
	again     int              // how often it was told that it missed something
	disorder  int
	connected int
}

// listen listens until the end of the test to what comes after a position.
func listen(t *testing.T, url, token, after string) *ear {
	t.Helper()
	e := &ear{t: t, url: url, token: token, last: after, arrived: map[string][]int{}}
	ctx, stop := context.WithCancel(context.Background())
	var over sync.WaitGroup
	over.Go(func() {
		for ctx.Err() == nil {
			e.connect(ctx)
			fleet.Wait(t, 100*time.Millisecond)
		}
	})
	t.Cleanup(func() {
		stop()
		over.Wait()
	})
	for deadline := time.Now().Add(20 * time.Second); e.connections() == 0; fleet.Wait(t, 20*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nobody can listen to %s", url)
		}
	}
	return e
}

// connect hears one line to its end.
func (e *ear) connect(ctx context.Context) {
	e.mu.Lock()
	after := e.last
	e.mu.Unlock()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url+"/live?after=0", http.NoBody)
	if err != nil {
		e.t.Error(err)
		return
	}
	r.Header.Set("Last-Event-ID", after)
	r.AddCookie(&http.Cookie{Name: "enishi_session", Value: e.token})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return // it is cut, or the process is away
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	if answer.StatusCode != http.StatusOK {
		return
	}
	e.mu.Lock()
	e.connected++
	e.mu.Unlock()
	event := map[string]string{}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if lines.Text() == "" && event["id"] != "" {
			e.hears(event["id"], event["event"], event["data"])
			event = map[string]string{}
		} else if name, value, ok := strings.Cut(lines.Text(), ": "); ok && name != "" { // without a name: a comment
			event[name] = value
		}
	}
}

func (e *ear) hears(id, kind, of string) {
	at, err := strconv.Atoi(id)
	e.mu.Lock()
	defer e.mu.Unlock()
	if last, _ := strconv.Atoi(e.last); err != nil || at <= last {
		e.disorder++
	}
	e.last = id
	switch kind {
	case "arrived":
		e.arrived[of] = append(e.arrived[of], at)
	case "again":
		e.again++
	}
}

// connections is how often a line was there.
func (e *ear) connections() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.connected
}

// check expects that each offer was told once and nothing was missed.
func (e *ear) check(line int, want []string) {
	e.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(e.arrived))); diff != "" {
		e.t.Errorf("line %d: offers that there are, that were told (-there +told):\n%s", line, diff)
	}
	for offer, at := range e.arrived {
		if len(at) != 1 {
			e.t.Errorf("line %d: offer %s was told at %v, want once", line, offer, at)
		}
	}
	if e.again > 0 || e.disorder > 0 {
		e.t.Errorf("line %d: %d times something was missed, %d events came out of order", line, e.again, e.disorder)
	}
	e.t.Logf("line %d: %d offers over %d connections", line, len(e.arrived), e.connected)
}

// areTold waits until every line was told of so many offers.
func areTold(t *testing.T, lines []*ear, offers int) {
	t.Helper()
	const limit = 30 * time.Second
	for i, line := range lines {
		for begun := time.Now(); ; fleet.Wait(t, 20*time.Millisecond) {
			line.mu.Lock()
			n := len(line.arrived)
			line.mu.Unlock()
			if n >= offers {
				break
			}
			if time.Since(begun) > limit {
				t.Fatalf("line %d was told of %d offers of %d within %s", i, n, offers, limit)
			}
		}
	}
}

// heardAt is the position at which a process makes a page now.
func heardAt(t *testing.T, url, token string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/offers", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "enishi_session", Value: token})
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(answer.Body)
	at := regexp.MustCompile(`data-heard="([0-9]+)"`).FindSubmatch(text)
	if err != nil || at == nil {
		t.Fatalf("the page of a candidate has no position: %d %v", answer.StatusCode, err)
	}
	return string(at[1])
}

// sends registers the nth company with one process, and has it offer a position to all
// who write software.
func sends(t *testing.T, url string, n int) {
	t.Helper()
	var firm struct{ Token string }
	read(t, &firm, asked(t, http.MethodPost, url+"/api/v1/companies", "",
		fmt.Sprintf(`{"corporate_number":%q,"name":"会社%d","size":2,"email":"c%d@example.jp"}`, corpnum.From(760_000_000_000+int64(n)), n, n)))
	var made struct{ ID string }
	read(t, &made, asked(t, http.MethodPost, url+"/api/v1/positions", firm.Token, position(fmt.Sprint("求人", n))))
	asked(t, http.MethodPost, url+"/api/v1/positions/"+made.ID+"/publish", firm.Token, "")
	read(t, &made, asked(t, http.MethodPost, url+"/api/v1/rules", firm.Token,
		fmt.Sprintf(`{"position":%q,"kind":"interview","must":{"field":"occupation","in":["0312"]},"daily_budget":10,"total_budget":10}`, made.ID)))
	asked(t, http.MethodPost, url+"/api/v1/rules/"+made.ID+"/activate", firm.Token, "")
}

func read(t *testing.T, into any, text []byte) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("decode %s: %v", text, err)
	}
}
