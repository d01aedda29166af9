package offer

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a slot's time zone is known wherever the program runs
	"unicode/utf8"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/errs"
)

// Slot is a time that the company proposes, or that was agreed.
type Slot struct {
	ID      uuid.UUID `json:"id"`
	Start   time.Time `json:"start"` // UTC, whole minutes
	Minutes int       `json:"minutes"`
	Zone    string    `json:"zone"` // by its name of IANA: in which its company thinks of it
	Place   string    `json:"place"`
	Online  bool      `json:"online"` // Place is the address of the call
}

// End is when the slot is over.
func (s *Slot) End() time.Time { return s.Start.Add(time.Duration(s.Minutes) * time.Minute) }

// What a slot may be.
const (
	MostSlots      = 10
	LeastMinutes   = 15
	MostMinutes    = 8 * 60
	MostPlaceRunes = 300
	MostDaysAhead  = 180
)

// ValidateSlots reports what is wrong with slots that are proposed at a moment,
// each at its place in the list.
func ValidateSlots(list []Slot, now time.Time) error {
	if len(list) < 1 || len(list) > MostSlots {
		return errs.AtPointer("/slots", fmt.Sprintf("%d slots", len(list)), fmt.Sprintf("1 to %d", MostSlots))
	}
	var faults []error
	starts := map[int64]bool{}
	for i := range list {
		at := "/slots/" + strconv.Itoa(i)
		if err := list[i].validate(now); err != nil {
			faults = append(faults, errs.Below(at, err))
		}
		if starts[list[i].Start.Unix()] {
			faults = append(faults, errs.AtPointer(at+"/start", "a start that another slot has", "each start once"))
		}
		starts[list[i].Start.Unix()] = true
	}
	return errs.Join(faults...)
}

func (s *Slot) validate(now time.Time) error {
	var faults []error
	add := func(pointer, found, allowed string) { faults = append(faults, errs.AtPointer(pointer, found, allowed)) }
	last := now.AddDate(0, 0, MostDaysAhead)
	if !s.Start.After(now) || s.Start.After(last) {
		add("/start", s.Start.UTC().Format(time.RFC3339), "a time after now, at most "+strconv.Itoa(MostDaysAhead)+" days ahead")
	}
	if !s.Start.Equal(s.Start.Truncate(time.Minute)) {
		add("/start", s.Start.UTC().Format(time.RFC3339Nano), "a whole minute")
	}
	if s.Minutes < LeastMinutes || s.Minutes > MostMinutes {
		add("/minutes", strconv.Itoa(s.Minutes), fmt.Sprintf("%d to %d", LeastMinutes, MostMinutes))
	}
	if _, err := Zone(s.Zone); err != nil {
		faults = append(faults, errs.Below("/zone", err))
	}
	if n := utf8.RuneCountInString(s.Place); n > MostPlaceRunes || strings.TrimSpace(s.Place) == "" || strings.ContainsFunc(s.Place, control) {
		add("/place", fmt.Sprintf("%d characters", n), fmt.Sprintf("where to come, in one line of 1 to %d characters", MostPlaceRunes))
	} else if s.Online && !webAddress(s.Place) {
		add("/place", "a text that is no address of the web", "the address of the call, beginning with https://")
	}
	return errs.Join(faults...)
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

// Zone gives the time zone of a name of IANA; another text is Invalid.
func Zone(name string) (*time.Location, error) {
	const most = 64
	if name != "" && name != "Local" && len(name) <= most {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone, nil
		}
	}
	return nil, errs.AtPointer("", strconv.Quote(name[:min(len(name), most)]), "a time zone by its name of IANA, such as Asia/Tokyo")
}

// Reason is why a candidate declined, as far as they say.
type Reason string

// The reasons that a candidate may give.
const (
	ReasonPay     Reason = "pay"
	ReasonPlace   Reason = "place"
	ReasonWork    Reason = "work"
	ReasonHours   Reason = "hours"
	ReasonTiming  Reason = "timing"
	ReasonCompany Reason = "company"
	ReasonOther   Reason = "other"
)

// Reasons gives them in the order in which they are asked for.
func Reasons() []Reason {
	return []Reason{ReasonPay, ReasonPlace, ReasonWork, ReasonHours, ReasonTiming, ReasonCompany, ReasonOther}
}

