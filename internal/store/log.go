package store

import (
	"database/sql"
	"strings"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
)

const insertRow = "INSERT INTO log (pos, kind, entity, version, at, trace) VALUES (NULL, ?, ?, ?, ?, ?)"

func (t *tx) Append(rows ...*market.Row) error {
	if len(rows) == 0 {
		return nil
	}
	keys, cause := make([]int64, len(rows)), causeOf(t.ctx)
	for i, r := range rows {
		if r.Trace == "" {
			r.Trace = cause
		}
		key, err := t.insert("append to the log", insertRow, string(r.Change), r.Entity, r.Version, micros(r.At),
			sql.NullString{String: r.Trace, Valid: r.Trace != ""})
		if err != nil {
			return err
		}
		keys[i] = key
	}
	for i, r := range rows {
		r.ID = keys[i]
	}
	if !t.dialect.NumbersLog {
		return nil
	}
	if _, err := t.update("number the log", "UPDATE log SET pos = id WHERE pos IS NULL"); err != nil {
		return err
	}
	for i, r := range rows {
		r.Pos = keys[i]
	}
	return nil
}

func (t *tx) Head() (int64, error) {
	return one(t, "head of the log", func(row scanner, head *int64) error {
		var pos sql.NullInt64
		err := row.Scan(&pos)
		*head = pos.Int64
		return err
	}, "SELECT MAX(pos) FROM log")
}

func (t *tx) Unnumbered() (int64, error) {
	if t.dialect.NumbersLog {
		return 0, t.ready()
	}
	return one(t, "rows without a position", func(row scanner, n *int64) error { return row.Scan(n) },
		"SELECT COUNT(*) FROM log WHERE pos IS NULL")
}

func (t *tx) OldestUnnumbered() (time.Time, error) {
	if t.dialect.NumbersLog {
		return time.Time{}, t.ready()
	}
	at, err := one(t, "row without a position", func(row scanner, at *int64) error { return row.Scan(at) },
		"SELECT at FROM log WHERE pos IS NULL ORDER BY id LIMIT 1")
	if errs.Is(err, errs.NotFound) {
		return time.Time{}, nil
	}
	return moment(at), err
}

func (t *tx) Number(limit int) (int, error) {
	keys, err := list(t, "rows without a position", func(row scanner, id *int64) error { return row.Scan(id) },
		"SELECT id FROM log WHERE pos IS NULL ORDER BY id LIMIT ?", limit)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	head, err := t.Head()
	if err != nil {
		return 0, err
	}
	var cases strings.Builder
	args := make([]any, 0, 3*len(keys))
	for i, id := range keys {
		cases.WriteString(" WHEN ? THEN ?")
		args = append(args, id, head+int64(i)+1)
	}
	for _, id := range keys {
		args = append(args, id)
	}
	_, err = t.update("number the log", "UPDATE log SET pos = CASE id"+cases.String()+" END WHERE id IN (?"+
		strings.Repeat(", ?", len(keys)-1)+")", args...)
	return len(keys), err
}

func (t *tx) Rows(after int64, limit int) ([]market.Row, error) {
	return list(t, "log", scanRow, "SELECT "+rowColumns+" FROM log WHERE pos > ? ORDER BY pos LIMIT ?", after, limit)
}

func (t *tx) NewestRow() (market.Row, error) {
	return one(t, "row", scanRow, "SELECT "+rowColumns+" FROM log ORDER BY id DESC LIMIT 1")
}

func (t *tx) RowOf(id int64) (market.Row, error) {
	return one(t, "row", scanRow, "SELECT "+rowColumns+" FROM log WHERE id = ?", id)
}

const rowColumns = "id, COALESCE(pos, 0), kind, entity, version, at, trace"

func scanRow(row scanner, r *market.Row) error {
	var at int64
	var cause sql.NullString
	err := row.Scan(&r.ID, &r.Pos, &r.Change, &r.Entity, &r.Version, &at, &cause)
	r.At, r.Trace = moment(at), cause.String
	return err
}

func (t *tx) Waiting() ([]market.Row, error) {
	if t.dialect.NumbersLog {
		return nil, t.ready()
	}
	return list(t, "log", scanRow, "SELECT "+rowColumns+" FROM log WHERE pos IS NULL ORDER BY id")
}

func (t *tx) Setting(name string) (string, error) { return t.setting(name, "") }

func (t *tx) setting(name, lock string) (string, error) {
	value, err := one(t, "setting", func(row scanner, v *string) error { return row.Scan(v) },
		"SELECT value FROM installation WHERE name = ?"+lock, name)
	if errs.Is(err, errs.NotFound) {
		return "", nil
	}
	return value, err
}

func (t *tx) SetSetting(name, value string) error {
	found, err := t.update("save a setting", "UPDATE installation SET value = ? WHERE name = ?", value, name)
	if err != nil || found > 0 {
		return err
	}
	_, err = t.exec("save a setting", "INSERT INTO installation (name, value) VALUES (?, ?)", name, value)
	return err
}

func (t *tx) LockSetting(name string) (string, error) {
	lock, err := t.locked("a setting")
	if err != nil {
		return "", err
	}
	return t.setting(name, lock)
}

func (t *tx) FindReply(scope, key string) (market.Reply, error) {
	return one(t, "reply", func(row scanner, r *market.Reply) error {
		var at int64
		err := row.Scan(&r.Digest, &r.Status, &r.Body, &at)
		r.Scope, r.Key, r.At = scope, key, moment(at)
		return err
	}, "SELECT digest, status, body, at FROM reply WHERE scope = ? AND reply_id = ?", scope, key)
}

func (t *tx) AddReply(r market.Reply) error {
	_, err := t.exec("add a reply",
		"INSERT INTO reply (scope, reply_id, digest, status, body, at) VALUES (?, ?, ?, ?, ?, ?)",
		r.Scope, r.Key, notNull(r.Digest), r.Status, notNull(r.Body), micros(r.At))
	return err
}
