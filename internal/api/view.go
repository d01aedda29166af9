package api

import (
	"context"
	"net/http"
	"time"

	"enishi/internal/httpx"
	"enishi/internal/market"
)

// View is one opening of a candidate's card.
type View struct {
	Company OfferCompany `json:"company"`
	At      time.Time    `json:"at"`
}

func (s *service) addViews() {
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/me/views", id: "views", class: httpx.Own, tag: tagCandidates, who: candidates,
		summary: "Which companies opened your card, newest first", answer: page[View]{Items: []View{exampleView()}},
	}, s.views)
}

func viewOf(v market.Viewed) View {
	return View{OfferCompany{v.CompanyID.String(), v.CompanyName}, v.At.UTC()}
}

func (s *service) views(ctx context.Context, in *Paging) (*answered[page[View]], error) {
	const list = "views"
	before, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	found, next, err := s.market.Views(ctx, actorOf(ctx), before, in.Limit)
	if err != nil {
		return nil, err
	}
	items := make([]View, len(found))
	for i, v := range found {
		items[i] = viewOf(v)
	}
	out, err := paged(ctx, s, list, items, next)
	return &answered[page[View]]{out}, err
}
