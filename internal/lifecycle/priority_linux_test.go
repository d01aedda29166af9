package lifecycle_test

import (
	"maps"
	"os"
	"strconv"
	"syscall"
	"testing"

	"enishi/internal/lifecycle"
)

// priorities gives the nice values of the process's threads.
func priorities(t *testing.T) map[int]bool {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	all := map[int]bool{}
	for _, thread := range threads {
		tid, err := strconv.Atoi(thread.Name())
		if err != nil {
			t.Fatal(err)
		}
		if p, err := syscall.Getpriority(syscall.PRIO_PROCESS, tid); err == nil { // it may have ended
			all[20-p] = true
		}
	}
	return all
}

// TestGiveWay holds that a process which gives way does so with all its threads,
// and is what it was afterwards.
func TestGiveWay(t *testing.T) {
	before := priorities(t)
	over := lifecycle.GiveWay()
	again := lifecycle.GiveWay() // is no second time
	if now := priorities(t); len(before) == 1 && before[0] && os.Geteuid() == 0 && (len(now) != 1 || !now[19]) {
		t.Errorf("nice values of one that gives way: %v, want 19", now)
	}
	again()
	over()
	over()
	if now := priorities(t); !maps.Equal(now, before) {
		t.Errorf("nice values afterwards: %v, before %v", now, before)
	}
}
