package market_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

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
		batch, err := w.Waiting(w.Context(), a, r.ID, 0, 10)
		waiting := batch.List
		if err != nil || len(waiting) != 3 || batch.Total != 3 || batch.Next != 0 || waiting[0].Card.Profile.Name != "" || waiting[0].Card.Profile.Text != "" {
			w.Fatalf("waiting: %+v, %v; want three cards without names", waiting, err)
		}
		k, err := w.Employer(w.Context(), a)
		if err != nil {
			w.Fatal(err)
		}
		w.block(blocking, k.Number)
		first, err := w.Waiting(w.Context(), a, r.ID, 0, 1)
		if err != nil || len(first.List) != 1 || first.Total != 2 || first.Next == 0 {
			w.Fatalf("waiting: %+v, %v; want one of two, and a next part", first, err)
		}
		rest, err := w.Waiting(w.Context(), a, r.ID, first.Next, 1)
		if err != nil || len(rest.List) != 1 || rest.Total != 2 || rest.Next != 0 || rest.List[0].Offer == first.List[0].Offer {
			w.Fatalf("waiting: %+v, %v; want the other of two, and no next part", rest, err)
		}
		waiting = slices.Concat(first.List, rest.List)
		card := w.cardOf(f, left.id)
		i := slices.IndexFunc(waiting, func(one market.Waiting) bool { return one.Card.ID == card })
		if n, err := w.ConfirmProposals(w.Context(), a, r.ID, waiting[i].Offer); err != nil || n.Sent != 1 {
			w.Fatalf("confirmed %+v, %v; want 1", n, err)
		}
		w.wantStates(left, offer.Proposed)
		w.wantStates(taken, offer.Sent)
	})
}

// Who comes to a batch after it was shown is not sent to by a choice among those shown.
func TestTheChosenOfABatchAreSentTo(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Approve, Demo: true}, func(w *world) {
		f := w.firm(1, 0)
		r := w.order(f, w.post(f, publishable()), plain())
		shown := w.someone(1)
		w.drain()
		a := w.actor(f.token)
		batch, err := w.Waiting(w.Context(), a, r.ID, 0, 10)
		if err != nil || len(batch.List) != 1 {
			w.Fatalf("waiting: %+v, %v; want one", batch, err)
		}
		late := w.someone(2)
		w.drain()
		if n, err := w.ConfirmChosen(w.Context(), a, r.ID, nil); err != nil || n != (market.Confirmed{}) {
			w.Fatalf("confirmed %+v, %v; want nobody", n, err)
		}
		if n, err := w.ConfirmChosen(w.Context(), a, r.ID, []uuid.UUID{batch.List[0].Offer}); err != nil || n.Sent != 1 {
			w.Fatalf("confirmed %+v, %v; want 1", n, err)
		}
		w.wantStates(shown, offer.Sent)
		w.wantStates(late, offer.Proposed)
	})
}

// Of who waits a company is told how many they are at each rule that sends, and until
// when: the same people whom the batch lists.
func TestHowManyWait(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Approve, Demo: true}, func(w *world) {
		f, other := w.firm(1, 0), w.firm(2, 0)
		p := w.post(f, publishable())
		r, paused := w.order(f, p, plain()), w.order(f, w.post(f, publishable()), plain())
		a := w.actor(f.token)
		waits := func(want ...market.RuleBacklog) {
			w.Helper()
			got, err := w.Backlogs(w.Context(), a)
			if err != nil {
				w.Fatal(err)
			}
			if diff := diff(want, got); diff != "" {
				w.Errorf("Backlogs (-want +got):\n%s", diff)
			}
		}
		waits()
		blocking := w.someone(1)
		w.drain()
		w.pass(time.Hour)
		closing := w.someone(2)
		w.someone(3)
		w.drain()
		if _, err := w.Pause(w.Context(), a, paused.ID); err != nil {
			w.Fatal(err)
		}
		first := w.Now().Add(offer.ProposeWindow - time.Hour)
		waits(market.RuleBacklog{Rule: r.ID, Title: p.Terms.Title, Backlog: market.Backlog{People: 3, Until: first}})
		k, err := w.Employer(w.Context(), a)
		if err != nil {
			w.Fatal(err)
		}
		w.block(blocking, k.Number)
		left := market.RuleBacklog{Rule: r.ID, Title: p.Terms.Title, Backlog: market.Backlog{People: 2, Until: first.Add(time.Hour)}}
		waits(left)
		if _, err := w.SetSettings(w.Context(), w.actor(closing.token), 1, market.Settings{WeeklyLimit: 10, Language: "ja"}); err != nil {
			w.Fatal(err)
		}
		left.People = 1
		waits(left)
		batch, err := w.Waiting(w.Context(), a, r.ID, 0, 10)
		if err != nil || batch.Total != left.People {
			w.Errorf("Waiting: %d, %v; want %d", batch.Total, err, left.People)
		}
		if theirs, err := w.Backlogs(w.Context(), w.actor(other.token)); err != nil || theirs != nil {
			w.Errorf("another company reads %+v, %v", theirs, err)
		}
	})
}

// Whoever has not confirmed their address is counted apart from whom an offer was sent to.
func TestWhoIsConfirmedBeforeTheirAddress(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Approve}, func(w *world) {
		f := w.firm(1, 0)
		r := w.order(f, w.post(f, publishable()), plain())
		known, unknown := w.someone(1), w.someone(2)
		if err := w.Confirm(w.Context(), w.actor(known.token), known.code); err != nil {
			w.Fatal(err)
		}
		w.drain()
		a := w.actor(f.token)
		done, err := w.ConfirmProposals(w.Context(), a, r.ID)
		if err != nil || done != (market.Confirmed{Sent: 1, Reserved: 1}) {
			w.Fatalf("confirmed %+v, %v; want one sent and one reserved", done, err)
		}
		w.wantStates(known, offer.Sent)
		w.wantStates(unknown, offer.Reserved)
		page, _, err := w.Audit(w.Context(), a, market.EntryFilter{What: market.AuditBatch}, 0, 9)
		if err != nil || len(page) != 1 || page[0].N != 2 {
			w.Errorf("the audit log has %+v, %v; want one batch of 2", page, err)
		}
	})
}
