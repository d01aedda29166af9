package sqlite

import (
	"database/sql"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"enishi/internal/errs"
)

// release gives the migrations of a program: those of this one up to a schema,
// and more.
func release(t *testing.T, more map[string]string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no migrations: %v", err)
	}
	for _, name := range names {
		text, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = &fstest.MapFile{Data: text}
	}
	for name, text := range more {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

// The next releases of a program: two add, the third takes away what the first
// two use, the fourth adds again.
func releases(t *testing.T) []fstest.MapFS {
	t.Helper()
	more := map[string]string{}
	list := []fstest.MapFS{release(t, more)}
	for _, next := range []struct{ name, text string }{
		{"0901_first.sql", "-- +goose Up\nALTER TABLE session ADD COLUMN first TEXT;"},
		{"0902_second.sql", "-- +goose Up\nALTER TABLE session ADD COLUMN second TEXT;"},
		{"0903_less.sql", "-- needs: 902\n-- +goose Up\nALTER TABLE session DROP COLUMN first;"},
		{"0904_third.sql", "-- +goose Up\nALTER TABLE session ADD COLUMN third TEXT;"},
	} {
		more = maps.Clone(more)
		more[next.name] = next.text
		list = append(list, release(t, more))
	}
	return list
}

func database(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", source(filepath.Join(t.TempDir(), "enishi.db"), nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// TestOlderProgramsStart starts each release on the schema of each newer one.
func TestOlderProgramsStart(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	all := releases(t)
	for _, test := range []struct {
		of, on int
		want   string // part of the refusal
	}{
		{of: 0, on: 0},
		{of: 0, on: 1},
		{of: 0, on: 2},
		{of: 1, on: 2},
		{of: 0, on: 3, want: "only programs that know schema 902 can use; this program knows up to "},
		{of: 1, on: 3, want: "has schema 903, which only programs that know schema 902 can use; this program knows up to 901"},
		{of: 2, on: 3},
		{of: 3, on: 3},
		{of: 1, on: 4, want: "schema 904"},
		{of: 2, on: 4},
		{of: 3, on: 4},
	} {
		db := database(t)
		if err := migrateBy(t.Context(), db, all[test.on], false); err != nil {
			t.Fatalf("release %d: %v", test.on, err)
		}
		err := migrateBy(t.Context(), db, all[test.of], false)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("release %d on the schema of %d: %v", test.of, test.on, err)
		case test.want != "" && (!errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), test.want)):
			t.Errorf("release %d on the schema of %d = %v, want a Conflict: %s", test.of, test.on, err, test.want)
		}
	}
}

// TestReleasesMaySkip brings a file, which no other process has, from each
// release to each later one.
func TestReleasesMaySkip(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	all := releases(t)
	for from := range all {
		for to := from; to < len(all); to++ {
			db := database(t)
			for _, r := range []int{from, to} {
				if err := migrateBy(t.Context(), db, all[r], false); err != nil {
					t.Errorf("from release %d to %d: %v", from, to, err)
				}
			}
			var firsts int
			if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM pragma_table_info('session') WHERE name = 'first'").Scan(&firsts); err != nil {
				t.Fatal(err)
			}
			if want := map[bool]int{true: 1}[to == 1 || to == 2]; firsts != want {
				t.Errorf("from release %d to %d the table has %d columns that were taken away, want %d", from, to, firsts, want)
			}
		}
	}
}

// TestNeedsAreRead expects a migration that says wrongly what it needs to be
// refused before anything runs.
func TestNeedsAreRead(t *testing.T) {
	for _, needs := range []string{"", "x", "0", "-1", "901", "902"} {
		files := release(t, map[string]string{"0901_less.sql": "-- needs: " + needs + "\n-- +goose Up\nALTER TABLE session ADD COLUMN first TEXT;"})
		db := database(t)
		if err := migrateBy(t.Context(), db, files, false); err == nil || !strings.Contains(err.Error(), "from 1 to 900") {
			t.Errorf("needs: %s = %v, want an error that says what is right", needs, err)
		}
	}
}
