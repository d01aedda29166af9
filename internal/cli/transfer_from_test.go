package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/cli"
	"enishi/internal/condition"
	"enishi/internal/fleet"
	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
)

// restoring is a market on a server, and beside it what it was at an earlier moment.
type restoring struct {
	*testing.T
	server      string
	here, there string // addresses of the databases
	files       string
	secret      []byte
	vault       *account.Vault
	erased      int64 // key of somebody who has erased themselves since
}

// newRestoring copies a demo market into a server, from there what it is at this moment, and lets it go on.
func newRestoring(t *testing.T, server, loaded string) *restoring {
	t.Helper()
	secret, err := os.ReadFile(filepath.Join(loaded, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	r := &restoring{T: t, server: server, here: mysqltest.Address(t, server), there: mysqltest.Address(t, server), files: t.TempDir(), secret: bytes.TrimSpace(secret)}
	if r.vault, err = account.NewVault(r.secret); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	if err := errors.Join(os.CopyFS(data, os.DirFS(loaded)), os.Chmod(filepath.Join(data, "secret"), 0o600)); err != nil {
		t.Fatal(err)
	}
	r.must(0, "counted on both sides", "transfer", "--data", data)
	r.signUp(r.here, "before@example.jp")
	r.mail("waits still")
	r.mail("is sent since")
	r.copyTo(r.there)
	return r
}

// copyTo copies the rows in force into an empty database, as a restore of a cluster does.
func (r *restoring) copyTo(address string) {
	r.Helper()
	err := mysql.Lend(r.Context(), r.here, mysql.Options{}, func(from store.Side) error {
		return mysql.Lend(r.Context(), address, mysql.Options{Loading: true}, func(to store.Side) error {
			_, err := store.Transfer(r.Context(), from, to, false, nil)
			return err
		})
	})
	if err != nil {
		r.Fatal(err)
	}
}

// env are the settings of a command.
func (r *restoring) env() map[string]string {
	return map[string]string{"ENISHI_DATABASE_URL": r.here, "ENISHI_SECRET": string(r.secret), "ENISHI_FILES_URL": "file://" + r.files}
}

func (r *restoring) run(args ...string) (int, string) {
	var said bytes.Buffer
	w := cli.System()
	w.Out, w.Err, w.In = &said, &said, strings.NewReader("")
	set := r.env()
	w.Env = func(name string) (string, bool) {
		value, ok := set[name]
		return value, ok
	}
	code := cli.Run(args, w)
	return code, said.String()
}

// must gives a command, and holds its code and what it says.
func (r *restoring) must(code int, says string, args ...string) string {
	r.Helper()
	got, said := r.run(args...)
	if got != code || !strings.Contains(said, says) {
		r.Fatalf("enishi %q = %d: %s; want %d and %q", args, got, said, code, says)
	}
	return said
}

// opened opens the market in a database, as a process does that serves it.
func (r *restoring) opened(address string) (*market.Market, *store.Store) {
	r.Helper()
	s, err := mysql.Open(r.Context(), address, mysql.Options{})
	if err != nil {
		r.Fatal(err)
	}
	m, err := market.Open(r.Context(), s, r.vault, market.Options{Mode: market.Auto, Demo: true, Clock: time.Now, Shared: true}, nil)
	if err != nil {
		r.Fatal(errors.Join(err, s.Close()))
	}
	return m, s
}

// mail writes a mail that is to be sent.
func (r *restoring) mail(subject string) {
	r.Helper()
	_, s := r.opened(r.here)
	now := time.Now().UTC().Truncate(time.Microsecond)
	err := s.Write(r.Context(), func(tx market.Tx) error {
		return tx.AddMail(&market.Mail{Account: 1, Address: r.vault.Seal("a@example.jp"), Subject: subject, Body: r.vault.Seal("text"), CreatedAt: now, DueAt: now})
	})
	if err := errors.Join(err, s.Close()); err != nil {
		r.Fatal(err)
	}
}

// erase has the newest candidate of a database erase themselves.
func (r *restoring) erase(address string) (key int64) {
	r.Helper()
	m, s := r.opened(address)
	err := s.Read(r.Context(), func(tx market.Tx) error {
		list, err := tx.Candidates(0, 10_000)
		if err == nil {
			key = list[len(list)-1].Key
		}
		return err
	})
	if err == nil {
		err = m.Erase(r.Context(), market.Actor{Kind: account.Candidate, Candidate: key})
	}
	if err := errors.Join(err, s.Close()); err != nil {
		r.Fatal(err)
	}
	return key
}

// signUp has somebody sign up in a database.
func (r *restoring) signUp(address, email string) {
	r.Helper()
	m, s := r.opened(address)
	_, err := m.SignUp(r.Context(), market.SignUp{Email: email, Profile: candidate.Profile{Residence: "13"}, Wishes: condition.Always()}, market.Once{})
	if err := errors.Join(err, s.Close()); err != nil {
		r.Fatal(err)
	}
}

// goOn lets the market go on after the moment: somebody erases themselves, others come, a mail is sent, an
// operator is added, and a snapshot is made of all that.
func (r *restoring) goOn() {
	r.Helper()
	r.erased = r.erase(r.here)
	r.signUp(r.here, "new@example.jp")
	r.sql(r.here, "UPDATE mail SET due_at = NULL, sent_at = 1764230400000000 WHERE subject = 'is sent since'")
	r.must(0, "", "user", "add", "--role", "operator", "--email", "since@example.jp", "--password", "correct horse")
	r.must(0, "bytes written", "job", "run", "snapshot")
	if len(r.snapshots()) == 0 {
		r.Fatal("there is no snapshot")
	}
}

func (r *restoring) snapshots() []string {
	r.Helper()
	list, err := filepath.Glob(filepath.Join(r.files, "snapshot-*"))
	if err != nil {
		r.Fatal(err)
	}
	return list
}

// sql runs statements in a database.
func (r *restoring) sql(address string, statements ...string) {
	r.Helper()
	err := mysql.Peek(r.Context(), address, nil, func(s store.Side) error {
		for _, statement := range statements {
			if _, err := s.DB.ExecContext(r.Context(), statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
	if err != nil {
		r.Fatal(err)
	}
}

func (r *restoring) holds(address, query string, want ...string) {
	r.Helper()
	if got := mysqltest.Texts(r.T, address, query); !slices.Equal(got, want) {
		r.Errorf("%s: %q, want %q", query, got, want)
	}
}

func (r *restoring) contents(address string) map[string]string {
	r.Helper()
	return contents(r.T, func(look func(store.Side) error) error { return mysql.Peek(r.Context(), address, nil, look) })
}

// from names the other database without its password, which the environment has.
func (r *restoring) from(address string, more ...string) []string {
	return append([]string{"transfer", "--from", address}, more...)
}

func demoData(t *testing.T) string {
	t.Helper()
	loaded := filepath.Join(t.TempDir(), "data")
	if code, said := run("demo", "load", "--candidates", "300", "--companies", "20", "--rules", "60", "--seed", "2", "--data", loaded); code != 0 {
		t.Fatal(said)
	}
	return loaded
}

// TestTransferFromServers copies from server to server, also from one with an older schema, compares every
// table, and looks at what is there.
func TestTransferFromServers(t *testing.T) {
	loaded := demoData(t)
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			r := newRestoring(t, server, loaded)
			source, target := r.there, mysqltest.Address(t, server)
			before := r.contents(source)
			r.sql(source, "ALTER TABLE audit DROP COLUMN orderer, DROP COLUMN why, DROP COLUMN diff", "DELETE FROM goose_db_version WHERE version_id = 23")
			in := *r
			in.here = target
			in.must(0, "every row of the database enishi_", in.from(source, "--plan")...)
			r.holds(source, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'audit' AND column_name = 'diff'", "0")
			in.must(0, "It was a rehearsal", in.from(source, "--rehearse")...)
			in.must(0, "counted on both sides", in.from(source)...)
			after := r.contents(target)
			delete(before, "audit") // where it came from was noted, and the source has lost the columns
			delete(after, "audit")
			if diff := cmp.Diff(before, after); diff != "" || len(before) < 40 {
				t.Errorf("%d tables (-before +after):\n%s", len(before), diff)
			}
			r.holds(target, "SELECT COUNT(*) FROM audit WHERE what = 'data.transfer' AND diff LIKE 'the database enishi_% on 127.0.0.1:% -> this database'", "1")
			in.must(1, "the target is not empty", in.from(source)...)
		})
	}
}

// TestTransferFromIsAsked gives what makes no sense, the password in each way, and another secret.
func TestTransferFromIsAsked(t *testing.T) {
	server := mysqltest.Servers()[0]
	r := newRestoring(t, server, demoData(t))
	for _, tt := range []struct {
		says string
		args []string
	}{
		{"there is none", []string{"--look"}},
		{"there is none", []string{"--replace"}},
		{"there is none", []string{"--from-secret", secretARN}},
		{"--from takes the rows out of a server", []string{"--from", r.there, "--data", "data"}},
		{"--packed is of a data folder", []string{"--from", r.there, "--packed", "x"}},
		{"--back is of the way into a data folder", []string{"--from", r.there, "--back"}},
		{"--replace cannot be rehearsed", []string{"--from", r.there, "--replace", "--rehearse"}},
		{"--look copies nothing", []string{"--from", r.there, "--look", "--replace"}},
		{"it needs no --plan", []string{"--from", r.there, "--look", "--plan"}},
		{"--from: found a value of another form", []string{"--from", "data/enishi.db"}},
		{"--from: found a value of another form", []string{"--from", r.there + "?charset=latin1"}},
		{"--from-secret: found \"arn:x\"", []string{"--from", r.there, "--from-secret", "arn:x"}},
		{"--from names the database that ENISHI_DATABASE_URL does", []string{"--from", strings.Replace(r.here, "mysql://enishi:enishi", "mariadb://other", 1)}},
	} {
		said := r.must(2, tt.says, append([]string{"transfer"}, tt.args...)...)
		if strings.Contains(said, "enishi:enishi") {
			t.Errorf("%q shows a password: %s", tt.args, said)
		}
	}
	r.must(1, "both sides are one database", r.from(strings.Replace(r.here, "127.0.0.1", "localhost", 1), "--replace", "--yes")...)
	r.must(0, "", "job", "list")

	u, err := url.Parse(r.there)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User("enishi")
	r.must(1, "password", r.from(u.String(), "--look")...)
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", newSecrets(t, "enishi").URL)
	r.must(0, "Its rows can be read", r.from(u.String(), "--from-secret", secretARN, "--look")...)
	r.sql(r.there, "UPDATE installation SET value = 'another' WHERE name = 'secret_check'")
	r.must(1, "this is not the secret", r.from(r.there, "--look")...)
	r.must(1, "of another installation", r.from(r.there, "--replace", "--yes")...)
}

// TestReplaceOnServers takes a market back to a moment after which it has moved on.
func TestReplaceOnServers(t *testing.T) {
	loaded := demoData(t)
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			r := newRestoring(t, server, loaded)
			r.goOn()
			before := r.contents(r.here)
			r.looks()
			said := r.must(0, "erased again: 1", r.from(r.there, "--replace", "--plan")...)
			for _, want := range []string{"All that was written since is lost", "operator.add 1", "not sent again: 1", "To take it back: there is no way"} {
				if !strings.Contains(said, want) {
					t.Errorf("the plan lacks %q: %s", want, said)
				}
			}
			r.must(1, "answer yes", r.from(r.there, "--replace")...)
			r.refusesWhileServed()
			r.brokenOff()
			after := r.contents(r.here)
			delete(before, "lease") // one was taken and given up
			delete(after, "lease")
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("what was refused has changed something (-before +after):\n%s", diff)
			}
			old := filepath.Join(t.TempDir(), "old")
			if err := os.CopyFS(old, os.DirFS(r.files)); err != nil {
				t.Fatal(err)
			}
			r.must(0, "erased again: 1; mails not sent again: 1", r.from(r.there, "--replace", "--yes", "--why", "a bad release")...)
			r.isRestored(old)

			r.signUp(r.here, "after@example.jp")
			r.must(0, "erased again: 1; mails not sent again: 1", r.from(r.there, "--replace", "--yes", "--why", "once more")...)
			r.isRestored(old)
		})
	}
}

