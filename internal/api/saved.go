package api

import (
	"context"
	"net/http"
	"time"

	"enishi/internal/httpx"
	"enishi/internal/market"
)

// SavedSearchBody is a search that a member keeps.
type SavedSearchBody struct {
	Name      string    `json:"name" minLength:"1" maxLength:"100" doc:"One line."`
	Condition *searched `json:"condition"`
	Alerts    bool      `json:"alerts,omitempty" doc:"Whether you want to know who comes to match it. It must find at most 1,000 people now."`
}

// SavedSearchEdit is an edit of a saved search. What only the service sets may
// stand in it and is not read, so that an answer can be edited and sent back.
type SavedSearchEdit struct {
	SavedSearchBody
	ID        string     `json:"id,omitempty" doc:"Not read."`
	Version   int64      `json:"version,omitempty" doc:"Not read: If-Match says it."`
	New       int        `json:"new,omitempty" doc:"Not read."`
	CreatedAt *time.Time `json:"created_at,omitempty" doc:"Not read."`
}

// SavedSearch is a search that is kept.
type SavedSearch struct {
	ID        string    `json:"id"`
	Version   int64     `json:"version"`
	New       int       `json:"new" doc:"How many have come to match it that you have not read of."`
	CreatedAt time.Time `json:"created_at"`
	SavedSearchBody
}

// Alert is somebody who has come to match a saved search.
type Alert struct {
	Hit
	At  time.Time `json:"at"`
	New bool      `json:"new" doc:"You have not read of them before."`
}

func savedOf(s *market.Saved) SavedSearch {
	return SavedSearch{
		ID: s.ID.String(), Version: s.Version, New: s.New, CreatedAt: s.CreatedAt,
		SavedSearchBody: SavedSearchBody{s.Name, &searched{s.Condition}, s.Alerts},
	}
}

func (b *SavedSearchBody) input() market.SearchToSave {
	return market.SearchToSave{Name: b.Name, Condition: b.Condition.Condition, Alerts: b.Alerts}
}

func exampleSavedBody() SavedSearchBody {
	return SavedSearchBody{Name: "東京のGo経験者", Condition: &searched{exampleMust()}, Alerts: true}
}

func exampleSaved() SavedSearch {
	return SavedSearch{
		ID: exampleID(6), Version: 1, New: 3, CreatedAt: time.Date(2026, time.December, 1, 0, 30, 0, 0, time.UTC), SavedSearchBody: exampleSavedBody(),
	}
}

func (s *service) addSavedSearches() {
	op := func(method, path, id, summary string) operation {
		return operation{
			method: method, path: "/api/v1/searches" + path, id: id, class: httpx.Search, tag: tagCompanies, who: members,
			summary: summary, answer: exampleSaved(),
		}
	}
	create := op(http.MethodPost, "", "save-search", "Keep a search")
	create.detail = "With alerts, whoever comes to match it from now on, by signing up or by a change of theirs, is noted once."
	create.status, create.request, create.errors = http.StatusCreated, exampleSavedBody(), []int{http.StatusConflict, http.StatusTooManyRequests}
	handleBody(s, create, s.saveSearch)
	list := op(http.MethodGet, "", "searches", "The searches that you keep")
	list.answer = page[SavedSearch]{Items: []SavedSearch{exampleSaved()}}
	handle(s, list, s.savedSearches)
	handle(s, op(http.MethodGet, "/{id}", "saved-search", "A search that you keep"), s.savedSearch)
	edit := op(http.MethodPut, "/{id}", "set-saved-search", "Rename a search, or change what it asks")
	edit.detail = "With another condition, or alerts that were not wanted before, its news begin anew."
	edit.request, edit.errors = exampleSavedBody(), []int{http.StatusConflict}
	handleBody(s, edit, s.setSavedSearch)
	remove := op(http.MethodDelete, "/{id}", "remove-search", "Remove a search with its alerts")
	remove.status, remove.answer, remove.errors = http.StatusNoContent, nil, []int{http.StatusConflict}
	handle(s, remove, s.removeSearch)
	alerts := op(http.MethodGet, "/{id}/alerts", "alerts", "Who has come to match a search, the newest first; the first page makes all read")
	alerts.detail = "Those who still match and may be known to your company. An offer to somebody changes nothing here."
	alerts.answer = page[Alert]{Items: []Alert{{exampleHit(), time.Date(2026, time.December, 2, 3, 0, 0, 0, time.UTC), true}}}
	alerts.errors = []int{http.StatusConflict}
	handle(s, alerts, s.alerts)
}

func shownSearch(r market.Saved, err error) (*tagged[SavedSearch], error) {
	if err != nil {
		return nil, err
	}
	return &tagged[SavedSearch]{etag(r.Version), savedOf(&r)}, nil
}

func (s *service) saveSearch(ctx context.Context, in *Creation, b *SavedSearchBody) (*tagged[SavedSearch], error) {
	once, err := in.once(ctx)
	if err != nil {
		return nil, err
	}
	return shownSearch(s.market.AddSearch(ctx, actorOf(ctx), b.input(), once))
}

func (s *service) savedSearches(ctx context.Context, in *Paging) (*answered[page[SavedSearch]], error) {
	const list = "searches"
	after, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	found, err := s.market.Searches(ctx, actorOf(ctx), after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	found, next := cutPage(found, in.Limit, func(r market.Saved) int64 { return r.Key })
	items := make([]SavedSearch, len(found))
	for i := range found {
		items[i] = savedOf(&found[i])
	}
	out, err := paged(ctx, s, list, items, next)
	return &answered[page[SavedSearch]]{out}, err
}

func (s *service) savedSearch(ctx context.Context, in *Identified) (*tagged[SavedSearch], error) {
	id, err := in.uuid("search")
	if err != nil {
		return nil, err
	}
	return shownSearch(s.market.SavedSearch(ctx, actorOf(ctx), id))
}

func (s *service) setSavedSearch(ctx context.Context, in *edited, b *SavedSearchEdit) (*tagged[SavedSearch], error) {
	id, err := in.uuid("search")
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return shownSearch(s.market.SetSearch(ctx, actorOf(ctx), id, version, b.input()))
}

func (s *service) removeSearch(ctx context.Context, in *Identified) (*none, error) {
	id, err := in.uuid("search")
	if err != nil {
		return nil, err
	}
	return &none{}, s.market.DeleteSearch(ctx, actorOf(ctx), id)
}

// AlertPaging are the parameters of the list of a search's alerts.
type AlertPaging struct {
	Identified
	Paging
}

func (s *service) alerts(ctx context.Context, in *AlertPaging) (*answered[page[Alert]], error) {
	id, err := in.uuid("search")
	if err != nil {
		return nil, err
	}
	list := "alerts of " + id.String()
	before, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	found, next, err := s.market.Alerts(ctx, actorOf(ctx), id, before, in.Limit)
	if err != nil {
		return nil, err
	}
	items := make([]Alert, len(found))
	for i := range found {
		items[i] = Alert{hitOf(&found[i].Card), found[i].At, found[i].New}
	}
	out, err := paged(ctx, s, list, items, next)
	return &answered[page[Alert]]{out}, err
}
