package market

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// bargain is an offer that one of its sides takes a step on, in a transaction that
// holds its candidate and has read it since.
type bargain struct {
	market  *Market
	tx      Tx
	now     time.Time
	by      offer.Side
	actor   Actor
	who     candidate.Candidate // whose it is; without a Key: erased
	offer   offer.Offer
	dealing offer.Dealing
	before  offer.Dealing // as it is stored
}

// sideOf is the side for which an actor speaks.
func sideOf(a Actor) offer.Side {
	if a.Kind == account.Candidate {
		return offer.Candidate
	}
	return offer.Company
}

// deal runs a step of the actor on one of their offers and gives it as they may
// see it then.
func (m *Market) deal(ctx context.Context, actor Actor, id uuid.UUID, do func(*bargain) error) (Delivered, error) {
	var d Delivered
	if err := mayDeal(actor); err != nil {
		return d, err
	}
	err := m.write(ctx, func(tx Tx) error {
		x, err := m.bargain(tx, actor, id)
		if err != nil {
			return err
		}
		if err := do(x); err != nil {
			return err
		}
		d, err = m.shownTo(tx, actor, x.offer)
		return err
	})
	return d, err
}

// mayDeal is Denied for who speaks for neither side, or only reads for theirs.
func mayDeal(actor Actor) error {
	switch actor.Kind {
	case account.Candidate:
		return nil
	case account.Member:
		return actor.Role.May(account.AnswerOffer)
	}
	return errs.New(errs.Denied, "only the two sides of an offer take its steps")
}

// shownTo gives an offer as the actor may see it.
func (m *Market) shownTo(tx Tx, actor Actor, o offer.Offer) (Delivered, error) {
	if actor.Kind == account.Candidate {
		return m.deliver(tx, o, offer.Candidate)
	}
	return m.seenByCompany(tx, actor, o)
}

// bargain holds the candidate of an offer of the actor's, and reads it. Of one
// who is erased nothing is left to hold: the offer's version decides between two
// steps of the company.
func (m *Market) bargain(tx Tx, actor Actor, id uuid.UUID) (*bargain, error) {
	x := &bargain{market: m, tx: tx, now: m.Now(), by: sideOf(actor), actor: actor}
	found, err := own(tx, actor, id)
	if err != nil && actor.Kind != account.Candidate {
		return nil, err
	}
	key := found.Candidate
	if actor.Kind == account.Candidate {
		key = actor.Candidate
	}
	if x.who, err = tx.LockCandidate(key); err != nil && (actor.Kind == account.Candidate || notFoundIsNil(err) != nil) {
		return nil, err
	}
	if x.offer, err = own(tx, actor, id); err != nil {
		return nil, err
	}
	if x.by == offer.Company && hiddenFromCompany(&x.offer) {
		return nil, errs.New(errs.NotFound, "no such offer")
	}
	if x.dealing, err = tx.Dealing(x.offer.Key); err != nil {
		return nil, fmt.Errorf("dealing of offer %d: %w", x.offer.Key, err)
	}
	x.before = x.dealing
	return x, nil
}

// shown is where the offer stands for all that the side may know: what refuses a
// step tells no more than the offer does.
func (x *bargain) shown() offer.State {
	if x.by == offer.Company {
		return shownState(&x.offer, x.market.running())
	}
	return x.offer.State
}

// step takes a step that the state allows, after change has done what else there
// is to it. A refusal of either leaves everything as it is.
func (x *bargain) step(a offer.Action, change func() error) error {
	if a == offer.Withdraw && x.shown().Unanswered() {
		return errs.New(errs.Conflict, "only an accepted offer can be withdrawn from; decline one that is not")
	}
	if _, err := x.shown().Next(x.by, x.offer.Kind, a); err != nil {
		return err
	}
	if x.by == offer.Company && x.dealing.Gone && a != offer.Withdraw { // which closes its file
		return errs.New(errs.Conflict, "the candidate has left")
	}
	if change != nil {
		if err := change(); err != nil {
			return err
		}
	}
	if x.by == offer.Company && x.offer.RespondedAt.IsZero() {
		x.offer.RespondedAt = x.now
	}
	if err := x.offer.Take(x.by, a, x.now); err != nil {
		return err
	}
	return x.save()
}

