package market

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/position"
)

// Delivered is an offer with what it points at.
type Delivered struct {
	offer.Offer
	PositionID  uuid.UUID
	RuleID      uuid.UUID // zero for a scout
	CompanyID   uuid.UUID
	CompanyName string
	Terms       position.Terms // of the version that was sent
	Card        string         // the candidate as the company knows them
	Name        string         // theirs, to a company whose offer they have accepted
	Dealing     offer.Dealing  // as the side that it is delivered to may know it
	Duties      []offer.Duty   // what either side owes
	Unread      int            // messages of the other side
	Talks       bool           // both sides may write
}

// visible says whether a candidate sees an offer.
func visible(o *offer.Offer) bool { return o.State != offer.Proposed && o.State != offer.Lapsed }

// delivered gives what a candidate has been offered, newest first, and how many
// companies are being asked.
func (m *Market) delivered(ctx context.Context, key int64) ([]Delivered, int, error) {
	var out []Delivered
	asked := map[int64]bool{}
	err := m.read(ctx, func(tx Tx) error {
		out = nil
		clear(asked)
		list, err := tx.OffersTo(key, 0, allOffers)
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.State == offer.Proposed {
				asked[o.Company] = true
			}
			if !visible(&o) {
				continue
			}
			d, err := m.deliver(tx, o, offer.Candidate)
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		return nil
	})
	return out, len(asked), err
}

// deliver gives an offer with what it points at to one of its sides.
func (m *Market) deliver(tx Tx, o offer.Offer, to offer.Side) (Delivered, error) {
	d := Delivered{Offer: o, Dealing: offer.Dealing{Offer: o.Key}}
	k, err := tx.Company(o.Company)
	if err != nil {
		return d, fmt.Errorf("company of offer %d: %w", o.Key, err)
	}
	d.CompanyID, d.CompanyName = k.ID, k.Name
	p, err := tx.Position(o.Position)
	if err != nil {
		return d, fmt.Errorf("position of offer %d: %w", o.Key, err)
	}
	d.PositionID, d.Terms = p.ID, p.Terms
	if o.PositionVersion != p.Version {
		if d.Terms, err = tx.Terms(o.Position, o.PositionVersion); err != nil {
			return d, fmt.Errorf("terms of offer %d: %w", o.Key, err)
		}
	}
	if o.Rule != 0 {
		r, err := tx.Rule(o.Rule)
		if err != nil {
			return d, fmt.Errorf("rule of offer %d: %w", o.Key, err)
		}
		d.RuleID = r.ID
	}
	d.State = byClock(&o, m.running())
	return d, m.deliverDealing(tx, &d, to)
}

// deliverDealing adds what is known of an offer that was answered.
func (m *Market) deliverDealing(tx Tx, d *Delivered, to offer.Side) (err error) {
	if !d.Dealt() && d.State != offer.Declined {
		return nil
	}
	if d.Dealing, err = tx.Dealing(d.Key); err != nil {
		return fmt.Errorf("dealing of offer %d: %w", d.Key, err)
	}
	if to == offer.Company && !d.Dealing.Reason.Told() {
		d.Dealing.Reason = ""
	}
	if !d.Dealt() {
		return nil
	}
	d.Duties = offer.Duties(&d.Offer, &d.Dealing, d.Terms.PayMin, m.running())
	d.Talks = d.Dealing.Talks(&d.Offer, m.running())
	other := offer.Company
	if to == offer.Company {
		other = offer.Candidate
	}
	if d.Unread, err = tx.CountMessages(d.Key, other, d.Dealing.ReadBy(to)); err != nil {
		return fmt.Errorf("messages of offer %d: %w", d.Key, err)
	}
	return nil
}

