package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	"enishi/internal/errs"
)

// session is one connection with the statements that were prepared on it. It
// belongs to one transaction at a time.
type session struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	unused     time.Time // since when it lies in the pool
	checked    time.Time // when it was last found fit
}

// statement gives the prepared statement of a query. Queries are few and
// fixed, so all are kept.
func (s *session) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := s.statements[query]; ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, err)
	}
	s.statements[query] = st
	return st, nil
}

// execute, query and queryRow run a statement, prepared unless the dialect says not to.
func (t *tx) execute(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if t.dialect.Unprepared {
		return t.session.conn.ExecContext(ctx, query, args...)
	}
	st, err := t.session.statement(t.ctx, query) //nolint:sqlclosecheck // the session keeps it and closes it at its own end
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

func (t *tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if t.dialect.Unprepared {
		return t.session.conn.QueryContext(ctx, query, args...)
	}
	st, err := t.session.statement(t.ctx, query) //nolint:sqlclosecheck // the session keeps it and closes it at its own end
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (t *tx) queryRow(ctx context.Context, query string, args ...any) (*sql.Row, error) {
	if t.dialect.Unprepared {
		return t.session.conn.QueryRowContext(ctx, query, args...), nil
	}
	st, err := t.session.statement(t.ctx, query) //nolint:sqlclosecheck // the session keeps it and closes it at its own end
	if err != nil {
		return nil, err
	}
	return st.QueryRowContext(ctx, args...), nil
}

// finish ends the transaction; whoever asked for it has no say any more.
func (s *session) finish(how string) error {
	_, err := s.conn.ExecContext(context.Background(), how)
	return err
}

// discard closes the connection itself, so that nothing of a transaction that
// could not be ended stays behind.
func (s *session) discard() {
	// Raw hands the error of its function back; the one that makes the
	// connection unfit is the purpose.
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
}

func (s *session) close() error {
	var err error
	for _, st := range s.statements {
		err = errors.Join(err, st.Close())
	}
	return errors.Join(err, closed(s.conn.Close()))
}

// closed is what closing a connection means: that the server had closed it
// before is no failure.
func closed(err error) error {
	if errors.Is(err, driver.ErrBadConn) {
		return nil
	}
	return err
}

// pool lends sessions. A free place holds nil until its session is opened.
type pool struct {
	db     *sql.DB
	fresh  time.Duration
	fit    func(context.Context, *sql.Conn) bool
	free   chan *session
	closed chan struct{}
	once   sync.Once

	counters counters
}

func newPool(p Pool) *pool {
	n := max(1, p.Most)
	p.DB.SetMaxOpenConns(n)
	p.DB.SetMaxIdleConns(n)
	free := make(chan *session, n)
	for range n {
		free <- nil
	}
	return &pool{db: p.DB, fresh: p.Fresh, fit: p.Fit, free: free, closed: make(chan struct{})}
}

// take waits for a free session; Busy if ctx ends first or the store closes.
func (p *pool) take(ctx context.Context) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, busy(context.Cause(ctx))
	}
	select {
	case <-p.closed:
		return nil, errs.New(errs.Busy, "the database is being closed")
	default:
	}
	if len(p.free) == 0 {
		defer p.counters.wait()()
	}
	select {
	case <-p.closed:
		return nil, errs.New(errs.Busy, "the database is being closed")
	case <-ctx.Done():
		return nil, busy(context.Cause(ctx))
	case s := <-p.free:
		if s != nil && p.usable(ctx, s) {
			return s, nil
		}
		if s != nil {
			s.discard()
		}
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		p.free <- nil
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return &session{conn: conn, statements: map[string]*sql.Stmt{}, checked: time.Now()}, nil
}

// fitFor is how long a session that was found fit is lent without being asked
// again: asking is one exchange more.
const fitFor = time.Second

// usable says whether a session may be lent once more.
func (p *pool) usable(ctx context.Context, s *session) bool {
	if p.fresh > 0 && time.Since(s.unused) >= p.fresh {
		return false
	}
	if p.fit == nil || time.Since(s.checked) < fitFor {
		return true
	}
	s.checked = time.Now()
	return p.fit(ctx, s.conn)
}

func (p *pool) give(s *session, sound bool) {
	if !sound {
		s.discard()
		s = nil
	} else {
		s.unused = time.Now()
	}
	p.free <- s
}

// begun notes that a transaction runs, until done is called.
func (p *pool) begun() (done func()) {
	since := time.Now()
	p.counters.inUse.Add(1)
	p.counters.transactions.Add(1)
	return func() {
		p.counters.inUse.Add(-1)
		p.counters.lasted.Add(int64(time.Since(since)))
	}
}

// close waits until every session is back.
func (p *pool) close() error {
	var err error
	p.once.Do(func() {
		close(p.closed)
		for range cap(p.free) {
			s := <-p.free
			switch {
			case s == nil:
			case p.fresh > 0 && time.Since(s.unused) >= p.fresh: // the server may have closed it
				s.discard()
			default:
				err = errors.Join(err, s.close())
			}
		}
		err = errors.Join(err, closed(p.db.Close()))
	})
	return err
}
