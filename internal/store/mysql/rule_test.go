package mysql_test

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"enishi/internal/store"
	"enishi/internal/store/mysql"
)

// baseline is the last migration before the rules of decision 0019 began.
const baseline = 7

// Statements that a migration may have, and what they must say. The server
// refuses a change that it cannot make in the way that the statement says.
var (
	comment   = regexp.MustCompile(`(?m)^\s*--.*$`)
	verb      = regexp.MustCompile(`^(CREATE TABLE|CREATE (?:UNIQUE )?INDEX|ALTER TABLE|DROP TABLE|INSERT INTO|CREATE TRIGGER) `)
	refuses   = regexp.MustCompile(`^CREATE TRIGGER \w+ BEFORE (UPDATE|DELETE) ON \w+ FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '[^']*'$`)
	how       = regexp.MustCompile(`,? ALGORITHM=INSTANT$|,? ALGORITHM=INPLACE,? LOCK=NONE$`)
	renames   = regexp.MustCompile(`\b(RENAME|CHANGE)\b`)
	takesAway = regexp.MustCompile(`^DROP TABLE|\bDROP (COLUMN|PRIMARY)\b|\bMODIFY\b|\bALTER COLUMN\b`)
	clause    = regexp.MustCompile(`^(ADD COLUMN|ADD (?:UNIQUE )?(?:INDEX|KEY)|DROP (?:INDEX|KEY)|DROP COLUMN|MODIFY COLUMN|ALTER COLUMN) `)
	unique    = regexp.MustCompile(`^CREATE UNIQUE|\bADD UNIQUE\b`)
	adds      = regexp.MustCompile(`\bADD (UNIQUE )?(INDEX|KEY)\b`)
	parens    = regexp.MustCompile(`\([^()]*\)`)
)

// lawful says what is wrong with a statement of a migration; contracting is one
// that says what programs must know.
func lawful(statement string, contracting bool) error {
	s := strings.TrimSuffix(strings.Join(strings.Fields(comment.ReplaceAllString(statement, "")), " "), ";")
	kind := verb.FindString(s)
	said := how.FindString(s)
	switch {
	case kind == "":
		return fmt.Errorf("%.40s: only tables, columns, indexes and rows are made here; rows are changed by a job, a page at a time", s)
	case kind == "CREATE TABLE " && !strings.HasSuffix(s, "{table}"):
		return fmt.Errorf("%.40s: a table ends in {table}", s)
	case kind == "CREATE TABLE ":
		return nil
	case kind == "CREATE TRIGGER " && !refuses.MatchString(s):
		return fmt.Errorf("%.40s: a trigger refuses a write, and does nothing else", s)
	case kind == "CREATE TRIGGER ":
		return nil
	case kind == "INSERT INTO " && strings.Contains(s, " SELECT "):
		return fmt.Errorf("%.40s: a migration writes single rows", s)
	case kind == "INSERT INTO ":
		return nil
	case renames.MatchString(s):
		return fmt.Errorf("%.40s: no two programs know one thing by two names: add, fill, and take away later", s)
	case takesAway.MatchString(s) && !contracting:
		return fmt.Errorf("%.40s: what is taken away or changed needs programs that do without: say -- needs: N", s)
	case unique.MatchString(s) && !contracting:
		return fmt.Errorf("%.40s: what must be unique from now on refuses what older programs write: say -- needs: N", s)
	case kind == "DROP TABLE ":
		return nil
	case said == "":
		return fmt.Errorf("%.40s: say ALGORITHM=INSTANT or ALGORITHM=INPLACE, LOCK=NONE", s)
	case kind == "ALTER TABLE ":
		return clauses(strings.TrimSuffix(s, said))
	}
	return nil
}