// looks holds what a look shows, and that it changes nothing in force.
func (r *restoring) looks() {
	r.Helper()
	before := r.contents(r.here)
	said := r.must(0, "Its rows can be read", r.from(r.there, "--look")...)
	for _, want := range []string{"TABLE", "candidate ", "erased again: 1", "candidate.erase 1"} {
		if !strings.Contains(said, want) {
			r.Errorf("the look lacks %q: %s", want, said)
		}
	}
	var out bytes.Buffer
	w := cli.System()
	w.Out, w.Err = &out, new(bytes.Buffer)
	set := r.env()
	w.Env = func(name string) (string, bool) { return set[name], set[name] != "" }
	var got struct {
		Until   time.Time        `json:"until"`
		Rows    int64            `json:"rows"`
		Earlier bool             `json:"earlier_moment"`
		Since   map[string]int64 `json:"since"`
		Erased  int              `json:"erased_since"`
		Mails   int              `json:"mails_sent_since"`
		Tables  []struct {
			Table       string
			There, Here int64
		}
	}
	if code := cli.Run(r.from(r.there, "--look", "--json"), w); code != 0 || json.Unmarshal(out.Bytes(), &got) != nil {
		r.Fatalf("as JSON: %s", out.String())
	}
	if !got.Earlier || got.Erased != 1 || got.Mails != 1 || got.Since["operator.add"] != 1 || len(got.Tables) < 40 || got.Rows < 1000 || got.Until.IsZero() {
		r.Errorf("as JSON: %+v", got)
	}
	for _, t := range got.Tables {
		if want := mysqltest.Texts(r.T, r.there, "SELECT COUNT(*) FROM "+t.Table); want[0] != fmt.Sprint(t.There) {
			r.Errorf("%s holds %s rows, and is shown with %d", t.Table, want[0], t.There)
		}
	}
	if diff := cmp.Diff(before, r.contents(r.here)); diff != "" {
		r.Errorf("a look has changed something (-before +after):\n%s", diff)
	}
}

