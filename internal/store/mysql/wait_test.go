package mysql_test

import (
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
)

// longestWait is how long a write may wait for a migration.
const longestWait = time.Second

// waiter writes to tables, one after the other, and notes how long it waited.
type waiter struct {
	t          *testing.T
	db         *sql.DB
	statements []string // {n} is another number each time
	n          int
	longest    time.Duration
	writes     int
}

func newWaiter(t *testing.T, address string, statements ...string) *waiter {
	t.Helper()
	w := &waiter{t: t, db: connected(t, address, true), statements: statements}
	if err := w.db.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *waiter) write() {
	w.t.Helper()
	w.n++
	statement := strings.ReplaceAll(w.statements[w.n%len(w.statements)], "{n}", strconv.Itoa(w.n))
	begun := time.Now()
	if _, err := w.db.ExecContext(w.t.Context(), statement); err != nil {
		w.t.Errorf("%s: after %v: %v", statement, time.Since(begun), err)
	}
	w.longest = max(w.longest, time.Since(begun))
	w.writes++
}

// until writes for some time at most, or until something else has ended, which
// must succeed.
func (w *waiter) until(most time.Duration, ended chan error) {
	w.t.Helper()
	for deadline := time.Now().Add(most); time.Now().Before(deadline); {
		select {
		case err := <-ended:
			if err != nil {
				w.t.Error(err)
			}
			w.write()
			return
		default:
			w.write()
		}
	}
	if ended != nil {
		w.t.Errorf("it had not ended after %v", most)
	}
}

// tableOf finds the tables that a migration changes.
var tableOf = regexp.MustCompile(`(?m)^\s*(?:ALTER TABLE (\w+) |CREATE (?:UNIQUE )?INDEX \w+ ON (\w+) )`)

// TestMigrationsLockNothing runs each migration since the baseline, and some
// that try the test itself, on tables of ENISHI_TEST_ROWS rows (20,000 unless
// set), and measures how long those who write to them wait.
func TestMigrationsLockNothing(t *testing.T) {
	rows := 20_000
	if text := os.Getenv("ENISHI_TEST_ROWS"); text != "" {
		var err error
		if rows, err = strconv.Atoi(text); err != nil {
			t.Fatalf("ENISHI_TEST_ROWS: %v", err)
		}
	}
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			address := mysqltest.Address(t, server)
			migrate(t, address, with(t, baseline, nil))
			f := &filler{t: t, db: connected(t, address, true), rows: rows, full: map[string]bool{}}
			f.numbers()
			files, err := mysql.Files()
			if err != nil {
				t.Fatal(err)
			}
			list := since(t, files)
			for i, trial := range []string{
				"ALTER TABLE session ADD COLUMN trial BIGINT NOT NULL DEFAULT 0, ALGORITHM=INSTANT;\n",
				"CREATE INDEX trial ON session (created_at) ALGORITHM=INPLACE LOCK=NONE;\n",
				"CREATE INDEX trial ON candidate (last_active, id) ALGORITHM=INPLACE LOCK=NONE;\n",
				"CREATE INDEX trial ON offer (sent_day, kind) ALGORITHM=INPLACE LOCK=NONE;\n",
			} {
				list[9000+int64(i)] = trial
			}
			tried := 0
			more := map[string]string{}
			for _, version := range sorted(list) {
				more[fmt.Sprintf("%04d_it.sql", version)] = list[version]
				changed := f.fill(list[version])
				w := newWaiter(t, address, f.adds(changed)...)
				w.n = f.added
				begun, ended := time.Now(), make(chan error, 1)
				go func() { ended <- mysql.MigrateBy(t.Context(), address, with(t, baseline, more)) }()
				w.until(10*time.Minute, ended)
				t.Logf("migration %d on %v of %d rows: %v; the longest of %d writes waited %v",
					version, changed, rows, time.Since(begun).Round(time.Millisecond), w.writes, w.longest.Round(time.Millisecond))
				if w.longest > longestWait {
					t.Errorf("migration %d: a write waited %v, want %v at most", version, w.longest, longestWait)
				}
				f.added = w.n
				tried += len(changed)
			}
			if tried < 4 {
				t.Errorf("%d tables were changed, want the trials at least", tried)
			}
			f.locks(address)
		})
	}
}

func sorted(list map[int64]string) []int64 {
	var all []int64
	for version := range list {
		all = append(all, version)
	}
	slices.Sort(all)
	return all
}

// filler fills tables with rows that follow from their numbers.
type filler struct {
	t     *testing.T
	db    *sql.DB
	rows  int
	added int // the last number that a row was added by
	full  map[string]bool
}

