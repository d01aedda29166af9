package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// Offer is one delivery as one of its two sides sees it.
type Offer struct {
	ID              string             `json:"id"`
	Position        string             `json:"position"`
	PositionVersion int64              `json:"position_version" doc:"The version of the terms that was sent."`
	Kind            string             `json:"kind" enum:"interview,casual"`
	Sender          string             `json:"sender" enum:"auto,scout" doc:"Who chose the candidate: a rule that fired, or a member of the company."`
	State           string             `json:"state" enum:"proposed,reserved,sent,seen,accepted,declined,expired,withdrawn,scheduled,held,hired,rejected"`
	SentAt          time.Time          `json:"sent_at"`
	ExpiresOn       day.Day            `json:"expires_on"`
	Terms           position.Terms     `json:"terms"`
	Company         OfferCompany       `json:"company"`
	Rule            string             `json:"rule,omitempty" doc:"To the company: the rule that fired."`
	Card            string             `json:"card,omitempty" doc:"To the company: the candidate's card."`
	Age             *rule.AgeException `json:"age,omitempty" doc:"The statutory age condition that the offer came under, with its reason."`
	Message         string             `json:"message,omitempty" doc:"Of a scout."`
	OfferDealing
}

// OfferCompany is the company that sent an offer.
type OfferCompany struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// MissedLeaf is a leaf by which rules and the candidate did not come together.
type MissedLeaf struct {
	Wish      bool         `json:"wish" doc:"One of the candidate's own wishes, not something that companies ask."`
	Pointer   string       `json:"pointer" doc:"Of the wish, in me/wishes; empty for the whole of it, or if it is none."`
	Condition anyCondition `json:"condition"`
	Sentence  Bilingual    `json:"sentence" doc:"The condition in words."`
	Alone     bool         `json:"alone" doc:"Nothing else stands in the way of these rules."`
	Rules     int          `json:"rules" doc:"How many rules would match if this leaf alone were turned; if it does not stand alone, how many of up to 1,000 miss it that agree on one side, or on none. Made coarse: 1 for one to four, else rounded down to a multiple of five."`
}

// Bilingual is a text in both languages.
type Bilingual struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

// OwnOffers is a page of a candidate's offers.
type OwnOffers struct {
	Items   []Offer      `json:"items"`
	Next    string       `json:"next_cursor" doc:"Where the next page begins; empty on the last."`
	Waiting int          `json:"waiting,omitempty" doc:"With no offer at all: how many rules match and wait for their budget, or for your weekly limit."`
	Missed  []MissedLeaf `json:"missed,omitempty" doc:"With no offer at all: the three leaves that were missed most."`
}

// side is who reads an offer.
type side bool

const (
	toCandidate side = false
	toCompany   side = true
)

func offerOf(d *market.Delivered, to side) Offer {
	out := Offer{
		ID: d.ID.String(), Position: d.PositionID.String(), PositionVersion: d.PositionVersion,
		Kind: d.Kind, Sender: string(d.Sender), State: string(d.State), SentAt: d.SentAt.UTC(), ExpiresOn: d.ExpiresOn,
		Terms: d.Terms, Company: OfferCompany{d.CompanyID.String(), d.CompanyName}, Age: d.Age, Message: d.Message,
		OfferDealing: dealingOf(d),
	}
	if to == toCompany {
		out.Card = d.Card
		if d.RuleID != uuid.Nil {
			out.Rule = d.RuleID.String()
		}
	}
	return out
}

func offersOf(list []market.Delivered, to side) []Offer {
	out := make([]Offer, len(list))
	for i := range list {
		out[i] = offerOf(&list[i], to)
	}
	return out
}

