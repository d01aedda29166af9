package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// Replacement is what is done beside the rows while they are replaced.
type Replacement struct {
	Progress func(table string, done int64)
	// Return has whoever was erased since come back: their erasure is what went wrong.
	Return bool
	// Await is how long whoever serves the target is waited for, at most; 0: as long as a process takes that was told to end.
	Await time.Duration
	// Waits is told for whom it waits, now and then.
	Waits func(who string)
	// Alone is called once nobody serves the target any more, before its first row is removed.
	Alone func(ctx context.Context) error
	// Copied is called once every row is there, before anybody serves them.
	Copied func(ctx context.Context, kept Kept) error
}

// stillWait is how long somebody who serves is waited for, unless somebody says otherwise: a connection that lies idle ends
// after five seconds, and so does a lease that a process which leads no longer renews.
const stillWait = 8 * time.Second

// How often is looked whether somebody serves, and told who.
const (
	stillEvery = 250 * time.Millisecond
	stillSaid  = 5 * time.Second
)

// fenceStep is what the numbers of leases are raised by. They went on after the moment that is
// copied, by one in some seconds at most: no process of that time has one that comes again.
const fenceStep = 1 << 32

// Replace removes every row of a server's database and copies those of another one, which holds an
// earlier moment of the same installation, and counts both sides. What the database knew and the
// other one does not, and must, is found before, and kept beside the mark by which nobody serves
// meanwhile. One that did not come to its end is gone on with by another one from the same moment or
// from a later one, and by nothing else. A table that only the target has, as a newer program's schema
// does, is emptied. Conflict if somebody serves the target, if both are one database, or if the target
// lacks a table or a column.
func Replace(ctx context.Context, from, to Side, how Replacement) (copied []Copied, kept Kept, err error) {
	if from.Server == nil || to.Server == nil {
		return nil, kept, errs.New(errs.Invalid, "only what a server holds is replaced, by what another database on a server holds")
	}
	tables, err := from.listed(ctx)
	if err != nil {
		return nil, kept, err
	}
	all, err := to.listed(ctx)
	if err != nil {
		return nil, kept, err
	}
	if err := covered(tables, all); err != nil {
		return nil, kept, err
	}
	shapes, err := fits(ctx, from, to, tables)
	if err != nil {
		return nil, kept, err
	}
	err = between(ctx, from, to, func(read *sql.Tx, write *sql.Conn) error {
		if err := to.begin(ctx, write); err != nil {
			return err
		}
		if err := from.apart(ctx); err != nil {
			return err
		}
		if kept, err = to.hold(ctx, from, read, write, how); err != nil {
			return err
		}
		if err := to.clear(ctx, write, all); err != nil {
			return err
		}
		if copied, err = copyAll(ctx, shapes, read, write, true, how.Progress); err != nil {
			return err
		}
		if err := to.meanwhile(ctx, write, func(ctx context.Context) error { return how.Copied(ctx, kept) }); err != nil {
			return err
		}
		return release(ctx, write, kept)
	})
	return copied, kept, err
}

// meanwhile has others work while the session that fills a target keeps it from everybody else. Once that session is lost,
// so is the lock: they are told to end.
func (s Side) meanwhile(ctx context.Context, write *sql.Conn, work func(ctx context.Context) error) error {
	if s.Ask == 0 {
		return work(ctx)
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	asked := make(chan error, 1)
	go func() {
		defer end()
		due := time.NewTicker(s.Ask)
		defer due.Stop()
		for {
			select {
			case <-ctx.Done():
				asked <- nil
				return
			case <-due.C:
			}
			if err := s.ask(ctx, write); err != nil {
				asked <- fmt.Errorf("keep the target alone: %w", err)
				return
			}
		}
	}()
	err := work(ctx)
	end()
	return errors.Join(<-asked, err)
}

// ask asks something on a session. It is not told to end in the middle, which would end the session.
func (s Side) ask(ctx context.Context, on *sql.Conn) error {
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), s.Ask)
	defer end()
	return on.PingContext(ctx)
}

// apart is Conflict unless a source is a database of its own: not the target, whose lock is held, and
// no replica, which may be the target's.
func (s Side) apart(ctx context.Context) error {
	var taken, writes bool
	if err := s.DB.QueryRowContext(ctx, s.Server.Taken).Scan(&taken); err != nil {
		return fmt.Errorf("look at the source: %w", err)
	}
	if err := s.DB.QueryRowContext(ctx, s.Server.Writes).Scan(&writes); err != nil {
		return fmt.Errorf("look at the source: %w", err)
	}
	switch {
	case taken:
		return errs.New(errs.Conflict, "both sides are one database, or somebody fills the one that would be copied")
	case !writes:
		return errs.New(errs.Conflict, "the database that would be copied takes no writes: it is a replica, perhaps of the one that would be replaced. Name its writer")
	}
	return nil
}

// hold finds what must be kept, or what was kept by one that did not come to its end, and leaves the mark. If
// nothing was removed yet and something is in the way, the mark goes again.
func (s Side) hold(ctx context.Context, from Side, read *sql.Tx, write *sql.Conn, how Replacement) (kept Kept, err error) {
	l, err := lineOf(ctx, read, write)
	if err != nil {
		return kept, err
	}
	mark := markReplace + l.from.String()
	switch {
	case strings.HasPrefix(l.mark, markReplace):
		return s.resume(ctx, &l, read, write, how)
	case l.mark != "":
		return kept, errs.New(errs.Conflict, "this database holds what a transfer has left, which nobody serves: leave --replace away")
	case !l.one:
		return kept, errs.New(errs.Denied, "the other database is of another installation, or sealed with another secret: only an earlier moment of the same one takes the place of what is there")
	}
	if err := s.still(ctx, write, how); err != nil { // before the mark, which a process would not see that serves already
		return kept, err
	}
	if kept, err = l.kept(ctx, read, write); err != nil {
		return kept, err
	}
	if how.Return {
		kept.comeBack()
	}
	if err := keep(ctx, write, mark, kept); err != nil {
		return kept, err
	}
	err = s.still(ctx, write, how) // nobody begins any more
	if err == nil {
		err = from.unmarked(ctx)
	}
	if err == nil {
		err = s.meanwhile(ctx, write, how.Alone)
	}
	if err != nil {
		_, unmarked := write.ExecContext(context.WithoutCancel(ctx), unmark)
		err = errors.Join(err, unmarked)
	}
	return kept, err
}

