// Package drill breaks the parts of a running installation and sees the alarms
// of internal/alarm fire, be told to whom they belong, and clear: the built
// program behind HAProxy on a real database and a real Redis, watched by the
// Prometheus, the Alertmanager and the node exporter of this system with the
// files of deploy/prometheus, of which only addresses are changed, and the pace.
//
// Everything here exists for that test; scripts/drill runs it.
package drill

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"enishi/internal/alarm"
	"enishi/internal/fleet"
)

// Variables that scripts/drill sets. Without the first there are no drills.
const (
	wanted = "ENISHI_TEST_DRILL"        // "required"
	factor = "ENISHI_TEST_DRILL_FACTOR" // by which every window is divided; 1: a night
)

// pace gives the pace that was asked for; a drill of a minute cannot wait a
// quarter of one for the next figures.
func pace(t *testing.T) alarm.Pace {
	t.Helper()
	if os.Getenv(wanted) == "" {
		t.Skip(wanted + " is not set: run make drill")
	}
	p := alarm.Real()
	if text := os.Getenv(factor); text != "" {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f < 1 {
			t.Fatalf("%s=%q is no factor", factor, text)
		}
		p.Factor = f
		if f > 1 {
			p.Every = time.Second
		}
	}
	return p
}

// program is a program of this system that runs beside the test.
type program struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  string
	over chan struct{}
}

// run starts a program, which is killed at the end of the test.
func run(t *testing.T, dir, name string, args ...string) *program {
	t.Helper()
	p := &program{t: t, log: filepath.Join(dir, filepath.Base(name)+".log"), over: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(name, args...) //nolint:noctx // a program of this system; it is killed below
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v: run make drill, which installs it", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // by the signal
		_ = log.Close()
		close(p.over)
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *program) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.over
}

// await waits until something is so, and fails with what a program said if that
// ends or the time is over.
func (p *program) await(what string, limit time.Duration, is func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(limit); !is(); fleet.Wait(p.t, 100*time.Millisecond) {
		select {
		case <-p.over:
			p.t.Fatalf("%s: it has ended\n%s", what, p.said())
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: not within %s\n%s", what, limit, p.said())
		}
	}
}

// said gives the end of what a program has said.
func (p *program) said() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	const most = 4000
	return string(text[max(0, len(text)-most):])
}