// refusesWhileServed replaces while a process leads, and while one is connected only.
func (r *restoring) refusesWhileServed() {
	r.Helper()
	m, s := r.opened(r.here)
	ctx, stop := context.WithCancel(r.Context())
	led := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			if _, err := m.Lead(r.Context()); err != nil {
				led <- err
				return
			}
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
		led <- m.Yield(r.Context())
	}()
	r.must(1, "the lease matcher is held", r.from(r.there, "--replace", "--yes")...)
	stop()
	if err := <-led; err != nil {
		r.Fatal(err)
	}
	asking, enough := make(chan error, 1), make(chan struct{})
	go func() { // as a web process asks
		for {
			err := s.Read(r.Context(), func(tx market.Tx) error { _, err := tx.Head(); return err })
			select {
			case <-enough:
				asking <- errors.Join(err, s.Close())
				return
			case <-time.After(250 * time.Millisecond):
			}
		}
	}()
	r.must(1, "other connections, one from ", r.from(r.there, "--replace", "--yes")...)
	close(enough)
	if err := <-asking; err != nil {
		r.Fatal(err)
	}
	r.holds(r.here, "SELECT COUNT(*) FROM installation WHERE name LIKE 'transfer%'", "0")
	r.must(0, "", "job", "list")
}

// brokenOff has a replacement fail before anything is removed, after which all is as before; then, on a copy, after
// some tables and before its end, and goes on with it.
func (r *restoring) brokenOff() {
	r.Helper()
	failed := errors.New("injected")
	replace := func(here string, how store.Replacement) error {
		return mysql.Lend(r.Context(), r.there, mysql.Options{}, func(from store.Side) error {
			return mysql.Lend(r.Context(), here, mysql.Options{Loading: true}, func(to store.Side) error {
				_, _, err := store.Replace(r.Context(), from, to, how)
				return err
			})
		})
	}
	if err := replace(r.here, store.Replacement{Alone: func(context.Context) error { return failed }}); !errors.Is(err, failed) {
		r.Fatalf("before anything is removed: %v", err)
	}
	r.must(0, "", "job", "list")

	half := *r
	half.here, half.files = mysqltest.Address(r.T, r.server), r.TempDir()
	r.copyTo(half.here)
	nothing := func(context.Context) error { return nil }
	kept := store.Kept{}
	for what, how := range map[string]store.Replacement{
		"after some tables": {Alone: nothing, Progress: func(table string, _ int64) {
			if table == "offer" {
				panic(failed)
			}
		}},
		"before its end": {Alone: nothing, Copied: func(_ context.Context, k store.Kept) error { kept = k; return failed }},
	} {
		err := func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = p.(error)
				}
			}()
			return replace(half.here, how)
		}()
		if !errors.Is(err, failed) {
			r.Fatalf("%s: %v", what, err)
		}
		half.nobodyServes(what)
	}
	if !slices.Equal(kept.Erased, []int64{r.erased}) || len(kept.Mails) != 1 {
		r.Errorf("what was kept is %+v, want the candidate %d and a mail", kept, r.erased)
	}
	earlier := mysqltest.Address(r.T, r.server)
	r.copyMomentTo(earlier)
	r.sql(earlier, "DELETE FROM log ORDER BY id DESC LIMIT 1")
	half.must(1, "by another moment than this one", half.from(earlier, "--replace", "--yes")...)
	half.must(0, "has not come to its end", half.from(r.there, "--look")...)
	half.must(0, "erased again: 1; mails not sent again: 1", half.from(r.there, "--replace", "--yes")...)
	half.isRestored("")
}

