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
// expect, it only checks that it is. A newer schema is Conflict.
func migrate(ctx context.Context, db *sql.DB, expect bool) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	only := ""
	if expect {
		only = "which only the process that has the data folder can make"
	}
	return store.Migrate(ctx, p, only)
}
