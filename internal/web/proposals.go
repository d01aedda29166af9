package web

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
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
	list, err := p.market.Waiting(ctx, actor, id, proposalsShown+1)
	if err != nil {
		return err
	}
	b := batch{rule: found, done: r.URL.Query().Has("sent"), edits: mayRule(actor)}
	b.more = len(list) > proposalsShown
	list = list[:min(len(list), proposalsShown)]
	for _, one := range list {
		b.list = append(b.list, proposed(r.words, &found, one, p.market.Today()))
	}
	title := proposalsTitle(r.words, len(list), b.more)
	b.sent, _ = strconv.Atoi(r.URL.Query().Get("sent"))
	return p.show(r, http.StatusOK, title, proposalsPage(r.words, title, b))
}

// proposal is somebody whom a rule would reach.
type proposal struct {
	person
	offer string
	score int
}

// proposed lists somebody with how they meet what the rule requires, which they do, and
// what it prefers.
func proposed(w words, r *market.Ruled, one market.Waiting, today day.Day) proposal {
	out := proposal{personOf(w, one.Card, today), one.Offer.String(), one.Score}
	record := recordOf(one.Card, today)
	holds := func(string) (bool, bool) { return true, true }
	unknown := func(string) (bool, bool) { return false, false }
	if r.Must.Op != condition.All || len(r.Must.Kids) > 0 {
		out.met = explain(w, r.Must, record, holds)
	}
	for _, p := range r.Prefer {
		out.met = append(out.met, explain(w, p.Condition, record, unknown)...)
	}
	out.count()
	out.path = candidatesPath + "/" + one.Card.ID
	return out
}

// spent says why nobody of a batch can be reached now, "" if somebody may be.
func (b batch) spent(w words) string {
	switch r := &b.rule; {
	case r.SpentTotal >= r.TotalBudget:
		return w.Say("合計の上限（"+grouped(r.TotalBudget)+"件）まで送ったため、これ以上は届きません。", "All "+grouped(r.TotalBudget)+" offers of this rule are sent, so no more can be.")
	case r.SpentToday >= r.Daily:
		return w.Say("本日の上限（"+grouped(r.Daily)+"件）まで送りました。残りの人には、明日以降に確認すると届けられます。", "Today's "+grouped(r.Daily)+" offers are sent. The others can be confirmed from tomorrow.")
	}
	return ""
}

// batch is what the page of proposals shows.
type batch struct {
	rule  market.Ruled
	list  []proposal
	more  bool // there are others after those that are listed
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
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	var except []uuid.UUID
	for _, text := range r.PostForm["listed"] {
		if one, err := uuid.Parse(text); err == nil && !slices.Contains(r.PostForm["take"], text) {
			except = append(except, one)
		}
	}
	sent, err := p.market.ConfirmProposals(ctx, actor, id, except...)
	if err != nil {
		return err
	}
	r.see(rulesPath + "/" + id.String() + "/proposals?sent=" + strconv.Itoa(sent))
	return nil
}
