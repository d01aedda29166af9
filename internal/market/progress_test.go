package market_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/market"
	"enishi/internal/offer"
)

// TestDashboard lets offers of one company come as far as they can, and compares every
// figure with what was done; another company sees none of it.
func TestDashboard(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f, other := w.firm(1, 0), w.firm(2, 0)
		w.order(f, w.post(f, publishable()), plain())
		empty := w.dashboard(f)
		if diff := cmp.Diff(market.Funnel{}, empty.All); diff != "" || len(empty.Days) != 30 || len(empty.Rules) != 1 {
			w.Fatalf("of nobody: %+v", empty)
		}
		people := make([]person, 9)
		for i := range people {
			people[i] = w.someone(i, func(in *market.SignUp) { in.Profile.Name = "縁 花子" })
		}
		w.drain()
		step := func(i int, all ...offer.Action) {
			w.Helper()
			o := w.first(people[i])
			for _, a := range all {
				var err error
				switch a {
				case offer.See:
					_, err = w.OfferTo(w.Context(), w.actor(people[i].token), o.ID)
				case offer.Accept, offer.Decline:
					_, err = w.Answer(w.Context(), w.actor(people[i].token), o.ID, a)
				default:
					w.pass(24 * time.Hour)
					_, err = w.Proceed(w.Context(), w.actor(f.token), o.ID, a)
				}
				if err != nil {
					w.Fatalf("%s: %v", a, err)
				}
			}
		}
		step(1, offer.See)
		step(2, offer.Decline) // a moment ago, unopened: looks seen
		fresh := w.dashboard(f)
		if diff := cmp.Diff(market.Funnel{Sent: 9, Seen: 2}, fresh.All); diff != "" {
			w.Errorf("with a fresh decline (-want +got):\n%s", diff)
		}
		w.pass(offer.UndoWindow + time.Second)
		w.drain()
		w.block(people[3], f.number)
		step(4, offer.Accept)
		step(5, offer.Accept, offer.Schedule)
		step(6, offer.Accept, offer.Schedule, offer.Hold)
		step(7, offer.Accept, offer.Hold, offer.Hire) // no date was noted
		step(8, offer.Accept, offer.Schedule, offer.Hold, offer.Reject)
		w.drain()
		got := w.dashboard(f)
		want := market.Funnel{Sent: 9, Seen: 7, Accepted: 5, Scheduled: 4, Held: 3, Hired: 1, Replied: 6}
		if diff := cmp.Diff(want, got.All); diff != "" {
			w.Errorf("the whole (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, got.Rules[0].Funnel); diff != "" || got.Rules[0].Position.Terms.Title == "" {
			w.Errorf("the rule's (-want +got):\n%s", diff)
		}
		if got.Interviews != 3 || got.Course != 48*time.Hour {
			w.Errorf("%d interviews after %v, want 3 after two days", got.Interviews, got.Course)
		}
		columns := map[market.Column]int{
			market.ColumnSent: 2, market.ColumnAccepted: 1, market.ColumnScheduled: 1, market.ColumnHeld: 1, market.ColumnHired: 1, market.ColumnOver: 3,
		}
		if diff := cmp.Diff(columns, got.Board); diff != "" {
			w.Errorf("columns (-want +got):\n%s", diff)
		}
		w.boarded(f, columns)
		w.asEach(f)
		for _, p := range people {
			w.inboxAsEach(p)
		}
		if theirs := w.dashboard(other); theirs.All != (market.Funnel{}) || len(theirs.Board) != 0 || len(theirs.Rules) != 0 {
			w.Errorf("another company sees %+v", theirs)
		}
		if _, err := w.Board(w.Context(), w.actor(other.token), market.BoardQuery{Rule: got.Rules[0].Rule.ID, Limit: 5}); err == nil {
			w.Error("another company's rule narrows a board")
		}
	})
}

func (w *world) dashboard(f firm) market.Dashboard {
	w.Helper()
	d, err := w.Dashboard(w.Context(), w.actor(f.token), 30)
	if err != nil {
		w.Fatalf("dashboard: %v", err)
	}
	return d
}

// boarded compares a board, read card by card, with how many are in each column.
func (w *world) boarded(f firm, columns map[market.Column]int) {
	w.Helper()
	for _, c := range market.Columns() {
		n, after := 0, ""
		for {
			b, err := w.Board(w.Context(), w.actor(f.token), market.BoardQuery{Column: c, After: after, Limit: 1})
			if err != nil || len(b.Columns) != 1 || b.Columns[0].All != columns[c] {
				w.Fatalf("column %s: %+v, %v", c, b, err)
			}
			for _, card := range b.Columns[0].Cards {
				n++
				known := c != market.ColumnSent && c != market.ColumnOver
				vanished := card.State == offer.Expired // their block is told as no more than that
				if (card.Name != "") != known || (card.Card == "") != vanished {
					w.Errorf("a card in %s has the name %q and the id %q", c, card.Name, card.Card)
				}
			}
			if after = b.Columns[0].Next; after == "" {
				break
			}
		}
		if n != columns[c] {
			w.Errorf("column %s has %d cards, want %d", c, n, columns[c])
		}
	}
}
