package market

import (
	"context"

	"github.com/google/uuid"

	"enishi/internal/offer"
)

// OffersOf gives some of the actor's own offers, in the order of their ids. They are
// not seen by being given: that is for OfferTo. One that is not theirs is NotFound.
func (m *Market) OffersOf(ctx context.Context, actor Actor, ids ...uuid.UUID) ([]Delivered, error) {
	var out []Delivered
	err := m.readRecent(ctx, func(tx Tx) error {
		me, err := tx.Candidate(actor.Candidate)
		if err != nil {
			return err // offers outlive an erased one
		}
		list := make([]offer.Offer, len(ids))
		for i, id := range ids {
			if list[i], err = own(tx, actor, id); err != nil {
				return err
			}
		}
		out, err = m.deliverAll(tx, list, offer.Candidate)
		toThemself(out, &me)
		return err
	})
	return out, err
}
