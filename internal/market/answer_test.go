package market_test

import (
	"testing"

	"enishi/internal/company"
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

// TestUnverifiedCompanySeesNobody asks as a company that no operator has
// verified, or that is suspended.
func TestUnverifiedCompanySeesNobody(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Auto}, func(w *world) {
		for i := range 12 {
			w.someone(i)
		}
		f, err := w.Found(w.Context(), market.Found{Number: numbered(1), Name: "会社", Email: "k@example.jp"}, market.Once{})
		if err != nil {
			w.Fatalf("found a company: %v", err)
		}
		self := firm{f.ID, numbered(1), f.Token}
		p := w.post(self, publishable())
		in := plain()
		in.Position = p.ID
		cards, err := w.vault.Cards(f.ID)
		if err != nil {
			w.Fatalf("cards: %v", err)
		}
		var card string
		for _, c := range readRows(w, w.records.Store).candidates {
			card = cards.Of(c.ID)
		}
		want := func(kind errs.Kind) {
			w.Helper()
			ctx, a := w.Context(), w.actor(f.Token)
			_, errSearch := w.Search(ctx, a, market.SearchInput{Condition: all()})
			_, errPreview := w.Preview(ctx, a, in)
			_, errCard := w.OpenCard(ctx, a, card)
			for what, err := range map[string]error{"search": errSearch, "preview": errPreview, "card": errCard} {
				if (err == nil) != (kind == errs.Internal) || errs.KindOf(err) != kind {
					w.Errorf("%s: %v, want %s", what, err, kind)
				}
			}
		}
		want(errs.Denied)
		r, err := w.AddRule(w.Context(), w.actor(f.Token), in, market.Once{})
		if err != nil {
			w.Fatalf("add a rule: %v", err)
		}
		if _, shown, err := w.Activate(w.Context(), w.actor(f.Token), r.ID); err != nil || shown != nil {
			w.Fatalf("activating shows %+v, %v", shown, err)
		}
		w.drain()
		w.spent(self, r, 0, 0)
		for _, s := range []company.Status{company.Verified, company.Suspended, company.Verified} {
			if _, err := w.SetStatus(w.Context(), operator(), f.ID, s); err != nil {
				w.Fatalf("set the status %s: %v", s, err)
			}
			w.drain()
			kind := errs.Denied
			if s == company.Verified {
				kind = errs.Internal // no error
			}
			want(kind)
		}
	})
}
