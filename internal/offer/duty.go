package offer

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/errs"
)

// Promise is something that an offer obliges a side to.
type Promise string

// The promises: a date within two weeks, an interview held, not to withdraw, a
// final pay near what was offered; and the candidate's word on it.
const (
	PromiseDate Promise = "date"
	PromiseHold Promise = "interview"
	PromiseKeep Promise = "keep"
	PromisePay  Promise = "pay"
	PromiseWord Promise = "confirm_pay"
)

// Standing is how a promise stands.
type Standing string

// The standings. Void is a promise that nothing can come of any more, and that
// nobody broke.
const (
	Open   Standing = "open"
	Met    Standing = "met"
	Broken Standing = "broken"
	Void   Standing = "void"
)

// Duty is a promise of an offer as it stands on a day.
type Duty struct {
	Promise  Promise
	By       Side
	Due      day.Day // its last day; 0: it has none
	Standing Standing
}

// PayShare is how much of the offered minimum the final pay must reach, in
// percent.
const PayShare = 90

// Enough says whether a final pay reaches what was offered; least is the offered
// minimum, nil if none was.
func Enough(final int, least *int) bool { return least == nil || 100*final >= PayShare**least }

// LeastPay gives the lowest final pay that reaches an offered minimum.
func LeastPay(least int) int { return (PayShare*least + 99) / 100 }

// Breaks says whether the company would break its promise if it withdrew at a moment.
func Breaks(o *Offer, d *Dealing, now time.Time) bool {
	after, ended := *o, *d
	after.State, ended.EndedBy, ended.EndedAt = Withdrawn, Company, now
	return slices.ContainsFunc(Duties(&after, &ended, nil, day.Of(now)), func(u Duty) bool { return u.Promise == PromiseKeep })
}

// Duties gives what an offer obliges its sides to, as it stands on a day: a
// function of its rows alone, the same wherever it is shown. least is the minimum
// of the pay that was offered.
func Duties(o *Offer, d *Dealing, least *int, on day.Day) []Duty {
	if o.Kind == Casual || !o.Dealt() {
		return nil
	}
	if !d.EndedAt.IsZero() {
		on = min(on, day.Of(d.EndedAt)) // what came after it counts no more
	}
	var out []Duty
	if d.DateBy != 0 {
		out = append(out, Duty{PromiseDate, Company, d.DateBy, clocked(o, d, d.DateBy, !d.DatedAt.IsZero(), day.Of(d.DatedAt), on, false)})
	}
	if d.HoldBy != 0 {
		out = append(out, Duty{PromiseHold, Company, d.HoldBy, clocked(o, d, d.HoldBy, !d.HeldAt.IsZero(), day.Of(d.HeldAt), on, d.stopped())})
	}
	switch {
	case o.State == Hired:
		out = append(out, pays(d, least)...)
	case o.State == Withdrawn && d.EndedBy == Company && !d.Gone && !d.silent():
		out = append(out, Duty{PromiseKeep, Company, 0, Broken})
	}
	return out
}

// clocked is the standing of a promise with a last day: done says whether it is
// done, and doneOn since when; stopped that the next step is the candidate's.
func clocked(o *Offer, d *Dealing, due day.Day, done bool, doneOn, on day.Day, stopped bool) Standing {
	switch {
	case done && doneOn <= due:
		return Met
	case done, !d.Gone && !stopped && on > due:
		return Broken
	case d.Gone, !o.Running():
		return Void
	}
	return Open
}

// silent says whether the candidate had left the company's slots unanswered for
// so long that it was free to withdraw.
func (d *Dealing) silent() bool {
	return d.Waits() && day.Of(d.EndedAt) > day.Of(d.ProposedAt)+SilentDays
}

// pays gives the duties about the final pay: the company's stands when the
// candidate has said it.
func pays(d *Dealing, least *int) []Duty {
	pay, word := Duty{PromisePay, Company, 0, Open}, Duty{PromiseWord, Candidate, 0, Open}
	switch {
	case d.ConfirmedPay != nil:
		word.Standing, pay.Standing = Met, Met
		if !Enough(*d.ConfirmedPay, least) {
			pay.Standing = Broken
		}
	case d.Gone:
		word.Standing, pay.Standing = Void, Void
	}
	return []Duty{pay, word}
}

// Clock gives the next day on which an open promise of the company ends, 0 if
// there is none.
func Clock(duties []Duty, d *Dealing) day.Day {
	var next day.Day
	for _, u := range duties {
		if u.By != Company || u.Standing != Open || u.Due == 0 || u.Promise == PromiseHold && d.stopped() {
			continue
		}
		if next == 0 || u.Due < next {
			next = u.Due
		}
	}
	return next
}

// Breach is a promise that a company broke.
type Breach struct {
	Key        int64
	ID         uuid.UUID
	Offer      int64
	Company    int64
	Promise    Promise
	Day        day.Day // on which it was found
	At         time.Time
	SetAsideAt time.Time // by an operator; zero: it counts
	SetAsideBy int64     // their account
	Reason     string
}

// MostReasonRunes is the longest reason for setting a breach aside.
const MostReasonRunes = 500

// SetAside makes the breach count no more; Invalid without a reason.
func (b *Breach) SetAside(by int64, reason string, now time.Time) error {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < 1 || n > MostReasonRunes || strings.ContainsFunc(reason, control) {
		return errs.AtPointer("/reason", fmt.Sprintf("%d characters", n), fmt.Sprintf("why, in one line of 1 to %d characters", MostReasonRunes))
	}
	b.SetAsideAt, b.SetAsideBy, b.Reason = now, by, reason
	return nil
}

// BreachDays is how long a breach lowers its company's budget.
const BreachDays = 180

// DailyBudget is what so many breaches leave of a rule's daily budget: each takes a
// tenth of it, down to a tenth, and to one offer.
func DailyBudget(daily, breaches int) int {
	return max(1, daily*max(1, 10-breaches)/10)
}
