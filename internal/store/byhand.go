package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"enishi/internal/errs"
)

// Query is one statement of SQL that somebody gives by hand: it reads, for so long at most,
// and so many rows.
type Query struct {
	SQL  string
	Time time.Duration
	Most int
}

// Rows are the answer to a Query: of each row the values in the order of the columns, as the
// driver gives them, texts as strings. More says that there are further rows.
type Rows struct {
	Columns []string
	Rows    [][]any
	More    bool
}

// How a statement may begin, all of which only read.
func readers() []string {
	return []string{"SELECT", "WITH", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "TABLE", "VALUES"}
}

// Check is Invalid unless the query is one statement that reads. What it cannot see, the
// database refuses, since the transaction is one that only reads.
func (q Query) Check() error {
	words, err := words(q.SQL)
	if err != nil {
		return err
	}
	if len(words) == 0 || !slices.Contains(readers(), words[0]) {
		found := "nothing"
		if len(words) > 0 {
			found = words[0]
		}
		return errs.AtPointer("/sql", found, "one statement that reads: it begins with "+strings.Join(readers(), ", "))
	}
	for i, word := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch {
		case word == ";" && next != "":
			return errs.AtPointer("/sql", "more than one statement", "one")
		case word == "INTO":
			return errs.AtPointer("/sql", "INTO", "a statement that writes nowhere")
		case word == "FOR" && (next == "UPDATE" || next == "SHARE"), word == "LOCK" && next == "IN":
			return errs.AtPointer("/sql", word+" "+next, "a statement that locks nothing")
		}
	}
	return nil
}

// words gives the words of a statement in capitals, and its semicolons, without what is quoted
// or said aside.
func words(text string) (out []string, err error) {
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case strings.HasPrefix(text, "/*!"), strings.HasPrefix(text, "/*M!"):
			return nil, errs.AtPointer("/sql", "a comment that some servers execute", "comments that none does")
		case strings.HasPrefix(text, "/*"):
			_, after, ended := strings.Cut(text[2:], "*/")
			if !ended {
				return nil, errs.AtPointer("/sql", "a comment without an end", "one that ends with */")
			}
			text = after
		case strings.HasPrefix(text, "--") && len(text) > 2 && !unicode.IsSpace(rune(text[2])):
			return nil, errs.AtPointer("/sql", text[:3], "-- with a space after it: without one, it is a comment on some servers and two signs on others")
		case strings.HasPrefix(text, "--"), r == '#':
			_, text, _ = strings.Cut(text, "\n")
		case r == '\'' || r == '"' || r == '`':
			if text, err = afterQuote(text[n:], byte(r)); err != nil {
				return nil, err
			}
		case r == ';':
			out, text = append(out, ";"), text[n:]
		case unicode.IsLetter(r) || r == '_':
			end := strings.IndexFunc(text, func(r rune) bool { return r != '_' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
			if end < 0 {
				end = len(text)
			}
			out, text = append(out, strings.ToUpper(text[:end])), text[end:]
		default:
			text = text[n:]
		}
	}
	return out, nil
}

// afterQuote gives what follows a text that is quoted. A backslash takes the next character
// with it on some servers and not on others: such a text is refused.
func afterQuote(text string, quote byte) (string, error) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			return "", errs.AtPointer("/sql", `a \ in a quoted text`, "texts without one, which servers read differently")
		case quote:
			return text[i+1:], nil // one that is doubled begins the next
		}
	}
	return "", errs.AtPointer("/sql", "a quoted text without an end", "one that ends")
}

// Run asks a database, on a connection of its own that begin prepares.
func (q Query) Run(ctx context.Context, db *sql.DB, begin ...string) (out Rows, err error) {
	if err := q.Check(); err != nil {
		return out, err
	}
	begun, asked := time.Now(), false
	within, stop := context.WithTimeout(ctx, q.Time)
	defer stop()
	// Also where a server gives rows: what it ends may answer like what came to its end (on
	// MariaDB BENCHMARK, on both SLEEP), and its answer may come before this program's clock.
	defer func() {
		if asked && ctx.Err() == nil && time.Since(begun) >= q.Time {
			late := fmt.Sprintf("the statement took longer than %v, and was ended: ask for less, by an index", q.Time)
			out, err = Rows{}, errs.Wrap(errs.Busy, late, err)
		}
	}()
	conn, err := db.Conn(within)
	if err != nil {
		return out, fmt.Errorf("reach the database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for _, statement := range begin {
		if _, err := conn.ExecContext(within, statement); err != nil {
			return out, fmt.Errorf("%s: %w", statement, err)
		}
	}
	tx, err := conn.BeginTx(within, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return out, fmt.Errorf("begin a transaction that reads: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // it has read alone
	asked = true
	rows, err := tx.QueryContext(within, q.SQL)
	if err != nil {
		return out, errs.Wrap(errs.Invalid, "the database refuses the statement: "+err.Error(), err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	if out.Columns, err = rows.Columns(); err != nil {
		return out, err
	}
	for rows.Next() {
		if len(out.Rows) == q.Most {
			out.More = true
			return out, nil
		}
		row, err := scanned(rows, len(out.Columns))
		if err != nil {
			return out, err
		}
		out.Rows = append(out.Rows, row)
	}
	if err := rows.Err(); err != nil {
		return out, errs.Wrap(errs.Invalid, "the database ended the statement: "+err.Error(), err)
	}
	return out, nil
}

// scanned gives one row.
func scanned(rows *sql.Rows, n int) ([]any, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	row, into := make([]any, n), make([]any, n)
	for i := range row {
		into[i] = &row[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, fmt.Errorf("read a row: %w", err)
	}
	for i, value := range row {
		if b, ok := value.([]byte); ok && isText(types[i].DatabaseTypeName()) {
			row[i] = string(b)
		}
	}
	return row, nil
}

// isText says whether bytes of a kind are a text or a number. What a database names no kind of,
// such as the least of sealed values in SQLite, is none.
func isText(kind string) bool {
	kind = strings.ToUpper(kind)
	return kind != "" && !slices.ContainsFunc([]string{"BLOB", "BINARY", "BIT", "GEOMETRY"}, func(bytes string) bool { return strings.Contains(kind, bytes) })
}
