package onehost

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Request is one that a load has sent.
type Request struct {
	What       string
	Begin, End time.Time
	Failure    string // empty: answered with success
}

// Load asks pages, and signs people up, at an even pace from outside.
type Load struct {
	base   string
	client *http.Client
	stop   context.CancelFunc
	open   sync.WaitGroup

	mu   sync.Mutex
	sent []Request
}

// pace gives 10 readings of a page and 5 of the API, and 5 sign-ups, a second.
const pace = 50 * time.Millisecond

// NewLoad begins a load, which goes on until Stop.
func NewLoad(ctx context.Context, base string) *Load {
	ctx, stop := context.WithCancel(ctx)
	l := &Load{base: base, stop: stop, client: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	l.open.Go(func() {
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			l.open.Go(func() { l.send(n) })
		}
	})
	return l
}

// Stop ends the load and gives every request, once all are answered.
func (l *Load) Stop() []Request {
	l.stop()
	l.open.Wait()
	l.client.CloseIdleConnections()
	return l.sent
}

func (l *Load) send(n int) {
	var body []byte
	method, path := http.MethodGet, "/"
	switch n % 4 {
	case 1:
		path = "/api/v1/status"
	case 3:
		method, path = http.MethodPost, "/api/v1/candidates"
		body = fmt.Appendf(nil, signUp, n, time.Now().UnixNano())
	}
	r := Request{What: method + " " + path, Begin: time.Now()}
	r.Failure = l.ask(method, path, body)
	r.End = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, r)
}

func (l *Load) ask(method, path string, body []byte) string {
	r, err := http.NewRequestWithContext(context.Background(), method, l.base+path, bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := l.client.Do(r)
	if err != nil {
		return err.Error()
	}
	said, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // read to its end
	if err != nil {
		return err.Error()
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Sprintf("%s: %.200s", answer.Status, said)
	}
	return ""
}

// signUp is a person whom rules may want.
const signUp = `{"email": "load-%d-%d@example.jp", "password": "enishi-load-1", ` +
	`"profile": {"occupation": [{"code": "0312", "min": 5}], "skill": [{"code": "go", "min": 4}], "residence": "13", "pay": 520}, ` +
	`"wishes": {"all": [{"field": "pay_max", "min": 550}]}}`
