package mysql_test

import (
	"context"
	"database/sql"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"enishi/internal/errs"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
)

// newest is beyond every migration.
const newest = 9999

// with gives this program's migrations up to a version, and more.
func with(t *testing.T, upTo int64, more map[string]string) fstest.MapFS {
	t.Helper()
	files, err := mysql.Files()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no migrations: %v", err)
	}
	list := fstest.MapFS{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		version, err := store.MigrationVersion(name)
		if err != nil {
			t.Fatal(err)
		}
		if version <= upTo {
			list[name] = &fstest.MapFile{Data: text}
		}
	}
	for name, text := range more {
		list[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return list
}

func migrate(t *testing.T, address string, files fs.FS) {
	t.Helper()
	if err := mysql.MigrateBy(t.Context(), address, files); err != nil {
		t.Fatal(err)
	}
}

func connected(t *testing.T, address string, write bool) *sql.DB {
	t.Helper()
	db, err := mysql.Connect(t.Context(), address, write)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // the server may have closed what lay idle
	return db
}

func run(t *testing.T, db interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}, query string,
) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// TestOlderProgramsStart starts older programs on newer schemas, and refuses
// to take away what they use while they may run.
func TestOlderProgramsStart(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			address := mysqltest.Address(t, server)
			const adds = "ALTER TABLE session ADD COLUMN first BIGINT, ALGORITHM=INSTANT;\n"
			now := with(t, newest, nil)
			first := with(t, newest, map[string]string{"9001_first.sql": adds})
			second := with(t, newest, map[string]string{"9001_first.sql": adds, "9002_second.sql": strings.ReplaceAll(adds, "first", "second")})
			less := maps.Clone(second)
			less["9003_less.sql"] = &fstest.MapFile{Data: []byte("-- needs: 9002\nALTER TABLE session DROP COLUMN first;\n")}

			refused := func(files fs.FS, want string) {
				t.Helper()
				err := mysql.MigrateBy(t.Context(), address, files)
				if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), want) {
					t.Errorf("a migration = %v, want a Conflict: %s", err, want)
				}
			}
			migrate(t, address, first)
			migrate(t, address, now)
			refused(less, "the database has schema 9001; migration 9003 takes away what programs below schema 9002 use: first replace every process by a program of schema 9002 to 9002")
			migrate(t, address, second)
			migrate(t, address, now)
			migrate(t, address, less)
			refused(now, "the database has schema 9003, which only programs that know schema 9002 can use; this program knows up to ")
			refused(first, "this program knows up to 9001")
			migrate(t, address, second)

			empty := mysqltest.Address(t, server)
			migrate(t, empty, less)
			if err := mysql.MigrateBy(t.Context(), empty, first); !errs.Is(err, errs.Conflict) {
				t.Errorf("an older program on a new database = %v, want a Conflict", err)
			}
		})
	}
}

// TestMigrationsOnOddServers runs every migration on servers whose operators like
// other variables.
func TestMigrationsOnOddServers(t *testing.T) {
	odd := map[string]string{
		"autocommit": "0", "sql_mode": "'ANSI,ALLOW_INVALID_DATES'", "sql_safe_updates": "1", "sql_select_limit": "1",
		"completion_type": "'CHAIN'", "sql_auto_is_null": "1", "foreign_key_checks": "0",
	}
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			address := mysqltest.Address(t, server)
			all := with(t, newest, nil)
			if err := mysql.MigrateOdd(t.Context(), address, all, odd); err != nil {
				t.Fatal(err)
			}
			if done := len(mysqltest.Texts(t, address, "SELECT version_id FROM goose_db_version WHERE version_id > 0")); done != len(all) {
				t.Errorf("%d migrations are noted as run, want %d", done, len(all))
			}
		})
	}
}

// TestMigratorsTakeTurns lets two processes migrate while a transaction keeps both
// waiting for longer than the server leaves idle connections open.
func TestMigratorsTakeTurns(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			address, busy, release := busyOffers(t, server)
			ended := make(chan error, 2)
			for range cap(ended) {
				go func() {
					ended <- mysql.MigrateOdd(t.Context(), address, with(t, newest, nil), map[string]string{"wait_timeout": "1"})
				}()
			}
			run(t, busy, "DO SLEEP(3)")
			release()
			for range cap(ended) {
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
			if n := mysqltest.Texts(t, address, "SELECT COUNT(*) FROM goose_db_version WHERE version_id = 9"); n[0] != "1" {
				t.Errorf("migration 9 is noted %s times, want once", n[0])
			}
		})
	}
}

// TestMigratorWithoutItsLock stops a process whose lock has gone.
func TestMigratorWithoutItsLock(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			address, busy, release := busyOffers(t, server)
			defer release()
			ended := make(chan error, 1)
			go func() { ended <- mysql.MigrateBy(t.Context(), address, with(t, newest, nil)) }()
			owner := "NULL"
			for owner == "NULL" {
				owner = mysqltest.Texts(t, address, "SELECT COALESCE(IS_USED_LOCK(CONCAT('enishi.migrate.', DATABASE())), 'NULL')")[0]
			}
			run(t, busy, "KILL "+owner)
			if err := <-ended; !errs.Is(err, errs.Busy) || !strings.Contains(err.Error(), "was lost") {
				t.Errorf("a migration whose lock is lost = %v, want Busy", err)
			}
		})
	}
}

