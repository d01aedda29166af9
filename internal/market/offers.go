package market

import (
	"context"
	"fmt"
	"slices"
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
	Name        string         // theirs: to themself, and to a company whose offer they have accepted; "": not given
	Dealing     offer.Dealing  // as the side that it is delivered to may know it
	Duties      []offer.Duty   // what either side owes
	Unread      int            // messages of the other side
	Talks       bool           // both sides may write
}

// Proceeds gives the steps that the company can take: none once the candidate has left.
func (d *Delivered) Proceeds() []offer.Action {
	if d.Dealing.Gone {
		return nil
	}
	return d.Offer.Proceeds()
}

// visible says whether a candidate sees an offer.
func visible(o *offer.Offer) bool { return o.State != offer.Proposed && o.State != offer.Lapsed }

// delivered gives what a candidate has been offered, newest first, and who is being
// asked.
func (m *Market) delivered(ctx context.Context, key int64) ([]Delivered, Asking, error) {
	var out []Delivered
	var asking Asking
	err := m.read(ctx, func(tx Tx) error {
		list, err := tx.OffersTo(key, 0, allOffers)
		if err != nil {
			return err
		}
		asking = askingOf(list)
		out, err = m.deliverAll(tx, slices.DeleteFunc(list, func(o offer.Offer) bool { return !visible(&o) }), offer.Candidate)
		return err
	})
	return out, asking, err
}

// Asking is how many companies are being asked to confirm an offer to somebody, and
// until when the last of them may; the zero value if none is.
type Asking struct {
	Companies int
	Until     time.Time
}

// askingOf reads it from all offers of a candidate.
func askingOf(list []offer.Offer) Asking {
	var out Asking
	asked := map[int64]bool{}
	for i := range list {
		o := &list[i]
		if o.State != offer.Proposed {
			continue
		}
		asked[o.Company] = true
		if o.DueAt.After(out.Until) {
			out.Until = o.DueAt
		}
	}
	out.Companies = len(asked)
	return out
}

// Asking gives how many companies are being asked to confirm an offer to the actor: the
// number that a sign-up answers with, as it stands now. Which they are, and for what
// position, is told by the offer once it is confirmed.
func (m *Market) Asking(ctx context.Context, actor Actor) (Asking, error) {
	var out Asking
	err := m.readRecent(ctx, func(tx Tx) error {
		list, err := tx.OffersTo(actor.Candidate, 0, allOffers)
		out = askingOf(list)
		return err
	})
	return out, err
}

// OffersTo gives a page of the actor's offers, newest first, before a key (0:
// the newest), and the key to go on from (0: none).
func (m *Market) OffersTo(ctx context.Context, actor Actor, before int64, limit int) (page []Delivered, next int64, err error) {
	err = m.readRecent(ctx, func(tx Tx) error {
		me, err := tx.Candidate(actor.Candidate)
		if err != nil {
			return err // offers outlive an erased one
		}
		var list []offer.Offer
		list, next, err = pageOf(before, limit, visible, func(before int64) ([]offer.Offer, error) {
			return tx.OffersTo(actor.Candidate, before, limit)
		})
		if err != nil {
			return err
		}
		page, err = m.deliverAll(tx, list, offer.Candidate)
		toThemself(page, &me)
		return err
	})
	return page, next, err
}

// pageOf gives a page of those offers that show, before a key (0: the newest), and the
// key to go on from (0: none); read gives the next up to limit of all.
func pageOf(before int64, limit int, shows func(*offer.Offer) bool, read func(before int64) ([]offer.Offer, error)) (page []offer.Offer, next int64, err error) {
	for {
		list, err := read(before)
		if err != nil {
			return nil, 0, err
		}
		for i := range list {
			if !shows(&list[i]) {
				continue
			}
			if len(page) == limit {
				return page, page[limit-1].Key, nil
			}
			page = append(page, list[i])
		}
		if len(list) < limit {
			return page, 0, nil
		}
		before = list[len(list)-1].Key
	}
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
		me, err := tx.Candidate(actor.Candidate)
		if err != nil {
			return err
		}
		o, err := own(tx, actor, id)
		if err == nil {
			d, err = m.deliver(tx, o, offer.Candidate)
		}
		d.Name = me.Profile.Name
		return err
	}
	if err := m.read(ctx, read); err != nil || d.State != offer.Sent {
		return d, err
	}
	if _, ok := m.paused(); ok {
		return d, nil // it is seen when it is read again
	}
	err := m.write(ctx, func(tx Tx) error {
		me, err := tx.LockCandidate(actor.Candidate)
		if err != nil {
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
		d.Name = me.Profile.Name
		return err
	})
	return d, err
}

// toThemself says in a candidate's own offers who they are.
func toThemself(list []Delivered, me *candidate.Candidate) {
	for i := range list {
		list[i].Name = me.Profile.Name
	}
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
		var key int64
		if ofRule != nil {
			r, err := ownRule(tx, actor, *ofRule)
			if err != nil {
				return err
			}
			key = r.Key
		}
		shows := func(o *offer.Offer) bool { return !hiddenFromCompany(o) }
		var list []offer.Offer
		var err error
		list, next, err = pageOf(before, limit, shows, func(before int64) ([]offer.Offer, error) {
			return tx.OffersBy(actor.Company, key, before, limit)
		})
		if err != nil {
			return err
		}
		page, _, err = m.allSeenByCompany(tx, actor, list)
		return err
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
