package store

import (
	"encoding/json"

	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
)

func (t *tx) Received(after, until int64, from, to day.Day) ([]market.Received, error) {
	return list(t, "offers", func(row scanner, r *market.Received) error {
		return row.Scan(&r.Candidate, &r.Company, &r.Position, &r.PositionVersion)
	}, "SELECT candidate, company, position, position_version FROM offer WHERE candidate > ? AND candidate <= ?"+
		" AND sent_day >= ? AND sent_day <= ? AND state NOT IN (?, ?, ?) ORDER BY candidate, id",
		after, until, from, to, string(offer.Proposed), string(offer.Reserved), string(offer.Lapsed))
}

func (t *tx) Editions() ([]market.Edition, error) {
	return list(t, "editions", func(row scanner, e *market.Edition) error { return row.Scan(&e.From, &e.Until) },
		"SELECT shown_from, until FROM past_edition ORDER BY shown_from DESC")
}

func (t *tx) PastCells(from day.Day) ([]market.PastCell, error) {
	return list(t, "cells", func(row scanner, c *market.PastCell) error { return scanDocument(row, &c.Name, c) },
		"SELECT name, doc FROM past_cell WHERE shown_from = ? ORDER BY name", from)
}

func (t *tx) PastAtoms() ([]market.PastAtom, error) {
	return list(t, "atoms", func(row scanner, a *market.PastAtom) error {
		a.People = nil
		return scanDocument(row, &a.Name, &a.People)
	}, "SELECT name, doc FROM past_atom ORDER BY name")
}

// scanDocument reads a name and a document.
func scanDocument(row scanner, name *string, into any) error {
	var doc []byte
	if err := row.Scan(name, &doc); err != nil {
		return err
	}
	return json.Unmarshal(doc, into)
}

func (t *tx) Publish(e market.Edition, cells []market.PastCell, atoms []market.PastAtom, before day.Day) error {
	if _, err := t.exec("add an edition", "INSERT INTO past_edition (shown_from, until) VALUES (?, ?)", e.From, e.Until); err != nil {
		return err
	}
	if _, err := t.exec("remove atoms", "DELETE FROM past_atom"); err != nil {
		return err
	}
	for _, table := range []string{"past_cell", "past_edition"} {
		if _, err := t.exec("remove old editions", "DELETE FROM "+table+" WHERE shown_from < ?", before); err != nil {
			return err
		}
	}
	shown := newBatch(t, "INSERT INTO past_cell (shown_from, name, doc) VALUES (?, ?, ?)")
	for i := range cells {
		doc, err := text(cells[i])
		if err != nil {
			return err
		}
		if err := shown.append([]any{e.From, cells[i].Name, doc}); err != nil {
			return err
		}
	}
	if err := shown.flush(); err != nil {
		return err
	}
	for _, a := range atoms { // one by one: each may hold thousands of people, and a statement has a bound
		doc, err := text(a.People)
		if err != nil {
			return err
		}
		if _, err := t.exec("add an atom", "INSERT INTO past_atom (name, doc) VALUES (?, ?)", a.Name, doc); err != nil {
			return err
		}
	}
	return nil
}
