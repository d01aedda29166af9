package store

import (
	"fmt"
	"strings"

	"enishi/internal/errs"
)

// batchValues is how many values one INSERT carries: enough that its start is
// cheap by the row, and far below what databases take (32,766 in SQLite,
// 65,535 in MySQL).
const batchValues = 1000

// batch collects rows for one INSERT of many.
type batch struct {
	t     *tx
	width int    // values of a row
	most  int    // rows of a full INSERT
	one   string // INSERT of one row
	full  string // INSERT of most rows
	args  []any
	last  int64 // key of the last row
}

// newBatch makes the batch of an INSERT of one row of placeholders.
func newBatch(t *tx, insert string) *batch {
	width := strings.Count(insert, "?")
	most := max(1, batchValues/width)
	return &batch{t: t, width: width, most: most, one: insert, full: repeated(insert, most), args: make([]any, 0, width*most)}
}

// repeated gives the INSERT of n rows.
func repeated(insert string, n int) string {
	row := insert[strings.LastIndex(insert, "("):]
	return insert + strings.Repeat(", "+row, n-1)
}

// withKey gives the INSERT of rows whose key is the first value.
func withKey(insert string) string {
	columns := strings.Index(insert, "(") + 1
	values := strings.LastIndex(insert, "(") + 1
	return insert[:columns] + "id, " + insert[columns:values] + "?, " + insert[values:]
}

// add takes a row with its key, which must ascend from 1.
func (b *batch) add(key int64, values []any) error {
	if key <= b.last {
		return errs.New(errs.Internal, fmt.Sprintf("key %d does not come after %d", key, b.last))
	}
	b.last = key
	b.args = append(b.args, key)
	return b.append(values)
}

// append takes a row, or what is left of it after its key.
func (b *batch) append(values []any) error {
	b.args = append(b.args, values...)
	if len(b.args) < b.width*b.most {
		return nil
	}
	_, err := b.t.exec("load rows", b.full, b.args...)
	b.args = b.args[:0]
	return err
}

func (b *batch) flush() error {
	if len(b.args) == 0 {
		return nil
	}
	_, err := b.t.exec("load rows", repeated(b.one, len(b.args)/b.width), b.args...)
	b.args = nil
	return err
}

// bulkExec is what a dialect may do around a bulk load.
type bulkExec struct{ t *tx }

func (x bulkExec) Exec(query string, args ...any) error {
	_, err := x.t.exec("prepare a bulk load", query, args...)
	return err
}

func (x bulkExec) Texts(query string, args ...any) ([]string, error) {
	return list(x.t, "schema", func(row scanner, s *string) error { return row.Scan(s) }, query, args...)
}
