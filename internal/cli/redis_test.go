package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"enishi/internal/cli"
	"enishi/internal/redis/redistest"
)

// TestServingBesideRedisOnServers serves with a Redis that is killed and comes
// back: people are known throughout, and log and metrics say what happened.
func TestServingBesideRedisOnServers(t *testing.T) {
	s := redistest.New(t)
	addr, url := freeAddr(t), ""
	ready := make(chan struct{})
	serving := cli.System()
	out := &watched{until: "Enishi serves on http://" + addr, found: func() { close(ready) }}
	away, back := make(chan struct{}), make(chan struct{})
	log := &said{texts: map[string]func(){
		"Redis is away": sync.OnceFunc(func() { close(away) }), "Redis is back": sync.OnceFunc(func() { close(back) }),
	}}
	serving.Out, serving.Err, serving.Terminal = out, log, false
	serving.Env = func(name string) (string, bool) {
		if name == "ENISHI_REDIS_URL" {
			return s.URL, true
		}
		return "", false
	}
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run([]string{"serve", "--demo", "--addr", addr, "--data", filepath.Join(t.TempDir(), "data")}, serving)
	}()
	select {
	case <-ready:
		url = "http://" + addr
	case code := <-ended:
		t.Fatalf("serve = %d: %s", code, log.String())
	}
	token := signsUp(t, url)
	// shows waits: on a machine that others want, Redis may be away for a moment by the process's own bound.
	shows := func(lines ...string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; <-time.After(100 * time.Millisecond) {
			_, body := get(t, url+"/metrics")
			lacks := slices.IndexFunc(lines, func(line string) bool { return !strings.Contains(body, "\n"+line) })
			if lacks < 0 {
				return
			}
			if time.Now().After(end) {
				t.Errorf("/metrics does not show %q", lines[lacks])
				return
			}
			isKnown(t, url, token)
		}
	}
	shows("enishi_redis_up 1")
	for range 3 {
		isKnown(t, url, token)
	}
	shows("enishi_redis_up 1", `enishi_redis_calls_total{outcome="answered"} `)
	s.Kill()
	isKnown(t, url, token)
	await(t, "Redis is away", away)
	shows("enishi_redis_up 0")
	isKnown(t, url, token)
	s.Start()
	await(t, "Redis is back", back)
	isKnown(t, url, token)
	shows("enishi_redis_up 1")
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != 0 {
		t.Errorf("serve = %d: %s", code, log.String())
	}
}

// said is a log that tells when a text is written.
type said struct {
	watched
	texts map[string]func()
}

func (s *said) Write(b []byte) (int, error) {
	n, err := s.watched.Write(b)
	for text, found := range s.texts {
		if strings.Contains(string(b), text) {
			found()
		}
	}
	return n, err
}

func await(t *testing.T, what string, found chan struct{}) {
	t.Helper()
	select {
	case <-found:
	case <-time.After(time.Minute):
		t.Fatalf("the log does not say that %s", what)
	}
}

// asked sends a request that must be answered with success.
func asked(t *testing.T, method, url, token, body string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil || answer.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s %s = %d %s, %v", method, url, answer.StatusCode, text, err)
	}
	return text
}

func signsUp(t *testing.T, url string) (token string) {
	t.Helper()
	var out struct{ Token string }
	text := asked(t, http.MethodPost, url+"/api/v1/candidates", "", `{"email":"taro@example.jp","profile":{"residence":"13"},"wishes":{"all":[]}}`)
	if err := json.Unmarshal(text, &out); err != nil || out.Token == "" {
		t.Fatalf("a sign-up gives %s, %v", text, err)
	}
	return out.Token
}

func isKnown(t *testing.T, url, token string) {
	t.Helper()
	if text := asked(t, http.MethodGet, url+"/api/v1/me", token, ""); !strings.Contains(string(text), "weekly_limit") {
		t.Errorf("a person is %s", text)
	}
}
