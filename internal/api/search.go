package api

import (
	"context"
	"net/http"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// SearchBody is a company's question about candidates.
type SearchBody struct {
	Condition *searched `json:"condition,omitempty" doc:"Absent: everyone."`
	Facets    []string  `json:"facets,omitempty" doc:"Fields over profiles whose values are counted."`
	Sort      string    `json:"sort,omitempty" enum:"active,pay,score" doc:"active: the most recently active first; pay: the highest first; score: the best first."`
	Limit     *int      `json:"limit,omitempty" minimum:"0" maximum:"100" doc:"Absent: 20."`
	Cursor    string    `json:"cursor,omitempty" doc:"next_cursor of the page before."`
}

// SearchAnswer is what a search found.
type SearchAnswer struct {
	Count  int                     `json:"count" doc:"Exact."`
	Facets map[string][]ValueCount `json:"facets" doc:"By field; a field's own clauses are left out of its counts."`
	Impact []Impact                `json:"impact" doc:"For each clause, how many more there are without it."`
	Items  []Card                  `json:"items"`
	Next   string                  `json:"next_cursor" doc:"Where the next page begins; empty on the last."`
}

// ValueCount is how many people hold a value.
type ValueCount struct {
	Code  string `json:"code"`
	Count int    `json:"count"`
}

// Impact is what a clause costs.
type Impact struct {
	Clause string `json:"clause" doc:"JSON pointer into the condition."`
	Gain   int    `json:"gain"`
}

// Card is a candidate as a company sees them: without anything that tells who
// they are, unless they have accepted an offer of the company.
type Card struct {
	ID             string            `json:"id" doc:"Of the candidate as your company knows them."`
	Profile        candidate.Profile `json:"profile"`
	LastActiveDays int               `json:"last_active_days"`
}

func (s *service) addSearch() {
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/candidates/search", id: "search-candidates", class: httpx.Search, tag: tagCompanies, who: members,
		summary: "Search the candidates who are open and have not blocked you",
		request: exampleSearch(), answer: exampleSearchAnswer(),
	}, s.search)
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/candidates/{id}", id: "open-card", class: httpx.Ordinary, tag: tagCompanies, who: members, noted: true,
		summary: "Open a candidate's card; the candidate can read that you did",
		detail:  "The card is anonymous until the candidate accepts an offer of your company.", answer: exampleCard(), errors: []int{http.StatusConflict},
	}, func(ctx context.Context, in *Identified) (*answered[Card], error) {
		c, err := s.market.OpenCard(ctx, actorOf(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &answered[Card]{Card(c)}, nil
	})
}

// defaultHits is how many hits a search gives that does not say.
const defaultHits = 20

func (s *service) search(ctx context.Context, _ *none, b *SearchBody) (*answered[SearchAnswer], error) {
	give := market.SearchInput{
		Condition: condition.Always(), Facets: b.Facets, Sort: market.Sort(b.Sort), Limit: defaultHits, Cursor: b.Cursor,
	}
	if b.Condition != nil {
		give.Condition = b.Condition.Condition
	}
	if b.Limit != nil {
		give.Limit = *b.Limit
	}
	found, err := s.market.Search(ctx, actorOf(ctx), give)
	if err != nil {
		return nil, err
	}
	out := SearchAnswer{
		Count: found.Count, Next: found.Next, Facets: map[string][]ValueCount{},
		Impact: make([]Impact, len(found.Impact)), Items: make([]Card, len(found.Items)),
	}
	for field, list := range found.Facets {
		values := make([]ValueCount, len(list))
		for i, v := range list {
			values[i] = ValueCount(v)
		}
		out.Facets[field] = values
	}
	for i, v := range found.Impact {
		out.Impact[i] = Impact(v)
	}
	for i, c := range found.Items {
		out.Items[i] = Card(c)
	}
	return &answered[SearchAnswer]{out}, nil
}
