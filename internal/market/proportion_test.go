package market_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/store/sqlite"
)

// proportion is a market of some size in which the same has changed since the
// jobs last ran, whatever its size.
func proportion(t *testing.T, people int) (*world, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "enishi.db")
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	// What will be old when the jobs run: the same in every size.
	err = s.Write(t.Context(), func(tx market.Tx) error {
		for i := range int64(50) {
			if err := tx.Append(&market.Row{Change: market.CandidateLess, Entity: 1, Version: i, At: beginning.AddDate(0, 0, -60)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, s, demo())
	long := plain()
	long.OfferDays = 30
	w.throng(people, 4, long)
	for i := range people {
		f := w.firm(100+i, 0)
		r := plain()
		r.Must = in("residence", "47") // nobody
		w.order(f, w.post(f, publishable()), r)
	}
	w.grow(people, w.Now().AddDate(0, 0, 30), "young")
	w.drain()
	w.job("statistics")
	w.job("digests")
	w.nextDay(1)
	// What changes: ten people, offers and rules of a few days.
	f := w.firm(9000, 0)
	short := plain()
	short.OfferDays, short.Expires = 3, day.Of(w.Now())+3
	short.Must = in("residence", "46")
	for range 5 {
		w.order(f, w.post(f, publishable()), short)
	}
	for i := range 10 {
		w.someone(100_000+i, func(s *market.SignUp) { s.Profile.Residence = "46" })
	}
	w.grow(40, w.Now().AddDate(-3, 0, 0), "old")
	w.pass(2 * time.Second)
	w.drain()
	return w, path
}

// Ten times the rows, the same changes: each job examines at most half as many
// rows more.
func TestJobsWorkByWhatChanged(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	t.Parallel()
	jobs := []string{"statistics", "digests", "retention", "trim", "expire"}
	var examined [2]map[string]int64
	for i, people := range []int{30, 300} {
		w, _ := proportion(t, people)
		examined[i] = map[string]int64{}
		for _, name := range jobs {
			if name == "expire" { // the matcher has come to the day and no further
				later := day.Of(w.Now()) + 5
				w.pass(5 * 24 * time.Hour)
				w.write(func(tx market.Tx) error { return tx.SetSetting("day", later.String()) })
			}
			r := w.job(name)
			if r.Changed == 0 {
				t.Errorf("of %d people, %s changed nothing: %+v", people, name, r)
			}
			examined[i][name] = r.Examined
		}
	}
	for _, name := range jobs {
		few, many := examined[0][name], examined[1][name]
		t.Logf("%s examined %d rows, of ten times as many %d", name, few, many)
		if float64(many) > 1.5*float64(few) {
			t.Errorf("%s examined %d rows, of ten times as many %d", name, few, many)
		}
	}
}

// small are the tables that stay small whatever the market's size.
func small() []string { return []string{"pause", "installation", "job"} }

// No statement of a job reads a whole table, or a whole index.
func TestPlansOfJobs(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	t.Parallel()
	w, path := proportion(t, 30)
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Beside: true}) // another, which has prepared nothing yet
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	jobs, err := market.OpenJobs(t.Context(), s, w.vault, w.options, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"statistics", "digests", "retention", "trim", "expire"} {
		if name == "expire" {
			later := day.Of(w.Now()) + 5
			w.pass(5 * 24 * time.Hour)
			if err := s.Write(t.Context(), func(tx market.Tx) error { return tx.SetSetting("day", later.String()) }); err != nil {
				t.Fatal(err)
			}
		}
		if r, err := jobs.Run(t.Context(), name, market.RunOptions{}); err != nil || r.Changed == 0 {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
	}
	if _, err := jobs.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := s.Statements()
	if len(all) < 40 {
		t.Errorf("the jobs have used %d statements only: %q", len(all), all)
	}
	noScan(t, path, all)
}

// noScan fails on queries for which a database reads the whole of a table that
// grows, or of an index.
func noScan(t *testing.T, path string, queries []string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, query := range queries {
		steps := plan(t, db, query)
		t.Logf("%s\n  %s", query, strings.Join(steps, "\n  "))
		for _, step := range steps {
			if table, scans := strings.CutPrefix(step, "SCAN "); scans && !slices.Contains(small(), strings.Fields(table)[0]) {
				t.Errorf("%s\n  %s", query, step)
			}
		}
	}
}

// plan gives the steps in which a query is answered.
func plan(t *testing.T, db *sql.DB, query string) (steps []string) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
