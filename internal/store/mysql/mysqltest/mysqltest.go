// Package mysqltest gives tests empty databases on the servers that the
// environment names: ENISHI_TEST_MARIADB_URL and ENISHI_TEST_MYSQL_URL, whose
// user may make databases. A test without its server is skipped, or fails
// where ENISHI_TEST_SERVICES is "required".
package mysqltest

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"enishi/internal/store"
	ours "enishi/internal/store/mysql"
)

// Servers names the kinds of server.
func Servers() []string { return []string{"MariaDB", "MySQL"} }

// Given names the servers that tests of other packages run on as well: those
// that the environment names.
func Given() []string {
	var list []string
	for _, server := range Servers() {
		if os.Getenv(variable(server)) != "" || os.Getenv(mode) == required {
			list = append(list, server)
		}
	}
	return list
}

const (
	mode     = "ENISHI_TEST_SERVICES"
	required = "required"
)

func variable(server string) string { return "ENISHI_TEST_" + strings.ToUpper(server) + "_URL" }

// Address gives the address of a new empty database on a server, which is
// dropped at the end of the test.
func Address(t testing.TB, server string) string {
	t.Helper()
	name := variable(server)
	base := os.Getenv(name)
	if base == "" {
		if os.Getenv(mode) == required {
			t.Fatalf("%s is not set: run make services", name)
		}
		t.Skipf("%s is not set: run make services", name)
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	database := "enishi_" + strings.ToLower(rand.Text())
	Exec(t, u, "CREATE DATABASE "+database)
	t.Cleanup(func() { Exec(t, u, "DROP DATABASE "+database) })
	u.Path = "/" + database
	return u.String()
}

// Exec runs statements on a server, in no database.
func Exec(t testing.TB, u *url.URL, statements ...string) {
	t.Helper()
	db, err := Connect(u)
	if err != nil {
		t.Fatalf("connect to %s: %v", u.Host, err)
	}
	defer db.Close() //nolint:errcheck // nothing is lost with it
	for _, s := range statements {
		if _, err := db.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// Connect gives a handle on a server, in no database.
func Connect(u *url.URL) (*sql.DB, error) { return connect(u, "") }

func connect(u *url.URL, database string) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.DBName = database
	c.Net, c.Addr, c.User = "tcp", u.Host, u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.Logger = &mysql.NopLogger{} // errors come back anyway
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// Row gives the first row of a query on a server, in no database, by the names
// of its columns; no row is an error.
func Row(ctx context.Context, u *url.URL, query string) (map[string]string, error) {
	db, err := Connect(u)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // nothing is lost with it
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err says what went wrong
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	if !rows.Next() {
		return nil, cmp.Or(rows.Err(), sql.ErrNoRows)
	}
	cells, into := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range cells {
		into[i] = &cells[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	row := map[string]string{}
	for i, name := range names {
		row[name] = cells[i].String
	}
	return row, rows.Err()
}

// Texts gives the first column of a query's rows in a database.
func Texts(t testing.TB, address, query string) (list []string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	db, err := connect(u, strings.TrimPrefix(u.Path, "/"))
	if err != nil {
		t.Fatalf("connect to %s: %v", u.Host, err)
	}
	defer db.Close() //nolint:errcheck // nothing is lost with it
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close() //nolint:errcheck // Err tells what matters
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		list = append(list, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return list
}

// Open opens a new empty database on a server for a test.
func Open(t testing.TB, server string, o ours.Options) *store.Store {
	t.Helper()
	return OpenAt(t, Address(t, server), o)
}

// OpenAt opens a database for a test and closes it at its end.
func OpenAt(t testing.TB, address string, o ours.Options) *store.Store {
	t.Helper()
	s, err := ours.Open(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return s
}
