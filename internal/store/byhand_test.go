package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"enishi/internal/errs"
	"enishi/internal/store"
)

// TestQueriesOnlyRead tries statements that read, and those that a person must not be able to
// give by a slip, or by meaning to.
func TestQueriesOnlyRead(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"SELECT 1", "select 1;", "  -- what waits\n\tSELECT * FROM offer", "/* INTO */ SELECT 'INTO; DELETE' FROM `for update`", "(SELECT 1) UNION (SELECT 2)",
		"WITH x AS (SELECT 1) SELECT * FROM x", "SHOW CREATE TABLE offer", "EXPLAIN SELECT 1", "DESCRIBE offer", "VALUES (1)", "SELECT 'it''s' FROM t", "SELECT id FROM t WHERE a = 5 - 1 # so",
		"SELECT update_at, into_it FROM t",
	} {
		if err := (store.Query{SQL: good, Time: time.Second, Most: 1}).Check(); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, why := range map[string]string{
		"":                                      "begins with SELECT",
		"DELETE FROM offer":                     "found DELETE",
		"SELECT 1; DELETE FROM offer":           "more than one",
		"SELECT 1;;SELECT 2":                    "one statement",
		"SELECT * INTO OUTFILE '/tmp/x' FROM t": "writes nowhere",
		"SELECT * FROM t FOR UPDATE":            "locks nothing",
		"SELECT * FROM t for share":             "locks nothing",
		"SELECT * FROM t LOCK IN SHARE MODE":    "locks nothing",
		"/*! DELETE FROM t */":                  "some servers execute",
		"SELECT 1 /*!50000 INTO @x */":          "some servers execute",
		"SELECT 1 /*M! INTO @x */":              "some servers execute",
		"SELECT 5--1 INTO OUTFILE 'x'":          "a space after it",
		`SELECT '\' , 'a; DELETE FROM t'`:       `\`,
		"SELECT 'a":                             "without an end",
		"SELECT 1 /* a":                         "without an end",
		"SET SESSION TRANSACTION READ WRITE":    "found SET",
		"CALL x()":                              "found CALL",
		"PRAGMA query_only = 0":                 "found PRAGMA",
		"ATTACH 'x' AS y":                       "found ATTACH",
	} {
		err := (store.Query{SQL: bad, Time: time.Second, Most: 1}).Check()
		if !errs.Is(err, errs.Invalid) || !strings.Contains(problems(err), why) {
			t.Errorf("%s: %v; want it refused, with %q", bad, problems(err), why)
		}
	}
}

// problems gives what an error says of each place.
func problems(err error) string {
	var known *errs.Error
	if !errors.As(err, &known) {
		return ""
	}
	var out []string
	for _, p := range known.Problems {
		out = append(out, "found "+p.Found+"; accepted: "+p.Allowed)
	}
	return strings.Join(out, "\n")
}
