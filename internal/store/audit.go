package store

import "enishi/internal/market"

func (t *tx) AddEntry(e *market.Entry) error {
	key, err := t.insert("add to the audit log", "INSERT INTO audit (at, account, company, what, kind, entity, n, digest)"+
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?)", micros(e.At), e.Account, e.Company, string(e.What), string(e.Kind), e.Entity, e.N, bytesOrNull(e.Digest))
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
		err := row.Scan(&e.Key, &at, &e.Account, &e.Company, &e.What, &e.Kind, &e.Entity, &e.N, &e.Digest)
		e.At = moment(at)
		return err
	}, "SELECT id, at, account, company, what, kind, entity, n, digest FROM audit WHERE "+where+" ORDER BY id DESC LIMIT ?", append(args, limit)...)
}
