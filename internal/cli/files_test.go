package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"enishi/internal/cli"
	"enishi/internal/files/filestest"
)

// run runs a command and gives its code and what it says.
func run(args ...string) (int, string) {
	var said watched
	w := cli.System()
	w.Out, w.Err, w.Terminal = &said, &said, false
	return cli.Run(args, w), said.String()
}

// served starts a server, stops it when it serves, and gives what it said.
func served(t *testing.T, data string) string {
	t.Helper()
	w := cli.System()
	log := new(watched)
	out := &watched{until: "Enishi serves on", found: func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}}
	w.Out, w.Err, w.Terminal = out, log, false
	if code := cli.Run([]string{"serve", "--demo", "--addr", "127.0.0.1:0", "--data", data}, w); code != 0 || out.String() == "" {
		t.Fatalf("serve = %d: %s", code, log.String())
	}
	return log.String()
}

// The job snapshot writes to a bucket, and a server starts from there; without
// the bucket it loads every row and says so.
func TestFilesInABucketOnServers(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	address := filestest.URL(t)
	t.Setenv("ENISHI_FILES_URL", address)
	if code, said := run("demo", "load", "--data", data, "--candidates", "100", "--companies", "5", "--rules", "10"); code != 0 {
		t.Fatalf("demo load = %d: %s", code, said)
	}
	code, said := run("job", "run", "snapshot", "--data", data)
	if code != 0 || !strings.Contains(said, "snapshot: done") || strings.Contains(said, " 0 bytes written") {
		t.Fatalf("job run snapshot = %d: %s", code, said)
	}
	if log := served(t, data); !strings.Contains(log, "loading candidates from the snapshot snapshot-") || strings.Contains(log, "loading candidates: ") {
		t.Errorf("it did not start from the bucket: %s", log)
	}
	if _, err := os.Stat(filepath.Join(data, "files")); err == nil {
		t.Error("there is a folder of files too")
	}
	from, _, _ := strings.Cut(address, "endpoint=")
	t.Setenv("ENISHI_FILES_URL", from+"endpoint=http://"+freeAddr(t)+"&region=us-east-1")
	if log := served(t, data); !strings.Contains(log, "the snapshots cannot be listed: every row is loaded") || !strings.Contains(log, "loading candidates: 100") {
		t.Errorf("without the bucket: %s", log)
	}
	if code, said := run("job", "run", "snapshot", "--data", data); code != 1 || !strings.Contains(said, "list the files in s3://enishi-test/") {
		t.Errorf("job run snapshot without the bucket = %d: %s", code, said)
	}
}