func (r *restoring) nobodyServes(what string) {
	r.Helper()
	for _, args := range [][]string{{"user", "add", "--role", "operator", "--email", "x@example.jp"}, {"serve", "--addr", "127.0.0.1:0"}, {"job", "list"}, {"migrate"}} {
		if code, said := r.run(args...); code == 0 || !strings.Contains(said, "has not come to its end") && !strings.Contains(said, "no installation") {
			r.Errorf("%s, %q: %d, %s", what, args, code, said)
		}
	}
	empty := mysqltest.Address(r.T, r.server)
	r.copyMomentTo(empty)
	r.must(1, "give that command again", r.from(empty)...)
}

// copyMomentTo copies the earlier moment.
func (r *restoring) copyMomentTo(address string) {
	of := *r
	of.here = r.there
	of.copyTo(address)
}

// isRestored compares with the earlier moment, after the same erasure there as the program does it, and serves and
// matches both.
func (r *restoring) isRestored(snapshots string) {
	r.Helper()
	r.holds(r.here, "SELECT COUNT(*) FROM installation WHERE name LIKE 'transfer%'", "0")
	r.holds(r.here, "SELECT subject FROM mail WHERE due_at IS NOT NULL AND subject LIKE '%s s%'", "waits still")
	r.holds(r.here, "SELECT sent_at FROM mail WHERE subject = 'is sent since'", "1764230400000000")
	r.holds(r.here, "SELECT COUNT(*) FROM audit WHERE what = 'operator.add'", "0")
	r.holds(r.here, fmt.Sprintf("SELECT COUNT(*) FROM audit WHERE what = 'candidate.erase' AND entity = %d", r.erased), "1")
	r.holds(r.here, "SELECT COUNT(*) FROM audit WHERE what = 'data.transfer' AND diff LIKE '%-> restored from the database enishi_%; erased again 1, mails not sent again 1'", "1")
	r.holds(r.here, "SELECT COUNT(*) FROM lease WHERE fence < 4294967296", "0")
	if list := r.snapshots(); len(list) > 0 {
		r.Errorf("snapshots are left: %q", list)
	}
	if snapshots != "" { // one that was written late
		if err := os.CopyFS(r.files, os.DirFS(snapshots)); err != nil {
			r.Fatal(err)
		}
		if said := r.must(0, "bytes written", "job", "run", "snapshot"); !strings.Contains(said, "it is of another installation") {
			r.Errorf("a snapshot of what is lost was not passed over: %s", said)
		}
	}
	like := *r
	like.here = mysqltest.Address(r.T, r.server)
	r.copyMomentTo(like.here)
	if key := like.erase(like.here); key != r.erased {
		r.Fatalf("erased is %d, want %d", key, r.erased)
	}
	got, want := r.contents(r.here), r.contents(like.here)
	var differ []string
	for table := range want {
		if got[table] != want[table] {
			differ = append(differ, table)
		}
	}
	slices.Sort(differ)
	// When it was done, by whom, and of which mails.
	if known := []string{"audit", "installation", "job", "job_run", "lease", "log", "mail", "offer"}; slices.ContainsFunc(differ, func(table string) bool { return !slices.Contains(known, table) }) {
		r.Errorf("these tables differ: %q", differ)
	}
	const rows = "SELECT CONCAT_WS(' ', candidate, company, rule, position, state) FROM offer ORDER BY 1"
	r.matched()
	like.matched()
	if diff := cmp.Diff(mysqltest.Texts(r.T, like.here, rows), mysqltest.Texts(r.T, r.here, rows)); diff != "" {
		r.Errorf("offers (-want +got):\n%s", diff)
	}
}

