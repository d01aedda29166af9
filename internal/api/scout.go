package api

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// ScoutBody offers a position to one person.
type ScoutBody struct {
	Candidate string `json:"candidate" doc:"The person's card id."`
	Position  string `json:"position" doc:"A published position whose terms say what is paid, from and to."`
	Kind      string `json:"kind,omitempty" enum:"interview,casual" doc:"Absent: interview."`
	Message   string `json:"message" minLength:"1" maxLength:"2000"`
}

// ScoutsBody offers a position to several people.
type ScoutsBody struct {
	Candidates []string `json:"candidates" minItems:"1" maxItems:"50" doc:"Card ids; the month's quota goes to the first."`
	Position   string   `json:"position" doc:"A published position whose terms say what is paid, from and to."`
	Kind       string   `json:"kind,omitempty" enum:"interview,casual" doc:"Absent: interview."`
	Message    string   `json:"message" minLength:"1" maxLength:"2000"`
}

// Scouted says what became of one card.
type Scouted struct {
	Candidate string `json:"candidate"`
	Offer     *Offer `json:"offer,omitempty" doc:"Absent: nothing was sent."`
	Refused   string `json:"refused,omitempty" enum:"not-found,conflict,quota" doc:"not-found: nobody of that id can be reached, for whatever reason; conflict: of what your company has sent this person before; quota: the month's scouts are used up."`
	Detail    string `json:"detail,omitempty" doc:"For a person."`
}

// ScoutsAnswer has the cards in their order.
type ScoutsAnswer struct {
	Items []Scouted `json:"items"`
}

// Quota is a company's monthly quota of scouts.
type Quota struct {
	Quota int `json:"quota" doc:"How many scouts your company may send in a month of Tokyo."`
	Used  int `json:"used" doc:"How many it has sent in this one."`
}

func exampleScout() Offer {
	out := exampleOffer(toCompany)
	out.Sender, out.Rule, out.Message = "scout", "", "決済基盤のご経験に惹かれました。一度お話ししませんか。"
	return out
}

func (s *service) addScouts() {
	message := exampleScout().Message
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/offers", id: "scout", class: httpx.Ordinary, tag: tagCompanies, who: members, status: http.StatusCreated,
		summary: "Scout one person: offer them a position by hand",
		detail: "Wishes do not stop a scout; blocks, a closed profile and the limits do: three scouts of one company to one person in 30 days, one live offer for a position, " +
			"and the company's monthly quota.",
		errors:  []int{http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests},
		request: ScoutBody{exampleCardID, exampleID(3), "interview", message}, answer: exampleScout(),
	}, s.scout)
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/offers/batch", id: "scout-several", class: httpx.Ordinary, tag: tagCompanies, who: members,
		summary: "Scout several people at once; each has an answer of their own", errors: []int{http.StatusConflict},
		request: ScoutsBody{[]string{exampleCardID}, exampleID(3), "interview", message},
		answer:  ScoutsAnswer{[]Scouted{{Candidate: exampleCardID, Offer: to(exampleScout())}, {Candidate: "00000000000000000000000000000000", Refused: "not-found", Detail: "no such candidate"}}},
	}, s.scoutSeveral)
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/scouts", id: "scout-quota", class: httpx.Ordinary, tag: tagCompanies, who: members,
		summary: "How many scouts your company may send in this month", answer: Quota{100, 12},
	}, func(ctx context.Context, _ *none) (*answered[Quota], error) {
		quota, used, err := s.market.ScoutsLeft(ctx, actorOf(ctx))
		return &answered[Quota]{Quota{quota, used}}, err
	})
}

// scouting gives what market is asked; what is no id is of no position.
func scouting(cards []string, position, kind, message string) market.Scouting {
	id, err := uuid.Parse(position)
	if err != nil {
		id = uuid.Nil
	}
	return market.Scouting{Cards: cards, Position: id, Kind: kind, Message: message}
}

func (s *service) scout(ctx context.Context, in *Creation, b *ScoutBody) (*answered[Offer], error) {
	once, err := in.once(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.market.Scout(ctx, actorOf(ctx), scouting([]string{b.Candidate}, b.Position, b.Kind, b.Message), once)
	if err != nil {
		return nil, err
	}
	if list[0].Offer == nil {
		return nil, list[0].Why
	}
	return &answered[Offer]{offerOf(list[0].Offer, toCompany)}, nil
}

func (s *service) scoutSeveral(ctx context.Context, in *Creation, b *ScoutsBody) (*answered[ScoutsAnswer], error) {
	once, err := in.once(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.market.Scout(ctx, actorOf(ctx), scouting(b.Candidates, b.Position, b.Kind, b.Message), once)
	out := ScoutsAnswer{[]Scouted{}}
	for _, one := range list {
		shown := Scouted{Candidate: one.Card}
		if one.Offer != nil {
			shown.Offer = to(offerOf(one.Offer, toCompany))
		} else {
			shown.Refused = map[errs.Kind]string{errs.NotFound: "not-found", errs.Conflict: "conflict", errs.TooMany: "quota"}[errs.KindOf(one.Why)]
			shown.Detail = one.Why.Error()
		}
		out.Items = append(out.Items, shown)
	}
	return &answered[ScoutsAnswer]{out}, err
}
