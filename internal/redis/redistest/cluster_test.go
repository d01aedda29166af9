package redistest_test

import (
	"testing"
	"time"

	"enishi/internal/redis/redistest"
)

func TestReplicaTakesOver(t *testing.T) {
	_, nodes := redistest.NewCluster(t)
	r := redistest.AddReplica(t, nodes)
	if r.Leads() {
		t.Fatal("a replica leads")
	}
	nodes[0].Kill()
	for since := time.Now(); !r.Leads(); <-time.After(50 * time.Millisecond) {
		if time.Since(since) > time.Minute {
			t.Fatal("the replica does not take over")
		}
	}
}
