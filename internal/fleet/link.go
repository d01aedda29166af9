package fleet

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Link stands between two sides that speak over TCP and does to their
// connections what networks do: cut them, let them stand still, lead elsewhere,
// refuse. No byte is lost on a connection that lives. Any number of goroutines
// may use it.
type Link struct {
	listener net.Listener

	mu       sync.Mutex
	upstream string
	refusing bool
	still    chan struct{} // closed when bytes may pass; nil: they may
	delay    time.Duration // of what passes, in each direction
	open     map[*crossing]bool
	all      sync.WaitGroup
}

// crossing is a connection through a link: both its ends.
type crossing struct{ client, server net.Conn }

// cut ends both sides at once, with what is on the way.
func (c *crossing) cut() {
	for _, side := range []net.Conn{c.client, c.server} {
		if tcp, ok := side.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // it may have ended
		}
		_ = side.Close()
	}
}

// NewLink gives a link to an address that leads there at once, and ends with
// the test.
func NewLink(t testing.TB, upstream string) *Link {
	t.Helper()
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen for a link to %s: %v", upstream, err)
	}
	l := &Link{listener: listener, upstream: upstream, open: map[*crossing]bool{}}
	l.all.Go(l.accept)
	t.Cleanup(func() {
		_ = l.listener.Close()
		l.Resume()
		l.Cut()
		l.all.Wait()
	})
	return l
}

// Addr gives the address that leads through the link.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Point leads new connections elsewhere; the others stay until they are cut.
func (l *Link) Point(upstream string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.upstream = upstream
}

// Cut resets all connections, wherever their bytes are, and gives how many.
func (l *Link) Cut() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.cut()
	}
	return len(l.open)
}

// Refuse cuts all connections, and each new one as it comes, until Accept.
func (l *Link) Refuse() {
	l.mu.Lock()
	l.refusing = true
	l.mu.Unlock()
	l.Cut()
}

// Accept ends Refuse.
func (l *Link) Accept() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusing = false
}

// Stall lets every byte wait until Resume; connections are still taken.
func (l *Link) Stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.still == nil {
		l.still = make(chan struct{})
	}
}

// Resume ends Stall.
func (l *Link) Resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.still != nil {
		close(l.still)
		l.still = nil
	}
}

// Slow lets what is sent at once arrive that much later, in each direction; 0
// ends it.
func (l *Link) Slow(delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = delay
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return // the test is over
		}
		l.all.Go(func() { l.lead(client) })
	}
}

// lead carries a connection until either side ends.
func (l *Link) lead(client net.Conn) {
	l.mu.Lock()
	upstream, refusing := l.upstream, l.refusing
	l.mu.Unlock()
	if refusing {
		_ = client.Close()
		return
	}
	server, err := net.Dial("tcp", upstream) //nolint:noctx // nothing here is slow to refuse
	if err != nil {
		_ = client.Close() // as the other side would
		return
	}
	c := &crossing{client, server}
	l.mu.Lock()
	l.open[c] = true
	if l.refusing {
		c.cut()
	}
	l.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { l.carry(server, client) })
	both.Go(func() { l.carry(client, server) })
	both.Wait()
	_ = client.Close()
	_ = server.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

// carry copies one direction, and hands its end on.
func (l *Link) carry(to, from net.Conn) {
	_, err := io.Copy(passing{l, to}, from)
	if tcp, ok := to.(*net.TCPConn); ok && err == nil {
		_ = tcp.CloseWrite() // the other direction may have more to say
		return
	}
	_ = to.Close()
	_ = from.Close()
}

// passing writes when the link lets bytes pass.
type passing struct {
	l  *Link
	to net.Conn
}

func (p passing) Write(b []byte) (int, error) {
	p.l.mu.Lock()
	still, delay := p.l.still, p.l.delay
	p.l.mu.Unlock()
	if delay > 0 {
		time.Sleep(delay)
	}
	if still != nil {
		<-still
	}
	return p.to.Write(b)
}
