package store

import (
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

// Side is one of the two databases of a transfer: of one schema, which this program made.
type Side struct {
	DB *sql.DB
	// Tables asks for the names of its tables.
	Tables string
	// Begin prepares each connection that rows are written on.
	Begin []string
	// Isolation is that of a transaction that reads everything as of one moment.
	Isolation sql.IsolationLevel
	// Alone asks for the lock of whoever fills it, for as long as the session, and gives 1 to one
	// of them; "": it is lent to one only.
	Alone string
	// Ask is how often the session that fills it asks something while others work, so that it lives, and the lock with it;
	// 0: it need not.
	Ask time.Duration
	// Empty empties the table that stands for %s; "": what is there stays.
	Empty string
	// Server asks what only a server is asked; nil: it is a file.
	Server *Server
}

// Server are questions to the server of a side.
type Server struct {
	Taken  string // 1 if somebody has the lock that Side.Alone asks for
	Writes string // 1 if it takes writes, as no replica does
	Others string // every connection to the server that may be seen, whose Id, Host and db are among the columns
	Self   string // the Id of this one, and the name of its database
	Leases string // the names of the leases that somebody holds
}

// Copied is how many rows of a table were copied.
type Copied struct {
	Table string
	Rows  int64
}

// A batch is as many rows as a statement takes, and as many bytes: servers of 2018 refuse
// statements above 4 MB.
const (
	transferRows  = 400
	transferBytes = 1 << 20
	transferWrite = 25 // batches of a transaction
)

// installationTable is copied last: what has no rows in it is no installation.
const installationTable = "installation"

// What the mark says: of a transfer into an empty database, and the beginning of what it says of a replacement.
const (
	markBegun   = "begun"
	markReplace = "replace "
)

// Transfer copies every row of every table into a database that holds none, and counts both
// sides. Nobody may write either meanwhile; the source is read as of one moment. One that did not
// come to its end leaves a mark, by which nobody serves what it left, and so does a rehearsal; the
// next one removes that first. Conflict if there is something else in the target, if it lacks a
// column, or if another transfer fills it.
func Transfer(ctx context.Context, from, to Side, rehearse bool, progress func(table string, done int64)) (copied []Copied, err error) {
	tables, err := sameTables(ctx, from, to)
	if err != nil {
		return nil, err
	}
	shapes, err := fits(ctx, from, to, tables)
	if err != nil {
		return nil, err
	}
	err = between(ctx, from, to, func(read *sql.Tx, write *sql.Conn) error {
		if err := to.prepare(ctx, write, tables); err != nil {
			return err
		}
		copied, err = copyAll(ctx, shapes, read, write, rehearse, progress)
		return err
	})
	return copied, err
}

// between lends a transaction that reads the source as of one moment, and the connection that
// writes the target. Conflict if the source is no whole database.
func between(ctx context.Context, from, to Side, lend func(read *sql.Tx, write *sql.Conn) error) error {
	read, err := from.DB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: from.Isolation})
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer read.Rollback() //nolint:errcheck // it has read alone
	mark, err := markOf(ctx, read)
	if err != nil {
		return fmt.Errorf("look at the source: %w", err)
	}
	if mark != "" {
		return errs.New(errs.Conflict, "the source is what a transfer has left that did not come to its end")
	}
	write, err := to.DB.Conn(ctx)
	if err != nil {
		return fmt.Errorf("reach the target: %w", err)
	}
	defer write.Close() //nolint:errcheck // every transaction on it has ended
	return lend(read, write)
}

// copyAll copies the tables; with kept, the mark stays.
func copyAll(ctx context.Context, shapes []shape, read *sql.Tx, write *sql.Conn, kept bool, progress func(table string, done int64)) (out []Copied, err error) {
	for _, of := range shapes {
		c := &copying{shape: of, write: write, progress: progress, kept: kept}
		if err := c.rows(ctx, read); err != nil {
			return nil, fmt.Errorf("copy the table %s: %w", c.table, err)
		}
		out = append(out, Copied{c.table, c.done})
	}
	return out, nil
}

