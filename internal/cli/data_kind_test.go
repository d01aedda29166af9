package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"enishi/internal/cli"
	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
	"enishi/internal/store/sqlite"
)

// foreign is what is said of a mark that was made in no such database.
const foreign = "the mark that says whose data this database holds was not made in it"

// opensInstallation are the commands that open an installation, as somebody calls them.
func opensInstallation() map[string][]string {
	return map[string][]string{
		"serve":              {"--addr", "127.0.0.1:0"},
		"demo load":          {"--candidates", "50", "--companies", "5", "--rules", "5"},
		"user add":           {"--role", "operator", "--email", "two@example.jp"},
		"user remove":        {"--email", "one@example.jp"},
		"maintenance plan":   {"--from", "2999-01-01 02:00", "--until", "2999-01-01 04:00"},
		"maintenance on":     nil,
		"maintenance off":    nil,
		"maintenance status": nil,
		"audit note":         {"environment.change", "x -> y"},
		"audit list":         nil,
		"job run":            {"statistics"},
		"job list":           nil,
		"sql":                {"SELECT COUNT(*) FROM account"},
		"migrate":            nil,
	}
}

// opensNone are the others, and why the kind of data is no matter of theirs.
func opensNone() map[string]string {
	out := map[string]string{
		"guard": "starts serve", "bench engine": "measures in its own memory", "bench http": "asks a server",
		"config": "shows settings", "health": "asks a server", "version": "shows the program's own",
		"env tasks": "asks AWS", "env plan": "asks AWS", "deploy status": "asks AWS",
	}
	for name := range ofAccount() {
		out[name] = "acts in an account; of rows that it moves it compares the kinds: TestMoveOnServers"
	}
	out["transfer"], out["verify"] = "opens both sides itself, as those who serve them do", "asks a server"
	return out
}

// kept is a database in which an operator was made.
type kept struct {
	*testing.T
	where map[string]string // the settings that name it
	ask   func(statement string) (store.Rows, error)
	open  func() (*store.Store, error)
}

// run gives a command as an installation of a kind of data, which is served as a demo or is not.
func (k *kept) run(kind, demo string, words ...string) (int, string) {
	w, out, said := asWhom("prod", kind, "", false)
	named := w.Env
	w.Env = func(name string) (string, bool) {
		if name == "ENISHI_DEMO" {
			return demo, demo != ""
		}
		if value, ok := k.where[name]; ok {
			return value, true
		}
		return named(name)
	}
	code := cli.Run(words, w)
	return code, out.String() + said.String()
}

// holds gives what a command could have changed.
func (k *kept) holds() string {
	k.Helper()
	var all bytes.Buffer
	for _, statement := range []string{"SELECT name, value FROM installation ORDER BY name", "SELECT COUNT(*) FROM audit", "SELECT COUNT(*) FROM account", "SELECT COUNT(*) FROM candidate"} {
		rows, err := k.ask(statement)
		if err != nil {
			k.Fatal(err)
		}
		fmt.Fprintln(&all, rows.Rows)
	}
	return all.String()
}

// set writes a setting as somebody may who has the database in hand.
func (k *kept) set(name, value string) {
	k.Helper()
	s, err := k.open()
	if err != nil {
		k.Fatal(err)
	}
	err = s.Write(k.Context(), func(tx market.Tx) error { return tx.SetSetting(name, value) })
	if err := errors.Join(err, s.Close()); err != nil {
		k.Fatal(err)
	}
}

// newKept makes an installation of a kind of data in a data folder, or on a server.
func newKept(t *testing.T, server, kind string) *kept {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	k := &kept{T: t, where: map[string]string{"ENISHI_DATA": data}}
	k.ask = func(statement string) (store.Rows, error) {
		return sqlite.Ask(t.Context(), filepath.Join(data, "enishi.db"), store.Query{SQL: statement, Time: 10 * time.Second, Most: 100})
	}
	k.open = func() (*store.Store, error) {
		return sqlite.Open(t.Context(), filepath.Join(data, "enishi.db"), sqlite.Options{Beside: true})
	}
	first := []string{"--why", "before it", "--confirm", "prod", "--yes"}
	if server != "" {
		address := mysqltest.Address(t, server)
		k.where = map[string]string{"ENISHI_DATABASE_URL": address, "ENISHI_SECRET": "0123456789abcdef0123456789abcdef", "ENISHI_FILES_URL": "file://" + t.TempDir()}
		k.ask = func(statement string) (store.Rows, error) {
			return mysql.Ask(t.Context(), address, store.Query{SQL: statement, Time: 10 * time.Second, Most: 100})
		}
		k.open = func() (*store.Store, error) { return mysql.Open(t.Context(), address, mysql.Options{}) }
		if code, said := k.run(kind, "", append([]string{"migrate"}, first...)...); code != 0 {
			t.Fatalf("migrate = %d: %s", code, said)
		}
	}
	if code, said := k.run(kind, "", append([]string{"user", "add", "--role", "operator", "--email", "one@example.jp"}, first...)...); code != 0 {
		t.Fatalf("user add = %d: %s", code, said)
	}
	return k
}

