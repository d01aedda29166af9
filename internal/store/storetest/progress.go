package storetest

import (
	"fmt"
	"testing"
	"time"

	"enishi/internal/market"
	"enishi/internal/offer"
)

func progress() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"how far offers have come": howFar,
		"a board's columns":        boardColumns,
		"days on which was sent":   sentDays,
		"from yes to interview":    courses,
	}
}

// stand is where an offer stands, and how its company may know it the day after today.
type stand struct {
	state  offer.State
	change func(*offer.Offer)
	shown  offer.State
	stage  offer.Stage
	column market.Column // "": not on the board
}

func seen(o *offer.Offer)     { o.SeenAt = when.Add(time.Hour) }
func answered(o *offer.Offer) { seen(o); o.AnsweredAt = when.Add(2 * time.Hour) }
func dated(o *offer.Offer)    { answered(o); o.ScheduledAt = when.Add(3 * time.Hour) }
func talked(o *offer.Offer)   { dated(o); o.HeldAt = when.Add(4 * time.Hour) }
func pending(o *offer.Offer)  { answered(o); o.DueAt = when.Add(3 * time.Hour) }
func passed(o *offer.Offer)   { o.ExpiresOn = today }
func lastDay(o *offer.Offer)  { o.ExpiresOn = today + 1 }
func byHand(o *offer.Offer)   { o.Sender = offer.Scout }
func casual(o *offer.Offer)   { talked(o); o.Kind = "casual" }

func stands() []stand {
	return []stand{
		{offer.Proposed, nil, "", 0, ""},
		{offer.Reserved, nil, "", 0, ""},
		{offer.Lapsed, nil, "", 0, ""},
		{offer.Reserved, byHand, offer.Sent, offer.Reaching, market.ColumnSent},
		{offer.Lapsed, byHand, offer.Expired, offer.Reaching, market.ColumnOver},
		{offer.Sent, nil, offer.Sent, offer.Reaching, market.ColumnSent},
		{offer.Sent, lastDay, offer.Sent, offer.Reaching, market.ColumnSent},
		{offer.Sent, passed, offer.Expired, offer.Reaching, market.ColumnOver},
		{offer.Seen, seen, offer.Seen, offer.Opening, market.ColumnSent},
		{offer.Seen, nil, offer.Seen, offer.Opening, market.ColumnSent}, // of before it was noted
		{offer.Seen, func(o *offer.Offer) { seen(o); passed(o) }, offer.Expired, offer.Opening, market.ColumnOver},
		{offer.Declined, pending, offer.Seen, offer.Opening, market.ColumnSent},
		{offer.Declined, answered, offer.Declined, offer.Opening, market.ColumnOver},
		{offer.Expired, nil, offer.Expired, offer.Reaching, market.ColumnOver},
		{offer.Expired, seen, offer.Expired, offer.Opening, market.ColumnOver},
		{offer.Withdrawn, nil, offer.Expired, offer.Reaching, market.ColumnOver}, // by a block
		{offer.Withdrawn, seen, offer.Expired, offer.Opening, market.ColumnOver},
		{offer.Withdrawn, answered, offer.Withdrawn, offer.Accepting, market.ColumnOver},
		{offer.Withdrawn, dated, offer.Withdrawn, offer.Scheduling, market.ColumnOver},
		{offer.Withdrawn, talked, offer.Withdrawn, offer.Holding, market.ColumnOver},
		{offer.Accepted, answered, offer.Accepted, offer.Accepting, market.ColumnAccepted},
		{offer.Scheduled, dated, offer.Scheduled, offer.Scheduling, market.ColumnScheduled},
		{offer.Scheduled, answered, offer.Scheduled, offer.Scheduling, market.ColumnScheduled},
		{offer.Held, talked, offer.Held, offer.Holding, market.ColumnHeld},
		{offer.Held, answered, offer.Held, offer.Holding, market.ColumnHeld},
		{offer.Held, casual, offer.Held, offer.Holding, market.ColumnOver},
		{offer.Rejected, talked, offer.Rejected, offer.Holding, market.ColumnOver},
		{offer.Hired, talked, offer.Hired, offer.Hiring, market.ColumnHired},
		{offer.Hired, answered, offer.Hired, offer.Hiring, market.ColumnHired},
	}
}

// stood adds an offer at each stand, for another candidate each, and changes it.
func stood(t *testing.T, s market.Store, at []stand, change func(int, *offer.Offer)) []*offer.Offer {
	t.Helper()
	list := make([]*offer.Offer, len(at))
	for i, x := range at {
		list[i] = with(newOffer(int64(i+1), 1), func(o *offer.Offer) {
			o.State = x.state
			if x.change != nil {
				x.change(o)
			}
			change(i, o)
		})
	}
	addOffers(t, s, list...)
	return list
}

func howFar(t *testing.T, s market.Store) {
	stood(t, s, stands(), func(i int, o *offer.Offer) { o.Rule, o.Position = int64(i+1), 7 })
	stood(t, s, stands(), func(_ int, o *offer.Offer) { o.Company, o.Rule, o.Position = 2, 0, 8 })
	stood(t, s, stands(), func(_ int, o *offer.Offer) { o.Rule, o.Position, o.SentDay = 0, 9, today-1 })
	got := load(t, s, func(tx market.Tx) ([]market.Progress, error) { return tx.Progress(1, 0, today, today+1) })
	var expected []market.Progress
	for i, x := range stands() {
		if x.shown != "" {
			expected = append(expected, market.Progress{Rule: int64(i + 1), Position: 7, State: x.shown, Stage: x.stage, Offers: 1})
		}
	}
	want(t, "Progress", got, expected)

	all := load(t, s, func(tx market.Tx) ([]market.Progress, error) { return tx.Progress(2, 0, 0, today+1) })
	counts := map[market.Progress]int{}
	for _, p := range all {
		n := p.Offers
		p.Offers = 0
		counts[p] += n
	}
	for _, x := range stands() {
		if x.shown != "" {
			counts[market.Progress{Position: 8, State: x.shown, Stage: x.stage}]--
		}
	}
	for p, n := range counts {
		if n != 0 {
			t.Errorf("Progress counts %+v %d times too often", p, n)
		}
	}
	one := load(t, s, func(tx market.Tx) ([]market.Progress, error) { return tx.Progress(1, expected[3].Rule, today, today+1) })
	want(t, "Progress of a rule", one, expected[3:4])
	want(t, "Progress of nobody", load(t, s, func(tx market.Tx) ([]market.Progress, error) { return tx.Progress(3, 0, 0, today) }), nil)
}

