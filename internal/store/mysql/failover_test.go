package mysql_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"enishi/internal/errs"
	"enishi/internal/fleet"
	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
)

// pair is a store on a MariaDB that has a replica, behind a link that can lead
// to either.
type pair struct {
	*fleet.Pair
	*fleet.Link
	s *store.Store
}

const connections = 4 // of each pool

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{Pair: fleet.NewPair(t)}
	p.Link = fleet.NewLink(t, p.Writer)
	p.s = mysqltest.OpenAt(t, p.Address(p.Addr()), mysql.Options{Connections: connections})
	return p
}

// set writes a setting; each runs in the transaction.
func (p *pair) set(t *testing.T, value string, each func()) {
	t.Helper()
	err := p.s.Write(t.Context(), func(tx market.Tx) error {
		if err := tx.SetSetting("name", value); err != nil {
			return err
		}
		each()
		return nil
	})
	if err != nil {
		t.Fatalf("write %q: %v", value, err)
	}
}

func (p *pair) value(t *testing.T) (value string) {
	t.Helper()
	err := p.s.Read(t.Context(), func(tx market.Tx) (err error) {
		value, err = tx.Setting("name")
		return err
	})
	if err != nil && !errs.Is(err, errs.NotFound) {
		t.Fatalf("read: %v", err)
	}
	return value
}

// demote makes the writer read only, the replica a writer, and leads new
// connections there; those that are open stay where they are.
func (p *pair) demote() {
	p.DemoteWriter()
	p.Promote()
	p.Point(p.Replica)
}

// TestDemotedWriterIsLeft makes the writer read only under open connections,
// which nobody cuts, while its replica becomes the writer: the next write is
// not refused, and reads do not stay with what the old one has.
func TestDemotedWriterIsLeft(t *testing.T) {
	p := newPair(t)
	p.set(t, "before", func() {})
	for range 2 * connections { // all are open
		if v := p.value(t); v != "before" {
			t.Fatalf("the value is %q", v)
		}
	}
	p.demote()
	p.set(t, "after", func() {})
	// No connection lies idle for long enough to be replaced for that.
	since := time.Now()
	for p.value(t) != "after" {
		if time.Since(since) > 10*time.Second {
			t.Fatal("reads stay with the writer that was demoted")
		}
	}
	t.Logf("reads left it after %s", time.Since(since))
}

// TestRefusedCommitIsRunAgain makes the writer read only between the writes of
// a transaction and its end: it is known that nothing was saved, so all is run
// again where writes are taken.
func TestRefusedCommitIsRunAgain(t *testing.T) {
	p := newPair(t)
	runs := 0
	p.set(t, "value", func() {
		if runs++; runs == 1 {
			p.demote()
		}
	})
	if runs != 2 {
		t.Errorf("it was run %d times, want 2", runs)
	}
	if v := p.value(t); v != "value" {
		t.Errorf("the new writer has %q", v)
	}
}

// TestNothingAnsweredIsLost kills the writer between writes that follow each
// other, and promotes its replica: that has what was answered.
func TestNothingAnsweredIsLost(t *testing.T) {
	p := newPair(t)
	var answered []string
	for i := range 100 {
		name := fmt.Sprintf("name%d", i)
		err := p.s.Write(t.Context(), func(tx market.Tx) error {
			if i == 50 {
				p.KillWriter()
			}
			return tx.SetSetting(name, "x")
		})
		if err == nil {
			answered = append(answered, name)
		} else if !errs.Is(err, errs.Busy) {
			t.Errorf("write: %v", err)
		}
		if i == 53 {
			p.Promote()
			p.Point(p.Replica)
		}
	}
	err := p.s.Read(t.Context(), func(tx market.Tx) error {
		for _, name := range answered {
			if _, err := tx.Setting(name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		return nil
	})
	if err != nil || len(answered) < 90 {
		t.Errorf("%d of 100 were answered; read: %v", len(answered), err)
	}
}

// TestWritable finds connections to a writer fit, on each kind of server, and
// one to a replica not.
func TestWritable(t *testing.T) {
	fit := func(t *testing.T, address string) bool {
		t.Helper()
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		db, err := mysqltest.Connect(u)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // nothing is lost with it
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // nothing is lost with it
		return mysql.Writable(t.Context(), conn)
	}
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			if !fit(t, mysqltest.Address(t, server)) {
				t.Error("a writer is not fit")
			}
		})
	}
	t.Run("replica", func(t *testing.T) {
		p := fleet.NewPair(t)
		if !fit(t, p.Address(p.Writer)) || fit(t, p.Address(p.Replica)) {
			t.Error("the writer of a pair is not fit, or its replica is")
		}
	})
}
