package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"enishi/internal/fleet"
)

// TestFullDisk takes a real server's room to write away, as a disk that fills
// up does, and gives it back: meanwhile every write is refused with a problem
// that says why, and reading goes on; afterwards the server goes on without a
// restart, and what was refused has left nothing behind.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs it")
	}
	dir := t.TempDir()
	s := startServer(t, fleet.Build(t, dir), filepath.Join(dir, "data"))
	w := &writers{t: t, url: s.url}
	w.open()
	for range 5 {
		if !w.signUp() {
			t.Fatal("no sign-up before the disk is full")
		}
	}
	w.drain()
	accepted := w.people[0].accepted

	s.limitFiles(1) // every file is longer than that: nothing can grow, nor the WAL begin anew
	for i := range 20 {
		status, body := w.ask(http.MethodPost, "/candidates", "", fmt.Sprintf(`{"email":"full%d@example.jp","profile":{"occupation":[{"code":"0312","min":5}]},"wishes":{"all":[]}}`, i))
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "disk") {
			t.Fatalf("a sign-up on a full disk = %d %s, want 503 that speaks of the disk", status, body)
		}
	}
	if status, body := w.ask(http.MethodPut, "/me", w.people[0].Token, `{"open":false,"weekly_limit":3,"language":"ja"}`); status/100 == 2 {
		t.Errorf("an edit on a full disk = %d %s", status, body)
	}
	var page struct {
		Items []struct{ ID, State string }
	}
	w.must(http.MethodGet, "/me/offers", w.people[0].Token, "", &page)
	if len(page.Items) != 2 {
		t.Errorf("%d offers are read from a full disk, want 2", len(page.Items))
	}
	var full struct {
		Head int64 `json:"log_head"`
	}
	w.must(http.MethodGet, "/status", "", "", &full)

	s.limitFiles(unix.RLIM_INFINITY)
	var mended struct {
		Head int64 `json:"log_head"`
	}
	w.must(http.MethodGet, "/status", "", "", &mended)
	if mended.Head != full.Head {
		t.Errorf("the log grew from %d to %d by what was refused", full.Head, mended.Head)
	}
	if !w.signUp() {
		t.Error("no sign-up after the disk was mended")
	}
	w.people[0].accepted = accepted
	w.check(0)
	s.kill()
	s = startServer(t, filepath.Join(dir, "enishi"), filepath.Join(dir, "data"))
	w.url = s.url
	w.check(1)
	s.kill()
}

// limitFiles bounds how long a file the server may write, in bytes.
func (s *server) limitFiles(bytes uint64) {
	s.t.Helper()
	limit := unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(s.cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil); err != nil {
		s.t.Fatalf("limit the server's files: %v", err)
	}
}

// ask sends a request and gives the answer's status and body.
func (w *writers) ask(method, path, token, body string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