// busyOffers gives a database before migration 9, and a connection to it whose
// transaction keeps that waiting until release.
func busyOffers(t *testing.T, server string) (address string, busy *sql.Conn, release func()) {
	t.Helper()
	address = mysqltest.Address(t, server)
	migrate(t, address, with(t, 8, nil))
	busy, err := connected(t, address, true).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run(t, busy, "SET SESSION wait_timeout = 600")
	run(t, busy, "START TRANSACTION")
	run(t, busy, "SELECT 1 FROM offer LIMIT 1")
	return address, busy, func() { run(t, busy, "COMMIT") }
}

// TestInterruptedMigrations runs a migration again whose process ended before
// it could say how far it had come.
func TestInterruptedMigrations(t *testing.T) {
	text := strings.Join([]string{
		"CREATE TABLE note (id BIGINT NOT NULL PRIMARY KEY, n BIGINT) {table}",
		"ALTER TABLE note ADD COLUMN m BIGINT, ALGORITHM=INSTANT",
		"CREATE INDEX note_n ON note (n) ALGORITHM=INPLACE LOCK=NONE",
		"INSERT INTO note (id, n) VALUES (1, 1)",
		"ALTER TABLE note DROP COLUMN m",
		"CREATE TABLE gone (id BIGINT NOT NULL PRIMARY KEY) {table}",
		"DROP TABLE gone", "",
	}, ";\n")
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			for done := range 8 {
				address := mysqltest.Address(t, server)
				part := strings.Join(strings.SplitAfter(text, ";\n")[:done], "")
				migrate(t, address, with(t, baseline, map[string]string{"9001_note.sql": "-- Part.\n" + part}))
				db := connected(t, address, true)
				run(t, db, "DELETE FROM goose_db_version WHERE version_id = 9001")
				migrate(t, address, with(t, baseline, map[string]string{"9001_note.sql": text}))
				run(t, db, "INSERT INTO note (id, n) VALUES (2, 2)")
			}
			address := mysqltest.Address(t, server)
			wrong := text + "INSERT INTO note (id, n) VALUES (3, 3);\nINSERT INTO note (id, n) VALUES (4, 3);\n" +
				"CREATE UNIQUE INDEX note_once ON note (n) ALGORITHM=INPLACE LOCK=NONE;\n"
			if err := mysql.MigrateBy(t.Context(), address, with(t, baseline, map[string]string{"9001_note.sql": wrong})); err == nil {
				t.Error("an index that cannot be unique was taken for one that is there")
			}
		})
	}
}

// TestMigrationsLetOthersThrough holds a table with a transaction that a
// migration must wait for: those who write meanwhile wait a second at most, and
// the migration is made when the transaction has ended.
func TestMigrationsLetOthersThrough(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			address := mysqltest.Address(t, server)
			migrate(t, address, with(t, baseline, nil))
			long, err := connected(t, address, false).BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			run(t, long, "DO (SELECT COUNT(*) FROM session)")
			ended := make(chan error, 1)
			go func() {
				ended <- mysql.MigrateBy(t.Context(), address, with(t, baseline, map[string]string{
					"9001_more.sql": "ALTER TABLE session ADD COLUMN n BIGINT, ALGORITHM=INSTANT;\n",
				}))
			}()
			w := newWaiter(t, address, "UPDATE session SET expires_at = {n} WHERE account = 1")
			w.until(3500*time.Millisecond, nil)
			select {
			case err := <-ended:
				t.Fatalf("the migration ended with %v while a transaction had the table", err)
			default:
			}
			if err := long.Commit(); err != nil {
				t.Fatal(err)
			}
			w.until(time.Minute, ended)
			t.Logf("a writer waited %v at most, in %d writes", w.longest, w.writes)
			if w.longest < 500*time.Millisecond || w.longest > 1500*time.Millisecond {
				t.Errorf("a writer waited %v, want about the second that a migration waits", w.longest)
			}
		})
	}
}

// TestSnapshotsOverMigrations reads in a transaction that began before a
// migration: it sees what was there then, or is told to run again.
func TestSnapshotsOverMigrations(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			address := mysqltest.Address(t, server)
			migrate(t, address, with(t, baseline, nil))
			conn, err := connected(t, address, false).Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
			}()
			run(t, connected(t, address, true), "INSERT INTO session (token_hash, account, created_at, expires_at) VALUES ('x', 1, 1, 1)")
			run(t, conn, mysql.BeginRead())
			migrate(t, address, with(t, baseline, map[string]string{
				"9001_more.sql": "ALTER TABLE session ADD COLUMN n BIGINT, ALGORITHM=INSTANT;\n",
			}))
			var n int
			const query = "SELECT COUNT(*) FROM session"
			err = conn.QueryRowContext(t.Context(), query).Scan(&n)
			if f := mysql.Classify(err); (err != nil || n != 1) && (!f.Retry || f.Kind != errs.Busy) {
				t.Errorf("a snapshot of before gives %d, %v, which means %+v; want 1, or to be told to try again", n, err, f)
			}
			run(t, conn, "ROLLBACK")
			run(t, conn, mysql.BeginRead())
			if err := conn.QueryRowContext(t.Context(), query).Scan(&n); err != nil || n != 1 {
				t.Errorf("again, it gives %d, %v, want 1", n, err)
			}
			run(t, conn, "ROLLBACK")
		})
	}
}
