package market_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/position"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
	"enishi/internal/store/sqlite"
	"enishi/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// beginning is when every market of these tests opens: ten in the morning.
var beginning = day.Date(2026, time.November, 24).At(10)

// world is a market in a test, on a clock of its own.
type world struct {
	raw market.Store // without the rules of locks
	testing.TB
	*market.Market

	records *recorder
	options market.Options
	vault   *account.Vault
	passed  *atomic.Int64 // since beginning, nanoseconds
	mail    *postbox
	shelf   *shelf
}

// stores are the stores that everything is tested on.
func stores() map[string]func(testing.TB) market.Store {
	list := map[string]func(testing.TB) market.Store{
		"memory": func(testing.TB) market.Store { return market.NewMemory() },
		"again":  func(testing.TB) market.Store { return again{market.NewMemory()} },
		"sqlite": func(t testing.TB) market.Store {
			t.Helper()
			s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "enishi.db"), sqlite.Options{Relaxed: true})
			if err != nil {
				t.Fatalf("open a database: %v", err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("close the database: %v", err)
				}
			})
			return s
		},
	}
	for _, server := range mysqltest.Given() {
		list[server] = func(t testing.TB) market.Store {
			t.Helper()
			return mysqltest.Open(t, server, mysql.Options{Connections: 8})
		}
	}
	return list
}

// far says whether a test runs on a server, to which each statement is a trip: there it is about
// statements and locks, and what it plays is shorter. What is played is played at length in memory.
func far(name string) bool {
	return slices.ContainsFunc(mysqltest.Servers(), func(server string) bool { return slices.Contains(strings.Split(name, "/"), server) })
}

// again is a store that runs every closure a second time, as a database does
// that asks for it: what the first run did must be gone.
type again struct{ *market.Memory }

var errAgain = errors.New("run it again")

func (s again) Write(ctx context.Context, fn func(market.Tx) error) error {
	return s.twice(ctx, s.Memory.Write, fn)
}

func (s again) Read(ctx context.Context, fn func(market.Tx) error) error {
	return s.twice(ctx, s.Memory.Read, fn)
}

func (again) twice(ctx context.Context, run func(context.Context, func(market.Tx) error) error, fn func(market.Tx) error) error {
	err := run(ctx, func(tx market.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errAgain
	})
	if !errors.Is(err, errAgain) {
		return err
	}
	return run(ctx, fn)
}

// postbox keeps what is delivered, and refuses what it is told to.
type postbox struct {
	mu      sync.Mutex
	mails   []market.Letter
	refuses func(to string) error
}

func (p *postbox) Send(_ context.Context, l *market.Letter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses != nil {
		if err := p.refuses(l.To); err != nil {
			return err
		}
	}
	p.mails = append(p.mails, *l)
	return nil
}

// newWorld opens a market on an empty store.
func newWorld(t testing.TB, s market.Store, o market.Options) *world {
	t.Helper()
	w := &world{TB: t, raw: s, records: record(storetest.Disciplined(s)), options: o, passed: new(atomic.Int64), mail: new(postbox), shelf: new(shelf)}
	w.options.Clock = func() time.Time { return beginning.Add(time.Duration(w.passed.Load())) }
	w.options.Mail = w.mail
	w.options.Snapshots = w.shelf
	w.options.Report = func(_ context.Context, what string, err error) {
		if strings.HasPrefix(what, "the snapshot ") {
			w.shelf.passOver(what + ": " + err.Error())
			return
		}
		if !errors.Is(err, errKilled) { // nobody reads what a killed process reports
			t.Errorf("reported: %s: %v", what, err)
		}
	}
	var err error
	if w.vault, err = account.NewVault(bytes.Repeat([]byte{7}, account.SecretBytes)); err != nil {
		t.Fatalf("make a vault: %v", err)
	}
	w.Market = w.open()
	return w
}

// open opens the market of the world's store once more, as a restart does.
func (w *world) open() *market.Market {
	w.Helper()
	m, err := market.Open(w.Context(), w.records, w.vault, w.options, nil)
	if err != nil {
		w.Fatalf("open the market: %v", err)
	}
	return m
}

// drain does what a matcher does until there is nothing left to do, and
// verifies that the log has been followed to its end.
func (w *world) drain() {
	w.Helper()
	if err := w.Tend(w.Context()); err != nil {
		w.Fatalf("tend: %v", err)
	}
	if err := w.Drain(w.Context()); err != nil {
		w.Fatalf("drain: %v", err)
	}
	s, err := w.Status(w.Context())
	if err != nil {
		w.Fatalf("status: %v", err)
	}
	if s.Applied != s.LogHead || s.Matched != s.LogHead || s.Day != day.Of(w.Now()) {
		w.Fatalf("drained on %s: %+v", day.Of(w.Now()), s)
	}
	w.ended()
	w.sound()
}

