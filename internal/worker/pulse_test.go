package worker

import (
	"testing"
	"time"
)

func TestPulse(t *testing.T) {
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	f := NewFollower(nil, nil)
	f.seen.Store(now.UnixNano())
	var ended int64
	var full bool
	p := NewPulse(f, func() (int64, bool) { return ended, full }, func() time.Time { return now })
	for _, step := range []struct {
		what    string
		after   time.Duration
		follows bool
		ended   int64
		full    bool
		wedged  bool
	}{
		{"nothing to do", time.Hour, true, 9, false, false},
		{"all busy", time.Second, true, 9, true, false},
		{"all busy for long, with others", 2 * time.Minute, true, 95, true, false},
		{"the same ones for a while", 59 * time.Second, true, 95, true, false},
		{"the same ones for too long", 2 * time.Second, true, 95, true, true},
		{"one came back", time.Second, true, 96, false, false},
		{"the follower stands still", 11 * time.Minute, false, 99, false, true},
		{"it goes on", time.Second, true, 99, false, false},
	} {
		now = now.Add(step.after)
		if step.follows {
			f.seen.Store(now.UnixNano())
		}
		ended, full = step.ended, step.full
		if what := p.Wedged(); (what != "") != step.wedged {
			t.Errorf("%s: %q", step.what, what)
		}
	}
}
