package market

import (
	"slices"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

type memoryPast struct {
	editions []Edition // the newest first
	cells    map[day.Day][]PastCell
	atoms    []PastAtom
}

func (t *memoryTx) Received(after, until int64, from, to day.Day) ([]Received, error) {
	var list []*offer.Offer
	for _, o := range t.offers.rows {
		if o == nil || o.Candidate <= after || o.Candidate > until || o.SentDay < from || o.SentDay > to {
			continue
		}
		if o.State != offer.Proposed && o.State != offer.Reserved && o.State != offer.Lapsed {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b *offer.Offer) int { return int(a.Candidate - b.Candidate) })
	var out []Received
	for _, o := range list {
		out = append(out, Received{o.Candidate, o.Company, o.Position, o.PositionVersion})
	}
	return out, t.ready()
}

func (t *memoryTx) Editions() ([]Edition, error) { return slices.Clone(t.editions), t.ready() }

func (t *memoryTx) PastCells(from day.Day) ([]PastCell, error) {
	return slices.Clone(t.cells[from]), t.ready()
}

func (t *memoryTx) PastAtoms() ([]PastAtom, error) { return slices.Clone(t.atoms), t.ready() }

func (t *memoryTx) Publish(e Edition, cells []PastCell, atoms []PastAtom, before day.Day) error {
	if err := t.writing(); err != nil {
		return err
	}
	if _, ok := t.cells[e.From]; ok {
		return errs.New(errs.Conflict, "there is an edition of that day")
	}
	editions, old := t.editions, t.atoms
	t.undo(func() { t.editions, t.atoms = editions, old })
	t.editions = append([]Edition{e}, editions...)
	t.atoms = slices.Clone(atoms)
	put(t, t.cells, e.From, slices.Clone(cells))
	for _, e := range editions {
		if e.From < before {
			drop(t, t.cells, e.From)
		}
	}
	t.editions = slices.DeleteFunc(t.editions, func(e Edition) bool { return e.From < before })
	return nil
}
