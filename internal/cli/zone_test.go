package cli_test

import (
	"sync"
	"testing"
	"time"

	"enishi/internal/fleet"
	"enishi/internal/redis/redistest"
)

// zoneLimit is how long nobody may be able to write when a zone is lost.
const zoneLimit = time.Minute

// TestZoneOnServers kills under load, at the same moment, half of the web
// processes, the worker that leads, the database's writer and a primary of
// Redis, and starts none of them again: what is left serves, matches, and uses
// Redis again. Redis promotes by itself; of the database, the test does what
// watches over a pair.
func TestZoneOnServers(t *testing.T) {
	pair := fleet.NewPair(t)
	_, nodes := redistest.NewCluster(t)
	replica := redistest.AddReplica(t, nodes)
	u := newUpheaval(t, pair, fleet.Options{Webs: 4, Workers: 2, Redis: nodes[1].URL + "?cluster=true"})
	u.load()
	u.await(100)
	u.eventually("a worker leads", func() bool { return u.Leader() != nil })
	lost := append([]*fleet.Process{u.Leader()}, u.Webs[:2]...)
	left := u.without(lost)
	u.begin()
	since := time.Now()
	var together sync.WaitGroup
	for _, p := range lost {
		together.Go(p.Kill)
	}
	together.Go(nodes[0].Kill)
	pair.KillWriter()
	together.Wait()
	u.promoteWhenDead()
	u.eventually("another worker leads", func() bool { return u.Leader() != nil })
	t.Logf("the lease moved within %s", time.Since(since).Round(time.Millisecond))
	u.eventually("the replica of Redis has taken over", replica.Leads)
	u.eventually("Redis is used again", func() bool {
		for _, p := range left {
			if p.Metric("enishi_redis_up") != "1" {
				return false
			}
		}
		return true
	})
	t.Logf("Redis was used again within %s", time.Since(since).Round(time.Millisecond))
	before := answeredByRedis(left)
	u.await(100)
	for _, p := range left {
		if !p.Serves() {
			t.Errorf("%s is left and does not serve", p.Name)
		}
		if p.Roles == "web" && p.Metric(answered) == before[p] {
			t.Errorf("%s does not use Redis", p.Name)
		}
	}
	for _, p := range lost {
		if p.Serves() {
			t.Errorf("%s is lost and serves", p.Name)
		}
	}
	u.end(zoneLimit)
}

// without gives the processes that are not among the lost.
func (u *upheaval) without(lost []*fleet.Process) (left []*fleet.Process) {
	gone := map[*fleet.Process]bool{}
	for _, p := range lost {
		gone[p] = true
	}
	for _, p := range u.All() {
		if !gone[p] {
			left = append(left, p)
		}
	}
	return left
}

// answered counts what Redis answered a process.
const answered = `enishi_redis_calls_total{outcome="answered"}`

func answeredByRedis(all []*fleet.Process) map[*fleet.Process]string {
	counts := map[*fleet.Process]string{}
	for _, p := range all {
		counts[p] = p.Metric(answered)
	}
	return counts
}

// eventually waits until something is true of the processes.
func (u *upheaval) eventually(what string, is func() bool) {
	u.t.Helper()
	for deadline := time.Now().Add(zoneLimit); !is(); fleet.Wait(u.t, 100*time.Millisecond) {
		if time.Now().After(deadline) {
			u.t.Fatalf("it does not come about that %s", what)
		}
	}
}
