package storetest

import (
	"testing"
	"time"

	"enishi/internal/candidate"
	"enishi/internal/corpnum"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// backlogs adds proposals of three rules to people of whom some do not show to the company.
func backlogs(t *testing.T, s market.Store) {
	own, kin, other := corpnum.From(1), corpnum.From(2), corpnum.From(3)
	works := func(at corpnum.Number, current bool) func(*candidate.Candidate) {
		return func(c *candidate.Candidate) {
			c.Employers = []candidate.Employment{{Number: at, Current: current}, {Number: corpnum.From(9), Current: true}}
		}
	}
	blocks := func(numbers ...corpnum.Number) func(*candidate.Candidate) {
		return func(c *candidate.Candidate) { c.Blocks = numbers }
	}
	people := []func(*candidate.Candidate){
		0: func(*candidate.Candidate) {},
		1: func(c *candidate.Candidate) { c.Open = false },
		2: blocks(other, own),
		3: blocks(kin), // it is the company's own number that counts
		4: works(kin, true),
		5: works(own, true),
		6: works(kin, false),
		7: works(other, true),
	}
	keys := make([]int64, len(people))
	for i, change := range people {
		c := newCandidate(int64(i + 1))
		change(c)
		addCandidates(t, s, c)
		keys[i] = c.Key
	}
	add := func(rule int64, who int, hours int, change func(*offer.Offer)) {
		addOffers(t, s, with(newOffer(keys[who], rule), func(o *offer.Offer) {
			o.Rule, o.State, o.DueAt = rule, offer.Proposed, when.Add(time.Duration(hours)*time.Hour)
			change(o)
		}))
	}
	as := func(*offer.Offer) {}
	for who := range people {
		add(1, who, 9-who, as)
	}
	add(2, 0, 1, as)
	add(3, 1, 1, as)
	add(4, 0, 1, func(o *offer.Offer) { o.State, o.DueAt = offer.Sent, time.Time{} })
	add(5, 3, 1, func(o *offer.Offer) { o.State = offer.Reserved })
	add(6, 0, 1, func(o *offer.Offer) { o.Company = 2 })
	of := func(company int64, group ...corpnum.Number) map[int64]market.Backlog {
		return load(t, s, func(tx market.Tx) (map[int64]market.Backlog, error) { return tx.BacklogOf(company, own, group) })
	}
	at := func(hours int) time.Time { return when.Add(time.Duration(hours) * time.Hour) }
	want(t, "BacklogOf a group", of(1, own, kin), map[int64]market.Backlog{1: {People: 4, Until: at(2)}, 2: {People: 1, Until: at(1)}})
	want(t, "BacklogOf one alone", of(1, own), map[int64]market.Backlog{1: {People: 5, Until: at(2)}, 2: {People: 1, Until: at(1)}})
	want(t, "BacklogOf another", of(2, own), map[int64]market.Backlog{6: {People: 1, Until: at(1)}})
	want(t, "BacklogOf nobody", of(3, own), map[int64]market.Backlog{})
}
