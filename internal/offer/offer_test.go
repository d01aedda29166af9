package offer_test

import (
	"slices"
	"testing"
	"time"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

func TestWhatStatesMean(t *testing.T) {
	t.Parallel()
	type meaning struct{ live, reached, unanswered bool }
	for s, want := range map[offer.State]meaning{
		offer.Proposed:  {false, false, true},
		offer.Lapsed:    {false, false, false},
		offer.Reserved:  {true, true, true},
		offer.Sent:      {true, true, true},
		offer.Seen:      {true, true, true},
		offer.Accepted:  {true, true, false},
		offer.Scheduled: {true, true, false},
		offer.Held:      {true, true, false},
		offer.Declined:  {false, true, false},
		offer.Expired:   {false, true, false},
		offer.Withdrawn: {false, true, false},
		offer.Hired:     {false, true, false},
		offer.Rejected:  {false, true, false},
	} {
		if got := (meaning{s.Live(), s.Reached(), s.Unanswered()}); got != want {
			t.Errorf("%s: %+v, want %+v", s, got, want)
		}
	}
}

// TestTake notes when an offer first came as far, and changes nothing where a step is
// refused.
func TestTake(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	var o offer.Offer
	o.State = offer.Sent
	stages := []offer.Stage{o.Stage()}
	for i, a := range []offer.Action{offer.See, offer.Decline, offer.Undo, offer.Accept, offer.Schedule, offer.Schedule, offer.Hold, offer.Hire} {
		by := offer.Candidate
		if i > 3 {
			by = offer.Company
		}
		if err := o.Take(by, a, at.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatalf("%s: %v", a, err)
		}
		stages = append(stages, o.Stage())
	}
	want := []offer.Stage{
		offer.Reaching, offer.Opening, offer.Opening, offer.Opening, offer.Accepting, offer.Scheduling, offer.Scheduling, offer.Holding, offer.Hiring,
	}
	if !slices.Equal(stages, want) {
		t.Errorf("stages %v, want %v", stages, want)
	}
	if !o.SeenAt.Equal(at) || !o.ScheduledAt.Equal(at.Add(4*time.Hour)) || !o.HeldAt.Equal(at.Add(6*time.Hour)) {
		t.Errorf("noted: seen %v, scheduled %v, held %v", o.SeenAt, o.ScheduledAt, o.HeldAt)
	}
	before := o
	if err := o.Take(offer.Candidate, offer.See, at); !errs.Is(err, errs.Conflict) || o.State != before.State || o.SeenAt != before.SeenAt {
		t.Errorf("a refused step: %v, %+v", err, o)
	}
	unopened := offer.Offer{State: offer.Sent}
	if err := unopened.Take(offer.Candidate, offer.Accept, at); err != nil || unopened.SeenAt.IsZero() {
		t.Errorf("accepted unopened: %v, seen at %v", err, unopened.SeenAt)
	}
}

// TestWhatIsOwed gives the day by which a company names a date, and the steps that it
// can take.
func TestWhatIsOwed(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	for s, want := range map[offer.State][]offer.Action{
		offer.Sent: nil, offer.Seen: nil, offer.Declined: nil, offer.Expired: nil, offer.Hired: nil, offer.Rejected: nil, offer.Withdrawn: nil,
		offer.Accepted: {offer.Schedule, offer.Hold, offer.Withdraw}, offer.Scheduled: {offer.Hold, offer.Withdraw},
		offer.Held: {offer.Hire, offer.Reject, offer.Withdraw},
	} {
		o := offer.Offer{State: s, Kind: "interview", AnsweredAt: at}
		if got := o.Proceeds(); !slices.Equal(got, want) {
			t.Errorf("%s proceeds by %v, want %v", s, got, want)
		}
		due, ok := o.DateBy()
		if ok != (s == offer.Accepted) || ok && due != day.Of(at)+14 {
			t.Errorf("%s owes a date by %v, %v", s, due, ok)
		}
	}
	talk := offer.Offer{State: offer.Held, Kind: "casual", AnsweredAt: at}
	if got := talk.Proceeds(); got != nil {
		t.Errorf("a talk that was held proceeds by %v", got)
	}
}
