package market

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// Deny notes that the candidate says an interview was not held which the company says
// was: the offer is accepted again, and its clocks go on. Without such a word of the
// company, a repeat changes nothing.
func (m *Market) Deny(ctx context.Context, actor Actor, id uuid.UUID) (Delivered, error) {
	if actor.Kind != account.Candidate {
		return Delivered{}, errs.New(errs.NotFound, "no such offer")
	}
	return m.deal(ctx, actor, id, func(x *bargain) error {
		if x.offer.State == offer.Accepted && !x.dealing.DeniedAt.IsZero() {
			return nil
		}
		return x.step(offer.Deny, func() error {
			if err := x.resumes(); err != nil {
				return err
			}
			return x.dealing.Deny(x.now)
		})
	})
}

// resumes holds what an acceptance does, and is refused where an offer that ended cannot
// run again: the candidate has blocked its company since, or has another of it for the
// position.
func (x *bargain) resumes() error {
	k, err := x.tx.LockCompany(x.offer.Company)
	if err != nil {
		return fmt.Errorf("lock the company of offer %d: %w", x.offer.Key, err)
	}
	if _, err := x.tx.LockPosition(x.offer.Position); err != nil {
		return fmt.Errorf("lock the position of offer %d: %w", x.offer.Key, err)
	}
	group, err := groupOf(x.tx, k)
	if err != nil {
		return err
	}
	if x.who.Blocked(k.Number, group) {
		return errs.New(errs.Conflict, "you have blocked the company")
	}
	list, err := x.tx.OffersTo(x.who.Key, 0, allOffers)
	if err != nil {
		return err
	}
	for i := range list {
		if o := &list[i]; o.Key != x.offer.Key && o.Position == x.offer.Position && o.State.Live() {
			return errs.New(errs.Conflict, "you have another offer for this position")
		}
	}
	return nil
}
