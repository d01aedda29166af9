package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"enishi/internal/calendar"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// OfferDealing is what an offer shows once it was answered.
type OfferDealing struct {
	Thread       string       `json:"thread,omitempty" doc:"Once accepted: of GET and POST /api/v1/threads/{id}/messages."`
	Unread       int          `json:"unread,omitempty" doc:"Messages of the other side that yours has not read."`
	CanWrite     bool         `json:"can_write,omitempty" doc:"Both sides may write: while the offer runs, and for 30 days after a talk was held or somebody was hired."`
	Slots        []Slot       `json:"slots,omitempty" doc:"Dates that the company proposes and the candidate has not answered."`
	Date         *Slot        `json:"date,omitempty" doc:"The date that was chosen last."`
	CalledOff    bool         `json:"date_called_off,omitempty" doc:"That date was called off."`
	FinalPay     *int         `json:"final_pay,omitempty" doc:"Annual, in 10,000 JPY, as the company says."`
	ConfirmedPay *int         `json:"confirmed_pay,omitempty" doc:"As the candidate says: another figure disputes the company's."`
	Declined     string       `json:"decline_reason,omitempty" enum:"pay,place,work,hours,timing,company,other" doc:"To the company only pay, place, work, hours and timing, and once the decline stands."`
	EndedBy      string       `json:"ended_by,omitempty" enum:"candidate,company" doc:"Who hired, rejected or withdrew."`
	DeniedAt     *time.Time   `json:"denied_at,omitempty" doc:"When the candidate last said that the interview was not held. The company says held again only once a date that they chose afterwards has begun."`
	Left         bool         `json:"candidate_left,omitempty" doc:"To the company: the candidate of an accepted offer has left. It can take no step any more."`
	Obligations  []Obligation `json:"obligations,omitempty" doc:"What an accepted interview obliges its sides to."`
}

// Slot is a time to meet.
type Slot struct {
	ID string `json:"id"`
	SlotBody
}

// SlotBody is a time that a company proposes.
type SlotBody struct {
	Start   *time.Time `json:"start" doc:"In whole minutes, after now, at most 180 days ahead."`
	Minutes int        `json:"minutes" minimum:"15" maximum:"480"`
	Zone    string     `json:"zone" doc:"The time zone in which the company thinks of it, by its name of IANA, such as Asia/Tokyo."`
	Place   string     `json:"place" minLength:"1" maxLength:"300" doc:"Where to come; online: the address of the call, https."`
	Online  bool       `json:"online,omitempty"`
}

// Obligation is something that an accepted offer obliges a side to.
type Obligation struct {
	What  string  `json:"what" enum:"date,interview,keep,pay,confirm_pay" doc:"To propose a date, to hold the interview, not to withdraw, to pay 90 % of the offered minimum at least; and the candidate's word on the pay."`
	By    string  `json:"by" enum:"candidate,company"`
	Due   day.Day `json:"due,omitzero" doc:"Its last day; absent: it has none."`
	State string  `json:"state" enum:"open,met,broken,void" doc:"void: nothing can come of it any more, and nobody broke it."`
}

func slotOf(s *offer.Slot) Slot {
	start := s.Start.UTC()
	return Slot{s.ID.String(), SlotBody{&start, s.Minutes, s.Zone, s.Place, s.Online}}
}

func dealingOf(d *market.Delivered) OfferDealing {
	x := &d.Dealing
	out := OfferDealing{
		Unread: d.Unread, CanWrite: d.Talks, CalledOff: x.CalledOff, FinalPay: x.SaidPay, ConfirmedPay: x.ConfirmedPay,
		Declined: string(x.Reason), EndedBy: string(x.EndedBy),
	}
	if d.Dealt() {
		out.Thread = d.ID.String()
		out.Left = x.Gone && d.State != offer.Withdrawn
	}
	if !x.DeniedAt.IsZero() {
		at := x.DeniedAt.UTC()
		out.DeniedAt = &at
	}
	if d.State == offer.Accepted { // else they only say for what the company waited
		for i := range x.Slots {
			out.Slots = append(out.Slots, slotOf(&x.Slots[i]))
		}
	}
	if x.Date != nil {
		date := slotOf(x.Date)
		out.Date = &date
	}
	for _, u := range d.Duties {
		out.Obligations = append(out.Obligations, Obligation{string(u.Promise), string(u.By), u.Due, string(u.Standing)})
	}
	return out
}

