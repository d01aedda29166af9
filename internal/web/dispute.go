package web

import (
	"net/http"
	"strconv"

	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

const disputesPath = "/operator/disputes"

// disputesShown is how many disputed pays a page lists.
const disputesShown = 50

func (p *Pages) disputeRoutes() []Route {
	return []Route{
		{Pattern: "GET " + disputesPath, Who: Operators, class: httpx.Ordinary, serve: p.disputes},
		{Pattern: "POST " + disputesPath + "/{id}/reopen", Who: Operators, class: httpx.Ordinary, serve: p.reopenPay},
	}
}

// disputes lists the final pays about which the two sides of a hire differ.
func (p *Pages) disputes(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	const scope = "operator disputes"
	var before int64
	if text := r.URL.Query().Get("cursor"); text != "" {
		if before, err = p.market.OpenCursor(scope, text); err != nil {
			return err
		}
	}
	list, next, err := p.market.Disputes(ctx, actor, before, disputesShown)
	if err != nil {
		return err
	}
	more := ""
	if next != 0 {
		if more, err = p.market.SealCursor(scope, next); err != nil {
			return err
		}
	}
	w := r.words
	title := w.Say("年収の食い違いはありません", "No final pay is disputed")
	switch n := strconv.Itoa(len(list)); {
	case next != 0 || before != 0: // others are on other pages
		title = w.Say("このページでは"+n+"件の年収が食い違っています", "Disputed final pays on this page: "+n)
	case len(list) == 1:
		title = w.Say("1件の年収が食い違っています", "1 final pay is disputed")
	case len(list) > 1:
		title = w.Say(n+"件の年収が食い違っています", n+" final pays are disputed")
	}
	done := ""
	switch {
	case r.URL.Query().Has("done"):
		done = w.Say("双方が年収を登録し直せるようにしました。", "Both sides can say the pay again.")
	case r.URL.Query().Has("settled"):
		done = w.Say("すでに食い違いはありません。変更していません。", "It is not disputed any more: nothing was changed.")
	}
	return p.show(r, http.StatusOK, title, disputesPage(w, title, list, more, done))
}

func (p *Pages) reopenPay(r *request) error {
	ctx, actor, id, err := r.needID("offer")
	if err != nil {
		return err
	}
	switch err := p.market.ReopenPay(ctx, actor, id); {
	case errs.Is(err, errs.Conflict):
		r.see(disputesPath + "?settled")
	case err != nil:
		return err
	default:
		r.see(disputesPath + "?done")
	}
	return nil
}

// apartText says how far the two sides are apart, as the company's figure is to the
// candidate's.
func apartText(w words, x *market.Dispute) string {
	n := x.Confirmed - x.Said
	if n > 0 {
		return "+" + w.Pay(n)
	}
	return "−" + w.Pay(-n)
}
