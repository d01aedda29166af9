// Package store keeps a market in a relational database: the SQL that SQLite
// and MySQL share, transactions, and the way between rows and the types of the
// domain. What databases do not share is a Dialect, which a package per
// database gives.
//
// A transaction that fails in the database itself (a full disk, a lost lock)
// is rolled back whatever its closure makes of the error. A Store is safe for
// concurrent use.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sethvargo/go-retry"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// Store is a market.Store over a database.
type Store struct {
	dialect                   Dialect
	writers, readers, replica *pool // replica is nil if there is none
	release                   func() error
}

var _ market.Store = (*Store)(nil)

// Pool is a database handle and how its connections are used.
type Pool struct {
	DB   *sql.DB
	Most int // how many transactions run at once
	// Fresh is how long a connection may lie unused before another is made
	// in its place, since the server may have closed it; 0: for ever.
	Fresh time.Duration
	// Fit says whether a connection still leads where the pool's are to
	// lead; nil: always. One that does not is closed, and another is made.
	Fit func(context.Context, *sql.Conn) bool
}

// Pools are the handles of a database. Replica is one of a copy of it that may
// lag; without a handle, there is none.
type Pools struct{ Writers, Readers, Replica Pool }

// New gives the store of an open database whose schema is current. Close
// closes the handles, then calls release.
func New(d Dialect, p Pools, release func() error) *Store {
	s := &Store{dialect: d, writers: newPool(p.Writers), readers: newPool(p.Readers), release: release}
	if p.Replica.DB != nil {
		s.replica = newPool(p.Replica)
	}
	return s
}

// Close waits for running transactions, closes the database and lets go of
// what the store holds. Later transactions are Busy.
func (s *Store) Close() error {
	var err error
	if s.replica != nil {
		err = s.replica.close()
	}
	return errors.Join(err, s.readers.close(), s.writers.close(), s.release())
}

// A transaction that lost a race for a lock is run again up to retries times,
// at first after about firstWait, each time after twice as long: together
// under half a second, which a request can still spare.
const (
	retries   = 6
	firstWait = 5 * time.Millisecond
)

// Write runs fn in a transaction that may write; see market.Store.
func (s *Store) Write(ctx context.Context, fn func(market.Tx) error) error {
	return s.again(ctx, s.writers, true, func(t *tx) error { return fn(t) })
}

// Read runs fn in a transaction that sees one moment; see market.Store.
func (s *Store) Read(ctx context.Context, fn func(market.Tx) error) error {
	return s.again(ctx, s.readers, false, func(t *tx) error { return fn(t) })
}

// Replica gives the copy of the database that may lag, nil if there is none. It
// is closed with the store.
func (s *Store) Replica() market.Reader {
	if s.replica == nil {
		return nil
	}
	return replica{s}
}

type replica struct{ store *Store }

// Read runs fn once: who asks a replica has the database itself to turn to.
func (r replica) Read(ctx context.Context, fn func(market.Tx) error) error {
	ctx, span := r.store.transaction(ctx, false)
	_, err := r.store.once(ctx, r.store.replica, false, func(t *tx) error { return fn(t) })
	if span != nil {
		span.SetAttributes(attribute.Bool("enishi.replica", true))
		ended(span, err)
	}
	return err
}

func (s *Store) again(ctx context.Context, p *pool, write bool, fn func(*tx) error) error {
	ctx, span := s.transaction(ctx, write)
	if span == nil {
		_, err := s.attempts(ctx, p, write, fn)
		return err
	}
	n, err := s.attempts(ctx, p, write, fn)
	span.SetAttributes(attribute.Int("enishi.transaction.attempts", n))
	ended(span, err)
	return err
}

// attempts runs a transaction until it is done with, and says how often.
func (s *Store) attempts(ctx context.Context, p *pool, write bool, fn func(*tx) error) (n int, err error) {
	again, err := s.once(ctx, p, write, fn)
	n = 1
	if !again {
		return n, err
	}
	waits := retry.WithMaxRetries(retries, retry.WithJitterPercent(50, retry.NewExponential(firstWait)))
	for err != nil && again {
		wait, stop := waits.Next()
		if stop {
			p.counters.givenUp.Add(1)
			return n, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return n, errors.Join(err, context.Cause(ctx))
		}
		p.counters.retries.Add(1)
		n++
		again, err = s.once(ctx, p, write, fn)
	}
	return n, err
}

// once runs one transaction and says whether it may be run again.
func (s *Store) once(ctx context.Context, p *pool, write bool, fn func(*tx) error) (again bool, err error) {
	ses, err := p.take(ctx)
	if err != nil {
		return s.refused(err)
	}
	sound := false
	defer func() { p.give(ses, sound) }()
	t := &tx{ctx: ctx, session: ses, dialect: &s.dialect, write: write, counters: &p.counters, traced: trace.SpanFromContext(ctx).IsRecording()}
	defer p.begun()()
	begin := s.dialect.BeginRead
	if write {
		begin = s.dialect.BeginWrite
	}
	// Waiting for another process may be long, so the start heeds ctx.
	if _, err := ses.conn.ExecContext(ctx, begin); err != nil {
		err = t.failed("begin a transaction", err)
		// It may have begun as ctx ended; left open, it would lock out
		// every later one. That there is none to roll back is no news.
		_ = ses.finish("ROLLBACK")
		return t.retry, err
	}
	open := true
	defer func() {
		t.ended = true
		if open { // fn failed or panicked
			sound = ses.finish("ROLLBACK") == nil
		}
	}()
	if err := t.outcome(fn(t)); err != nil {
		return t.retry, err
	}
	if err := ses.finish("COMMIT"); err != nil {
		if s.dialect.Classify(err).Lost {
			return false, errs.Wrap(errs.Busy, "the connection to the database was lost while saving, so it is not known whether this was saved: look again, or repeat it with the same Idempotency-Key",
				fmt.Errorf("commit: %w", err))
		}
		err = t.failed("commit", err)
		return t.retry, err
	}
	open, sound = false, true
	p.counters.committed.Add(1)
	return false, nil
}

// refused says what it means that there is no connection.
func (s *Store) refused(err error) (again bool, _ error) {
	f := s.dialect.Classify(err)
	if f.Message != "" {
		err = errs.Wrap(f.Kind, f.Message, err)
	}
	return f.Retry, err
}

// outcome gives what decides over commit or rollback: the database's own
// failure before what the closure says, and the end of ctx before success.
func (t *tx) outcome(err error) error {
	if t.broken != nil && !errors.Is(err, t.broken) {
		return t.broken
	}
	if err == nil && t.ctx.Err() != nil {
		return fmt.Errorf("commit: %w", context.Cause(t.ctx))
	}
	return err
}

// busy is the error of a transaction that could not get its turn.
func busy(cause error) error { return errs.Wrap(errs.Busy, "the database is busy", cause) }
