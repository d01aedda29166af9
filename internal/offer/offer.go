// Package offer holds the deliveries: what an offer is, the states of its
// life, and which step leads from which state to which.
package offer

import (
	"time"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/rule"
)

// Sender is who chose the candidate.
type Sender string

// The senders: a rule that fired, or a member who chose this person.
const (
	Auto  Sender = "auto"
	Scout Sender = "scout"
)

// State is where an offer stands.
type State string

// The states of an offer's life. Proposed waits for the company's
// confirmation, Reserved for the candidate's address to be confirmed; Lapsed
// is what either becomes when that does not come, and counts as never made.
const (
	Proposed  State = "proposed"
	Reserved  State = "reserved"
	Lapsed    State = "lapsed"
	Sent      State = "sent"
	Seen      State = "seen"
	Accepted  State = "accepted"
	Declined  State = "declined"
	Expired   State = "expired"
	Withdrawn State = "withdrawn"
	Scheduled State = "scheduled"
	Held      State = "held"
	Hired     State = "hired"
	Rejected  State = "rejected"
)

// Take takes a step of a side at a moment, and notes when the offer first came as far. A step
// that does not start where the offer stands is a Conflict and changes nothing.
func (o *Offer) Take(by Side, a Action, at time.Time) error {
	to, err := o.State.Next(by, o.Kind, a)
	if err != nil {
		return err
	}
	o.State = to
	switch a {
	case See, Accept, Decline:
		first(&o.SeenAt, at)
	case Schedule, Choose:
		first(&o.ScheduledAt, at)
	case Hold:
		first(&o.HeldAt, at)
	case Deny:
		o.HeldAt = time.Time{}
	}
	return nil
}

// first notes a moment unless there was one before.
func first(noted *time.Time, at time.Time) {
	if noted.IsZero() {
		*noted = at
	}
}

// Stage is how far an offer has come at most, whatever became of it then.
type Stage int

// The stages. Who is further has passed the ones before, also where a step was left
// out: an interview that was held had a date.
const (
	Reaching Stage = iota
	Opening
	Accepting
	Scheduling
	Holding
	Hiring
)

// Stage says how far an offer that was sent has come. Offers of before the moments
// were noted tell by their state alone.
func (o *Offer) Stage() Stage {
	switch {
	case o.State == Hired:
		return Hiring
	case !o.HeldAt.IsZero(), o.State == Held, o.State == Rejected:
		return Holding
	case !o.ScheduledAt.IsZero(), o.State == Scheduled:
		return Scheduling
	case o.State == Accepted, o.State == Withdrawn && !o.AnsweredAt.IsZero():
		return Accepting
	case !o.SeenAt.IsZero(), o.State == Seen, o.State == Declined:
		return Opening
	}
	return Reaching
}

// Live says whether the offer still runs: nothing else may be sent to the
// candidate for the same position.
func (s State) Live() bool {
	switch s {
	case Reserved, Sent, Seen, Accepted, Scheduled, Held:
		return true
	}
	return false
}

// Reached says whether the offer reached its candidate, whatever became of it.
func (s State) Reached() bool { return s != Proposed && s != Lapsed }

// Unanswered says whether the candidate may still accept: what a block, a
// suspension or a closed position withdraws.
func (s State) Unanswered() bool {
	return s == Proposed || s == Reserved || s == Sent || s == Seen
}

// Open says whether the candidate can still come to accept it: it is not
// answered, or was declined so short ago that this can be undone.
func (o *Offer) Open() bool {
	return o.State.Unanswered() || o.State == Declined && !o.DueAt.IsZero()
}

// Offer is one delivery to one candidate.
type Offer struct {
	Key             int64
	ID              uuid.UUID
	Version         int64
	Candidate       int64
	Company         int64
	Rule            int64 // 0 for a scout
	Position        int64
	PositionVersion int64
	RuleVersion     int64
	CandidateSeen   int64 // version of the candidate on which the match was verified
	Kind            string
	Age             *rule.AgeException // under which it was sent
	Sender          Sender
	State           State
	Score           int
	Message         string    // of a scout
	SentAt          time.Time // or proposed, or reserved at
	SentDay         day.Day
	ExpiresOn       day.Day   // the last day on which it can be accepted
	SeenAt          time.Time // when it was opened first, or answered unopened
	AnsweredAt      time.Time
	RespondedAt     time.Time // the company's first answer after acceptance
	ScheduledAt     time.Time // when a date was first fixed
	HeldAt          time.Time // when the interview was said to have been held
	DueAt           time.Time // when what is pending takes effect: a lapse, the end of undo; zero: nothing pending
}

// DateBy is the last day on which the company may name a date for an interview that
// was accepted; false if none is owed, as for a casual talk.
func (o *Offer) DateBy() (day.Day, bool) {
	if o.State != Accepted || o.Kind != "interview" || o.AnsweredAt.IsZero() {
		return 0, false
	}
	return day.Of(o.AnsweredAt) + DateDays, true
}

// Times that the rules of the trade fix.
const (
	UndoWindow    = 5 * time.Minute
	ReserveWindow = 24 * time.Hour
	ProposeWindow = 3 * 24 * time.Hour
	LifeDays      = 14
	DateDays      = 14 // within which an accepted interview has a date
	LeastLifeDays = 3
	MostLifeDays  = 30
)

// Proceeds gives the steps that the company can take on an offer which it sees in
// this state. A casual talk ends when it was held.
func (o *Offer) Proceeds() []Action {
	if o.State.Unanswered() {
		return nil
	}
	var out []Action
	for _, a := range []Action{Schedule, Hold, Hire, Reject, Withdraw} {
		if to, err := o.State.Next(Company, o.Kind, a); err == nil && to != o.State {
			out = append(out, a)
		}
	}
	return out
}
