package market_test

import (
	"testing"

	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// TestObjections has a company say at once that an interview was held, go on from there,
// and its candidate object: it is as if nothing had been said, the clock becomes a
// breach, and only a date that the candidate chose afterwards does.
func TestObjections(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		x := dealt(w, "interview")
		ctx, us, them := w.Context(), w.actor(x.to.token), w.actor(x.firm.token)
		_, err := w.Deny(ctx, us, x.id)
		x.refuses("nothing was said", err, errs.Conflict)
		before := x.must(w.OfferBy(ctx, them, x.id))
		for _, end := range []offer.Action{offer.Hold, offer.Reject, offer.Hire} {
			if end != offer.Hold {
				// Only the first word of the company does without a date.
				d := x.must(w.Propose(ctx, them, x.id, x.slots(3)))
				x.must(w.Choose(ctx, us, x.id, d.Dealing.Slots[0].ID))
				_, err = w.Proceed(ctx, them, x.id, offer.Hold)
				x.refuses("the chosen date is ahead", err, errs.Conflict)
				w.nextDay(4)
			}
			x.must(w.Proceed(ctx, them, x.id, offer.Hold))
			if end != offer.Hold {
				x.must(w.Proceed(ctx, them, x.id, end))
			}
			_, err = w.Deny(ctx, them, x.id)
			x.refuses("the company objects", err, errs.NotFound)
			d := x.must(w.Deny(ctx, us, x.id))
			x.must(w.Deny(ctx, us, x.id))
			if d.State != offer.Accepted || !d.HeldAt.IsZero() || !d.Dealing.HeldAt.IsZero() || !d.Dealing.EndedAt.IsZero() || d.Dealing.DeniedAt.IsZero() {
				w.Fatalf("after %s it is %s, %+v", end, d.State, d.Dealing)
			}
			if end == offer.Hold && (!d.Dealing.DatedAt.IsZero() || d.Dealing.DateBy != before.Dealing.DateBy || d.Dealing.HoldBy != before.Dealing.HoldBy) {
				w.Errorf("the clocks do not go on: %+v, before %+v", d.Dealing, before.Dealing)
			}
			d = x.must(w.OfferBy(ctx, them, x.id))
			if d.Dealing.DeniedAt.IsZero() {
				w.Error("the company does not see the objection")
			}
			_, err = w.Proceed(ctx, them, x.id, offer.Hold)
			x.refuses("held again", err, errs.Conflict)
			x.must(w.Proceed(ctx, them, x.id, offer.Schedule))
			_, err = w.Proceed(ctx, them, x.id, offer.Hold)
			x.refuses("a date that was agreed elsewhere", err, errs.Conflict)
		}
		x.wantBreaches("in time")
		w.nextDay(80)
		x.wantBreaches("never held", "interview")
		list, _, err := w.Breaches(ctx, operator(), 0, 1)
		if err != nil || len(list) != 1 || list[0].DeniedAt.IsZero() {
			w.Errorf("an operator sees %+v, %v", list, err)
		}
		kept, err := w.Export(ctx, us)
		if err != nil || len(kept.Offers) != 1 || kept.Offers[0].DeniedAt == nil {
			w.Errorf("the export says %+v, %v", kept.Offers, err)
		}
	})
}

const noKind = errs.Kind(0)

// TestObjectionsInTime allows an objection for 30 days, and not once the pay is
// confirmed, nor for a company that was blocked since.
func TestObjectionsInTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		then func(*dealing, market.Actor, market.Actor)
		want errs.Kind
	}{
		"the last day":  {func(x *dealing, _, _ market.Actor) { x.nextDay(offer.DenyDays) }, noKind},
		"the day after": {func(x *dealing, _, _ market.Actor) { x.nextDay(offer.DenyDays + 1) }, errs.Conflict},
		"pay confirmed": {func(x *dealing, us, them market.Actor) {
			x.must(x.Hire(x.Context(), them, x.id, ptr(600)))
			x.must(x.ConfirmPay(x.Context(), us, x.id, 600))
		}, errs.Conflict},
		"blocked": {func(x *dealing, _, them market.Actor) {
			x.must(x.Proceed(x.Context(), them, x.id, offer.Reject))
			x.block(x.to, x.firm.number)
		}, errs.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onStores(t, demo(), func(w *world) {
				x := dealt(w, "interview")
				us, them := w.actor(x.to.token), w.actor(x.firm.token)
				x.must(w.Proceed(w.Context(), them, x.id, offer.Hold))
				tt.then(x, us, them)
				_, err := w.Deny(w.Context(), us, x.id)
				if tt.want == noKind && err == nil {
					return
				}
				x.refuses("the objection", err, tt.want)
			})
		})
	}
}

// TestNobodyIsLeftToDealWith expects a company's steps to be refused once its candidate
// has left, and nothing to be unread.
func TestNobodyIsLeftToDealWith(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		x := dealt(w, "interview")
		ctx, us, them := w.Context(), w.actor(x.to.token), w.actor(x.firm.token)
		if _, err := w.Say(ctx, us, x.id, "質問です", market.Once{}); err != nil {
			w.Fatal(err)
		}
		if err := w.Erase(ctx, us); err != nil {
			w.Fatal(err)
		}
		d := x.must(w.OfferBy(ctx, them, x.id))
		if d.Unread != 0 || len(d.Proceeds()) != 0 || d.Talks {
			w.Errorf("the company sees %d unread, steps %v, talks %v", d.Unread, d.Proceeds(), d.Talks)
		}
		for _, a := range []offer.Action{offer.Hold, offer.Schedule} {
			_, err := w.Proceed(ctx, them, x.id, a)
			x.refuses(string(a), err, errs.Conflict)
		}
		_, err := w.Propose(ctx, them, x.id, x.slots(3))
		x.refuses("propose", err, errs.Conflict)
		for _, u := range x.must(w.OfferBy(ctx, them, x.id)).Duties {
			if u.Standing != offer.Void {
				w.Errorf("%s is %s, want void", u.Promise, u.Standing)
			}
		}
	})
}
