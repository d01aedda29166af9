package drill

import (
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"strings"
	"sync"
	"testing"
	"time"

	"enishi/internal/alarm"
	"enishi/internal/fleet"
	"enishi/internal/smtp/smtptest"
)

// mailbox reads what the Alertmanager sends.
type mailbox struct {
	t      *testing.T
	server *smtptest.Server

	mu   sync.Mutex
	read int // letters
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
	return &mailbox{t: t, server: smtptest.Start(t, "", smtptest.Options{}), said: map[told]int{}}
}

// all gives what was told so far.
func (b *mailbox) all() map[told]int {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	letters := b.server.Letters()
	for i := range letters[b.read:] {
		if err := b.keep(&letters[b.read+i]); err != nil {
			b.t.Errorf("read a letter: %v", err)
		}
	}
	b.read = len(letters)
	return maps.Clone(b.said)
}

// keep notes which alarms a letter tells of: lines of "firing: NAME".
func (b *mailbox) keep(l *smtptest.Letter) error {
	m := l.Message(b.t)
	to, _, _ := strings.Cut(l.To, "@")
	_, p, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	for parts := multipart.NewReader(m.Body, p["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
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
	for line := range strings.Lines(body) {
		for _, status := range []string{firing, resolved} {
			if rest, ok := strings.CutPrefix(line, status+": "); ok {
				name, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
				b.said[told{to, status, name}]++
			}
		}
	}
}

// What somebody is told of an alarm.
const (
	firing   = "firing"
	resolved = "resolved"
)

// await waits until whoever it concerns was told what became of alarms, more often than
// had been told before, and expects that nobody else was.
func (b *mailbox) await(t *testing.T, status string, list []alarm.Alarm, before map[told]int) {
	t.Helper()
	const limit = time.Minute // the Alertmanager's group_interval, and then some
	boxes := map[alarm.Severity]string{alarm.Page: "oncall", alarm.Ticket: "tickets"}
	deadline := time.Now().Add(limit)
	for _, a := range list {
		what := told{boxes[a.Severity], status, a.Name}
		for b.all()[what] <= before[what] {
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
