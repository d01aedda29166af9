package fleet

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"enishi/internal/redis/redistest"
	"enishi/internal/store/mysql/mysqltest"
)

// Pair is a MariaDB and its replica, a test's own, which may take the writer
// away and promote the replica. The writer answers nothing that the replica
// does not have, however long that takes. The two live in SERVICES_DIR/pair
// and go with the test; what a killed test left goes with the next one. Its
// methods belong to one goroutine.
type Pair struct {
	Writer, Replica string // HOST:PORT

	t   testing.TB
	dir string // SERVICES_DIR of the two
	env []string
}

// The names that scripts/services has for the two.
const (
	writer  = "mariadb"
	replica = "mariadb-replica"
)

// NewPair starts a pair, when no other test has one in this SERVICES_DIR.
func NewPair(t testing.TB) *Pair {
	t.Helper()
	state := os.Getenv("SERVICES_DIR")
	if state == "" || os.Getenv("ENISHI_TEST_MARIADB_URL") == "" {
		redistest.Missing(t, "SERVICES_DIR and ENISHI_TEST_MARIADB_URL are not set")
	}
	p := &Pair{t: t, Writer: FreeAddr(t), Replica: FreeAddr(t), dir: filepath.Join(state, "pair")}
	p.env = append(os.Environ(), "SERVICES_DIR="+p.dir, "MARIADB_PORT="+port(t, p.Writer), "MARIADB_REPLICA_PORT="+port(t, p.Replica))
	p.lock()
	p.services("wipe", "--yes", writer, replica)
	t.Cleanup(func() { p.services("wipe", "--yes", writer, replica) })
	p.services("start", writer, replica)
	p.onWriter("SET GLOBAL rpl_semi_sync_master_wait_no_slave = 1, GLOBAL rpl_semi_sync_master_timeout = 3600000",
		"CREATE DATABASE enishi_pair")
	return p
}

// lock waits until the pair of no other test is there; the lock ends with the
// test, or with its process.
func (p *Pair) lock() {
	p.t.Helper()
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		p.t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(p.dir, "lock"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = file.Close() }) // which lets go of it
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		p.t.Fatalf("wait for the pair of another test: %v", err)
	}
}

// Address gives the address of a database on the pair, empty at first, at a
// HOST:PORT that leads to the writer.
func (p *Pair) Address(at string) string { return "mysql://enishi:enishi@" + at + "/enishi_pair" }

// KillWriter ends the writer by SIGKILL.
func (p *Pair) KillWriter() { p.signal(syscall.SIGKILL) }

// PauseWriter stands the writer still: as with a machine that is cut off, its
// connections stay open and nothing comes.
func (p *Pair) PauseWriter() { p.signal(syscall.SIGSTOP) }

func (p *Pair) signal(what syscall.Signal) {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, writer, "pid"))
	if err != nil {
		p.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		p.t.Fatal(err)
	}
	if err := syscall.Kill(pid, what); err != nil {
		p.t.Fatalf("send the writer %s: %v", what, err)
	}
}

// DemoteWriter makes the writer read only; its connections stay open.
func (p *Pair) DemoteWriter() {
	p.t.Helper()
	p.onWriter("SET GLOBAL read_only = 1")
}

// AwaitDeath returns when the writer has not answered three times in a row, as
// whoever watches over a pair notices it.
func (p *Pair) AwaitDeath() {
	p.t.Helper()
	deadline := time.Now().Add(startLimit)
	for missed := 0; missed < 3; Wait(p.t, 300*time.Millisecond) {
		ctx, cancel := context.WithTimeout(p.t.Context(), 500*time.Millisecond)
		_, err := mysqltest.Row(ctx, admin(p.Writer), "SELECT 1")
		cancel()
		switch {
		case err != nil:
			missed++
		case time.Now().After(deadline):
			p.t.Fatal("the writer does not die")
		default:
			missed = 0
		}
	}
}

// Promote makes the replica a writer once it has applied all that it received.
func (p *Pair) Promote() {
	p.t.Helper()
	p.onReplica("STOP SLAVE IO_THREAD")
	for deadline := time.Now().Add(startLimit); ; Wait(p.t, 20*time.Millisecond) {
		row, err := mysqltest.Row(p.t.Context(), admin(p.Replica), "SHOW SLAVE STATUS")
		if err == nil && row["Slave_SQL_Running"] != "Yes" {
			err = errors.New("it does not apply: " + row["Last_SQL_Error"])
		}
		if err != nil {
			p.t.Fatalf("the replica: %v", err)
		}
		if row["Exec_Master_Log_Pos"] == row["Read_Master_Log_Pos"] && row["Relay_Master_Log_File"] == row["Master_Log_File"] {
			break
		}
		if time.Now().After(deadline) {
			p.t.Fatal("the replica does not apply what it received")
		}
	}
	p.onReplica("STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = 0")
}

func (p *Pair) onWriter(statements ...string) {
	p.t.Helper()
	mysqltest.Exec(p.t, admin(p.Writer), statements...)
}

func (p *Pair) onReplica(statements ...string) {
	p.t.Helper()
	mysqltest.Exec(p.t, admin(p.Replica), statements...)
}

// admin gives a server with its user who may do everything.
func admin(addr string) *url.URL {
	return &url.URL{Host: addr, User: url.UserPassword("admin", "admin")}
}

func port(t testing.TB, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func (p *Pair) services(args ...string) {
	p.t.Helper()
	cmd := exec.CommandContext(context.Background(), filepath.Join(Root(p.t), "scripts", "services"), args...) //nolint:gosec // of this project
	cmd.Env = p.env
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("services %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
