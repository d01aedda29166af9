package web

import (
	"net/http"
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
	b := batch{done: r.URL.Query().Has("sent")}
	b.sent, _ = strconv.Atoi(r.URL.Query().Get("sent"))
	return p.showProposals(r, http.StatusOK, b)
}

func (p *Pages) showProposals(r *request, status int, b batch) error {
	ctx, actor, id, err := r.needID("rule")
	if err != nil {
		return err
	}
	if b.rule, err = p.market.Rule(ctx, actor, id); err != nil {
		return err
	}
	name, after := "waiting of "+id.String(), int64(0)
	if from := r.URL.Query().Get("cursor"); from != "" {
		if after, err = p.market.OpenCursor(name, from); err != nil {
			return err
		}
	}
	found, err := p.market.Waiting(ctx, actor, id, after, proposalsShown)
	if err != nil {
		return err
	}
	b.total, b.edits = found.Total, mayRule(actor)
	for _, one := range found.List {
		b.list = append(b.list, proposed(r.words, &b.rule, one, p.market.Today()))
	}
	if found.Next != 0 {
		if b.next, err = p.market.SealCursor(name, found.Next); err != nil {
			return err
		}
	}
	title := b.title(r.words)
	return p.show(r, status, title, proposalsPage(r.words, title, b))
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
	holds := func(int) (bool, bool) { return true, true }
	unknown := func(int) (bool, bool) { return false, false }
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
	total int    // who waits, those of other pages as well
	next  string // cursor of the next page, "": this is the last
	done  bool   // some were sent just now
	sent  int
	none  bool // nobody was ticked
	edits bool // the reader may confirm, and open cards
}

func (b batch) title(w words) string {
	if b.total == 0 {
		return w.Say("確認を待っている人はいません", "Nobody waits to be confirmed")
	}
	if b.total >= market.MostCounted {
		return w.Say(grouped(b.total)+"人以上が確認を待っています", grouped(b.total)+" people or more wait to be confirmed")
	}
	return w.Say(w.People(b.total)+"が確認を待っています", w.People(b.total)+" to be confirmed")
}

// others says how many wait who are not on the page, "" if all are.
func (b batch) others(w words) string {
	n := b.total - len(b.list)
	switch {
	case n <= 0:
		return ""
	case b.total >= market.MostCounted:
		return w.Say("このほかに"+grouped(n)+"人以上が待っています。", grouped(n)+" people or more wait besides these.")
	case n == 1:
		return w.Say("このほかに1人が待っています。", "1 person waits besides these.")
	}
	return w.Say("このほかに"+grouped(n)+"人が待っています。", grouped(n)+" people wait besides these.")
}

// confirmProposals sends to those alone whom the reader saw and ticked.
func (p *Pages) confirmProposals(r *request) error {
	ctx, actor, id, err := r.needID("rule")
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	var chosen []uuid.UUID
	for _, text := range r.PostForm["take"] {
		one, err := uuid.Parse(text)
		if err != nil {
			return errs.Wrap(errs.Invalid, "whom to send to cannot be read", err)
		}
		chosen = append(chosen, one)
	}
	sent, err := p.market.ConfirmChosen(ctx, actor, id, chosen)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		return p.showProposals(r, http.StatusUnprocessableEntity, batch{none: true})
	}
	r.see(rulesPath + "/" + id.String() + "/proposals?sent=" + strconv.Itoa(sent))
	return nil
}
