package fleet

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"enishi/internal/redis/redistest"
)

// Balancer is an HAProxy in front of web processes, with the configuration that
// deploy/haproxy.cfg gives to operators; addresses are the test's, and what it asks of
// silence.
type Balancer struct {
	Addr    string
	Metrics string // address of its exporter

	t    testing.TB
	log  string
	cmd  *exec.Cmd
	over chan struct{}
}

// NewBalancer starts an HAProxy in front of processes, which ends with the test. It
// cuts what is silent for longer than a limit, 0: as operators are given it.
func NewBalancer(t testing.TB, dir string, webs []*Process, silent time.Duration) *Balancer {
	t.Helper()
	program, err := exec.LookPath("haproxy")
	if err != nil {
		program = "/usr/sbin/haproxy" // where no user but root looks
		if _, err := os.Stat(program); err != nil {
			redistest.Missing(t, "haproxy is not installed")
		}
	}
	b := &Balancer{t: t, Addr: FreeAddr(t), Metrics: FreeAddr(t), log: filepath.Join(dir, "haproxy.log")}
	text, err := os.ReadFile(filepath.Join(Root(t), "deploy", "haproxy.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(settings, []byte(impatient(t, addressed(t, string(text), []string{b.Addr, b.Metrics}, webs), silent)), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(b.log)
	if err != nil {
		t.Fatal(err)
	}
	b.cmd = exec.CommandContext(context.Background(), program, "-db", "-f", settings) //nolint:gosec // HAProxy
	b.cmd.Stdout, b.cmd.Stderr = log, log
	if err := b.cmd.Start(); err != nil {
		t.Fatalf("start haproxy: %v", err)
	}
	b.over = make(chan struct{})
	go func() {
		_ = b.cmd.Wait() // by the signal
		_ = log.Close()
		close(b.over)
	}()
	t.Cleanup(b.stop)
	b.ready()
	return b
}

// addressed gives a configuration with the addresses of a test in place of the
// example's: those that it binds to in the order of the file.
func addressed(t testing.TB, text string, binds []string, webs []*Process) string {
	t.Helper()
	var lines []string
	bound, servers := 0, 0
	for line := range strings.SplitSeq(text, "\n") {
		switch word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word {
		case "bind":
			lines = append(lines, "\tbind "+binds[min(bound, len(binds)-1)])
			bound++
		case "server":
			if servers++; servers > 1 {
				continue
			}
			for _, w := range webs {
				lines = append(lines, fmt.Sprintf("\tserver %s %s", w.Name, w.Addr))
			}
		default:
			lines = append(lines, line)
		}
	}
	if bound != len(binds) || servers == 0 {
		t.Fatalf("deploy/haproxy.cfg has %d lines that bind and %d servers, want %d that bind", bound, servers, len(binds))
	}
	return strings.Join(lines, "\n")
}

// impatient gives a configuration with another limit of silence on both sides.
func impatient(t testing.TB, text string, silent time.Duration) string {
	t.Helper()
	if silent == 0 {
		return text
	}
	changed := 0
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		for _, side := range []string{"\ttimeout client ", "\ttimeout server "} {
			if strings.HasPrefix(line, side) {
				lines[i] = side + fmt.Sprint(silent.Milliseconds())
				changed++
			}
		}
	}
	if changed != 2 {
		t.Fatalf("deploy/haproxy.cfg limits silence in %d lines, want 2", changed)
	}
	return strings.Join(lines, "\n")
}

func (b *Balancer) ready() {
	b.t.Helper()
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); Wait(b.t, 50*time.Millisecond) {
		select {
		case <-b.over:
			text, _ := os.ReadFile(b.log) // what there is of it
			b.t.Fatalf("haproxy ended:\n%s", text)
		default:
		}
		if ready("http://" + b.Addr) {
			return
		}
	}
	b.t.Fatal("haproxy does not become ready")
}

func (b *Balancer) stop() {
	_ = b.cmd.Process.Kill() // it may have ended
	<-b.over
}
