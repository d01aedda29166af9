package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// tx is one transaction on a session.
type tx struct {
	ctx      context.Context
	session  *session
	dialect  *Dialect
	write    bool
	ended    bool
	examined int64 // rows read or written so far
	broken   error // the database's own failure: nothing may be committed
	retry    bool  // broken may go away if all is run again

	counters *counters
	traced   bool // its statements have spans
}

var _ market.Tx = (*tx)(nil)

// scanner is a row that can be read.
type scanner interface{ Scan(dest ...any) error }

// ready refuses statements that can no longer count.
func (t *tx) ready() error {
	switch {
	case t.ended:
		return errs.New(errs.Internal, "the transaction has ended")
	case t.broken != nil:
		return t.broken
	}
	return t.ctx.Err()
}

// failed gives the error of a statement. Unless it is a Conflict, after which
// the transaction goes on, it is the end of the transaction.
func (t *tx) failed(what string, err error) error {
	f := t.dialect.Classify(err)
	t.counters.failed(f)
	if f.Plain != nil {
		err = f.Plain
	}
	switch f.Kind {
	case errs.Conflict:
		return errs.Wrap(errs.Conflict, "there is one already", fmt.Errorf("%s: %w", what, err))
	case errs.Internal:
		err = fmt.Errorf("%s: %w", what, err)
	default:
		err = errs.Wrap(f.Kind, f.Message, fmt.Errorf("%s: %w", what, err))
	}
	t.broken, t.retry = err, f.Retry
	return err
}

// exec runs a statement that writes.
func (t *tx) exec(what, query string, args ...any) (result sql.Result, err error) {
	if !t.write {
		return nil, errs.New(errs.Internal, what+": the transaction may only read")
	}
	if err := t.ready(); err != nil {
		return nil, err
	}
	if span := t.statement(query); span != nil {
		defer func() { ended(span, err) }()
	}
	// The driver starts a goroutine per statement whose context can end;
	// these are short, and ready has asked.
	result, err = t.execute(context.WithoutCancel(t.ctx), query, args...)
	if err != nil {
		return nil, t.failed(what, err)
	}
	if n, err := result.RowsAffected(); err == nil { // drivers of ours know
		t.examined += n
	}
	return result, nil
}

// insert runs an INSERT and gives the key of its row.
func (t *tx) insert(what, query string, args ...any) (int64, error) {
	result, err := t.exec(what, query, args...)
	if err != nil {
		return 0, err
	}
	key, err := result.LastInsertId()
	if err != nil {
		return 0, t.failed(what, err)
	}
	return key, nil
}

// update runs an UPDATE or DELETE and gives how many rows it found.
func (t *tx) update(what, query string, args ...any) (int64, error) {
	result, err := t.exec(what, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, t.failed(what, err)
	}
	return n, nil
}

// save runs an UPDATE of one row that holds only over the version below the
// new one. If it found none, table and key tell why: NotFound or Stale.
func (t *tx) save(table string, key int64, query string, args ...any) error {
	n, err := t.update("save "+table, query, args...)
	if err != nil || n > 0 {
		return err
	}
	return t.missed(table, key)
}

func (t *tx) missed(table string, key int64) error {
	_, err := one(t, table, func(row scanner, v *int64) error { return row.Scan(v) },
		"SELECT version FROM "+table+" WHERE id = ?", key)
	if err != nil {
		return err
	}
	return errs.New(errs.Stale, "the "+table+" has changed since it was read")
}

// locked gives the end of a query that locks; it is refused where nothing can
// be locked.
func (t *tx) locked(what string) (string, error) {
	if !t.write {
		return "", errs.New(errs.Internal, "lock "+what+": the transaction may only read")
	}
	return t.dialect.Lock, nil
}

// one reads the only row of a query; no row is NotFound.
func one[T any](t *tx, what string, scan func(scanner, *T) error, query string, args ...any) (v T, err error) {
	if err := t.ready(); err != nil {
		return v, err
	}
	if span := t.statement(query); span != nil {
		defer func() { ended(span, err) }()
	}
	row, err := t.queryRow(context.WithoutCancel(t.ctx), query, args...)
	if err == nil {
		err = scan(row, &v)
		t.examined++
	}
	return v, t.read(what, err)
}

// read gives the error of reading a row.
func (t *tx) read(what string, err error) error {
	var bad *damaged
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return errs.New(errs.NotFound, "no such "+what)
	case errors.As(err, &bad):
		return errs.Wrap(errs.Internal, "a stored row cannot be read", fmt.Errorf("load %s: %w", what, err))
	}
	return t.failed("load "+what, unread(err))
}

// list reads all rows of a query.
func list[T any](t *tx, what string, scan func(scanner, *T) error, query string, args ...any) ([]T, error) {
	var all []T
	err := each(context.WithoutCancel(t.ctx), t, what, func(row scanner) error {
		var v T
		if err := scan(row, &v); err != nil {
			return err
		}
		all = append(all, v)
		return nil
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return all, nil
}

// each calls scan for each row of a query; ctx ends a long one.
func each(ctx context.Context, t *tx, what string, scan func(scanner) error, query string, args ...any) (err error) {
	if err := t.ready(); err != nil {
		return err
	}
	if span := t.statement(query); span != nil {
		defer func() { ended(span, err) }()
	}
	rows, err := t.query(ctx, query, args...)
	if err != nil {
		return t.failed("list "+what, err)
	}
	defer func() {
		if closed := rows.Close(); closed != nil && err == nil {
			err = t.failed("list "+what, closed)
		}
	}()
	for rows.Next() {
		t.examined++
		if err := scan(rows); err != nil {
			return t.read(what, err)
		}
	}
	if err := rows.Err(); err != nil {
		return t.failed("list "+what, err)
	}
	return nil
}
