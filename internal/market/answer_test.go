package market_test

import (
	"testing"

	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// TestStepsOfOthers lets each side try the steps of the other, and strangers
// try any.
func TestStepsOfOthers(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f, rival := w.firm(1, 0), w.firm(2, 0)
		w.order(f, w.post(f, publishable()), plain())
		p, stranger := w.someone(1), w.someone(2)
		w.drain()
		o := w.first(p)
		ctx, candidate, company := w.Context(), w.actor(p.token), w.actor(f.token)
		for _, a := range []offer.Action{offer.Confirm, offer.Lapse, offer.See, offer.Expire, offer.Schedule, offer.Hold, offer.Hire, offer.Reject} {
			if _, err := w.Answer(ctx, candidate, o.ID, a); !errs.Is(err, errs.Denied) {
				w.Errorf("the candidate takes the step %s: %v", a, err)
			}
		}
		for _, a := range []offer.Action{offer.Confirm, offer.Lapse, offer.See, offer.Expire, offer.Accept, offer.Decline, offer.Undo} {
			if _, err := w.Proceed(ctx, company, o.ID, a); !errs.Is(err, errs.Denied) {
				w.Errorf("the company takes the step %s: %v", a, err)
			}
		}
		for name, err := range map[string]error{
			"a stranger accepts":          answered(w.Answer(ctx, w.actor(stranger.token), o.ID, offer.Accept)),
			"the company accepts":         answered(w.Answer(ctx, company, o.ID, offer.Accept)),
			"a stranger opens it":         answered(w.OfferTo(ctx, w.actor(stranger.token), o.ID)),
			"the company opens it as own": answered(w.OfferTo(ctx, company, o.ID)),
			"a rival reads it":            answered(w.OfferBy(ctx, w.actor(rival.token), o.ID)),
			"a rival schedules it":        answered(w.Proceed(ctx, w.actor(rival.token), o.ID, offer.Schedule)),
		} {
			if !errs.Is(err, errs.NotFound) {
				w.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.Proceed(ctx, candidate, o.ID, offer.Schedule); !errs.Is(err, errs.Denied) {
			w.Errorf("the candidate schedules: %v", err)
		}
		w.wantStates(p, offer.Sent) // unseen, too
		if _, err := w.Proceed(ctx, company, o.ID, offer.Withdraw); !errs.Is(err, errs.Conflict) {
			w.Errorf("the company takes back what is not accepted: %v", err)
		}
		w.answer(p, o, offer.Accept, nil)
		for _, a := range []offer.Action{offer.Schedule, offer.Schedule, offer.Hold, offer.Hire} {
			if _, err := w.Proceed(ctx, company, o.ID, a); err != nil {
				w.Errorf("the company takes the step %s: %v", a, err)
			}
		}
		w.wantStates(p, offer.Hired)
	})
}

func answered(_ market.Delivered, err error) error { return err }
