package mysql_test

import (
	"bytes"
	"context"
	"net"
	"syscall"
	"testing"

	"enishi/internal/errs"
	"enishi/internal/store/mysql"
)

// greeted is a connection that is cut when the server has greeted.
type greeted struct {
	net.Conn
	greeting *bytes.Reader
}

func (g *greeted) Read(b []byte) (int, error) { return g.greeting.Read(b) }
func (*greeted) Write([]byte) (int, error)    { return 0, syscall.EPIPE }

// TestCutSignIn cuts a connection between the server's greeting and the answer
// to it: the database does not answer, which is no fault of the program's.
func TestCutSignIn(t *testing.T) {
	// Protocol::HandshakeV10 of the servers' manuals, behind length and number.
	greeting := bytes.Join([][]byte{
		{10},
		[]byte("10.11\x00"),
		{1, 0, 0, 0},
		[]byte("12345678"),
		{0},
		{0xff, 0xf7},
		{45},
		{2, 0},
		{0xff, 0x81},
		{21},
		make([]byte, 10), []byte("123456789012"),
		{0},
		[]byte("mysql_native_password\x00"),
	}, nil)
	packet := append([]byte{byte(len(greeting)), 0, 0, 0}, greeting...)
	err := mysql.Dial(t.Context(), func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		t.Cleanup(func() { _ = server.Close() })
		return &greeted{Conn: client, greeting: bytes.NewReader(packet)}, nil
	})
	if f := mysql.Classify(err); f.Kind != errs.Busy || !f.Retry || f.Lost {
		t.Errorf("cut while signing in: %v is %+v, want Busy, to be tried again", err, f)
	}
}
