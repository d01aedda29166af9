package redistest

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// NewCluster starts a cluster of three masters, and gives its URL too.
func NewCluster(t testing.TB) (url string, nodes []*Server) {
	t.Helper()
	if _, err := exec.LookPath("redis-cli"); err != nil {
		Missing(t, "redis-cli is not installed")
	}
	create := []string{"--cluster", "create"}
	var hosts []string
	for range 3 {
		s, bus := node(t)
		nodes, hosts, create = append(nodes, s), append(hosts, "127.0.0.1:"+s.port), append(create, "127.0.0.1:"+s.port+"@"+bus)
	}
	join := exec.CommandContext(t.Context(), "redis-cli", append(create, "--cluster-yes")...) //nolint:gosec // ports of our own are all that varies
	if out, err := join.CombinedOutput(); err != nil {
		t.Fatalf("make a cluster: %v\n%s", err, out)
	}
	return "redis://" + strings.Join(hosts, ","), nodes
}

// node starts a node that belongs to no cluster yet.
func node(t testing.TB) (s *Server, bus string) {
	t.Helper()
	s, bus = prepare(t), FreePort(t)
	s.URL = "redis://127.0.0.1:" + s.port
	// A node that is gone counts as gone after a second, not after fifteen;
	// a replica's first copy begins at once, not after five.
	s.options = []string{
		"--port", s.port, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "1000", "--cluster-replica-validity-factor", "0",
		"--repl-diskless-sync-delay", "0",
	}
	s.begin()
	return s, bus
}

// AddReplica gives the first of a cluster's masters a replica, which the
// cluster promotes by itself when the master is gone.
func AddReplica(t testing.TB, masters []*Server) *Server {
	t.Helper()
	s, bus := node(t)
	id, me := strings.TrimSpace(masters[0].ask("cluster", "myid")), strings.TrimSpace(s.ask("cluster", "myid"))
	masters[0].ask("cluster", "meet", "127.0.0.1", s.port, bus)
	await(t, "the replica knows its master", func() bool { return strings.Contains(s.ask("cluster", "nodes"), id) })
	s.ask("cluster", "replicate", id)
	await(t, "the replica follows", func() bool {
		return strings.Contains(s.ask("info", "replication"), "master_link_status:up")
	})
	for _, m := range masters { // each has a say in who takes over
		await(t, "all masters know the replica", func() bool {
			return strings.Contains(lineOf(m.ask("cluster", "nodes"), me), "slave "+id)
		})
	}
	// And the replica asks those it knows: it met one master alone, and hears of
	// the others, and that they have slots, by what that one tells. Killed
	// before, it never tells, and nobody is ever asked.
	await(t, "the replica knows all masters", func() bool {
		info := s.ask("cluster", "info")
		return strings.Contains(info, "cluster_size:"+strconv.Itoa(len(masters))+"\r") && strings.Contains(info, "cluster_state:ok")
	})
	return s
}

// Leads says whether a node of a cluster is a master.
func (s *Server) Leads() bool {
	s.t.Helper()
	return strings.Contains(s.ask("info", "replication"), "role:master")
}

// ask gives what a server answers to a command.
func (s *Server) ask(command ...string) string {
	s.t.Helper()
	out, err := exec.CommandContext(s.t.Context(), "redis-cli", append([]string{"-p", s.port}, command...)...).CombinedOutput() //nolint:gosec // a server of the test's own
	if err != nil {
		s.t.Fatalf("redis-cli %q: %v\n%s", command, err, out)
	}
	return string(out)
}

// lineOf gives the line of a text that has a word in it.
func lineOf(text, word string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Contains(line, word) {
			return line
		}
	}
	return ""
}

// await polls, as nothing of a server's signals to a test.
func await(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about that " + what)
		}
	}
}
