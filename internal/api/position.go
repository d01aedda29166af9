package api

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/position"
)

// PositionBody is a new position.
type PositionBody struct{ position.Terms }

// PositionEdit is an edit of a position. What only the service sets may stand
// in it and is not read, so that an answer can be edited and sent back.
type PositionEdit struct {
	position.Terms
	ID               string    `json:"id,omitempty" doc:"Not read."`
	Version          int64     `json:"version,omitempty" doc:"Not read: If-Match says it."`
	PublishedVersion int64     `json:"published_version,omitempty" doc:"Not read."`
	State            string    `json:"state,omitempty" doc:"Not read."`
	Warnings         []Warning `json:"warnings,omitempty" doc:"Not read."`
}

// Warning marks words that read as if sex or age decided, or as if something
// were asked that is nobody's business.
type Warning struct {
	Pointer string `json:"pointer" doc:"JSON pointer into the position."`
	Found   string `json:"found"`
	About   string `json:"about" enum:"sex,age,private"`
	JA      string `json:"ja" doc:"Why, and what to do, in Japanese."`
	EN      string `json:"en" doc:"The same in English."`
}

// PositionAnswer is a position with its newest terms.
type PositionAnswer struct {
	ID               string    `json:"id"`
	Version          int64     `json:"version" doc:"Of these terms."`
	PublishedVersion int64     `json:"published_version" doc:"Of the terms that are offered; 0: none yet."`
	State            string    `json:"state" enum:"draft,published,closed"`
	Warnings         []Warning `json:"warnings" doc:"Words that should be looked at again before they are published."`
	position.Terms
}

func positionOf(p *position.Position) PositionAnswer {
	out := PositionAnswer{
		ID: p.ID.String(), Version: p.Version, PublishedVersion: p.PublishedVersion, State: string(p.State),
		Warnings: []Warning{}, Terms: p.Terms,
	}
	for _, w := range p.Terms.Wordings() {
		out.Warnings = append(out.Warnings, Warning{w.Pointer, w.Found, string(w.About), w.Explain("ja"), w.Explain("en")})
	}
	return out
}

func (s *service) addPositions() {
	op := func(method, path, id, summary string) operation {
		return operation{
			method: method, path: "/api/v1/positions" + path, id: id, class: httpx.Ordinary, tag: tagCompanies, who: members,
			summary: summary, answer: examplePosition(),
		}
	}
	create := op(http.MethodPost, "", "add-position", "Write a position; it is a draft until it is published")
	create.status, create.request, create.errors = http.StatusCreated, exampleTerms(), []int{http.StatusConflict}
	handleBody(s, create, s.addPosition)
	list := op(http.MethodGet, "", "positions", "Your company's positions")
	list.answer = page[PositionAnswer]{Items: []PositionAnswer{examplePosition()}}
	handle(s, list, s.positions)
	handle(s, op(http.MethodGet, "/{id}", "position", "One of your company's positions"), s.position(s.market.Position))
	edit := op(http.MethodPut, "/{id}", "set-position", "Make a new version of a position's terms")
	edit.detail = "What is published stays as it is until the new version is published."
	edit.request, edit.errors = exampleTerms(), []int{http.StatusConflict}
	handleBody(s, edit, s.setPosition)
	publish := op(http.MethodPost, "/{id}/publish", "publish-position", "Offer the newest version; what the law requires must be filled in")
	publish.errors = []int{http.StatusConflict, http.StatusUnprocessableEntity}
	handle(s, publish, s.position(s.market.Publish))
	closing := op(http.MethodPost, "/{id}/close", "close-position", "End a position for good; what is not accepted is withdrawn")
	closing.errors = []int{http.StatusConflict}
	handle(s, closing, s.position(s.market.Close))
}

// position makes a handler of what the market does with one position.
func (s *service) position(do func(context.Context, market.Actor, uuid.UUID) (position.Position, error)) func(context.Context, *Identified) (*tagged[PositionAnswer], error) {
	return func(ctx context.Context, in *Identified) (*tagged[PositionAnswer], error) {
		id, err := in.uuid("position")
		if err != nil {
			return nil, err
		}
		p, err := do(ctx, actorOf(ctx), id)
		return shownPosition(p, err)
	}
}

func shownPosition(p position.Position, err error) (*tagged[PositionAnswer], error) {
	if err != nil {
		return nil, err
	}
	return &tagged[PositionAnswer]{etag(p.Version), positionOf(&p)}, nil
}

func (s *service) addPosition(ctx context.Context, in *Creation, b *PositionBody) (*tagged[PositionAnswer], error) {
	once, err := in.once(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.market.AddPosition(ctx, actorOf(ctx), b.Terms, once)
	return shownPosition(p, err)
}

// edited are the parameters of an edit of one thing.
type edited struct {
	Identified
	Edition
}

func (s *service) setPosition(ctx context.Context, in *edited, b *PositionEdit) (*tagged[PositionAnswer], error) {
	id, err := in.uuid("position")
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	p, err := s.market.SetPosition(ctx, actorOf(ctx), id, version, b.Terms)
	return shownPosition(p, err)
}

func (s *service) positions(ctx context.Context, in *Paging) (*answered[page[PositionAnswer]], error) {
	const list = "positions"
	after, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	found, err := s.market.Positions(ctx, actorOf(ctx), after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	found, next := cutPage(found, in.Limit, func(p position.Position) int64 { return p.Key })
	items := make([]PositionAnswer, len(found))
	for i := range found {
		items[i] = positionOf(&found[i])
	}
	out, err := paged(ctx, s, list, items, next)
	return &answered[page[PositionAnswer]]{out}, err
}
