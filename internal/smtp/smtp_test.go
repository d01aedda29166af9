package smtp_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	server "github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"enishi/internal/config"
	"enishi/internal/market"
	"enishi/internal/smtp"
	"enishi/internal/smtp/smtptest"
)

const (
	user     = "no-reply@enishi.example.jp"
	password = "hun/ter 2@+"
	receiver = "hanako@himitsu.example.jp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func letter() *market.Letter {
	return &market.Letter{
		ID: "0123456789abcdef0123456789abcdef", To: receiver, Subject: "【縁 Enishi】メールアドレスの確認",
		Body: "縁（Enishi）へのご登録ありがとうございます。\n\n.\n確認コード: 1234 5678\n" + strings.Repeat("あいうえおかきくけこ", 200) + "\n",
		At:   time.Date(2026, time.December, 1, 9, 0, 0, 0, time.FixedZone("JST", 9*60*60)),
	}
}

// opened gives a sender to a server by a URL, in which what is signed in with and
// where the server is are filled in.
func opened(t *testing.T, s *smtptest.Server, scheme string, signs bool, query string) *smtp.Sender {
	t.Helper()
	u := url.URL{Scheme: scheme, Host: s.Addr, RawQuery: query}
	if signs {
		u.User = url.UserPassword(user, password)
	}
	to, ok := config.ParseMail(u.String())
	if !ok {
		t.Fatalf("%s is not accepted", u.Redacted())
	}
	to.From = mail.Address{Name: "縁 Enishi", Address: "no-reply@enishi.example.jp"}
	sender, err := smtp.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sender.Close(); err != nil {
			t.Error(err)
		}
	})
	return sender
}

// TestALetter looks at a letter as it arrives, by every way to encrypt and sign in.
func TestALetter(t *testing.T) {
	for _, c := range []struct {
		name, scheme string
		o            smtptest.Options
		query        string // "CA": of the server's authority
		encrypted    bool
	}{
		{name: "plain", scheme: "smtp"},
		{name: "off", scheme: "smtp", o: smtptest.Options{StartTLS: true}, query: "tls=off"},
		{name: "encrypted if offered", scheme: "smtp", o: smtptest.Options{StartTLS: true}, encrypted: true},
		{name: "a password by STARTTLS", scheme: "smtp", o: smtptest.Options{StartTLS: true, User: user, Password: password}, query: "CA", encrypted: true},
		{name: "a password over TLS", scheme: "smtps", o: smtptest.Options{Implicit: true, User: user, Password: password}, query: "CA", encrypted: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := smtptest.Start(t, "", c.o)
			sender := opened(t, s, c.scheme, c.o.User != "", strings.Replace(c.query, "CA", "ca="+url.QueryEscape(s.CA), 1))
			l := letter()
			for range 3 {
				if err := sender.Send(t.Context(), l); err != nil {
					t.Fatal(err)
				}
			}
			got := s.Letters()
			if len(got) != 3 || s.Opened() != 1 {
				t.Fatalf("%d letters over %d connections, want 3 over one", len(got), s.Opened())
			}
			if got[0].From != "no-reply@enishi.example.jp" || got[0].To != receiver || got[0].Encrypted != c.encrypted || got[0].User != c.o.User {
				t.Errorf("arrived from %s to %s, encrypted %v, signed in as %q", got[0].From, got[0].To, got[0].Encrypted, got[0].User)
			}
			if !bytes.Equal(got[0].Raw, got[2].Raw) {
				t.Errorf("the same letter is another the second time:\n%s\n%s", got[0].Raw, got[2].Raw)
			}
			looks(t, &got[0], l)
		})
	}
}

