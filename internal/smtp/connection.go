package smtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/wneessen/go-mail"
	wire "github.com/wneessen/go-mail/smtp"
)

// connection is one to the server, past its greeting and sign-in. One letter at a
// time travels on it.
type connection struct {
	client *mail.Client
	wire   *wire.Client
	raw    net.Conn
	timer  *time.Timer // ends it while it is idle
	used   bool        // it was kept
}

// dial makes a connection and signs in.
func (s *Sender) dial(ctx context.Context) (*connection, error) {
	c := new(connection)
	var stop func() bool
	dial := func(dialing context.Context, _, _ string) (net.Conn, error) {
		conn, err := s.network(dialing, &c.raw)
		if c.raw == nil {
			return nil, err
		}
		stop = c.until(ctx)
		return conn, err
	}
	client, err := mail.NewClient(s.to.Host, s.options(dial)...)
	if err != nil {
		return nil, fmt.Errorf("prepare a connection: %w", err)
	}
	c.client = client
	c.wire, err = client.DialToSMTPClientWithContext(ctx)
	if stop != nil {
		stop()
	}
	if err != nil {
		if c.raw != nil {
			c.drop()
		}
		return nil, plain("connect", err)
	}
	return c, nil
}

// until closes the connection when ctx ends; stop lets it be.
func (c *connection) until(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, c.drop)
}

// send hands a letter over. One that was idle is asked first whether it still is one.
func (c *connection) send(ctx context.Context, m *mail.Msg) error {
	defer c.until(ctx)()
	if c.used {
		if err := errors.Join(c.wire.UpdateDeadline(patience), c.wire.Noop()); err != nil {
			return errStale
		}
	}
	return c.client.SendWithSMTPClient(c.wire, m)
}

// errStale says that a connection was closed while it was idle.
var errStale = errors.New("the connection is none any more")

// stale says whether a letter that failed on a connection which had been idle was
// certainly not taken, and may be on another.
func (c *connection) stale(err error) bool {
	var failed *mail.SendError
	return errors.Is(err, errStale) || errors.As(err, &failed) && failed.Reason == mail.ErrSMTPMailFrom && (failed.ErrorCode() == 0 || failed.ErrorCode() == 421)
}

// drop ends a connection that is of no use any more.
func (c *connection) drop() { c.raw.Close() } //nolint:errcheck // nothing is lost with it

// quit ends a connection in order.
func (c *connection) quit() {
	if c.wire.UpdateDeadline(time.Second) == nil {
		c.wire.Quit() //nolint:errcheck // it is over either way
	}
	c.drop()
}

// take gives the connection that was used last, or nil.
func (s *Sender) take() *connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := len(s.idle); n > 0; n = len(s.idle) {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		if c.timer.Stop() {
			return c
		}
	}
	return nil
}

// keep lets a connection be used again for a while.
func (s *Sender) keep(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.drop()
		return
	}
	c.used = true
	c.timer = time.AfterFunc(idleTime, func() {
		s.mu.Lock()
		s.idle = slices.DeleteFunc(s.idle, func(other *connection) bool { return other == c })
		s.mu.Unlock()
		c.quit()
	})
	s.idle = append(s.idle, c)
}
