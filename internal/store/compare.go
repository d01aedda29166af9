package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"enishi/internal/market"
)

// Comparison is what two databases say of each other: one that may hold an earlier moment, and the
// one in force.
type Comparison struct {
	At, ToAt time.Time // the newest moment that each one's logs tell of; zero: of none
	Tables   []Counted
	Only     []string // columns that the first one alone has, as TABLE.COLUMN, of tables that both have
	One      bool     // they are of one installation, with one secret
	// Line: the one in force has gone on from what the other holds, and was not restored meanwhile.
	Line  bool
	Half  bool // what the one in force held is on its way out
	Since []Done
	Kept  Kept
}

// Counted is how many rows of a table there are on both sides; -1: there is no such table.
type Counted struct {
	Table    string
	From, To int64
}

// Fits is Conflict if the one in force, where it is not empty, lacks a table or a column of the other one: that one could not
// take its place.
func (c *Comparison) Fits() error {
	var from, to []string
	for _, t := range c.Tables {
		if t.From >= 0 {
			from = append(from, t.Table)
		}
		if t.To >= 0 {
			to = append(to, t.Table)
		}
	}
	if len(to) == 0 {
		return nil
	}
	if err := covered(from, to); err != nil {
		return err
	}
	return complete(c.Only)
}

// Beyond gives the tables that only the one in force has.
func (c *Comparison) Beyond() (tables []string) {
	for _, t := range c.Tables {
		if t.From < 0 {
			tables = append(tables, t.Table)
		}
	}
	return tables
}

// Done is how often something was noted in the audit log.
type Done struct {
	What string
	N    int64
}

// queryer asks one side.
type queryer interface {
	asked
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Compare counts the rows of two databases, and tells what the second knows that the first does
// not. It changes nothing.
func Compare(ctx context.Context, from, to Side) (c Comparison, err error) {
	if c.Tables, err = countBoth(ctx, from, to); err != nil {
		return c, err
	}
	var both []string
	for _, t := range c.Tables {
		if t.From >= 0 && t.To >= 0 {
			both = append(both, t.Table)
		}
	}
	if _, c.Only, err = shapesOf(ctx, from, to, both); err != nil {
		return c, err
	}
	if !slices.Contains(both, installationTable) || !slices.Contains(both, "audit") {
		return c, nil
	}
	l, err := lineOf(ctx, from.DB, to.DB)
	if err != nil {
		return c, err
	}
	c.At, c.ToAt, c.One, c.Line, c.Half = l.from.at(), l.to.at(), l.one, l.line, l.mark != ""
	if !c.One || c.Half {
		return c, nil
	}
	if c.Since, err = column(ctx, to.DB, func(row scanner, d *Done) error { return row.Scan(&d.What, &d.N) },
		"SELECT what, COUNT(*) FROM audit WHERE id > ? GROUP BY what ORDER BY what", l.common); err != nil {
		return c, fmt.Errorf("read what was done since: %w", err)
	}
	c.Kept, err = l.kept(ctx, from.DB, to.DB)
	return c, err
}

func countBoth(ctx context.Context, from, to Side) (out []Counted, err error) {
	at := map[string]int{}
	for i, side := range []Side{from, to} {
		names, err := side.tables(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the tables: %w", err)
		}
		for _, name := range names {
			if _, known := at[name]; !known {
				at[name] = len(out)
				out = append(out, Counted{name, -1, -1})
			}
			n := &out[at[name]].From
			if i > 0 {
				n = &out[at[name]].To
			}
			if err := side.DB.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+name).Scan(n); err != nil {
				return nil, fmt.Errorf("count the rows of %s: %w", name, err)
			}
		}
	}
	slices.SortFunc(out, func(a, b Counted) int { return strings.Compare(a.Table, b.Table) })
	return out, nil
}

// line is how two databases go on from each other.
type line struct {
	from, to  ends
	one, line bool
	common    int64                // key of the last entry of the audit log that is on both sides
	mark      string               // of the second one
	known     [2]map[string]string // by which settings they are known
}

func lineOf(ctx context.Context, from, to queryer) (l line, err error) {
	if l.mark, err = markOf(ctx, to); err != nil {
		return l, fmt.Errorf("look at the target: %w", err)
	}
	if l.from, err = endsOf(ctx, from); err != nil {
		return l, err
	}
	if l.to, err = endsOf(ctx, to); err != nil {
		return l, err
	}
	a, err := settingsOf(ctx, from)
	if err != nil {
		return l, err
	}
	b, err := settingsOf(ctx, to)
	if err != nil {
		return l, err
	}
	l.known = [2]map[string]string{knownBy(a), knownBy(b)}
	one, alike := market.Related(a, b)
	if l.one = one; !one {
		return l, nil
	}
	if l.line, err = goesOn(ctx, from, to, l.from.log, alike); err != nil {
		return l, err
	}
	l.line = l.line || b[market.SettingRestored] == l.from.String()
	l.common, err = lastCommon(ctx, from, to, min(l.from.audit, l.to.audit))
	return l, err
}

// settingsOf gives the settings of an installation by their names.
func settingsOf(ctx context.Context, of queryer) (map[string]string, error) {
	list, err := column(ctx, of, func(row scanner, s *[2]string) error { return row.Scan(&s[0], &s[1]) }, "SELECT name, value FROM installation")
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	out := map[string]string{}
	for _, s := range list {
		out[s[0]] = s[1]
	}
	return out, nil
}

// logged is a row of the change log.
type logged struct {
	kind                string
	entity, version, at int64
}

