package guard_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"enishi/internal/guard"
)

// pair is a guard and its program, as the system has them.
type pair struct {
	t       *testing.T
	cmd     *exec.Cmd
	program int
	out     *output
	ended   chan struct{}
}

type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts a guard, as the first process of a PID namespace or as any other.
func start(t *testing.T, first bool, how string) *pair {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{t: t, cmd: exec.Command(self, "guard", addr, how), out: new(output), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if first {
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	}
	if err := p.cmd.Start(); errors.Is(err, syscall.EPERM) && first && os.Getuid() != 0 {
		t.Skip("a PID namespace needs root")
	} else if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // its state is what the tests ask for
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		if p.program > 0 && !first {
			_ = syscall.Kill(p.program, syscall.SIGKILL)
		}
		<-p.ended
	})
	p.until("the program runs", func() bool {
		for _, child := range p.children() {
			if isProgram(child) {
				p.program = child
			}
		}
		return p.program > 0
	})
	return p
}

// answering is start of a program that has answered.
func answering(t *testing.T, first bool, how string) *pair {
	t.Helper()
	p := start(t, first, how)
	p.until("it answers", func() bool { return p.said("it answers\n") })
	return p
}

// until waits for something, long enough for a machine that is busy.
func (p *pair) until(what string, is func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !is() {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain until %s:\n%s", what, p.out)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// children gives the process ids of the guard's children.
func (p *pair) children() (out []int) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, name := range files {
		text, _ := os.ReadFile(name) // the thread may have ended
		for _, word := range strings.Fields(string(text)) {
			if id, err := strconv.Atoi(word); err == nil {
				out = append(out, id)
			}
		}
	}
	return out
}

// isProgram tells the program from a child of a moment: the os package makes one before
// its first process, to learn what the system can do.
func isProgram(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && bytes.Contains(text, []byte("\x00program\x00"))
}

// state gives the letter of a process's state; a zombie's too, and none of one that is gone.
func state(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return rest[:1]
}

func (p *pair) signal(pid int, s syscall.Signal) {
	p.t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		p.t.Fatalf("%v: %v", s, err)
	}
	if s == syscall.SIGSTOP {
		p.until("it is stopped", func() bool { return state(pid) == "T" })
	}
}

// ends waits for the guard's end and expects its code, and nobody left.
func (p *pair) ends(code int) {
	p.t.Helper()
	p.until("the guard ends", func() bool {
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	})
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("the guard's exit code is %d, want %d:\n%s", got, code, p.out)
	}
	p.until("the program is gone", func() bool { return state(p.program) == "" })
}

// everywhere runs a test with a guard that is any process, and one that is the first of
// a PID namespace, as a container's is.
func everywhere(t *testing.T, test func(t *testing.T, first bool)) {
	t.Helper()
	for name, first := range map[string]bool{"any process": false, "first process": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, first)
		})
	}
}

// TestAProgramThatHangs is stopped: it is killed in the time that is stated.
func TestAProgramThatHangs(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, first bool) {
		p := answering(t, first, "")
		p.signal(p.program, syscall.SIGSTOP)
		begun := time.Now()
		p.ends(guard.Hung)
		const busy = 2 * time.Second
		if took := time.Since(begun); took < (patience-1)*every || took > (patience+1)*every+busy {
			t.Errorf("it took %v", took)
		}
		if n := strings.Count(p.out.String(), "the server is killed: it does not answer well"); n != 1 {
			t.Errorf("the reason is told %d times:\n%s", n, p.out)
		}
	})
}

// TestCodes is what becomes of a guard by what becomes of its program.
func TestCodes(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, first bool) {
		for name, c := range map[string]struct {
			how    string
			signal []syscall.Signal // to the guard
			kill   syscall.Signal   // to the program
			code   int
		}{
			"it is told to stop":       {signal: []syscall.Signal{syscall.SIGTERM}, code: inOrder},
			"it is interrupted twice":  {how: "slow", signal: []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}, code: atOnce},
			"it does not end":          {how: "slow", signal: []syscall.Signal{syscall.SIGTERM}, code: guard.Hung},
			"it is killed":             {kill: syscall.SIGKILL, code: 128 + 9},
			"it crashes":               {kill: syscall.SIGQUIT, code: 2},
			"it says that it is ill":   {how: "unwell", code: guard.Hung},
			"it leaves orphans behind": {how: "orphans", signal: []syscall.Signal{syscall.SIGTERM}, code: inOrder},
			"it begins late":           {how: "late", signal: []syscall.Signal{syscall.SIGTERM}, code: inOrder},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := answering(t, first, c.how)
				if c.how == "orphans" {
					p.until("orphans are reaped", func() bool { return len(p.children()) == 1 })
				}
				for i, s := range c.signal {
					p.signal(p.cmd.Process.Pid, s)
					p.until("it is told", func() bool { return strings.Count(p.out.String(), "told: ") == i+1 })
				}
				if c.kill != 0 {
					p.signal(p.program, c.kill)
				}
				p.ends(c.code)
			})
		}
	})
}

// TestAProgramThatNeverAnswers has its own time to begin.
func TestAProgramThatNeverAnswers(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	p := start(t, false, "silent")
	p.ends(guard.Hung)
	if took := time.Since(begun); took < grace-every {
		t.Errorf("it was killed after %v, want %v", took, grace)
	}
}

// TestAGuardThatIsStopped is woken by its program, and goes on.
func TestAGuardThatIsStopped(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, first bool) {
		p := answering(t, first, "")
		for i := range 2 {
			p.signal(p.cmd.Process.Pid, syscall.SIGSTOP)
			p.until("it is woken", func() bool { return state(p.cmd.Process.Pid) != "T" })
			p.until("that is told", func() bool { return strings.Count(p.out.String(), "the guard runs again") == i+1 })
		}
		p.signal(p.program, syscall.SIGSTOP)
		p.ends(guard.Hung)
	})
}

// TestBothArePaused again and again, for longer than the guard has patience, and the
// guard always goes on first: nobody is killed.
func TestBothArePaused(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, first bool) {
		p := answering(t, first, "")
		p.signal(p.program, syscall.SIGSTOP)
		for range 2 * patience {
			p.signal(p.cmd.Process.Pid, syscall.SIGSTOP)
			time.Sleep(3 * every)
			p.signal(p.cmd.Process.Pid, syscall.SIGCONT)
			time.Sleep(every)
		}
		p.signal(p.program, syscall.SIGCONT)
		p.signal(p.cmd.Process.Pid, syscall.SIGTERM)
		p.ends(inOrder)
	})
}

// TestAGuardThatIsGone takes its program along, which ends in order where it can.
func TestAGuardThatIsGone(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, first bool) {
		p := answering(t, first, "")
		p.signal(p.cmd.Process.Pid, syscall.SIGKILL)
		p.ends(-1)
		if !first && !p.said(guard.ErrGone.Error()) {
			t.Errorf("the program says nothing of it:\n%s", p.out)
		}
	})
}
