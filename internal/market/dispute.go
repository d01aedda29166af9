package market

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/offer"
)

// Dispute is a final pay about which the two sides of an offer say different things,
// in 10,000 JPY a year. It names the offer and the company, and not who was hired.
type Dispute struct {
	Offer       uuid.UUID
	Company     uuid.UUID
	CompanyName string
	HiredAt     time.Time
	Offered     *int // the minimum that was offered, nil if none was
	Said        int  // by the company
	Confirmed   int  // by the candidate
	Breach      bool // it is noted as a breach that counts
}

// Disputes gives a page of the disputed final pays to an operator, those of the newest
// offers first, before a key (0: the newest), and the key to go on from (0: none).
func (m *Market) Disputes(ctx context.Context, actor Actor, before int64, limit int) (page []Dispute, next int64, err error) {
	if err := onlyOperators(actor); err != nil {
		return nil, 0, err
	}
	err = m.readRecent(ctx, func(tx Tx) error {
		page, next = nil, 0
		list, err := tx.Disputed(before, limit+1)
		if err != nil {
			return err
		}
		if len(list) > limit {
			list = list[:limit]
			next = list[limit-1].Offer
		}
		for i := range list {
			one, err := disputeOf(tx, &list[i])
			if err != nil {
				return err
			}
			page = append(page, one)
		}
		return nil
	})
	return page, next, err
}

func disputeOf(tx Tx, d *offer.Dealing) (Dispute, error) {
	out := Dispute{Said: *d.SaidPay, Confirmed: *d.ConfirmedPay, HiredAt: d.EndedAt}
	o, err := tx.Offer(d.Offer)
	if err != nil {
		return out, fmt.Errorf("offer %d, whose pay is disputed: %w", d.Offer, err)
	}
	k, err := tx.Company(o.Company)
	if err != nil {
		return out, fmt.Errorf("company of offer %d: %w", o.Key, err)
	}
	terms, err := tx.Terms(o.Position, o.PositionVersion)
	if err != nil {
		return out, fmt.Errorf("terms of offer %d: %w", o.Key, err)
	}
	noted, err := tx.BreachesOf(o.Key)
	if err != nil {
		return out, err
	}
	out.Offer, out.Company, out.CompanyName, out.Offered = o.ID, k.ID, k.Name, terms.PayMin
	out.Breach = slices.ContainsFunc(noted, func(b offer.Breach) bool { return b.Promise == offer.PromisePay && b.SetAsideAt.IsZero() })
	return out, nil
}

// ReopenPay takes the candidate's word on a disputed final pay back, so that the
// company can mend its figure and the candidate say theirs again; operators only. A
// breach that was noted stays until it is set aside. A repeat changes nothing; of
// somebody who is erased, or where nothing is disputed, it is a Conflict.
func (m *Market) ReopenPay(ctx context.Context, actor Actor, id uuid.UUID) error {
	if err := onlyOperators(actor); err != nil {
		return err
	}
	return m.write(ctx, func(tx Tx) error {
		x, err := m.mediation(tx, actor, id)
		if err != nil {
			return err
		}
		d := &x.dealing
		if x.offer.State == offer.Hired && d.ConfirmedPay == nil && !d.Gone {
			return nil
		}
		return x.step(offer.ReopenPay, func() error {
			if d.Gone || !d.Disputed() {
				return errs.New(errs.Conflict, "the two sides do not dispute the final pay of this offer")
			}
			d.ConfirmedPay = nil
			return m.audit(tx, actor, AuditReopenPay, SubjectOffer, x.offer.Key, within(x.offer.Company))
		})
	})
}

// mediation holds the candidate of any offer, and reads it, for an operator.
func (m *Market) mediation(tx Tx, actor Actor, id uuid.UUID) (*bargain, error) {
	x := &bargain{market: m, tx: tx, now: m.Now(), by: offer.System, actor: actor}
	found, err := tx.OfferByID(id)
	if err != nil {
		return nil, err
	}
	if x.who, err = tx.LockCandidate(found.Candidate); notFoundIsNil(err) != nil {
		return nil, err
	}
	if x.offer, err = tx.OfferByID(id); err != nil {
		return nil, err
	}
	if x.dealing, err = tx.Dealing(x.offer.Key); err != nil {
		return nil, fmt.Errorf("dealing of offer %d: %w", x.offer.Key, err)
	}
	x.before = x.dealing
	return x, nil
}
