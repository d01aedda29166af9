package market_test

import (
	"slices"
	"testing"

	"enishi/internal/market"
	"enishi/internal/offer"
)

// A batch shows cards as lists do, of those alone who have not blocked the company, and
// goes on waiting for those who are left out.
func TestWhoWaitsInABatch(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Approve, Demo: true}, func(w *world) {
		f := w.firm(1, 0)
		r := w.order(f, w.post(f, publishable()), plain())
		named := func(in *market.SignUp) { in.Profile.Name, in.Profile.Text = "山田花子", "山田です" }
		left, taken, blocking := w.someone(1, named), w.someone(2, named), w.someone(3, named)
		w.drain()
		a := w.actor(f.token)
		waiting, err := w.Waiting(w.Context(), a, r.ID, 10)
		if err != nil || len(waiting) != 3 || waiting[0].Card.Profile.Name != "" || waiting[0].Card.Profile.Text != "" {
			w.Fatalf("waiting: %+v, %v; want three cards without names", waiting, err)
		}
		k, err := w.Employer(w.Context(), a)
		if err != nil {
			w.Fatal(err)
		}
		w.block(blocking, k.Number)
		if waiting, err = w.Waiting(w.Context(), a, r.ID, 10); err != nil || len(waiting) != 2 {
			w.Fatalf("waiting: %d, %v; want 2", len(waiting), err)
		}
		card := w.cardOf(f, left.id)
		i := slices.IndexFunc(waiting, func(one market.Waiting) bool { return one.Card.ID == card })
		if n, err := w.ConfirmProposals(w.Context(), a, r.ID, waiting[i].Offer); err != nil || n != 1 {
			w.Fatalf("confirmed %d, %v; want 1", n, err)
		}
		w.wantStates(left, offer.Proposed)
		w.wantStates(taken, offer.Sent)
	})
}
