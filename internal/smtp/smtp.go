// Package smtp sends letters by an SMTP server that sends them on: submission with a
// password over TLS (RFC 6409, RFC 8314), or a relay of one's own without either.
//
// It gives no promise of its own that a letter arrives once: a connection that is
// cut after the text was handed over leaves open whether the server has it, so the
// error says to try again, and the letter has the same Message-ID then. What it
// refuses for good, with market.ErrRefused, are letters that the server answers with
// 5xx once it knows to whom they go or what they say; whatever it says before that
// is about this installation, which an operator can mend. No error holds an address,
// nor what the server said, which often repeats one: its codes are enough.
//
// A Sender keeps idle connections for half a minute and is safe for concurrent use.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"

	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// Sender sends by one server. Close it when it is not used any more.
type Sender struct {
	to     config.Mail
	tls    *tls.Config
	domain string // of the sender's address

	mu     sync.Mutex
	idle   []*connection
	closed bool
}

var _ market.Mailer = (*Sender)(nil)

// Open prepares to send by a server. It does not ask it: a server that is away must
// keep nobody from starting. A file of authorities that is of no use is Invalid.
func Open(to config.Mail) (*Sender, error) {
	s := &Sender{to: to, tls: &tls.Config{ServerName: to.Host, MinVersion: tls.VersionTLS12}}
	// Where encryption is taken if it is offered, whoever could show a certificate of
	// their own could as well take away the offer.
	s.tls.InsecureSkipVerify = to.TLS == config.TLSOpportunistic
	if to.CA != "" {
		text, err := os.ReadFile(to.CA)
		if err != nil {
			return nil, errs.Wrap(errs.Invalid, "the authorities that ENISHI_MAIL_URL names cannot be read", err)
		}
		s.tls.RootCAs = x509.NewCertPool()
		if !s.tls.RootCAs.AppendCertsFromPEM(text) {
			return nil, errs.New(errs.Invalid, "the file "+to.CA+" that ENISHI_MAIL_URL names holds no certificate in PEM")
		}
	}
	_, s.domain, _ = strings.Cut(to.From.Address, "@")
	return s, nil
}

// Send hands a letter to the server, within the time of ctx. A connection that was
// idle may have been closed by the server, so another is tried at once where it
// cannot have taken the letter.
func (s *Sender) Send(ctx context.Context, l *market.Letter) error {
	m, err := s.message(l)
	if err != nil {
		return err
	}
	if c := s.take(); c != nil {
		err := c.send(ctx, m)
		if err == nil || !c.stale(err) {
			return s.done(c, m, err)
		}
		c.drop()
	}
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	return s.done(c, m, c.send(ctx, m))
}

// done keeps the connection if it is of use, and says in our words what came of it.
func (s *Sender) done(c *connection, m *mail.Msg, err error) error {
	if err == nil {
		s.keep(c)
		return nil
	}
	c.drop()
	if m.IsDelivered() { // the server has it, and broke off afterwards
		return nil
	}
	return why(err)
}

// step is what was being done when the server answered, in its own words.
func step(r mail.SendErrReason) string {
	switch r {
	case mail.ErrSMTPMailFrom:
		return "MAIL FROM"
	case mail.ErrSMTPRcptTo:
		return "RCPT TO"
	case mail.ErrSMTPData:
		return "DATA"
	case mail.ErrWriteContent, mail.ErrSMTPDataClose:
		return "the end of DATA"
	case mail.ErrConnCheck:
		return "NOOP"
	}
	return "an exchange"
}

// why says why a letter was not taken.
func why(err error) error {
	var failed *mail.SendError
	if !errors.As(err, &failed) {
		return plain("send", err)
	}
	at := step(failed.Reason)
	code := failed.ErrorCode()
	if code == 0 {
		return fmt.Errorf("the connection was cut at %s: nobody knows whether the letter was taken", at)
	}
	text := strconv.Itoa(code)
	if more := failed.EnhancedStatusCode(); more != "" {
		text += " " + more
	}
	if code < 500 || failed.Reason == mail.ErrSMTPMailFrom {
		return fmt.Errorf("the server answers %s at %s", text, at)
	}
	return fmt.Errorf("%w: the server answers %s at %s", market.ErrRefused, text, at)
}

// plain keeps what a server wrote out of an error, but its code.
func plain(what string, err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return fmt.Errorf("%s: the server answers %d", what, answer.Code)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// message gives a letter as it travels: plain text in UTF-8, as base64, so that no
// line is too long whatever the language.
func (s *Sender) message(l *market.Letter) (*mail.Msg, error) {
	m := mail.NewMsg(mail.WithEncoding(mail.EncodingB64), mail.WithCharset(mail.CharsetUTF8), mail.WithNoDefaultUserAgent())
	if err := m.FromFormat(s.to.From.Name, s.to.From.Address); err != nil {
		return nil, errors.New("ENISHI_MAIL_FROM is no address that can be sent from")
	}
	if err := m.To(l.To); err != nil {
		return nil, fmt.Errorf("%w: the address is none", market.ErrRefused)
	}
	m.SetMessageIDWithValue(l.ID + "@" + s.domain)
	m.SetDateWithValue(l.At)
	m.Subject(l.Subject)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nothing answers by itself
	if l.EndsAt != "" {
		m.SetListUnsubscribe(l.EndsAt)
	}
	m.SetBodyString(mail.TypeTextPlain, l.Body)
	return m, nil
}

// options are how a connection is made.
func (s *Sender) options(dial mail.DialContextFunc) []mail.Option {
	policy := mail.NoTLS // of STARTTLS
	switch s.to.TLS {
	case config.TLSRequired:
		policy = mail.TLSMandatory
	case config.TLSOpportunistic:
		policy = mail.TLSOpportunistic
	case config.TLSImplicit, config.TLSOff:
	}
	list := []mail.Option{
		mail.WithPort(s.to.Port), mail.WithTLSPolicy(policy), mail.WithTLSConfig(s.tls), mail.WithTimeout(patience),
		mail.WithDialContextFunc(dial), mail.WithoutNoop(), // we ask ourselves, before a connection is used again
	}
	if s.to.TLS == config.TLSImplicit {
		list = append(list, mail.WithSSL())
	}
	if s.to.User != "" {
		list = append(list, mail.WithUsername(s.to.User), mail.WithPassword(string(s.to.Password)),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5))
	}
	return list
}

// network dials the server, encrypted from the first byte if that is asked for, and
// gives the connection below too, which is closed to end whatever goes on.
func (s *Sender) network(ctx context.Context, raw *net.Conn) (net.Conn, error) {
	var d net.Dialer
	var err error
	if *raw, err = d.DialContext(ctx, "tcp", s.to.Address()); err != nil || s.to.TLS != config.TLSImplicit {
		return *raw, err
	}
	encrypted := tls.Client(*raw, s.tls)
	return encrypted, encrypted.HandshakeContext(ctx)
}

// Close ends the connections that are idle, and lets none be kept any more.
func (s *Sender) Close() error {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	s.mu.Unlock()
	for _, c := range idle {
		if c.timer.Stop() {
			c.quit()
		}
	}
	return nil
}

// How long a step may take, and how long a connection may be idle: servers close
// them after some minutes, and count them meanwhile.
const (
	patience = 12 * time.Second
	idleTime = 30 * time.Second
)
