package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"

	"enishi/internal/errs"
)

// Schema is a database's schema and the migrations that this program knows.
// Programs of several versions use it beside each other while processes are
// replaced: decision 0019 says what a migration may do.
type Schema struct {
	Provider *goose.Provider
	DB       *sql.DB
	// Files are the migrations, NNNN_name.sql. One that takes away what older
	// programs use says in a line "-- needs: N" which schema a program must
	// know to do without.
	Files fs.FS
	// Only says who alone may bring the schema up, if this process may not.
	Only string
	// Alone says that no other process uses the database meanwhile.
	Alone bool
}

// needsRow is the setting that says which schema a program must know of to use
// this one; without it, every program that reads it may.
const needsRow = "schema_needs"

// needsLine begins the line by which a migration says the same.
const needsLine = "-- needs: "

// Migrate brings the schema up to what this program was built for. A newer
// schema is left as it is if it has all that this program uses, and Conflict
// otherwise. A migration that takes away what running programs use is refused,
// also with Conflict, unless the schema shows that they have been replaced.
func (s Schema) Migrate(ctx context.Context) error {
	stored, known, err := s.Versions(ctx)
	if err != nil {
		return err
	}
	switch {
	case stored > known:
		return s.admit(ctx, stored, known)
	case stored == known:
		return nil
	case s.Only != "":
		return errs.New(errs.Conflict, fmt.Sprintf("the database has schema %d; this program needs %d, %s", stored, known, s.Only))
	}
	list, err := contractions(s.Files)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	for _, c := range list {
		if c.version > stored {
			if err := s.contract(ctx, c, stored); err != nil {
				return err
			}
		}
	}
	if _, err := s.Provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema from %d to %d: %w", stored, known, err)
	}
	return nil
}

// Stands says whether there is nothing to change: the schema is this program's, or a
// newer one that it can use.
func (s Schema) Stands(ctx context.Context) (bool, error) {
	stored, known, err := s.Versions(ctx)
	if err == nil && stored > known {
		err = s.admit(ctx, stored, known)
	}
	return err == nil && stored >= known, err
}

// Versions gives the version of the database's schema, and the one that this program makes of it.
func (s Schema) Versions(ctx context.Context) (stored, known int64, err error) {
	if stored, known, err = s.Provider.GetVersions(ctx); err != nil {
		return 0, 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return stored, known, nil
}

// Newest is the version that this program makes.
func (s Schema) Newest() int64 {
	list := s.Provider.ListSources()
	return list[len(list)-1].Version
}

// admit says whether this program can use a schema that is newer than those it
// knows.
func (s Schema) admit(ctx context.Context, stored, known int64) error {
	needs, err := readNeeds(ctx, s.DB)
	if err != nil {
		return err
	}
	if needs > known {
		return errs.New(errs.Conflict, fmt.Sprintf(
			"the database has schema %d, which only programs that know schema %d can use; this program knows up to %d: start a newer program",
			stored, needs, known))
	}
	return nil
}

// contraction is a migration after which a program must know of schema needs.
type contraction struct{ version, needs int64 }

// contractions gives those among the migrations, the first one first.
func contractions(files fs.FS) ([]contraction, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var list []contraction
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		c, err := contractionOf(name, string(text))
		if err != nil {
			return nil, err
		}
		if c.needs > 0 {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b contraction) int { return cmp.Compare(a.version, b.version) })
	return list, nil
}

func contractionOf(name, text string) (c contraction, err error) {
	if c.version, err = MigrationVersion(name); err != nil {
		return c, err
	}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, needsLine)
		if !ok {
			continue
		}
		c.needs, err = strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		// The program before always works, or nobody could be replaced.
		if err != nil || c.needs < 1 || c.needs >= c.version {
			return c, fmt.Errorf("migration %s needs %q: it must be a schema from 1 to %d", name, strings.TrimSpace(rest), c.version-1)
		}
	}
	return c, nil
}

// MigrationVersion gives the version that a migration's file is named by.
func MigrationVersion(name string) (int64, error) {
	number, _, _ := strings.Cut(path.Base(name), "_")
	version, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the number of migration %s: %w", name, err)
	}
	return version, nil
}

// contract runs a migration that takes something away, and those before it. The
// need is written first: a program that starts meanwhile must see it.
func (s Schema) contract(ctx context.Context, c contraction, stored int64) error {
	if stored > 0 && stored < c.needs && !s.Alone {
		return errs.New(errs.Conflict, fmt.Sprintf(
			"the database has schema %d; migration %d takes away what programs below schema %d use: first replace every process by a program of schema %d to %d",
			stored, c.version, c.needs, c.needs, c.version-1))
	}
	if c.version-1 > stored {
		if _, err := s.Provider.UpTo(ctx, c.version-1); err != nil {
			return fmt.Errorf("bring the schema from %d to %d: %w", stored, c.version-1, err)
		}
	}
	if err := raiseNeeds(ctx, s.DB, c.needs); err != nil {
		return fmt.Errorf("note what schema %d needs: %w", c.version, err)
	}
	if _, err := s.Provider.UpTo(ctx, c.version); err != nil {
		return fmt.Errorf("bring the schema to %d: %w", c.version, err)
	}
	return nil
}

func readNeeds(ctx context.Context, db *sql.DB) (needs int64, err error) {
	err = db.QueryRowContext(ctx, "SELECT value FROM installation WHERE name = ?", needsRow).Scan(&needs)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read what the schema needs: %w", err)
	}
	return needs, nil
}

// raiseNeeds writes a need; only one process at a time migrates.
func raiseNeeds(ctx context.Context, db *sql.DB, needs int64) error {
	before, err := readNeeds(ctx, db)
	if err != nil || before >= needs {
		return err
	}
	statement := "UPDATE installation SET value = ? WHERE name = ?"
	if before == 0 {
		statement = "INSERT INTO installation (value, name) VALUES (?, ?)"
	}
	_, err = db.ExecContext(ctx, statement, strconv.FormatInt(needs, 10), needsRow)
	return err
}
