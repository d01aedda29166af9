package onehost_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"enishi/internal/onehost"
)

// healing kills and stops processes of the stack under a load, as a bug or the kernel
// would: the host replaces them, and only requests that such a process had in hand fail.
func healing(t *testing.T, s *onehost.Stack) {
	for _, c := range []struct {
		service string
		signal  syscall.Signal
		guard   bool // the first process of the container, not the server that it guards
		stays   bool // nothing has to be replaced
	}{
		{service: "web", signal: syscall.SIGKILL},
		{service: "web", signal: syscall.SIGSTOP},
		{service: "web", signal: syscall.SIGKILL, guard: true},
		{service: "web", signal: syscall.SIGSTOP, guard: true, stays: true},
		{service: "worker", signal: syscall.SIGKILL},
		{service: "worker", signal: syscall.SIGSTOP},
	} {
		name := fmt.Sprintf("%s %v", c.service, c.signal)
		if c.guard {
			name += " of the guard"
		}
		t.Run(name, func(t *testing.T) { strike(t, s.For(t), c.service, c.signal, c.guard, c.stays) })
	}
}

// noticed is how long HAProxy may give requests to a process that hangs: two checks, two
// seconds apart, each of which waits as long for its answer.
const noticed = 8 * time.Second

// heard is how long HAProxy may take to hear that a connection which it keeps open has been
// closed: what changes something and was put onto such a one cannot be sent again elsewhere.
const heard = 100 * time.Millisecond

func strike(t *testing.T, s *onehost.Stack, service string, signal syscall.Signal, guard, stays bool) {
	victim := s.Containers(service)[0]
	pid := victim.State.Pid
	if !guard {
		pid = childOf(t, pid)
	}
	load := onehost.NewLoad(t.Context(), s.URL)
	settle(t, 2*time.Second)
	struck := time.Now()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
	var dead time.Time
	if stays {
		s.Eventually(time.Minute, "the guard runs again", func() string {
			if state(pid) == "T" {
				return "it is stopped"
			}
			return ""
		})
	} else {
		s.Eventually(time.Minute, "the process is ended", func() string {
			if in := state(pid); in != "" && in != "Z" {
				return "it is in state " + in
			}
			return ""
		})
		dead = time.Now()
		s.Eventually(2*time.Minute, "it is replaced", func() string {
			now := s.Containers(service)[0]
			if !now.State.StartedAt.After(victim.State.StartedAt) {
				return "it was not started again"
			}
			return unwell(s)
		})
	}
	healed := time.Since(struck)
	drained := s.Eventually(30*time.Second, "the matcher has handled what was written", func() string { return behind(s) })
	sent := load.Stop()
	failed := 0
	for _, r := range sent {
		if r.Failure == "" {
			continue
		}
		failed++
		inHand := !stays && r.Begin.Before(dead.Add(heard)) && r.Begin.Before(struck.Add(noticed)) && r.End.After(struck)
		if !inHand || service == "worker" {
			t.Errorf("%s, begun %v after the blow, ended %v after it: %s", r.What, r.Begin.Sub(struck), r.End.Sub(struck), r.Failure)
		}
	}
	if len(sent) < 40 {
		t.Errorf("only %d requests were sent", len(sent))
	}
	t.Logf("well after %.1f s, the matcher even %.1f s later; %d of %d requests failed", healed.Seconds(), drained.Seconds(), failed, len(sent))
}

// childOf gives the process that a guard guards.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // each lists its own
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		var child int
		if err == nil {
			_, err = fmt.Sscan(string(text), &child)
		}
		if err == nil {
			return child
		}
	}
	t.Fatalf("process %d has no child", pid)
	return 0
}

// state gives the state of a process as Linux names it: T stopped, Z ended; nothing if
// there is none.
func state(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	in, _, _ := strings.Cut(rest, " ")
	return in
}

// behind says whether the matcher has still to handle rows.
func behind(s *onehost.Stack) string {
	text, err := s.Get(s.Prometheus + "/api/v1/query?query=max(enishi_matcher_queue_age_seconds)")
	if err != nil {
		return err.Error()
	}
	var age float64
	_, value, _ := strings.Cut(text, `"value":[`)
	_, value, _ = strings.Cut(value, `,"`)
	if _, err := fmt.Sscan(strings.SplitN(value, `"`, 2)[0], &age); err != nil {
		return "no figure: " + text
	}
	if age > 10 {
		return fmt.Sprintf("the oldest row is %.0f s old", age)
	}
	return ""
}

func settle(t *testing.T, d time.Duration) {
	t.Helper()
	pause := time.NewTimer(d)
	select {
	case <-pause.C:
	case <-t.Context().Done():
	}
}
