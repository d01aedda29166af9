package store

import (
	"database/sql"

	"enishi/internal/market"
)

func (t *tx) AddEntry(e *market.Entry) error {
	key, err := t.insert("add to the audit log", "INSERT INTO audit (at, account, company, what, kind, entity, n, digest, orderer, why, diff)"+
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", micros(e.At), e.Account, e.Company, string(e.What), string(e.Kind), e.Entity, e.N, bytesOrNull(e.Digest),
		textOrNull(e.By), textOrNull(e.Why), textOrNull(e.Diff))
	if err != nil {
		return err
	}
	e.Key = key
	return nil
}

func (t *tx) Entries(of market.EntryFilter, before int64, limit int) ([]market.Entry, error) {
	where, args := "id < ?", []any{orNewest(before)}
	narrow := func(condition string, arg any) {
		where, args = where+" AND "+condition, append(args, arg)
	}
	if of.Company != 0 {
		narrow("company = ?", of.Company)
	}
	if of.Account != 0 {
		narrow("account = ?", of.Account)
	}
	if of.What != "" {
		narrow("what = ?", string(of.What))
	}
	if of.Kind != "" {
		narrow("kind = ? AND entity = ?", string(of.Kind))
		args = append(args, of.Entity)
	}
	if !of.Since.IsZero() {
		narrow("at >= ?", micros(of.Since))
	}
	if !of.Until.IsZero() {
		narrow("at < ?", micros(of.Until))
	}
	return list(t, "the audit log", func(row scanner, e *market.Entry) error {
		var at int64
		var by, why, diff sql.NullString
		err := row.Scan(&e.Key, &at, &e.Account, &e.Company, &e.What, &e.Kind, &e.Entity, &e.N, &e.Digest, &by, &why, &diff)
		e.At, e.By, e.Why, e.Diff = moment(at), by.String, why.String, diff.String
		return err
	}, "SELECT id, at, account, company, what, kind, entity, n, digest, orderer, why, diff FROM audit WHERE "+where+" ORDER BY id DESC LIMIT ?", append(args, limit)...)
}
