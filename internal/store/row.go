package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
	"time"
)

// damaged is what a row holds that no version of the program wrote.
type damaged struct {
	table  string
	key    int64
	column string
	cause  error
}

func (d *damaged) Error() string {
	return fmt.Sprintf("%s %d: damaged %s: %s", d.table, d.key, d.column, valueless(d.cause))
}

// valueless tells of an error what has no stored value in it: it is logged.
func valueless(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("no JSON at byte %d", syntax.Offset)
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return fmt.Sprintf("%T", err)
}

// unread gives the error of a scan. database/sql quotes the value that it could
// not convert behind the column's name.
func unread(err error) error {
	const begins = "sql: Scan error on column "
	text := err.Error()
	if !strings.HasPrefix(text, begins) {
		return err
	}
	column, _, _ := strings.Cut(text[len(begins):], ": ")
	return errors.New(begins + column)
}

func (d *damaged) Unwrap() error { return d.cause }

// newest is before which every key lies.
const newest = math.MaxInt64

func orNewest(before int64) int64 {
	if before == 0 {
		return newest
	}
	return before
}

func scanKey(row scanner, key *int64) error { return row.Scan(key) }

func micros(t time.Time) int64 { return t.UnixMicro() }

func moment(us int64) time.Time { return time.UnixMicro(us).UTC() }

// microsOrNull is for moments that may not have come: NULL if zero.
func microsOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func momentOrZero(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return moment(us.Int64)
}

// bytesOrNull keeps nil apart from empty.
func bytesOrNull(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// textOrNull is NULL for a text that is empty.
func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// keyOrNull is NULL for 0, which no row has.
func keyOrNull(key int64) any {
	if key == 0 {
		return nil
	}
	return key
}

// among gives the condition that a column is one of some keys, with its values. The
// last key is repeated up to a power of two: a statement is prepared for each length.
func among(keys []int64) (string, []any) {
	args := make([]any, 1<<bits.Len(uint(len(keys)-1)))
	for i := range args {
		args[i] = keys[min(i, len(keys)-1)]
	}
	return "IN (?" + strings.Repeat(", ?", len(args)-1) + ")", args
}

// text gives a document as JSON.
func text(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// notNull is for bytes that a row always has: nil is kept as empty.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
