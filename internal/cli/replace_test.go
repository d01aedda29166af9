package cli_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"enishi/internal/errs"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
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

// TestReplaceLacksAColumn refuses at the look already rows of a newer program, where the database in force lacks a column of
// theirs: also after an earlier one that did not come to its end, and for whom rows would be copied into an empty one.
func TestReplaceLacksAColumn(t *testing.T) {
	data := demoData(t)
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			r := newRestoring(t, server, data)
			r.goOn()
			const says = "lacks columns that the other one has: candidate.later, offer.later. Bring its schema up first"
			const held = "SELECT CONCAT('candidate ', COUNT(*)) FROM candidate UNION ALL SELECT CONCAT('offer ', COUNT(*)) FROM offer UNION ALL SELECT CONCAT(name, value) FROM installation WHERE name LIKE 'transfer%' ORDER BY 1"
			old := mysqltest.Address(t, server)
			r.copyMomentTo(old)
			r.sql(r.there, "ALTER TABLE candidate ADD COLUMN later BIGINT NOT NULL DEFAULT 1", "ALTER TABLE offer ADD COLUMN later BIGINT NULL")
			refused := func() {
				t.Helper()
				before := mysqltest.Texts(t, r.here, held)
				for _, args := range [][]string{{"--look"}, {"--look", "--json"}, {"--replace", "--plan"}, {"--replace", "--yes"}} {
					r.must(1, says, r.from(r.there, args...)...)
				}
				if err := r.replaced(r.there, store.Replacement{}); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), says) { // who has not looked
					t.Errorf("Replace: %v", err)
				}
				r.holds(r.here, held, before...)
			}
			refused()
			r.breakOff(old, false)
			refused()
			r.sql(r.here, "ALTER TABLE offer ADD COLUMN later BIGINT NULL", "ALTER TABLE candidate ADD COLUMN LATER BIGINT NULL")
			r.must(0, "erased again: 1", r.from(r.there, "--replace", "--yes")...)
			r.holds(r.here, "SELECT DISTINCT later FROM candidate", "1")
		})
	}
}

// replaced replaces what is in force by what another database holds.
func (r *restoring) replaced(from string, how store.Replacement) error {
	return r.replacedAs(from, how, func(*store.Side) {})
}

// replacedAs does so with a target that somebody has changed.
func (r *restoring) replacedAs(from string, how store.Replacement, change func(target *store.Side)) error {
	return mysql.Lend(r.Context(), from, mysql.Options{Loading: true}, func(from store.Side) error {
		return mysql.Lend(r.Context(), r.here, mysql.Options{Loading: true}, func(to store.Side) error {
			change(&to)
			_, _, err := store.Replace(r.Context(), from, to, how)
			return err
		})
	})
}

// breakOff has a replacement end when every row is there, before anybody is erased again.
func (r *restoring) breakOff(from string, back bool) {
	r.Helper()
	failed := errors.New("broken off")
	how := store.Replacement{Return: back, Alone: func(context.Context) error { return nil }, Copied: func(context.Context, store.Kept) error { return failed }}
	if err := r.replaced(from, how); !errors.Is(err, failed) {
		r.Fatalf("it was not broken off: %v", err)
	}
}