// clauses says what is wrong with the parts of an ALTER TABLE.
func clauses(s string) error {
	_, rest, _ := strings.Cut(strings.TrimPrefix(s, "ALTER TABLE "), " ")
	if len(adds.FindAllString(s, -1)) > 1 { // MariaDB was 82 s at two, 14 s at one after the other
		return fmt.Errorf("%.40s: make one index at a time: writes wait for what was written meanwhile", s)
	}
	for part := range strings.SplitSeq(parens.ReplaceAllString(rest, ""), ",") {
		part = strings.TrimSpace(part)
		switch {
		case !clause.MatchString(part):
			return fmt.Errorf("%.40s: accepted are ADD COLUMN, ADD INDEX, DROP INDEX, and what takes away", part)
		case strings.HasPrefix(part, "ADD COLUMN ") && strings.Contains(part, "NOT NULL") && !strings.Contains(part, " DEFAULT "):
			return fmt.Errorf("%.40s: the program before writes rows without it: it needs a DEFAULT, or may be NULL", part)
		}
	}
	return nil
}

// TestMigrationsAreLawful holds every migration since the baseline to the rules.
func TestMigrationsAreLawful(t *testing.T) {
	files, err := mysql.Files()
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for version, text := range since(t, files) {
		contracting := strings.Contains(text, "-- needs: ")
		for _, s := range mysql.Statements(text) {
			held++
			if err := lawful(s, contracting); err != nil {
				t.Errorf("migration %d: %v", version, err)
			}
		}
	}
	if held == 0 {
		t.Error("nothing was held to anything")
	}
}

// since gives the migrations after the baseline.
func since(t *testing.T, files fs.FS) map[int64]string {
	t.Helper()
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no migrations: %v", err)
	}
	list := map[int64]string{}
	for _, name := range names {
		version, err := store.MigrationVersion(name)
		if err != nil {
			t.Fatal(err)
		}
		if version <= baseline {
			continue
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		list[version] = string(text)
	}
	return list
}