// Told says whether the company is told of the reason: of what it can change,
// and not of what is about itself or nobody's business.
func (r Reason) Told() bool {
	switch r {
	case ReasonPay, ReasonPlace, ReasonWork, ReasonHours, ReasonTiming:
		return true
	}
	return false
}

// Dealing is what is known of an offer beside its own row, once its candidate has
// answered: dates, clocks, the final pay, what each side has read.
type Dealing struct {
	Offer        int64
	DateBy       day.Day // the last day to propose a date; 0: nobody owes one
	HoldBy       day.Day // the last day to hold the interview; 0: nobody owes one
	Slots        []Slot  // proposed and not answered
	ProposedAt   time.Time
	DatedAt      time.Time // when the company first proposed a date, or said that one was agreed
	Date         *Slot     // that was chosen last
	CalledOff    bool      // the date was called off
	Sequence     int       // how often the date has changed
	ChangedAt    time.Time // when it last did
	HeldAt       time.Time
	DeniedAt     time.Time // when the candidate last said that it was not held
	EndedAt      time.Time
	EndedBy      Side
	Gone         bool // the candidate was erased
	SaidPay      *int // final annual pay as the company says, in 10,000 JPY
	ConfirmedPay *int // as the candidate says
	Reason       Reason
	OwedOn       day.Day // the next day on which a clock of the company ends; 0: none

	CandidateRead int64 // the last message that the candidate has read, by its key
	CompanyRead   int64 // that the company has
}

// Disputed says whether the two sides say different final pays.
func (d *Dealing) Disputed() bool {
	return d.SaidPay != nil && d.ConfirmedPay != nil && *d.SaidPay != *d.ConfirmedPay
}

// ReadBy gives the last message that a side has read.
func (d *Dealing) ReadBy(s Side) int64 {
	if s == Candidate {
		return d.CandidateRead
	}
	return d.CompanyRead
}

// Clocks of an accepted interview, in Tokyo days. Whenever a step of the
// candidate gives the next one back to the company, it has DateDays for it. A
// company whose slots stay unanswered for SilentDays may withdraw.
const (
	HoldDays   = 60
	SilentDays = 14
	// TalkDays is how long both sides may still write after a talk or a hire.
	TalkDays = 30
	// DenyDays is how long a candidate may object that an interview was not held.
	DenyDays = 30
)

// Accept starts the clocks of an interview on the day of its acceptance.
func (d *Dealing) Accept(o *Offer, on day.Day) {
	if o.Kind != Casual {
		d.DateBy, d.HoldBy = on+DateDays, on+HoldDays
	}
}

// Waits says whether slots are open: the next step is the candidate's.
func (d *Dealing) Waits() bool { return len(d.Slots) > 0 }

// stopped says whether the clock of the interview stands still: the company
// proposed slots before it ended, and the candidate has not answered.
func (d *Dealing) stopped() bool { return d.Waits() && day.Of(d.ProposedAt) <= d.HoldBy }

// room gives the company at least until a day to hold the interview, unless the
// clock has ended already.
func (d *Dealing) room(until, today day.Day) {
	if d.HoldBy != 0 && (today <= d.HoldBy || d.stopped()) {
		d.HoldBy = max(d.HoldBy, until)
	}
}

// Propose puts slots to the candidate in place of what was agreed or proposed.
func (d *Dealing) Propose(slots []Slot, now time.Time) {
	last := day.Of(now)
	for i := range slots {
		last = max(last, day.Of(slots[i].Start))
	}
	d.callOff(now)
	d.room(last+DateDays, day.Of(now))
	d.Slots, d.ProposedAt = slots, now
	d.dated(now)
}

// Choose agrees on one of the slots; another, or one that is over, is a
// Conflict.
func (d *Dealing) Choose(id uuid.UUID, now time.Time) error {
	for i := range d.Slots {
		s := d.Slots[i]
		if s.ID != id {
			continue
		}
		if !s.Start.After(now) {
			return errs.New(errs.Conflict, "this time has passed: choose another, or ask for others")
		}
		d.room(day.Of(s.Start)+DateDays, day.Of(now))
		d.Slots, d.Date, d.CalledOff = nil, &s, false
		d.Sequence, d.ChangedAt = d.Sequence+1, now
		return nil
	}
	return errs.New(errs.Conflict, "this time is not proposed any more: read the offer again")
}

