package demo

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"enishi/internal/store/sqlite"
)

// nonced are the columns that hold a nonce or a salt: sealed addresses, which
// are compared as they open, and hashes of passwords, of which it is compared
// whether there is one.
var nonced = map[string]string{"account.sealed": "address", "account.password": "password"}

// Loaded twice from the same seed for the same day, two databases hold the same
// rows in every table; another day or another seed gives others.
func TestTheSameSeedAndDayGiveTheSameDatabase(t *testing.T) {
	alone(t)
	t.Parallel()
	o := options(t, 500, 20, 60)
	one, two := loaded(t, o), loaded(t, o)
	o.Today--
	yesterday := loaded(t, o)
	o.Today++
	o.Seed++
	other := loaded(t, o)
	for _, name := range []string{"account", "candidate", "company", "member", "position", "position_version", "rule", "rule_version", "rule_day", "offer", "block", "employment", "view", "installation"} {
		if len(one[name]) == 0 {
			t.Errorf("%s has no rows to compare", name)
		}
	}
	for name, rows := range one {
		if !slices.Equal(rows, two[name]) {
			t.Errorf("%s: %d and %d rows differ", name, len(rows), len(two[name]))
		}
	}
	if len(one) != len(two) {
		t.Errorf("%d and %d tables", len(one), len(two))
	}
	for _, name := range []string{"candidate", "offer", "rule"} {
		if slices.Equal(one[name], yesterday[name]) || slices.Equal(one[name], other[name]) {
			t.Errorf("%s is the same on another day or with another seed", name)
		}
	}
}

// loaded gives every row of a database into which a market was loaded, by
// table.
func loaded(t *testing.T, o Options) map[string][]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "enishi.db")
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), s, o); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	out := map[string][]string{}
	for _, name := range column(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' ORDER BY name") {
		out[name] = dumped(t, db, o, name)
	}
	return out
}

func column(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	var out []string
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// dumped gives the rows of a table as text, in the order of their text.
func dumped(t *testing.T, db *sql.DB, o Options, table string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for rows.Next() {
		cells := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, name := range columns {
			switch nonced[table+"."+name] {
			case "address":
				if cells[i], err = o.Vault.Open(cells[i].([]byte)); err != nil {
					t.Fatal(err)
				}
			case "password":
				cells[i] = cells[i] != ""
			}
		}
		if table == "installation" && fmt.Sprint(cells[0]) == "identity" { // each database has its own
			cells[1] = cells[1] != ""
		}
		out = append(out, strings.TrimSpace(fmt.Sprintln(cells...)))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}
