package fleet

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Process is the place of a process in a fleet: roles and port stay when the
// process is replaced. One goroutine at a time may use it.
type Process struct {
	Name  string
	Roles string
	Addr  string // where it answers, without a load balancer in front

	t       testing.TB
	program string
	env     []string
	log     string
	cmd     *exec.Cmd
	over    chan struct{} // closed when the process has ended
}

// URL is the address of the process itself.
func (p *Process) URL() string { return "http://" + p.Addr }

// Start starts the process; Ready says when it serves.
func (p *Process) Start() {
	p.t.Helper()
	log, err := os.OpenFile(p.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), p.program, "serve", "--demo", "--roles", p.Roles, "--addr", p.Addr) //nolint:gosec // the program that was built
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, log, log
	if err := cmd.Start(); err != nil {
		p.t.Fatalf("start %s: %v", p.Name, err)
	}
	over := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		_ = log.Close()
		close(over)
	}()
	p.cmd, p.over = cmd, over
}

// Kill ends the process by SIGKILL.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

// Stop ends the process in order, and waits for that.
func (p *Process) Stop() { p.end(syscall.SIGTERM) }

func (p *Process) end(how syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGCONT) // it may be paused, or over
	_ = p.cmd.Process.Signal(how)
	<-p.over
}

// PID gives the number of the process that has the place now.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Pause stands the process still where it is, until Continue.
func (p *Process) Pause() { _ = p.cmd.Process.Signal(syscall.SIGSTOP) }

// Continue ends Pause; it does nothing to one that runs.
func (p *Process) Continue() { _ = p.cmd.Process.Signal(syscall.SIGCONT) }

// Replace stops the process in order and puts another one in its place, and
// waits until that serves.
func (p *Process) Replace() {
	p.t.Helper()
	p.Stop()
	p.Start()
	p.Ready()
}

// startLimit is how long a process may take to serve.
const startLimit = time.Minute

// Ready waits until the process serves, and starts it again if it has ended.
func (p *Process) Ready() {
	p.t.Helper()
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); Wait(p.t, 50*time.Millisecond) {
		select {
		case <-p.over:
			p.Start()
		default:
		}
		if p.Serves() {
			return
		}
	}
	p.t.Fatalf("%s does not become ready within %s", p.Name, startLimit)
}

// Serves says whether the process answers that it is ready.
func (p *Process) Serves() bool { return ready(p.URL()) }

// Metric gives the value of a line of the process' metrics, "" if it is not there.
func (p *Process) Metric(name string) string {
	_, text := fetch(p.URL() + "/metrics")
	for line := range strings.SplitSeq(text, "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return value
		}
	}
	return ""
}

// Log gives the end of what the process said, less its ordinary requests.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	var lines []string
	for line := range strings.SplitSeq(string(text), "\n") {
		if !strings.Contains(line, "level=INFO msg=request ") {
			lines = append(lines, line)
		}
	}
	const last = 30
	return filepath.Base(p.log) + ":\n" + strings.Join(lines[max(0, len(lines)-last):], "\n")
}

func ready(url string) bool {
	status, _ := fetch(url + "/readyz")
	return status == http.StatusOK
}

// fetch asks once, for a second; the status is 0 without an answer.
func fetch(url string) (status int, text string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, ""
	}
	answer, err := probes.Do(req)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, ""
	}
	return answer.StatusCode, string(body)
}

// probes keep no connections: what they find is true of new ones.
var probes = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// Wait waits while other processes work: nothing of theirs signals to a test.
func Wait(t testing.TB, d time.Duration) {
	t.Helper()
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}