// TestReplaceGoesOnFromALaterMoment has the moment that a replacement was begun with be gone: it comes to its end from a
// later one, and erases again also whoever came between both. Nothing else takes its place.
func TestReplaceGoesOnFromALaterMoment(t *testing.T) {
	r := newRestoring(t, mysqltest.Servers()[0], demoData(t))
	r.signUp(r.here, "between@example.jp")
	later, earlier, another, branch := mysqltest.Address(t, r.server), mysqltest.Address(t, r.server), mysqltest.Address(t, r.server), mysqltest.Address(t, r.server)
	r.copyTo(later)
	r.copyTo(another)
	r.copyTo(branch)
	r.copyMomentTo(earlier)
	r.sql(earlier, "DELETE FROM log ORDER BY id DESC LIMIT 1")
	r.sql(another, "UPDATE installation SET value = CONCAT('00', SUBSTRING(value, 3)) WHERE name = 'seed'")
	r.sql(branch, "UPDATE installation SET value = 'another' WHERE name = 'identity'")
	of := r.erase(r.here)
	r.signUp(r.here, "after@example.jp")
	r.breakOff(r.there, false)
	marked := mysqltest.Texts(t, r.here, "SELECT CONCAT(name, value) FROM installation WHERE name LIKE 'transfer%' ORDER BY name")
	for _, refused := range []string{earlier, another, branch} {
		r.must(1, "name the same moment or a later one of the same history (as of 2", r.from(refused, "--replace", "--yes")...)
	}
	r.holds(r.here, "SELECT CONCAT(name, value) FROM installation WHERE name LIKE 'transfer%' ORDER BY name", marked...)
	r.breakOff(later, false) // what is kept is kept once more
	r.must(1, "name the same moment or a later one", r.from(r.there, "--replace", "--yes")...)
	r.must(0, "erased again: 1", r.from(later, "--replace", "--yes")...)
	r.holds(r.here, "SELECT COUNT(*) FROM installation WHERE name LIKE 'transfer%'", "0")
	r.holds(r.here, fmt.Sprintf("SELECT COUNT(*) FROM candidate WHERE id = %d", of), "0")
	want := mysqltest.Texts(t, later, fmt.Sprintf("SELECT id FROM candidate WHERE id <> %d ORDER BY id", of))
	r.holds(r.here, "SELECT id FROM candidate ORDER BY id", want...)
}

// TestReplaceGoesOnInAnotherHistory goes on from a later moment of a history that the database in force has left: under the
// keys of that one nobody is erased.
func TestReplaceGoesOnInAnotherHistory(t *testing.T) {
	r := newRestoring(t, mysqltest.Servers()[0], demoData(t))
	r.signUp(r.here, "lost@example.jp")
	later := mysqltest.Address(t, r.server)
	r.copyTo(later)
	r.must(0, "erased again: 0", r.from(r.there, "--replace", "--yes")...)
	r.signUp(r.here, "another@example.jp")
	key := fmt.Sprint(r.erase(r.here)) // of the one who is lost as well
	r.holds(later, "SELECT id FROM candidate WHERE id = "+key, key)
	r.breakOff(r.there, false)
	r.must(0, "under the keys "+key+" candidates have erased themselves", r.from(later, "--replace", "--yes")...)
	r.holds(r.here, "SELECT id FROM candidate WHERE id = "+key, key)
}

// TestReplaceAwaits has a killed job's lease expire and a connection end while a replacement waits for them, which says so;
// one that waits less is refused.
func TestReplaceAwaits(t *testing.T) {
	r := newRestoring(t, mysqltest.Servers()[0], demoData(t))
	r.must(2, "--await is of --replace", r.from(r.there, "--await", "1s")...)
	r.must(2, "such as 20m", r.from(r.there, "--replace", "--await=-1s")...)
	r.lease(3600)
	replace := r.from(r.there, "--replace", "--yes", "--await")
	said := r.must(1, "the lease job.snapshot is held. Stop", append(replace, "1s")...)
	if !strings.Contains(said, "waiting for whoever serves the database: the lease job.snapshot is held\n") {
		t.Errorf("it does not say for whom it waits: %s", said)
	}
	r.holds(r.here, "SELECT COUNT(*) FROM installation WHERE name LIKE 'transfer%'", "0")
	r.lease(10) // longer than is waited without the flag
	said = r.must(0, "counted on both sides", append(replace, "1m")...)
	if !strings.Contains(said, "the lease job.snapshot is held\n") {
		t.Errorf("it does not say for whom it waits: %s", said)
	}
	var waited []string
	err := mysql.Peek(t.Context(), r.here, nil, func(other store.Side) error {
		how := store.Replacement{Await: time.Minute, Alone: func(context.Context) error { return nil }, Copied: func(context.Context, store.Kept) error { return nil }}
		how.Waits = func(who string) {
			waited = append(waited, who)
			if err := other.DB.Close(); err != nil {
				t.Error(err)
			}
		}
		return r.replaced(r.there, how)
	})
	if err != nil || len(waited) != 1 || !strings.Contains(waited[0], "other connections, one from ") {
		t.Errorf("while somebody is connected: %v; it waited for %q", err, waited)
	}
}

