package cli_test

import (
	"slices"
	"testing"

	"enishi/internal/store/mysql/mysqltest"
)

// TestReplaceUnderANewerSchema takes back what a newer program has spoilt, whose tables stay after it, and refuses at the
// look already where a table is missing.
func TestReplaceUnderANewerSchema(t *testing.T) {
	r := newRestoring(t, mysqltest.Servers()[0], demoData(t))
	r.goOn()
	r.sql(r.here, "CREATE TABLE later (id BIGINT PRIMARY KEY)", "INSERT INTO later VALUES (1)", "ALTER TABLE candidate ADD COLUMN later BIGINT NULL")
	const says = "Tables that only the database here has, which are emptied and stay empty: later"
	r.must(0, says, r.from(r.there, "--look")...)
	r.must(0, says, r.from(r.there, "--replace", "--plan")...)
	r.must(0, "erased again: 1; mails not sent again: 1", r.from(r.there, "--replace", "--yes")...)
	r.holds(r.here, "SELECT COUNT(*) FROM later", "0")
	r.sql(r.here, "ALTER TABLE candidate DROP COLUMN later")
	r.isRestored("")

	r.sql(r.here, "DROP TABLE later, trial_candidate")
	before := mysqltest.Texts(t, r.here, "SELECT id FROM candidate")
	for _, args := range [][]string{{"--look"}, {"--replace", "--plan"}, {"--replace", "--yes"}} {
		r.must(1, "lacks tables that the other one has: trial_candidate.", r.from(r.there, args...)...)
	}
	if after := mysqltest.Texts(t, r.here, "SELECT id FROM candidate"); !slices.Equal(before, after) || len(after) == 0 {
		t.Errorf("what was refused has changed something: %d candidates, %d before", len(after), len(before))
	}
}
