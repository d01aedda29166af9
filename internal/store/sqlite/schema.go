package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"enishi/internal/errs"
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
	stored, known, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	switch {
	case stored > known:
		return errs.New(errs.Conflict, fmt.Sprintf(
			"the database has schema %d; this program knows up to %d: a newer program has written it", stored, known))
	case stored == known:
		return nil
	case expect:
		return errs.New(errs.Conflict, fmt.Sprintf(
			"the database has schema %d; this program needs %d, which only the process that has the data folder can make",
			stored, known))
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema from %d to %d: %w", stored, known, err)
	}
	return nil
}
