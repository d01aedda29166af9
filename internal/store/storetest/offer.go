package storetest

import (
	"errors"
	"testing"
	"time"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

func offers() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"an offer comes back as it was":     offerRoundTrip,
		"saving an offer":                   savingOffer,
		"what may not be offered twice":     notTwice,
		"saving into what stands already":   saveConflicts,
		"an offer that takes another place": offerMoves,
		"what takes room":                   taken,
		"room that comes back":              freed,
		"who has been reached":              reached,
		"whose address is not confirmed":    unconfirmed,
		"who waits to be confirmed":         backlogs,
	}
}

// unconfirmed adds offers of two rules for two positions to people of whom one
// has confirmed their address.
func unconfirmed(t *testing.T, s market.Store) {
	keys := make([]int64, 5)
	write(t, s, func(tx market.Tx) error {
		for i := range keys {
			c := newCandidate(int64(i + 1))
			c.Confirmed = i == 0
			if err := tx.AddCandidate(c); err != nil {
				return err
			}
			keys[i] = c.Key
		}
		return nil
	})
	add := func(who int, rule, position int64, state offer.State, sent day.Day) {
		addOffers(t, s, with(newOffer(keys[who], position), func(o *offer.Offer) { o.Rule, o.State, o.SentDay = rule, state, sent }))
	}
	add(0, 1, 1, offer.Lapsed, today) // confirmed since
	add(1, 1, 1, offer.Lapsed, today)
	add(2, 1, 1, offer.Reserved, today)
	add(3, 1, 1, offer.Reserved, today-1)
	add(4, 2, 1, offer.Reserved, today) // of another rule for the position
	add(1, 2, 2, offer.Sent, today)
	for _, c := range []struct {
		rule, position int64
		today, total   int
		want           []int
	}{
		{1, 1, 1, 2, []int{1, 2, 3, 4}},
		{2, 1, 1, 1, []int{2, 3, 4}},
		{2, 2, 1, 1, []int{4}},
		{3, 3, 0, 0, nil},
	} {
		expected := map[int64]bool{}
		for _, i := range c.want {
			expected[keys[i]] = true
		}
		got := load(t, s, func(tx market.Tx) (map[int64]bool, error) { return tx.Unconfirmed(c.rule, c.position) })
		want(t, "Unconfirmed", got, expected)
		counts := load(t, s, func(tx market.Tx) ([2]int, error) {
			day, all, err := tx.Reserved(c.rule, today)
			return [2]int{day, all}, err
		})
		want(t, "Reserved", counts, [2]int{c.today, c.total})
	}
}

func offerRoundTrip(t *testing.T, s market.Store) {
	full := newOffer(3, 4)
	full.Company, full.Rule, full.Message, full.Score, full.State = 5, 6, hard, 1000, offer.Scheduled
	full.PositionVersion, full.RuleVersion, full.CandidateSeen, full.Version = 7, 8, 9, 10
	full.AnsweredAt, full.RespondedAt, full.DueAt = when.Add(time.Microsecond), when.Add(2*time.Microsecond), when.Add(3*time.Microsecond)
	full.SeenAt, full.ScheduledAt, full.HeldAt = when.Add(4*time.Microsecond), when.Add(5*time.Microsecond), when.Add(6*time.Microsecond)
	scout := newOffer(3, 5)
	scout.Rule, scout.Sender = 0, offer.Scout
	addOffers(t, s, full, scout)
	for _, o := range []*offer.Offer{full, scout} {
		want(t, "Offer", load(t, s, func(tx market.Tx) (offer.Offer, error) { return tx.Offer(o.Key) }), *o)
		want(t, "OfferByID", load(t, s, func(tx market.Tx) (offer.Offer, error) { return tx.OfferByID(o.ID) }), *o)
	}
	want(t, "OfferOfPair", load(t, s, func(tx market.Tx) (offer.Offer, error) { return tx.OfferOfPair(6, 3) }), *full)
	missing(t, s, "Offer", func(tx market.Tx) (offer.Offer, error) { return tx.Offer(99) })
	missing(t, s, "OfferByID", func(tx market.Tx) (offer.Offer, error) { return tx.OfferByID(newOffer(1, 1).ID) })
	missing(t, s, "OfferOfPair", func(tx market.Tx) (offer.Offer, error) { return tx.OfferOfPair(6, 4) })
	missing(t, s, "OfferOfPair", func(tx market.Tx) (offer.Offer, error) { return tx.OfferOfPair(7, 3) })
	missing(t, s, "OfferOfPair of a scout", func(tx market.Tx) (offer.Offer, error) { return tx.OfferOfPair(0, 3) })
	refused(t, s, "AddOffer of the same id", errs.Conflict, func(tx market.Tx) error {
		return tx.AddOffer(with(newOffer(9, 9), func(o *offer.Offer) { o.ID = full.ID }))
	})
}

