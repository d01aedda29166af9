package cli_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"enishi/internal/fleet"
)

// failoverLimit is how long nobody may be able to write when the database's
// writer is replaced. Three parts of it are in ours: a process that waits for a
// machine which says nothing gives it up after twenty seconds.
const failoverLimit = 30 * time.Second

// TestFailoverOnServers replaces the database's writer by its replica under
// load. The test is what watches over the pair: it notices, promotes, and lets
// the address that the processes know lead to the new writer; they find it by
// themselves, lose nothing that was answered, and go on matching.
func TestFailoverOnServers(t *testing.T) {
	dir, program := t.TempDir(), ""
	for _, way := range []struct {
		name    string
		replace func(*upheaval)
	}{
		{"killed", func(u *upheaval) {
			u.pair.KillWriter()
			u.promoteWhenDead()
		}},
		{"cut off", func(u *upheaval) {
			u.pair.PauseWriter()
			u.promoteWhenDead()
		}},
		{"in order", func(u *upheaval) {
			u.pair.DemoteWriter()
			u.Database.Point(u.pair.Replica) // which takes no writes yet
			fleet.Wait(u.t, 1500*time.Millisecond)
			u.pair.Promote()
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			pair := fleet.NewPair(t)
			if program == "" {
				program = fleet.Build(t, dir)
			}
			u := newUpheaval(t, pair, fleet.Options{Webs: 3, Workers: 2, Program: program})
			u.load()
			u.await(100)
			u.begin()
			way.replace(u)
			u.await(100)
			u.end(failoverLimit)
		})
	}
}

// upheaval is a fleet under load that loses a part of itself.
type upheaval struct {
	*writers
	*fleet.Fleet
	pair *fleet.Pair
	ctx  context.Context // of the load
	stop context.CancelFunc
	all  sync.WaitGroup

	signed  chan struct{} // of each sign-up that was answered
	outage  sync.Mutex
	last    time.Time     // when one was answered
	longest time.Duration // without one, since begin
}

func newUpheaval(t *testing.T, pair *fleet.Pair, o fleet.Options) *upheaval {
	t.Helper()
	o.Database = pair.Address(pair.Writer)
	o.Env = []string{"ENISHI_DATABASE_READER_URL=" + pair.Address(pair.Replica)}
	u := &upheaval{
		writers: &writers{t: t, rng: rand.New(rand.NewPCG(1, 1)), many: true},
		Fleet:   fleet.New(t, o), pair: pair, signed: make(chan struct{}, 1),
	}
	u.ctx, u.stop = context.WithCancel(t.Context())
	t.Cleanup(u.unload)
	u.urls = []string{u.URL}
	u.open()
	return u
}

// load lets people sign up, accept and edit, until end.
func (u *upheaval) load() {
	for range 4 {
		u.all.Go(func() {
			for {
				if u.signUp() {
					u.answer()
				}
				select {
				case <-u.ctx.Done():
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
	}
}

// unload ends the load.
func (u *upheaval) unload() {
	u.stop()
	u.all.Wait()
}

func (u *upheaval) answer() {
	u.outage.Lock()
	u.longest = max(u.longest, time.Since(u.last))
	u.last = time.Now()
	u.outage.Unlock()
	select {
	case u.signed <- struct{}{}:
	default: // nobody waits for it
	}
}

// begin notes that the upheaval begins.
func (u *upheaval) begin() {
	u.outage.Lock()
	defer u.outage.Unlock()
	u.last, u.longest = time.Now(), 0
}

// await waits until n more people have signed up.
func (u *upheaval) await(n int) {
	u.t.Helper()
	limit := time.After(2 * time.Minute)
	for range n {
		select {
		case <-u.signed:
		case <-limit:
			u.t.Fatal("nobody can sign up")
		}
	}
}

// promoteWhenDead does what whoever watches over a pair does.
func (u *upheaval) promoteWhenDead() {
	u.t.Helper()
	u.pair.AwaitDeath()
	u.pair.Promote()
	u.Database.Point(u.pair.Replica)
}

// end sends one more offer to everyone, ends the load, and expects what was
// answered to be there, and what follows from it, and that writes were
// answered again within a limit.
func (u *upheaval) end(limit time.Duration) {
	u.t.Helper()
	u.send()
	u.unload()
	u.outage.Lock()
	longest := u.longest
	u.outage.Unlock()
	u.t.Logf("writes failed for %s; %d requests were answered, %d were not", longest.Round(time.Millisecond), u.answered, u.unanswered)
	if longest > limit {
		u.t.Errorf("writes failed for %s, want at most %s", longest, limit)
	}
	if longest < 100*time.Millisecond || u.unanswered == 0 {
		u.t.Error("nothing was taken away")
	}
	u.many, u.url = false, u.URL // from now on every request must be answered
	u.check(0)
}
