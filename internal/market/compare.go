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
		out = nil
		if _, err := tx.Candidate(actor.Candidate); err != nil {
			return err // offers outlive an erased one
		}
		for _, id := range ids {
			o, err := own(tx, actor, id)
			if err != nil {
				return err
			}
			d, err := m.deliver(tx, o, offer.Candidate)
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		return nil
	})
	return out, err
}
