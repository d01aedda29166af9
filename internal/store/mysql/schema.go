package mysql

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"

	"enishi/internal/errs"
	"enishi/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateLock is the lock of the server that one process at a time migrates
// under, migrateWait how long others wait for it, in seconds.
const (
	migrateLock = "enishi.migrate."
	migrateWait = 600
)

// migrate brings the schema up to what this program was built for. With
// expect, it only checks that it is. A newer schema is Conflict.
func migrate(ctx context.Context, config *mysql.Config, s server, expect bool) (err error) {
	db, err := connect(config, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	steps, err := migrationsFor(s)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectMySQL, db, nil, goose.WithGoMigrations(steps...),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	only := ""
	if expect {
		only = "which enishi migrate makes"
	}
	return alone(ctx, db, config.DBName, func() error { return store.Migrate(ctx, p, only) })
}

// alone runs fn while no other process migrates the database.
func alone(ctx context.Context, db *sql.DB, name string, fn func() error) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", migrateLock+name, migrateWait).Scan(&got); err != nil {
		return fmt.Errorf("wait to migrate: %w", err)
	}
	if got.Int64 != 1 {
		return errs.New(errs.Busy, "another process has been changing the schema for ten minutes")
	}
	err = fn()
	_, released := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", migrateLock+name)
	return errors.Join(err, released)
}

// migrationsFor gives the migrations in the server's own words. They run
// outside a transaction: the server ends one at each change of a table.
func migrationsFor(s server) ([]*goose.Migration, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("read the migrations: %w", errors.Join(err, fs.ErrNotExist))
	}
	var out []*goose.Migration
	for _, name := range names {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the migrations: %w", err)
		}
		number, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read the number of migration %s: %w", name, err)
		}
		statements := strings.Split(strings.ReplaceAll(string(text), "{table}", s.table()), ";\n")
		out = append(out, goose.NewGoMigration(version, &goose.GoFunc{RunDB: func(ctx context.Context, db *sql.DB) error {
			for _, statement := range statements {
				if strings.TrimSpace(statement) == "" {
					continue
				}
				if _, err := db.ExecContext(ctx, statement); err != nil {
					return fmt.Errorf("%.60s: %w", statement, err)
				}
			}
			return nil
		}}, nil))
	}
	return out, nil
}
