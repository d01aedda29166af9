package market

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"enishi/internal/day"
	"enishi/internal/offer"
)

// sentSince gives the offers of a company that it sees, sent from a day on.
func (t *memoryTx) sentSince(company int64, since day.Day) []*offer.Offer {
	var out []*offer.Offer
	for _, key := range t.offersBy[company] {
		if o := t.offers.find(key); o.SentDay >= since && !hiddenFromCompany(o) {
			out = append(out, o)
		}
	}
	return out
}

func (t *memoryTx) Columns(p BoardPage) (map[Column]int, error) {
	counts := map[Column]int{}
	for _, o := range t.sentSince(p.Company, 0) {
		if (p.Rule == 0 || o.Rule == p.Rule) && (p.Position == 0 || o.Position == p.Position) {
			counts[columnOf(o, p.On)]++
		}
	}
	return counts, t.ready()
}

func (t *memoryTx) Progress(company, rule int64, since, on day.Day) ([]Progress, error) {
	counts := map[Progress]int{}
	for _, o := range t.sentSince(company, since) {
		if rule != 0 && o.Rule != rule {
			continue
		}
		counts[Progress{Rule: o.Rule, Position: o.Position, State: shownState(o, on), Stage: o.Stage()}]++
	}
	out := make([]Progress, 0, len(counts))
	for p, n := range counts {
		p.Offers = n
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Progress) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Position, b.Position), cmp.Compare(a.State, b.State),
			cmp.Compare(a.Stage, b.Stage))
	})
	return out, t.ready()
}

func (t *memoryTx) SentByDay(company int64, since day.Day) ([]SentDay, error) {
	days := map[day.Day]SentDay{}
	for _, o := range t.sentSince(company, since) {
		d := days[o.SentDay]
		d.Day, d.Sent = o.SentDay, d.Sent+1
		if !AcceptedAt(o).IsZero() {
			d.Accepted++
		}
		days[o.SentDay] = d
	}
	return slices.SortedFunc(maps.Values(days), func(a, b SentDay) int { return cmp.Compare(a.Day, b.Day) }), t.ready()
}

func (t *memoryTx) Courses(company int64, since day.Day) ([]time.Duration, error) {
	var out []time.Duration
	for _, o := range t.sentSince(company, since) {
		if accepted := AcceptedAt(o); !accepted.IsZero() && !o.HeldAt.IsZero() {
			out = append(out, o.HeldAt.Sub(accepted))
		}
	}
	slices.Sort(out)
	return out, t.ready()
}

func (t *memoryTx) InColumn(p BoardPage) ([]offer.Offer, error) {
	var out []offer.Offer
	for _, key := range t.offersBy[p.Company] {
		o := t.offers.find(key)
		if columnOf(o, p.On) == p.Column && (p.Rule == 0 || o.Rule == p.Rule) && (p.Position == 0 || o.Position == p.Position) {
			out = append(out, *o)
		}
	}
	before := func(a, b *offer.Offer) int { return cmp.Compare(b.Key, a.Key) }
	if p.Column.ByAcceptance() {
		before = func(a, b *offer.Offer) int {
			return cmp.Or(a.AnsweredAt.Compare(b.AnsweredAt), cmp.Compare(a.Key, b.Key))
		}
	}
	slices.SortFunc(out, func(a, b offer.Offer) int { return before(&a, &b) })
	if last := t.offers.find(p.After); last != nil {
		out = slices.DeleteFunc(out, func(o offer.Offer) bool { return before(&o, last) <= 0 })
	}
	return out[:min(len(out), p.Limit)], t.ready()
}