// looks compares a letter that arrived with what was sent.
func looks(t *testing.T, got *smtptest.Letter, l *market.Letter) {
	t.Helper()
	for line := range strings.SplitSeq(string(got.Raw), "\r\n") {
		if len(line) > 78 || strings.ContainsFunc(line, func(r rune) bool { return r > 0x7e }) {
			t.Errorf("a line of %d bytes, or not in ASCII: %q", len(line), line)
		}
	}
	m := got.Message(t)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != l.Subject {
		t.Errorf("the subject is %q, %v, want %q", subject, err, l.Subject)
	}
	body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
	if text := strings.ReplaceAll(string(body), "\r\n", "\n"); err != nil || text != l.Body {
		t.Errorf("the text is %q, %v, want %q", text, err, l.Body)
	}
	from, err := m.Header.AddressList("From")
	if err != nil || len(from) != 1 || *from[0] != (mail.Address{Name: "縁 Enishi", Address: "no-reply@enishi.example.jp"}) {
		t.Errorf("it is from %v, %v", from, err)
	}
	if at, err := m.Header.Date(); err != nil || !at.Equal(l.At) {
		t.Errorf("it was written at %v, %v, want %v", at, err, l.At)
	}
	for name, want := range map[string]string{
		"Message-Id": "<" + l.ID + "@enishi.example.jp>", "To": "<" + l.To + ">", "Auto-Submitted": "auto-generated", "Mime-Version": "1.0",
		"Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "base64", "List-Unsubscribe": "", "User-Agent": "", "X-Mailer": "", "Bcc": "", "Reply-To": "",
	} {
		if l.EndsAt != "" && name == "List-Unsubscribe" {
			want = "<" + l.EndsAt + ">"
		}
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// What people chose as names is in subjects: it may be long, and must not become
// lines of the header.
func TestSubjects(t *testing.T) {
	s := smtptest.Start(t, "", smtptest.Options{})
	sender := opened(t, s, "smtp", false, "")
	for i, subject := range []string{"", "Plain", strings.Repeat("株式会社縁のある製作所🙂", 12), "a\r\nBcc: evil@example.jp\r\n\r\nb"} {
		l := letter()
		l.Subject, l.EndsAt = subject, "https://enishi.example.jp/company/searches"
		if err := sender.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		got := s.Letters()[i]
		if strings.Contains(subject, "\n") {
			if m := got.Message(t); m.Header.Get("Bcc") != "" || got.To != receiver {
				t.Errorf("a subject became a header:\n%s", got.Raw)
			}
			continue
		}
		looks(t, &got, l)
	}
}

// refusing gives a server that answers a step with an error until told otherwise.
func refusing(t *testing.T, at smtptest.Step, err error) (*smtptest.Server, *atomic.Bool) {
	var well atomic.Bool
	return smtptest.Start(t, "", smtptest.Options{Decide: func(step smtptest.Step, _ string) error {
		if step != at || well.Load() {
			return nil
		}
		return err
	}}), &well
}

// TestRefusals: what is answered with 4xx, or not at all, may be tried again and is
// then taken; what is answered with 5xx is given up, unless the server has not
// heard yet whom it is for.
func TestRefusals(t *testing.T) {
	busy := &server.SMTPError{Code: 451, EnhancedCode: server.EnhancedCode{4, 7, 1}, Message: "greylisted, try again: " + receiver}
	never := &server.SMTPError{Code: 550, EnhancedCode: server.EnhancedCode{5, 1, 1}, Message: "<" + receiver + ">: no such user"}
	for _, c := range []struct {
		at      smtptest.Step
		err     error
		refused bool
		says    string
		doubles int
	}{
		{at: smtptest.From, err: busy, says: "the server answers 451 4.7.1 at MAIL FROM"},
		{at: smtptest.To, err: busy, says: "the server answers 451 4.7.1 at RCPT TO"},
		{at: smtptest.Data, err: busy, says: "the server answers 451 4.7.1 at the end of DATA"},
		{at: smtptest.From, err: never, says: "the server answers 550 5.1.1 at MAIL FROM"},
		{at: smtptest.To, err: never, refused: true, says: "refused for good: the server answers 550 5.1.1 at RCPT TO"},
		{at: smtptest.Data, err: never, refused: true, says: "refused for good: the server answers 550 5.1.1 at the end of DATA"},
		{at: smtptest.From, err: smtptest.ErrCut, says: "the connection was cut at MAIL FROM: nobody knows whether the letter was taken"},
		{at: smtptest.To, err: smtptest.ErrCut, says: "the connection was cut at RCPT TO: nobody knows whether the letter was taken"},
		{at: smtptest.Data, err: smtptest.ErrCut, says: "the connection was cut at the end of DATA: nobody knows whether the letter was taken"},
		{at: smtptest.Taken, err: smtptest.ErrCut, says: "the connection was cut at the end of DATA: nobody knows whether the letter was taken", doubles: 1},
	} {
		t.Run(c.says, func(t *testing.T) {
			s, well := refusing(t, c.at, c.err)
			sender := opened(t, s, "smtp", false, "")
			err := sender.Send(t.Context(), letter())
			if err == nil || errors.Is(err, market.ErrRefused) != c.refused || err.Error() != c.says {
				t.Errorf("Send = %v, want %s", err, c.says)
			}
			well.Store(true)
			if err := sender.Send(t.Context(), letter()); err != nil {
				t.Errorf("sent again: %v", err)
			}
			got := s.Letters()
			if len(got) != 1+c.doubles {
				t.Errorf("%d letters arrived, want %d", len(got), 1+c.doubles)
			}
			for i := range got {
				if id := got[i].Message(t).Header.Get("Message-Id"); id != "<"+letter().ID+"@enishi.example.jp>" {
					t.Errorf("the letter is %s, want the same each time", id)
				}
			}
		})
	}
}

// What is wrong before a letter is named never gives one up, and no secret is said.
func TestTheServerIsOfNoUse(t *testing.T) {
	away := smtptest.Start(t, "", smtptest.Options{})
	away.Stop()
	plain := smtptest.Start(t, "", smtptest.Options{})
	closed := smtptest.Start(t, "", smtptest.Options{StartTLS: true, User: user, Password: "another"})
	for name, c := range map[string]struct {
		sender *smtp.Sender
		says   string
	}{
		"away":                   {opened(t, away, "smtp", false, ""), "connection refused"},
		"without TLS":            {opened(t, plain, "smtp", false, "tls=required"), "does not support STARTTLS"},
		"an unknown certificate": {opened(t, closed, "smtp", true, ""), "certificate"},
		"another password":       {opened(t, closed, "smtp", true, "ca="+url.QueryEscape(closed.CA)), "the server answers 535"},
	} {
		err := c.sender.Send(t.Context(), letter())
		if err == nil || errors.Is(err, market.ErrRefused) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: Send = %v, want %q", name, err, c.says)
		}
		for _, secret := range []string{password, url.QueryEscape(password), user, receiver} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error names %s: %v", name, secret, err)
			}
		}
	}
	if n := len(plain.Letters()) + len(closed.Letters()); n != 0 {
		t.Errorf("%d letters were sent all the same", n)
	}
}

