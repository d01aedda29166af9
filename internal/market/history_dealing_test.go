package market_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// words are the messages of a history that were answered with success.
type words struct {
	offer uuid.UUID
	side  offer.Side
	id    uuid.UUID
	text  string
}

// doDeal lets a company take a step on one of its offers that was accepted, or an
// operator set a breach aside.
func (h *history) doDeal(d draw) error {
	if d.chance(5) {
		list, _, err := h.Breaches(h.Context(), operator(), 0, 10)
		if err != nil || len(list) == 0 {
			return err
		}
		_, err = h.SetAside(h.Context(), operator(), pick(d, list...).ID, "理由")
		return err
	}
	_, a, _, _, err := h.firmOf(d)
	if err != nil {
		return err
	}
	list, _, err := h.OffersBy(h.Context(), a, nil, 0, 100)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(o market.Delivered) bool { return !o.Dealt() })
	if len(list) == 0 {
		return nil
	}
	return unverified(h.deal(d, a, pick(d, list...)))
}

// deal takes a random step on an accepted offer.
func (h *history) deal(d draw, a market.Actor, o market.Delivered) (err error) {
	ctx, ours := h.Context(), a.Kind == account.Candidate
	if ours && d.chance(50) && (o.State == offer.Held || o.State == offer.Hired || o.State == offer.Rejected) {
		_, err = h.Deny(ctx, a, o.ID)
		return err
	}
	switch d.IntN(8) {
	case 0, 1, 2:
		return h.say(d, a, o)
	case 3:
		_, err = h.Reschedule(ctx, a, o.ID)
	case 4:
		_, _, err = h.Thread(ctx, a, o.ID, 0, 1+d.IntN(3))
	case 5:
		if ours {
			_, err = h.ConfirmPay(ctx, a, o.ID, pick(d, 100, 400, 600))
		} else {
			_, err = h.Hire(ctx, a, o.ID, ptr(pick(d, 100, 400, 600)))
		}
	default:
		if !ours {
			start := (day.Of(h.Now()) + day.Day(2+d.IntN(20))).At(10 + d.IntN(8))
			_, err = h.Propose(ctx, a, o.ID, []offer.Slot{{Start: start, Minutes: 30, Zone: "Asia/Tokyo", Place: "東京"}})
			if errs.Is(err, errs.Invalid) {
				err = nil // the clock was moved past it
			}
			break
		}
		if len(o.Dealing.Slots) > 0 {
			_, err = h.Choose(ctx, a, o.ID, pick(d, o.Dealing.Slots...).ID)
		}
	}
	return err
}

// say writes a message, sometimes twice by one key, and keeps what was answered.
func (h *history) say(d draw, a market.Actor, o market.Delivered) error {
	h.mu.Lock()
	h.spoken++
	text := fmt.Sprintf("%d 言葉", h.spoken)
	h.mu.Unlock()
	once := market.Once{Scope: "say", Key: text, Digest: []byte(text)}
	made, err := h.Say(h.Context(), a, o.ID, text, once)
	if err != nil {
		return err
	}
	side := offer.Company
	if a.Kind == account.Candidate {
		side = offer.Candidate
	}
	h.mu.Lock()
	h.said = append(h.said, words{o.ID, side, made.ID, text})
	h.mu.Unlock()
	if !d.chance(30) {
		return nil
	}
	again, err := h.Say(h.Context(), a, o.ID, text, once)
	if err == nil && again.ID != made.ID && h.Now().Sub(made.At) < 24*time.Hour {
		err = fmt.Errorf("a repeat of %q is another message", text)
	}
	return err
}

// verifyDealings verifies that each message that was answered with success is
// there once, that what an erased person wrote is not, that a company which
// somebody blocked deals with them no more, and that each clock that ended is a
// breach, once.
func (h *history) verifyDealings(w *rows) {
	h.Helper()
	err := h.records.Store.Read(h.Context(), func(tx market.Tx) error {
		for _, o := range w.offers {
			if err := h.verifyDealing(tx, w, &o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.Fatalf("read the dealings: %v", err)
	}
}

func (h *history) verifyDealing(tx market.Tx, w *rows, o *offer.Offer) error {
	list, err := tx.Messages(o.Key, 0, everything)
	if err != nil {
		return err
	}
	d, err := tx.Dealing(o.Key)
	if err != nil {
		return err
	}
	c, there := w.candidates[o.Candidate]
	found := map[uuid.UUID]string{}
	for i := range list {
		m := &list[i]
		if m.Sealed == nil != (!there && m.Side == offer.Candidate) {
			h.Errorf("message %d of the %s: erased %v, the candidate is there: %v", m.Key, m.Side, m.Sealed == nil, there)
		}
		if _, twice := found[m.ID]; twice {
			h.Errorf("message %d is there twice", m.Key)
		}
		found[m.ID] = ""
		if m.Sealed != nil {
			if found[m.ID], err = h.vault.Open(m.Sealed); err != nil {
				return err
			}
		}
	}
	for _, s := range h.said {
		if s.offer != o.ID {
			continue
		}
		text, ok := found[s.id]
		if !ok || text != s.text && (there || s.side == offer.Company) {
			h.Errorf("the message %q of offer %d reads %q, %v", s.text, o.Key, text, ok)
		}
	}
	if k := w.companies[o.Company]; there && o.Running() && slices.Contains(c.Blocks, k.Number) {
		h.Errorf("offer %d is %s though its company is blocked", o.Key, o.State)
	}
	return h.verifyBreaches(tx, w, o, &d)
}

func (h *history) verifyBreaches(tx market.Tx, w *rows, o *offer.Offer, d *offer.Dealing) error {
	list, err := tx.BreachesOf(o.Key)
	if err != nil {
		return err
	}
	noted := map[offer.Promise]int{}
	for _, b := range list {
		if noted[b.Promise]++; noted[b.Promise] > 1 || b.Company != o.Company || o.Kind == offer.Casual {
			h.Errorf("a breach of %s by offer %d: %+v", b.Promise, o.Key, b)
		}
	}
	overdue := d.OwedOn != 0 && d.OwedOn < w.today
	late := d.DateBy != 0 && !d.Gone && d.DatedAt.IsZero() && w.today > d.DateBy && o.Running()
	if overdue || late && noted[offer.PromiseDate] == 0 {
		h.Errorf("offer %d owed a date by %s, something by %s; today is %s, breaches %v", o.Key, d.DateBy, d.OwedOn, w.today, noted)
	}
	return nil
}
