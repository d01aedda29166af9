package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"enishi/internal/cli"
)

// TestBenchAsksForTheHost puts a load on nobody else's machine by a slip.
func TestBenchAsksForTheHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ url, confirm, says string }{
		{"https://enishi.example.invalid", "", "Give --confirm enishi.example.invalid"},
		{"https://enishi.example.invalid:8443", "enishi.example.invalid", "Give --confirm enishi.example.invalid:8443"},
		{"http://127.0.0.1:1", "", "connection refused"},
		{"http://[::1]:1", "", "refused"},
		{"http://localhost:1", "", "refused"},
	} {
		w := cli.System()
		var said bytes.Buffer
		w.Out, w.Err = &said, &said
		args := []string{"bench", "http", "--duration", "1ms", "--url", tt.url}
		if tt.confirm != "" {
			args = append(args, "--confirm", tt.confirm)
		}
		if code := cli.Run(args, w); code == 0 || !strings.Contains(said.String(), tt.says) {
			t.Errorf("%q = %d, %s; want %q", args, code, said.String(), tt.says)
		}
	}
}
