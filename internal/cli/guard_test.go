package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"enishi/internal/fleet"
	"enishi/internal/guard"
)

// TestGuard starts the program as its image does, stops the server, and expects that
// both end with the code that says so; then that another, told to stop, ends in order.
func TestGuard(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs it twice")
	}
	t.Parallel()
	program := fleet.Build(t, t.TempDir())
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		server bool // which is sent it
		code   int
		said   string
	}{
		{"the server is stopped", syscall.SIGSTOP, true, guard.Hung, `"msg":"the server is killed: it does not answer well"`},
		{"the guard is told to stop", syscall.SIGTERM, false, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			serves := make(chan struct{})
			out := &watched{until: "Enishi serves on ", found: func() { close(serves) }}
			log := new(watched)
			cmd := exec.Command(program, "guard", "--every", "500ms", "--", "serve", "--demo", "--addr", freeAddr(t), "--data", filepath.Join(t.TempDir(), "data"), "--log-format", "json")
			cmd.Stdout, cmd.Stderr = out, log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			select {
			case <-serves:
			case err := <-ended:
				t.Fatalf("%v\n%s", err, log)
			}
			pid := cmd.Process.Pid
			if c.server {
				pid = childOf(t, pid)
			}
			if err := syscall.Kill(pid, c.signal); err != nil {
				t.Error(err)
			}
			err := <-ended
			code := 0
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				code = exit.ExitCode()
			}
			if code != c.code || !strings.Contains(log.String(), c.said) {
				t.Errorf("exit code %d, want %d:\n%s", code, c.code, log)
			}
		})
	}
}

// childOf gives the only child of a process.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil || len(threads) == 0 {
		t.Skipf("the system does not tell the children of a process: %v", err)
	}
	var text []byte
	for _, name := range threads {
		some, _ := os.ReadFile(name) // a thread may have ended
		text = append(text, some...)
	}
	child, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		t.Fatalf("the children of %d are %q", pid, text)
	}
	return child
}
