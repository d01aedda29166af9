package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// Preview is what a rule would do now, step by step. Steps are null when so
// few match that they would tell about single people.
type Preview struct {
	Matched int  `json:"matched" doc:"By must, among those who have not blocked the company."`
	Already *int `json:"already" doc:"Of those: offered already. This and the next are rounded down to a multiple of 5: 0 means fewer than 5."`
	Wishes  *int `json:"wishes" doc:"Removed by their own wishes."`
	Limit   *int `json:"limit" doc:"Over their limit, or yet to confirm their address."`
	Budget  *int `json:"budget" doc:"Beyond today's budget."`
	Due     *int `json:"due" doc:"Will receive an offer now."`
	Daily   int  `json:"daily_budget,omitempty" doc:"Today's budget as your company's breaches leave it: each takes a tenth of it for 180 days, down to a tenth, and to 1. Absent: they do not lower it."`
}

// Activation answers an activation.
type Activation struct {
	RuleAnswer
	Due     *int     `json:"due" doc:"The preview's due."`
	Preview *Preview `json:"preview" doc:"Null if your company has seen its previews of the day, or is not verified: its rules send once it is."`
}

// Confirmation answers a confirmed batch.
type Confirmation struct {
	Sent     int `json:"sent" doc:"How many offers were sent: those that still match, as far as budget and room allow."`
	Reserved int `json:"reserved" doc:"How many more are sent once their candidate's address is confirmed: 24 hours are left for it, then the budget is given back."`
}

// ConfirmBody says whom to leave out of a batch.
type ConfirmBody struct {
	Except []string `json:"except,omitempty" maxItems:"1000" doc:"Ids of proposals that are not sent now."`
}

func previewOf(p market.Preview) Preview { return Preview(p) }

// addSending adds the operations by which rules send.
func (s *service) addSending() {
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/rules/preview", id: "preview-rule", class: httpx.Insight, tag: tagCompanies, who: members,
		summary: "What a rule would do if it were activated now",
		detail:  "Steps are rounded down to 5 and hidden under 10 matches; a company has 30 different previews a day.",
		errors:  []int{http.StatusTooManyRequests, http.StatusConflict}, request: exampleRuleBody(), answer: examplePreview(),
	}, s.preview)
	handle(s, operation{
		method: http.MethodPost, path: "/api/v1/rules/{id}/activate", id: "activate-rule", class: httpx.Ordinary, tag: tagCompanies, who: members,
		status: http.StatusAccepted, summary: "Let a rule send; the matcher makes the offers that are due",
		errors: []int{http.StatusConflict}, answer: exampleActivation(),
	}, s.activate)
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/rules/{id}/proposals", id: "proposals", class: httpx.Ordinary, tag: tagCompanies, who: members,
		summary: "The batch of a rule that waits for confirmation, best first", answer: page[Offer]{Items: []Offer{exampleProposal()}},
	}, s.proposals)
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/rules/{id}/proposals/confirm", id: "confirm-proposals", class: httpx.Ordinary, tag: tagCompanies, who: members,
		summary: "Send the batch of a rule", detail: "Without a body the whole batch is sent; those that are left out go on waiting.", errors: []int{http.StatusConflict},
		optional: true, request: ConfirmBody{Except: []string{exampleProposal().ID}}, answer: Confirmation{12, 1},
	}, s.confirmProposals)
}

func (s *service) preview(ctx context.Context, _ *none, b *RuleBody) (*answered[Preview], error) {
	give, err := b.input()
	if err != nil {
		return nil, err
	}
	p, err := s.market.Preview(ctx, actorOf(ctx), give)
	if err != nil {
		return nil, err
	}
	return &answered[Preview]{previewOf(p)}, nil
}

func (s *service) activate(ctx context.Context, in *Identified) (*tagged[Activation], error) {
	id, err := in.uuid("rule")
	if err != nil {
		return nil, err
	}
	r, p, err := s.market.Activate(ctx, actorOf(ctx), id)
	if err != nil {
		return nil, err
	}
	out := Activation{RuleAnswer: ruleOf(&r)}
	if p != nil {
		shown := previewOf(*p)
		out.Due, out.Preview = p.Due, &shown
	}
	return &tagged[Activation]{etag(r.Version), out}, nil
}

// batch are the parameters of a rule's proposals.
type batch struct {
	Identified
	Paging
}

func (s *service) proposals(ctx context.Context, in *batch) (*answered[page[Offer]], error) {
	id, err := in.uuid("rule")
	if err != nil {
		return nil, err
	}
	list := "proposals of " + id.String()
	after, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	found, last, err := s.market.Proposals(ctx, actorOf(ctx), id, after, in.Limit)
	if err != nil {
		return nil, err
	}
	if len(found) < in.Limit {
		last = 0
	}
	out, err := paged(ctx, s, list, offersOf(found, toCompany), last)
	return &answered[page[Offer]]{out}, err
}

func (s *service) confirmProposals(ctx context.Context, in *Identified, b *ConfirmBody) (*answered[Confirmation], error) {
	id, err := in.uuid("rule")
	if err != nil {
		return nil, err
	}
	except := make([]uuid.UUID, len(b.Except))
	for i, text := range b.Except {
		if except[i], err = uuid.Parse(text); err != nil {
			return nil, errs.AtPointer("/except/"+strconv.Itoa(i), strconv.Quote(text), "the id of a proposal")
		}
	}
	done, err := s.market.ConfirmProposals(ctx, actorOf(ctx), id, except...)
	if err != nil {
		return nil, err
	}
	return &answered[Confirmation]{Confirmation{done.Sent, done.Reserved}}, nil
}
