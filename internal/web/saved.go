package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

const (
	searchesPath = "/company/searches"
	// searchesShown is how many saved searches a page lists: all that a member may keep.
	searchesShown = 100
	// alertsShown is how many of those who were newly found a page shows.
	alertsShown = 20
)

func (p *Pages) savedRoutes() []Route {
	return []Route{
		{Pattern: "GET " + searchesPath, Who: Members, class: httpx.Ordinary, serve: p.savedSearches},
		{Pattern: "POST " + searchesPath, Who: Members, class: httpx.Search, serve: p.saveSearch},
		{Pattern: "GET " + searchesPath + "/{id}", Who: Members, class: httpx.Ordinary, serve: p.savedSearch},
		{Pattern: "POST " + searchesPath + "/{id}", Who: Members, class: httpx.Search, serve: p.editSearch},
		{Pattern: "POST " + searchesPath + "/{id}/delete", Who: Members, class: httpx.Ordinary, serve: p.deleteSearch},
	}
}

// maySave says whether somebody may keep searches.
func maySave(a market.Actor) bool { return a.Role.May(account.SaveSearch) == nil }

// saving is a search that is being saved, as its form holds it.
type saving struct {
	name   string
	alerts bool
	wrong  faults
}

func readSaving(r *request) saving {
	return saving{name: strings.TrimSpace(r.PostFormValue("name")), alerts: r.PostFormValue("alerts") != "", wrong: faults{}}
}

func savedPath(s *market.Saved) string { return searchesPath + "/" + s.ID.String() }

// runPath is the address of the search that was saved.
func runPath(s *market.Saved) string {
	all := search{wanted: newWanted(true)}
	all.wanted.add(s.Condition)
	return all.first()
}

// news counts what was newly found, in all of some searches.
func news(list []market.Saved) int {
	n := 0
	for i := range list {
		n += list[i].New
	}
	return n
}

// newMatches counts what saved searches have newly found, for those who keep any.
func (p *Pages) newMatches(ctx context.Context, actor market.Actor) (int, error) {
	if !maySave(actor) {
		return 0, nil
	}
	list, err := p.market.Searches(ctx, actor, 0, searchesShown)
	return news(list), err
}

func (p *Pages) savedSearches(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	list, err := p.market.Searches(ctx, actor, 0, searchesShown)
	if err != nil {
		return err
	}
	title := r.words.Say("保存した検索はまだありません", "You keep no search yet")
	switch n := news(list); {
	case n > 0:
		title = newsText(r.words, n)
	case len(list) > 0:
		title = r.words.Say("新しく条件に合った人はいません", "Nobody new meets your searches")
	}
	done := ""
	if r.URL.Query().Get("done") == "deleted" {
		done = r.words.Say("検索を削除しました。", "The search is removed.")
	}
	return p.show(r, http.StatusOK, title, searchesPage(r.words, title, list, done))
}

// newsText says how often somebody has come to match.
func newsText(w words, n int) string {
	if n == 1 {
		return w.Say("保存した検索に新着が1件あります", "Your saved searches have 1 new match")
	}
	return w.Say("保存した検索に新着が"+grouped(n)+"件あります", "Your saved searches have "+grouped(n)+" new matches")
}

// saveSearch keeps what a search asks.
func (p *Pages) saveSearch(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	typed := readSaving(r)
	s := readSearch(r.words, r.PostForm)
	if len(s.wanted.wrong) == 0 {
		var made market.Saved
		made, err = p.market.AddSearch(ctx, actor, market.SearchToSave{Name: typed.name, Condition: s.wanted.condition(), Alerts: typed.alerts}, r.once())
		if err == nil {
			r.see(savedPath(&made) + "?done=saved")
			return nil
		}
	}
	status := http.StatusUnprocessableEntity
	switch {
	case err == nil:
		typed.wrong[""] = r.words.Say("読み取れない条件があります。検索に戻って直してください。", "A condition cannot be read. Go back to the search and mend it.")
	case errs.Is(err, errs.Invalid):
		typed.wrong = p.savingFaults(r, err)
	case errs.Is(err, errs.TooMany):
		status = http.StatusTooManyRequests
		typed.wrong[""] = r.words.Say("保存できる検索は100件までです。使わないものを削除してください。", "You can keep 100 searches. Remove one that you do not use.")
	default:
		return err
	}
	return p.show(r, status, r.words.Say("この検索を保存する", "Save this search"), savePage(r.words, s, typed))
}

// savingFaults says what is wrong with a search to save, by the name of the field.
func (p *Pages) savingFaults(r *request, err error) faults {
	return p.faults(r, err, map[string]string{
		"name": r.words.Say("1〜100文字の名前を付けてください。", "Give it a name of up to 100 characters."),
		"alerts": r.words.Say("新着のお知らせは、合う人が"+grouped(market.MostAlerted)+"人以下の検索で使えます。条件を足すか、お知らせなしで保存してください。",
			"Alerts are for searches that find at most "+grouped(market.MostAlerted)+" people. Add a condition, or save it without."),
	})
}