// A server that was away, or has closed what was idle, is found again at once.
func TestReconnects(t *testing.T) {
	s := smtptest.Start(t, "", smtptest.Options{})
	sender := opened(t, s, "smtp", false, "")
	for range 2 {
		if err := sender.Send(t.Context(), letter()); err != nil {
			t.Fatal(err)
		}
		s.Stop()
		s.Listen(t, s.Addr)
	}
	s.Stop()
	if err := sender.Send(t.Context(), letter()); err == nil || errors.Is(err, market.ErrRefused) {
		t.Errorf("while it is away: %v", err)
	}
	s.Listen(t, s.Addr)
	if err := sender.Send(t.Context(), letter()); err != nil {
		t.Error(err)
	}
	if n := len(s.Letters()); n != 3 {
		t.Errorf("%d letters arrived, want 3", n)
	}
}

// Several at once have a connection each, and those are used again.
func TestSeveralAtOnce(t *testing.T) {
	var together sync.WaitGroup
	together.Add(4)
	s := smtptest.Start(t, "", smtptest.Options{Decide: func(step smtptest.Step, about string) error {
		if step == smtptest.To && about == "first@example.jp" {
			together.Done()
			together.Wait()
		}
		return nil
	}})
	sender := opened(t, s, "smtp", false, "")
	for _, to := range []string{"first@example.jp", "second@example.jp"} {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				l := letter()
				l.To = to
				if err := sender.Send(t.Context(), l); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	if n := len(s.Letters()); n != 8 || s.Opened() != 4 {
		t.Errorf("%d letters over %d connections, want 8 over 4", n, s.Opened())
	}
}

// A server that says nothing keeps nobody beyond their time.
func TestTimeIsKept(t *testing.T) {
	for _, at := range []smtptest.Step{smtptest.From, smtptest.To, smtptest.Data, smtptest.Taken} {
		goOn := make(chan struct{})
		s := smtptest.Start(t, "", smtptest.Options{Decide: func(step smtptest.Step, _ string) error {
			if step == at {
				<-goOn
			}
			return nil
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		err := opened(t, s, "smtp", false, "").Send(ctx, letter())
		if err == nil || errors.Is(err, market.ErrRefused) || ctx.Err() == nil {
			t.Errorf("held up at %s: %v", at, err)
		}
		cancel()
		close(goOn)
	}
}

func TestAuthorities(t *testing.T) {
	to, ok := config.ParseMail("smtps://mail.example.jp?ca=/dev/null")
	if _, err := smtp.Open(to); !ok || err == nil {
		t.Errorf("a file without certificates is taken: %v, %v", ok, err)
	}
}
