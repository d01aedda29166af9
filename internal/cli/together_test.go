package cli_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"enishi/internal/fleet"
	"enishi/internal/store/mysql/mysqltest"
)

// TestStartTogetherOnServers starts six processes at once on an empty database:
// one makes the schema and all become ready. Then one more finds it made.
func TestStartTogetherOnServers(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			address := mysqltest.Address(t, server)
			g := &together{t: t, program: fleet.Build(t, t.TempDir()), env: append(os.Environ(),
				"ENISHI_DATABASE_URL="+address, "ENISHI_SECRET=0123456789abcdef0123456789abcdef", "ENISHI_DATABASE_CONNECTIONS=4",
				"ENISHI_DATA="+t.TempDir())}
			g.start(6)
			made := mysqltest.Texts(t, address, "SELECT CONCAT(version_id, ' ', tstamp) FROM goose_db_version ORDER BY id")
			for i, m := range made {
				if version, _, _ := strings.Cut(m, " "); version != fmt.Sprint(i) {
					t.Errorf("the schema was made of %v, want each migration once, in order", made)
					break
				}
			}
			if newest := newestOf(t, strings.Join(files(t, "../../"+migrationsDir), "\n")); int64(len(made)) != newest+1 {
				t.Errorf("%d migrations were made, want %d", len(made)-1, newest)
			}
			for _, name := range []string{"lock", "groups"} { // rows that migrations make
				if n := mysqltest.Texts(t, address, "SELECT name FROM installation WHERE name = '"+name+"'"); len(n) != 1 {
					t.Errorf("the row %s is there %d times", name, len(n))
				}
			}
			g.start(1)
			if again := mysqltest.Texts(t, address, "SELECT CONCAT(version_id, ' ', tstamp) FROM goose_db_version ORDER BY id"); strings.Join(again, ",") != strings.Join(made, ",") {
				t.Errorf("one that started later made %v out of %v", again, made)
			}
		})
	}
}

// together is processes that start at once.
type together struct {
	t       *testing.T
	program string
	env     []string
}

// start starts processes and waits until all are ready.
func (g *together) start(n int) {
	g.t.Helper()
	urls := make([]string, n)
	logs := make([]bytes.Buffer, n)
	cmds := make([]*exec.Cmd, n)
	var all sync.WaitGroup
	for i := range n {
		cmds[i] = exec.Command(g.program, "serve", "--demo", "--roles", "web,worker", "--addr", "127.0.0.1:0")
		cmds[i].Env, cmds[i].Stderr = g.env, &logs[i]
		out, err := cmds[i].StdoutPipe()
		if err != nil {
			g.t.Fatal(err)
		}
		if err := cmds[i].Start(); err != nil {
			g.t.Fatal(err)
		}
		g.t.Cleanup(func() { _ = cmds[i].Process.Kill() })
		all.Go(func() {
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if _, rest, ok := strings.Cut(lines.Text(), "Enishi serves on "); ok {
					urls[i], _, _ = strings.Cut(rest, " ")
					return
				}
			}
		})
	}
	all.Wait()
	for i, url := range urls {
		if url == "" {
			g.t.Errorf("process %d did not start: %v\n%s", i, cmds[i].Wait(), logs[i].String())
			continue
		}
		if status, body := get(g.t, url+"/readyz"); status != http.StatusOK {
			g.t.Errorf("process %d = %d %s, want ready", i, status, body)
		}
		if err := cmds[i].Process.Signal(syscall.SIGKILL); err != nil {
			g.t.Error(err)
		}
		_ = cmds[i].Wait() // its state is "killed"
		if text := logs[i].String(); strings.Contains(text, "ERROR") {
			g.t.Errorf("process %d says %s", i, text[max(0, len(text)-4000):])
		}
	}
}