// ended fails if somebody can still come to accept what a block, a closed
// position, a suspension or an erasure has ended.
func (w *world) ended() {
	w.Helper()
	if !w.records.stirred.Swap(false) {
		return
	}
	for _, s := range readRows(w, w.records.Store).lingering() {
		w.Error(s)
	}
}

// sound fails on what the recorder found.
func (w *world) sound() {
	w.Helper()
	w.records.mu.Lock()
	defer w.records.mu.Unlock()
	for i, f := range w.records.faults {
		if i == 20 {
			w.Errorf("and %d more", len(w.records.faults)-i)
			break
		}
		w.Error(f)
	}
	w.records.faults = nil
	if w.Failed() {
		w.FailNow()
	}
}

func (w *world) pass(d time.Duration) { w.passed.Add(int64(d)) }

// nextDay goes to nine in the morning of a later day.
func (w *world) nextDay(days int) {
	w.Helper()
	if err := w.MoveClock(w.Context(), day.Of(w.Now())+day.Day(days)); err != nil {
		w.Fatalf("move the clock: %v", err)
	}
	w.drain()
}

// person is a candidate in a test.
type person struct {
	id    uuid.UUID
	token string
	email string
	code  string
}

func (w *world) actor(token string) market.Actor {
	w.Helper()
	a, err := w.Authenticate(w.Context(), token)
	if err != nil {
		w.Fatalf("authenticate: %v", err)
	}
	return a
}

func (w *world) signUp(in market.SignUp) person {
	w.Helper()
	out, err := w.SignUp(w.Context(), in, market.Once{})
	if err != nil {
		w.Fatalf("sign up: %v", err)
	}
	return person{id: out.ID, token: out.Token, email: in.Email, code: w.codeFor(in.Email)}
}

// codeFor gives the code of the newest of the last mails that is to an address.
func (w *world) codeFor(email string) string {
	mails, err := w.Mails(w.Context(), 100)
	if err != nil {
		w.Fatalf("read the mails: %v", err)
	}
	for _, m := range mails {
		if m.To == email {
			return code(m.Body)
		}
	}
	return ""
}

// someone signs up with a plain profile that Always matches.
func (w *world) someone(i int, change ...func(*market.SignUp)) person {
	w.Helper()
	in := market.SignUp{Email: fmt.Sprintf("s%d@example.jp", i), Wishes: all()}
	in.Profile.Residence = "13"
	for _, c := range change {
		c(&in)
	}
	return w.signUp(in)
}

// firm is a company in a test, verified.
type firm struct {
	id     uuid.UUID
	number corpnum.Number
	token  string
}

func operator() market.Actor { return market.Actor{Kind: account.Operator} }

func (w *world) firm(i int, head corpnum.Number) firm {
	w.Helper()
	return w.firmOf(i, head, fmt.Sprintf("会社%d", i))
}

func (w *world) named(i int, name string) firm {
	w.Helper()
	return w.firmOf(i, 0, name)
}

func (w *world) firmOf(i int, head corpnum.Number, name string) firm {
	w.Helper()
	f, err := w.Found(w.Context(), market.Found{
		Number: numbered(i), Head: head, Name: name, Size: 2, Email: fmt.Sprintf("k%d@example.jp", i),
	}, market.Once{})
	if err != nil {
		w.Fatalf("found a company: %v", err)
	}
	if _, err := w.SetStatus(w.Context(), operator(), f.ID, company.Verified); err != nil {
		w.Fatalf("verify a company: %v", err)
	}
	return firm{f.ID, numbered(i), f.Token}
}

// post publishes a position.
func (w *world) post(f firm, t position.Terms) position.Position {
	w.Helper()
	actor := w.actor(f.token)
	p, err := w.AddPosition(w.Context(), actor, t, market.Once{})
	if err != nil {
		w.Fatalf("add a position: %v", err)
	}
	if p, err = w.Publish(w.Context(), actor, p.ID); err != nil {
		w.Fatalf("publish a position: %v", err)
	}
	return p
}

// order activates a rule for a position.
func (w *world) order(f firm, p position.Position, in market.RuleInput) market.Ruled {
	w.Helper()
	actor := w.actor(f.token)
	in.Position = p.ID
	r, err := w.AddRule(w.Context(), actor, in, market.Once{})
	if err != nil {
		w.Fatalf("add a rule: %v", err)
	}
	if r, _, err = w.Activate(w.Context(), actor, r.ID); err != nil {
		w.Fatalf("activate a rule: %v", err)
	}
	return r
}

// plain is a rule that asks nothing.
func plain() market.RuleInput {
	return market.RuleInput{Kind: "interview", Must: all(), DailyBudget: 1000, TotalBudget: 1000}
}

// deliver sends every mail that is due.
func (w *world) deliver(m *market.Market) {
	w.Helper()
	for {
		n, err := m.Deliver(w.Context())
		if err != nil {
			w.Fatalf("deliver: %v", err)
		}
		if n == 0 {
			return
		}
	}
}