// DeclineBody may say why.
type DeclineBody struct {
	Reason string `json:"reason,omitempty" enum:"pay,place,work,hours,timing,company,other" doc:"The company is told of pay, place, work, hours and timing, and not of the others."`
}

// ScheduleBody proposes dates.
type ScheduleBody struct {
	Slots []SlotBody `json:"slots,omitempty" minItems:"1" maxItems:"10" doc:"To choose from, in place of what was agreed or proposed. Without them, or without a body: a date was agreed elsewhere."`
}

// ChooseBody names a date.
type ChooseBody struct {
	Slot string `json:"slot" doc:"The id of one of the offer's slots."`
}

// PayBody is the final pay as the candidate says it.
type PayBody struct {
	Pay int `json:"final_pay" minimum:"1" maximum:"100000" doc:"Annual, in 10,000 JPY."`
}

// HireBody is the final pay as the company says it.
type HireBody struct {
	Pay *int `json:"final_pay,omitempty" minimum:"1" maximum:"100000" doc:"Annual, in 10,000 JPY; absent: it is said later, by the same request. It can be mended until the candidate has confirmed it."`
}

// stepBody makes a handler that takes a step with a body on one offer.
func stepBody[B any](s *service, to side, take func(context.Context, uuid.UUID, *B) (market.Delivered, error)) func(context.Context, *Identified, *B) (*answered[Offer], error) {
	return func(ctx context.Context, in *Identified, b *B) (*answered[Offer], error) {
		return s.step("offer", to, func(ctx context.Context, id uuid.UUID) (market.Delivered, error) { return take(ctx, id, b) })(ctx, in)
	}
}

// stepOf describes a step on an offer.
func stepOf(to side, name, summary, detail string) operation {
	op := operation{
		method: http.MethodPost, path: "/api/v1/offers/{id}/" + name, id: name + "-sent-offer", class: httpx.Answers, tag: tagCompanies, who: members,
		summary: summary, detail: detail, answer: exampleDealt(to), errors: []int{http.StatusConflict},
	}
	if to == toCandidate {
		op.path, op.id, op.tag, op.who = "/api/v1/me/offers/{id}/"+name, name+"-offer", tagCandidates, candidates
	}
	return op
}

// with adds the example of a body to a step; an optional one may be left out.
func (op operation) with(request any, optional bool) operation {
	op.request, op.optional = request, optional
	return op
}

