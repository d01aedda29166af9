package drill

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"enishi/internal/alarm"
	"enishi/internal/fleet"
)

// mailbox is a mail server that keeps what it is sent.
type mailbox struct {
	addr string

	mu   sync.Mutex
	said map[told]int
}

// told is what somebody was told of an alarm.
type told struct {
	box    string // who: oncall or tickets
	status string
	alarm  string
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &mailbox{addr: l.Addr().String(), said: map[told]int{}}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			go func() {
				defer func() { _ = c.Close() }()
				if err := b.serve(c); err != nil && t.Context().Err() == nil {
					t.Errorf("take a mail: %v", err)
				}
			}()
		}
	}()
	return b
}

// serve speaks SMTP, as far as the Alertmanager does.
func (b *mailbox) serve(c net.Conn) error {
	in := bufio.NewReader(c)
	say := func(line string) { _, _ = fmt.Fprintf(c, "%s\r\n", line) } // it may have left
	say("220 drill")
	to := ""
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil //nolint:nilerr // it has left
		}
		command := strings.ToUpper(strings.TrimSpace(line))
		switch {
		case strings.HasPrefix(command, "RCPT TO:"):
			to, _, _ = strings.Cut(strings.Trim(strings.TrimSpace(line)[len("RCPT TO:"):], " <>"), "@")
			say("250 ok")
		case command == "DATA":
			say("354 go on")
			var text strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return err
				}
				if line == ".\r\n" {
					break
				}
				text.WriteString(strings.TrimPrefix(line, "."))
			}
			if err := b.keep(to, text.String()); err != nil {
				return err
			}
			say("250 kept")
		case command == "QUIT":
			say("221 bye")
			return nil
		default:
			say("250 ok")
		}
	}
}

// keep notes which alarms a mail tells of: lines of "firing: NAME".
func (b *mailbox) keep(to, text string) error {
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return err
	}
	_, p, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	for parts := multipart.NewReader(m.Body, p["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err == io.EOF { //nolint:errorlint // as it is documented
			return nil
		}
		if err != nil {
			return err
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return err
		}
		b.note(to, string(body))
	}
}

func (b *mailbox) note(to, body string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(body) {
		for _, status := range []string{firing, resolved} {
			if rest, ok := strings.CutPrefix(line, status+": "); ok {
				name, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
				b.said[told{to, status, name}]++
			}
		}
	}
}

func (b *mailbox) all() map[told]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[told]int{}
	for k, n := range b.said {
		out[k] = n
	}
	return out
}

// What somebody is told of an alarm.
const (
	firing   = "firing"
	resolved = "resolved"
)

// await waits until whoever it concerns was told what became of alarms, and
// expects that nobody else was.
func (b *mailbox) await(t *testing.T, status string, list []alarm.Alarm) {
	t.Helper()
	const limit = time.Minute // the Alertmanager's group_interval, and then some
	boxes := map[alarm.Severity]string{alarm.Page: "oncall", alarm.Ticket: "tickets"}
	deadline := time.Now().Add(limit)
	for _, a := range list {
		for b.all()[told{boxes[a.Severity], status, a.Name}] == 0 {
			if time.Now().After(deadline) {
				t.Fatalf("%s was not told that %s is %s; told was %v", boxes[a.Severity], a.Name, status, b.all())
			}
			fleet.Wait(t, 200*time.Millisecond)
		}
		for box := range b.all() {
			if box.alarm == a.Name && box.box != boxes[a.Severity] {
				t.Errorf("%s was told of %s", box.box, a.Name)
			}
		}
	}
}
