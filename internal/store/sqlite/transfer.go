package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"enishi/internal/errs"
	"enishi/internal/store"
)

const tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name <> 'goose_db_version'"

// Lend opens a file, which nobody else may have open to serve it, brings its schema up to
// this program's, and lends it for reading.
func Lend(ctx context.Context, path string, to func(store.Side) error) (err error) {
	s, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	at, err := reading(path)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", at)
	if err != nil {
		return fmt.Errorf("open the database %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return to(store.Side{DB: db, Tables: tables})
}

// Fill makes a file that is not there yet, and lends it to be filled. One that was not filled to
// the end is no use: nobody serves it.
func Fill(ctx context.Context, path string, to func(store.Side) error) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errs.Wrap(errs.Conflict, "there is something already: "+path, err)
	}
	return lend(ctx, path, Options{Relaxed: true}, to)
}

// lend lends a file to whoever writes, and keeps it from everybody else.
func lend(ctx context.Context, path string, o Options, to func(store.Side) error) (err error) {
	s, err := Open(ctx, path, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	db, err := sql.Open("sqlite", source(path, pragmas(o, writerCache)))
	if err != nil {
		return fmt.Errorf("open the database %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return to(store.Side{DB: db, Tables: tables})
}
