package cli_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"enishi/internal/fleet"
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
	*fleet.Fleet
	dice *rand.Rand     // the test's own
	done map[string]int // what was done to them
	stop chan struct{}
}

func newHistory(t *testing.T, server string) *history {
	t.Helper()
	seed := uint64(number(t, "ENISHI_TEST_HISTORY_SEED", historySeed))
	h := &history{
		writers: &writers{t: t, rng: rand.New(rand.NewPCG(seed, 1))},
		Fleet:   fleet.New(t, fleet.Options{Server: server, Webs: 3, Workers: 2}),
		dice:    rand.New(rand.NewPCG(seed, 2)),
		done:    map[string]int{}, stop: make(chan struct{}),
	}
	h.many, h.urls = true, []string{h.URL}
	h.open()
	return h
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
		fleet.Wait(h.t, time.Duration(h.dice.IntN(1500))*time.Millisecond)
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

// disturb does one thing to the fleet.
func (h *history) disturb(round int) {
	s := h.All()[h.dice.IntN(len(h.All()))]
	all := []string{"kill", "kill", "pause", "replace", "database", "redis", "cut", "cut", "stall"}
	what := all[h.dice.IntN(len(all))]
	if round < 2 { // each history has at least these
		s, what = h.Workers[round], []string{"kill", "pause"}[round]
	}
	h.done[what]++
	switch what {
	case "kill":
		s.Kill()
		s.Start()
		s.Ready()
	case "pause":
		s.Pause()
		fleet.Wait(h.t, leaseAndMore)
		s.Continue()
	case "replace":
		s.Replace()
	case "database":
		h.KillDatabase()
		h.StartDatabase()
	case "redis":
		h.Redis.Kill()
		fleet.Wait(h.t, time.Second)
		h.Redis.Start()
	case "cut":
		for _, l := range []*fleet.Link{h.Database, h.Cache, h.Front} {
			if h.dice.IntN(2) == 0 {
				l.Cut()
			}
		}
	case "stall":
		h.Database.Stall()
		fleet.Wait(h.t, 2*time.Second)
		h.Database.Resume()
	}
}

// heal waits until every process serves again.
func (h *history) heal() {
	h.Heal()
	h.many = false // from now on every request must be answered
	h.url = h.URL
}
