package fleet_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"enishi/internal/fleet"
)

// echo answers each line with its own name before it.
func echo(t *testing.T, name string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				lines := bufio.NewScanner(c)
				for lines.Scan() {
					fmt.Fprintf(c, "%s %s\n", name, lines.Text())
				}
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

// line is a connection on which a test says something and hears an answer.
type line struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, addr string) *line {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &line{t, c, bufio.NewReader(c)}
}

func (l *line) says(text, want string) {
	l.t.Helper()
	if _, err := fmt.Fprintln(l, text); err != nil {
		l.t.Fatal(err)
	}
	l.hears(want)
}

func (l *line) hears(want string) {
	l.t.Helper()
	if got, err := l.in.ReadString('\n'); err != nil || got != want+"\n" {
		l.t.Fatalf("heard %q, %v; want %q", got, err, want)
	}
}

func (l *line) isOver() {
	l.t.Helper()
	if got, err := l.in.ReadString('\n'); err == nil {
		l.t.Fatalf("heard %q on a connection that was cut", got)
	}
}

func TestLink(t *testing.T) {
	link := fleet.NewLink(t, echo(t, "a"))
	old := dial(t, link.Addr())
	old.says("1", "a 1")
	link.Point(echo(t, "b"))
	dial(t, link.Addr()).says("2", "b 2")
	old.says("3", "a 3")
	if n := link.Cut(); n != 2 {
		t.Errorf("%d connections were cut, want 2", n)
	}
	old.isOver()
	link.Refuse()
	dial(t, link.Addr()).isOver()
	link.Accept()
	dial(t, link.Addr()).says("4", "b 4")
}

// TestLinkStall holds that bytes wait, and that none is lost.
func TestLinkStall(t *testing.T) {
	link := fleet.NewLink(t, echo(t, "a"))
	l := dial(t, link.Addr())
	l.says("1", "a 1")
	link.Stall()
	if _, err := io.WriteString(l, "2\n3\n"); err != nil {
		t.Fatal(err)
	}
	var late net.Error
	if err := l.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if got, err := l.in.ReadString('\n'); !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("while it stalls: heard %q, %v", got, err)
	}
	if err := l.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	link.Resume()
	l.hears("a 2")
	l.hears("a 3")
}

// TestLinkEnd holds that the end of one direction is handed on, and the rest
// of the other still comes.
func TestLinkEnd(t *testing.T) {
	link := fleet.NewLink(t, echo(t, "a"))
	l := dial(t, link.Addr())
	if _, err := io.WriteString(l, "1\n2\n"); err != nil {
		t.Fatal(err)
	}
	if err := l.Conn.(*net.TCPConn).CloseWrite(); err != nil { //nolint:forcetypeassert // dialled so
		t.Fatal(err)
	}
	if got, err := io.ReadAll(l.in); err != nil || string(got) != "a 1\na 2\n" {
		t.Errorf("heard %q, %v", got, err)
	}
}

// TestLinkSlow holds that what is sent arrives later, and then as before again.
func TestLinkSlow(t *testing.T) {
	const delay = 50 * time.Millisecond
	link := fleet.NewLink(t, echo(t, "a"))
	l := dial(t, link.Addr())
	link.Slow(delay)
	start := time.Now()
	l.says("1", "a 1")
	if took := time.Since(start); took < 2*delay {
		t.Errorf("there and back took %s, want at least %s", took, 2*delay)
	}
	link.Slow(0)
	l.says("2", "a 2")
}