// OffersTo gives a page of the actor's offers, newest first, before a key (0:
// the newest), and the key to go on from (0: none).
func (m *Market) OffersTo(ctx context.Context, actor Actor, before int64, limit int) (page []Delivered, next int64, err error) {
	err = m.readRecent(ctx, func(tx Tx) error {
		page, next = nil, 0
		before := before // a closure may run again
		if _, err := tx.Candidate(actor.Candidate); err != nil {
			return err // offers outlive an erased one
		}
		for {
			list, err := tx.OffersTo(actor.Candidate, before, limit)
			if err != nil {
				return err
			}
			for _, o := range list {
				if !visible(&o) {
					continue
				}
				if len(page) == limit {
					next = page[limit-1].Key
					return nil
				}
				d, err := m.deliver(tx, o, offer.Candidate)
				if err != nil {
					return err
				}
				page = append(page, d)
			}
			if len(list) < limit {
				return nil
			}
			before = list[len(list)-1].Key
		}
	})
	return page, next, err
}

// own gives an offer of the actor, or NotFound.
func own(tx Tx, actor Actor, id uuid.UUID) (offer.Offer, error) {
	o, err := tx.OfferByID(id)
	switch {
	case err != nil:
		return o, err
	case actor.Kind == account.Candidate && o.Candidate == actor.Candidate && visible(&o),
		actor.Kind == account.Member && o.Company == actor.Company && (o.State != offer.Reserved || o.Sender == offer.Scout):
		return o, nil
	}
	return o, errs.New(errs.NotFound, "no such offer")
}

// OfferTo gives one offer to the actor; being read, it is seen.
func (m *Market) OfferTo(ctx context.Context, actor Actor, id uuid.UUID) (Delivered, error) {
	var d Delivered
	if actor.Kind != account.Candidate {
		return d, errs.New(errs.NotFound, "no such offer")
	}
	read := func(tx Tx) error {
		if _, err := tx.Candidate(actor.Candidate); err != nil {
			return err
		}
		o, err := own(tx, actor, id)
		if err == nil {
			d, err = m.deliver(tx, o, offer.Candidate)
		}
		return err
	}
	if err := m.read(ctx, read); err != nil || d.State != offer.Sent {
		return d, err
	}
	if _, ok := m.paused(); ok {
		return d, nil // it is seen when it is read again
	}
	err := m.write(ctx, func(tx Tx) error {
		if _, err := tx.LockCandidate(actor.Candidate); err != nil {
			return err
		}
		o, err := own(tx, actor, id)
		if err != nil {
			return err
		}
		if o.State == offer.Sent {
			if err := advance(tx, &o, offer.Candidate, offer.See, m.Now()); err != nil {
				return err
			}
		}
		d, err = m.deliver(tx, o, offer.Candidate)
		return err
	})
	return d, err
}

// unbarred is a Conflict if a candidate, who is locked, would come to accept
// what a closed position, a suspension or a block has ended and nobody has
// withdrawn yet.
func unbarred(tx Tx, c *candidate.Candidate, o *offer.Offer, a offer.Action) error {
	if a != offer.Accept && a != offer.Undo || !o.Open() {
		return nil
	}
	k, err := tx.LockCompany(o.Company)
	if err != nil {
		return fmt.Errorf("lock the company of offer %d: %w", o.Key, err)
	}
	p, err := tx.LockPosition(o.Position)
	if err != nil {
		return fmt.Errorf("lock the position of offer %d: %w", o.Key, err)
	}
	group, err := groupOf(tx, k)
	if err != nil {
		return err
	}
	if why := barred(c, &k, group, &p); why != "" {
		return errs.New(errs.Conflict, "the offer is withdrawn: "+why)
	}
	return nil
}

// repeats says whether a step's result is already there.
func repeats(s offer.State, a offer.Action) bool {
	switch a {
	case offer.Accept:
		return s == offer.Accepted
	case offer.Decline:
		return s == offer.Declined
	case offer.Withdraw:
		return s == offer.Withdrawn
	case offer.Hold:
		return s == offer.Held
	case offer.Hire:
		return s == offer.Hired
	case offer.Reject:
		return s == offer.Rejected
	}
	return false
}

