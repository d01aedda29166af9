package mysql

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	"github.com/sethvargo/go-retry"

	"enishi/internal/errs"
	"enishi/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateLock is the lock of the server that one process at a time migrates
// under, migrateWait how long others wait for it.
const (
	migrateLock = "enishi.migrate."
	migrateWait = 10 * time.Minute
)

// A statement that changes a table waits until no transaction uses it, and
// whoever comes later waits behind it. So it gives up after tableWait, in
// seconds, the least that the servers know, lets the others through for
// tableRest, and tries again, for migrateWait in all.
const (
	tableWait = 1
	tableRest = 2 * time.Second
)

// migrate brings the schema up to what this program was built for. With
// expect, it only checks that it is. A newer schema that this program cannot
// use is Conflict.
func migrate(ctx context.Context, config *mysql.Config, s server, expect bool) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	return migrateBy(ctx, config, s, files, expect)
}

func migrateBy(ctx context.Context, config *mysql.Config, s server, files fs.FS, expect bool) (err error) {
	db, err := connect(config, []string{
		usual, s.bound(0),
		fmt.Sprintf("SET SESSION lock_wait_timeout = %d, wait_timeout = %d", tableWait, lockIdle),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	schema, err := schemaOf(db, s, files)
	if err != nil {
		return err
	}
	if expect {
		schema.Only = "which enishi migrate makes"
	}
	// Whoever has nothing to change waits for nobody: another may migrate for long.
	// What cannot be told yet, since another has just begun, is told under the lock.
	if has, err := hasVersions(ctx, db); has && err == nil {
		if stands, err := schema.Stands(ctx); stands || errs.Is(err, errs.Conflict) {
			return err
		}
	}
	err = alone(ctx, db, config.DBName, schema.Migrate)
	if err != nil && ctx.Err() == nil && !takesWrites(ctx, db) {
		return errs.Wrap(errs.Busy, "the server takes no writes: it is a replica, or was the writer until now", err)
	}
	return err
}

func schemaOf(db *sql.DB, s server, files fs.FS) (store.Schema, error) {
	steps, err := migrationsFor(s, files)
	if err != nil {
		return store.Schema{}, fmt.Errorf("read the migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectMySQL, db, nil, goose.WithGoMigrations(steps...),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return store.Schema{}, fmt.Errorf("read the migrations: %w", err)
	}
	return store.Schema{Provider: p, DB: db, Files: files}, nil
}

// Versions gives the version of a database's schema, 0 if it has none, and the one that this
// program makes of it. It changes nothing.
func Versions(ctx context.Context, address string) (stored, known int64, err error) {
	config, err := parse(address)
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("look at the schema of the database %s on %s: %w", config.DBName, config.Addr, err)
		}
	}()
	s, err := ask(ctx, config)
	if err != nil {
		return 0, 0, err
	}
	db, err := connect(config, []string{usual})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, 0, err
	}
	schema, err := schemaOf(db, s, files)
	if err != nil {
		return 0, 0, err
	}
	has, err := hasVersions(ctx, db)
	if err != nil {
		return 0, 0, err
	}
	if !has {
		return 0, schema.Newest(), nil
	}
	return schema.Versions(ctx)
}

// hasVersions says whether the database has a schema at all.
func hasVersions(ctx context.Context, db *sql.DB) (bool, error) {
	var n int
	err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.tables"+
		" WHERE table_schema = DATABASE() AND table_name = 'goose_db_version'").Scan(&n)
	return n > 0, err
}

// takesWrites says whether a server takes writes, or cannot be asked.
func takesWrites(ctx context.Context, db *sql.DB) bool {
	conn, err := db.Conn(ctx)
	if err != nil {
		return true
	}
	defer conn.Close() //nolint:errcheck // it was only read
	return writable(ctx, conn)
}

// The lock ends with its connection. That is asked every lockKept whether it still
// has it, and closed by the server after lockIdle, in seconds, in which nothing was
// asked: a process that is paused holds up nobody for longer.
const (
	lockIdle = 60
	lockKept = 5 * time.Second
)

