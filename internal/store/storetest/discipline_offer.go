package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/offer"
)

func (t *watched) AddOffer(o *offer.Offer) error {
	if err := t.decided("adding an offer", o); err != nil {
		return err
	}
	err := t.Tx.AddOffer(o)
	if err == nil {
		t.clock++
		t.offers[o.Key] = glimpse{t.clock, o.Version, o.State, true}
	}
	return err
}

// decided fails unless all is held that decides whether an offer may be made.
func (t *watched) decided(what string, o *offer.Offer) error {
	list := []row{{aCandidate, o.Candidate}, {aCompany, o.Company}, {aPosition, o.Position}}
	if o.Rule != 0 {
		list = append(list, row{aRule, o.Rule})
	}
	if err := t.need(what, list...); err != nil {
		return err
	}
	questions := []string{theDay, theGroups, takenBy(o.Candidate), reachedTo(o.Candidate)}
	if o.Rule == 0 {
		questions = []string{theDay, theGroups, scoutsOf(o.Company), sentTo(o.Candidate)}
	}
	for _, r := range list {
		for _, question := range questions {
			if t.asked[question] < t.held[r].since {
				return t.fault("%s by %s of before %s was locked", what, question, r)
			}
		}
	}
	return nil
}

// What an offer is made by, beside the rows that are locked for it.
const (
	theDay    = "the log's day"
	theGroups = "the groups"
)

func spentBy(rule int64) string        { return fmt.Sprintf("the budget of rule %d", rule) }
func takenBy(candidate int64) string   { return fmt.Sprintf("the room of candidate %d", candidate) }
func scoutsOf(company int64) string    { return fmt.Sprintf("the scouts of company %d", company) }
func sentTo(candidate int64) string    { return fmt.Sprintf("what candidate %d was sent", candidate) }
func reachedTo(candidate int64) string { return fmt.Sprintf("the offers to candidate %d", candidate) }

// ask notes when something was last asked.
func (t *watched) ask(what string) {
	t.clock++
	t.asked[what] = t.clock
}

func (t *watched) Setting(name string) (string, error) {
	if name == "day" {
		t.ask(theDay)
	}
	return t.Tx.Setting(name)
}

func (t *watched) Group(head corpnum.Number) ([]company.Company, error) {
	t.ask(theGroups)
	return t.Tx.Group(head)
}

func (t *watched) Spent(key int64, on day.Day) (today, total int, err error) {
	t.ask(spentBy(key))
	return t.Tx.Spent(key, on)
}

func (t *watched) Taken(key int64, since day.Day) (int, error) {
	t.ask(takenBy(key))
	return t.Tx.Taken(key, since)
}

func (t *watched) ReachedTo(key int64) (positions, rules map[int64]bool, err error) {
	t.ask(reachedTo(key))
	return t.Tx.ReachedTo(key)
}

// SaveOffer needs the candidate's lock, or to have found that they are gone;
// an offer that is made or accepted needs what decides over it.
func (t *watched) SaveOffer(o *offer.Offer) error {
	h, ok := t.held[row{aCandidate, o.Candidate}]
	if !ok {
		return t.fault("saving offer %d without the lock of candidate %d", o.Key, o.Candidate)
	}
	seen, ok := t.offers[o.Key]
	switch {
	case !ok:
		return t.fault("saving offer %d, which was not read", o.Key)
	case !seen.written && seen.at < h.since:
		return t.fault("saving offer %d, which was read before candidate %d was locked", o.Key, o.Candidate)
	}
	if err := t.stepping(o, seen.state); err != nil {
		return err
	}
	err := t.Tx.SaveOffer(o)
	if err == nil {
		t.clock++
		t.offers[o.Key] = glimpse{t.clock, o.Version, o.State, true}
	}
	return err
}

// stepping fails unless all is held that decides whether an offer may be made
// or accepted.
func (t *watched) stepping(o *offer.Offer, was offer.State) error {
	all := []row{{aCandidate, o.Candidate}, {aCompany, o.Company}, {aPosition, o.Position}}
	switch {
	case was == o.State:
		return nil
	case o.State == offer.Accepted && was != offer.Scheduled, o.State == offer.Seen && was == offer.Declined:
		return t.need(fmt.Sprintf("accepting offer %d", o.Key), all...)
	case o.State == offer.Sent && was == offer.Reserved: // it took budget and room when it was made
		if o.Rule != 0 {
			all = append(all, row{aRule, o.Rule})
		}
		return t.need(fmt.Sprintf("sending offer %d", o.Key), all...)
	case o.State == offer.Proposed, o.State == offer.Reserved, o.State == offer.Sent:
		return t.decided(fmt.Sprintf("making offer %d", o.Key), o)
	}
	return nil
}

// saw notes offers as they were read.
func (t *watched) saw(err error, list ...offer.Offer) {
	t.clock++
	for i := range list {
		if err == nil {
			t.offers[list[i].Key] = glimpse{t.clock, list[i].Version, list[i].State, t.offers[list[i].Key].written}
		}
	}
}

func (t *watched) seeing(o offer.Offer, err error) (offer.Offer, error) {
	t.saw(err, o)
	return o, err
}

func (t *watched) listing(list []offer.Offer, err error) ([]offer.Offer, error) {
	t.saw(err, list...)
	return list, err
}

func (t *watched) Offer(key int64) (offer.Offer, error) { return t.seeing(t.Tx.Offer(key)) }

func (t *watched) OfferByID(id uuid.UUID) (offer.Offer, error) { return t.seeing(t.Tx.OfferByID(id)) }

func (t *watched) OfferOfPair(rule, candidate int64) (offer.Offer, error) {
	return t.seeing(t.Tx.OfferOfPair(rule, candidate))
}

func (t *watched) OffersTo(candidate, before int64, limit int) ([]offer.Offer, error) {
	return t.listing(t.Tx.OffersTo(candidate, before, limit))
}

func (t *watched) OffersBy(company, rule, before int64, limit int, states ...offer.State) ([]offer.Offer, error) {
	return t.listing(t.Tx.OffersBy(company, rule, before, limit, states...))
}

func (t *watched) OffersOn(position, before int64, limit int, states ...offer.State) ([]offer.Offer, error) {
	return t.listing(t.Tx.OffersOn(position, before, limit, states...))
}

func (t *watched) Between(company, candidate int64) ([]offer.Offer, error) {
	t.ask(sentTo(candidate))
	return t.listing(t.Tx.Between(company, candidate))
}

func (t *watched) Offers(after int64, limit int) ([]offer.Offer, error) {
	return t.listing(t.Tx.Offers(after, limit))
}

func (t *watched) Ending(before day.Day, limit int) ([]offer.Offer, error) {
	return t.listing(t.Tx.Ending(before, limit))
}

func (t *watched) Due(now time.Time, limit int) ([]offer.Offer, error) {
	return t.listing(t.Tx.Due(now, limit))
}
