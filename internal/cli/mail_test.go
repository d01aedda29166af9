package cli_test

import (
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"enishi/internal/fleet"
	"enishi/internal/smtp/smtptest"
	"enishi/internal/store/mysql/mysqltest"
)

func TestMailLeaves(t *testing.T) { mailLeaves(t) }

func TestMailLeavesOnServers(t *testing.T) {
	for _, server := range mysqltest.Given() {
		t.Run(server, func(t *testing.T) {
			mailLeaves(t, "ENISHI_DATABASE_URL="+mysqltest.Address(t, server), "ENISHI_SECRET=0123456789abcdef0123456789abcdef")
		})
	}
}

// mailLeaves kills a process when the mail server has a letter and has not said so.
// Another tries it again once the claim has ended, first while the mail server is
// away, and the letter comes a second time under the same Message-ID.
func mailLeaves(t *testing.T, env ...string) {
	if testing.Short() {
		t.Skip("builds the program and runs it twice")
	}
	dir := t.TempDir()
	program := fleet.Build(t, dir)
	var silent atomic.Bool
	silent.Store(true)
	goOn := make(chan struct{})
	post := smtptest.Start(t, "", smtptest.Options{Decide: func(step smtptest.Step, _ string) error {
		if step == smtptest.Taken && silent.Load() {
			<-goOn
		}
		return nil
	}})
	env = append(env, "ENISHI_MAIL_URL=smtp://"+post.Addr, "ENISHI_MAIL_FROM=Enishi <no-reply@enishi.example.jp>")
	s := startServer(t, program, filepath.Join(dir, "data"), env...)
	signsUp(t, s.url)
	await(t, "the first letter", came(post))
	s.kill()
	silent.Store(false)
	close(goOn)
	post.Stop()

	s = startServer(t, program, filepath.Join(dir, "data"), env...)
	defer s.kill()
	body := `{"day":"` + time.Now().AddDate(0, 0, 2).Format(time.DateOnly) + `"}`
	asked(t, http.MethodPost, s.url+"/dev/clock", "", body) // beyond the claim
	post.Listen(t, post.Addr)
	asked(t, http.MethodPost, s.url+"/dev/clock", "", `{"day":"`+time.Now().AddDate(0, 0, 3).Format(time.DateOnly)+`"}`)
	await(t, "the same letter", came(post))
	letters := post.Letters()
	if a, b := id(t, &letters[0]), id(t, &letters[1]); len(letters) != 2 || a != b || a == "" {
		t.Errorf("%d letters arrived, %s and %s, want one twice", len(letters), a, b)
	}
}

func came(s *smtptest.Server) chan struct{} {
	found := make(chan struct{})
	go func() {
		<-s.Came()
		close(found)
	}()
	return found
}

func id(t *testing.T, l *smtptest.Letter) string {
	t.Helper()
	return l.Message(t).Header.Get("Message-Id")
}
