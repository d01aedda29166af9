package storetest

import (
	"errors"
	"testing"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

func past() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"what people received":     receivedOffers,
		"editions of the past":     editions,
		"what was spent before":    spentBefore,
		"an edition is made once":  editionTwice,
		"an edition comes or not":  editionFails,
		"nothing was received yet": nothingReceived,
	}
}

func receivedOffers(t *testing.T, s market.Store) {
	var all []*offer.Offer
	for i, o := range []struct {
		candidate int64
		state     offer.State
		on        day.Day
	}{
		{2, offer.Sent, today},
		{1, offer.Declined, today - 1},
		{2, offer.Proposed, today},
		{2, offer.Reserved, today},
		{2, offer.Lapsed, today},
		{2, offer.Withdrawn, today - 2},
		{3, offer.Expired, today - 3},
		{4, offer.Sent, today},
	} {
		n := newOffer(int64(10+i), int64(20+i))
		n.Candidate, n.State, n.SentDay, n.Company, n.PositionVersion, n.Rule = o.candidate, o.state, o.on, int64(30+i), int64(40+i), int64(50+i)
		all = append(all, n)
	}
	write(t, s, func(tx market.Tx) error {
		for _, o := range all {
			if err := tx.AddOffer(o); err != nil {
				return err
			}
		}
		return nil
	})
	of := func(i int) market.Received {
		return market.Received{Candidate: all[i].Candidate, Company: all[i].Company, Position: all[i].Position, PositionVersion: all[i].PositionVersion}
	}
	received := func(after, until int64, from, to day.Day) []market.Received {
		return load(t, s, func(tx market.Tx) ([]market.Received, error) { return tx.Received(after, until, from, to) })
	}
	want(t, "Received", received(0, 4, today-3, today), []market.Received{of(1), of(0), of(5), of(6), of(7)})
	want(t, "Received by those between two keys", received(1, 3, today-3, today), []market.Received{of(0), of(5), of(6)})
	want(t, "Received on some days", received(0, 4, today-2, today-1), []market.Received{of(1), of(5)})
}

func nothingReceived(t *testing.T, s market.Store) {
	want(t, "Received", load(t, s, func(tx market.Tx) ([]market.Received, error) { return tx.Received(0, 99, 0, today) }), nil)
	want(t, "Editions", load(t, s, market.Tx.Editions), nil)
	want(t, "PastAtoms", load(t, s, market.Tx.PastAtoms), nil)
	want(t, "SpentBefore", load(t, s, func(tx market.Tx) (map[int64]int, error) { return tx.SpentBefore(today) }), nil)
}

// samplePast gives an edition's cells and atoms.
func samplePast(n int) ([]market.PastCell, []market.PastAtom) {
	cells := []market.PastCell{
		{Name: "", People: n, Companies: 4, Pay: market.Spread{Low: 400, Median: 500, High: 610}, Occupations: []string{"0312"}},
		{Name: "03/1", People: 5, Companies: 3, Occupations: []string{}},
		{Name: "03/1/r-kanto", People: 5, Companies: 3, Occupations: []string{"0312", "0313"}},
	}
	atoms := []market.PastAtom{
		{Name: "*", People: []market.Recipient{{Candidate: 1, Pay: 500, Companies: []int64{1, 2}, Occupations: []string{"0312"}}, {Candidate: int64(n), Pay: 1, Companies: []int64{3}}}},
		{Name: "03/1/r-kanto", People: []market.Recipient{{Candidate: 1 << 50, Pay: 400, Companies: []int64{1}, Occupations: []string{}}}},
	}
	return cells, atoms
}

func publish(t *testing.T, s market.Store, from day.Day, n int, before day.Day) {
	t.Helper()
	cells, atoms := samplePast(n)
	write(t, s, func(tx market.Tx) error {
		return tx.Publish(market.Edition{From: from, Until: from - 2}, cells, atoms, before)
	})
}

func editions(t *testing.T, s market.Store) {
	cellsOf := func(from day.Day) []market.PastCell {
		return load(t, s, func(tx market.Tx) ([]market.PastCell, error) { return tx.PastCells(from) })
	}
	publish(t, s, today, 7, today)
	publish(t, s, today+1, 8, today)
	want(t, "Editions", load(t, s, market.Tx.Editions), []market.Edition{{From: today + 1, Until: today - 1}, {From: today, Until: today - 2}})
	seven, _ := samplePast(7)
	eight, atoms := samplePast(8)
	want(t, "PastCells of the first", cellsOf(today), seven)
	want(t, "PastCells of the second", cellsOf(today+1), eight)
	want(t, "PastCells of none", cellsOf(today+2), nil)
	want(t, "PastAtoms", load(t, s, market.Tx.PastAtoms), atoms)
	publish(t, s, today+2, 9, today+1)
	want(t, "PastCells of one that was removed", cellsOf(today), nil)
	if n := len(load(t, s, market.Tx.Editions)); n != 2 {
		t.Errorf("%d editions are left, want 2", n)
	}
	err := s.Read(t.Context(), func(tx market.Tx) error { return tx.Publish(market.Edition{From: 1}, nil, nil, 0) })
	wantKind(t, "Publish in a transaction that reads", err, errs.Internal)
}

func editionTwice(t *testing.T, s market.Store) {
	publish(t, s, today, 7, today)
	refused(t, s, "Publish of a day that has an edition", errs.Conflict, func(tx market.Tx) error {
		return tx.Publish(market.Edition{From: today}, nil, nil, today)
	})
}

func editionFails(t *testing.T, s market.Store) {
	publish(t, s, today, 7, today)
	err := s.Write(t.Context(), func(tx market.Tx) error {
		if err := tx.Publish(market.Edition{From: today + 1}, nil, nil, today+1); err != nil {
			return err
		}
		return errStop
	})
	if err == nil {
		t.Error("a transaction that failed was written")
	}
	seven, atoms := samplePast(7)
	want(t, "Editions after one failed", load(t, s, market.Tx.Editions), []market.Edition{{From: today, Until: today - 2}})
	want(t, "PastCells after one failed", load(t, s, func(tx market.Tx) ([]market.PastCell, error) { return tx.PastCells(today) }), seven)
	want(t, "PastAtoms after one failed", load(t, s, market.Tx.PastAtoms), atoms)
}

func spentBefore(t *testing.T, s market.Store) {
	a, b := newRule(1, 1), newRule(1, 1)
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddRule(a), tx.AddRule(b)) })
	spend := func(on, now day.Day, n int) {
		t.Helper()
		write(t, s, func(tx market.Tx) error { return tx.Spend(a.Key, on, now, n) })
	}
	before := func(on day.Day) map[int64]int {
		return load(t, s, func(tx market.Tx) (map[int64]int, error) { return tx.SpentBefore(on) })
	}
	spend(today, today, 3)
	want(t, "SpentBefore on the first day", before(today), map[int64]int{})
	want(t, "SpentBefore on the next", before(today+1), map[int64]int{a.Key: 3})
	spend(today+1, today+1, 2)
	spend(today, today+1, -1) // what was taken the day before comes back
	want(t, "SpentBefore after spending and giving back", before(today+1), map[int64]int{a.Key: 3})
	want(t, "SpentBefore on the day after", before(today+2), map[int64]int{a.Key: 4})
}
