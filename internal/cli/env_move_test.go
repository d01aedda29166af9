package cli_test

import (
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/cli"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
	"enishi/internal/store/sqlite"
)

// TestMoveOnServers brings a data folder into an environment whose tasks have each kind of server, and out of it
// again: the program's own commands run as the tasks, and packed databases lie in the account's bucket.
func TestMoveOnServers(t *testing.T) {
	loaded := filepath.Join(t.TempDir(), "data")
	if code, said := run("demo", "load", "--candidates", "300", "--companies", "20", "--rules", "60", "--seed", "2", "--data", loaded); code != 0 {
		t.Fatal(said)
	}
	secret, err := os.ReadFile(filepath.Join(loaded, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			data := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(data, os.DirFS(loaded)); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(filepath.Join(data, "secret"), 0o600); err != nil {
				t.Fatal(err)
			}
			m := &move{t: t, account: deploytest.Based("dev"), address: mysqltest.Address(t, server)}
			s3 := httptest.NewServer(m.account)
			t.Cleanup(s3.Close)
			m.bucket = "s3://" + deploytest.Files + "?region=" + deploytest.Region + "&endpoint=" + s3.URL
			m.account.Do = m.task

			m.must(2, "--why is missing", "--data", data)
			if code, _ := m.task([]string{"migrate", "--plan"}, nil); code != 0 {
				t.Errorf("a look at an empty database: %s", m.failed)
			}
			m.must(0, "a task copies every row", "--data", data, "--plan")
			m.must(0, `"secret": true`, "--data", data, "--plan", "--json")
			m.must(0, "It is a rehearsal", "--data", data, "--why", "x", "--yes", "--rehearse")
			if _, err := os.Stat(filepath.Join(data, "moved")); err == nil {
				t.Error("after a rehearsal the folder is marked as moved")
			}
			m.must(0, "counted on both sides", "--data", data, "--why", "x", "--yes")
			if code, said := run("migrate", "--data", data); code != 1 || !strings.Contains(said, "were brought to dev (account 123456789012, ap-northeast-1)") {
				t.Errorf("the folder that was moved: %d, %s", code, said)
			}
			if m.account.Sealed() != strings.TrimSpace(string(secret)) || len(m.account.HandedOver()) > 0 {
				t.Errorf("it is sealed with %q, and %d files are left", m.account.Sealed(), len(m.account.HandedOver()))
			}
			if code, lines := m.task([]string{"audit", "--what", "data.transfer", "--json"}, nil); code != 0 || !strings.Contains(strings.Join(lines, "\n"), `"why": "x"`) {
				t.Errorf("the audit log does not know of the move: %d, %q, %s", code, lines, m.failed)
			}
			before := contents(t, func(look func(store.Side) error) error {
				return sqlite.Lend(t.Context(), filepath.Join(data, "enishi.db"), look)
			})
			there := func() map[string]string {
				return contents(t, func(look func(store.Side) error) error {
					return mysql.Lend(t.Context(), m.address, mysql.Options{}, look)
				})
			}
			after := there()
			delete(before, "audit") // where it came from was noted
			delete(after, "audit")
			if diff := cmp.Diff(before, after); diff != "" || len(before) < 40 {
				t.Errorf("%d tables (-before +after):\n%s", len(before), diff)
			}
			m.must(1, "is not empty", "--data", data, "--why", "once more", "--yes")
			m.keepsItsSecret(data)

			folder := filepath.Join(t.TempDir(), "returned")
			m.must(0, `"back": true`, "--back", "--data", folder, "--plan", "--json")
			m.must(0, "enishi serve --data", "--back", "--data", folder, "--why", "back", "--yes")
			m.must(1, "there is an installation", "--back", "--data", folder, "--why", "back", "--yes")
			here := contents(t, func(look func(store.Side) error) error {
				return sqlite.Lend(t.Context(), filepath.Join(folder, "enishi.db"), look)
			})
			if diff := cmp.Diff(there(), here); diff != "" {
				t.Errorf("-server +folder:\n%s", diff)
			}
			if code, said := run("job", "list", "--data", folder); code != 0 {
				t.Errorf("what came back is not to be used: %s", said)
			}
			if left, err := filepath.Glob(filepath.Join(data, "enishi.db*-copy*")); err != nil || len(left) > 0 || len(m.account.HandedOver()) > 0 {
				t.Errorf("left: %q, %v", left, err)
			}
		})
	}
}

// move is an environment whose tasks are commands of the program that run here.
type move struct {
	t               *testing.T
	account         *deploytest.Account
	address, bucket string
	failed          string // what the last task said that failed
}

// must gives the command, and holds its code and what it or its task says.
func (m *move) must(code int, says string, args ...string) {
	m.t.Helper()
	settings := m.account.Config(nil)
	w, out, said := asWhom("", "", "", false)
	w.AWS = &settings
	m.failed = ""
	got := cli.Run(slices.Concat([]string{"env", "move", "dev"}, args), w)
	if all := out.String() + said.String() + m.failed; got != code || !strings.Contains(all, says) {
		m.t.Fatalf("enishi env move dev %q = %d: %s; want %d and %q", args, got, all, code, says)
	}
}

// keepsItsSecret holds that a database without an installation that is not empty either is refused before the secret is
// another.
func (m *move) keepsItsSecret(data string) {
	m.t.Helper()
	other := &move{t: m.t, account: deploytest.Based("dev"), address: mysqltest.Address(m.t, "MariaDB"), bucket: m.bucket}
	other.account.Do = other.task
	if code, _ := other.task([]string{"migrate"}, map[string]string{"ENISHI_BY": "hanako", "ENISHI_WHY": "x", "ENISHI_CONFIRM": "dev"}); code != 0 {
		m.t.Fatal(other.failed)
	}
	other.must(1, "is not empty", "--data", data, "--why", "x", "--yes")
	if other.account.Sealed() != deploytest.Sealing || len(other.account.HandedOver()) > 0 {
		m.t.Errorf("it is sealed with %q, and %d files are left", other.account.Sealed(), len(other.account.HandedOver()))
	}
}

// task does what a task is told, with the settings that it has there.
func (m *move) task(words []string, told map[string]string) (code int32, lines []string) {
	w, out, said := asWhom("dev", "demo", "", false)
	set := map[string]string{
		"ENISHI_ENVIRONMENT": "dev", "ENISHI_DATA_KIND": "demo", "ENISHI_DATABASE_URL": m.address, "ENISHI_SECRET": m.account.Sealed(), "ENISHI_FILES_URL": m.bucket,
		"ENISHI_DATA": filepath.Join(m.t.TempDir(), "data"),
	}
	maps.Copy(set, told)
	w.Env = func(name string) (string, bool) {
		value, ok := set[name]
		return value, ok
	}
	code = int32(cli.Run(words, w))
	if code != 0 {
		m.failed = said.String()
	}
	return code, strings.Split(strings.TrimSpace(out.String()), "\n")
}