// numbers makes a table of the numbers from 1 to rows.
func (f *filler) numbers() {
	f.t.Helper()
	run(f.t, f.db, "CREATE TABLE numbers (n BIGINT NOT NULL PRIMARY KEY)")
	run(f.t, f.db, "INSERT INTO numbers VALUES (1)")
	for have := 1; have < f.rows; have *= 2 {
		run(f.t, f.db, fmt.Sprintf("INSERT INTO numbers SELECT n + %d FROM numbers WHERE n <= %d", have, f.rows-have))
	}
	f.added = f.rows
}

// fillAtOnce is how many rows a statement inserts: it must end within the time
// that a session gives it.
const fillAtOnce = 20_000

// fill fills the tables that a migration changes, and gives them.
func (f *filler) fill(migration string) []string {
	f.t.Helper()
	var tables []string
	for _, found := range tableOf.FindAllStringSubmatch(migration, -1) {
		table := found[1] + found[2]
		if !slices.Contains(tables, table) {
			tables = append(tables, table)
		}
		if f.full[table] {
			continue
		}
		f.full[table] = true
		for from := 0; from < f.rows; from += fillAtOnce {
			f.some(table, from)
		}
	}
	return tables
}

// some inserts rows of the numbers after from.
func (f *filler) some(table string, from int) {
	f.t.Helper()
	run(f.t, f.db, f.insert(table)+fmt.Sprintf(" FROM numbers WHERE n > %d AND n <= %d", from, from+fillAtOnce))
}

// adds gives statements that add a row to tables.
func (f *filler) adds(tables []string) []string {
	f.t.Helper()
	var list []string
	for _, table := range tables {
		list = append(list, f.insert(table)+" FROM (SELECT {n} AS n) AS one")
	}
	if len(list) == 0 { // it only makes tables
		list = append(list, "DO {n}")
	}
	return list
}

// insert begins a statement that makes rows of numbers n.
func (f *filler) insert(table string) string {
	f.t.Helper()
	rows, err := f.db.QueryContext(f.t.Context(), "SELECT column_name, data_type, COALESCE(character_maximum_length, 0)"+
		" FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?", table)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			f.t.Error(err)
		}
	}()
	var names, values []string
	for rows.Next() {
		var name, kind string
		var most int
		if err := rows.Scan(&name, &kind, &most); err != nil {
			f.t.Fatal(err)
		}
		names, values = append(names, "`"+name+"`"), append(values, f.value(table+"."+name, kind, most))
	}
	if err := rows.Err(); err != nil || len(names) == 0 {
		f.t.Fatalf("there is no table %s: %v", table, err)
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s", table, strings.Join(names, ", "), strings.Join(values, ", "))
}

// value gives what a column holds in the row of number n; nothing repeats where
// there is room.
func (f *filler) value(column, kind string, most int) string {
	f.t.Helper()
	switch kind {
	case "bigint", "int":
		return "n"
	case "tinyint":
		return "n % 2"
	case "varchar":
		return fmt.Sprintf("LPAD(n, %d, '0')", min(most, 12))
	case "text", "longtext":
		return `CONCAT('{"number":', n, ',"text":"', REPEAT('x', 300), '"}')`
	case "binary", "varbinary":
		if most >= 16 { // in no order, as hashes and uuids
			return "LEFT(UNHEX(SHA2(n, 256)), 16)"
		}
	}
	f.t.Fatalf("%s is a %s of %d bytes, which this does not fill yet", column, kind, most)
	return ""
}

// locks changes a table in the way that no migration may, and expects the
// measurement to show it.
func (f *filler) locks(address string) {
	f.t.Helper()
	run(f.t, f.db, "CREATE TABLE copied LIKE offer")
	f.some("copied", 0)
	w := newWaiter(f.t, address, f.adds([]string{"copied"})...)
	w.n = f.rows
	begun, ended := time.Now(), make(chan error, 1)
	go func() {
		_, err := f.db.ExecContext(f.t.Context(), "ALTER TABLE copied ADD COLUMN more BIGINT, ALGORITHM=COPY")
		ended <- err
	}()
	w.until(time.Minute, ended)
	took := time.Since(begun)
	f.t.Logf("a copy took %v, in which a write waited %v", took.Round(time.Millisecond), w.longest.Round(time.Millisecond))
	if w.longest < took/2 {
		f.t.Errorf("a copy took %v, and the longest write only %v: waiting is not measured", took, w.longest)
	}
}
