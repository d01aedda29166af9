package cli_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/account"
	"enishi/internal/api"
	"enishi/internal/cli"
	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
	"enishi/internal/web"
)

// ofServers are the commands that need a server, of databases or of the service, and what tries them there as the others are tried.
func ofServers() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){"transfer": transfersHoldBack, "verify": verifyHoldsBack}
}

// leavesAlone are commands that ask nobody, since they leave alone what they may not change, and what tries that.
func leavesAlone() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){"bench http": benchLeavesAlone}
}

// transferring is a way to transfer, as somebody calls it.
type transferring struct {
	flags []string
	into  string // where the rows come: empty (a server's database), full (one that holds an installation), folder
	plan  string // what it says it would do
	undo  string // how it is taken back
	diff  string // what the audit log says has changed; "": nothing of it, or it is done where it takes more (TestReplaceAsks)
}

// transfers are all of them. A plan of one is tried with each flag by which it does something else.
func transfers(from string) []transferring {
	return []transferring{
		{into: "empty", plan: "every row of the data folder", undo: "leave the database", diff: "a data folder -> this database"},
		{flags: []string{"--rehearse"}, into: "empty", plan: "every row of the data folder", undo: "leave the database"},
		{flags: []string{"--packed", "rows"}, into: "empty", plan: "every row of the database that is packed as rows", undo: "leave the database"},
		{flags: []string{"--back"}, into: "folder", plan: "every row of it is copied into the data folder", undo: "remove the folder", diff: "this database -> a data folder"},
		{flags: []string{"--back", "--packed", "rows"}, into: "folder", plan: "every row of it is copied into", undo: "remove the folder"},
		{flags: []string{"--from", from}, into: "empty", plan: "every row of the database enishi_", undo: "leave the database", diff: "the database enishi_"},
		{flags: []string{"--from", from, "--from-secret", secretARN}, into: "empty", plan: "every row of the database enishi_", undo: "leave the database"},
		{flags: []string{"--from", from, "--rehearse"}, into: "empty", plan: "every row of the database enishi_", undo: "leave the database"},
		{flags: []string{"--from", from, "--replace", "--await", "9s"}, into: "full", plan: "every row there is removed", undo: "there is no way"},
		{flags: []string{"--from", from, "--replace", "--with-erased"}, into: "full", plan: "every row there is removed", undo: "there is no way"},
	}
}

// everyTransfer holds that each way to transfer is tried: --look alone changes nothing, as TestReplaceOnServers compares.
func everyTransfer(t *testing.T, flags []string) {
	t.Helper()
	known := []string{"help", "data", "why", "yes", "confirm", "json", "dry-run", "plan", "look"}
	for _, way := range transfers("x") {
		for _, word := range way.flags {
			if flag, ok := strings.CutPrefix(word, "--"); ok {
				known = append(known, flag)
				if !slices.Contains(flags, flag) {
					t.Errorf("enishi transfer has no --%s", flag)
				}
			}
		}
	}
	for _, flag := range flags {
		if !slices.Contains(known, flag) {
			t.Errorf("enishi transfer --%s is tried nowhere: does it change something?", flag)
		}
	}
}

// installed is an installation of people's data that has a name, in a folder and on a server.
type installed struct {
	folder, address string
	secret          string
	files           string
}

// asked gives a command in that installation, with its database at an address, and how that ends.
func (i *installed) asked(address, typed string, terminal bool, words ...string) (code int, out, said string) {
	w, printed, told := asWhom("prod", "real", typed, terminal)
	env := w.Env
	set := map[string]string{"ENISHI_DATABASE_URL": address, "ENISHI_SECRET": i.secret, "ENISHI_FILES_URL": "file://" + i.files}
	w.Env = func(name string) (string, bool) {
		if value, ok := set[name]; ok && address != "" {
			return value, true
		}
		return env(name)
	}
	code = cli.Run(words, w)
	return code, printed.String(), told.String()
}

// newInstalled makes one in a folder, with one operator.
func newInstalled(t *testing.T) *installed {
	t.Helper()
	i := &installed{folder: filepath.Join(t.TempDir(), "data"), files: t.TempDir()}
	add := []string{"user", "add", "--role", "operator", "--email", "ops@example.jp", "--password", "correct horse", "--data", i.folder, "--why", "before it", "--confirm", "prod"}
	if code, _, said := i.asked("", "", false, add...); code != 0 {
		t.Fatalf("%q = %d: %s", add, code, said)
	}
	secret, err := os.ReadFile(filepath.Join(i.folder, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	i.secret = strings.TrimSpace(string(secret))
	return i
}

// transfersHoldBack lets every way to transfer slip in every way there is, which leaves everything as it was, and then does each
// that leaves a line in the audit log. The way out of a server is tried without any, too: it is refused before the database is asked.
func transfersHoldBack(t *testing.T) {
	t.Run("nowhere", func(t *testing.T) {
		i := newInstalled(t)
		for _, way := range transfers("") {
			if way.into == "folder" {
				folder := filepath.Join(t.TempDir(), "returned")
				i.holdsBack(t, "mysql://enishi:enishi@127.0.0.1:1/enishi", slices.Concat([]string{"transfer", "--data", folder}, way.flags), way)
				if _, err := os.Stat(folder); err == nil {
					t.Errorf("%q: the folder was made", way.flags)
				}
			}
		}
	})
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			i := newInstalled(t)
			i.address = mysqltest.Address(t, server)
			full := mysqltest.Address(t, server)
			for n, way := range transfers(i.address) {
				if n == 0 {
					i.transfers(t, i.address, way) // the ones after it come out of that
					continue
				}
				at := map[string]string{"empty": mysqltest.Address(t, server), "folder": i.address, "full": full}[way.into]
				if len(way.flags) == 2 && way.flags[0] == "--from" {
					at = full // which the ones after it replace
				}
				i.transfers(t, at, way)
			}
		})
	}
}