// Room is Conflict if a target holds anything but what its schema was made with, or what a transfer has left that
// did not come to its end: then Transfer would refuse it. It changes nothing.
func Room(ctx context.Context, to Side) error {
	tables, err := to.tables(ctx)
	if err != nil {
		return fmt.Errorf("list the tables: %w", err)
	}
	mark, err := to.marked(ctx, to.DB)
	if err != nil || mark != "" && to.Empty != "" {
		return err
	}
	return empty(ctx, to.DB, tables)
}

// marked gives the mark of a transfer that did not come to its end, "" if there is none. Conflict
// if it is one of Replace: what that has kept goes with the rows.
func (s Side) marked(ctx context.Context, by asked) (string, error) {
	mark, err := markOf(ctx, by)
	if err != nil {
		return "", fmt.Errorf("look at the target: %w", err)
	}
	if strings.HasPrefix(mark, markReplace) {
		return "", errs.New(errs.Conflict, "what this database held is being replaced, and that has not come to its end: give that command again (enishi transfer --replace)")
	}
	return mark, nil
}

// asked is what answers for one row.
type asked interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// markOf gives the mark of a transfer, "" if there is none.
func markOf(ctx context.Context, by asked) (mark string, err error) {
	err = by.QueryRowContext(ctx, "SELECT value FROM installation WHERE name = ?", market.TransferMark).Scan(&mark)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return mark, err
}

// begin prepares the connection that fills a target, and has the target alone.
func (s Side) begin(ctx context.Context, write *sql.Conn) error {
	for _, statement := range s.Begin {
		if _, err := write.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	if s.Alone == "" {
		return nil
	}
	var got sql.NullInt64
	if err := write.QueryRowContext(ctx, s.Alone).Scan(&got); err != nil {
		return fmt.Errorf("have the target alone: %w", err)
	}
	if got.Int64 != 1 {
		return errs.New(errs.Conflict, "another transfer fills the target: wait until it has ended")
	}
	return nil
}

// prepare makes a target ready on the connection that fills it: it has it alone, with the mark and
// nothing but what its schema was made with.
func (s Side) prepare(ctx context.Context, write *sql.Conn, tables []string) error {
	if err := s.begin(ctx, write); err != nil {
		return err
	}
	switch mark, err := s.marked(ctx, write); {
	case err != nil:
		return err
	case mark != "" && s.Empty != "":
		return s.clear(ctx, write, tables)
	}
	if err := empty(ctx, s.DB, tables); err != nil {
		return err
	}
	if _, err := write.ExecContext(ctx, "INSERT INTO installation (name, value) VALUES (?, ?)", market.TransferMark, markBegun); err != nil {
		return fmt.Errorf("mark the target: %w", err)
	}
	return nil
}

// clear removes what a target holds, which nobody serves: the mark is there before, meanwhile and
// afterwards, and what is kept beside it.
func (s Side) clear(ctx context.Context, write *sql.Conn, tables []string) error {
	for _, table := range tables {
		statement := fmt.Sprintf(s.Empty, table)
		if table == installationTable {
			statement = "DELETE FROM " + table + " WHERE name <> '" + market.TransferMark + "' AND name NOT LIKE '" + market.TransferKept + "%'"
		}
		if _, err := write.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("remove what is in the table %s: %w", table, err)
		}
	}
	return nil
}

