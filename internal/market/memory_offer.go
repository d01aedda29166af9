package market

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

type memoryOffers struct {
	offers     table[offer.Offer]
	offerID    map[uuid.UUID]int64
	offersTo   index[int64]  // by candidate
	offersBy   index[int64]  // by company
	offersOf   index[int64]  // by rule
	offersOn   index[int64]  // by position
	ending     sets[day.Day] // those that can be accepted, by their last day
	due        sets[int64]   // by the hour in which something is due
	acceptedBy sets[int64]   // by company
}

func newMemoryOffers() memoryOffers {
	return memoryOffers{
		offerID: map[uuid.UUID]int64{}, offersTo: index[int64]{}, offersBy: index[int64]{}, offersOf: index[int64]{},
		offersOn: index[int64]{}, ending: sets[day.Day]{}, due: sets[int64]{}, acceptedBy: sets[int64]{},
	}
}

func storedOffer(o *offer.Offer) *offer.Offer {
	row := *o
	row.SentAt, row.AnsweredAt = stored(o.SentAt), stored(o.AnsweredAt)
	row.RespondedAt, row.DueAt = stored(o.RespondedAt), stored(o.DueAt)
	row.SeenAt, row.ScheduledAt, row.HeldAt = stored(o.SeenAt), stored(o.ScheduledAt), stored(o.HeldAt)
	return &row
}

// single reports a second offer where a candidate may have one.
func (t *memoryTx) single(o *offer.Offer) error {
	live, auto := LivePosition(o), AutoPosition(o)
	for _, key := range t.offersTo[o.Candidate] {
		if key == o.Key {
			continue
		}
		other := t.offers.find(key)
		switch {
		case live != 0 && live == LivePosition(other):
			return twice("a live offer for the position")
		case auto != 0 && auto == AutoPosition(other):
			return twice("an automatic offer for the position")
		case o.Rule != 0 && o.Rule == other.Rule:
			return twice("an offer of the rule")
		}
	}
	return nil
}

func (t *memoryTx) AddOffer(o *offer.Offer) error {
	if err := t.writing(); err != nil {
		return err
	}
	if _, ok := t.offerID[o.ID]; ok {
		return twice("the offer")
	}
	row := storedOffer(o)
	row.Key = t.offers.next()
	if err := t.single(row); err != nil {
		return err
	}
	t.offers.add(t, row)
	put(t, t.offerID, o.ID, row.Key)
	t.offersTo.add(t, o.Candidate, row.Key)
	t.offersBy.add(t, o.Company, row.Key)
	t.offersOn.add(t, o.Position, row.Key)
	if o.Rule != 0 {
		t.offersOf.add(t, o.Rule, row.Key)
	}
	t.timed(row, sets[day.Day].add, sets[int64].add)
	o.Key = row.Key
	return nil
}

// timed adds an offer to the sets by time that it belongs to, or removes it.
func (t *memoryTx) timed(o *offer.Offer, days func(sets[day.Day], *memoryTx, day.Day, int64),
	keys func(sets[int64], *memoryTx, int64, int64),
) {
	if Ends(o) {
		days(t.ending, t, o.ExpiresOn, o.Key)
	}
	if !o.DueAt.IsZero() {
		keys(t.due, t, hour(o.DueAt), o.Key)
	}
	if !AcceptedAt(o).IsZero() {
		keys(t.acceptedBy, t, o.Company, o.Key)
	}
}

func hour(t time.Time) int64 { return t.Unix() / 3600 }

func (t *memoryTx) SaveOffer(o *offer.Offer) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := t.offers.find(o.Key)
	if before == nil {
		return missing("offer")
	}
	if before.Version != o.Version-1 {
		return stale("offer")
	}
	row := storedOffer(o)
	row.ID = before.ID
	if err := t.single(row); err != nil {
		return err
	}
	t.timed(before, sets[day.Day].remove, sets[int64].remove)
	t.offersTo.move(t, before.Candidate, row.Candidate, row.Key)
	t.offersBy.move(t, before.Company, row.Company, row.Key)
	t.offersOn.move(t, before.Position, row.Position, row.Key)
	if before.Rule != row.Rule {
		t.offersOf.remove(t, before.Rule, row.Key)
		if row.Rule != 0 {
			t.offersOf.add(t, row.Rule, row.Key)
		}
	}
	t.timed(row, sets[day.Day].add, sets[int64].add)
	t.offers.put(t, row.Key, row)
	return nil
}

