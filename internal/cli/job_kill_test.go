package cli_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/cli"
	"enishi/internal/fleet"
	"enishi/internal/market"
	"enishi/internal/store/sqlite"
)

// TestJobKilled ends a job with SIGKILL after its first page, again and again,
// lets it come to its end, and expects what a copy has that was never killed.
func TestJobKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs it several times")
	}
	dir := t.TempDir()
	program := fleet.Build(t, dir)
	whole, killed := filepath.Join(dir, "whole"), filepath.Join(dir, "killed")
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	run("demo", "load", "--data", whole, "--candidates", "1000", "--companies", "20", "--rules", "60", "--seed", "1")
	if err := os.CopyFS(killed, os.DirFS(whole)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(killed, "secret"), 0o600); err != nil { // a copy is readable by all
		t.Fatal(err)
	}
	run("job", "run", "statistics", "--data", whole)
	const kills = 8
	for range kills {
		cmd := exec.Command(program, "job", "run", "statistics", "--data", killed)
		said, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(said)
		for lines.Scan() && !strings.Contains(lines.Text(), "rows examined") {
		}
		if !strings.Contains(lines.Text(), "rows examined") { // else the first page is done
			t.Errorf("the job said %q", lines.Text())
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // its state is "killed", which is what was asked for
	}
	run("job", "run", "statistics", "--data", killed)
	wanted, runs := counted(t, whole)
	if len(wanted) < 10 || len(runs) != 1 {
		t.Errorf("%d figures after %d runs", len(wanted), len(runs))
	}
	got, runs := counted(t, killed)
	if d := cmp.Diff(wanted, got); d != "" {
		t.Errorf("figures (-never killed +killed):\n%s", d)
	}
	interrupted := 0
	for _, r := range runs {
		if r.Outcome == market.Interrupted {
			interrupted++
		}
	}
	if interrupted < kills/2 || runs[0].Outcome != market.Done {
		t.Errorf("of %d runs %d were interrupted, the last is %s", len(runs), interrupted, runs[0].Outcome)
	}
}

// counted gives the figures of an installation, and its runs of the job.
func counted(t *testing.T, data string) (figures []market.Figure, runs []market.Run) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(data, "enishi.db"), sqlite.Options{Beside: true})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Read(t.Context(), func(tx market.Tx) error {
		if figures, err = tx.Figures(0, 0, 1<<30); err != nil {
			return err
		}
		runs, err = tx.Runs("statistics", 100)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return figures, runs
}

// TestJobToldToStop sends a job SIGTERM while it does its first page: it ends after
// that, and says so.
func TestJobToldToStop(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	w := cli.System()
	w.Out, w.Err, w.Terminal = io.Discard, io.Discard, false
	if code := cli.Run([]string{"demo", "load", "--data", data, "--candidates", "400", "--companies", "10", "--rules", "30"}, w); code != 0 {
		t.Fatalf("demo load = %d", code)
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	defer signal.Stop(told)
	log := &watched{until: "rows examined: ", found: func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		<-told
		fleet.Wait(t, 100*time.Millisecond) // until the job has heard it too
	}}
	w.Err = log
	code := cli.Run([]string{"job", "run", "statistics", "--data", data}, w)
	if code != 1 || !strings.Contains(log.String(), "the job statistics was told to stop; its next run goes on there") {
		t.Errorf("job run = %d: %s", code, log.String())
	}
	out := new(watched)
	w.Out = out
	if code := cli.Run([]string{"job", "list", "--data", data}, w); code != 0 || !strings.Contains(out.String(), " stopped ") {
		t.Errorf("job list = %d: %s", code, out.String())
	}
}
