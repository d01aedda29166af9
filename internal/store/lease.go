package store

import (
	"time"

	"enishi/internal/errs"
)

// lease is a row of the table.
type lease struct {
	holder string
	fence  int64
	over   bool
}

// lease reads who holds a lease, with the end of a query that locks.
func (t *tx) lease(name, lock string) (lease, error) {
	return one(t, "lease", func(row scanner, l *lease) error { return row.Scan(&l.holder, &l.fence, &l.over) },
		"SELECT holder, fence, expires_at <= "+t.dialect.Now+" FROM lease WHERE name = ?"+lock, name)
}

func (t *tx) TakeLease(name, holder string, life time.Duration, force bool) (int64, error) {
	lock, err := t.locked("a lease")
	if err != nil {
		return 0, err
	}
	until := t.dialect.Now + " + ?"
	l, err := t.lease(name, lock)
	switch {
	case errs.Is(err, errs.NotFound):
		_, err := t.exec("take a lease", "INSERT INTO lease (name, holder, fence, expires_at) VALUES (?, ?, 1, "+until+")",
			name, holder, life.Microseconds())
		if errs.Is(err, errs.Conflict) { // another came first
			return 0, nil
		}
		return 1, err
	case err != nil:
		return 0, err
	case l.holder != holder && !l.over && !force:
		return 0, nil
	case l.holder != holder:
		l.fence++
	}
	_, err = t.update("take a lease", "UPDATE lease SET holder = ?, fence = ?, expires_at = "+until+" WHERE name = ?",
		holder, l.fence, life.Microseconds(), name)
	return l.fence, err
}

func (t *tx) HoldLease(name string, fence int64) error {
	if _, err := t.locked("a lease"); err != nil {
		return err
	}
	l, err := t.lease(name, t.dialect.Share)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	if l.fence != fence {
		return errs.New(errs.Stale, "another process has taken over: "+name)
	}
	return nil
}

func (t *tx) Leased(name string) (bool, error) {
	l, err := t.lease(name, "")
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return l.holder != "" && !l.over, err
}

func (t *tx) DropLease(name string, fence int64) error {
	_, err := t.update("drop a lease", "UPDATE lease SET holder = '', expires_at = 0 WHERE name = ? AND fence = ?", name, fence)
	return err
}
