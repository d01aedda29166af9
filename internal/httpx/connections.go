package httpx

import (
	"net"

	"golang.org/x/net/netutil"
)

// mostConnections bounds the connections that are open at once, and with them
// the requests that are never shed: each connection carries one. What one takes
// (its goroutine and buffers, some 20 KB) makes this 160 MB at worst; at 2,000
// requests a second the last of them all is answered within their 15 seconds of
// life.
const mostConnections = 8192

// Bounded gives a listener that accepts no more while too many connections are
// open; those that come then wait in the system's queue, which is bounded too.
func Bounded(l net.Listener) net.Listener { return netutil.LimitListener(l, mostConnections) }