// sameTables gives the tables of both sides, the installation's last.
func sameTables(ctx context.Context, from, to Side) ([]string, error) {
	here, err := from.listed(ctx)
	if err != nil {
		return nil, err
	}
	there, err := to.listed(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(here, there) {
		return nil, errs.New(errs.Internal, fmt.Sprintf("the tables differ: %q and %q", here, there))
	}
	return here, nil
}

// listed gives the tables of a side, the installation's last.
func (s Side) listed(ctx context.Context) ([]string, error) {
	names, err := s.tables(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	slices.Sort(names)
	last := slices.Index(names, installationTable)
	if last < 0 {
		return nil, errs.New(errs.Internal, "there is no table "+installationTable)
	}
	return append(slices.Delete(names, last, last+1), installationTable), nil
}

func (s Side) tables(ctx context.Context) (names []string, err error) {
	rows, err := s.DB.QueryContext(ctx, s.Tables)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// empty is Conflict if the target holds anything but what its schema was made with.
func empty(ctx context.Context, db *sql.DB, tables []string) error {
	for _, table := range tables {
		query := "SELECT COUNT(*) FROM " + table
		if table == installationTable {
			query += " WHERE name IN ('seed', '" + market.TransferMark + "')"
		}
		var n int64
		if err := db.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return fmt.Errorf("look at the table %s of the target: %w", table, err)
		}
		if n > 0 {
			return errs.New(errs.Conflict, fmt.Sprintf("the target is not empty: %s holds %d rows, of an installation or of a transfer that did not come to its end. Begin with an empty one", table, n))
		}
	}
	return nil
}

// copying copies one table.
type copying struct {
	shape
	kept     bool // the mark stays
	write    *sql.Conn
	progress func(string, int64)
	done     int64

	held    []any // of the batch
	bytes   int
	tx      *sql.Tx
	batches int
}

func (c *copying) rows(ctx context.Context, read *sql.Tx) (err error) {
	rows, err := read.QueryContext(ctx, "SELECT "+strings.Join(c.columns, ", ")+" FROM "+c.table) //nolint:gosec // names of our own schema
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	defer func() {
		if c.tx != nil {
			err = errors.Join(err, c.tx.Rollback())
		}
	}()
	for rows.Next() {
		row, err := scanned(rows, len(c.columns))
		if err != nil {
			return err
		}
		c.held = append(c.held, row...)
		for _, value := range row {
			switch v := value.(type) {
			case string:
				c.bytes += len(v)
			case []byte:
				c.bytes += len(v)
			}
		}
		if len(c.held) >= transferRows*len(c.columns) || c.bytes > transferBytes {
			if err := c.flush(ctx); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := c.flush(ctx); err != nil {
		return err
	}
	return c.finish(ctx)
}

// flush writes the batch.
func (c *copying) flush(ctx context.Context) (err error) {
	n := len(c.held) / len(c.columns)
	if n == 0 {
		return nil
	}
	if c.tx == nil {
		if c.tx, err = c.write.BeginTx(ctx, nil); err != nil {
			return err
		}
	}
	verb := "INSERT"
	if c.table == installationTable { // what the schema was made with gives way
		verb = "REPLACE"
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(c.columns)), ", ") + ")"
	statement := fmt.Sprintf("%s INTO %s (%s) VALUES %s", verb, c.table, strings.Join(c.columns, ", "), strings.TrimSuffix(strings.Repeat(one+", ", n), ", ")) //nolint:gosec // names of our own schema; values are apart
	if _, err := c.tx.ExecContext(ctx, statement, c.held...); err != nil {
		return err
	}
	c.done += int64(n)
	c.held, c.bytes = c.held[:0], 0
	if c.progress != nil {
		c.progress(c.table, c.done)
	}
	if c.batches++; c.batches < transferWrite || c.table == installationTable {
		return nil
	}
	err = c.tx.Commit()
	c.tx, c.batches = nil, 0
	return err
}

// finish counts what arrived, and ends; with the installation's own rows the mark goes.
func (c *copying) finish(ctx context.Context) error {
	if c.table == installationTable {
		if c.tx == nil {
			return errs.New(errs.Invalid, "the source is no installation: it has no settings")
		}
		if !c.kept {
			if _, err := c.tx.ExecContext(ctx, "DELETE FROM installation WHERE name = ?", market.TransferMark); err != nil {
				return err
			}
		}
	}
	var arrived int64
	var from asked = c.write
	if c.tx != nil {
		from = c.tx
	}
	if err := from.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+c.table).Scan(&arrived); err != nil {
		return err
	}
	if arrived < c.done || arrived > c.done && c.table != installationTable {
		return errs.New(errs.Internal, fmt.Sprintf("%d rows were sent, and %d are there", c.done, arrived))
	}
	if c.tx == nil {
		return nil
	}
	err := c.tx.Commit()
	c.tx = nil
	return err
}