// alone runs fn while no other process migrates the database. If the lock is lost,
// fn's context ends.
func alone(ctx context.Context, db *sql.DB, name string, fn func(context.Context) error) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", migrateLock+name, int(migrateWait.Seconds())).Scan(&got); err != nil {
		return fmt.Errorf("wait to migrate: %w", err)
	}
	if got.Int64 != 1 {
		return errs.New(errs.Busy, "another process has been changing the schema for ten minutes")
	}
	held, stop := context.WithCancelCause(ctx)
	var kept sync.WaitGroup
	kept.Go(func() { keepLock(held, conn, migrateLock+name, stop) })
	err = fn(held)
	if lost := context.Cause(held); lost != nil && ctx.Err() == nil {
		err = errors.Join(lost, err)
	}
	stop(nil)
	kept.Wait()
	_, released := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", migrateLock+name)
	return errors.Join(err, released)
}

// keepLock calls lost once the lock is no longer this connection's.
func keepLock(ctx context.Context, conn *sql.Conn, lock string, lost func(error)) {
	every := time.NewTicker(lockKept)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		var ours sql.NullBool
		err := conn.QueryRowContext(ctx, "SELECT IS_USED_LOCK(?) = CONNECTION_ID()", lock).Scan(&ours)
		if ctx.Err() == nil && (err != nil || !ours.Bool) {
			lost(errs.Wrap(errs.Busy, "the lock under which one process changes the schema was lost: start again", err))
			return
		}
	}
}

// migrationsFor gives the migrations in the server's own words. They run
// outside a transaction: the server ends one at each change of a table.
func migrationsFor(s server, files fs.FS) ([]*goose.Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		return nil, errors.Join(err, fs.ErrNotExist)
	}
	var out []*goose.Migration
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		version, err := store.MigrationVersion(name)
		if err != nil {
			return nil, err
		}
		list := statements(strings.ReplaceAll(string(text), "{table}", s.table()))
		out = append(out, goose.NewGoMigration(version, &goose.GoFunc{RunDB: func(ctx context.Context, db *sql.DB) error {
			for _, statement := range list {
				if err := change(ctx, db, statement); err != nil {
					return fmt.Errorf("%.60s: %w", statement, err)
				}
			}
			return nil
		}}, nil))
	}
	return out, nil
}

// statements takes a migration apart; what a statement is for goes along.
func statements(text string) []string {
	var list []string
	for _, s := range strings.Split(text, ";\n") {
		if strings.TrimSpace(s) != "" {
			list = append(list, s)
		}
	}
	return list
}

// change runs a statement of a migration. One that was run before, by a process
// that ended before it could say so, counts as run.
func change(ctx context.Context, db *sql.DB, statement string) error {
	tries := retry.WithMaxDuration(migrateWait, retry.NewConstant(tableRest))
	return retry.Do(ctx, tries, func(ctx context.Context) error {
		_, err := db.ExecContext(ctx, statement)
		var e *mysql.MySQLError
		switch {
		case !errors.As(err, &e):
			return err
		case e.Number == erLockWaitTimeout:
			return retry.RetryableError(err)
		case ranBefore(statement, e.Number), unguarded(statement, e.Number):
			return nil
		}
		return err
	})
}

// unguarded says whether a server does not let this user make a trigger. Triggers
// only hold others to what the program does anyway, so it goes on without.
func unguarded(statement string, code uint16) bool {
	return strings.Contains(statement, "CREATE TRIGGER ") && (code == erNeedsTrust || code == erTableAccess || code == erSpecificAccess)
}

// ranBefore says whether a failure means that a statement's work is there.
func ranBefore(statement string, code uint16) bool {
	switch code {
	case erTableExists, erDupFieldName, erDupKeyName, erCantDrop, erBadTable, erTriggerExists:
		return true
	case erDupEntry: // of an index, it means that there are two
		return strings.Contains(statement, "INSERT INTO ")
	}
	return false
}
