package offer

import "enishi/internal/errs"

// Side is who takes a step of an offer's life.
type Side string

// The sides: the two that deal with each other, and what acts for neither, such as
// a last day that passes.
const (
	Candidate Side = "candidate"
	Company   Side = "company"
	System    Side = "system"
)

// Action is a step of somebody.
type Action string

// The steps.
const (
	Confirm    Action = "confirm"
	Lapse      Action = "lapse"
	See        Action = "see"
	Accept     Action = "accept"
	Decline    Action = "decline"
	Undo       Action = "undo"
	Expire     Action = "expire"
	Withdraw   Action = "withdraw"
	Say        Action = "message"    // writes to the other side
	Propose    Action = "propose"    // dates to choose from, in place of what was agreed
	Choose     Action = "choose"     // one of them
	Schedule   Action = "schedule"   // says that a date was agreed elsewhere
	Reschedule Action = "reschedule" // calls the date off, or says that none of those proposed suits
	Hold       Action = "held"
	Deny       Action = "deny" // objects that the interview was not held
	Hire       Action = "hire" // or mends what was said of the pay
	ConfirmPay Action = "confirm-pay"
	ReopenPay  Action = "reopen-pay" // an operator lets both sides say the pay again
	Reject     Action = "reject"
)

// Casual is the kind of offer that ends with the talk: nobody is selected by it.
const Casual = "casual"

// life is the whole of an offer's life: who may take which step, from which
// states, and where it leads. Confirming a batch is the company's, confirming an
// address the candidate's own; what neither does is the system's.
var life = map[Side]map[Action]map[State]State{
	System: {
		Lapse:    {Proposed: Lapsed, Reserved: Lapsed},
		Expire:   {Sent: Expired, Seen: Expired},
		Withdraw: {Proposed: Withdrawn, Reserved: Withdrawn, Sent: Withdrawn, Seen: Withdrawn},

		ReopenPay: {Hired: Hired},
	},
	Candidate: {
		Confirm:    {Reserved: Sent},
		See:        {Sent: Seen},
		Accept:     {Sent: Accepted, Seen: Accepted},
		Decline:    {Sent: Declined, Seen: Declined},
		Undo:       {Declined: Seen},
		Say:        {Accepted: Accepted, Scheduled: Scheduled, Held: Held, Hired: Hired},
		Choose:     {Accepted: Scheduled},
		Reschedule: {Accepted: Accepted, Scheduled: Accepted},
		ConfirmPay: {Hired: Hired},
		Deny:       {Held: Accepted, Hired: Accepted, Rejected: Accepted},
		Withdraw:   {Accepted: Withdrawn, Scheduled: Withdrawn, Held: Withdrawn},
	},
	Company: {
		Confirm:    {Proposed: Sent},
		Say:        {Accepted: Accepted, Scheduled: Scheduled, Held: Held, Hired: Hired},
		Propose:    {Accepted: Accepted, Scheduled: Accepted},
		Schedule:   {Accepted: Scheduled, Scheduled: Scheduled},
		Reschedule: {Scheduled: Accepted},
		Hold:       {Accepted: Held, Scheduled: Held},
		Hire:       {Held: Hired, Hired: Hired},
		Reject:     {Held: Rejected},
		Withdraw:   {Accepted: Withdrawn, Scheduled: Withdrawn, Held: Withdrawn},
	},
}

// Next gives the state to which a step of a side leads, on an offer of a kind; a
// step that does not start there, or is not this side's, is a Conflict.
func (s State) Next(by Side, kind string, a Action) (State, error) {
	if kind == Casual {
		switch {
		case a == Hire || a == Reject || a == ConfirmPay || a == ReopenPay || a == Deny, s == Held && a == Withdraw:
			return s, errs.New(errs.Conflict, "a casual talk ends when it was held: the step "+string(a)+" is of interviews alone")
		}
	}
	to, ok := life[by][a][s]
	if !ok {
		return s, errs.New(errs.Conflict, "an offer that is "+string(s)+" cannot take the step "+string(a)+" of the "+string(by))
	}
	return to, nil
}

// Steps gives every step of a side, in no order.
func Steps(by Side) []Action {
	out := make([]Action, 0, len(life[by]))
	for a := range life[by] {
		out = append(out, a)
	}
	return out
}

// Dealt says whether the candidate has accepted it, whatever came of it: a
// company knows who they are.
func (o *Offer) Dealt() bool {
	switch o.State {
	case Accepted, Scheduled, Held, Hired, Rejected:
		return true
	}
	return o.State == Withdrawn && !o.AnsweredAt.IsZero()
}

// Running says whether something is still to come of an accepted offer.
func (o *Offer) Running() bool {
	return o.State == Accepted || o.State == Scheduled || o.State == Held && o.Kind != Casual
}
