package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/sqlite"
)

type sqlCmd struct {
	change
	SQL   string        `arg:"" name:"sql" help:"One statement that reads, such as: SELECT state, COUNT(*) FROM offer GROUP BY state."`
	Limit int           `default:"100" placeholder:"N" help:"The most rows (default 100, at most 10000)."`
	Time  time.Duration `default:"10s" placeholder:"D" help:"How long it may take (default 10s, at most 1m)."`
}

// The most that one may ask for.
const (
	mostSQLRows = 10_000
	mostSQLTime = time.Minute
	mostSQLCell = 10_000 // bytes of a text
)

// Help says where it is asked and what is kept of it.
func (c *sqlCmd) Help() string {
	return `The statement goes to the replica for reading (ENISHI_DATABASE_READER_URL) where there is one, in a transaction that only reads, and is ended by the server when its time is over. The statement itself is noted in the audit log before it is run: put nothing of a person into it. Bytes are shown by their number, and columns that are sealed or hashed (names, addresses, messages, passwords) not at all. As a task, what it prints is kept with the logs: ask for numbers, not for people.

Examples:
  enishi sql "SELECT state, COUNT(*) FROM offer GROUP BY state"
  enishi task prod --why "offers that hang" -- sql "SELECT id, state FROM offer WHERE due_at < 0" --limit 20`
}

// Run asks.
func (c *sqlCmd) Run(ctx context.Context, w World) error {
	q := store.Query{SQL: strings.TrimSpace(c.SQL), Time: c.Time, Most: c.Limit}
	switch {
	case c.Limit < 1 || c.Limit > mostSQLRows:
		return usageError{fmt.Sprintf("--limit: found %d; accepted: 1 to %d", c.Limit, mostSQLRows)}
	case utf8.RuneCountInString(q.SQL) > market.MostDiff:
		return usageError{fmt.Sprintf("the statement has %d characters; accepted: %d, so that the audit log has all of it", utf8.RuneCountInString(q.SQL), market.MostDiff)}
	case c.Time < time.Millisecond || c.Time > mostSQLTime:
		return usageError{fmt.Sprintf("--time: found %v; accepted: 1ms to %v", c.Time, mostSQLTime)}
	}
	if err := q.Check(); err != nil {
		return flagged(err)
	}
	if name := unshown().FindString(q.SQL); name != "" {
		return usageError{fmt.Sprintf("the statement names %s: what is sealed or hashed is not shown, and counted by SELECT COUNT(*)", name)}
	}
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	asked := *resolved // the replica may be of another installation
	asked.DatabaseURL = cmp.Or(resolved.DatabaseReaderURL, resolved.DatabaseURL)
	if err := keptApartBefore(ctx, &asked); err != nil {
		return err
	}
	order, err := c.agreedOn(ctx, w, resolved, intent{
		does: fmt.Sprintf("%s is asked, for %v and %d rows at most: %s", asksWhom(resolved), c.Time, c.Limit, q.SQL), undo: "nothing is changed",
	})
	if err != nil || c.DryRun {
		return err
	}
	in, err := openExisting(ctx, resolved, beside)
	if err != nil {
		return err
	}
	if err := in.close(market.Note(ctx, in.store, w.Now, market.AuditSQL, order, q.SQL)); err != nil {
		return err
	}
	var rows store.Rows
	if resolved.Shared() {
		rows, err = mysql.Ask(ctx, asked.DatabaseURL, q)
	} else {
		rows, err = sqlite.Ask(ctx, filepath.Join(resolved.Data, databaseFile), q)
	}
	if err != nil {
		return flagged(err)
	}
	if c.JSON {
		return printJSON(w.Out, map[string]any{"columns": rows.Columns, "rows": shownRows(rows), "more": rows.More})
	}
	return printRows(w.Out, rows)
}

// asksWhom says which of the servers is asked.
func asksWhom(c *config.Config) string {
	switch {
	case !c.Shared():
		return "the file"
	case c.DatabaseReaderURL == "":
		return "the database, which has no replica,"
	}
	return "the replica"
}

// unshown finds the columns that hold what is sealed, and hashes: also as a text, which a
// function can make of bytes.
func unshown() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(password|sealed|body|address|[a-z]+_hash)\b`)
}

// shownRows gives the values as they are shown.
func shownRows(rows store.Rows) [][]any {
	out := make([][]any, 0, len(rows.Rows))
	for _, row := range rows.Rows {
		shown := make([]any, len(row))
		for i, value := range row {
			shown[i] = value
			b, bytes := value.([]byte)
			switch text, _ := value.(string); {
			case bytes:
				shown[i] = fmt.Sprintf("(%d bytes)", len(b))
			case value != nil && unshown().MatchString(rows.Columns[i]):
				shown[i] = "(not shown)"
			case len(text) > mostSQLCell:
				shown[i] = fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:mostSQLCell], ""), len(text))
			}
		}
		out = append(out, shown)
	}
	return out
}

func printRows(out io.Writer, rows store.Rows) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(rows.Columns, "\t"))
	for _, row := range shownRows(rows) {
		var cells []string
		for _, value := range row {
			cell := "NULL"
			if value != nil {
				cell = strings.NewReplacer("\t", " ", "\n", " ").Replace(fmt.Sprint(value))
			}
			cells = append(cells, cell)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	if err := table.Flush(); err != nil {
		return errs.Wrap(errs.Internal, "print the rows", err)
	}
	said := fmt.Sprintf("Rows: %d.", len(rows.Rows))
	if rows.More {
		said = fmt.Sprintf("The first %d rows; there are more: --limit.", len(rows.Rows))
	}
	_, err := fmt.Fprintln(out, said)
	return err
}
