package worker

import (
	"fmt"
	"sync"
	"time"
)

// Pulse says whether a process is wedged, so that whoever watches it starts it
// anew: its follower stands still, or every connection for writing is lent and
// none comes back. A database that is away is no reason: all calls end then. It
// is safe for concurrent use.
type Pulse struct {
	follower *Follower
	writers  func() (ended int64, full bool)
	now      func() time.Time

	mu    sync.Mutex
	ended int64     // transactions that had ended when it was last asked
	moved time.Time // when one had last ended, or there was a connection left
}

// NewPulse gives the pulse of a process. writers says how many transactions that
// write have ended, and whether every connection for them is lent.
func NewPulse(f *Follower, writers func() (ended int64, full bool), now func() time.Time) *Pulse {
	return &Pulse{follower: f, writers: writers, now: now, moved: now()}
}

// Longer than anything takes: a statement that writes is ended after 15 seconds,
// and following the log from far behind, or loading it all again, takes minutes
// at most.
const (
	wedgedWriters  = time.Minute
	wedgedFollower = 10 * time.Minute
)

// Wedged says what stands still, "" if nothing does.
func (p *Pulse) Wedged() string {
	now := p.now()
	if since := now.Sub(p.follower.lastSeen()); since > wedgedFollower {
		return fmt.Sprintf("the log has not been followed for %s", since.Round(time.Second))
	}
	ended, full := p.writers()
	p.mu.Lock()
	defer p.mu.Unlock()
	if ended != p.ended || !full {
		p.ended, p.moved = ended, now
	}
	if since := now.Sub(p.moved); since > wedgedWriters {
		return fmt.Sprintf("no transaction that writes has ended for %s", since.Round(time.Second))
	}
	return ""
}