func (s *service) addOffers() {
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/me/offers", id: "own-offers", class: httpx.Own, tag: tagCandidates, who: candidates,
		summary: "Your offers, newest first", answer: OwnOffers{Items: []Offer{exampleOffer(toCandidate)}},
	}, s.ownOffers)
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/me/offers/{id}", id: "own-offer", class: httpx.Own, tag: tagCandidates, who: candidates,
		summary: "One of your offers; being read, it is seen", answer: exampleOffer(toCandidate), errors: []int{http.StatusConflict},
	}, s.ownOffer)
	for _, step := range []struct {
		name, summary string
		action        offer.Action
	}{
		{"accept", "Accept an offer", offer.Accept},
		{"undo", "Undo a decline, once and within five minutes", offer.Undo},
		{"withdraw", "Withdraw from an offer that you accepted", offer.Withdraw},
	} {
		handle(s, operation{
			method: http.MethodPost, path: "/api/v1/me/offers/{id}/" + step.name, id: step.name + "-offer", class: httpx.Answers, tag: tagCandidates, who: candidates,
			summary: step.summary, detail: repeatNote(step.action), answer: exampleOffer(toCandidate), errors: []int{http.StatusConflict},
		}, s.step("offer", toCandidate, func(ctx context.Context, id uuid.UUID) (market.Delivered, error) {
			return s.market.Answer(ctx, actorOf(ctx), id, step.action)
		}))
	}
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/offers", id: "offers", class: httpx.Ordinary, tag: tagCompanies, who: members,
		summary: "Your company's offers, newest first", answer: page[Offer]{Items: []Offer{exampleOffer(toCompany)}},
		errors: []int{http.StatusNotFound},
	}, s.offers)
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/offers/{id}", id: "offer", class: httpx.Ordinary, tag: tagCompanies, who: members,
		summary: "One of your company's offers", answer: exampleOffer(toCompany),
	}, s.step("offer", toCompany, func(ctx context.Context, id uuid.UUID) (market.Delivered, error) {
		return s.market.OfferBy(ctx, actorOf(ctx), id)
	}))
	for _, step := range []struct {
		name, summary string
		action        offer.Action
	}{
		{"held", "The interview or talk was held", offer.Hold},
		{"reject", "The candidate was not hired", offer.Reject},
		{"withdraw", "Withdraw from an accepted offer; of kind interview, a breach", offer.Withdraw},
	} {
		handle(s, operation{
			method: http.MethodPost, path: "/api/v1/offers/{id}/" + step.name, id: step.name + "-sent-offer", class: httpx.Answers, tag: tagCompanies, who: members,
			summary: step.summary, detail: "A repeat changes nothing.", answer: exampleOffer(toCompany), errors: []int{http.StatusConflict},
		}, s.step("offer", toCompany, func(ctx context.Context, id uuid.UUID) (market.Delivered, error) {
			return s.market.Proceed(ctx, actorOf(ctx), id, step.action)
		}))
	}
}

// repeatNote says what a second request of a step does.
func repeatNote(a offer.Action) string {
	if a == offer.Undo {
		return ""
	}
	return "A repeat changes nothing."
}

// step makes a handler that takes a step on one offer and shows it.
func (s *service) step(what string, to side, take func(context.Context, uuid.UUID) (market.Delivered, error)) func(context.Context, *Identified) (*answered[Offer], error) {
	return func(ctx context.Context, in *Identified) (*answered[Offer], error) {
		id, err := in.uuid(what)
		if err != nil {
			return nil, err
		}
		d, err := take(ctx, id)
		if err != nil {
			return nil, err
		}
		return &answered[Offer]{offerOf(&d, to)}, nil
	}
}

func (s *service) ownOffer(ctx context.Context, in *Identified) (*answered[Offer], error) {
	return s.step("offer", toCandidate, func(ctx context.Context, id uuid.UUID) (market.Delivered, error) {
		return s.market.OfferTo(ctx, actorOf(ctx), id)
	})(ctx, in)
}

func (s *service) ownOffers(ctx context.Context, in *Paging) (*answered[OwnOffers], error) {
	const list = "own offers"
	before, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	found, next, err := s.market.OffersTo(ctx, actorOf(ctx), before, in.Limit)
	if err != nil {
		return nil, err
	}
	paged, err := paged(ctx, s, list, offersOf(found, toCandidate), next)
	if err != nil {
		return nil, err
	}
	out := OwnOffers{Items: paged.Items, Next: paged.Next}
	if len(out.Items) == 0 && before == 0 {
		why, err := s.market.Why(ctx, actorOf(ctx))
		if err != nil {
			return nil, err
		}
		out.Waiting = why.Waiting
		for _, m := range why.Missed {
			over := condition.Profiles
			if m.Wish {
				over = condition.Positions
			}
			out.Missed = append(out.Missed, MissedLeaf{
				m.Wish, m.Pointer,
				anyCondition{m.Condition},
				Bilingual{m.Condition.Sentence(over, "ja"), m.Condition.Sentence(over, "en")},
				m.Alone, max(m.More.AtLeast, 1),
			})
		}
	}
	return &answered[OwnOffers]{out}, nil
}

// offerList are the parameters of a company's list of offers.
type offerList struct {
	Paging
	Rule string `query:"rule" doc:"Only those of this rule."`
}

func (s *service) offers(ctx context.Context, in *offerList) (*answered[page[Offer]], error) {
	list := "offers " + in.Rule
	before, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	var of *uuid.UUID
	if in.Rule != "" {
		id, err := (&Identified{in.Rule}).uuid("rule")
		if err != nil {
			return nil, err
		}
		of = &id
	}
	found, next, err := s.market.OffersBy(ctx, actorOf(ctx), of, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out, err := paged(ctx, s, list, offersOf(found, toCompany), next)
	return &answered[page[Offer]]{out}, err
}