// resume goes on with a replacement that did not come to its end, from the moment that it was begun with or from a later
// one.
func (s Side) resume(ctx context.Context, l *line, read *sql.Tx, write *sql.Conn, how Replacement) (kept Kept, err error) {
	if kept, err = recall(ctx, write); err != nil {
		return kept, err
	}
	switch {
	case kept.Return && !how.Return: // who they are is not known any more
		return kept, errs.New(errs.Conflict, "this replacement was begun otherwise, and has not come to its end: that whoever was erased since comes back was asked for then. Give it as it was begun")
	case how.Return:
		kept.comeBack()
	}
	if err := kept.onward(ctx, l, read); err != nil {
		return kept, err
	}
	if err := s.still(ctx, write, how); err != nil {
		return kept, err
	}
	if err := keep(ctx, write, markReplace+l.from.String(), kept); err != nil {
		return kept, err
	}
	return kept, s.meanwhile(ctx, write, how.Alone)
}

// unmarked is Conflict if a source bears the mark that the target was just given.
func (s Side) unmarked(ctx context.Context) error {
	mark, err := markOf(ctx, s.DB)
	if err == nil && mark != "" {
		err = errs.New(errs.Conflict, "both sides are one database")
	}
	return err
}

// still is Conflict if somebody serves a database as long as is waited: has a connection to it, or holds a lease in it. It
// ends at the first moment at which nobody does.
func (s Side) still(ctx context.Context, on *sql.Conn, how Replacement) error {
	until := time.NewTimer(cmp.Or(how.Await, stillWait))
	defer until.Stop()
	look := time.NewTicker(stillEvery)
	defer look.Stop()
	var said time.Time
	for {
		busy, err := s.busy(ctx, on)
		if err != nil || busy == "" {
			return err
		}
		if how.Waits != nil && time.Since(said) >= stillSaid {
			how.Waits(busy)
			said = time.Now()
		}
		select {
		case <-look.C:
		case <-until.C:
			return errs.New(errs.Conflict, "somebody serves this database: "+busy+". Stop every process of it first (web, worker, job), and what asks it by hand; a job that was killed leaves its lease for a quarter of an hour: wait for it, or have this command wait (--await 20m)")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// busy says who serves a database, "" if nobody does.
func (s Side) busy(ctx context.Context, on *sql.Conn) (string, error) {
	leases, err := column(ctx, on, scanText, s.Server.Leases)
	if err != nil {
		return "", fmt.Errorf("look who serves the target: %w", err)
	}
	others, err := s.others(ctx, on)
	if err != nil {
		return "", fmt.Errorf("look who serves the target: %w", err)
	}
	switch {
	case len(leases) > 0:
		return "the lease " + strings.Join(leases, ", ") + " is held", nil
	case len(others) > 0:
		return fmt.Sprintf("it has %d other connections, one from %s", len(others), others[0]), nil
	}
	return "", nil
}

// others says from where the other connections to a database come.
func (s Side) others(ctx context.Context, on *sql.Conn) (hosts []string, err error) {
	var self, database string
	if err := on.QueryRowContext(ctx, s.Server.Self).Scan(&self, &database); err != nil {
		return nil, err
	}
	rows, err := on.QueryContext(ctx, s.Server.Others)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	at := func(column string) int {
		return slices.IndexFunc(columns, func(name string) bool { return strings.EqualFold(name, column) })
	}
	id, host, db := at("Id"), at("Host"), at("db")
	if min(id, host, db) < 0 {
		return nil, errs.New(errs.Internal, fmt.Sprintf("the server shows of its connections %q", columns))
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		if values[db].String == database && values[id].String != self {
			hosts = append(hosts, values[host].String)
		}
	}
	return hosts, rows.Err()
}

// release gives the database back to whoever serves it: mails are as they were kept, leases nobody's, and what
// was kept goes. What the mark has said stays, under another name: the same moment again is known by it.
func release(ctx context.Context, write *sql.Conn, kept Kept) error {
	tx, err := write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("take the mark away: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	for _, m := range kept.Mails {
		if _, err := tx.ExecContext(ctx, "UPDATE mail SET due_at = NULL, sent_at = NULLIF(?, 0), failed_at = NULLIF(?, 0) WHERE id = ? AND created_at = ?", m.Sent, m.Failed, m.Key, m.Created); err != nil {
			return fmt.Errorf("keep the mail %d from being sent again: %w", m.Key, err)
		}
	}
	for _, statement := range []string{
		fmt.Sprintf("UPDATE lease SET holder = '', expires_at = 0, fence = fence + %d", fenceStep),
		"DELETE FROM installation WHERE name = '" + market.SettingRestored + "'",
		fmt.Sprintf("UPDATE installation SET name = '%s', value = SUBSTRING(value, %d) WHERE name = '%s'", market.SettingRestored, len(markReplace)+1, market.TransferMark),
		unmark,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("take the mark away: %w", err)
		}
	}
	return tx.Commit()
}
