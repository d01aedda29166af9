package redistest

import (
	"os/exec"
	"strings"
	"testing"
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
		s, bus := prepare(t), freePort(t)
		s.URL = "redis://127.0.0.1:" + s.port
		// A node that is gone counts as gone after a second, not after fifteen.
		s.options = []string{
			"--port", s.port, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "1000",
		}
		s.begin()
		nodes, hosts, create = append(nodes, s), append(hosts, "127.0.0.1:"+s.port), append(create, "127.0.0.1:"+s.port+"@"+bus)
	}
	join := exec.CommandContext(t.Context(), "redis-cli", append(create, "--cluster-yes")...) //nolint:gosec // ports of our own are all that varies
	if out, err := join.CombinedOutput(); err != nil {
		t.Fatalf("make a cluster: %v\n%s", err, out)
	}
	return "redis://" + strings.Join(hosts, ","), nodes
}
