package market

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/offer"
	"enishi/internal/thread"
)

type memoryDealings struct {
	dealings   map[int64]offer.Dealing
	messages   table[thread.Message]
	messageID  map[uuid.UUID]int64
	messagesOf index[int64] // by offer
	breaches   table[offer.Breach]
	breachID   map[uuid.UUID]int64
	breachesOf index[int64] // by offer
	breachesBy index[int64] // by company
}

func newMemoryDealings() memoryDealings {
	return memoryDealings{
		dealings: map[int64]offer.Dealing{}, messageID: map[uuid.UUID]int64{}, messagesOf: index[int64]{},
		breachID: map[uuid.UUID]int64{}, breachesOf: index[int64]{}, breachesBy: index[int64]{},
	}
}

func (t *memoryTx) Dealing(of int64) (offer.Dealing, error) {
	d, ok := t.dealings[of]
	if !ok {
		d.Offer = of
	}
	return d, t.ready()
}

func (t *memoryTx) Dealings(of []int64) ([]offer.Dealing, error) {
	var out []offer.Dealing
	for _, key := range slices.Compact(slices.Sorted(slices.Values(of))) {
		if d, ok := t.dealings[key]; ok {
			out = append(out, d)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) SaveDealing(d *offer.Dealing) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := t.dealings[d.Offer]
	row := *d
	row.ProposedAt, row.DatedAt, row.ChangedAt = stored(d.ProposedAt), stored(d.DatedAt), stored(d.ChangedAt)
	row.HeldAt, row.EndedAt, row.DeniedAt = stored(d.HeldAt), stored(d.EndedAt), stored(d.DeniedAt)
	row.CandidateRead, row.CompanyRead = before.CandidateRead, before.CompanyRead
	put(t, t.dealings, d.Offer, row)
	return nil
}

func (t *memoryTx) MarkRead(of int64, by offer.Side, message int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	d, err := t.Dealing(of)
	if by == offer.Candidate {
		d.CandidateRead = max(d.CandidateRead, message)
	} else {
		d.CompanyRead = max(d.CompanyRead, message)
	}
	put(t, t.dealings, of, d)
	return err
}

func (t *memoryTx) Owing(before day.Day, limit int) ([]offer.Offer, error) {
	var list []offer.Dealing
	for _, d := range t.dealings {
		if d.OwedOn != 0 && d.OwedOn < before {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b offer.Dealing) int {
		return cmp.Or(cmp.Compare(a.OwedOn, b.OwedOn), cmp.Compare(a.Offer, b.Offer))
	})
	keys := make([]int64, len(list))
	for i := range list {
		keys[i] = list[i].Offer
	}
	return oldest(&t.offers, keys, limit), t.ready()
}

func (t *memoryTx) Disputed(before int64, limit int) ([]offer.Dealing, error) {
	var list []offer.Dealing
	for _, d := range t.dealings {
		if d.Disputed() && (before == 0 || d.Offer < before) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b offer.Dealing) int { return cmp.Compare(b.Offer, a.Offer) })
	return list[:min(limit, len(list))], t.ready()
}

func (t *memoryTx) AddMessage(m *thread.Message) error {
	if err := t.writing(); err != nil {
		return err
	}
	if _, ok := t.messageID[m.ID]; ok {
		return twice("the message")
	}
	m.Key = t.messages.next()
	row := *m
	row.At = stored(m.At)
	t.messages.add(t, &row)
	put(t, t.messageID, m.ID, m.Key)
	t.messagesOf.add(t, m.Offer, m.Key)
	return nil
}

func (t *memoryTx) MessageByID(id uuid.UUID) (thread.Message, error) {
	return found(t, &t.messages, "message", t.messageID[id])
}

func (t *memoryTx) Messages(of, before int64, limit int) ([]thread.Message, error) {
	return newest(&t.messages, t.messagesOf.below(of, before), limit, nil), t.ready()
}

func (t *memoryTx) Unread(of []int64, by offer.Side) (map[int64]int, error) {
	unread := map[int64]int{}
	for _, key := range slices.Compact(slices.Sorted(slices.Values(of))) {
		d := t.dealings[key]
		for _, m := range t.messagesOf.above(key, d.ReadBy(by)) {
			if t.messages.find(m).Side != by {
				unread[key]++
			}
		}
	}
	return unread, t.ready()
}

func (t *memoryTx) EraseMessages(of int64, side offer.Side) error {
	if err := t.writing(); err != nil {
		return err
	}
	for _, key := range t.messagesOf[of] {
		if m := *t.messages.find(key); m.Side == side {
			m.Sealed, m.Account = nil, 0
			t.messages.put(t, key, &m)
		}
	}
	return nil
}

func (t *memoryTx) AddBreach(b *offer.Breach) error {
	if err := t.writing(); err != nil {
		return err
	}
	for _, key := range t.breachesOf[b.Offer] {
		if t.breaches.find(key).Promise == b.Promise {
			return twice("a breach of the promise")
		}
	}
	if _, ok := t.breachID[b.ID]; ok {
		return twice("the breach")
	}
	b.Key = t.breaches.next()
	row := *b
	row.At, row.SetAsideAt = stored(b.At), stored(b.SetAsideAt)
	t.breaches.add(t, &row)
	put(t, t.breachID, b.ID, b.Key)
	t.breachesOf.add(t, b.Offer, b.Key)
	t.breachesBy.add(t, b.Company, b.Key)
	return nil
}

func (t *memoryTx) BreachByID(id uuid.UUID) (offer.Breach, error) {
	return found(t, &t.breaches, "breach", t.breachID[id])
}

func (t *memoryTx) SaveBreach(b *offer.Breach) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := t.breaches.find(b.Key)
	if before == nil {
		return missing("breach")
	}
	row := *before
	row.SetAsideAt, row.SetAsideBy, row.Reason = stored(b.SetAsideAt), b.SetAsideBy, b.Reason
	t.breaches.put(t, b.Key, &row)
	return nil
}

func (t *memoryTx) BreachesOf(of int64) ([]offer.Breach, error) {
	return oldest(&t.breaches, t.breachesOf[of], len(t.breachesOf[of])), t.ready()
}

func (t *memoryTx) Breaches(company, before int64, limit int) ([]offer.Breach, error) {
	if company != 0 {
		return newest(&t.breaches, t.breachesBy.below(company, before), limit, nil), t.ready()
	}
	var out []offer.Breach
	for i := len(t.breaches.rows) - 1; i >= 0 && len(out) < limit; i-- {
		if b := t.breaches.rows[i]; b != nil && (before == 0 || b.Key < before) {
			out = append(out, *b)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) Counting(company int64, since day.Day) (int, error) {
	n := 0
	for _, key := range t.breachesBy[company] {
		if b := t.breaches.find(key); b.SetAsideAt.IsZero() && b.Day >= since {
			n++
		}
	}
	return n, t.ready()
}