func (s *service) addDealings() {
	const repeat = "A repeat changes nothing."
	handleBody(s, stepOf(toCandidate, "decline", "Decline an offer; to be undone within five minutes", repeat+" Another reason than the first is a conflict: undo, and decline again.").with(DeclineBody{"pay"}, true),
		stepBody(s, toCandidate, func(ctx context.Context, id uuid.UUID, b *DeclineBody) (market.Delivered, error) {
			return s.market.Decline(ctx, actorOf(ctx), id, offer.Reason(b.Reason))
		}))
	handleBody(s, stepOf(toCandidate, "choose", "Choose one of the proposed dates", repeat).with(ChooseBody{exampleID(11)}, false),
		stepBody(s, toCandidate, s.choose))
	handleBody(s, stepOf(toCandidate, "confirm-pay", "Say the final pay", "The company's figure confirms it, another disputes it; below 90 % of the offered minimum it is a breach. It is said once. "+repeat).
		with(PayBody{640}, false), stepBody(s, toCandidate, func(ctx context.Context, id uuid.UUID, b *PayBody) (market.Delivered, error) {
		return s.market.ConfirmPay(ctx, actorOf(ctx), id, b.Pay)
	}))
	handle(s, stepOf(toCandidate, "deny", "Object that the interview was not held", fmt.Sprintf("The offer is accepted again, as if the company had never said that it was held; also once it was rejected or hired. For %d days after that was said, and not once you have said your pay. ", offer.DenyDays)+repeat),
		s.step("offer", toCandidate, func(ctx context.Context, id uuid.UUID) (market.Delivered, error) {
			return s.market.Deny(ctx, actorOf(ctx), id)
		}))
	handleBody(s, stepOf(toCompany, "schedule", "Propose dates, or say that one was agreed", repeat).with(exampleSlots(), true),
		stepBody(s, toCompany, s.schedule))
	handleBody(s, stepOf(toCompany, "hire", "The candidate was hired", repeat).with(HireBody{to(640)}, true),
		stepBody(s, toCompany, func(ctx context.Context, id uuid.UUID, b *HireBody) (market.Delivered, error) {
			return s.market.Hire(ctx, actorOf(ctx), id, b.Pay)
		}))
	for _, to := range []side{toCandidate, toCompany} {
		handle(s, stepOf(to, "reschedule", "Call the agreed date off, or say that none of those proposed suits", repeat),
			s.step("offer", to, func(ctx context.Context, id uuid.UUID) (market.Delivered, error) {
				return s.market.Reschedule(ctx, actorOf(ctx), id)
			}))
		op := stepOf(to, "calendar.ics", "The agreed date for a calendar; one that was called off, as a cancellation", "Its words are in the language of the account; Japanese if none was chosen.")
		op.method, op.class, op.kind, op.answer = http.MethodGet, httpx.Ordinary, calendar.MediaType, exampleCalendar(to)
		op.id = map[side]string{toCandidate: "own-calendar", toCompany: "calendar"}[to]
		handle(s, op, s.calendar(to))
	}
}

func (s *service) choose(ctx context.Context, id uuid.UUID, b *ChooseBody) (market.Delivered, error) {
	slot, err := uuid.Parse(b.Slot)
	if err != nil {
		return market.Delivered{}, errs.AtPointer("/slot", strconv.Quote(b.Slot[:min(len(b.Slot), 40)]), "the id of one of the offer's slots")
	}
	return s.market.Choose(ctx, actorOf(ctx), id, slot)
}

func (s *service) schedule(ctx context.Context, id uuid.UUID, b *ScheduleBody) (market.Delivered, error) {
	if b.Slots == nil {
		return s.market.Proceed(ctx, actorOf(ctx), id, offer.Schedule)
	}
	slots := make([]offer.Slot, len(b.Slots))
	for i, v := range b.Slots {
		slots[i] = offer.Slot{Start: *v.Start, Minutes: v.Minutes, Zone: v.Zone, Place: v.Place, Online: v.Online}
	}
	return s.market.Propose(ctx, actorOf(ctx), id, slots)
}

// calendarFile answers with a file.
type calendarFile struct {
	Type string `header:"Content-Type"`
	Name string `header:"Content-Disposition"`
	Body []byte
}

func (s *service) calendar(to side) func(context.Context, *Identified) (*calendarFile, error) {
	return func(ctx context.Context, in *Identified) (*calendarFile, error) {
		id, err := in.uuid("offer")
		if err != nil {
			return nil, err
		}
		read, side := s.market.OfferBy, offer.Company
		if to == toCandidate {
			read, side = s.market.OfferTo, offer.Candidate
		}
		d, err := read(ctx, actorOf(ctx), id)
		if err != nil {
			return nil, err
		}
		self, err := s.market.Self(ctx, actorOf(ctx))
		if err != nil {
			return nil, err
		}
		file, err := calendar.File(&d, side, self.Language, exchangeOf(ctx).request.Host)
		return &calendarFile{calendar.MediaType, `attachment; filename="enishi.ics"`, file}, err
	}
}
