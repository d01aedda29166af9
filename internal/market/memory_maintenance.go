package market

import (
	"slices"

	"enishi/internal/account"
	"enishi/internal/offer"
)

type memoryPauses struct{ pauses []Pause }

func (t *memoryTx) AddPause(p Pause) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := t.pauses
	t.pauses = append(slices.Clone(before), Pause{stored(p.From), stored(p.Until)})
	t.undo(func() { t.pauses = before })
	return nil
}

func (t *memoryTx) Pauses() ([]Pause, error) { return slices.Clone(t.pauses), t.ready() }

func (t *memoryTx) Staff(after int64, limit int) ([]account.Account, error) {
	var out []account.Account
	for _, a := range t.accounts.rows {
		if a != nil && a.Key > after && a.Confirmed && a.Kind != account.Candidate && len(out) < limit {
			out = append(out, *a)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) Timed(after int64, limit int) ([]offer.Offer, error) {
	var out []offer.Offer
	for _, o := range t.offers.rows {
		if o != nil && o.Key > after && (!o.DueAt.IsZero() || Ends(o) || t.dealings[o.Key].OwedOn != 0) && len(out) < limit {
			out = append(out, *o)
		}
	}
	return out, t.ready()
}
