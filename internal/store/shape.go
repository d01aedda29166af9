package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"enishi/internal/errs"
)

// covered is Conflict unless the target has every table of the source.
func covered(from, to []string) error {
	lacks := slices.DeleteFunc(slices.Clone(from), func(table string) bool { return slices.Contains(to, table) })
	if len(lacks) == 0 {
		return nil
	}
	return errs.New(errs.Conflict, "the database in force lacks tables that the other one has: "+strings.Join(lacks, ", ")+". "+bringUp+", without --replace")
}

// bringUp says what to do about a database that lacks what the rows of another one need.
const bringUp = "Bring its schema up first, by enishi migrate of the program that made them there (on AWS: deploy that version, which does so); where they are missing although that was done, copy into another, empty database"

// complete is Conflict if there are columns that the source alone has: its rows would not go in.
func complete(only []string) error {
	if len(only) == 0 {
		return nil
	}
	return errs.New(errs.Conflict, "the database that the rows go into lacks columns that the other one has: "+strings.Join(only, ", ")+". "+bringUp)
}

// shape is a table, and the columns of it that are copied.
type shape struct {
	table   string
	columns []string
}

// fits gives the columns of tables that both sides have as they are copied. It is complete of them.
func fits(ctx context.Context, from, to Side, tables []string) ([]shape, error) {
	list, only, err := shapesOf(ctx, from, to, tables)
	if err != nil {
		return nil, err
	}
	return list, complete(only)
}

// serversKey is the one column that every server's schema has and a file's has not: a key that a server wants, and to which
// nothing refers. It is not copied into a file.
const serversKey = "reply.id"

// shapesOf compares the columns of tables that both sides have. It gives those of the first side that the second one has as well,
// and the names of those that it has not, each behind its table and a point. What the second one alone has
// gets what its schema says.
func shapesOf(ctx context.Context, from, to Side, tables []string) (list []shape, only []string, err error) {
	for _, table := range tables {
		theirs, err := from.columns(ctx, table)
		if err != nil {
			return nil, nil, err
		}
		ours, err := to.columns(ctx, table)
		if err != nil {
			return nil, nil, err
		}
		of := shape{table: table}
		for _, column := range theirs {
			name := table + "." + column
			switch {
			case slices.ContainsFunc(ours, func(other string) bool { return strings.EqualFold(other, column) }):
				of.columns = append(of.columns, column)
			case name != serversKey || to.Server != nil:
				only = append(only, name)
			}
		}
		list = append(list, of)
	}
	return list, only, nil
}

// columns gives the columns of a table in its order.
func (s Side) columns(ctx context.Context, table string) ([]string, error) {
	rows, err := s.DB.QueryContext(ctx, "SELECT * FROM "+table+" LIMIT 0") //nolint:gosec // the name of a table of our own schema
	if err != nil {
		return nil, fmt.Errorf("list the columns of %s: %w", table, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	names, err := rows.Columns()
	if err != nil {
		return nil, fmt.Errorf("list the columns of %s: %w", table, err)
	}
	return names, rows.Err()
}
