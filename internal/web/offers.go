package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// offersShown is how many offers a page lists.
const offersShown = 100

func (p *Pages) offerRoutes() []Route {
	return []Route{
		{Pattern: "GET /offers", Who: Candidates, class: httpx.Own, serve: p.offers},
		{Pattern: "GET /offers/compare", Who: Candidates, class: httpx.Own, serve: p.compare},
		{Pattern: "GET /offers/{id}", Who: Candidates, class: httpx.Own, serve: p.offer},
		{Pattern: "POST /offers/{id}/{action}", Who: Candidates, class: httpx.Answers, serve: p.answer},
	}
}

func (p *Pages) offers(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	me, err := p.market.Candidate(ctx, actor)
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	list, next, err := p.market.OffersTo(ctx, actor, before, offersShown)
	if err != nil {
		return err
	}
	var asking market.Asking
	if before == 0 {
		if asking, err = p.market.Asking(ctx, actor); err != nil {
			return err
		}
	}
	box := inbox{words: r.words, title: inboxTitle(r.words, list, asking), asking: asking, confirmed: me.Confirmed, all: list, next: next, show: r.URL.Query().Get("show"), sort: r.URL.Query().Get("sort"), before: before}
	box.settle()
	if box.reasons, err = p.reasons(ctx, actor, list); err != nil {
		return err
	}
	if id, err := uuid.Parse(r.URL.Query().Get("answered")); err == nil {
		if done, err := p.market.OffersOf(ctx, actor, id); err == nil && answeredText(r.words, done[0]) != "" {
			box.done = &done[0]
		}
	}
	if len(list) == 0 && before == 0 {
		if box.why, err = p.market.Why(ctx, actor); err != nil {
			return err
		}
	}
	return p.show(r, http.StatusOK, box.title, inboxPage(r.words, p.market.Today(), &box))
}

func (p *Pages) offer(r *request) error {
	_, _, id, err := r.needID("offer")
	if err != nil {
		return err
	}
	return p.showDeal(r, http.StatusOK, id, deal{})
}

// reasons gives why each of the offers came.
func (p *Pages) reasons(ctx context.Context, actor market.Actor, list []market.Delivered) (map[uuid.UUID]market.Reasons, error) {
	all, err := p.market.Reasons(ctx, actor, list...)
	out := make(map[uuid.UUID]market.Reasons, len(all))
	for i := range all {
		out[list[i].ID] = all[i]
	}
	return out, err
}

// answer answers an offer and comes back to it.
func (p *Pages) answer(r *request) error {
	ctx, actor, id, err := r.needID("offer")
	if err != nil {
		return err
	}
	actions := map[string]offer.Action{"accept": offer.Accept, "decline": offer.Decline, "undo": offer.Undo}
	action, ok := actions[r.PathValue("action")]
	if !ok {
		return errs.New(errs.NotFound, "there is nothing at this path")
	}
	why := offer.Reason(r.PostFormValue("reason"))
	switch {
	case action == offer.Decline && slices.Contains(offer.Reasons(), why):
		_, err = p.market.Decline(ctx, actor, id, why)
	case action == offer.Accept && r.PostForm.Has(nameField):
		err = p.acceptAs(ctx, actor, id, strings.TrimSpace(r.PostForm.Get(nameField)))
	default:
		_, err = p.market.Answer(ctx, actor, id, action)
	}
	if errs.Is(err, errs.Invalid) {
		return p.showDeal(r, http.StatusUnprocessableEntity, id, deal{typed: r.PostForm, wrong: faults{nameField: nameFault(r.words, r.PostForm.Get(nameField))}})
	}
	if errs.Is(err, errs.Conflict) { // it is over, or somebody answered it in another window
		return p.showDeal(r, http.StatusConflict, id, deal{
			notice: r.words.Say("このオファーには、その操作ができません。現在の状態をご確認ください。", "That cannot be done with this offer. This is how it stands now."),
		})
	}
	if err != nil {
		return err
	}
	r.see(r.answeredAt(id))
	return nil
}

// nameField is the name of the field in which somebody who accepts says who they are. It is
// there only if their profile does not say it.
const nameField = "name"

// acceptAs accepts an offer as somebody of a name, which their profile keeps if it has
// none: a form that is sent twice changes nothing more. A name that may not be is Invalid.
func (p *Pages) acceptAs(ctx context.Context, actor market.Actor, id uuid.UUID, name string) error {
	of, err := p.market.OffersOf(ctx, actor, id)
	if err != nil {
		return err
	}
	if waits(of[0]) {
		if err := p.introduce(ctx, actor, name); err != nil {
			return err
		}
	}
	_, err = p.market.Answer(ctx, actor, id, offer.Accept)
	return err
}

// introduce keeps the name of somebody whose profile has none.
func (p *Pages) introduce(ctx context.Context, actor market.Actor, name string) error {
	const tries = 2 // the profile may be saved elsewhere at this moment
	var err error
	for range tries {
		me, errRead := p.market.Candidate(ctx, actor)
		if errRead != nil || me.Profile.Name != "" {
			return errRead
		}
		if name == "" {
			return errs.AtPointer("/name", "nothing", "a name")
		}
		me.Profile.Name = name
		if _, err = p.market.SetProfile(ctx, actor, me.Version, me.Profile); !errs.Is(err, errs.Stale) {
			return err
		}
	}
	return err
}

// nameFault says what is wrong with a name.
func nameFault(w words, typed string) string {
	if strings.TrimSpace(typed) == "" {
		return w.Say("まだ受けていません。この会社に伝える氏名を入力してください。", "Not accepted yet. Please type the name that this company is to know.")
	}
	return w.Say("まだ受けていません。", "Not accepted yet. ") + faultText(w, nameField)
}

// answeredAt is where somebody reads what their answer has done: in the inbox, if they
// answered there, else with the offer.
func (r *request) answeredAt(id uuid.UUID) string {
	back, err := url.Parse(local(r.PostFormValue("back")))
	if err != nil || back.Path != "/offers" {
		return "/offers/" + id.String()
	}
	return with(back.RequestURI(), "answered", id.String()) + "#" + answeredAnchor
}
