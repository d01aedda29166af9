package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"net"
	"strings"

	"github.com/go-sql-driver/mysql"

	"enishi/internal/store"
)

// Files gives the migrations of this program.
func Files() (fs.FS, error) { return fs.Sub(migrations, "migrations") }

// Statements takes a migration apart.
func Statements(text string) []string { return statements(text) }

// MigrateBy brings a database up to the last of some migrations.
func MigrateBy(ctx context.Context, address string, files fs.FS) error {
	config, err := parse(address)
	if err != nil {
		return err
	}
	s, err := ask(ctx, config)
	if err != nil {
		return err
	}
	return migrateBy(ctx, config, s, files, false)
}

// MigrateOdd is MigrateBy on a server whose sessions begin with other variables.
func MigrateOdd(ctx context.Context, address string, files fs.FS, variables map[string]string) error {
	config, err := parse(address)
	if err != nil {
		return err
	}
	s, err := ask(ctx, config)
	if err != nil {
		return err
	}
	config.Params = variables
	return migrateBy(ctx, config, s, files, false)
}

// Connect gives connections with the settings of those that write or read.
func Connect(ctx context.Context, address string, write bool) (*sql.DB, error) {
	config, err := parse(address)
	if err != nil {
		return nil, err
	}
	s, err := ask(ctx, config)
	if err != nil {
		return nil, err
	}
	return connect(config, settings(s, Options{}, write))
}

// Dial connects by a way of one's own.
func Dial(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error)) error {
	config, err := parse("mysql://enishi:enishi@database/enishi")
	if err != nil {
		return err
	}
	config.DialFunc = dial
	db, err := connect(config, nil)
	if err != nil {
		return err
	}
	return errors.Join(db.PingContext(ctx), db.Close())
}

// Writable says whether a connection leads to a server that takes writes.
func Writable(ctx context.Context, conn *sql.Conn) bool { return writable(ctx, conn) }

// Classify tells what an error of the driver means.
func Classify(err error) store.Failure { return classify(err) }

// BeginRead starts a transaction that reads.
func BeginRead() string { return dialect().BeginRead }

// Accept says whether a server of this version is new enough.
func Accept(version string) error {
	return server{mariadb: strings.Contains(version, "MariaDB")}.accept(version)
}

// SignIn gives what signs in by passwords that may change; dial is the server.
func SignIn(first string, another func(context.Context, string) (string, error)) func(ctx context.Context, dial func(password string) error) error {
	p := newPasswords(&mysql.Config{Passwd: first}, another)
	return func(ctx context.Context, dial func(password string) error) error {
		_, err := p.connect(ctx, func(ctx context.Context) (driver.Conn, error) {
			c := &mysql.Config{Passwd: "of the configuration"}
			if err := put(ctx, c); err != nil {
				return nil, err
			}
			return nil, dial(c.Passwd)
		})
		return err
	}
}
