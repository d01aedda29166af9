// Package guard keeps a small process in front of one that serves: what starts
// containers replaces a process that has ended, but not one that hangs. The guard
// asks the program how it is, and ends both when it does not answer. Each of the two
// also knows when the other is stopped or gone: the guard beats on a pipe, and the
// program that hears nothing wakes it.
//
// Two processes that are stopped together are woken by neither; two that are paused
// and go on together end nothing. A process runs one guard, and has no other
// children: those that others left behind are reaped.
package guard

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Guard starts a program and stays with it to its end.
type Guard struct {
	Program string
	Args    []string // after its name
	// Every is the time from one question to the next, and how long an answer may
	// take; so a program that hangs is ended within Every times (Patience + 1).
	Every    time.Duration
	Patience int           // questions in a row without a good answer that are too many
	Grace    time.Duration // the same from the start to the first good answer
	Stop     time.Duration // how long the program may take to end once it is told to
	Ask      func(context.Context) error
	Log      *slog.Logger
}

// Hung is the exit code that tells that the program was killed since it hung.
const Hung = 3

// killed is how long a killed process may take to be gone, and a log to take a line:
// what hangs may hang because of its log.
const killed = 5 * time.Second

// Run blocks until the program has ended, and gives the exit code for its own process:
// the program's; 128 and the number of the signal that ended it; or Hung.
// SIGTERM, SIGINT, SIGHUP and SIGQUIT go to the program.
func (g *Guard) Run(ctx context.Context) (code int, err error) {
	children := make(chan os.Signal, 1) // one is enough: all that have ended are reaped
	signal.Notify(children, syscall.SIGCHLD)
	defer signal.Stop(children)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	if ctx.Err() != nil { // told before there was anybody to tell
		return 0, nil
	}
	w := watch{guard: g, answers: make(chan error, 1)}
	if err := w.start(); err != nil {
		return 0, fmt.Errorf("start %s: %w", g.Program, err)
	}
	defer w.beats.Close() //nolint:errcheck // nobody is left to hear it
	return w.run(children, signals), nil
}

// watch is a guard at work.
type watch struct {
	guard    *Guard
	process  *os.Process
	beats    *os.File
	answers  chan error
	due      time.Time // when the question was to be asked, or is
	answered bool      // well, at least once
	failures int       // since the last good answer
	told     bool      // to stop
}

// start starts the program in a group of its own: a terminal's Ctrl-C is forwarded,
// and must not come twice.
func (w *watch) start() error {
	theirs, beats, err := os.Pipe()
	if err != nil {
		return err
	}
	defer theirs.Close() //nolint:errcheck // it has its own
	w.process, err = os.StartProcess(w.guard.Program, append([]string{w.guard.Program}, w.guard.Args...), &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr, theirs}, Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		_ = beats.Close()
		return err
	}
	w.beats = beats
	return nil
}

func (w *watch) run(children, signals <-chan os.Signal) (code int) {
	asking, stop := context.WithCancel(context.Background())
	defer stop()
	next, late := time.NewTimer(0), make(<-chan time.Time)
	w.due = time.Now()
	for {
		select {
		case <-children:
			if status, ended := reap(w.process.Pid); ended {
				return codeOf(status)
			}
		case s := <-signals:
			_ = w.process.Signal(s) // it may have just ended
			if !w.told && (s == syscall.SIGTERM || s == syscall.SIGINT) {
				w.told = true
				timer := time.NewTimer(w.guard.Stop)
				defer timer.Stop()
				late = timer.C
			}
		case <-late:
			return w.kill(children, "it has not ended after it was told to", "waited", w.guard.Stop)
		case <-next.C:
			w.beat()
			if w.told { // what stops need not answer
				next.Reset(w.guard.Every)
				continue
			}
			w.paused()
			go w.ask(asking)
		case err := <-w.answers:
			if w.judge(err); w.failures > 0 && w.failures >= w.allowed() && !w.told {
				return w.kill(children, "it does not answer well", "times", w.failures, "last", err)
			}
			w.due = w.due.Add(w.guard.Every)
			next.Reset(time.Until(w.due))
		}
	}
}

// beat says to the program that the guard runs. One that does not listen holds
// nothing up.
func (w *watch) beat() {
	_ = w.beats.SetWriteDeadline(time.Now().Add(time.Millisecond))
	_, _ = w.beats.Write([]byte{0})
}

func (w *watch) ask(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, w.guard.Every)
	defer stop()
	w.answers <- w.guard.Ask(ctx)
}

// paused says whether the guard itself did not run for a while when something was
// due. Then the program perhaps did not either, and is asked anew.
func (w *watch) paused() bool {
	if time.Since(w.due) < w.guard.Every {
		return false
	}
	w.failures, w.due = 0, time.Now()
	return true
}

// judge notes what came of a question.
func (w *watch) judge(err error) {
	switch {
	case err == nil:
		w.failures, w.answered = 0, true
	case time.Since(w.due) > 2*w.guard.Every:
		w.paused()
	default:
		w.failures++
	}
}

func (w *watch) allowed() int {
	if w.answered {
		return w.guard.Patience
	}
	return max(w.guard.Patience, int(w.guard.Grace/w.guard.Every))
}

// kill ends the program whatever state it is in. Who waits for the guard's end need
// not wait for a log that takes nothing.
func (w *watch) kill(children <-chan os.Signal, why string, args ...any) int {
	_ = w.process.Kill() // SIGKILL also ends what is stopped
	patience := time.NewTimer(killed)
	defer patience.Stop()
	said := make(chan struct{})
	go func() {
		defer close(said)
		w.guard.Log.Error("the server is killed: "+why, append([]any{"process", w.process.Pid}, args...)...)
	}()
	for gone, told := false, (<-chan struct{})(said); !gone || told != nil; {
		select {
		case <-children:
			_, ended := reap(w.process.Pid)
			gone = gone || ended
		case <-told:
			told = nil
		case <-patience.C:
			return Hung
		}
	}
	return Hung
}

// reap takes the state of all children that have ended. The first process of a
// container has those of others too.
func reap(child int) (status syscall.WaitStatus, ended bool) {
	for {
		var s syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &s, syscall.WNOHANG, nil)
		switch {
		case err == syscall.EINTR:
		case pid <= 0:
			return status, ended
		case pid == child:
			status, ended = s, true
		}
	}
}

func codeOf(s syscall.WaitStatus) int {
	const signaled = 128
	if s.Signaled() {
		return signaled + int(s.Signal())
	}
	return s.ExitStatus()
}
