package cli_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"enishi/internal/cli"
	"enishi/internal/redis/redistest"
)

// watched keeps what is written, and calls found once, when it holds a text:
// whoever writes waits for that.
type watched struct {
	mu    sync.Mutex
	text  bytes.Buffer
	until string
	once  sync.Once
	found func()
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	n, err := w.text.Write(b)
	holds := w.until != "" && strings.Contains(w.text.String(), w.until)
	w.mu.Unlock()
	if holds {
		w.once.Do(w.found)
	}
	return n, err
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// freeAddr gives an address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", redistest.FreePort(t))
}

// get gives the status and body of an address.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(b)
}

// While the populations load, a server says that it lives, that it is not
// ready, and how far it has come; a snapshot that is of no use is said and
// passed over.
func TestReadyWhileLoading(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	loading := cli.System()
	var loaded watched
	loading.Out, loading.Err, loading.Terminal = &loaded, &loaded, false
	if code := cli.Run([]string{"demo", "load", "--data", data, "--candidates", "100", "--companies", "5", "--rules", "10"}, loading); code != 0 {
		t.Fatalf("demo load = %d: %s", code, loaded.String())
	}
	const name = "snapshot-0000000000000000001-20261124T010000Z"
	if err := os.MkdirAll(filepath.Join(data, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "files", name), []byte("half of a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	ready := make(chan struct{})
	serving := cli.System()
	out := &watched{until: "Enishi serves on http://" + addr, found: func() { close(ready) }}
	log := &watched{until: "loading candidates: ", found: func() {
		for path, want := range map[string]struct {
			status int
			text   string
		}{
			"/livez":         {http.StatusOK, "ok"},
			"/readyz":        {http.StatusServiceUnavailable, " candidates\n"},
			"/metrics":       {http.StatusOK, "enishi_build_info{"},
			"/api/v1/status": {http.StatusServiceUnavailable, "the service is starting"},
		} {
			if status, body := get(t, "http://"+addr+path); status != want.status || !strings.Contains(body, want.text) {
				t.Errorf("while loading, %s = %d %q; want %d %q", path, status, body, want.status, want.text)
			}
		}
		if out.String() != "" {
			t.Errorf("the greeting came before the server was ready: %s", out.String())
		}
	}}
	serving.Out, serving.Err, serving.Terminal = out, log, false
	ended := make(chan int, 1)
	go func() { ended <- cli.Run([]string{"serve", "--demo", "--addr", addr, "--data", data}, serving) }()
	select {
	case <-ready:
	case code := <-ended:
		t.Fatalf("serve = %d: %s", code, log.String())
	}
	if status, body := get(t, "http://"+addr+"/readyz"); status != http.StatusOK {
		t.Errorf("/readyz = %d %q", status, body)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != 0 {
		t.Errorf("serve = %d", code)
	}
	if text := log.String(); !strings.Contains(text, name) || !strings.Contains(text, "passed over") || !strings.Contains(text, "loading candidates") {
		t.Errorf("the log does not say what became of the snapshot:\n%s", text)
	}
	// Told to stop while it loads, it stops, and that is no failure.
	log = &watched{until: "loading ", found: func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}}
	serving.Err = log
	// Its old port may be somebody's by now.
	if code := cli.Run([]string{"serve", "--demo", "--addr", "127.0.0.1:0", "--data", data}, serving); code != 0 {
		t.Errorf("serve, told to stop while it loads = %d: %s", code, log.String())
	}
}
