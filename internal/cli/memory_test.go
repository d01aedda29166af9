package cli_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"enishi/internal/fleet"
)

// memoryGroup makes a control group whose processes may have so much memory, and
// gives its folder.
func memoryGroup(t *testing.T, bytes int64) string {
	t.Helper()
	root, limit := "/sys/fs/cgroup", "memory.max"
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err != nil { // of the second version
		root, limit = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
	}
	dir := filepath.Join(root, fmt.Sprintf("enishi-test-%d", os.Getpid()))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Skipf("no control group can be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, limit), []byte(strconv.FormatInt(bytes, 10)), 0o600); err != nil {
		t.Skipf("memory cannot be bounded here: %v", err)
	}
	return dir
}

// TestMemoryIsBoundedByTheContainer starts a server in a control group, at an address
// that is taken, so that it ends at once.
func TestMemoryIsBoundedByTheContainer(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	const megabyte = 1 << 20
	group := memoryGroup(t, 500*megabyte)
	program := fleet.Build(t, t.TempDir())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // nobody connected
	for _, c := range []struct {
		name, env string
		bytes     int64
	}{
		{"nine tenths", "TZ=Asia/Tokyo", 450 * megabyte},
		{"what was set", "GOMEMLIMIT=300MiB", 300 * megabyte},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command("sh", "-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, group, program,
				"serve", "--addr", taken.Addr().String(), "--data", t.TempDir(), "--log-format", "json")
			cmd.Env = append(os.Environ(), c.env)
			out, err := cmd.CombinedOutput()
			if want := fmt.Sprintf(`"msg":"memory is bounded","bytes":%d}`, c.bytes); err == nil || strings.Count(string(out), want) != 1 {
				t.Errorf("%v; want %s:\n%s", err, want, out)
			}
		})
	}
}
