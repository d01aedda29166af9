package cli_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/cli"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
	"enishi/internal/store/sqlite"
)

// TestTransferOnServers copies a data folder into each kind of server: every row of every
// table is there, it is served on, a second copy is refused, and one that was broken off is
// served by nobody.
func TestTransferOnServers(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, args := range [][]string{
		{"demo", "load", "--candidates", "400", "--companies", "20", "--rules", "60", "--seed", "2"},
		{"user", "add", "--role", "operator", "--email", "second@example.jp", "--password", "correct horse"},
		{"maintenance", "plan", "--from", "2999-01-01 02:00", "--until", "2999-01-01 04:00", "--message-ja", "移転します。"},
		{"job", "run", "statistics"},
		{"job", "run", "past"},
	} {
		if code, said := run(append(args, "--data", data)...); code != 0 {
			t.Fatalf("%q: %s", args, said)
		}
	}
	secret, err := os.ReadFile(filepath.Join(data, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			address := mysqltest.Address(t, server)
			asked := func(more map[string]string, args ...string) (int, string) {
				var said bytes.Buffer
				w := cli.System()
				w.Out, w.Err = &said, &said
				set := map[string]string{"ENISHI_DATABASE_URL": address, "ENISHI_SECRET": strings.TrimSpace(string(secret))}
				maps.Copy(set, more)
				w.Env = func(name string) (string, bool) {
					value, ok := set[name]
					return value, ok
				}
				code := cli.Run(args, w)
				return code, said.String()
			}
			transfer := []string{"transfer", "--data", data}
			if code, said := asked(map[string]string{"ENISHI_SECRET": strings.Repeat("0", 32)}, transfer...); code == 0 || !strings.Contains(said, "another secret") {
				t.Errorf("with another secret: %d, %s", code, said)
			}
			if code, said := asked(nil, append(transfer, "--plan")...); code != 0 || !strings.Contains(said, "every row of the data folder") {
				t.Errorf("a plan: %d, %s", code, said)
			}
			before := contents(t, func(look func(store.Side) error) error {
				return sqlite.Lend(t.Context(), filepath.Join(data, "enishi.db"), look)
			})
			if code, said := asked(nil, transfer...); code != 0 || !strings.Contains(said, "counted on both sides") {
				t.Fatalf("enishi transfer: %d, %s", code, said)
			}
			if code, said := run("migrate", "--data", data); code != 1 || !strings.Contains(said, "were brought to the database enishi_") {
				t.Errorf("the folder that was copied: %d, %s", code, said)
			}
			after := contents(t, func(look func(store.Side) error) error {
				return mysql.Lend(t.Context(), address, mysql.Options{}, look)
			})
			delete(before, "audit") // where it came from was noted meanwhile
			delete(after, "audit")
			if diff := cmp.Diff(before, after); diff != "" || len(before) < 40 {
				t.Errorf("%d tables (-before +after):\n%s", len(before), diff)
			}
			if code, said := asked(nil, "audit", "--json"); code != 0 || !strings.Contains(said, `"data.transfer"`) || !strings.Contains(said, `"operator.add"`) {
				t.Errorf("the audit log: %d, %s", code, said)
			}
			if code, said := asked(nil, "user", "add", "--role", "operator", "--email", "third@example.jp", "--password", "correct horse"); code != 0 {
				t.Errorf("what is added afterwards: %d, %s", code, said)
			}
			if code, said := asked(nil, transfer...); code != 1 || !strings.Contains(said, "the target is not empty") {
				t.Errorf("a second time: %d, %s", code, said)
			}

			address = mysqltest.Address(t, server)
			ctx, stop := context.WithCancel(t.Context())
			err := sqlite.Lend(t.Context(), filepath.Join(data, "enishi.db"), func(from store.Side) error {
				return mysql.Lend(t.Context(), address, mysql.Options{Loading: true}, func(to store.Side) error {
					_, err := store.Transfer(ctx, from, to, false, func(table string, _ int64) {
						if table == "offer" {
							stop()
						}
					})
					return err
				})
			})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("broken off: %v", err)
			}
			for _, args := range [][]string{{"user", "add", "--role", "operator", "--email", "x@example.jp"}, {"serve", "--addr", "127.0.0.1:0"}, {"job", "list"}, {"migrate"}} {
				if code, said := asked(nil, args...); code == 0 || !strings.Contains(said, "has not come to its end") && !strings.Contains(said, "no installation") {
					t.Errorf("%q on what was broken off: %d, %s", args, code, said)
				}
			}
			rehearse := append(slices.Clone(transfer), "--rehearse")
			for _, what := range []string{"after one that was broken off", "after a rehearsal"} {
				if code, said := asked(nil, rehearse...); code != 0 || !strings.Contains(said, "It was a rehearsal: nobody serves them.") {
					t.Errorf("a rehearsal %s: %d, %s", what, code, said)
				}
				if code, said := asked(nil, "job", "list"); code == 0 || !strings.Contains(said, "has not come to its end") {
					t.Errorf("on what was rehearsed: %d, %s", code, said)
				}
			}
			holds(t, address, rehearse, asked)
			if code, said := asked(nil, transfer...); code != 0 {
				t.Fatalf("after rehearsals: %d, %s", code, said)
			}
			moved := contents(t, func(look func(store.Side) error) error {
				return mysql.Lend(t.Context(), address, mysql.Options{}, look)
			})
			delete(moved, "audit")
			if diff := cmp.Diff(before, moved); diff != "" {
				t.Errorf("after rehearsals (-before +after):\n%s", diff)
			}
			returns(t, address, string(secret), asked)
		})
	}
}