// Agree notes that a date was agreed elsewhere, which is not known here.
func (d *Dealing) Agree(now time.Time) {
	d.callOff(now)
	d.room(day.Of(now)+DateDays, day.Of(now))
	d.Slots = nil
	d.dated(now)
}

// Reschedule drops what was agreed or proposed; where neither is, it is a
// Conflict.
func (d *Dealing) Reschedule(state State, by Side, now time.Time) error {
	if state != Scheduled && !d.Waits() {
		return errs.New(errs.Conflict, "no date is agreed or proposed")
	}
	d.callOff(now)
	if by == Candidate {
		d.room(day.Of(now)+DateDays, day.Of(now))
	}
	d.Slots = nil
	return nil
}

// Ahead says whether a date is agreed that has not begun.
func (d *Dealing) Ahead(now time.Time) bool {
	return d.Date != nil && !d.CalledOff && d.Date.Start.After(now)
}

// Unshown says whether the candidate has objected that the interview was not held, and
// has chosen no date since: the company's word alone does not do any more.
func (d *Dealing) Unshown() bool {
	return !d.DeniedAt.IsZero() && (d.Date == nil || d.CalledOff || d.ChangedAt.Before(d.DeniedAt))
}

// Hold notes that the interview or talk took place. Before the time that was agreed for
// it that is a Conflict, and so it is after an objection until the candidate has chosen
// another.
func (d *Dealing) Hold(now time.Time) error {
	switch {
	case d.Unshown():
		return errs.New(errs.Conflict, "the candidate says that it was not held: propose dates, and say so again once the one that they choose has begun")
	case d.Ahead(now):
		return errs.New(errs.Conflict, "the agreed date has not begun: if it was held on another, call that one off first")
	}
	d.room(day.Of(now), day.Of(now))
	d.Slots = nil
	d.dated(now)
	d.HeldAt = now
	return nil
}

// Denies says whether the candidate may object now that the interview was held.
func (d *Dealing) Denies(now time.Time) bool {
	return !d.HeldAt.IsZero() && d.ConfirmedPay == nil && day.Of(now) <= day.Of(d.HeldAt)+DenyDays
}

// Deny takes back that the interview was held, and what came of it, as if it had never
// been said: the clocks go on. Later than 30 days after, or once the candidate has said
// their pay, it is a Conflict.
func (d *Dealing) Deny(now time.Time) error {
	if !d.Denies(now) {
		return errs.New(errs.Conflict, fmt.Sprintf("this can be said for %d days after the interview was said to be held, and not once you have said your pay", DenyDays))
	}
	if d.DatedAt.Equal(d.HeldAt) {
		d.DatedAt = time.Time{} // it was dated by this alone
	}
	d.HeldAt, d.EndedAt, d.EndedBy, d.SaidPay, d.DeniedAt = time.Time{}, time.Time{}, "", nil, now
	return nil
}

// End notes that the offer ended, and by whom. A date that is still to come is
// called off. Slots stay: they say for what the company waited.
func (d *Dealing) End(by Side, now time.Time) {
	if d.Ahead(now) {
		d.callOff(now)
	}
	d.EndedBy, d.EndedAt = by, now
}

func (d *Dealing) dated(now time.Time) {
	if d.DatedAt.IsZero() {
		d.DatedAt = now
	}
}

func (d *Dealing) callOff(now time.Time) {
	if d.Date != nil && !d.CalledOff {
		d.CalledOff = true
		d.Sequence, d.ChangedAt = d.Sequence+1, now
	}
}

// Talks says whether the two sides may write to each other on a day: while the
// offer runs, and for a month after a talk or a hire.
func (d *Dealing) Talks(o *Offer, on day.Day) bool {
	switch {
	case d.Gone || o.State == Rejected || !o.Dealt() || o.State == Withdrawn:
		return false
	case o.State == Hired:
		return d.EndedAt.IsZero() || on <= day.Of(d.EndedAt)+TalkDays
	case o.State == Held && o.Kind == Casual:
		return d.HeldAt.IsZero() || on <= day.Of(d.HeldAt)+TalkDays
	}
	return true
}