func (t *memoryTx) Offer(key int64) (offer.Offer, error) { return found(t, &t.offers, "offer", key) }

func (t *memoryTx) OfferByID(id uuid.UUID) (offer.Offer, error) { return t.Offer(t.offerID[id]) }

func (t *memoryTx) OfferOfPair(rule, candidate int64) (offer.Offer, error) {
	for _, key := range t.offersTo[candidate] {
		if rule != 0 && t.offers.find(key).Rule == rule {
			return t.Offer(key)
		}
	}
	return t.Offer(0)
}

func (t *memoryTx) OffersTo(candidate, before int64, limit int) ([]offer.Offer, error) {
	return newest(&t.offers, t.offersTo.below(candidate, before), limit, nil), t.ready()
}

func (t *memoryTx) OffersBy(company, rule, before int64, limit int, states ...offer.State) ([]offer.Offer, error) {
	keys := t.offersBy.below(company, before)
	if rule != 0 {
		keys = t.offersOf.below(rule, before)
	}
	return newest(&t.offers, keys, limit, func(o *offer.Offer) bool {
		return o.Company == company && inOne(o, states)
	}), t.ready()
}

func (t *memoryTx) BacklogOf(company int64, number corpnum.Number, group []corpnum.Number) (map[int64]Backlog, error) {
	all := map[int64]Backlog{}
	for _, key := range t.offersBy[company] {
		o := t.offers.find(key)
		if o.State != offer.Proposed {
			continue
		}
		c := t.candidates.find(o.Candidate)
		if c == nil || !c.Open || c.Blocked(number, group) {
			continue
		}
		q := all[o.Rule]
		q.People++
		if q.Until.IsZero() || o.DueAt.Before(q.Until) {
			q.Until = o.DueAt
		}
		all[o.Rule] = q
	}
	return all, t.ready()
}

func (t *memoryTx) OffersOn(position, before int64, limit int, states ...offer.State) ([]offer.Offer, error) {
	return newest(&t.offers, t.offersOn.below(position, before), limit, func(o *offer.Offer) bool {
		return inOne(o, states)
	}), t.ready()
}

func inOne(o *offer.Offer, states []offer.State) bool {
	return len(states) == 0 || slices.Contains(states, o.State)
}

func (t *memoryTx) Between(company, candidate int64) ([]offer.Offer, error) {
	var out []offer.Offer
	for _, key := range t.offersTo[candidate] {
		if o := t.offers.find(key); o.Company == company {
			out = append(out, *o)
		}
	}
	return out, t.ready()
}

func takes(o *offer.Offer, since day.Day) bool { return AutoPosition(o) != 0 && o.SentDay >= since }

func (t *memoryTx) Taken(candidate int64, since day.Day) (int, error) {
	n := 0
	for _, key := range t.offersTo[candidate] {
		if takes(t.offers.find(key), since) {
			n++
		}
	}
	return n, t.ready()
}

func (t *memoryTx) Reserved(rule int64, on day.Day) (today, total int, err error) {
	for _, key := range t.offersOf[rule] {
		if o := t.offers.find(key); o.State == offer.Reserved {
			total++
			if o.SentDay == on {
				today++
			}
		}
	}
	return today, total, t.ready()
}

func (t *memoryTx) Unconfirmed(rule, position int64) (map[int64]bool, error) {
	out := map[int64]bool{}
	for _, key := range t.offersOn[position] {
		if o := t.offers.find(key); o.State == offer.Reserved {
			out[o.Candidate] = true
		}
	}
	for _, key := range t.offersOf[rule] {
		o := t.offers.find(key)
		c := t.candidates.find(o.Candidate)
		if c != nil && (o.State == offer.Reserved || o.State == offer.Lapsed && !c.Confirmed) {
			out[o.Candidate] = true
		}
	}
	return out, t.ready()
}

