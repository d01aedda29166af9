package market_test

import (
	"testing"

	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// TestDisputedPay lists what the two sides of a hire say differently, and lets them say
// it again.
func TestDisputedPay(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		terms := publishable()
		terms.PayMin, terms.PayMax = ptr(600), ptr(900)
		w.order(f, w.post(f, terms), plain())
		p := w.someone(1)
		w.drain()
		x := &dealing{world: w, firm: f, to: p, id: w.first(p).ID}
		w.answer(p, w.first(p), offer.Accept, nil)
		ctx, us, them := w.Context(), w.actor(p.token), w.actor(f.token)
		wants := func(what string, want ...market.Dispute) {
			w.Helper()
			list, next, err := w.Disputes(ctx, operator(), 0, 10)
			if err != nil || next != 0 || len(list) != len(want) {
				w.Fatalf("%s: disputed are %+v, %d, %v, want %+v", what, list, next, err, want)
			}
			for i := range want {
				got := list[i]
				if got.Offer != want[i].Offer || got.Said != want[i].Said || got.Confirmed != want[i].Confirmed || got.Breach != want[i].Breach || got.Offered == nil || *got.Offered != 600 || got.HiredAt.IsZero() {
					w.Errorf("%s: disputed is %+v, want %+v", what, got, want[i])
				}
			}
		}
		x.must(w.Proceed(ctx, them, x.id, offer.Hold))
		x.must(w.Hire(ctx, them, x.id, ptr(700)))
		wants("only the company has said it")
		x.must(w.ConfirmPay(ctx, us, x.id, 530))
		wants("they differ", market.Dispute{Offer: x.id, Said: 700, Confirmed: 530, Breach: true})
		for _, other := range []market.Actor{us, them} {
			_, _, err := w.Disputes(ctx, other, 0, 10)
			x.refuses("disputes are of operators", err, errs.Denied)
			x.refuses("only operators reopen", w.ReopenPay(ctx, other, x.id), errs.Denied)
		}
		for range 2 { // a repeat changes nothing
			if err := w.ReopenPay(ctx, operator(), x.id); err != nil {
				w.Fatal(err)
			}
		}
		wants("it is reopened")
		entries, _, err := w.Audit(ctx, operator(), market.EntryFilter{What: market.AuditReopenPay}, 0, 10)
		if err != nil || len(entries) != 1 || entries[0].About != x.id.String() || entries[0].N != 0 {
			w.Errorf("the audit log says %+v, %v, want one entry of the offer, without an amount", entries, err)
		}
		x.must(w.Hire(ctx, them, x.id, ptr(680))) // the company mends its figure
		x.must(w.ConfirmPay(ctx, us, x.id, 680))
		wants("they agree")
		x.must(w.Hire(ctx, them, x.id, ptr(680))) // repeats
		x.must(w.ConfirmPay(ctx, us, x.id, 680))
		w.tellsOfPay(x, them)
		x.refuses("they agree", w.ReopenPay(ctx, operator(), x.id), errs.Conflict)
	})
}

// tellsOfPay looks in the audit log for what was said of an offer's pay: to an operator
// all, to the company what its own members did, and to nobody a figure.
func (w *world) tellsOfPay(x *dealing, them market.Actor) {
	w.Helper()
	reads := func(as market.Actor, want ...market.Audited) {
		w.Helper()
		entries, _, err := w.Audit(w.Context(), as, market.EntryFilter{}, 0, 99)
		if err != nil {
			w.Fatal(err)
		}
		var got []market.Audited
		for _, e := range entries {
			if e.Kind != market.SubjectOffer {
				continue
			}
			got = append(got, e.What)
			if e.About != x.id.String() || e.N != 0 || e.Digest != nil {
				w.Errorf("the audit log says %+v, want an entry of the offer, without an amount", e)
			}
		}
		if diff := diff(want, got); diff != "" {
			w.Errorf("entries of kind %s (-want +got):\n%s", as.Kind, diff)
		}
	}
	reads(operator(), market.AuditConfirmPay, market.AuditMendPay, market.AuditReopenPay, market.AuditConfirmPay, market.AuditSayPay, market.AuditHire)
	reads(them, market.AuditMendPay, market.AuditReopenPay, market.AuditSayPay, market.AuditHire)
}
