package api

import (
	"context"
	"net/http"

	"enishi/internal/candidate"
	"enishi/internal/corpnum"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// Settings are what a candidate decides about being found.
type Settings struct {
	Open        bool   `json:"open" doc:"Looking: in matches and searches."`
	WeeklyLimit int    `json:"weekly_limit" minimum:"0" maximum:"100" doc:"Automatic offers over today and the six days before."`
	Language    string `json:"language" enum:"ja,en"`
}

// Blocks are whom a candidate must stay unknown to.
type Blocks struct {
	Blocks    []corpnum.Number       `json:"blocks" doc:"The candidate's own list."`
	Employers []candidate.Employment `json:"employers" doc:"Present and past employers; the present one and its group are blocked."`
}

// BlocksBody is an edit of Blocks.
type BlocksBody struct {
	Blocks    *[]corpnum.Number       `json:"blocks,omitempty" maxItems:"500" doc:"The candidate's own list; absent: as it is."`
	Employers *[]candidate.Employment `json:"employers,omitempty" maxItems:"500" doc:"Present and past employers; absent: as they are."`
}

func (s *service) addMe() {
	get := func(path, id, summary string, answer any) operation {
		return operation{
			method: http.MethodGet, path: path, id: id, class: httpx.Own, tag: tagCandidates, who: candidates, summary: summary, answer: answer,
		}
	}
	put := func(path, id, summary string, example any) operation {
		return operation{
			method: http.MethodPut, path: path, id: id, class: httpx.Own, tag: tagCandidates, who: candidates, summary: summary, request: example, answer: example,
			errors: []int{http.StatusConflict},
		}
	}
	handle(s, get("/api/v1/me", "settings", "Your settings", exampleSettings()), s.settings)
	handleBody(s, put("/api/v1/me", "set-settings", "Change your settings", exampleSettings()), s.setSettings)
	handle(s, get("/api/v1/me/profile", "profile", "Your profile", exampleProfile()), s.profile)
	handleBody(s, put("/api/v1/me/profile", "set-profile", "Replace your profile", exampleProfile()), s.setProfile)
	handle(s, get("/api/v1/me/wishes", "wishes", "What you accept", exampleWishes()), s.wishes)
	handleBody(s, put("/api/v1/me/wishes", "set-wishes", "Replace what you accept", exampleWishes()), s.setWishes)
	handle(s, get("/api/v1/me/blocks", "blocks", "Whom you stay unknown to", exampleBlocks()), s.blocks)
	handleBody(s, put("/api/v1/me/blocks", "set-blocks", "Change whom you stay unknown to", exampleBlocks()), s.setBlocks)
	handle(s, operation{
		method: http.MethodDelete, path: "/api/v1/me", id: "leave", class: httpx.Own, tag: tagCandidates, who: candidates, status: http.StatusNoContent,
		summary: "Leave, and have your data erased", errors: []int{http.StatusConflict},
	}, func(ctx context.Context, _ *none) (*none, error) {
		return &none{}, s.market.Erase(ctx, actorOf(ctx))
	})
}

// shown makes an answer of a part of the candidate.
func shown[T any](c candidate.Candidate, err error, part func(*candidate.Candidate) T) (*tagged[T], error) {
	if err != nil {
		return nil, err
	}
	return &tagged[T]{ETag: etag(c.Version), Body: part(&c)}, nil
}

func settingsOf(c *candidate.Candidate) Settings { return Settings{c.Open, c.WeeklyLimit, c.Language} }

func profileOf(c *candidate.Candidate) candidate.Profile { return c.Profile }

func wishesOf(c *candidate.Candidate) overPositions { return overPositions{c.Wishes} }

func blocksOf(c *candidate.Candidate) Blocks {
	return Blocks{append([]corpnum.Number{}, c.Blocks...), append([]candidate.Employment{}, c.Employers...)}
}

func (s *service) settings(ctx context.Context, _ *none) (*tagged[Settings], error) {
	c, err := s.market.Candidate(ctx, actorOf(ctx))
	return shown(c, err, settingsOf)
}

func (s *service) setSettings(ctx context.Context, in *Edition, b *Settings) (*tagged[Settings], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	c, err := s.market.SetSettings(ctx, actorOf(ctx), version, market.Settings(*b))
	return shown(c, err, settingsOf)
}

func (s *service) profile(ctx context.Context, _ *none) (*tagged[candidate.Profile], error) {
	c, err := s.market.Candidate(ctx, actorOf(ctx))
	return shown(c, err, profileOf)
}

func (s *service) setProfile(ctx context.Context, in *Edition, b *candidate.Profile) (*tagged[candidate.Profile], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	c, err := s.market.SetProfile(ctx, actorOf(ctx), version, *b)
	return shown(c, err, profileOf)
}

func (s *service) wishes(ctx context.Context, _ *none) (*tagged[overPositions], error) {
	c, err := s.market.Candidate(ctx, actorOf(ctx))
	return shown(c, err, wishesOf)
}

func (s *service) setWishes(ctx context.Context, in *Edition, b *overPositions) (*tagged[overPositions], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	c, err := s.market.SetWishes(ctx, actorOf(ctx), version, b.Condition)
	return shown(c, err, wishesOf)
}

func (s *service) blocks(ctx context.Context, _ *none) (*tagged[Blocks], error) {
	c, err := s.market.Candidate(ctx, actorOf(ctx))
	return shown(c, err, blocksOf)
}

func (s *service) setBlocks(ctx context.Context, in *Edition, b *BlocksBody) (*tagged[Blocks], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	c, err := s.market.Candidate(ctx, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	blocks, employers := c.Blocks, c.Employers
	if b.Blocks != nil {
		blocks = *b.Blocks
	}
	if b.Employers != nil {
		employers = *b.Employers
	}
	c, err = s.market.SetBlocks(ctx, actorOf(ctx), version, blocks, employers)
	return shown(c, err, blocksOf)
}
