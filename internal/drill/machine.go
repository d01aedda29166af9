package drill

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"enishi/internal/fleet"
)

// host is the node exporter of a host with two small disks of its own, which
// nobody else sees: one for logs and one for the rest.
type host struct {
	addr string

	t    *testing.T
	node *program
	dir  string
}

// The disks of a host, and their size.
const (
	logsDisk  = "logs"
	dataDisk  = "database"
	diskBytes = 64 << 20
)

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{addr: fleet.FreeAddr(t), t: t, dir: t.TempDir()}
	const script = `set -e
for disk in ` + logsDisk + ` ` + dataDisk + `; do
	mkdir "$1/$disk"
	mount -t tmpfs -o size=64m enishi "$1/$disk"
done
exec prometheus-node-exporter --web.listen-address="$2" --collector.disable-defaults --collector.filesystem`
	h.node = run(t, h.dir, "unshare", "--map-root-user", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child", "sh", "-c", script, "sh", h.dir, h.addr)
	h.node.await("the node exporter answers", time.Minute, func() bool {
		status, _ := ask("http://"+h.addr+"/metrics", new(any))
		return status != 0
	})
	return h
}

// exporter gives the number of the process that sees the disks.
func (h *host) exporter() string {
	h.t.Helper()
	parent := strconv.Itoa(h.node.cmd.Process.Pid)
	children, err := os.ReadFile(filepath.Join("/proc", parent, "task", parent, "children"))
	if err != nil || len(strings.Fields(string(children))) != 1 {
		h.t.Fatalf("find the node exporter: %q, %v", children, err)
	}
	return strings.Fields(string(children))[0]
}

// fill writes a share of a disk full; 0 removes what was written.
func (h *host) fill(disk string, share float64) {
	h.t.Helper()
	path := filepath.Join("/proc", h.exporter(), "root", h.dir, disk, "full")
	if share == 0 {
		if err := os.Remove(path); err != nil {
			h.t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(path, make([]byte, int(share*diskBytes)), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// confined is a group of processes with a limit of memory.
type confined struct {
	t    *testing.T
	dir  string
	file string // that has the limit
	pids []int
}

// newConfined makes a group; without the right to, the test ends.
func newConfined(t *testing.T) *confined {
	t.Helper()
	c := &confined{t: t, dir: "/sys/fs/cgroup", file: "memory.max"}
	if _, err := os.Stat("/sys/fs/cgroup/memory/memory.limit_in_bytes"); err == nil {
		c.dir, c.file = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
	}
	if c.file == "memory.max" { // groups below count memory only if the top says so
		_ = os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+memory"), 0o600) // it may say so already; limit fails if not
	}
	c.dir = filepath.Join(c.dir, fmt.Sprintf("enishi-drill-%d", os.Getpid()))
	if err := os.Mkdir(c.dir, 0o755); err != nil {
		t.Fatalf("make a control group: %v: this drill takes root and a /sys/fs/cgroup that can be written", err)
	}
	t.Cleanup(func() {
		for _, pid := range c.pids {
			_ = os.WriteFile(filepath.Join(filepath.Dir(c.dir), "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600) // it may have ended
		}
		if err := os.Remove(c.dir); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *confined) limit(bytes int64) { c.set(c.file, strconv.FormatInt(bytes, 10)) }

func (c *confined) take(pid int) {
	c.pids = append(c.pids, pid)
	c.set("cgroup.procs", strconv.Itoa(pid))
}

func (c *confined) set(file, value string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, file), []byte(value), 0o600); err != nil {
		c.t.Fatal(err)
	}
}
