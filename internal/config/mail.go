package config

import (
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"enishi/internal/errs"
)

// Mail says which server takes mails to be sent on, and in whose name.
type Mail struct {
	Host     string // empty: there is none, and mails wait at /dev/mail
	Port     int
	TLS      MailTLS
	CA       string // file of the authorities that its certificate may come from; empty: the system's
	User     string // empty: nobody signs in
	Password Secret
	From     mail.Address // who the mails are from
}

// MailTLS says how a connection to a mail server is encrypted.
type MailTLS string

// The ways: from the first byte, by STARTTLS and not without, by STARTTLS where
// the server offers it, and not at all. Only the third looks at no certificate:
// whoever can put theirs in its place could take away the offer as well.
const (
	TLSImplicit      MailTLS = "implicit"
	TLSRequired      MailTLS = "required"
	TLSOpportunistic MailTLS = "opportunistic"
	TLSOff           MailTLS = "off"
)

// Given says whether there is a server.
func (m Mail) Given() bool { return m.Host != "" }

// Address is where the server listens.
func (m Mail) Address() string { return net.JoinHostPort(m.Host, strconv.Itoa(m.Port)) }

// String gives the address without user and password.
func (m Mail) String() string {
	if !m.Given() {
		return "(none: mails wait at /dev/mail)"
	}
	scheme, query := "smtp", url.Values{}
	if m.TLS == TLSImplicit {
		scheme = "smtps"
	} else {
		query.Set("tls", string(m.TLS))
	}
	if m.CA != "" {
		query.Set("ca", m.CA)
	}
	u := url.URL{Scheme: scheme, Host: m.Address(), RawQuery: query.Encode()}
	return u.String()
}

const mailForm = "smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://, percent-encoded; ?tls=required, opportunistic or off of smtp://," +
	" which with a password is required; ?ca=FILE names the authorities of its certificate"

func mailURL() Setting {
	return Setting{
		Name: "mail-url", Secret: true, Accepts: mailForm,
		Help: "SMTP server that takes mails to be sent on, such as Amazon SES; without one they wait at /dev/mail",
		show: func(value string) string {
			m, _ := ParseMail(value) // a wrong one is not shown
			return m.String()
		},
		derived: func(*Config) string { return Mail{}.String() },
		set: func(c *Config, value string) (string, bool) {
			m, ok := ParseMail(value)
			if !ok && value != "" {
				return "a value of another form", false // it may hold a password
			}
			m.From, c.Mail = c.Mail.From, m
			return "", true
		},
	}
}

func mailFrom() Setting {
	return Setting{
		Name: "mail-from", Accepts: "an address, or a name and one, such as Enishi <no-reply@enishi.example.jp>",
		Help: "who mails are from; the server must let you send in its name",
		set: func(c *Config, value string) (string, bool) {
			c.Mail.From = mail.Address{}
			if value == "" {
				return "", true
			}
			from, err := mail.ParseAddress(value)
			if err != nil {
				return strconv.Quote(value), false
			}
			c.Mail.From = *from
			return "", true
		},
	}
}

// together gives what is wrong with a server that nobody may send by.
func (m Mail) together() []errs.Problem {
	if m.Given() && m.From.Address == "" {
		return []errs.Problem{{
			Pointer: "--mail-from (ENISHI_MAIL_FROM)", Found: "none",
			Allowed: "with ENISHI_MAIL_URL, " + mailFrom().Accepts,
		}}
	}
	return nil
}

// The ports of a server that is given without one: submission, and submission
// over TLS (RFC 8314).
const (
	submissionPort  = "587"
	submissionsPort = "465"
)

// ParseMail reads the URL of a mail server; ok is false if it is none.
func ParseMail(value string) (m Mail, ok bool) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Opaque != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return Mail{}, false
	}
	password, has := u.User.Password()
	m.Host, m.User = u.Hostname(), u.User.Username()
	if has != (m.User != "") || has != (password != "") || m.Host == "" || !isHost(m.Host) {
		return Mail{}, false
	}
	if has {
		m.Password = Secret(password)
	}
	port := u.Port()
	switch {
	case u.Scheme == "smtps":
		m.TLS = TLSImplicit
	case has:
		m.TLS = TLSRequired
	default:
		m.TLS = TLSOpportunistic
	}
	if port == "" {
		port = submissionPort
		if m.TLS == TLSImplicit {
			port = submissionsPort
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	m.Port = int(n)
	if err != nil || n == 0 || !m.readQuery(u.RawQuery) {
		return Mail{}, false
	}
	return m, true
}

// readQuery refuses what it does not know, and to send a password in the clear.
func (m *Mail) readQuery(raw string) bool {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return false
	}
	for name, values := range query {
		value := values[0]
		switch {
		case len(values) > 1:
			return false
		case name == "tls" && m.TLS != TLSImplicit && slices.Contains([]MailTLS{TLSRequired, TLSOpportunistic, TLSOff}, MailTLS(value)):
			m.TLS = MailTLS(value)
		case name == "ca" && value != "":
			m.CA = filepath.Clean(value)
		default:
			return false
		}
	}
	safe := m.TLS == TLSImplicit || m.TLS == TLSRequired
	return safe || m.User == "" && m.CA == ""
}