// transfers lets one way slip, with the server's database at an address, and does it if the audit log is to say so.
func (i *installed) transfers(t *testing.T, address string, way transferring) {
	t.Helper()
	data := i.folder
	command := slices.Concat([]string{"transfer"}, way.flags)
	if way.into == "folder" {
		data = filepath.Join(t.TempDir(), "returned")
	}
	if !slices.Contains(way.flags, "--from") {
		command = append(command, "--data", data)
	}
	before := held(t, address)
	i.holdsBack(t, address, command, way)
	if diff := cmp.Diff(before, held(t, address)); diff != "" {
		t.Fatalf("%q slipped through (-before +after):\n%s", way.flags, diff)
	}
	if _, err := os.Stat(data); (err == nil) == (way.into == "folder") {
		t.Fatalf("%q slipped through: the folder %s, %v", way.flags, data, err)
	}
	if _, err := os.Stat(filepath.Join(data, "moved")); err == nil && way.diff != "" && way.into == "empty" && len(way.flags) == 0 {
		t.Fatalf("%q slipped through: the folder is moved", way.flags)
	}
	if way.diff == "" {
		return
	}
	if code, _, said := i.asked(address, "prod\n", true, append(command, "--why", "a good reason")...); code != 0 {
		t.Fatalf("%q with its name typed: %d and %s", way.flags, code, said)
	}
	got := mysqltest.Texts(t, address, "SELECT CONCAT(orderer <> '', ' ', why, ': ', diff) FROM audit WHERE what = 'data.transfer' ORDER BY id DESC LIMIT 1")
	if len(got) != 1 || !strings.HasPrefix(got[0], "1 a good reason: "+way.diff) || !strings.Contains(got[0], " -> ") {
		t.Errorf("%q: the audit log has %q; want who, why and %q", way.flags, got, way.diff)
	}
}

// holdsBack gives a transfer in each way in which it may not be done, and holds what it says.
func (i *installed) holdsBack(t *testing.T, address string, command []string, way transferring) {
	t.Helper()
	for _, try := range tries("real") {
		code, out, said := i.asked(address, try.typed, try.terminal, slices.Concat(command, try.more)...)
		if code != try.code || !strings.Contains(said, try.says) {
			t.Errorf("%q %s: %d and %q; want %d and %q", way.flags, try.what, code, said, try.code, try.says)
		}
		for _, want := range []string{"In prod, which holds people's data", way.plan, "To take it back: " + way.undo} {
			if !strings.Contains(out+said, want) {
				t.Errorf("%q %s: %q is missing from %q", way.flags, try.what, want, said)
			}
		}
	}
}

// held gives what a server's database holds.
func held(t *testing.T, address string) map[string]string {
	t.Helper()
	return contents(t, func(look func(store.Side) error) error {
		return mysql.Lend(t.Context(), address, mysql.Options{}, look)
	})
}

// verifyHoldsBack lets enishi verify slip in every way there is at a service that has a name: no trial is opened, and the one that is
// bears who and why. TestVerifyAsks goes through one to its end.
func verifyHoldsBack(t *testing.T) {
	vault, err := account.NewVault([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	rows, how := market.NewMemory(), market.Options{Mode: market.Auto, Data: market.RealData, Clock: time.Now}
	m, err := market.Open(t.Context(), rows, vault, how, nil)
	if err == nil {
		err = market.AddOperator(t.Context(), rows, vault, how, market.Order{By: "hana", Why: "before it"}, "ops@example.jp", "correct horse")
	}
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	pages, err := web.New(quiet, m, web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := api.New(quiet, m, api.Options{Environment: "prod", Pages: pages})
	if err != nil {
		t.Fatal(err)
	}
	var opened atomic.Pointer[string]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/operator/trials") {
			body, _ := io.ReadAll(r.Body)
			text := string(body)
			opened.Store(&text)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	verify := func(how try) (int, string) {
		w, out, said := asWhom("", "", how.typed, how.terminal)
		set := map[string]string{"ENISHI_VERIFY_EMAIL": "ops@example.jp", "ENISHI_VERIFY_PASSWORD": "correct horse"}
		w.Env = func(name string) (string, bool) {
			value, ok := set[name]
			return value, ok
		}
		code := cli.Run(append([]string{"verify", server.URL}, how.more...), w)
		return code, out.String() + said.String()
	}
	for _, how := range tries("real") {
		code, said := verify(how)
		if code != how.code || !strings.Contains(said, how.says) || opened.Load() != nil {
			t.Errorf("%s: %d and %q, want %d and %q; a trial is opened: %v", how.what, code, said, how.code, how.says, opened.Load() != nil)
		}
		for _, want := range []string{"In prod, which holds people's data (", "a trial is made", "To take it back: "} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is missing from %q", how.what, want, said)
			}
		}
	}
	if _, said := verify(try{more: []string{"--why", "a good reason", "--patience", "2s"}, typed: "prod\n", terminal: true}); opened.Load() == nil || !strings.Contains(*opened.Load(), `"why":"a good reason"`) || !strings.Contains(*opened.Load(), `"by":"`) {
		t.Errorf("with its name typed: %s", said)
	}
}
