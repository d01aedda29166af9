package api

import (
	"context"
	"net/http"
	"time"

	"enishi/internal/httpx"
	"enishi/internal/market"
)

// Dispute is a final pay about which the two sides of a hire say different things.
type Dispute struct {
	Offer     string       `json:"offer"`
	Company   OfferCompany `json:"company"`
	HiredAt   time.Time    `json:"hired_at"`
	Offered   *int         `json:"pay_min,omitempty" doc:"The minimum that was offered. Annual, in 10,000 JPY, as the others."`
	Said      int          `json:"final_pay" doc:"As the company says."`
	Confirmed int          `json:"confirmed_pay" doc:"As the candidate says."`
	Breach    bool         `json:"breach" doc:"It is noted as a breach that counts."`
}

func disputeOf(d *market.Dispute) Dispute {
	return Dispute{
		Offer: d.Offer.String(), Company: OfferCompany{d.Company.String(), d.CompanyName}, HiredAt: d.HiredAt.UTC(),
		Offered: d.Offered, Said: d.Said, Confirmed: d.Confirmed, Breach: d.Breach,
	}
}

func exampleDispute() Dispute {
	return Dispute{
		Offer: exampleID(5), Company: OfferCompany{exampleID(1), exampleCompany().Name}, HiredAt: time.Date(2026, time.December, 16, 0, 30, 0, 0, time.UTC),
		Offered: to(600), Said: 640, Confirmed: 530, Breach: true,
	}
}

func (s *service) addDisputes() {
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/operator/disputes", id: "disputes", class: httpx.Ordinary, tag: tagOperators, who: operators,
		summary: "Final pays about which the two sides of a hire differ, those of the newest offers first", answer: page[Dispute]{Items: []Dispute{exampleDispute()}},
	}, s.disputes)
	handle(s, operation{
		method: http.MethodPost, path: "/api/v1/operator/disputes/{id}/reopen", id: "reopen-pay", class: httpx.Ordinary, tag: tagOperators, who: operators, status: http.StatusNoContent,
		summary: "Let both sides of an offer, whose id this is, say the final pay again",
		detail:  "What the candidate said is taken back; a breach that was noted stays until it is set aside. A repeat changes nothing.",
		errors:  []int{http.StatusConflict},
	}, func(ctx context.Context, in *Identified) (*none, error) {
		id, err := in.uuid("offer")
		if err != nil {
			return nil, err
		}
		return &none{}, s.market.ReopenPay(ctx, actorOf(ctx), id)
	})
}

func (s *service) disputes(ctx context.Context, in *Paging) (*answered[page[Dispute]], error) {
	const list = "disputes"
	before, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	found, next, err := s.market.Disputes(ctx, actorOf(ctx), before, in.Limit)
	if err != nil {
		return nil, err
	}
	items := make([]Dispute, len(found))
	for i := range found {
		items[i] = disputeOf(&found[i])
	}
	out, err := paged(ctx, s, list, items, next)
	return &answered[page[Dispute]]{out}, err
}
