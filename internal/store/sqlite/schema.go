package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"enishi/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to what this program was built for. With
// expect, it only checks that it is. A newer schema that this program cannot
// use is Conflict.
func migrate(ctx context.Context, db *sql.DB, expect bool) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	return migrateBy(ctx, db, files, expect)
}

func migrateBy(ctx context.Context, db *sql.DB, files fs.FS, expect bool) error {
	s, err := schemaOf(db, files)
	if err != nil {
		return err
	}
	if expect {
		s.Only = "which only the process that has the data folder can make"
	}
	return s.Migrate(ctx)
}

func schemaOf(db *sql.DB, files fs.FS) (store.Schema, error) {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return store.Schema{}, fmt.Errorf("read the migrations: %w", err)
	}
	return store.Schema{Provider: p, DB: db, Files: files, Alone: true}, nil
}

// Versions gives the version of a file's schema, 0 if there is no file or nothing in it, and the
// one that this program makes of it. It changes nothing.
func Versions(ctx context.Context, path string) (stored, known int64, err error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, 0, fmt.Errorf("read the migrations: %w", err)
	}
	at, has := ":memory:", 0
	if path != "" {
		if at, err = reading(path); err != nil {
			return 0, 0, err
		}
	}
	db, err := sql.Open("sqlite", at)
	if err != nil {
		return 0, 0, fmt.Errorf("open the database %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	schema, err := schemaOf(db, files)
	if err != nil {
		return 0, 0, err
	}
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'goose_db_version'").Scan(&has); err != nil {
		return 0, 0, fmt.Errorf("look at the schema of %s: %w", path, err)
	}
	if has == 0 {
		return 0, schema.Newest(), nil
	}
	return schema.Versions(ctx)
}
