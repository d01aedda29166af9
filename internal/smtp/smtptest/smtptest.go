// Package smtptest runs an SMTP server on 127.0.0.1 that keeps what it is sent, and
// refuses, holds up or breaks off as a test says.
package smtptest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Step is where a test decides what becomes of a letter.
type Step string

// The steps: the sender, the receiver, when the text begins, and when it is taken.
const (
	From  Step = "MAIL FROM"
	To    Step = "RCPT TO"
	Data  Step = "DATA"
	Taken Step = "taken"
)

// ErrCut breaks the connection off, without an answer.
var ErrCut = errors.New("cut")

// Options are what a server is like.
type Options struct {
	User, Password string // empty: nobody signs in
	StartTLS       bool   // it offers TLS
	Implicit       bool   // it speaks TLS from the first byte
	// Decide says how a step is answered: nil with success, an *smtp.SMTPError with
	// that, ErrCut not at all. At Taken the letter is kept whatever it says.
	Decide func(Step, string) error
}

// Letter is a letter that the server took.
type Letter struct {
	From, To  string
	Raw       []byte
	Encrypted bool
	User      string
}

// Message reads it.
func (l *Letter) Message(t testing.TB) *mail.Message {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(l.Raw))
	if err != nil {
		t.Fatalf("read a letter: %v\n%s", err, l.Raw)
	}
	return m
}

// Server is a running server.
type Server struct {
	Addr string
	CA   string // file of the authority of its certificate
	tls  *tls.Config
	o    Options
	stop func()

	mu      sync.Mutex
	letters []Letter
	opened  map[string]bool // connections, by where they came from
	came    chan struct{}
}

// Start starts a server, which ends with the test. Addr "" takes a free port.
func Start(t testing.TB, addr string, o Options) *Server {
	t.Helper()
	s := &Server{o: o, opened: map[string]bool{}, came: make(chan struct{}, 10_000)}
	s.tls, s.CA = certificate(t)
	s.Listen(t, addr)
	t.Cleanup(func() { s.stop() })
	return s
}

// Listen begins to listen, for the first time or after Stop.
func (s *Server) Listen(t testing.TB, addr string) {
	t.Helper()
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatalf("listen for mail: %v", err)
	}
	s.Addr = l.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		s.opened[c.Conn().RemoteAddr().String()] = true
		s.mu.Unlock()
		return &session{server: s, conn: c}, nil
	}))
	server.Domain, server.EnableSMTPUTF8 = "localhost", true
	server.ErrorLog = log.New(io.Discard, "", 0)
	if s.o.StartTLS {
		server.TLSConfig = s.tls
	}
	if s.o.Implicit {
		l = tls.NewListener(l, s.tls)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // until it is closed
	}()
	s.stop = func() {
		_ = server.Close() // it may have been stopped
		_ = l.Close()      // which it does not know if it has not begun
		<-ended
	}
}

// Stop ends the server and its connections.
func (s *Server) Stop() { s.stop() }

// Letters gives what was taken so far.
func (s *Server) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Letter(nil), s.letters...)
}

// Opened gives how many connections were made.
func (s *Server) Opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.opened)
}

// Came is signalled for each letter that is taken.
func (s *Server) Came() <-chan struct{} { return s.came }

type session struct {
	server *Server
	conn   *smtp.Conn
	letter Letter
}

var _ smtp.AuthSession = (*session)(nil)

func (s *session) AuthMechanisms() []string {
	if s.server.o.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.o.User || password != s.server.o.Password {
			return smtp.ErrAuthFailed
		}
		s.letter.User = user
		return nil
	}), nil
}

func (s *session) decide(step Step, about string) error {
	if s.server.o.Decide == nil {
		return nil
	}
	err := s.server.o.Decide(step, about)
	if errors.Is(err, ErrCut) {
		s.conn.Conn().Close() //nolint:errcheck // that is what was asked for
	}
	return err
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.o.User != "" && s.letter.User == "" {
		return smtp.ErrAuthRequired
	}
	_, s.letter.Encrypted = s.conn.TLSConnectionState()
	s.letter.From = from
	return s.decide(From, from)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.letter.To = to
	return s.decide(To, to)
}

func (s *session) Data(r io.Reader) error {
	if err := s.decide(Data, s.letter.To); err != nil {
		return err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	letter := s.letter
	letter.Raw = raw
	s.server.mu.Lock()
	s.server.letters = append(s.server.letters, letter)
	s.server.mu.Unlock()
	select {
	case s.server.came <- struct{}{}:
	default: // nobody counts so many
	}
	return s.decide(Taken, s.letter.To)
}

func (s *session) Reset() { s.letter = Letter{User: s.letter.User} }

func (s *session) Logout() error { return nil }

// certificate makes one for 127.0.0.1, which is its own authority.
func certificate(t testing.TB) (config *tls.Config, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "mail.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, file
}