// save writes the offer and what is known beside it, with the breaches that the
// step makes or comes too late for, and its row.
func (x *bargain) save() error {
	o := &x.offer
	if err := SettleClocks(x.tx, o, &x.dealing, day.Of(x.now), x.now); err != nil {
		return err
	}
	if !reflect.DeepEqual(x.before, x.dealing) {
		if err := x.tx.SaveDealing(&x.dealing); err != nil {
			return fmt.Errorf("dealing of offer %d: %w", o.Key, err)
		}
	}
	o.Version++
	if err := x.tx.SaveOffer(o); err != nil {
		return err
	}
	return x.tx.Append(&Row{Change: OfferChanged, Entity: o.Key, Version: o.Version, At: x.now})
}

// Answer takes a candidate's step on an offer: accept, decline, undo or
// withdraw. A repeat changes nothing; a step that the state does not allow, or
// an offer whose last day has passed, is a Conflict.
func (m *Market) Answer(ctx context.Context, actor Actor, id uuid.UUID, a offer.Action) (Delivered, error) {
	switch a {
	case offer.Accept, offer.Decline, offer.Undo, offer.Withdraw:
	default:
		return Delivered{}, errs.New(errs.Denied, "a candidate cannot take the step "+string(a))
	}
	return m.answerFor(ctx, actor, id, a, "")
}

// Decline declines an offer for a reason, "" for none. Its company is told of it
// if it is one to tell of, and once the decline cannot be undone any more. A repeat
// changes nothing; one for another reason is a Conflict.
func (m *Market) Decline(ctx context.Context, actor Actor, id uuid.UUID, why offer.Reason) (Delivered, error) {
	if why != "" && !slices.Contains(offer.Reasons(), why) {
		return Delivered{}, errs.AtPointer("/reason", string(why), fmt.Sprintf("one of %v", offer.Reasons()))
	}
	return m.answerFor(ctx, actor, id, offer.Decline, why)
}

func (m *Market) answerFor(ctx context.Context, actor Actor, id uuid.UUID, a offer.Action, why offer.Reason) (Delivered, error) {
	if actor.Kind != account.Candidate {
		return Delivered{}, errs.New(errs.NotFound, "no such offer")
	}
	return m.deal(ctx, actor, id, func(x *bargain) error {
		if repeats(x.offer.State, a) {
			if a == offer.Decline && why != "" && why != x.dealing.Reason {
				return errs.New(errs.Conflict, "the offer is declined for another reason; undo that first")
			}
			return nil
		}
		if err := unbarred(x.tx, &x.who, &x.offer, a); err != nil {
			return err
		}
		return x.answer(a, why)
	})
}

// answer takes a candidate's step.
func (x *bargain) answer(a offer.Action, why offer.Reason) error {
	o := &x.offer
	switch a {
	case offer.Accept, offer.Decline, offer.Undo:
		if day.Of(x.now) > o.ExpiresOn {
			return errs.New(errs.Conflict, "the offer expired on "+o.ExpiresOn.String())
		}
		if a == offer.Undo && o.State == offer.Declined && (o.DueAt.IsZero() || x.now.After(o.DueAt)) {
			return errs.New(errs.Conflict, "declining can be undone within five minutes only")
		}
	case offer.Withdraw:
	}
	if o.State == offer.Reserved {
		return errs.New(errs.Conflict, "confirm your e-mail address first")
	}
	return x.step(a, func() error {
		o.DueAt = time.Time{}
		switch a {
		case offer.Accept:
			o.AnsweredAt = x.now
			x.dealing.Accept(o, day.Of(x.now))
		case offer.Decline:
			o.AnsweredAt, o.DueAt, x.dealing.Reason = x.now, x.now.Add(offer.UndoWindow), why
		case offer.Undo:
			o.AnsweredAt, x.dealing.Reason = time.Time{}, ""
		case offer.Withdraw:
			x.dealing.End(x.by, x.now)
		}
		return nil
	})
}