// matched follows the log to its end, as a worker does.
func (r *restoring) matched() {
	r.Helper()
	m, s := r.opened(r.here)
	leads, err := m.Lead(r.Context())
	if err == nil && !leads {
		err = errors.New("another leads")
	}
	if err == nil {
		err = errors.Join(m.Tend(r.Context()), m.Drain(r.Context()), m.Yield(r.Context()))
	}
	if err := errors.Join(err, s.Close()); err != nil {
		r.Fatal(err)
	}
}

// TestReplaceAsks tries to let a replacement slip through where an installation has a name, then gives it with all
// that it asks for.
func TestReplaceAsks(t *testing.T) {
	r := newRestoring(t, mysqltest.Servers()[0], demoData(t))
	for _, address := range []string{r.here, r.there} { // as people's data of before databases were marked
		r.sql(address, "DELETE FROM installation WHERE name = 'data_kind'")
	}
	r.goOn()
	r.sql(r.here, "DELETE FROM log WHERE id <= "+mysqltest.Texts(t, r.there, "SELECT MAX(id) FROM log")[0]) // as the job trim does in a month
	before := r.contents(r.here)
	command := r.from(r.there, "--replace")
	ask := func(typed string, terminal bool, more ...string) (int, string) {
		w, out, said := asWhom("prod", "real", typed, terminal)
		set := r.env()
		maps.Copy(set, map[string]string{"ENISHI_ENVIRONMENT": "prod", "ENISHI_DATA_KIND": "real"})
		w.Env = func(name string) (string, bool) {
			value, ok := set[name]
			return value, ok
		}
		code := cli.Run(slices.Concat(command, more), w)
		return code, out.String() + said.String()
	}
	for _, try := range tries("real") {
		code, said := ask(try.typed, try.terminal, try.more...)
		if code != try.code || !strings.Contains(said, try.says) {
			t.Errorf("%s: %d and %q; want %d and %q", try.what, code, said, try.code, try.says)
		}
		for _, want := range []string{"prod, which holds people's data", "every row there is removed", "To take it back: "} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is missing from %q", try.what, want, said)
			}
		}
	}
	if diff := cmp.Diff(before, r.contents(r.here)); diff != "" {
		t.Fatalf("it slipped through (-before +after):\n%s", diff)
	}
	if code, said := ask("", false, "--why", "a bad release", "--confirm", "prod"); code != 0 || !strings.Contains(said, "erased again: 1; mails not sent again: 1") {
		t.Fatalf("with all that it asks for: %d, %s", code, said)
	}
	r.holds(r.here, "SELECT CONCAT(why, ': ', orderer <> '') FROM audit WHERE what = 'data.transfer' AND diff LIKE '%restored from%'", "a bad release: 1")
}

