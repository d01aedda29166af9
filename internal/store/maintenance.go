package store

import (
	"enishi/internal/account"
	"enishi/internal/market"
	"enishi/internal/offer"
)

func (t *tx) AddPause(p market.Pause) error {
	_, err := t.insert("add a pause", "INSERT INTO pause (began_at, ended_at) VALUES (?, ?)", micros(p.From), micros(p.Until))
	return err
}

func (t *tx) Pauses() ([]market.Pause, error) {
	return list(t, "pauses", func(row scanner, p *market.Pause) error {
		var from, until int64
		err := row.Scan(&from, &until)
		p.From, p.Until = moment(from), moment(until)
		return err
	}, "SELECT began_at, ended_at FROM pause ORDER BY id")
}

func (t *tx) Staff(after int64, limit int) ([]account.Account, error) {
	return list(t, "accounts", scanAccount, "SELECT "+accountColumns+" FROM account"+
		" WHERE id > ? AND kind <> ? AND confirmed_key IS NOT NULL ORDER BY id LIMIT ?", after, string(account.Candidate), limit)
}

func (t *tx) Timed(after int64, limit int) ([]offer.Offer, error) {
	return t.offers("id > ? AND (due_at IS NOT NULL OR ends_on IS NOT NULL OR EXISTS"+
		" (SELECT 1 FROM dealing WHERE dealing.offer = offer.id AND dealing.owed_on IS NOT NULL)) ORDER BY id LIMIT ?", after, limit)
}