// seenByCompany gives an offer as its company may know it: who blocked it looks
// expired, who declined a moment ago has not yet.
func (m *Market) seenByCompany(tx Tx, actor Actor, o offer.Offer) (Delivered, error) {
	d, err := m.deliver(tx, o, offer.Company)
	if err != nil {
		return d, err
	}
	if shown := shownState(&o, m.running()); shown != d.State {
		d.State, d.AnsweredAt = shown, time.Time{}
		d.Dealing = offer.Dealing{Offer: o.Key}
	}
	cards, err := m.vault.Cards(actor.CompanyID)
	if err != nil {
		return d, err
	}
	c, err := tx.Candidate(o.Candidate)
	if notFoundIsNil(err) != nil {
		return d, err
	}
	if err == nil {
		d.Card = cards.Of(c.ID)
		if o.Dealt() && o.State != offer.Withdrawn && o.State != offer.Rejected {
			d.Name = c.Profile.Name
		}
	}
	return d, nil
}

// byClock is where an offer stands on a day: its last one may have passed
// before the matcher has come to the row that says so.
func byClock(o *offer.Offer, on day.Day) offer.State {
	if Ends(o) && on > o.ExpiresOn {
		return offer.Expired
	}
	return o.State
}

// shownState is where an offer stands on a day for all that its company may
// know.
func shownState(o *offer.Offer, on day.Day) offer.State {
	switch {
	case o.Sender == offer.Scout && o.State == offer.Reserved:
		return offer.Sent // whether an address is confirmed is not the company's to know
	case o.Sender == offer.Scout && o.State == offer.Lapsed:
		return offer.Expired
	case o.State == offer.Declined && !o.DueAt.IsZero():
		return offer.Seen
	case o.State == offer.Withdrawn && o.AnsweredAt.IsZero():
		return offer.Expired
	}
	return byClock(o, on)
}

// hiddenFromCompany says whether a company does not see an offer in its lists. A
// scout it sees always: it has sent that itself.
func hiddenFromCompany(o *offer.Offer) bool {
	if o.Sender == offer.Scout {
		return false
	}
	return o.State == offer.Reserved || o.State == offer.Lapsed || o.State == offer.Proposed
}

// OffersBy gives a page of the actor's company's offers, of one rule (nil: of
// all), newest first, before a key (0: the newest), and the key to go on from.
func (m *Market) OffersBy(ctx context.Context, actor Actor, ofRule *uuid.UUID, before int64, limit int) (page []Delivered, next int64, err error) {
	if err := actor.Role.May(account.ReadOffers); err != nil {
		return nil, 0, err
	}
	err = m.readRecent(ctx, func(tx Tx) error {
		page, next = nil, 0
		before := before // a closure may run again
		var key int64
		if ofRule != nil {
			r, err := ownRule(tx, actor, *ofRule)
			if err != nil {
				return err
			}
			key = r.Key
		}
		for {
			list, err := tx.OffersBy(actor.Company, key, before, limit)
			if err != nil {
				return err
			}
			for _, o := range list {
				if hiddenFromCompany(&o) {
					continue
				}
				if len(page) == limit {
					next = page[limit-1].Key
					return nil
				}
				d, err := m.seenByCompany(tx, actor, o)
				if err != nil {
					return err
				}
				page = append(page, d)
			}
			if len(list) < limit {
				return nil
			}
			before = list[len(list)-1].Key
		}
	})
	return page, next, err
}

// OfferBy gives one offer of the actor's company.
func (m *Market) OfferBy(ctx context.Context, actor Actor, id uuid.UUID) (Delivered, error) {
	var d Delivered
	if err := actor.Role.May(account.ReadOffers); err != nil {
		return d, err
	}
	err := m.read(ctx, func(tx Tx) error {
		o, err := own(tx, actor, id)
		if err != nil {
			return err
		}
		if hiddenFromCompany(&o) {
			return errs.New(errs.NotFound, "no such offer")
		}
		d, err = m.seenByCompany(tx, actor, o)
		return err
	})
	return d, err
}

// Employer gives the actor's company.
func (m *Market) Employer(ctx context.Context, actor Actor) (company.Company, error) {
	var k company.Company
	err := m.read(ctx, func(tx Tx) error {
		var err error
		k, err = tx.Company(actor.Company)
		return err
	})
	return k, err
}