func savingOffer(t *testing.T, s market.Store) {
	o := newOffer(1, 1)
	addOffers(t, s, o)
	for _, change := range []func(){
		func() { o.State, o.AnsweredAt, o.DueAt = offer.Declined, when, when.Add(offer.UndoWindow) },
		func() { o.State, o.AnsweredAt, o.DueAt = offer.Seen, time.Time{}, time.Time{} },
		func() { o.State, o.AnsweredAt = offer.Accepted, when },
		func() { o.State, o.RespondedAt = offer.Scheduled, when.Add(time.Hour) },
		func() {
			o.Score, o.Message, o.ExpiresOn, o.SentDay, o.SentAt = 0, hard, today+3, today+1, when.Add(time.Hour)
		},
	} {
		change()
		o.Version++
		write(t, s, func(tx market.Tx) error { return tx.SaveOffer(o) })
		want(t, "Offer", load(t, s, func(tx market.Tx) (offer.Offer, error) { return tx.Offer(o.Key) }), *o)
	}
	for _, version := range []int64{o.Version - 1, o.Version, o.Version + 2} {
		stale := *o
		stale.Version = version
		refused(t, s, "SaveOffer over another version", errs.Stale, func(tx market.Tx) error { return tx.SaveOffer(&stale) })
	}
	gone := *o
	gone.Key = 99
	refused(t, s, "SaveOffer of none", errs.NotFound, func(tx market.Tx) error { return tx.SaveOffer(&gone) })
}

// pair is a first offer and a second one to the same candidate.
type pair struct {
	name     string
	sender   [2]offer.Sender
	state    [2]offer.State
	rule     [2]int64
	position [2]int64
	conflict bool
}

func pairs() []pair {
	auto, scout := offer.Auto, offer.Scout
	type senders = [2]offer.Sender
	type states = [2]offer.State
	return []pair{
		{"two live for a position", senders{auto, auto}, states{offer.Sent, offer.Sent}, [2]int64{1, 2}, [2]int64{1, 1}, true},
		{"live for two positions", senders{auto, auto}, states{offer.Sent, offer.Sent}, [2]int64{1, 2}, [2]int64{1, 2}, false},
		{"a scout beside a live one", senders{auto, scout}, states{offer.Seen, offer.Sent}, [2]int64{1, 0}, [2]int64{1, 1}, true},
		{"an automatic one beside a scout", senders{scout, auto}, states{offer.Held, offer.Reserved}, [2]int64{0, 1}, [2]int64{1, 1}, true},
		{"a scout after an automatic one", senders{auto, scout}, states{offer.Declined, offer.Sent}, [2]int64{1, 0}, [2]int64{1, 1}, false},
		{"an automatic one after a scout", senders{scout, auto}, states{offer.Expired, offer.Sent}, [2]int64{0, 1}, [2]int64{1, 1}, false},
		{"two automatic ones in turn", senders{auto, auto}, states{offer.Declined, offer.Sent}, [2]int64{1, 2}, [2]int64{1, 1}, true},
		{"automatic after withdrawn", senders{auto, auto}, states{offer.Withdrawn, offer.Sent}, [2]int64{1, 2}, [2]int64{1, 1}, true},
		{"automatic after lapsed", senders{auto, auto}, states{offer.Lapsed, offer.Sent}, [2]int64{1, 2}, [2]int64{1, 1}, false},
		{"two proposed", senders{auto, auto}, states{offer.Proposed, offer.Proposed}, [2]int64{1, 2}, [2]int64{1, 1}, false},
		{"sent beside proposed", senders{auto, auto}, states{offer.Proposed, offer.Sent}, [2]int64{1, 2}, [2]int64{1, 1}, false},
		{"the same rule twice", senders{auto, auto}, states{offer.Proposed, offer.Proposed}, [2]int64{1, 1}, [2]int64{1, 2}, true},
		{"the same rule after lapsed", senders{auto, auto}, states{offer.Lapsed, offer.Sent}, [2]int64{1, 1}, [2]int64{1, 2}, true},
		{"two scouts in turn", senders{scout, scout}, states{offer.Declined, offer.Sent}, [2]int64{0, 0}, [2]int64{1, 1}, false},
		{"two scouts for two positions", senders{scout, scout}, states{offer.Sent, offer.Sent}, [2]int64{0, 0}, [2]int64{1, 2}, false},
	}
}

