package cli_test

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"enishi/internal/cli"
	"enishi/internal/fleet"
	"enishi/internal/store/mysql/mysqltest"
)

// starting is a server that starts on a database server.
type starting struct {
	url    string
	log    *said
	waits  chan struct{} // closed once it waits for the database
	serves chan struct{}
	tells  chan struct{} // closed once it says that the database answers
	ended  chan int
}

func startOn(t *testing.T, database string) *starting {
	t.Helper()
	addr := freeAddr(t)
	waits, serves, tells := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s := &starting{url: "http://" + addr, waits: waits, serves: serves, tells: tells, ended: make(chan int, 1)}
	s.log = &said{texts: map[string]func(){
		"waiting for the database": sync.OnceFunc(func() { close(waits) }),
		"the database answers":     sync.OnceFunc(func() { close(tells) }),
	}}
	w := cli.System()
	w.Out = &watched{until: "Enishi serves on " + s.url, found: func() { close(serves) }}
	w.Err, w.Terminal = s.log, false
	w.Env = func(name string) (string, bool) {
		value, given := map[string]string{"ENISHI_DATABASE_URL": database, "ENISHI_SECRET": strings.Repeat("ab", 32), "ENISHI_FILES_URL": "file://" + t.TempDir()}[name]
		return value, given
	}
	go func() { s.ended <- cli.Run([]string{"serve", "--demo", "--addr", addr}, w) }()
	return s
}

// waiting expects that it lives, is not ready and says why, and has said so once.
func (s *starting) waiting(t *testing.T) {
	t.Helper()
	await(t, "it waits for the database", s.waits)
	for range 3 { // of its tries, and more
		fleet.Wait(t, 1500*time.Millisecond)
		if status, body := get(t, s.url+"/livez"); status != http.StatusOK {
			t.Errorf("/livez = %d %s", status, body)
		}
		const why = "waiting for the database: the database does not answer\n"
		if status, body := get(t, s.url+"/readyz"); status != http.StatusServiceUnavailable || body != why {
			t.Errorf("/readyz = %d %q, want %q", status, body, why)
		}
	}
	if n := strings.Count(s.log.String(), "waiting for the database"); n != 1 {
		t.Errorf("it says %d times that it waits:\n%s", n, s.log.String())
	}
}

// stops tells it to stop, and expects that this is no failure.
func (s *starting) stops(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := <-s.ended; code != 0 {
		t.Errorf("serve = %d:\n%s", code, s.log.String())
	}
}

// TestADatabaseThatIsAway is waited for: one that refuses, and one whose name is not
// known yet.
func TestADatabaseThatIsAway(t *testing.T) {
	for name, host := range map[string]string{"refused": freeAddr(t), "no such name": "database.invalid:3306"} {
		t.Run(name, func(t *testing.T) {
			s := startOn(t, "mysql://enishi:enishi@"+host+"/enishi")
			s.waiting(t)
			s.stops(t)
		})
	}
}

// TestADatabaseThatComesOnServers is served on once it is there; one that refuses
// the password, or is not there, is not waited for.
func TestADatabaseThatComesOnServers(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			u, err := url.Parse(mysqltest.Address(t, server))
			if err != nil {
				t.Fatal(err)
			}
			wrong, missing := *u, *u
			wrong.User, missing.Path = url.UserPassword(u.User.Username(), "wrong"), "/enishi_is_not_there"
			for _, database := range []string{wrong.String(), missing.String()} {
				s := startOn(t, database)
				if code := <-s.ended; code != 1 || strings.Contains(s.log.String(), "waiting for the database") {
					t.Errorf("serve = %d:\n%s", code, s.log.String())
				}
			}
			link := fleet.NewLink(t, u.Host)
			link.Refuse()
			u.Host = link.Addr()
			s := startOn(t, u.String())
			s.waiting(t)
			link.Accept()
			await(t, "it serves", s.serves)
			await(t, "it says that the database answers", s.tells)
			s.stops(t)
		})
	}
}
