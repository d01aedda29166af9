package api

import (
	"context"
	"net/http"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/rule"
)

// SearchBody is a company's question about candidates.
type SearchBody struct {
	Condition *searched `json:"condition,omitempty" doc:"Absent: everyone."`
	Facets    []string  `json:"facets,omitempty" doc:"Fields over profiles whose values are counted."`
	Sort      string    `json:"sort,omitempty" enum:"active,pay,score" doc:"active: the most recently active first; pay: the highest first; score: who meets most of prefer first."`
	Prefer    []Wish    `json:"prefer,omitempty" maxItems:"20" doc:"With sort score: what ranks and does not exclude."`
	Limit     *int      `json:"limit,omitempty" minimum:"0" maximum:"100" doc:"Absent: 20."`
	Cursor    string    `json:"cursor,omitempty" doc:"next_cursor of the page before."`
	Near      *int      `json:"near,omitempty" minimum:"0" maximum:"100" doc:"How many of those who miss one clause alone to give besides, on the last page; absent: none."`
}

// Wish is a condition that may ask for text, with its weight.
type Wish struct {
	Condition *searched `json:"condition"`
	Weight    int       `json:"weight" minimum:"1" maximum:"10"`
}

// SearchAnswer is what a search found.
type SearchAnswer struct {
	Count   int                     `json:"count" doc:"Exact."`
	Facets  map[string][]ValueCount `json:"facets" doc:"By field; a field's own clauses are left out of its counts."`
	Impact  []Impact                `json:"impact" doc:"For each clause, how many more there are without it."`
	Clauses int                     `json:"clauses" doc:"How many clauses the condition has; every item meets them all."`
	Items   []Hit                   `json:"items"`
	Near    []NearHit               `json:"near,omitempty" doc:"Who misses one clause alone, in the same order."`
	Next    string                  `json:"next_cursor" doc:"Where the next page begins; empty on the last."`
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

// Hit is a candidate whom a search found.
type Hit struct {
	Card
	Highlights []Highlight `json:"highlights,omitempty" doc:"Where a search by text found them."`
}

// NearHit is a candidate who misses one clause.
type NearHit struct {
	Hit
	Missed string `json:"missed" doc:"JSON pointer into the condition."`
}

// Highlight is a piece of a candidate's own words, in which names, employers and
// ways to reach them are replaced by ■.
type Highlight struct {
	Part    string  `json:"part" doc:"Which text it is of: text, or history/0/duties and the like."`
	Excerpt string  `json:"excerpt"`
	Ranges  []Range `json:"ranges" doc:"What was asked for, within the excerpt."`
}

// Range is a run of characters, counted in code points.
type Range struct {
	From int `json:"from"`
	To   int `json:"to" doc:"Behind the last."`
}

func hitOf(c *market.Card) Hit {
	out := Hit{Card: cardOf(c)}
	for _, h := range c.Highlights {
		ranges := make([]Range, len(h.Ranges))
		for i, r := range h.Ranges {
			ranges[i] = Range(r)
		}
		out.Highlights = append(out.Highlights, Highlight{h.Part, h.Excerpt, ranges})
	}
	return out
}

func cardOf(c *market.Card) Card { return Card{c.ID, c.Profile, c.LastActiveDays} }

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
		return &answered[Card]{cardOf(&c)}, nil
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
	if b.Near != nil {
		give.Near = *b.Near
	}
	for _, p := range b.Prefer {
		give.Prefer = append(give.Prefer, rule.Preference{Condition: p.Condition.Condition, Weight: p.Weight})
	}
	found, err := s.market.Search(ctx, actorOf(ctx), give)
	if err != nil {
		return nil, err
	}
	out := SearchAnswer{
		Count: found.Count, Next: found.Next, Facets: map[string][]ValueCount{},
		Impact: make([]Impact, len(found.Impact)), Clauses: found.Clauses, Items: make([]Hit, len(found.Items)),
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
	for i := range found.Items {
		out.Items[i] = hitOf(&found.Items[i])
	}
	for i := range found.Near {
		out.Near = append(out.Near, NearHit{hitOf(&found.Near[i].Card), found.Near[i].Missed})
	}
	return &answered[SearchAnswer]{out}, nil
}
