package verify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// mostAnswer is how much of an answer is read.
const mostAnswer = 8 << 20

// call sends a JSON request and expects a status; into, if not nil, takes the body.
func (s *Suite) call(ctx context.Context, method, path, token string, body any, status int, into any) error {
	got, text, err := s.ask(ctx, method, path, body, map[string]string{"Authorization": "Bearer " + token})
	if err != nil {
		return err
	}
	if got != status {
		return fmt.Errorf("%s %s answers %d instead of %d%s", method, path, got, status, detail(text))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s %s answers %d with what is not the JSON that was expected: %w", method, path, got, err)
	}
	return nil
}

// page reads a page as somebody who is signed in by a token, or nobody.
func (s *Suite) pageOf(ctx context.Context, path, token string) (string, error) {
	header := map[string]string{"Accept-Language": "ja"}
	if token != "" {
		header["Cookie"] = "enishi_session=" + token
	}
	status, text, err := s.ask(ctx, http.MethodGet, path, nil, header)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("GET %s answers %d instead of 200%s", path, status, detail(text))
	}
	return string(text), err
}

// ask sends a request; the trial's key is with all of them.
func (s *Suite) ask(ctx context.Context, method, path string, body any, header map[string]string) (status int, text []byte, err error) {
	within, stop := context.WithTimeout(ctx, s.o.Patience)
	defer stop()
	r, err := s.request(within, method, path, body, header)
	if err != nil {
		return 0, nil, err
	}
	answer, err := s.client.Do(r)
	if err == nil {
		defer answer.Body.Close() //nolint:errcheck // it is only read
		status = answer.StatusCode
		text, err = io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	}
	if err != nil {
		return status, nil, s.unanswered(method, path, err)
	}
	return status, text, nil
}

func (s *Suite) request(ctx context.Context, method, path string, body any, header map[string]string) (*http.Request, error) {
	var from io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("write a request: %w", err)
		}
		from = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.o.URL+path, from)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	for name, value := range header {
		if value != "Bearer " {
			r.Header.Set(name, value)
		}
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if s.trial.Key != "" {
		r.Header.Set("Enishi-Trial", s.trial.Key)
	}
	return r, nil
}

// unanswered says why there is no answer.
func (s *Suite) unanswered(method, path string, err error) error {
	var slow net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &slow) && slow.Timeout() {
		return fmt.Errorf("%s %s has no answer after %s", method, path, s.o.Patience)
	}
	var deep *net.OpError
	if errors.As(err, &deep) {
		err = deep
	}
	return fmt.Errorf("%s %s: %w", method, path, err)
}

// detail is what a refusal says of itself.
func detail(text []byte) string {
	var p struct {
		Detail string `json:"detail"`
		Errors []struct{ Pointer, Found, Allowed string }
	}
	if json.Unmarshal(text, &p) != nil || p.Detail == "" {
		return ""
	}
	for _, e := range p.Errors {
		p.Detail += fmt.Sprintf("; %s: found %s, accepted: %s", e.Pointer, e.Found, e.Allowed)
	}
	return ": " + p.Detail
}

// eventually tries until something holds, and gives the last error when the
// patience is over.
func (s *Suite) eventually(ctx context.Context, try func() error) error {
	const every = 200 * time.Millisecond
	until := s.o.Now().Add(s.o.Patience)
	for {
		err := try()
		if err == nil || s.o.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(every):
		}
	}
}

// stream is an open stream of live events.
type stream struct {
	events chan event
	close  func()
}

type event struct{ kind, data string }

// listen opens the live events of somebody.
func (s *Suite) listen(ctx context.Context, token string) (*stream, error) {
	within, stop := context.WithCancel(ctx)
	r, err := s.request(within, http.MethodGet, "/live", nil, map[string]string{"Accept": "text/event-stream", "Cookie": "enishi_session=" + token})
	if err != nil {
		stop()
		return nil, err
	}
	answer, err := s.client.Do(r) //nolint:bodyclose // who reads the stream closes it
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.Join(fmt.Errorf("GET /live answers %d instead of 200", answer.StatusCode), answer.Body.Close())
	}
	if err != nil {
		stop()
		return nil, s.unanswered(http.MethodGet, "/live", err)
	}
	ended := make(chan struct{})
	out := &stream{events: make(chan event, 64), close: func() { stop(); <-ended }}
	here := make(chan struct{})
	go func() {
		defer close(ended)
		defer answer.Body.Close() //nolint:errcheck // it is only read
		out.read(within, answer.Body, here)
	}()
	if err := begun(here, ended, s.o.Patience); err != nil { // what happens before it listens is not told
		out.close()
		return nil, err
	}
	return out, nil
}

// begun waits for the first line of a stream, after which here is closed. One may have ended by
// the time that somebody looks, as those do that say no more than to read again.
func begun(here, ended <-chan struct{}, patience time.Duration) error {
	var failed error
	select {
	case <-here:
	case <-ended:
		failed = errors.New("GET /live ends before it has begun")
	case <-time.After(patience):
		failed = fmt.Errorf("GET /live says nothing in %s: something on the way keeps events to itself", patience)
	}
	select { // of two that are ready, either may have been taken
	case <-here:
		return nil
	default:
		return failed
	}
}

// read reads events until the stream ends; here is closed at the first line.
func (t *stream) read(ctx context.Context, from io.Reader, here chan<- struct{}) {
	defer close(t.events)
	lines := bufio.NewScanner(from)
	began, now := false, event{}
	for lines.Scan() {
		if !began {
			began = true
			close(here)
		}
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case name == "event":
			now.kind = value
		case name == "data":
			now.data = value
		case lines.Text() == "" && now.kind != "":
			select {
			case t.events <- now:
			case <-ctx.Done():
				return
			}
			now = event{}
		}
	}
}