func (t *memoryTx) AllTaken(since day.Day) (map[int64]int, error) {
	all := map[int64]int{}
	for _, o := range t.offers.rows {
		if o != nil && takes(o, since) {
			all[o.Candidate]++
		}
	}
	return all, t.ready()
}

func (t *memoryTx) Freed(by day.Day) ([]int64, error) {
	var out []int64
	for _, c := range t.candidates.rows {
		if c == nil || !c.Open {
			continue
		}
		with, _ := t.Taken(c.Key, by)
		without, _ := t.Taken(c.Key, by+1)
		if with >= c.WeeklyLimit && without < c.WeeklyLimit {
			out = append(out, c.Key)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) ReachedFor(rule, position int64) (map[int64]bool, error) {
	reached := map[int64]bool{}
	for _, key := range t.offersOf[rule] {
		if o := t.offers.find(key); o.State != offer.Lapsed {
			reached[o.Candidate] = true
		}
	}
	for _, key := range t.offersOn[position] {
		if o := t.offers.find(key); Reaches(o) {
			reached[o.Candidate] = true
		}
	}
	return reached, t.ready()
}

func (t *memoryTx) ReachedTo(candidate int64) (positions, rules map[int64]bool, err error) {
	positions, rules = map[int64]bool{}, map[int64]bool{}
	for _, key := range t.offersTo[candidate] {
		o := t.offers.find(key)
		if Reaches(o) {
			positions[o.Position] = true
		}
		if o.Rule != 0 && o.State != offer.Lapsed {
			rules[o.Rule] = true
		}
	}
	return positions, rules, t.ready()
}

func (t *memoryTx) Ending(before day.Day, limit int) ([]offer.Offer, error) {
	var keys []int64
	for last, set := range t.ending {
		if last < before {
			for key := range set {
				keys = append(keys, key)
			}
		}
	}
	slices.SortFunc(keys, func(a, b int64) int {
		return cmp.Or(cmp.Compare(t.offers.find(a).ExpiresOn, t.offers.find(b).ExpiresOn), cmp.Compare(a, b))
	})
	return oldest(&t.offers, keys, limit), t.ready()
}

func (t *memoryTx) Offers(after int64, limit int) ([]offer.Offer, error) {
	return t.offers.page(after, limit), t.ready()
}

func (t *memoryTx) Due(now time.Time, limit int) ([]offer.Offer, error) {
	var keys []int64
	for h, set := range t.due {
		if h > hour(now) {
			continue
		}
		for key := range set {
			if !t.offers.find(key).DueAt.After(now) {
				keys = append(keys, key)
			}
		}
	}
	slices.SortFunc(keys, func(a, b int64) int {
		return cmp.Or(t.offers.find(a).DueAt.Compare(t.offers.find(b).DueAt), cmp.Compare(a, b))
	})
	return oldest(&t.offers, keys, limit), t.ready()
}

func (t *memoryTx) answers(company int64, since, until time.Time, within time.Duration) rule.Answers {
	var a rule.Answers
	for key := range t.acceptedBy[company] {
		o := t.offers.find(key)
		accepted := AcceptedAt(o)
		if accepted.Before(stored(since)) || !accepted.Before(stored(until)) {
			continue
		}
		a.Accepted++
		took := o.RespondedAt.Sub(accepted)
		for _, p := range t.pauses {
			if !p.From.Before(accepted) && p.From.Before(o.RespondedAt) {
				took -= p.Until.Sub(p.From)
			}
		}
		if responded := o.RespondedAt.Sub(accepted); !o.RespondedAt.IsZero() && responded >= 0 && took <= within && o.RespondedAt.Before(stored(until)) {
			a.Answered++
		}
	}
	return a
}

func (t *memoryTx) AllAnswers(since, until time.Time, within time.Duration) (map[int64]rule.Answers, error) {
	all := map[int64]rule.Answers{}
	for company := range t.acceptedBy {
		if a := t.answers(company, since, until, within); a.Accepted > 0 {
			all[company] = a
		}
	}
	return all, t.ready()
}