// TestReplaceBringsTheErasedBack takes back an erasure that was the fault, and holds that a run that goes on with one that was
// broken off may say so as well, and must where that did.
func TestReplaceBringsTheErasedBack(t *testing.T) {
	r := newRestoring(t, mysqltest.Servers()[0], demoData(t))
	r.goOn()
	here := fmt.Sprintf("SELECT COUNT(*) FROM candidate WHERE id = %d", r.erased)
	r.holds(r.here, here, "0")
	replace := r.from(r.there, "--replace")
	r.must(2, "--with-erased is of --replace", r.from(r.there, "--with-erased")...)
	r.must(0, "erased since, and come back: up to 1", append(replace, "--with-erased", "--plan")...)
	r.breakOff(r.there, false)
	r.must(0, "come back: all whom the earlier moment has", append(replace, "--with-erased", "--plan")...)
	r.breakOff(r.there, true)
	r.must(1, "comes back was asked for then", append(replace, "--yes")...)
	r.must(0, "Whoever was erased since is back.", append(replace, "--with-erased", "--yes")...)
	r.holds(r.here, here, "1")
	r.holds(r.here, "SELECT COUNT(*) FROM audit WHERE what = 'data.transfer' AND diff LIKE '%; whoever was erased since comes back'", "1")
	r.holds(r.here, "SELECT COUNT(*) FROM installation WHERE name LIKE 'transfer%'", "0")
}

