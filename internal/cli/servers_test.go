package cli_test

import (
	"encoding/json"
	"testing"

	"enishi/internal/cli"
	"enishi/internal/fleet"
)

// TestRollingRestartOnServers replaces every process of an installation, one
// after another, under a load of reads and writes from outside, and expects every
// request to be answered with success.
func TestRollingRestartOnServers(t *testing.T) {
	f := fleet.New(t, fleet.Options{Server: "MariaDB", Webs: 3, Workers: 2})
	var said string
	ended := make(chan error, 1)
	go func() {
		var err error
		said, err = f.Run(nil, "bench", "http", "--url", f.URL, "--rate", "60", "--duration", "70s", "--json")
		ended <- err
	}()
	for _, p := range f.All() {
		p.Replace()
		select {
		case err := <-ended:
			t.Fatalf("the load ended before all were replaced: %v %s", err, said)
		default:
		}
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	var got cli.HTTPReport
	if err := json.Unmarshal([]byte(said), &got); err != nil {
		t.Fatalf("decode %s: %v", said, err)
	}
	if got.Errors != 0 || got.OK != got.Sent || got.Rate < 40 {
		t.Errorf("%d of %d requests failed at %.0f a second: %q", got.Errors, got.Sent, got.Rate, got.Seen)
	}
	t.Logf("%d requests, p99 %.0f ms", got.Sent, got.P99)
}