// alerting is a saved search with a page of those whom it has newly found.
type alerting struct {
	saved  market.Saved
	people []person
	first  bool // the page begins with the newest
	next   string
	typed  saving
	done   string
}

func (a *alerting) title(w words) string {
	switch n := a.saved.New; {
	case !a.saved.Alerts:
		return w.Say("「"+a.saved.Name+"」のお知らせはオフです", "“"+a.saved.Name+"”: alerts are off")
	case n > 0:
		return w.Say("「"+a.saved.Name+"」に新しく"+w.People(n)+"が合いました", "“"+a.saved.Name+"”: "+w.People(n)+" newly found")
	case len(a.people) > 0:
		return w.Say("「"+a.saved.Name+"」の新着はすべて確認済みです", "“"+a.saved.Name+"”: you have seen everybody new")
	}
	return w.Say("「"+a.saved.Name+"」に新しく合った人はまだいません", "“"+a.saved.Name+"”: nobody new yet")
}

func (p *Pages) savedSearch(r *request) error {
	_, _, id, err := r.needID("search")
	if err != nil {
		return err
	}
	s, err := p.market.SavedSearch(r.Context(), *r.actor, id)
	if err != nil {
		return err
	}
	a := alerting{saved: s, typed: saving{name: s.Name, alerts: s.Alerts}}
	switch r.URL.Query().Get("done") {
	case "saved":
		a.done = r.words.Say("検索を保存しました。", "The search is saved.")
	case "changed":
		a.done = r.words.Say("変更しました。", "It is changed.")
	}
	return p.showSaved(r, http.StatusOK, a)
}

// showSaved shows a saved search; those whom it shows are read.
func (p *Pages) showSaved(r *request, status int, a alerting) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	scope := savedPath(&a.saved) + " of " + strconv.FormatInt(actor.Account, 10)
	var before int64
	if text := r.URL.Query().Get("cursor"); text != "" {
		if before, err = p.market.OpenCursor(scope, text); err != nil {
			return err
		}
	}
	list, next, err := p.market.Alerts(ctx, actor, a.saved.ID, before, alertsShown)
	if errs.Is(err, errs.Denied) {
		return p.notVerified(r, err)
	}
	if err != nil {
		return err
	}
	s := search{wanted: newWanted(true)}
	s.wanted.add(a.saved.Condition)
	for _, one := range list {
		who := s.person(r.words, one.Card, "", p.market.Today())
		who.fresh = one.New
		who.facts = append(who.facts, r.words.Say(r.words.Time(one.At)+"に合いました", "Found "+r.words.Time(one.At)))
		a.people = append(a.people, who)
	}
	if a.first = before == 0; next != 0 {
		sealed, err := p.market.SealCursor(scope, next)
		if err != nil {
			return err
		}
		a.next = savedPath(&a.saved) + "?cursor=" + sealed
	}
	title := a.title(r.words)
	return p.show(r, status, title, savedPage(r.words, title, a))
}

// editSearch changes a saved search's name, and whether alerts are wanted.
func (p *Pages) editSearch(r *request) error {
	ctx, actor, id, err := r.needID("search")
	if err != nil {
		return err
	}
	s, err := p.market.SavedSearch(ctx, actor, id)
	if err != nil {
		return err
	}
	typed := readSaving(r)
	version, _ := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	_, err = p.market.SetSearch(ctx, actor, id, version, market.SearchToSave{Name: typed.name, Condition: s.Condition, Alerts: typed.alerts})
	switch {
	case errs.Is(err, errs.Invalid):
		typed.wrong = p.savingFaults(r, err)
		return p.showSaved(r, http.StatusUnprocessableEntity, alerting{saved: s, typed: typed})
	case errs.Is(err, errs.Stale):
		typed.wrong[""] = r.words.Say("別の画面で変更されていました。いまの内容を確かめて、もう一度保存してください。", "It was changed elsewhere. Look at how it is now, and save again.")
		return p.showSaved(r, http.StatusConflict, alerting{saved: s, typed: typed})
	case err != nil:
		return err
	}
	r.see(savedPath(&s) + "?done=changed")
	return nil
}

func (p *Pages) deleteSearch(r *request) error {
	ctx, actor, id, err := r.needID("search")
	if err != nil {
		return err
	}
	if err := p.market.DeleteSearch(ctx, actor, id); err != nil {
		return err
	}
	r.see(searchesPath + "?done=deleted")
	return nil
}

func alertsText(w words, on bool) string {
	if on {
		return w.Say("オン", "on")
	}
	return w.Say("オフ", "off")
}