// TestReplaceKilled ends replacements with SIGKILL at several tables: nobody serves what they leave, and the last one,
// which is not killed, comes to the same end.
func TestReplaceKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs it several times")
	}
	program, loaded := fleet.Build(t, t.TempDir()), demoData(t)
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			r := newRestoring(t, server, loaded)
			r.goOn()
			half := 0
			for _, at := range []string{"copying account", "copying block", "copying candidate", "copying mail", "copying offer"} {
				r.killed(program, at)
				if mark := mysqltest.Texts(t, r.here, "SELECT value FROM installation WHERE name = 'transfer'"); len(mark) > 0 {
					half++
					r.nobodyServes("killed at " + at)
				}
			}
			if half == 0 {
				t.Error("each came to its end before it was killed")
			}
			r.must(0, "erased again: 1; mails not sent again: 1", r.from(r.there, "--replace", "--yes")...)
			r.isRestored("")
		})
	}
}

// killed replaces, and ends the process when it says that it has come to a table; it waits until the server has seen
// that.
func (r *restoring) killed(program, at string) {
	r.Helper()
	cmd := exec.Command(program, r.from(r.there, "--replace", "--yes")...)
	for name, value := range r.env() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	said, err := cmd.StderrPipe()
	if err != nil {
		r.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.Fatal(err)
	}
	var lines []string
	for all := bufio.NewScanner(said); all.Scan(); {
		if lines = append(lines, all.Text()); strings.HasPrefix(all.Text(), at) {
			break
		}
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], at) {
		r.Fatalf("it never came to %q: %q", at, lines)
	}
	if err := cmd.Process.Kill(); err != nil {
		r.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	const free = "SELECT IS_FREE_LOCK(SHA2(CONCAT('enishi.transfer.', DATABASE()), 256))"
	for end := time.Now().Add(20 * time.Second); mysqltest.Texts(r.T, r.here, free)[0] != "1"; {
		if time.Now().After(end) {
			r.Fatal("the killed one's connection stays")
		}
	}
}

// TestReplaceAfterAReplace has two histories after one moment, in which a key means two people: of whom nobody can
// know whether it was them who erased themselves, nobody is erased.
func TestReplaceAfterAReplace(t *testing.T) {
	r := newRestoring(t, mysqltest.Servers()[0], demoData(t))
	r.signUp(r.here, "lost@example.jp")
	later := mysqltest.Address(t, r.server)
	r.copyTo(later)
	r.must(0, "erased again: 0", r.from(r.there, "--replace", "--yes")...)
	r.signUp(r.here, "another@example.jp")
	of := r.erase(r.here)                                                                                                                                                         // who has the key of the one who is lost
	r.sql(r.here, "INSERT INTO audit (at, account, company, what, kind, entity, n) VALUES (1, 1, 0, 'candidate.erase', 'candidate', 1, 0)", "DELETE FROM candidate WHERE id = 1") // who was there before both
	key := fmt.Sprint(of)
	r.holds(later, "SELECT COUNT(*) FROM candidate WHERE id = "+key, "1")
	said := r.must(0, "under the keys "+key+" candidates have erased themselves", r.from(later, "--look")...)
	if !strings.Contains(said, "erased again: 1") {
		t.Errorf("whoever was there before both is not erased: %s", said)
	}
	r.must(0, "under the keys "+key+" candidates have erased themselves", r.from(later, "--replace", "--yes")...)
	r.holds(r.here, "SELECT id FROM candidate WHERE id IN (1, "+key+")", key)
	r.must(0, `"erased": 1`, r.from(later, "--replace", "--yes", "--json")...)
}