type asker = func(more map[string]string, args ...string) (int, string)

// holds has the target of a transfer while another begins: that is refused, and changes nothing.
func holds(t *testing.T, address string, rehearse []string, asked asker) {
	t.Helper()
	err := mysql.Lend(t.Context(), address, mysql.Options{Loading: true}, func(to store.Side) error {
		conn, err := to.DB.Conn(t.Context())
		if err != nil {
			return err
		}
		defer conn.Close() //nolint:errcheck // it ends with the lock
		var got int
		if err := conn.QueryRowContext(t.Context(), to.Alone).Scan(&got); err != nil || got != 1 {
			return fmt.Errorf("the lock: %d, %w", got, err)
		}
		if code, said := asked(nil, rehearse...); code != 1 || !strings.Contains(said, "another transfer fills the target") {
			t.Errorf("beside another: %d, %s", code, said)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTransferLacksAColumn copies a folder of a newer program: it is refused while what is in the target is still there.
func TestTransferLacksAColumn(t *testing.T) {
	data := demoData(t)
	secret, err := os.ReadFile(filepath.Join(data, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			r := &restoring{T: t, server: server, here: mysqltest.Address(t, server), files: t.TempDir(), secret: bytes.TrimSpace(secret)}
			folder := filepath.Join(t.TempDir(), "data")
			if err := errors.Join(os.CopyFS(folder, os.DirFS(data)), os.Chmod(filepath.Join(folder, "secret"), 0o600)); err != nil {
				t.Fatal(err)
			}
			r.must(0, "It was a rehearsal", "transfer", "--data", folder, "--rehearse")
			before := r.contents(r.here)
			db, err := sql.Open("sqlite", filepath.Join(folder, "enishi.db"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = db.ExecContext(t.Context(), "ALTER TABLE position ADD COLUMN later INTEGER")
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			r.must(1, "lacks columns that the other one has: position.later.", "transfer", "--data", folder)
			if diff := cmp.Diff(before, r.contents(r.here)); diff != "" {
				t.Errorf("what was refused has changed something (-before +after):\n%s", diff)
			}
			r.sql(r.here, "ALTER TABLE position ADD COLUMN later BIGINT NULL")
			r.must(0, "counted on both sides", "transfer", "--data", folder)
			r.sql(r.here, "ALTER TABLE position ADD COLUMN last BIGINT NULL")
			r.must(1, "lacks columns that the other one has: position.later, position.last.", "transfer", "--back", "--data", filepath.Join(t.TempDir(), "returned"))
		})
	}
}

// returns copies a server's database into a folder, with the secret, where it is used on.
func returns(t *testing.T, address, secret string, asked asker) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "returned")
	back := []string{"transfer", "--back", "--data", folder}
	err := mysql.Peek(t.Context(), address, nil, func(s store.Side) error { // of a request that may be given again
		_, err := s.DB.ExecContext(t.Context(), "INSERT INTO reply (scope, reply_id, digest, status, body, at) VALUES ('account 1', 'one', 'd', 200, '{}', 1)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if code, said := asked(nil, append(slices.Clone(back), "--plan")...); code != 0 || !strings.Contains(said, "every row of it is copied into the data folder") {
		t.Errorf("a plan: %d, %s", code, said)
	}
	if code, said := asked(nil, append(slices.Clone(back), "--rehearse")...); code != 2 {
		t.Errorf("a rehearsal of it: %d, %s", code, said)
	}
	if code, said := asked(nil, back...); code != 0 || !strings.Contains(said, "counted on both sides") {
		t.Fatalf("enishi transfer --back: %d, %s", code, said)
	}
	there := contents(t, func(look func(store.Side) error) error {
		return mysql.Lend(t.Context(), address, mysql.Options{}, look)
	})
	here := contents(t, func(look func(store.Side) error) error {
		return sqlite.Lend(t.Context(), filepath.Join(folder, "enishi.db"), look)
	})
	if !strings.HasPrefix(here["reply"], "1 rows") {
		t.Errorf("of replies came %s", here["reply"])
	}
	delete(there, "reply") // a server's has a key
	delete(here, "reply")
	if diff := cmp.Diff(there, here); diff != "" {
		t.Errorf("-server +folder:\n%s", diff)
	}
	kept, err := os.ReadFile(filepath.Join(folder, "secret"))
	if err != nil || strings.TrimSpace(string(kept)) != strings.TrimSpace(secret) {
		t.Errorf("the secret came along as %q, %v", kept, err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "enishi.db-*")); err != nil || len(left) > 0 {
		t.Errorf("beside the file lie %q, %v", left, err)
	}
	if code, said := run("user", "add", "--role", "operator", "--email", "fourth@example.jp", "--password", "correct horse", "--data", folder); code != 0 {
		t.Errorf("on what came back: %d, %s", code, said)
	}
	if code, said := asked(nil, back...); code != 1 || !strings.Contains(said, "there is an installation, or a part of one") {
		t.Errorf("a second time: %d, %s", code, said)
	}
}

// contents gives of every table how many rows it has, and a digest of what is in them.
func contents(t *testing.T, lend func(func(store.Side) error) error) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := lend(func(s store.Side) error {
		tables, err := texts(s.DB, s.Tables)
		if err != nil {
			return err
		}
		for _, table := range tables {
			if out[table], err = digestOf(s.DB, table); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func texts(db *sql.DB, query string) (out []string, err error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

func digestOf(db *sql.DB, table string) (string, error) {
	rows, err := db.Query("SELECT * FROM " + table)
	if err != nil {
		return "", err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	order := slices.Sorted(slices.Values(columns))
	var lines []string
	for rows.Next() {
		values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		var line strings.Builder
		for _, name := range order {
			value := values[slices.Index(columns, name)]
			fmt.Fprintf(&line, "%s=%t %x;", name, value == nil, []byte(value))
		}
		lines = append(lines, line.String())
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d rows %x", len(lines), sha256.Sum256([]byte(strings.Join(lines, "\n")))), rows.Err()
}
