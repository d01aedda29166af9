package sqlite

import (
	"context"
	"database/sql"
	"embed"
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
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	s := store.Schema{Provider: p, DB: db, Files: files, Alone: true}
	if expect {
		s.Only = "which only the process that has the data folder can make"
	}
	return s.Migrate(ctx)
}
