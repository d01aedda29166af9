package market

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/position"
)

// deliver gives an offer with what it points at to one of its sides.
func (m *Market) deliver(tx Tx, o offer.Offer, to offer.Side) (Delivered, error) {
	list, err := m.deliverAll(tx, []offer.Offer{o}, to)
	if err != nil {
		return Delivered{}, err
	}
	return list[0], nil
}

// deliverAll is deliver of many, in their order; it asks as often for MostKeys of them
// as for one.
func (m *Market) deliverAll(tx Tx, list []offer.Offer, to offer.Side) ([]Delivered, error) {
	out := make([]Delivered, 0, len(list))
	for part := range slices.Chunk(list, MostKeys) {
		p, err := pointedAt(tx, part, to, m.running())
		if err != nil {
			return nil, err
		}
		for i := range part {
			d, err := p.deliver(&part[i])
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	return out, nil
}

// pointed is what some offers point at, as it is delivered to a side on a day.
type pointed struct {
	to        offer.Side
	on        day.Day
	companies map[int64]company.Company
	positions map[int64]position.Position
	terms     map[version]position.Terms // of versions that are not the newest
	rules     map[int64]uuid.UUID
	dealings  map[int64]offer.Dealing // of those that were answered
	unread    map[int64]int
}

// pointedAt reads what up to MostKeys offers point at.
func pointedAt(tx Tx, list []offer.Offer, to offer.Side, on day.Day) (*pointed, error) {
	p := &pointed{to: to, on: on, terms: map[version]position.Terms{}}
	companies, err := tx.CompaniesByKey(keysOf(list, func(o *offer.Offer) int64 { return o.Company }))
	if err != nil {
		return nil, fmt.Errorf("companies of offers: %w", err)
	}
	p.companies = keyed(companies, func(k *company.Company) int64 { return k.Key })
	positions, err := tx.PositionsByKey(keysOf(list, func(o *offer.Offer) int64 { return o.Position }))
	if err != nil {
		return nil, fmt.Errorf("positions of offers: %w", err)
	}
	p.positions = keyed(positions, func(x *position.Position) int64 { return x.Key })
	if p.rules, err = tx.RuleIDs(keysOf(list, func(o *offer.Offer) int64 { return o.Rule })); err != nil {
		return nil, fmt.Errorf("rules of offers: %w", err)
	}
	for i := range list {
		at := version{list[i].Position, list[i].PositionVersion}
		if _, read := p.terms[at]; read || p.positions[at.position].Version == at.version {
			continue
		}
		if p.terms[at], err = tx.Terms(at.position, at.version); err != nil {
			return nil, fmt.Errorf("terms of offer %d: %w", list[i].Key, err)
		}
	}
	return p, p.readDealings(tx, list)
}

// readDealings reads what is known of the offers that were answered.
func (p *pointed) readDealings(tx Tx, list []offer.Offer) error {
	answered := keysOf(list, func(o *offer.Offer) int64 {
		if o.Dealt() || o.State == offer.Declined {
			return o.Key
		}
		return 0
	})
	dealings, err := tx.Dealings(answered)
	if err != nil {
		return fmt.Errorf("dealings of offers: %w", err)
	}
	p.dealings = keyed(dealings, func(d *offer.Dealing) int64 { return d.Offer })
	if p.unread, err = tx.Unread(answered, p.to); err != nil {
		return fmt.Errorf("messages of offers: %w", err)
	}
	return nil
}

func (p *pointed) deliver(o *offer.Offer) (Delivered, error) {
	d := Delivered{Offer: *o, Dealing: offer.Dealing{Offer: o.Key}}
	k, found := p.companies[o.Company]
	if !found {
		return d, fmt.Errorf("company of offer %d: %w", o.Key, errs.New(errs.NotFound, "no such company"))
	}
	d.CompanyID, d.CompanyName = k.ID, k.Name
	x, found := p.positions[o.Position]
	if !found {
		return d, fmt.Errorf("position of offer %d: %w", o.Key, errs.New(errs.NotFound, "no such position"))
	}
	d.PositionID, d.Terms = x.ID, x.Terms
	if o.PositionVersion != x.Version {
		d.Terms = p.terms[version{o.Position, o.PositionVersion}]
	}
	if o.Rule != 0 {
		if d.RuleID, found = p.rules[o.Rule]; !found {
			return d, fmt.Errorf("rule of offer %d: %w", o.Key, errs.New(errs.NotFound, "no such rule"))
		}
	}
	d.State = byClock(o, p.on)
	p.deal(&d)
	return d, nil
}

// deal adds what is known of an offer that was answered.
func (p *pointed) deal(d *Delivered) {
	if !d.Dealt() && d.State != offer.Declined {
		return
	}
	if known, found := p.dealings[d.Key]; found {
		d.Dealing = known
	}
	if p.to == offer.Company && !d.Dealing.Reason.Told() {
		d.Dealing.Reason = ""
	}
	if !d.Dealt() {
		return
	}
	d.Duties = offer.Duties(&d.Offer, &d.Dealing, d.Terms.PayMin, p.on)
	d.Talks = d.Dealing.Talks(&d.Offer, p.on)
	if d.Unread = p.unread[d.Key]; p.to == offer.Company && d.Dealing.Gone {
		d.Unread = 0 // what they wrote is erased
	}
}

// seenByCompany gives an offer as its company may know it: who blocked it looks
// expired, who declined a moment ago has not yet.
func (m *Market) seenByCompany(tx Tx, actor Actor, o offer.Offer) (Delivered, error) {
	list, _, err := m.allSeenByCompany(tx, actor, []offer.Offer{o})
	if err != nil {
		return Delivered{}, err
	}
	return list[0], nil
}

// allSeenByCompany is seenByCompany of many, in their order, with the candidates to
// whom they went, by key. Who is erased and who has blocked the company are not among
// them: neither has a card or a name, so that nothing tells the one from the other.
func (m *Market) allSeenByCompany(tx Tx, actor Actor, list []offer.Offer) ([]Delivered, map[int64]candidate.Candidate, error) {
	out, err := m.deliverAll(tx, list, offer.Company)
	if err != nil {
		return nil, nil, err
	}
	cards, err := m.vault.Cards(actor.CompanyID)
	if err != nil {
		return nil, nil, err
	}
	people := map[int64]candidate.Candidate{}
	for part := range slices.Chunk(keysOf(list, func(o *offer.Offer) int64 { return o.Candidate }), MostKeys) {
		found, err := tx.CandidatesOf(part)
		if err != nil {
			return nil, nil, fmt.Errorf("candidates of offers: %w", err)
		}
		for _, c := range found {
			people[c.Key] = c
		}
	}
	if err := withoutBlocking(tx, actor.Company, people); err != nil {
		return nil, nil, err
	}
	for i := range out {
		o, d := &list[i], &out[i]
		if shown := shownState(o, m.running()); shown != d.State {
			d.State, d.AnsweredAt = shown, time.Time{}
			d.Dealing = offer.Dealing{Offer: o.Key}
		}
		c, found := people[o.Candidate]
		if !found {
			d.Talks = false
			continue
		}
		if o.State == offer.Withdrawn && d.Dealing.EndedBy == offer.Candidate {
			continue // a block after the acceptance withdraws likewise
		}
		d.Card = cards.Of(c.ID)
		if knownByName(o.State) {
			d.Name = c.Profile.Name
		}
	}
	return out, people, nil
}

// withoutBlocking takes those out of some candidates who have blocked a company.
func withoutBlocking(tx Tx, company int64, people map[int64]candidate.Candidate) error {
	if len(people) == 0 {
		return nil
	}
	k, err := tx.Company(company)
	if err != nil {
		return fmt.Errorf("company %d: %w", company, err)
	}
	group, err := groupOf(tx, k)
	if err != nil {
		return err
	}
	maps.DeleteFunc(people, func(_ int64, c candidate.Candidate) bool { return c.Blocked(k.Number, group) })
	return nil
}

// keysOf gives the keys that some offers name, each once; 0 names nothing.
func keysOf(list []offer.Offer, key func(*offer.Offer) int64) []int64 {
	keys := make([]int64, 0, len(list))
	for i := range list {
		if k := key(&list[i]); k != 0 {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// keyed gives rows by their key.
func keyed[T any](list []T, key func(*T) int64) map[int64]T {
	out := make(map[int64]T, len(list))
	for i := range list {
		out[key(&list[i])] = list[i]
	}
	return out
}