// Proceed takes a company's step on an accepted offer: schedule, held, hire,
// reject or withdraw. A repeat changes nothing.
func (m *Market) Proceed(ctx context.Context, actor Actor, id uuid.UUID, a offer.Action) (Delivered, error) {
	if err := actor.Role.May(account.AnswerOffer); err != nil {
		return Delivered{}, err
	}
	switch a {
	case offer.Schedule, offer.Hold, offer.Hire, offer.Reject, offer.Withdraw:
	default:
		return Delivered{}, errs.New(errs.Denied, "a company cannot take the step "+string(a))
	}
	return m.deal(ctx, actor, id, func(x *bargain) error {
		if repeats(x.shown(), a) {
			return nil
		}
		return x.step(a, func() error {
			switch a {
			case offer.Schedule:
				x.dealing.Agree(x.now)
			case offer.Hold:
				return x.dealing.Hold(x.now)
			case offer.Hire:
				return x.hire()
			case offer.Reject, offer.Withdraw:
				x.dealing.End(x.by, x.now)
			}
			return nil
		})
	})
}

// Hire notes that the candidate was hired, and for which annual pay in 10,000 JPY,
// nil if that is said later. It can be mended until the candidate has confirmed
// it; later it is a Conflict.
func (m *Market) Hire(ctx context.Context, actor Actor, id uuid.UUID, pay *int) (Delivered, error) {
	if pay == nil {
		return m.Proceed(ctx, actor, id, offer.Hire)
	}
	if err := finalPay(*pay); err != nil {
		return Delivered{}, err
	}
	return m.deal(ctx, actor, id, func(x *bargain) error {
		d := &x.dealing
		if x.offer.State == offer.Hired && d.SaidPay != nil && *d.SaidPay == *pay {
			return nil
		}
		return x.step(offer.Hire, func() error {
			if d.ConfirmedPay != nil {
				return errs.New(errs.Conflict, "the candidate has confirmed the final pay")
			}
			what := AuditSayPay
			if d.SaidPay != nil {
				what = AuditMendPay
			}
			said := *pay
			d.SaidPay = &said
			if err := x.hire(); err != nil {
				return err
			}
			return x.audit(what)
		})
	})
}

// hire ends an offer well, once.
func (x *bargain) hire() error {
	if x.offer.State == offer.Hired {
		return nil
	}
	x.dealing.End(x.by, x.now)
	return x.audit(AuditHire)
}

// audit notes in the audit log what the actor does with the offer.
func (x *bargain) audit(what Audited) error {
	return x.market.audit(x.tx, x.actor, what, SubjectOffer, x.offer.Key)
}

// mostFinalPay is as much as a position may pay.
const mostFinalPay = 100_000

func finalPay(pay int) error {
	if pay < 1 || pay > mostFinalPay {
		return errs.AtPointer("/final_pay", fmt.Sprint(pay), fmt.Sprintf("1 to %d, annual, in 10,000 JPY", mostFinalPay))
	}
	return nil
}

// ConfirmPay notes the final annual pay as the candidate says it, in 10,000 JPY:
// the same as the company's confirms that, another disputes it. Below 90 % of the
// offered minimum it is a breach. It is said once.
func (m *Market) ConfirmPay(ctx context.Context, actor Actor, id uuid.UUID, pay int) (Delivered, error) {
	if err := finalPay(pay); err != nil {
		return Delivered{}, err
	}
	return m.deal(ctx, actor, id, func(x *bargain) error {
		d := &x.dealing
		if x.offer.State == offer.Hired && d.ConfirmedPay != nil && *d.ConfirmedPay == pay {
			return nil
		}
		return x.step(offer.ConfirmPay, func() error {
			if d.ConfirmedPay != nil {
				return errs.New(errs.Conflict, "you have said the final pay already; an operator can help if it was wrong")
			}
			d.ConfirmedPay = &pay
			return x.audit(AuditConfirmPay)
		})
	})
}

// Propose puts dates to the candidate to choose from, in place of what was
// agreed or proposed; the ids of the slots are made here. The same slots again
// change nothing.
func (m *Market) Propose(ctx context.Context, actor Actor, id uuid.UUID, slots []offer.Slot) (Delivered, error) {
	if err := offer.ValidateSlots(slots, m.Now()); err != nil {
		return Delivered{}, err
	}
	slots = slices.Clone(slots)
	for i := range slots {
		made, err := uuid.NewV7()
		if err != nil {
			return Delivered{}, fmt.Errorf("make an id: %w", err)
		}
		slots[i].ID, slots[i].Start = made, slots[i].Start.UTC()
	}
	return m.deal(ctx, actor, id, func(x *bargain) error {
		if x.offer.State == offer.Accepted && sameSlots(x.dealing.Slots, slots) {
			return nil
		}
		return x.step(offer.Propose, func() error {
			if err := x.addressed(); err != nil {
				return err
			}
			x.dealing.Propose(slots, x.now)
			return nil
		})
	})
}

