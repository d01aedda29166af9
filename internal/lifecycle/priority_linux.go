package lifecycle

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

// The nice values between which a process moves.
const (
	usual  = 0
	lowest = 19
)

// GiveWay gives every thread of the process the lowest priority until over is
// called. A process that may not raise it again, or whose priority is not the
// usual one, keeps what it has: see RLIMIT_NICE and CAP_SYS_NICE.
func GiveWay() (over func()) {
	if !mayRaise() {
		return func() {}
	}
	setPriority(lowest)
	return sync.OnceFunc(func() { setPriority(usual) })
}

// mayRaise tries it on a thread that ends with it.
func mayRaise() bool {
	answer := make(chan bool)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread is not used again
		tid := syscall.Gettid()
		was, err := syscall.Getpriority(syscall.PRIO_PROCESS, tid)
		const kernelUsual = 20 // the system call gives 20 less the nice value
		answer <- err == nil && was == kernelUsual-usual &&
			syscall.Setpriority(syscall.PRIO_PROCESS, tid, lowest) == nil && syscall.Setpriority(syscall.PRIO_PROCESS, tid, usual) == nil
	}()
	return <-answer
}

// setPriority sets it for all threads. One that is made meanwhile has that of
// the thread that made it, so it is repeated until none is new.
func setPriority(nice int) {
	done := map[string]bool{}
	for again := true; again; {
		again = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return
		}
		for _, thread := range threads {
			tid, err := strconv.Atoi(thread.Name())
			if err != nil || done[thread.Name()] {
				continue
			}
			done[thread.Name()], again = true, true
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, tid, nice) // it may have ended
		}
	}
}