func (p pair) offer(i int, candidate int64) *offer.Offer {
	return with(newOffer(candidate, p.position[i]), func(o *offer.Offer) {
		o.Sender, o.State, o.Rule = p.sender[i], p.state[i], p.rule[i]
	})
}

func notTwice(t *testing.T, s market.Store) {
	for i, p := range pairs() {
		candidate := int64(i + 1)
		addOffers(t, s, p.offer(0, candidate))
		err := s.Write(t.Context(), func(tx market.Tx) error { return tx.AddOffer(p.offer(1, candidate)) })
		if p.conflict {
			wantKind(t, "AddOffer: "+p.name, err, errs.Conflict)
		} else if err != nil {
			t.Errorf("AddOffer: %s: %v, want it to be added", p.name, err)
		}
		addOffers(t, s, p.offer(1, candidate+1000)) // to another candidate it is no conflict
	}
}

// saveConflicts saves a harmless row into what AddOffer would have refused.
func saveConflicts(t *testing.T, s market.Store) {
	for i, p := range pairs() {
		candidate := int64(i + 1)
		o := p.offer(1, candidate)
		o.Sender, o.State, o.Rule, o.Position = offer.Scout, offer.Expired, 0, 99
		addOffers(t, s, p.offer(0, candidate), o)
		changed := p.offer(1, candidate)
		changed.Key, changed.ID, changed.Version = o.Key, o.ID, 2
		err := s.Write(t.Context(), func(tx market.Tx) error { return tx.SaveOffer(changed) })
		if p.conflict {
			wantKind(t, "SaveOffer: "+p.name, err, errs.Conflict)
		} else if err != nil {
			t.Errorf("SaveOffer: %s: %v, want it to be saved", p.name, err)
		}
	}
}

func offerMoves(t *testing.T, s market.Store) {
	o := with(newOffer(1, 1), func(o *offer.Offer) { o.State = offer.Lapsed })
	addOffers(t, s, o)
	o.Version, o.State, o.Position, o.Kind, o.ExpiresOn = 2, offer.Proposed, 2, "casual", today+3
	write(t, s, func(tx market.Tx) error { return tx.SaveOffer(o) })
	on := func(position int64) []offer.Offer {
		return load(t, s, func(tx market.Tx) ([]offer.Offer, error) { return tx.OffersOn(position, 0, 9) })
	}
	want(t, "OffersOn the position that it left", on(1), nil)
	want(t, "OffersOn the position that it came to", on(2), []offer.Offer{*o})
}

func taken(t *testing.T, s market.Store) {
	type row struct {
		candidate int64
		sender    offer.Sender
		state     offer.State
		back      day.Day // before today
	}
	next := int64(0)
	for _, r := range []row{
		{1, offer.Auto, offer.Sent, 0},
		{1, offer.Auto, offer.Declined, 6},
		{1, offer.Auto, offer.Sent, 7}, // too long ago
		{1, offer.Auto, offer.Reserved, 1},
		{1, offer.Auto, offer.Withdrawn, 1},
		{1, offer.Auto, offer.Proposed, 0},
		{1, offer.Auto, offer.Lapsed, 0},
		{1, offer.Scout, offer.Sent, 0},
		{2, offer.Auto, offer.Hired, 0},
		{3, offer.Scout, offer.Sent, 0},
		{4, offer.Auto, offer.Sent, 30},
	} {
		next++
		addOffers(t, s, with(newOffer(r.candidate, next), func(o *offer.Offer) {
			o.Sender, o.State, o.Rule = r.sender, r.state, next
			o.SentDay -= r.back
		}))
	}
	for candidate, expected := range map[int64]int{1: 4, 2: 1, 3: 0, 4: 0, 5: 0} {
		if n := load(t, s, func(tx market.Tx) (int, error) { return tx.Taken(candidate, today-6) }); n != expected {
			t.Errorf("Taken(%d) = %d, want %d", candidate, n, expected)
		}
	}
	want(t, "AllTaken", load(t, s, func(tx market.Tx) (map[int64]int, error) { return tx.AllTaken(today - 6) }),
		map[int64]int{1: 4, 2: 1})
	want(t, "AllTaken from tomorrow on", load(t, s, func(tx market.Tx) (map[int64]int, error) { return tx.AllTaken(today + 1) }), nil)
}

