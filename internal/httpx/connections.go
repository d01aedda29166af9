package httpx

import (
	"container/list"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

// mostConnections bounds the connections that are open at once, and with them
// the requests that are never shed: each connection carries one. What one takes
// (its goroutine and buffers, some 20 KB) makes this 160 MB at worst; at 2,000
// requests a second the last of them all is answered within their 15 seconds of
// life.
const mostConnections = 8192

// crowded is from how many on those are closed that nothing is asked on.
const crowded = mostConnections * 15 / 16

// Bounded gives a listener that accepts no more while too many connections are
// open; those that come then wait in the system's queue, which is bounded too.
func Bounded(l net.Listener) net.Listener { return netutil.LimitListener(l, mostConnections) }

// idlers know the connections on which nothing is asked, and close the one that
// has been idle for longest whenever another comes while many are open: so nobody
// keeps others away, probes among them, by leaving connections open.
type idlers struct {
	log  *slog.Logger
	most int

	mu     sync.Mutex
	open   int
	idle   list.List // of net.Conn, the one that has been idle for longest in front
	at     map[net.Conn]*list.Element
	warned time.Time
}

func newIdlers(log *slog.Logger, most int) *idlers {
	return &idlers{log: log, most: most, at: map[net.Conn]*list.Element{}}
}

// note is http.Server.ConnState.
func (i *idlers) note(c net.Conn, state http.ConnState) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if e := i.at[c]; e != nil {
		i.idle.Remove(e)
		delete(i.at, c)
	}
	switch state {
	case http.StateNew:
		i.open++
		if i.open > i.most {
			i.makeRoom()
		}
	case http.StateIdle:
		i.at[c] = i.idle.PushBack(c)
	case http.StateClosed, http.StateHijacked:
		i.open--
	}
}

// makeRoom closes the connection that has been idle for longest; mu is held.
func (i *idlers) makeRoom() {
	if now := time.Now(); now.Sub(i.warned) > time.Minute {
		i.warned = now
		i.log.Warn("many connections are open: idle ones are closed", "open", i.open)
	}
	if e := i.idle.Front(); e != nil {
		c := i.idle.Remove(e).(net.Conn)
		delete(i.at, c)
		go c.Close() //nolint:errcheck // nobody waits for it; the server says StateClosed when it is
	}
}