// boardColumns reads each column in pages of two.
func boardColumns(t *testing.T, s market.Store) {
	var list []*offer.Offer
	for round := range 3 { // accepted at the same moments again
		list = append(list, stood(t, s, stands(), func(i int, o *offer.Offer) {
			o.Candidate += int64(100 * round)
			o.Rule, o.Position = int64(1+round%2), int64(1+round)
			if !o.AnsweredAt.IsZero() {
				o.AnsweredAt = o.AnsweredAt.Add(time.Duration(-i) * time.Minute)
			}
		})...)
	}
	for _, column := range market.Columns() {
		for _, only := range []struct{ rule, position int64 }{{0, 0}, {1, 0}, {2, 0}, {0, 2}, {1, 2}} {
			var expected []int64
			for round := range 3 {
				for i, x := range stands() {
					o := list[round*len(stands())+i]
					if x.column == column && (only.rule == 0 || only.rule == o.Rule) && (only.position == 0 || only.position == o.Position) {
						expected = append(expected, o.Key)
					}
				}
			}
			what := fmt.Sprintf("column %s of rule %d and position %d", column, only.rule, only.position)
			counts := load(t, s, func(tx market.Tx) (map[market.Column]int, error) {
				return tx.Columns(market.BoardPage{Company: 1, Rule: only.rule, Position: only.position, On: today + 1})
			})
			want(t, "Columns: "+what, counts[column], len(expected))
			want(t, what, pagesOf(t, s, market.BoardPage{
				Company: 1, Rule: only.rule, Position: only.position, Column: column, On: today + 1, Limit: 2,
			}), inOrder(column, list, expected))
		}
	}
}

// inOrder sorts keys as a column shows them.
func inOrder(column market.Column, list []*offer.Offer, keys []int64) []int64 {
	by := map[int64]*offer.Offer{}
	for _, o := range list {
		by[o.Key] = o
	}
	for i := range keys { // few: by insertion
		for j := i; j > 0; j-- {
			a, b := by[keys[j-1]], by[keys[j]]
			first := a.Key > b.Key
			if column.ByAcceptance() {
				first = a.AnsweredAt.Before(b.AnsweredAt) || a.AnsweredAt.Equal(b.AnsweredAt) && a.Key < b.Key
			}
			if first {
				break
			}
			keys[j-1], keys[j] = keys[j], keys[j-1]
		}
	}
	return keys
}

func pagesOf(t *testing.T, s market.Store, p market.BoardPage) []int64 {
	t.Helper()
	var out []int64
	for {
		list := load(t, s, func(tx market.Tx) ([]offer.Offer, error) { return tx.InColumn(p) })
		for _, o := range list {
			out = append(out, o.Key)
		}
		if len(list) < p.Limit {
			return out
		}
		p.After = out[len(out)-1]
	}
}

func sentDays(t *testing.T, s market.Store) {
	for n := range 3 {
		stood(t, s, stands(), func(_ int, o *offer.Offer) { o.Rule, o.SentDay, o.Position = 0, today-1, int64(n+1) })
	}
	stood(t, s, stands(), func(_ int, o *offer.Offer) { o.Rule, o.Position = 0, 9 })
	got := load(t, s, func(tx market.Tx) ([]market.SentDay, error) { return tx.SentByDay(1, today-1) })
	want(t, "SentByDay", got, []market.SentDay{{Day: today - 1, Sent: 78, Accepted: 36}, {Day: today, Sent: 26, Accepted: 12}})
	got = load(t, s, func(tx market.Tx) ([]market.SentDay, error) { return tx.SentByDay(1, today) })
	want(t, "SentByDay of today", got, []market.SentDay{{Day: today, Sent: 26, Accepted: 12}})
	want(t, "SentByDay of nobody", load(t, s, func(tx market.Tx) ([]market.SentDay, error) { return tx.SentByDay(2, 0) }), nil)
}

func courses(t *testing.T, s market.Store) {
	stood(t, s, stands(), func(i int, o *offer.Offer) {
		if !o.HeldAt.IsZero() {
			o.HeldAt = o.AnsweredAt.Add(time.Duration(100-i)*time.Hour + time.Microsecond)
		}
	})
	got := load(t, s, func(tx market.Tx) ([]time.Duration, error) { return tx.Courses(1, today) })
	if len(got) != 5 { // held, held casually, withdrawn after it, rejected, hired
		t.Fatalf("Courses = %v, want 5 of them", got)
	}
	for i, x := range []int{27, 26, 25, 23, 19} {
		if d := time.Duration(100-x)*time.Hour + time.Microsecond; got[i] != d {
			t.Errorf("Courses[%d] = %v, want %v", i, got[i], d)
		}
	}
	want(t, "Courses of later", load(t, s, func(tx market.Tx) ([]time.Duration, error) { return tx.Courses(1, today+1) }), nil)
}