func TestRules(t *testing.T) {
	for _, test := range []struct {
		statement, wrong string // part of what is wrong, if anything
		contracting      bool
	}{
		{statement: "CREATE TABLE note (id BIGINT NOT NULL PRIMARY KEY) {table}"},
		{statement: "CREATE TABLE note (id BIGINT NOT NULL PRIMARY KEY)", wrong: "{table}"},
		{statement: "-- Why.\nINSERT INTO installation (name, value) VALUES ('x', '')"},
		{statement: "INSERT INTO note (id) SELECT id FROM offer", wrong: "single rows"},
		{statement: "CREATE TRIGGER a BEFORE DELETE ON log FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'"},
		{statement: "CREATE TRIGGER a AFTER DELETE ON log FOR EACH ROW INSERT INTO note (id) VALUES (1)", wrong: "refuses a write"},
		{statement: "ALTER TABLE log ADD COLUMN trace VARCHAR(55), ALGORITHM=INSTANT;\n"},
		{statement: "ALTER TABLE session ADD COLUMN n BIGINT NOT NULL DEFAULT 0, ALGORITHM=INSTANT"},
		{statement: "ALTER TABLE session ADD COLUMN n DECIMAL(9, 2) NOT NULL DEFAULT 0,\n  ADD COLUMN m INT, ALGORITHM=INSTANT"},
		{statement: "ALTER TABLE session ADD COLUMN n BIGINT NOT NULL, ALGORITHM=INSTANT", wrong: "DEFAULT"},
		{statement: "ALTER TABLE session ADD COLUMN m INT, ADD COLUMN n BIGINT NOT NULL, ALGORITHM=INSTANT", wrong: "DEFAULT"},
		{statement: "ALTER TABLE session ADD COLUMN n BIGINT", wrong: "say ALGORITHM"},
		{statement: "ALTER TABLE session ADD COLUMN n BIGINT, ALGORITHM=COPY", wrong: "say ALGORITHM"},
		{statement: "ALTER TABLE session ADD COLUMN n BIGINT, ALGORITHM=INPLACE", wrong: "say ALGORITHM"},
		{statement: "ALTER TABLE session ADD COLUMN n BIGINT, ALGORITHM=INPLACE, LOCK=SHARED", wrong: "say ALGORITHM"},
		{statement: "ALTER TABLE offer ADD INDEX a (sent_day, id), DROP KEY b, ALGORITHM=INPLACE, LOCK=NONE"},
		{statement: "ALTER TABLE offer ADD INDEX a (sent_day, id), ADD KEY b (id), ALGORITHM=INPLACE, LOCK=NONE", wrong: "one index at a time"},
		{statement: "ALTER TABLE offer DROP INDEX a, ALGORITHM=INPLACE, LOCK=NONE"},
		{statement: "ALTER TABLE offer ADD UNIQUE KEY a (sent_day), ALGORITHM=INPLACE, LOCK=NONE", wrong: "refuses what older programs write"},
		{statement: "ALTER TABLE offer ADD UNIQUE KEY a (sent_day), ALGORITHM=INPLACE, LOCK=NONE", contracting: true},
		{statement: "CREATE INDEX a ON offer (sent_day) ALGORITHM=INPLACE LOCK=NONE"},
		{statement: "CREATE INDEX a ON offer (sent_day)", wrong: "say ALGORITHM"},
		{statement: "CREATE UNIQUE INDEX a ON offer (sent_day) ALGORITHM=INPLACE LOCK=NONE", wrong: "unique"},
		{statement: "ALTER TABLE session RENAME COLUMN account TO who, ALGORITHM=INSTANT", wrong: "two names", contracting: true},
		{statement: "ALTER TABLE session CHANGE account who BIGINT, ALGORITHM=INSTANT", wrong: "two names"},
		{statement: "RENAME TABLE session TO sessions", wrong: "only tables, columns", contracting: true},
		{statement: "ALTER TABLE session DROP COLUMN account, ALGORITHM=INSTANT", wrong: "say -- needs"},
		{statement: "ALTER TABLE session DROP COLUMN account, ALGORITHM=INSTANT", contracting: true},
		{statement: "ALTER TABLE session DROP COLUMN account", wrong: "say ALGORITHM", contracting: true},
		{statement: "ALTER TABLE session MODIFY COLUMN account INT, ALGORITHM=INSTANT", wrong: "say -- needs"},
		{statement: "DROP TABLE session", wrong: "say -- needs"},
		{statement: "DROP TABLE session", contracting: true},
		{statement: "ALTER TABLE session ENGINE=InnoDB, ALGORITHM=INPLACE, LOCK=NONE", wrong: "accepted are"},
		{statement: "ALTER TABLE session ADD FOREIGN KEY (account) REFERENCES account (id), ALGORITHM=INPLACE, LOCK=NONE", wrong: "accepted are"},
		{statement: "UPDATE offer SET score = 0", wrong: "by a job"},
		{statement: "DELETE FROM offer", wrong: "by a job", contracting: true},
		{statement: "LOCK TABLES offer WRITE", wrong: "only tables, columns"},
	} {
		err := lawful(test.statement, test.contracting)
		if test.wrong == "" && err != nil || test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
			t.Errorf("lawful(%q, %v) = %v, want %q", test.statement, test.contracting, err, test.wrong)
		}
	}
}

// TestTwins expects both databases to have the same migrations, which need the
// same.
func TestTwins(t *testing.T) {
	files, err := mysql.Files()
	if err != nil {
		t.Fatal(err)
	}
	needs := regexp.MustCompile(`(?m)^-- needs: .*$`)
	all := map[string][]string{}
	for _, files := range []fs.FS{files, os.DirFS("../sqlite/migrations")} {
		names, err := fs.Glob(files, "*.sql")
		if err != nil || len(names) == 0 {
			t.Fatalf("there are no migrations: %v", err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			all[name] = append(all[name], needs.FindString(string(text)))
		}
	}
	for name, said := range all {
		if len(said) != 2 || said[0] != said[1] {
			t.Errorf("%s: the databases say %q, want the same of both", name, said)
		}
	}
}
