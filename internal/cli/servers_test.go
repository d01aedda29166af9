package cli_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"enishi/internal/store/mysql/mysqltest"
)

// How long a history on servers lasts, and its seed, unless
// ENISHI_TEST_HISTORY_SECONDS and ENISHI_TEST_HISTORY_SEED say otherwise.
const (
	historySeconds = 60
	historySeed    = 1
)

// TestHistoriesOnServers runs three processes that answer requests and two that
// match on one database, kills them, pauses them past the lease, kills the
// database too, and expects of everything that was answered with success that
// it is there, once and whole, and that what follows from it was made.
func TestHistoriesOnServers(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			h := newHistory(t, server)
			h.run(time.Duration(number(t, "ENISHI_TEST_HISTORY_SECONDS", historySeconds)) * time.Second)
			h.heal()
			h.check(0)
			t.Logf("%d requests were answered, %d were not; what was done: %v", h.answered, h.unanswered, h.done)
			if h.answered == 0 || len(h.people) == 0 || len(h.done) < 3 {
				t.Error("nothing was tried")
			}
		})
	}
}

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// history is an installation of several processes under attack.
type history struct {
	*writers
	dice    *rand.Rand // the test's own
	kind    string     // of the database's server, as scripts/services names it
	program string
	env     []string
	seats   []*seat
	done    map[string]int // what was done to them
	stop    chan struct{}
}

// seat is the place of a process: its port stays when the process is replaced.
type seat struct {
	roles string
	addr  string
	cmd   *exec.Cmd
	over  chan struct{} // closed when the process has ended
	log   string
}

func newHistory(t *testing.T, server string) *history {
	t.Helper()
	address := mysqltest.Address(t, server)
	dir := t.TempDir()
	seed := uint64(number(t, "ENISHI_TEST_HISTORY_SEED", historySeed))
	h := &history{
		writers: &writers{t: t, rng: rand.New(rand.NewPCG(seed, 1))},
		dice:    rand.New(rand.NewPCG(seed, 2)),
		kind:    strings.ToLower(server), program: build(t, dir), done: map[string]int{}, stop: make(chan struct{}),
		env: append(os.Environ(), "ENISHI_DATABASE_URL="+address, "ENISHI_SECRET=0123456789abcdef0123456789abcdef",
			"ENISHI_RATE_LIMITS=off", "ENISHI_DATABASE_CONNECTIONS=12"),
	}
	h.many = true
	for i, roles := range []string{"web", "web", "web", "worker", "worker"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := &seat{roles: roles, addr: l.Addr().String(), log: filepath.Join(dir, fmt.Sprintf("%s%d.log", roles, i))}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		h.seats = append(h.seats, s)
		h.start(s)
		h.ready(s)
		if roles == "web" {
			h.urls = append(h.urls, "http://"+s.addr)
		}
	}
	t.Cleanup(func() {
		for _, s := range h.seats {
			h.end(s, syscall.SIGKILL)
			if text, err := os.ReadFile(s.log); err == nil && t.Failed() {
				t.Logf("%s:\n%s", s.log, tail(string(text)))
			}
		}
	})
	h.open()
	return h
}

// tail gives the end of a text, less its ordinary requests.
func tail(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.Contains(line, "level=INFO msg=request ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// start puts a process into a seat.
func (h *history) start(s *seat) {
	h.t.Helper()
	log, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.Command(h.program, "serve", "--demo", "--roles", s.roles, "--addr", s.addr)
	cmd.Env, cmd.Stdout, cmd.Stderr = h.env, log, log
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		_ = log.Close()
		close(over)
	}()
	s.cmd, s.over = cmd, over
}

// end ends the process of a seat.
func (h *history) end(s *seat, how syscall.Signal) {
	_ = s.cmd.Process.Signal(syscall.SIGCONT)
	_ = s.cmd.Process.Signal(how)
	<-s.over
}

// ready waits until a seat's process answers, and starts it again if it could
// not: while the database is away, none starts.
func (h *history) ready(s *seat) {
	h.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		select {
		case <-s.over:
			h.start(s)
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+"/readyz", http.NoBody)
		if err != nil {
			h.t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
		cancel()
		if err == nil && answer.StatusCode == http.StatusOK {
			return
		}
		pause(h.t, 100*time.Millisecond)
	}
	h.t.Fatalf("the process on %s does not become ready", s.addr)
}

// pause waits while other processes work: nothing of theirs signals to a test.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}

// mostRules is how many positions reach everyone: a candidate takes ten
// automatic offers a week.
const mostRules = 9

// run lets people sign up, accept and edit, and companies send, while
// processes are disturbed.
func (h *history) run(d time.Duration) {
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for !h.stopped() {
				h.signUp()
			}
		})
	}
	end := time.Now().Add(d)
	for i := 0; time.Now().Before(end) && !h.t.Failed(); i++ {
		h.disturb(i)
		if len(h.sending) < mostRules {
			h.send()
		}
		pause(h.t, time.Duration(h.dice.IntN(1500))*time.Millisecond)
	}
	close(h.stop)
	all.Wait()
}

func (h *history) stopped() bool {
	select {
	case <-h.stop:
		return true
	default:
		return false
	}
}

// leaseAndMore is longer than the lease of the process that leads.
const leaseAndMore = 7 * time.Second

// disturb does one thing to the processes or to the database.
func (h *history) disturb(round int) {
	s := h.seats[h.dice.IntN(len(h.seats))]
	what := []string{"kill", "kill", "pause", "replace", "database"}[h.dice.IntN(5)]
	if round < 2 { // each history has at least these
		s, what = h.seats[3+round], []string{"kill", "pause"}[round]
	}
	h.done[what]++
	switch what {
	case "kill":
		h.end(s, syscall.SIGKILL)
		h.start(s)
		h.ready(s)
	case "pause":
		_ = s.cmd.Process.Signal(syscall.SIGSTOP)
		pause(h.t, leaseAndMore)
		_ = s.cmd.Process.Signal(syscall.SIGCONT)
	case "replace":
		h.end(s, syscall.SIGTERM)
		h.start(s)
		h.ready(s)
	case "database":
		for _, verb := range []string{"kill", "start"} {
			if out, err := exec.Command("../../scripts/services", verb, h.kind).CombinedOutput(); err != nil {
				h.t.Errorf("services %s %s: %v\n%s", verb, h.kind, err, out)
			}
		}
	}
}

// heal waits until every process serves again.
func (h *history) heal() {
	for _, s := range h.seats {
		_ = s.cmd.Process.Signal(syscall.SIGCONT)
		h.ready(s)
	}
	h.many = false // from now on every request must be answered
	h.url = h.urls[0]
}