// TestDataIsKeptApart goes through every command there is: one that opens an installation
// refuses a database of another kind of data, as a plan too, and changes nothing there.
func TestDataIsKeptApart(t *testing.T) {
	leaves, err := cli.Leaves()
	if err != nil {
		t.Fatal(err)
	}
	known := len(opensInstallation()) + len(opensNone())
	for _, l := range leaves {
		_, opens := opensInstallation()[l.Path]
		if _, none := opensNone()[l.Path]; opens == none {
			t.Errorf("enishi %s is in no table here, or in both: does it open an installation?", l.Path)
		}
		known--
	}
	if known != 0 {
		t.Errorf("the tables have %d more commands than there are", known)
	}
	keepsApart(t, "")
}

// TestDataIsKeptApartOnServers does so on servers.
func TestDataIsKeptApartOnServers(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			keepsApart(t, server)
			k, other := newKept(t, server, "demo"), newKept(t, server, "real")
			k.where["ENISHI_DATABASE_READER_URL"] = other.where["ENISHI_DATABASE_URL"]
			before := k.holds()
			code, said := k.run("demo", "", "sql", "SELECT COUNT(*) FROM account", "--why", "x", "--yes")
			if code != 1 || !strings.Contains(said, "this database holds people's data") || k.holds() != before {
				t.Errorf("sql, whose replica is of people = %d, %s", code, said)
			}
		})
	}
}

// changing gives the commands that have a plan.
func changing(t *testing.T) (list []string) {
	t.Helper()
	leaves, err := cli.Leaves()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range leaves {
		if slices.Contains(l.Flags, "plan") {
			list = append(list, l.Path)
		}
	}
	return list
}

// keepsApart calls each command that opens an installation on databases of other kinds of data.
func keepsApart(t *testing.T, server string) {
	t.Helper()
	changes := changing(t)
	for _, tt := range []struct{ holds, wants, demo, setting, becomes, says string }{
		{holds: "real", wants: "demo", says: "this database holds people's data"},
		{holds: "demo", wants: "real", says: "this installation is for people's data"},
		{holds: "", wants: "demo", says: "does not say whose data"},
		{holds: "real", demo: "true", says: "never opened as a demo"},
		// The mark has the right word, and not the sign of these rows.
		{holds: "real", wants: "demo", setting: "data_kind", becomes: "demo", says: foreign},
		{holds: "real", wants: "demo", setting: "data_kind", becomes: "demo 0011223344556677", says: foreign},
		{holds: "demo", wants: "demo", setting: "seed", becomes: "00112233445566778899aabbccddeeff", says: foreign},
		{holds: "demo", wants: "real", setting: "seed", becomes: "00112233445566778899aabbccddeeff", says: "this installation is for people's data"},
		{holds: "real", wants: "demo", setting: "data_kind", becomes: "test 0011223344556677", says: foreign},
		// Rows that are called people's are taken for that.
		{holds: "demo", wants: "demo", setting: "data_kind", becomes: "real 0011223344556677", says: "this database holds people's data"},
	} {
		t.Run(strings.Join([]string{tt.holds, "as", tt.wants, tt.demo, tt.setting, tt.becomes}, " "), func(t *testing.T) {
			k := newKept(t, server, tt.holds)
			if tt.setting != "" {
				k.set(tt.setting, tt.becomes)
			}
			before := k.holds()
			for name, args := range opensInstallation() {
				command := slices.Concat(strings.Fields(name), args)
				calls := [][]string{command}
				if slices.Contains(changes, name) {
					calls = [][]string{slices.Concat(command, []string{"--plan"}), slices.Concat(command, []string{"--why", "x", "--confirm", "prod", "--yes"})}
				}
				for _, call := range calls {
					if code, said := k.run(tt.wants, tt.demo, call...); code != 1 || !strings.Contains(said, tt.says) || strings.Contains(said, "Next: ") {
						t.Errorf("enishi %q = %d, %s; want 1 and %q", call, code, said, tt.says)
					}
				}
			}
			if after := k.holds(); after != before {
				t.Errorf("the database held\n%sand holds\n%s", before, after)
			}
		})
	}
}
