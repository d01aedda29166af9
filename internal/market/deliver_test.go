package market_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"enishi/internal/company"
	"enishi/internal/market"
	"enishi/internal/store"
)

// No statement behind the pages of a company, a candidate or an operator reads a whole
// table, and a board's columns are counted in an index alone.
func TestPlansOfPages(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	t.Parallel()
	w, path := proportion(t, 30)
	s, ok := w.raw.(*store.Store)
	if !ok {
		t.Fatalf("the store is a %T", w.raw)
	}
	before := s.Statements()
	w.asEach(w.firm(20_000, 0))
	w.inboxAsEach(w.someone(200_000))
	if _, err := w.FindCompanies(w.Context(), operator(), "", company.Applied, 0, 10); err != nil {
		t.Fatal(err)
	}
	all := slices.DeleteFunc(s.Statements(), func(q string) bool { return slices.Contains(before, q) })
	noScan(t, path, all)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	i := slices.IndexFunc(all, func(q string) bool { return strings.Contains(q, "THEN state ELSE 'over' END, COUNT(*)") })
	if i < 0 || !slices.ContainsFunc(plan(t, db, all[i]), func(step string) bool { return strings.Contains(step, "COVERING INDEX offer_board") }) {
		t.Errorf("the columns are not counted in an index alone, statement %d of %d", i, len(all))
	}
}

// verifyLists holds what is read together to what is read alone, for everybody.
func (h *history) verifyLists() {
	h.Helper()
	for _, f := range h.firms {
		h.asEach(f)
	}
	for _, p := range h.people {
		if _, err := h.Authenticate(h.Context(), p.token); err == nil { // they may have left
			h.inboxAsEach(p)
		}
	}
}

// asEach holds what lists and figures give of a company that is read together to what
// is given of each offer and of each rule alone.
func (w *world) asEach(f firm) {
	w.Helper()
	actor := w.actor(f.token)
	board, err := w.Board(w.Context(), actor, market.BoardQuery{Limit: 1000})
	if err != nil {
		w.Fatalf("board: %v", err)
	}
	counted := map[market.Column]int{}
	var owed []market.BoardCard
	for _, c := range board.Columns {
		one, err := w.Board(w.Context(), actor, market.BoardQuery{Column: c.Column, Limit: 1000})
		if err != nil {
			w.Fatalf("column %s: %v", c.Column, err)
		}
		if diff := cmp.Diff(one.Columns[0], c, cmpopts.EquateEmpty()); diff != "" {
			w.Errorf("column %s (-alone +on the board):\n%s", c.Column, diff)
		}
		if c.All != len(c.Cards) {
			w.Errorf("column %s says that it has %d cards, and has %d", c.Column, c.All, len(c.Cards))
		}
		if c.All > 0 {
			counted[c.Column] = c.All
		}
		for _, card := range c.Cards {
			w.alone(actor, "on the board", card.Delivered)
		}
		if c.Column == market.ColumnAccepted {
			owed = c.Cards
		}
	}
	list, _, err := w.OffersBy(w.Context(), actor, nil, 0, 1000)
	if err != nil {
		w.Fatalf("offers of a company: %v", err)
	}
	for _, d := range list {
		w.alone(actor, "in the list", d)
	}
	figures, err := w.Dashboard(w.Context(), actor, 180)
	if err != nil {
		w.Fatalf("dashboard: %v", err)
	}
	if diff := cmp.Diff(counted, figures.Board); diff != "" {
		w.Errorf("cards by column (-board +dashboard):\n%s", diff)
	}
	if diff := cmp.Diff(owed[:min(len(owed), market.MostOwed)], figures.Owed, cmpopts.EquateEmpty()); diff != "" {
		w.Errorf("who waits for a date (-board +dashboard):\n%s", diff)
	}
	w.rulesAsEach(actor, figures.Rules)
}

// rulesAsEach compares the rules of a company, in their list and in its figures, with
// each alone.
func (w *world) rulesAsEach(actor market.Actor, figures []market.RuleFunnel) {
	w.Helper()
	rules, err := w.Rules(w.Context(), actor, 0, 1000)
	if err != nil {
		w.Fatalf("rules: %v", err)
	}
	figures = slices.DeleteFunc(slices.Clone(figures), func(r market.RuleFunnel) bool { return r.Rule.ID == uuid.Nil })
	slices.SortFunc(figures, func(a, b market.RuleFunnel) int { return int(a.Rule.Key - b.Rule.Key) })
	if len(rules) != len(figures) {
		w.Fatalf("%d rules in the list, %d in the figures", len(rules), len(figures))
	}
	for i, r := range rules {
		one, err := w.Rule(w.Context(), actor, r.ID)
		if err != nil {
			w.Fatalf("a rule: %v", err)
		}
		if diff := cmp.Diff(one, r, cmpopts.EquateEmpty()); diff != "" {
			w.Errorf("a rule in the list (-alone +there):\n%s", diff)
		}
		if diff := cmp.Diff(one, figures[i].Rule, cmpopts.EquateEmpty()); diff != "" {
			w.Errorf("a rule in the figures (-alone +there):\n%s", diff)
		}
		if figures[i].Position.ID != one.PositionID {
			w.Errorf("a rule in the figures has the position %s, want %s", figures[i].Position.ID, one.PositionID)
		}
		funnel, err := w.RuleFunnel(w.Context(), actor, r.ID, 180)
		if err != nil {
			w.Fatalf("how far a rule's offers came: %v", err)
		}
		if diff := cmp.Diff(funnel, figures[i].Funnel); diff != "" {
			w.Errorf("how far a rule's offers came (-alone +there):\n%s", diff)
		}
	}
}

// alone compares an offer with what its company is given of it alone.
func (w *world) alone(actor market.Actor, where string, got market.Delivered) {
	w.Helper()
	want, err := w.OfferBy(w.Context(), actor, got.ID)
	if err != nil {
		w.Fatalf("an offer: %v", err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		w.Errorf("an offer %s (-alone +there):\n%s", where, diff)
	}
}

// inboxAsEach holds a candidate's offers together to each alone.
func (w *world) inboxAsEach(p person) {
	w.Helper()
	actor := w.actor(p.token)
	list, _, err := w.OffersTo(w.Context(), actor, 0, 1000)
	if err != nil {
		w.Fatalf("offers of a person: %v", err)
	}
	var ids []uuid.UUID
	for _, d := range list {
		ids = append(ids, d.ID)
		one, err := w.OffersOf(w.Context(), actor, d.ID)
		if err != nil {
			w.Fatalf("an offer: %v", err)
		}
		if diff := cmp.Diff(one[0], d, cmpopts.EquateEmpty()); diff != "" {
			w.Errorf("an offer of a person (-alone +there):\n%s", diff)
		}
	}
	slices.Reverse(ids)
	turned, err := w.OffersOf(w.Context(), actor, ids...)
	if err != nil {
		w.Fatalf("some offers: %v", err)
	}
	slices.Reverse(turned)
	if diff := cmp.Diff(list, turned, cmpopts.EquateEmpty()); diff != "" && len(list) > 0 {
		w.Errorf("some offers (-list +by id):\n%s", diff)
	}
}