// sameSlots says whether two lists of slots differ in their ids alone.
func sameSlots(a, b []offer.Slot) bool {
	return slices.EqualFunc(a, b, func(a, b offer.Slot) bool {
		a.ID = b.ID
		return a == b
	})
}

// addressed is refused where the company may not address the candidate any more,
// though the offer runs: it was suspended, or they are gone.
func (x *bargain) addressed() error {
	if x.who.Key == 0 {
		return errs.New(errs.Conflict, "the candidate has left")
	}
	k, err := x.tx.Company(x.offer.Company)
	if err != nil {
		return fmt.Errorf("company of offer %d: %w", x.offer.Key, err)
	}
	if x.by == offer.Company && k.Status == company.Suspended {
		return errs.New(errs.Denied, "your company is suspended")
	}
	return nil
}

// Choose agrees on one of the proposed dates. The one that is agreed already
// changes nothing.
func (m *Market) Choose(ctx context.Context, actor Actor, id, slot uuid.UUID) (Delivered, error) {
	return m.deal(ctx, actor, id, func(x *bargain) error {
		d := &x.dealing
		if x.offer.State == offer.Scheduled && d.Date != nil && !d.CalledOff && d.Date.ID == slot {
			return nil
		}
		return x.step(offer.Choose, func() error { return d.Choose(slot, x.now) })
	})
}

// Reschedule calls off what was agreed, or says that none of the proposed dates
// suits. A repeat changes nothing.
func (m *Market) Reschedule(ctx context.Context, actor Actor, id uuid.UUID) (Delivered, error) {
	return m.deal(ctx, actor, id, func(x *bargain) error {
		d := &x.dealing
		if x.offer.State == offer.Accepted && !d.Waits() && d.CalledOff {
			return nil
		}
		return x.step(offer.Reschedule, func() error { return d.Reschedule(x.offer.State, x.by, x.now) })
	})
}

// breakOff withdraws from accepted offers in the name of their candidate, who is
// held.
func (m *Market) breakOff(tx Tx, list []offer.Offer) error {
	companies := make([]int64, len(list))
	for i := range list {
		companies[i] = list[i].Company
	}
	// A breach that its clock has made and nobody has noted yet takes them.
	if _, err := lockAll("company", companies, tx.LockCompany); err != nil {
		return err
	}
	for i := range list {
		x := &bargain{market: m, tx: tx, now: m.Now(), by: offer.Candidate, offer: list[i]}
		var err error
		if x.dealing, err = tx.Dealing(x.offer.Key); err != nil {
			return err
		}
		x.before = x.dealing
		if err := x.answer(offer.Withdraw, ""); err != nil {
			return fmt.Errorf("withdraw from offer %d: %w", x.offer.Key, err)
		}
	}
	return nil
}

// depart notes in accepted offers that their candidate, who is held, is erased:
// what they wrote goes, and nobody owes them anything any more.
func (m *Market) depart(tx Tx, list []offer.Offer) error {
	for i := range list {
		o := &list[i]
		if !o.Dealt() {
			continue
		}
		d, err := tx.Dealing(o.Key)
		if err != nil {
			return err
		}
		d.Gone, d.OwedOn = true, 0
		if err := tx.SaveDealing(&d); err != nil {
			return fmt.Errorf("dealing of offer %d: %w", o.Key, err)
		}
		if err := tx.EraseMessages(o.Key, offer.Candidate); err != nil {
			return fmt.Errorf("messages of offer %d: %w", o.Key, err)
		}
		o.Version++
		if err := tx.SaveOffer(o); err != nil {
			return err
		}
		if err := tx.Append(&Row{Change: OfferChanged, Entity: o.Key, Version: o.Version, At: m.Now()}); err != nil {
			return err
		}
	}
	return nil
}
