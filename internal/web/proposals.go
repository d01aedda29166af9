package web

import (
	"net/http"
	"strconv"

	"enishi/internal/market"
)

// proposalsShown is how many people a page of a batch shows.
const proposalsShown = 100

// proposals shows the batch that waits for confirmation.
func (p *Pages) proposals(r *request) error {
	ctx, actor, id, err := r.needID("rule")
	if err != nil {
		return err
	}
	found, err := p.market.Rule(ctx, actor, id)
	if err != nil {
		return err
	}
	list, _, err := p.market.Proposals(ctx, actor, id, 0, proposalsShown+1)
	if err != nil {
		return err
	}
	more := len(list) > proposalsShown
	list = list[:min(len(list), proposalsShown)]
	title := proposalsTitle(r.words, len(list), more)
	sent, _ := strconv.Atoi(r.URL.Query().Get("sent"))
	return p.show(r, http.StatusOK, title, proposalsPage(r.words, title, batch{
		rule: found, list: list, done: r.URL.Query().Has("sent"), sent: sent, edits: mayRule(actor),
	}))
}

// batch is what the page of proposals shows.
type batch struct {
	rule  market.Ruled
	list  []market.Delivered
	done  bool // some were sent just now
	sent  int
	edits bool // the reader may confirm, and open cards
}

func proposalsTitle(w words, n int, more bool) string {
	number := grouped(n)
	if more {
		number += w.Say("人以上", " people or more")
		return w.Say(number+"が確認を待っています", number+" wait to be confirmed")
	}
	if n == 0 {
		return w.Say("確認を待っている人はいません", "Nobody waits to be confirmed")
	}
	return w.Say(w.People(n)+"が確認を待っています", w.People(n)+" to be confirmed")
}

func (p *Pages) confirmProposals(r *request) error {
	ctx, actor, id, err := r.needID("rule")
	if err != nil {
		return err
	}
	sent, err := p.market.ConfirmProposals(ctx, actor, id)
	if err != nil {
		return err
	}
	r.see(rulesPath + "/" + id.String() + "/proposals?sent=" + strconv.Itoa(sent))
	return nil
}