// lease has a job hold a lease for some seconds that nobody gives back.
func (r *restoring) lease(seconds int) {
	r.Helper()
	r.sql(r.here, fmt.Sprintf("REPLACE INTO lease (name, holder, expires_at, fence) VALUES ('job.snapshot', 'gone', CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS UNSIGNED) + %d000000, 7)", seconds))
}

// TestReplaceKeepsItsSession has those who are erased again take longer than a session of the server may lie idle; and whoever
// erases them is told to end once that session, and the lock with it, is lost.
func TestReplaceKeepsItsSession(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			r := newRestoring(t, server, demoData(t))
			const free = "SELECT IS_FREE_LOCK(SHA2(CONCAT('enishi.transfer.', DATABASE()), 256))"
			how := store.Replacement{Alone: func(context.Context) error { return nil }}
			asks := func(every time.Duration) func(*store.Side) {
				return func(target *store.Side) {
					target.Begin, target.Ask = append(slices.Clone(target.Begin), "SET SESSION wait_timeout = 2"), every
				}
			}
			how.Copied = func(ctx context.Context, _ store.Kept) error {
				for end := time.Now().Add(20 * time.Second); mysqltest.Texts(t, r.here, free)[0] != "1"; {
					if time.Now().After(end) {
						return errors.New("the lock is never lost")
					}
				}
				<-ctx.Done()
				return ctx.Err()
			}
			if err := r.replacedAs(r.there, how, asks(4*time.Second)); err == nil || !strings.Contains(err.Error(), "keep the target alone: ") {
				t.Errorf("without its session: %v", err)
			}
			how.Copied = func(ctx context.Context, _ store.Kept) error {
				for end := time.Now().Add(5 * time.Second); time.Now().Before(end) && ctx.Err() == nil; {
					if mysqltest.Texts(t, r.here, free)[0] != "0" {
						return errors.New("the lock is lost")
					}
				}
				return ctx.Err()
			}
			if err := r.replacedAs(r.there, how, asks(time.Second/2)); err != nil {
				t.Errorf("with a session that asks: %v", err)
			}
			r.holds(r.here, "SELECT COUNT(*) FROM installation WHERE name LIKE 'transfer%'", "0")
		})
	}
}

// TestMigrateLooksForAMark has a database not say whether a transfer has left it: that is no "no". A new one has nothing to
// say.
func TestMigrateLooksForAMark(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			r := &restoring{T: t, server: server, here: mysqltest.Address(t, server), files: t.TempDir(), secret: []byte(strings.Repeat("5a", 32))}
			r.must(0, "a new database is made", "migrate", "--plan")
			r.must(0, "that this program can use", "migrate")
			r.must(0, "nothing is changed", "migrate", "--plan")
			r.sql(r.here, "INSERT INTO installation (name, value) VALUES ('transfer', 'begun')")
			r.must(1, "has not come to its end, or was a rehearsal", "migrate", "--plan")
			r.sql(r.here, "ALTER TABLE installation CHANGE value other TEXT NOT NULL")
			if said := r.must(1, "value", "migrate", "--plan"); strings.Contains(said, "nothing is changed") {
				t.Errorf("it goes on without having read the mark: %s", said)
			}
		})
	}
}