// goesOn says whether a database has gone on from what another holds, which it does if it has the last row
// of the other's change log. Where it has removed its part of the log since, it counts whether they are alike
// in what every restore makes another.
func goesOn(ctx context.Context, from, to queryer, last int64, alike bool) (bool, error) {
	var rows [2]logged
	for i, by := range []queryer{from, to} {
		r := &rows[i]
		err := by.QueryRowContext(ctx, "SELECT kind, entity, version, at FROM log WHERE id = ?", last).Scan(&r.kind, &r.entity, &r.version, &r.at)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return false, fmt.Errorf("compare the logs: %w", err)
		}
	}
	if rows[0] == rows[1] && last > 0 {
		return true, nil
	}
	var first int64
	if err := to.QueryRowContext(ctx, "SELECT COALESCE(MIN(id), 0) FROM log").Scan(&first); err != nil {
		return false, fmt.Errorf("compare the logs: %w", err)
	}
	return alike && rows[1] == logged{} && (first > last || first == 0), nil
}

// lastCommon finds the last entry that two audit logs, to which is only added, have in common: up to
// there they are the same, and from there on none is.
func lastCommon(ctx context.Context, from, to queryer, most int64) (int64, error) {
	at := func(by queryer, key int64) (e [4]int64, err error) {
		err = by.QueryRowContext(ctx, "SELECT id, at, account, entity FROM audit WHERE id <= ? ORDER BY id DESC LIMIT 1", key).Scan(&e[0], &e[1], &e[2], &e[3])
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		return e, err
	}
	least := int64(0)
	for least < most {
		middle := most - (most-least)/2
		a, err := at(from, middle)
		if err != nil {
			return 0, fmt.Errorf("compare the audit logs: %w", err)
		}
		b, err := at(to, middle)
		if err != nil {
			return 0, fmt.Errorf("compare the audit logs: %w", err)
		}
		if a == b {
			least = middle
		} else {
			most = middle - 1
		}
	}
	return least, nil
}

// kept gives what of the second database goes into the first.
func (l *line) kept(ctx context.Context, from, to queryer) (k Kept, err error) {
	erased, err := column(ctx, to, scanKey, "SELECT DISTINCT entity FROM audit WHERE id > ? AND what = ? AND kind = ? ORDER BY entity",
		l.common, string(market.AuditErase), string(market.SubjectCandidate))
	if err != nil {
		return k, fmt.Errorf("read who erased themselves: %w", err)
	}
	if k.Erased, err = candidatesOf(ctx, from, erased); err != nil {
		return k, err
	}
	k.Later = without(erased, k.Erased)
	k.From, k.To = l.known[0], l.known[1]
	if !l.line && len(k.Erased) > 0 {
		sure, err := lastOfBoth(ctx, from, to, k.Erased[0])
		if err != nil {
			return k, err
		}
		n, _ := slices.BinarySearch(k.Erased, sure+1)
		k.Erased, k.Unsure = k.Erased[:n], k.Erased[n:]
	}
	k.Mails, err = doneWith(ctx, from, to)
	return k, err
}

// lastOfBoth gives the highest key, from one on, under which both databases have the same candidate; up
// to there a key means one person. Keys are given in order, and again where a database was taken back.
func lastOfBoth(ctx context.Context, from, to queryer, least int64) (key int64, err error) {
	type who struct {
		key int64
		id  string
	}
	scan := func(row scanner, w *who) error { return row.Scan(&w.key, &w.id) }
	const query = "SELECT id, HEX(uuid) FROM candidate WHERE id >= ? ORDER BY id"
	known := map[who]bool{}
	list, err := column(ctx, from, scan, query, least)
	if err != nil {
		return 0, fmt.Errorf("compare the candidates: %w", err)
	}
	for _, w := range list {
		known[w] = true
	}
	if list, err = column(ctx, to, scan, query, least); err != nil {
		return 0, fmt.Errorf("compare the candidates: %w", err)
	}
	for _, w := range list {
		if known[w] {
			key = w.key
		}
	}
	return key, nil
}

// doneWith gives the mails that wait in one database and that the other has sent or given up.
func doneWith(ctx context.Context, from, to queryer) (out []KeptMail, err error) {
	waiting, err := column(ctx, from, func(row scanner, m *KeptMail) error { return row.Scan(&m.Key, &m.Created) },
		"SELECT id, created_at FROM mail WHERE due_at IS NOT NULL ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("read which mails waited: %w", err)
	}
	for part := range slices.Chunk(waiting, transferRows) {
		var keys []int64
		for _, m := range part {
			keys = append(keys, m.Key)
		}
		done, err := column(ctx, to, func(row scanner, m *KeptMail) error { return row.Scan(&m.Key, &m.Created, &m.Sent, &m.Failed) },
			"SELECT id, created_at, COALESCE(sent_at, 0), COALESCE(failed_at, 0) FROM mail WHERE due_at IS NULL AND id IN ("+joined(keys)+") ORDER BY id")
		if err != nil {
			return nil, fmt.Errorf("look for mails that were sent: %w", err)
		}
		for _, m := range done {
			if slices.ContainsFunc(part, func(w KeptMail) bool { return w.Key == m.Key && w.Created == m.Created }) {
				out = append(out, m)
			}
		}
	}
	return out, nil
}

// joined gives keys as a statement has them.
func joined(keys []int64) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(keys), " ", ","), "[]")
}

// column gives what a query gives, row by row.
func column[T any](ctx context.Context, of queryer, scan func(scanner, *T) error, query string, args ...any) (out []T, err error) {
	rows, err := of.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
