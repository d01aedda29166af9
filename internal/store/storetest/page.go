package storetest

import (
	"testing"
	"time"

	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
)

func pages() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"offers by candidate, company, position": offerPages,
		"offers that end":                        ending,
		"offers with something due":              due,
	}
}

// shelf gives the keys of offers by their place in a list.
type shelf struct {
	t    *testing.T
	s    market.Store
	list []*offer.Offer
}

// want expects the offers at the places, in that order.
func (x *shelf) want(what string, fn func(market.Tx) ([]offer.Offer, error), places ...int) {
	x.t.Helper()
	var expected []offer.Offer
	for _, i := range places {
		expected = append(expected, *x.list[i])
	}
	want(x.t, what, load(x.t, x.s, fn), expected)
}

func offerPages(t *testing.T, s market.Store) {
	x := &shelf{t: t, s: s}
	for i := range int64(8) {
		x.list = append(x.list, with(newOffer(1+i%2, i), func(o *offer.Offer) {
			o.Company, o.Rule, o.State = 1+i%3, 10+i, offer.Sent
			switch i {
			case 2, 5: // rule 12 has two
				o.Rule = 12
			case 6:
				o.State, o.Position = offer.Seen, 0
			case 0:
				o.State = offer.Lapsed
			}
		}))
	}
	addOffers(t, s, x.list...)
	key := func(i int) int64 { return x.list[i].Key }
	type call = func(market.Tx) ([]offer.Offer, error)
	to := func(c, before int64, limit int) call {
		return func(tx market.Tx) ([]offer.Offer, error) { return tx.OffersTo(c, before, limit) }
	}
	x.want("OffersTo", to(1, 0, 9), 6, 4, 2, 0)
	x.want("OffersTo, a page", to(1, 0, 2), 6, 4)
	x.want("OffersTo, the page after", to(1, key(4), 2), 2, 0)
	x.want("OffersTo, past the last", to(1, key(0), 2))
	x.want("OffersTo nobody", to(99, 0, 2))
	x.want("OffersTo, before a key of another", to(1, key(5), 9), 4, 2, 0)
	by := func(c, r, before int64, limit int, states ...offer.State) call {
		return func(tx market.Tx) ([]offer.Offer, error) { return tx.OffersBy(c, r, before, limit, states...) }
	}
	x.want("OffersBy", by(1, 0, 0, 9), 6, 3, 0)
	x.want("OffersBy in a state", by(1, 0, 0, 9, offer.Sent), 3)
	x.want("OffersBy in two states", by(1, 0, 0, 9, offer.Seen, offer.Lapsed), 6, 0)
	x.want("OffersBy in a state, a page", by(1, 0, 0, 1, offer.Seen, offer.Lapsed), 6)
	x.want("OffersBy in a state, the page after", by(1, 0, key(6), 1, offer.Seen, offer.Lapsed), 0)
	x.want("OffersBy in a state that none has", by(1, 0, 0, 9, offer.Hired))
	x.want("OffersBy of a rule", by(3, 12, 0, 9), 5, 2)
	x.want("OffersBy of a rule, a page", by(3, 12, key(5), 9), 2)
	x.want("OffersBy of another company's rule", by(1, 12, 0, 9))
	x.want("OffersBy of a rule in a state", by(3, 12, 0, 9, offer.Seen))
	on := func(p, before int64, limit int, states ...offer.State) call {
		return func(tx market.Tx) ([]offer.Offer, error) { return tx.OffersOn(p, before, limit, states...) }
	}
	x.want("OffersOn", on(0, 0, 9), 6, 0)
	x.want("OffersOn, a page", on(0, key(6), 9), 0)
	x.want("OffersOn in a state", on(0, 0, 9, offer.Lapsed), 0)
	between := func(k, c int64) call {
		return func(tx market.Tx) ([]offer.Offer, error) { return tx.Between(k, c) }
	}
	x.want("Between", between(1, 1), 0, 6)
	x.want("Between a company and a stranger", between(3, 99))
}

func ending(t *testing.T, s market.Store) {
	x := &shelf{t: t, s: s}
	for i, r := range []struct {
		state offer.State
		last  day.Day
	}{
		{offer.Seen, 5}, {offer.Sent, 3}, {offer.Sent, 4}, {offer.Accepted, 3}, {offer.Proposed, 3}, {offer.Sent, 1},
	} {
		x.list = append(x.list, with(newOffer(int64(i), 1), func(o *offer.Offer) { o.State, o.ExpiresOn = r.state, today+r.last }))
	}
	addOffers(t, s, x.list...)
	call := func(before day.Day, limit int) func(market.Tx) ([]offer.Offer, error) {
		return func(tx market.Tx) ([]offer.Offer, error) { return tx.Ending(today+before, limit) }
	}
	x.want("Ending", call(9, 9), 5, 1, 2, 0)
	x.want("Ending, a page", call(9, 2), 5, 1)
	x.want("Ending before a day that is not over", call(3, 9), 5)
	x.want("Ending before the day after", call(4, 9), 5, 1)
	x.list[1].Version, x.list[1].State = 2, offer.Expired
	x.list[5].Version, x.list[5].ExpiresOn = 2, today+20
	write(t, s, func(tx market.Tx) error {
		if err := tx.SaveOffer(x.list[1]); err != nil {
			return err
		}
		return tx.SaveOffer(x.list[5])
	})
	x.want("Ending once one has expired and one was moved", call(9, 9), 2, 0)
	all := func(after, limit int) func(market.Tx) ([]offer.Offer, error) {
		return func(tx market.Tx) ([]offer.Offer, error) { return tx.Offers(x.list[after].Key-1, limit) }
	}
	x.want("Offers", all(0, 9), 0, 1, 2, 3, 4, 5)
	x.want("Offers, a page after one", all(2, 3), 2, 3, 4)
}

func due(t *testing.T, s market.Store) {
	x := &shelf{t: t, s: s}
	for i, minutes := range []int{90, 0, 60 * 24 * 3, 1, 1, 300} {
		x.list = append(x.list, with(newOffer(int64(i), 1), func(o *offer.Offer) {
			o.DueAt = when.Add(time.Duration(minutes) * time.Minute)
		}))
	}
	x.list = append(x.list, newOffer(50, 1))
	addOffers(t, s, x.list...)
	call := func(after time.Duration, limit int) func(market.Tx) ([]offer.Offer, error) {
		return func(tx market.Tx) ([]offer.Offer, error) { return tx.Due(when.Add(after), limit) }
	}
	x.want("Due now", call(0, 9), 1)
	x.want("Due a moment before", call(-time.Microsecond, 9))
	x.want("Due within two hours", call(2*time.Hour, 9), 1, 3, 4, 0)
	x.want("Due within two hours, a page", call(2*time.Hour, 2), 1, 3)
	x.want("Due within a week", call(7*24*time.Hour, 9), 1, 3, 4, 0, 5, 2)
	x.list[3].Version, x.list[3].DueAt = 2, time.Time{}
	x.list[1].Version, x.list[1].DueAt = 2, when.Add(2*time.Minute)
	write(t, s, func(tx market.Tx) error {
		if err := tx.SaveOffer(x.list[3]); err != nil {
			return err
		}
		return tx.SaveOffer(x.list[1])
	})
	x.want("Due once one is settled and one put off", call(time.Hour, 9), 4, 1)
}
