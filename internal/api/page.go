package api

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"enishi/internal/errs"
)

// page is one page of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next_cursor" doc:"Where the next page begins; empty on the last."`
}

// Paging are the parameters of a list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The most items to give."`
	Cursor string `query:"cursor" doc:"next_cursor of the page before."`
}

// key gives the key at which the page begins; 0: the first.
func (p *Paging) key(ctx context.Context, s *service, list string) (int64, error) {
	if p.Cursor == "" {
		return 0, nil
	}
	key, err := s.market.OpenCursor(scoped(ctx, list), p.Cursor)
	return key, errs.Below("/cursor", err)
}

// paged gives the page of items; next is the key to go on from, 0 at the end.
func paged[T any](ctx context.Context, s *service, list string, items []T, next int64) (page[T], error) {
	out := page[T]{Items: items}
	if out.Items == nil {
		out.Items = []T{}
	}
	var err error
	if next != 0 {
		out.Next, err = s.market.SealCursor(scoped(ctx, list), next)
	}
	return out, err
}

// scoped names a list of one reader, so that a cursor fits no other.
func scoped(ctx context.Context, list string) string {
	return list + " of " + strconv.FormatInt(actorOf(ctx).Account, 10)
}

// cutPage cuts a list that was asked for one item more than fit, and gives the
// key of the last that does if there is more.
func cutPage[T any](list []T, limit int, key func(T) int64) ([]T, int64) {
	if len(list) <= limit {
		return list, 0
	}
	return list[:limit], key(list[limit-1])
}

// Identified is the parameter of an operation on one thing.
type Identified struct {
	ID string `path:"id" doc:"The id as the service gave it."`
}

// uuid gives the id; what is none is NotFound, as any unknown id.
func (in *Identified) uuid(what string) (uuid.UUID, error) {
	id, err := uuid.Parse(in.ID)
	if err != nil || id.String() != in.ID {
		return uuid.Nil, errs.New(errs.NotFound, "no such "+what)
	}
	return id, nil
}
