package market

import (
	"context"
	"fmt"
	"time"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// endPage is how many offers one transaction ends: it holds the locks of
// their candidates for some ten milliseconds.
const endPage = 200

// ender ends offers in a transaction that holds their candidates and has read
// them since. It holds the rules to which they give something back.
type ender struct {
	market     *Market
	tx         Tx
	now        time.Time
	candidates map[int64]candidate.Candidate
	rules      map[int64]rule.Rule
}

// ender locks the rules to which offers give something back. A candidate that
// is not named gets no row: they are being erased.
func (m *Market) ender(tx Tx, now time.Time, candidates map[int64]candidate.Candidate, offers []offer.Offer) (*ender, error) {
	var keys []int64
	for i := range offers {
		if m.returns(&offers[i]) && offers[i].Rule != 0 {
			keys = append(keys, offers[i].Rule)
		}
	}
	rules, err := lockAll("rule", keys, tx.LockRule)
	return &ender{m, tx, now, candidates, rules}, err
}

// returns says whether the end of an offer lets its candidate and its rule be
// matched again. A batch that its company let lapse is asked again when the
// candidate, the rule or the position next changes; where nobody is asked any
// more, it is sent at once. A scout has no rule, but kept those for its position
// from its candidate.
func (m *Market) returns(o *offer.Offer) bool {
	return o.State == offer.Reserved || o.State == offer.Proposed && m.options.Mode != Approve
}

// end ends what was pending about an offer, and says whether its candidate and
// its rule are to be matched again, for which it writes their rows.
func (e *ender) end(o *offer.Offer) (again bool, err error) {
	again = e.market.returns(o)
	spent := o.State == offer.Reserved && o.Sender == offer.Auto // a scout takes no budget
	o.DueAt = time.Time{}
	if o.State == offer.Declined { // the time to undo has passed
		o.Version++
		if err := e.tx.SaveOffer(o); err != nil {
			return false, err
		}
		return false, e.tx.Append(&Row{Change: OfferChanged, Entity: o.Key, Version: o.Version, At: e.now})
	}
	if err := advance(e.tx, o, offer.System, offer.Lapse, e.now); err != nil || !again {
		return false, err
	}
	if spent {
		today, err := logDay(e.tx)
		if err == nil {
			err = e.tx.Spend(o.Rule, o.SentDay, today, -1)
		}
		if err != nil {
			return false, err
		}
	}
	if r, ok := e.rules[o.Rule]; ok {
		if err := e.tx.Append(&Row{Change: RuleChanged, Entity: r.Key, Version: r.Version, At: e.now}); err != nil {
			return false, err
		}
	}
	if c, ok := e.candidates[o.Candidate]; ok {
		return true, e.tx.Append(&Row{Change: CandidateChanged, Entity: c.Key, Version: c.Version, At: e.now})
	}
	return true, nil
}

// withdraw takes back offers that are open; one that was only proposed or
// reserved counts as never made, and a reserved one gives back its budget. One
// that was declined stays so, and can be undone no more.
func (e *ender) withdraw(offers []offer.Offer) error {
	for i := range offers {
		o := &offers[i]
		var err error
		switch o.State {
		case offer.Proposed, offer.Reserved, offer.Declined:
			_, err = e.end(o)
		default:
			err = advance(e.tx, o, offer.System, offer.Withdraw, e.now)
		}
		if err != nil {
			return fmt.Errorf("withdraw offer %d: %w", o.Key, err)
		}
	}
	return nil
}

// advance takes a step of an offer's life and writes its row.
func advance(tx Tx, o *offer.Offer, by offer.Side, a offer.Action, at time.Time) error {
	if err := o.Take(by, a, at); err != nil {
		return err
	}
	o.Version++
	if err := tx.SaveOffer(o); err != nil {
		return err
	}
	return tx.Append(&Row{Change: OfferChanged, Entity: o.Key, Version: o.Version, At: at})
}

// barred says why a candidate cannot come to accept an offer any more, "" if
// they can.
func barred(c *candidate.Candidate, k *company.Company, group []corpnum.Number, p *position.Position) string {
	switch {
	case p.State == position.Closed:
		return "the position is closed"
	case k.Status == company.Suspended:
		return "the company is suspended"
	case c.Blocked(k.Number, group):
		return "you have blocked the company"
	}
	return ""
}

// bars asks barred of many offers: it reads each company, group and position
// once.
type bars struct {
	tx        Tx
	companies map[int64]company.Company
	positions map[int64]position.Position
	kin       kinship
}

func newBars(tx Tx) *bars {
	return &bars{tx, map[int64]company.Company{}, map[int64]position.Position{}, kinship{}}
}

// of gives the rows that may bar an offer, beside its candidate.
func (b *bars) of(o *offer.Offer) (k company.Company, group []corpnum.Number, p position.Position, err error) {
	var ok bool
	if k, ok = b.companies[o.Company]; !ok {
		if k, err = b.tx.Company(o.Company); err != nil {
			return k, nil, p, fmt.Errorf("company of offer %d: %w", o.Key, err)
		}
		b.companies[k.Key] = k
	}
	if p, ok = b.positions[o.Position]; !ok {
		if p, err = b.tx.Position(o.Position); err != nil {
			return k, nil, p, fmt.Errorf("position of offer %d: %w", o.Key, err)
		}
		b.positions[p.Key] = p
	}
	group, err = b.kin.of(b.tx, k)
	return k, group, p, err
}

// bar says whether an offer to a candidate is open and barred.
func (b *bars) bar(o *offer.Offer, c *candidate.Candidate) (bool, error) {
	if !o.Open() {
		return false, nil
	}
	k, group, p, err := b.of(o)
	return err == nil && barred(c, &k, group, &p) != "", err
}

// sweep withdraws the offers of a list that are barred, a page at a time: it
// finds them without locks, and decides again when it holds their candidates.
// Whatever bars an offer was committed before, and keeps new ones from being
// made, so none is missed; a repeat changes nothing.
func (m *Market) sweep(ctx context.Context, page func(tx Tx, before int64) ([]offer.Offer, error)) error {
	for before := int64(0); ; {
		var list, found []offer.Offer
		err := m.read(ctx, func(tx Tx) error {
			found = nil
			var err error
			if list, err = page(tx, before); err != nil {
				return err
			}
			found, err = newBars(tx).among(list)
			return err
		})
		if err != nil {
			return fmt.Errorf("find offers to withdraw: %w", err)
		}
		if len(list) == 0 {
			return nil
		}
		before = list[len(list)-1].Key
		if len(found) == 0 {
			continue
		}
		if err := m.write(ctx, func(tx Tx) error { return m.withdrawBarred(tx, found) }); err != nil {
			return fmt.Errorf("withdraw offers: %w", err)
		}
	}
}

// among gives the offers of a list that are barred.
func (b *bars) among(list []offer.Offer) (found []offer.Offer, err error) {
	for i := range list {
		var c candidate.Candidate
		k, group, p, err := b.of(&list[i])
		if err != nil {
			return nil, err
		}
		// Whom the offer is for matters only if nothing else bars it.
		if barred(&c, &k, nil, &p) == "" {
			if len(group) == 1 {
				continue // their own blocks they have seen to themselves
			}
			if c, err = b.tx.Candidate(list[i].Candidate); err != nil {
				if notFoundIsNil(err) != nil {
					return nil, err
				}
				continue
			}
		}
		if list[i].Open() && barred(&c, &k, group, &p) != "" {
			found = append(found, list[i])
		}
	}
	return found, nil
}

// withdrawBarred withdraws those of some offers that are barred now.
func (m *Market) withdrawBarred(tx Tx, list []offer.Offer) error {
	candidates, err := lockAll("candidate", candidatesOf(list), tx.LockCandidate)
	if err != nil {
		return err
	}
	b := newBars(tx)
	var ends []offer.Offer
	for i := range list {
		c, ok := candidates[list[i].Candidate]
		if !ok {
			continue // whoever is erased has no open offers
		}
		o, err := tx.Offer(list[i].Key)
		if err != nil {
			return err
		}
		yes, err := b.bar(&o, &c)
		if err != nil {
			return err
		}
		if yes {
			ends = append(ends, o)
		}
	}
	e, err := m.ender(tx, m.Now(), candidates, ends)
	if err != nil {
		return err
	}
	return e.withdraw(ends)
}

func candidatesOf(list []offer.Offer) []int64 {
	keys := make([]int64, len(list))
	for i := range list {
		keys[i] = list[i].Candidate
	}
	return keys
}

// perhapsOpen are the states of offers that may be open.
var perhapsOpen = []offer.State{offer.Proposed, offer.Reserved, offer.Sent, offer.Seen, offer.Declined}

// sweepPosition withdraws what a position leaves open once it is closed.
func (m *Market) sweepPosition(ctx context.Context, key int64) error {
	closed := false
	err := m.read(ctx, func(tx Tx) error {
		p, err := tx.Position(key)
		closed = err == nil && p.State == position.Closed
		return notFoundIsNil(err)
	})
	if err != nil || !closed {
		return err
	}
	return m.sweep(ctx, func(tx Tx, before int64) ([]offer.Offer, error) {
		return tx.OffersOn(key, before, endPage, perhapsOpen...)
	})
}

// sweepCompany withdraws what a company leaves open once it is suspended, or
// what its group has sent to people who work for it once it is verified.
func (m *Market) sweepCompany(ctx context.Context, key int64) error {
	var members []company.Company
	err := m.read(ctx, func(tx Tx) error {
		members = nil
		k, err := tx.Company(key)
		if err != nil || k.Status == company.Applied {
			return notFoundIsNil(err)
		}
		if k.Status == company.Suspended {
			members = []company.Company{k}
			return nil
		}
		numbers, group, err := kindred(tx, k)
		if len(numbers) > 1 {
			members = group
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range members {
		err := m.sweep(ctx, func(tx Tx, before int64) ([]offer.Offer, error) {
			return tx.OffersBy(k.Key, 0, before, endPage, perhapsOpen...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// settle takes back in the same request what its change bars. The change is
// committed: what cannot be done here any more, the matcher does when it comes
// to the change's row.
func (m *Market) settle(ctx context.Context, sweep func(context.Context, int64) error, key int64) {
	if err := sweep(context.WithoutCancel(ctx), key); err != nil {
		m.report(ctx, "withdrawals are left to the matcher", err)
	}
}

// endDue takes the steps whose time has come, and gives the offers that lapsed
// and whose candidates and rules are to be matched again.
func (m *Market) endDue(ctx context.Context, now time.Time) (lapsed []offer.Offer, err error) {
	for {
		var due, again []offer.Offer
		err := m.read(ctx, func(tx Tx) error {
			var err error
			due, err = tx.Due(now, endPage)
			return err
		})
		if err == nil && len(due) > 0 {
			err = m.transact(ctx, func(tx Tx) error {
				var err error
				again, err = m.endThoseDue(tx, due, now)
				return err
			})
		}
		if err != nil {
			return lapsed, fmt.Errorf("end what is due: %w", err)
		}
		lapsed = append(lapsed, again...)
		if len(due) < endPage {
			return lapsed, nil
		}
	}
}

// endThoseDue ends those of some offers that are due still, and gives the ones
// to be matched again.
func (m *Market) endThoseDue(tx Tx, list []offer.Offer, now time.Time) (again []offer.Offer, err error) {
	candidates, err := lockAll("candidate", candidatesOf(list), tx.LockCandidate)
	if err != nil {
		return nil, err
	}
	due, err := reread(tx, list, func(o *offer.Offer) bool { return !o.DueAt.IsZero() && !o.DueAt.After(now) })
	if err != nil {
		return nil, err
	}
	e, err := m.ender(tx, now, candidates, due)
	if err != nil {
		return nil, err
	}
	for i := range due {
		returned, err := e.end(&due[i])
		if err != nil {
			return nil, fmt.Errorf("offer %d: %w", due[i].Key, err)
		}
		if returned {
			again = append(again, due[i])
		}
	}
	return again, nil
}

// reread gives some offers as they are now, those that still fit.
func reread(tx Tx, list []offer.Offer, fits func(*offer.Offer) bool) ([]offer.Offer, error) {
	var out []offer.Offer
	for i := range list {
		o, err := tx.Offer(list[i].Key)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if fits(&o) {
			out = append(out, o)
		}
	}
	return out, nil
}
