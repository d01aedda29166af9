package web

import (
	"net/http"

	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/offer"
)

func (p *Pages) breachRoutes() []Route {
	return []Route{
		{Pattern: "GET /operator/breaches", Who: Operators, class: httpx.Ordinary, serve: p.breaches},
		{Pattern: "POST /operator/breaches/{id}/set-aside", Who: Operators, class: httpx.Ordinary, serve: p.setAside},
	}
}

// breachesShown is how many breaches a page lists.
const breachesShown = 50

// excusing is what the page of breaches keeps: the reason that was typed for one, what
// is wrong with it, and what was done.
type excusing struct {
	of, reason, fault string
	done              string
}

func (p *Pages) breaches(r *request) error {
	var e excusing
	if r.URL.Query().Get("done") != "" {
		e.done = r.words.Say("数えないことにしました。企業の送れる数は、もとに戻ります。", "It counts no more; what the company may send comes back.")
	}
	return p.showBreaches(r, http.StatusOK, e)
}

func (p *Pages) showBreaches(r *request, status int, e excusing) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	const scope = "operator breaches"
	var before int64
	if text := r.URL.Query().Get("cursor"); text != "" {
		if before, err = p.market.OpenCursor(scope, text); err != nil {
			return err
		}
	}
	list, next, err := p.market.Breaches(ctx, actor, before, breachesShown)
	if err != nil {
		return err
	}
	more := ""
	if next != 0 {
		if more, err = p.market.SealCursor(scope, next); err != nil {
			return err
		}
	}
	counting := 0
	for i := range list {
		if list[i].SetAsideAt.IsZero() {
			counting++
		}
	}
	title := r.words.Say("有効な違反はありません", "No breach counts")
	if n := grouped(counting); next != 0 || before != 0 { // others are on other pages
		title = r.words.Say("このページでは、"+n+"件が違反として有効です", n+" breaches on this page count")
	} else if counting > 0 {
		title = r.words.Say("有効な違反は "+n+"件です", n+" breaches count")
	}
	return p.show(r, status, title, breachesPage(r.words, title, list, more, e))
}

func (p *Pages) setAside(r *request) error {
	ctx, actor, id, err := r.needID("breach")
	if err != nil {
		return err
	}
	e := excusing{of: id.String(), reason: r.PostFormValue("reason")}
	_, err = p.market.SetAside(ctx, actor, id, e.reason)
	if errs.Is(err, errs.Invalid) {
		e.fault = r.words.Say("理由を、500文字までの1行で入力してください。", "Say why, in one line of up to 500 characters.")
		return p.showBreaches(r, http.StatusUnprocessableEntity, e)
	}
	if err != nil {
		return err
	}
	r.see("/operator/breaches?done=" + id.String())
	return nil
}

// brokenName says which promise was broken.
func brokenName(w words, promise offer.Promise) string {
	switch promise {
	case offer.PromiseDate:
		return w.Say("14日以内に日程を決めなかった", "no date within 14 days")
	case offer.PromiseHold:
		return w.Say("約束した面接をしなかった", "the promised interview was not held")
	case offer.PromiseKeep:
		return w.Say("承諾されたあとに取り下げた", "withdrew after it was accepted")
	case offer.PromisePay:
		return w.Say("決まった年収が、提示の90%に届かない", "final pay under 90% of what was offered")
	case offer.PromiseWord:
		return w.Say("求職者の年収の確認がない", "the pay was not confirmed by the candidate")
	}
	return string(promise)
}

// excuseTitle names a breach in the dialog that sets it aside.
func excuseTitle(w words, b *market.Breached) string {
	return w.Say(b.CompanyName+" のこの違反を、数えないことにしますか？", "Set this breach of "+b.CompanyName+" aside?")
}
