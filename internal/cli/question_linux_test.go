package cli_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"enishi/internal/cli"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/fleet"
)

// questioned is a command that asks before it does anything. An environment is one of an account of its own.
type questioned struct {
	environment string
	args        []string
	asks        string // the end of its question
}

// TestAQuestionIsLeft gives the program itself a terminal, and presses Ctrl-C at each kind of question, or has it told to
// stop by a signal: it ends at once, without Enter, as one that failed; AWS is asked for nothing any more, and no
// maintenance has begun.
func TestAQuestionIsLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs it")
	}
	t.Parallel()
	dir := t.TempDir()
	program, data := fleet.Build(t, dir), filepath.Join(dir, "data")
	if out, err := exec.CommandContext(t.Context(), program, "demo", "load", "--data", data, "--candidates", "400", "--companies", "10", "--rules", "30").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	maintained := func() string {
		out := new(watched)
		w := cli.System()
		w.Out, w.Err = out, io.Discard
		if code := cli.Run([]string{"maintenance", "status", "--data", data, "--json"}, w); code != 0 {
			t.Errorf("maintenance status = %d", code)
		}
		return out.String()
	}
	before := maintained()
	for _, q := range []questioned{
		{args: []string{"maintenance", "on", "--data", data}, asks: "Go on? [yes/no] "},
		{"staging", []string{"env", "failover", "staging", "database", "--why", "x"}, "Type yes to go on: "},
		{"prod", []string{"env", "failover", "prod", "database", "--why", "x"}, "Type its name to go on: "},
		{"dev", []string{"env", "down", "dev", "--why", "x"}, "Type dev to go on: "},
	} {
		for how, stop := range map[string]func(person io.Writer, p *os.Process) error{
			"by Ctrl-C":   func(person io.Writer, _ *os.Process) error { _, err := person.Write([]byte{3}); return err }, // of which the terminal makes SIGINT
			"by a signal": func(_ io.Writer, p *os.Process) error { return p.Signal(syscall.SIGTERM) },
			"half typed": func(person io.Writer, _ *os.Process) error {
				_, err := person.Write([]byte{'y', 'e', 's', 3})
				return err
			},
		} {
			t.Run(strings.Join(q.args[:2], " ")+" of "+q.environment+" "+how, func(t *testing.T) { leavesQuestion(t, program, q, stop) })
		}
	}
	if after := maintained(); after != before || !strings.Contains(after, "{") {
		t.Errorf("maintenance was %s, and is %s", before, after)
	}
}

// leavesQuestion runs a command until it asks, and tells it to stop.
func leavesQuestion(t *testing.T, program string, q questioned, stop func(io.Writer, *os.Process) error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, q.args...)
	cmd.Env = os.Environ()
	asked := func() int { return 0 }
	if q.environment != "" {
		a := deploytest.Whole(q.environment)
		server := httptest.NewServer(http.HandlerFunc(a.ServeHTTP))
		t.Cleanup(server.Close)
		asked = func() int { return len(a.Asked()) }
		cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL="+server.URL, "AWS_REGION="+deploytest.Region, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true")
	}
	person, has := pseudoTerminal(t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = has, has, has
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	until := 0
	var told time.Time
	screen := &watched{until: q.asks, found: func() {
		until, told = asked(), time.Now()
		if err := stop(person, cmd.Process); err != nil {
			t.Error(err)
		}
	}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := has.Close(); err != nil { // the program's own are left
		t.Error(err)
	}
	kill := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }) // it waits for Enter
	defer kill.Stop()
	_, _ = io.Copy(screen, person) // until nobody has the other end: that is an error of its own
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(screen.String(), "enishi: told to stop at the question: nothing was done") {
		t.Errorf("it ended with %v:\n%s", err, screen)
	}
	if took := time.Since(told); told.IsZero() || took > 30*time.Second {
		t.Errorf("it ended %s after it was told to", took)
	}
	if n := asked(); q.environment != "" && (until == 0 || n != until) {
		t.Errorf("AWS was asked %d things before the question, and %d in all", until, n)
	}
}

// pseudoTerminal gives both ends of one: that at which a person types and reads, and that which a program has.
func pseudoTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := person.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	settings, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	settings.Lflag |= unix.NOFLSH // else Ctrl-C, once the program was told, also takes away what it has said since
	if err := unix.IoctlSetTermios(int(program.Fd()), unix.TCSETS, settings); err != nil {
		t.Fatal(err)
	}
	return person, program
}
