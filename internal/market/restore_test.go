package market_test

import (
	"slices"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// TestRestore makes a database that bears the mark one to be served, on every store: who has erased themselves is
// erased as they did it, and nothing that was kept elsewhere of it is believed any more.
func TestRestore(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, kept := demo(), newShelved()
			o.Actors = kept
			w := newWorld(t, open(t), o)
			kept.now = w.options.Clock
			gone, stays := w.someone(1), w.someone(2)
			w.drain()
			if _, err := w.image(w.Market); err != nil {
				t.Fatal(err)
			}
			who := w.actor(gone.token)
			w.actor(stays.token)
			if _, ok := kept.Find(t.Context(), account.TokenHash(gone.token)); !ok {
				t.Fatal("no actor was kept")
			}
			restore := func() (int, error) {
				return market.Restore(t.Context(), w.records, w.vault, w.options, []int64{who.Candidate, who.Candidate + 1000})
			}
			if _, err := restore(); !errs.Is(err, errs.Conflict) {
				t.Errorf("while it is served: %v", err)
			}
			w.must(w.records.Write(t.Context(), func(tx market.Tx) error { return tx.SetSetting(market.TransferMark, "replace x") }))
			if _, err := market.Open(t.Context(), w.records, w.vault, w.options, nil); !errs.Is(err, errs.Denied) {
				t.Errorf("it is opened meanwhile: %v", err)
			}
			for _, want := range []int{1, 0} { // the second time there is nothing left to do
				if n, err := restore(); err != nil || n != want {
					t.Errorf("erased %d, %v; want %d", n, err, want)
				}
			}
			w.must(w.records.Write(t.Context(), func(tx market.Tx) error { return tx.SetSetting(market.TransferMark, "") }))
			w.Market = w.open()
			if n := len(w.shelf.passedOver); n != 1 || !strings.Contains(w.shelf.passedOver[0], "of another installation") {
				t.Errorf("passed over: %q", w.shelf.passedOver)
			}
			if _, err := w.Authenticate(t.Context(), gone.token); !errs.Is(err, errs.Unauthenticated) {
				t.Errorf("an actor of before is believed: %v", err)
			}
			w.actor(stays.token)
			list, _, err := market.ReadAudit(t.Context(), w.records, w.vault, w.options, nil, market.EntryFilter{What: market.AuditErase}, 0, 9)
			if err != nil || len(list) != 1 || list[0].Entity != who.Candidate || list[0].Account != who.Account {
				t.Errorf("the audit log has %+v, %v", list, err)
			}
			w.drain()
			w.must(w.records.Read(t.Context(), func(tx market.Tx) error {
				rows, err := tx.Rows(0, 1000)
				if !slices.ContainsFunc(rows, func(r market.Row) bool { return r.Change == market.CandidateErased && r.Entity == who.Candidate }) {
					t.Errorf("the log does not tell of it: %+v", rows)
				}
				return err
			}))
		})
	}
}