func freed(t *testing.T, s market.Store) {
	by := today - 7
	type row struct {
		candidate int64 // by the order of limits
		sender    offer.Sender
		state     offer.State
		on        day.Day
	}
	limits := []int{2, 2, 3, 1, 1, 1, 0, 2, 1, 1}
	keys := make([]int64, len(limits))
	write(t, s, func(tx market.Tx) error {
		for i, limit := range limits {
			c := newCandidate(int64(i + 1))
			c.WeeklyLimit, c.Open = limit, i != 8
			if err := tx.AddCandidate(c); err != nil {
				return err
			}
			keys[i] = c.Key
		}
		return nil
	})
	for i, r := range []row{
		{0, offer.Auto, offer.Sent, by}, {0, offer.Auto, offer.Declined, by + 3}, // freed
		{1, offer.Auto, offer.Sent, by}, {1, offer.Auto, offer.Sent, by + 1}, {1, offer.Auto, offer.Sent, by + 2}, // still full
		{2, offer.Auto, offer.Sent, by}, {2, offer.Auto, offer.Sent, by + 6}, // was never full
		{3, offer.Auto, offer.Reserved, by}, {3, offer.Auto, offer.Seen, by}, // freed, of two
		{4, offer.Auto, offer.Sent, by - 1},                                     // the day before
		{5, offer.Scout, offer.Sent, by},                                        // takes no room
		{6, offer.Auto, offer.Sent, by},                                         // wants none
		{7, offer.Auto, offer.Sent, by}, {7, offer.Auto, offer.Proposed, today}, // the other takes none
		{8, offer.Auto, offer.Sent, by},   // is not open
		{9, offer.Auto, offer.Lapsed, by}, // takes none any more
	} {
		addOffers(t, s, with(newOffer(keys[r.candidate], int64(i+1)), func(o *offer.Offer) {
			o.Sender, o.State, o.Rule, o.SentDay = r.sender, r.state, int64(i+1), r.on
		}))
	}
	of := func(d day.Day) []int64 {
		return load(t, s, func(tx market.Tx) ([]int64, error) { return tx.Freed(d) })
	}
	want(t, "Freed", of(by), []int64{keys[0], keys[3]})
	want(t, "Freed by the day before", of(by-1), []int64{keys[4]})
	want(t, "Freed by a day without offers", of(by-9), nil)
}

func reached(t *testing.T, s market.Store) {
	type row struct {
		candidate, rule, position int64
		sender                    offer.Sender
		state                     offer.State
	}
	for _, r := range []row{
		{1, 1, 1, offer.Auto, offer.Sent},
		{2, 1, 9, offer.Auto, offer.Proposed}, // of the rule
		{3, 1, 9, offer.Auto, offer.Lapsed},   // of the rule, but lapsed
		{4, 2, 1, offer.Auto, offer.Declined}, // reached for the position
		{5, 2, 1, offer.Auto, offer.Proposed}, // neither live nor reached
		{6, 0, 1, offer.Scout, offer.Seen},    // live
		{7, 0, 1, offer.Scout, offer.Expired}, // over, and reached
		{9, 0, 1, offer.Scout, offer.Lapsed},  // never reached
		{8, 2, 2, offer.Auto, offer.Sent},     // another rule and position
		{1, 3, 3, offer.Auto, offer.Lapsed},
		{1, 4, 4, offer.Auto, offer.Proposed},
		{1, 0, 5, offer.Scout, offer.Held},
		{1, 0, 6, offer.Scout, offer.Declined},
		{1, 5, 7, offer.Auto, offer.Withdrawn},
	} {
		addOffers(t, s, with(newOffer(r.candidate, r.position), func(o *offer.Offer) {
			o.Rule, o.Sender, o.State = r.rule, r.sender, r.state
		}))
	}
	want(t, "ReachedFor", load(t, s, func(tx market.Tx) (map[int64]bool, error) { return tx.ReachedFor(1, 1) }),
		map[int64]bool{1: true, 2: true, 4: true, 6: true, 7: true})
	want(t, "ReachedFor of none", load(t, s, func(tx market.Tx) (map[int64]bool, error) { return tx.ReachedFor(77, 77) }), nil)
	if err := s.Read(t.Context(), func(tx market.Tx) error {
		positions, rules, err := tx.ReachedTo(1)
		want(t, "positions of ReachedTo", positions, map[int64]bool{1: true, 5: true, 6: true, 7: true})
		want(t, "rules of ReachedTo", rules, map[int64]bool{1: true, 4: true, 5: true})
		nowhere, none, err2 := tx.ReachedTo(77)
		want(t, "ReachedTo of nobody", nowhere, nil)
		want(t, "ReachedTo of nobody", none, nil)
		return errors.Join(err, err2)
	}); err != nil {
		t.Error(err)
	}
}
