package api

import (
	"context"
	"net/http"
	"time"

	"enishi/internal/day"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// Breach is a promise that a company broke.
type Breach struct {
	ID       string       `json:"id"`
	Offer    string       `json:"offer"`
	Company  OfferCompany `json:"company"`
	What     string       `json:"what" enum:"date,interview,keep,pay" doc:"As an offer's obligations name it."`
	On       day.Day      `json:"on" doc:"The day on which it was found: it lowers the company's daily budgets for 180 days."`
	DeniedAt *time.Time   `json:"denied_at,omitempty" doc:"When the candidate last said that the interview was not held which the company says was."`
	SetAside *SetAside    `json:"set_aside,omitempty" doc:"It counts no more."`
}

// SetAside is why a breach counts no more, and since when.
type SetAside struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// SetAsideBody says why a breach is to count no more.
type SetAsideBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"In one line."`
}

func breachOf(b *market.Breached) Breach {
	out := Breach{
		ID: b.ID.String(), Offer: b.OfferID.String(), Company: OfferCompany{b.CompanyID.String(), b.CompanyName}, What: string(b.Promise), On: b.Day,
	}
	if !b.DeniedAt.IsZero() {
		at := b.DeniedAt.UTC()
		out.DeniedAt = &at
	}
	if !b.SetAsideAt.IsZero() {
		out.SetAside = &SetAside{b.SetAsideAt.UTC(), b.Reason}
	}
	return out
}

func (s *service) addBreaches() {
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/operator/breaches", id: "breaches", class: httpx.Ordinary, tag: tagOperators, who: operators,
		summary: "Promises that companies broke, newest first", answer: page[Breach]{Items: []Breach{exampleBreach()}},
	}, s.breaches)
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/operator/breaches/{id}/set-aside", id: "set-breach-aside", class: httpx.Ordinary, tag: tagOperators, who: operators,
		summary: "Let a breach count no more", detail: "A repeat changes nothing, whatever its reason.",
		request: SetAsideBody{"候補者の都合によるため"}, answer: exampleBreach(),
	}, s.setAside)
}

func (s *service) breaches(ctx context.Context, in *Paging) (*answered[page[Breach]], error) {
	const list = "breaches"
	before, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	found, next, err := s.market.Breaches(ctx, actorOf(ctx), before, in.Limit)
	if err != nil {
		return nil, err
	}
	items := make([]Breach, len(found))
	for i := range found {
		items[i] = breachOf(&found[i])
	}
	out, err := paged(ctx, s, list, items, next)
	return &answered[page[Breach]]{out}, err
}

func (s *service) setAside(ctx context.Context, in *Identified, b *SetAsideBody) (*answered[Breach], error) {
	id, err := in.uuid("breach")
	if err != nil {
		return nil, err
	}
	done, err := s.market.SetAside(ctx, actorOf(ctx), id, b.Reason)
	if err != nil {
		return nil, err
	}
	return &answered[Breach]{breachOf(&done)}, nil
}
