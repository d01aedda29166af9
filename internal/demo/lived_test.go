package demo

import (
	"testing"
	"time"

	"enishi/internal/day"
	"enishi/internal/offer"
)

// The market has lived: in every week of its 180 days people signed up, and
// offers were sent, answered and responded to; and of every state that an offer
// can be in there are some, as many as their dates allow.
func TestTheMarketHasLived(t *testing.T) {
	alone(t)
	t.Parallel()
	o := options(t, 2000, 60, 250)
	_, memory := played(t, o)
	all := memory.Everything()
	weeks := map[string][]int{}
	const last = livedDays / 7
	note := func(what string, at time.Time) {
		d := int(day.Of(at) - (today - livedDays))
		if d < 0 || d > livedDays { // offers of the morning of today are there
			t.Fatalf("%s on day %d of %d", what, d, livedDays)
		}
		if weeks[what] == nil {
			weeks[what] = make([]int, last+1)
		}
		weeks[what][d/7]++
	}
	for c := range all.Candidates {
		note("signed up", c.CreatedAt)
		note("active", c.LastActive.At(12))
	}
	states := map[offer.State]int{}
	n := 0
	for x := range all.Offers {
		n++
		states[x.State]++
		note("sent", x.SentAt)
		if !x.AnsweredAt.IsZero() {
			note("answered", x.AnsweredAt)
			if x.AnsweredAt.Before(x.SentAt) || day.Of(x.AnsweredAt) > x.ExpiresOn {
				t.Fatalf("offer %d, sent %s, last day %s, was answered %s", x.Key, x.SentAt, x.ExpiresOn, x.AnsweredAt)
			}
		}
		if !x.RespondedAt.IsZero() {
			note("responded", x.RespondedAt)
			if x.RespondedAt.Before(x.AnsweredAt) {
				t.Fatalf("offer %d was responded to before it was answered", x.Key)
			}
		}
		switch x.State {
		case offer.Sent, offer.Seen:
			if x.ExpiresOn < today {
				t.Fatalf("offer %d is %s after its last day, %s", x.Key, x.State, x.ExpiresOn)
			}
		case offer.Expired:
			if x.ExpiresOn >= today {
				t.Fatalf("offer %d expired before its last day, %s", x.Key, x.ExpiresOn)
			}
		}
	}
	for v := range all.Views {
		note("viewed", v.At)
	}
	for what, from := range map[string]int{"signed up": 0, "sent": 0, "answered": 0, "active": 0, "responded": 1, "viewed": 1} {
		if weeks[what] == nil {
			t.Errorf("nothing was %s", what)
			continue
		}
		for week := from; week < last; week++ {
			if weeks[what][week] == 0 {
				t.Errorf("nobody and nothing was %s in week %d: %v", what, week, weeks[what])
			}
		}
	}
	for state, least := range map[offer.State]int{ // per mille
		offer.Sent: 5, offer.Seen: 5, offer.Declined: 100, offer.Expired: 100, offer.Accepted: 5,
		offer.Scheduled: 1, offer.Held: 5, offer.Rejected: 5, offer.Hired: 2, offer.Withdrawn: 1,
	} {
		if 1000*states[state] < least*n {
			t.Errorf("%d of %d offers are %s, want %d per mille", states[state], n, state, least)
		}
	}
	t.Logf("%d offers: %v", n, states)
	for _, never := range []offer.State{offer.Proposed, offer.Reserved, offer.Lapsed} {
		if states[never] > 0 {
			t.Errorf("%d offers are %s: everybody is confirmed and rules send by themselves", states[never], never)
		}
	}
}
